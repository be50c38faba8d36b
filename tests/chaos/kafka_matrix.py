"""Strikes a job on Kafka with one fault after another, and asks foreign witnesses what came out.

`python tests/chaos/kafka_matrix.py --kills 500 --seed 1 --table docs/faults.md`
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

sys.path.append(str(Path(__file__).parent.parent.parent))

from dataflow.services.registry import Registry
from tests.chaos.kafka_broker import ChaosBroker
from tests.chaos.kafka_cluster_faults import CLUSTER_FAULTS
from tests.chaos.kafka_disk_faults import disk_faults
from tests.chaos.kafka_faults import End, Fault, Unexpected, point_faults
from tests.chaos.kafka_lives import Launcher, check_ended
from tests.chaos.kafka_report import Report, Row, table
from tests.chaos.kafka_verdict import verdict_on
from tests.chaos.kafka_world import Cluster, Day, Setting, World

WORLD_S: Final = 35
"""For so long a world's input lasts while it is struck."""
LIVES_MAX: Final = 14
"""Faults of one world."""
TRIES: Final = 3
"""How often a fault is tried whose lives end before it strikes."""
KILLS_PER_ROUND: Final = 40
"""Kills at named points to each other fault."""
FAILURES_MAX: Final = 8
"""Then there is something to mend first."""
JAVA_STREAMS: Final = ("trades", "order-events", "analytics", "trade-events", "validated-orders")
KINDS: Final = ("arrival", "time", "registry")


class Matrix:
    """All worlds of a run of the matrix. Close it."""

    def __init__(self, folder: Path, seed: int, day: Day | None = None) -> None:
        self.folder = folder
        self.chosen = random.Random(seed)
        self.day = day or Day(seed=seed)
        self.report = Report(seed)
        self.launcher = Launcher(folder / "lives")
        self.broker = ChaosBroker(folder / "broker")
        self.registry: Registry | None = None
        self.files = folder / "files"
        """Logs of the undisturbed run on files."""
        self.tries: Counter[Fault] = Counter()

    def run(self, faults: Sequence[Fault]) -> Report:
        """Strike with each of them once."""
        began = time.monotonic()
        self.broker.start()
        self.report.rows = {fault.name: Row(fault.must) for fault in faults}
        pools: dict[str, deque[Fault]] = {kind: deque() for kind in KINDS}
        for fault in faults:
            pools["registry" if fault.needs_registry else self.chosen.choice(fault.orders)].append(fault)
        while any(pools.values()) and len(self.report.failures) < FAILURES_MAX:
            kind = max(pools, key=lambda name: len(pools[name]))
            self._world(kind, pools[kind])
        self.report.wall_s = time.monotonic() - began
        return self.report

    def close(self) -> None:
        self.launcher.close()
        self.broker.kill()
        if self.registry is not None:
            self.registry.kill()

    def _world(self, kind: str, pool: deque[Fault]) -> None:
        """One world, struck with the faults that come next, and the verdict on it."""
        self.report.worlds[kind] += 1
        name = f"{kind}-{self.report.worlds[kind]}"
        if kind == "registry" and self.registry is None:
            self.registry = Registry(self.folder / "registry").start()
        cluster = Cluster(self.broker, self.launcher, self.registry if kind == "registry" else None)
        order = "time" if kind == "time" else "arrival"
        world = World(self.folder / name, cluster, f"{name}-", self.day, Setting(order, self.day.records() // WORLD_S))
        struck: list[str] = []
        try:
            self._prepare(world)
            self._strike(world, pool, struck)
            found = self._verdict(world)
        except (Unexpected, RuntimeError) as fault:
            found = [str(fault)]
        finally:
            world.close()
        told = "; ".join(struck)
        self.report.failures += [f"seed {self.report.seed}, {name}: {fault} (after: {told})" for fault in found]
        print(f"{name}: {len(struck)} faults, {len(found)} found: {told}", *found, sep="\n    ", flush=True)

    def _prepare(self, world: World) -> None:
        world.make_topics()
        if world.setting.order == "time":
            world.end_feed()
        else:
            world.start_feed()

    def _strike(self, world: World, pool: deque[Fault], struck: list[str]) -> None:
        is_by_time = world.setting.order == "time"
        while pool and len(struck) < LIVES_MAX and (is_by_time or not world.is_fed()):
            fault = pool.popleft()
            try:
                end = fault.act(world, self.chosen)
            except Unexpected:
                self.report.rows[fault.name].failed += 1
                struck.append(fault.name)
                raise
            struck.append(f"{fault.name}: {end.value}")
            if end is not End.TOO_LATE:
                self.report.note(fault, end)
                continue
            self.tries[fault] += 1
            if self.tries[fault] < TRIES:
                pool.append(fault)
            else:
                self.report.note(fault, end)
            if is_by_time:
                return

    def _verdict(self, world: World) -> list[str]:
        if world.setting.order == "arrival":
            world.end_feed()
        check_ended(world.last_life(), "the last life")
        if world.setting.order == "arrival":
            reference = world.again()
        else:
            reference = self.files
            if not reference.exists():
                world.from_files(reference)
        verdict = verdict_on(world, reference, self.chosen.choice(JAVA_STREAMS))
        self.report.events += verdict.events
        return verdict.faults


def schedule(kills: int, seed: int, folder: Path) -> list[Fault]:
    """So many kills, evenly over the named points, and every other fault once for each forty of them."""
    chosen = random.Random(seed)
    points = point_faults()
    rounds = max(1, round(kills / KILLS_PER_ROUND))
    found = [points[number % len(points)] for number in range(kills)]
    found += [fault for fault in (*CLUSTER_FAULTS, *disk_faults(folder)) for _ in range(rounds)]
    chosen.shuffle(found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="faults whose name holds this text")
    parser.add_argument("--table", type=Path, help="file to write the table to")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeline-chaos-") as folder:
        faults = [fault for fault in schedule(given.kills, given.seed, Path(folder)) if given.only in fault.name]
        matrix = Matrix(Path(folder), given.seed)
        try:
            report = matrix.run(faults)
        finally:
            matrix.close()
    print(
        f"seed {given.seed}: {report.strikes()} faults in {sum(report.worlds.values())} worlds, {report.wall_s:.0f} s:",
        f"{len(report.failures)} failed",
    )
    if given.table is not None:
        given.table.write_text(table(report, given.kills))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
