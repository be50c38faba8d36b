"""Orders a second through the validate step: our job, Faust, Quix Streams, on the same broker and the same orders.

The others are spared much of what the job does: they keep state by symbol in memory without a changelog, although
orders are partitioned by account; they know instruments and prices before they begin; they write no headers, and all
results to one topic; and Faust works at least once. So the ratios are the least there are.

    python tests/bench/kafka/others.py --orders 50000 [--brokers HOST:PORT] [--environment build/others-venv]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))

import dataflow
from dataflow.graph import Source
from dataflow.model import Record
from dataflow.testing.pipeline import PipelineDriver
from jobs.letters import vocabulary
from tests.bench.kafka.cluster import TREE, Cluster, Sendable, broker, cluster, send
from tests.bench.kafka.market import Market, known_before, timed_flow
from tests.bench.kafka.written import duration_s, ends, read, stamp_by_broker

HERE = Path(__file__).parent
ENVIRONMENT = TREE / "build/others-venv"
JOB = "  validate:\n    doc: One step.\n    operators: [validate]\n    sinks: [log]\n"
OUT = ("validated-orders", "order-rejects")
KNOWN = ("reference-data", "conflated-quotes")
UNTIL = ("--until", "latest", "--order", "arrival")
PROGRAMS = {"faust": "with_faust.py", "quix": "with_quix.py"}
INTERPRETED, COMPILED = "", "_compiled_step"
"""What stands after an engine's name: how it runs our operator. Its users would write theirs in Python."""
VARIANTS = tuple(f"{engine}{variant}" for variant in (INTERPRETED, COMPILED) for engine in PROGRAMS)
PATIENCE_S = 240
POLL_S = 0.5
QUOTES = 20_000
ERROR_CHARACTERS = 2_000


class Unavailable(Exception):
    """The other engines cannot be installed here, and why."""


def environment(folder: Path) -> Path:
    """Python of an environment with the other engines, made if it is not there. Raises Unavailable."""
    python = folder / "bin/python"
    wanted = (HERE / "requirements.txt").read_text()
    note = folder / "requirements.txt"
    if note.is_file() and note.read_text() == wanted:
        return python
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(HERE / "requirements.txt")]
    commands = [[sys.executable, "-m", "venv", "--clear", str(folder)], [str(python), *install]]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Unavailable(said[-1] if said else f"{command[2]} ended with {done.returncode}")
    note.write_text(wanted)
    return python


class Contest:
    """The same orders, in the same topics, for one engine after the other."""

    def __init__(self, place: Cluster, orders: int, quotes: int) -> None:
        self.cluster = place
        self._declare_job()
        place.make_topics()
        stamp_by_broker(place, OUT)
        market = Market(orders, quotes)
        flow = list(timed_flow(place, market))
        self.before = [place.message(*item) for item in known_before(market) if item[0] in KNOWN]
        self.before += [place.message("conflated-quotes", item) for item in self._conflated(flow)]
        self.orders: list[Sendable] = [place.message(*item) for item in flow if item[0] == "order-requests"]

    def _declare_job(self) -> None:
        text = self.cluster.path.read_text()
        self.cluster.path.write_text(text.replace("\njobs:\n", f"\njobs:\n{JOB}", 1))

    def _conflated(self, flow: list[tuple[str, Record]]) -> list[Record]:
        """One price of each symbol, which holds all day."""
        graph = self.cluster.graph
        prices = {"prices": Source("prices", "list", "market-data", 0, 0)}
        job = replace(graph.jobs["orders"], operators=("conflate",), sources=("prices",))
        driver = PipelineDriver(replace(graph, sources=prices, jobs={"orders": job}), "orders", vocabulary())
        quotes = driver.run([item for item in flow if item[0] == "market-data"])["conflated-quotes"]
        last = {item.symbol: item for item in quotes}  # type: ignore[attr-defined]
        return list(last.values())

    def ours(self) -> float:
        """Orders a second of our job."""
        send(self.cluster, self.before)
        words = self.cluster.words("validate", "data")
        self.cluster.finish(*words, *UNTIL)
        begins = ends(self.cluster, OUT)
        send(self.cluster, self.orders)
        self.cluster.finish(*words, "--resume", *UNTIL)
        return self._per_second(begins)

    def theirs(self, variant: str, python: Path) -> float:
        """Orders a second of another engine, which finds the same topics filled."""
        engine = variant.removesuffix(COMPILED)
        begins = ends(self.cluster, OUT)
        given = {
            "name": f"{self.cluster.prefix}{variant}-",
            "brokers": self.cluster.brokers,
            "orders": self.cluster.topic("order-requests"),
            "partitions": self.cluster.partitions_of("order-requests"),
            "known": {self.cluster.topic(name): self.cluster.partitions_of(name) for name in KNOWN},
            "out": self.cluster.topic("validated-orders"),
        }
        tree = Path(str(dataflow.__file__)).parents[1] if variant.endswith(COMPILED) else TREE
        log = self.cluster.folder / f"{variant}.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [str(python), str(HERE / PROGRAMS[engine]), json.dumps(given)],
                cwd=self.cluster.folder, env={**os.environ, "PYTHONPATH": str(tree)}, text=True,
                stdout=subprocess.DEVNULL, stderr=errors,
            )  # fmt: skip
        try:
            self._wait(begins, process)
        except RuntimeError as reason:
            raise RuntimeError(f"{variant}: {reason}\n{log.read_text()[-ERROR_CHARACTERS:]}") from reason
        finally:
            process.kill()
            process.wait()
        return self._per_second(begins)

    def _per_second(self, begins: dict[tuple[str, int], int]) -> float:
        """Orders: each comes to one message. Raises RuntimeError where some have none, or several."""
        written = read(self.cluster.brokers, begins)
        if len(written) != len(self.orders):
            raise RuntimeError(f"{len(self.orders)} orders came to {len(written)} messages")
        return len(written) / duration_s(written)

    def _wait(self, begins: dict[tuple[str, int], int], process: subprocess.Popen[str]) -> None:
        """Until all orders are done and committed. Raises RuntimeError."""
        deadline = time.monotonic() + PATIENCE_S
        while len(read(self.cluster.brokers, begins)) < len(self.orders):
            time.sleep(POLL_S)
            while sum(ends(self.cluster, OUT).values()) - sum(begins.values()) < len(self.orders):
                time.sleep(POLL_S)
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"it has ended: {process.returncode}" if process.poll() else "it is not done")


@dataclass(frozen=True)
class Contenders:
    """What each of them does."""

    orders: int = 30_000
    rounds: int = 2


def measured(brokers: str, contenders: Contenders, folder: Path) -> dict[str, list[float]]:
    """Orders a second of each engine, round for round. Raises Unavailable."""
    python = environment(folder)
    found: dict[str, list[float]] = {"ours": [], **{variant: [] for variant in VARIANTS}}
    for _ in range(contenders.rounds):
        with cluster(brokers, "validate") as place:
            contest = Contest(place, contenders.orders, quotes=QUOTES)
            found["ours"].append(contest.ours())
            for variant in VARIANTS:
                found[variant].append(contest.theirs(variant, python))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=Contenders.orders)
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT)
    parser.add_argument("--brokers", default="")
    chosen = parser.parse_args()
    with broker(chosen.brokers) as brokers:
        found = measured(brokers, Contenders(chosen.orders, rounds=1), chosen.environment)
    for engine, (rate,) in found.items():
        print(f"{engine} {rate:,.0f} orders/s, ours is {found['ours'][0] / rate:.1f} times that")


if __name__ == "__main__":
    main()
