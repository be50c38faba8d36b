"""`python tests/simulate/run.py --seeds 1000`: so many runs through crashes; a failure prints its seed and crashes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.progress import track

sys.path.append(str(Path(__file__).parent.parent.parent))

from dataflow.testing.simulation import Report, simulate, undisturbed
from tests.simulate.jobs_scenario import JobsScenario


def run(first: int, seeds: int) -> list[Report]:
    """The reports that found a difference."""
    scenario = JobsScenario()
    expected = undisturbed(scenario)
    failures = []
    lives = 0
    for seed in track(range(first, first + seeds), description="simulating"):
        scenario.begin()
        report = simulate(seed, scenario, expected)
        lives += report.lives
        if report.differences:
            failures.append(report)
            tell(report)
    print(f"{seeds} seeds, {lives - seeds} crashes, {expected.operations} operations a run: {len(failures)} failed")
    return failures


def tell(report: Report) -> None:
    print(f"seed {report.seed} FAILED: {', '.join(report.differences)}; crashes:")
    for crash in report.crashes:
        print(f"    {crash}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1, help="first seed; with --seeds 1 to repeat a failure")
    chosen = parser.parse_args()
    return 1 if run(chosen.first, chosen.seeds) else 0


if __name__ == "__main__":
    sys.exit(main())
