"""`make bench-kafka`: measures on a broker of its own, prints a table a topic, writes docs/benchmarks-kafka.md and its
figures into build/bench.json. A part that fails is told, and the others are measured.

    python tests/bench/kafka [--parts "latency memory"] [--minutes 2] [--small] [--brokers HOST:PORT]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))

from rich.console import Console

from tests.bench.kafka.cluster import TREE, broker
from tests.bench.kafka.others import ENVIRONMENT
from tests.bench.kafka.parts import FULL, PARTS, SMALL, Bench, Part, warm
from tests.bench.kafka.report import joined
from tests.bench.measure import join_figures

DOCUMENT = TREE / "docs/benchmarks-kafka.md"
FIGURES = TREE / "build/bench.json"


def measure(bench: Bench, parts: dict[str, Part], document: Path, figures: Path) -> list[str]:
    """Writes after each part; returns those that failed."""
    console, failed = Console(width=160), []
    for name, part in parts.items():
        when = f"Measured {time.strftime('%Y-%m-%d %H:%M')}, load average before it {os.getloadavg()[0]:.1f}."
        try:
            section = part(bench)
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        console.print(section.table())
        for figure_name, figure in section.figures.items():
            console.print(f"{figure_name} {figure.value:.3g} {figure.unit} (wanted: {figure.target})", highlight=False)
        if section.skipped:
            console.print(section.skipped)
        join_figures(figures, section.figures)
        before = document.read_text() if document.is_file() else ""
        document.write_text(joined(before, {section.title: section.markdown(when)}))
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default="", help=f"Some of: {' '.join(PARTS)}. Default: all, in this order.")
    parser.add_argument("--small", action="store_true", help="Tiny numbers: shows that everything works.")
    parser.add_argument("--minutes", type=float, help="Of the part memory; default 10.")
    parser.add_argument("--runs", type=int, help="Of each latency; default 3.")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    parser.add_argument("--figures", type=Path, default=FIGURES)
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, help="Of the other engines; made if missing.")
    parser.add_argument("--brokers", default="", help="Default: a broker of its own.")
    chosen = parser.parse_args()
    names = chosen.parts.split() or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    scale = SMALL if chosen.small else FULL
    if chosen.runs:
        scale = replace(scale, runs=chosen.runs)
    if chosen.minutes:
        scale = replace(scale, shift=replace(scale.shift, minutes=chosen.minutes))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended on the way out
    with broker(chosen.brokers) as brokers:
        bench = Bench(brokers, chosen.environment, scale)
        warm(bench)
        parts = {name: part for name, part in PARTS.items() if name in names}
        failed = measure(bench, parts, chosen.document, chosen.figures)
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
