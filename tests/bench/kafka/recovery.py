"""How long nothing comes out: after SIGKILL until the job, started again at once, commits something new; and until a
standby does, where one is there. State has a million keys; orders come all the while, at a steady rate.

"New" is a message that descends from an order that was due after the kill. Of each outage it also says when what went
on came to its named places (`dataflow.fault_points`), so that it is seen what the time goes to.

    python tests/bench/kafka/recovery.py --accounts 1000000 [--kills 3] [--brokers HOST:PORT]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))

from jobs.live_figures import STANDING_BY
from tests.bench.kafka.cluster import Cluster, Job, Sendable, broker, cluster, send
from tests.bench.kafka.flow import Sender, Watcher
from tests.bench.kafka.market import steady_inputs
from tests.bench.kafka.throughput import parts

ORDERS_PER_S = 200
WAIT_S = 60.0
POLL_S = 0.1
STREAM = "order-events"


@dataclass(frozen=True)
class Drill:
    """What is done."""

    accounts: int = 1_000_000
    kills: int = 3
    """Of a job that is started again, and as many of one beside which a standby is."""
    before_s: float = 8.0
    """Orders come for so long before each kill,"""
    after_s: float = 8.0
    """and for so long after it."""

    @property
    def orders(self) -> int:
        return int(ORDERS_PER_S * (self.before_s + self.after_s))


@dataclass(frozen=True)
class Outage:
    """One kill."""

    seconds: float
    """From SIGKILL to the first new message that a reader of committed messages sees."""
    way: dict[str, float]
    """When what went on first came to each of its named places, in seconds from SIGKILL."""

    def line(self) -> str:
        return f"{self.seconds:.2f} s: " + ", ".join(f"{place} {at:.2f}" for place, at in self.way.items())


@dataclass
class Outages:
    """Those of a job that was started again, and those of one beside which a standby was."""

    restarts: list[Outage] = field(default_factory=list)
    takeovers: list[Outage] = field(default_factory=list)

    @property
    def restart_s(self) -> list[float]:
        return [outage.seconds for outage in self.restarts]

    @property
    def takeover_s(self) -> list[float]:
        return [outage.seconds for outage in self.takeovers]


def measured(brokers: str, drill: Drill) -> Outages:
    """Kills and restarts, then kills with a standby beside."""
    with cluster(brokers, "recovery") as place:
        place.make_topics()
        given = steady_inputs(place, drill.orders * 2 * drill.kills, drill.accounts)
        send(place, given.before)
        job = place.start("orders", "first")
        job.wait_for(len(given.before))
        _wait_for_checkpoint(job)
        return _kill_again_and_again(place, drill, job, parts(given.flow, 2 * drill.kills))


def _kill_again_and_again(place: Cluster, drill: Drill, job: Job, flows: Iterator[list[Sendable]]) -> Outages:
    found = Outages()
    for _ in range(drill.kills):
        outage, job = _outage(place, drill, next(flows), job, lambda: place.start("orders", "first", "--resume"))
        found.restarts.append(outage)
    for number in range(drill.kills):
        standby = place.start("orders", f"standby-{number}", "--standby")
        _wait_until_caught_up(standby)
        outage, job = _outage(place, drill, next(flows), job, lambda: standby)  # noqa: B023 - called before the next
        found.takeovers.append(outage)
    return found


def _outage(
    place: Cluster, drill: Drill, flow: list[Sendable], job: Job, successor: Callable[[], Job]
) -> tuple[Outage, Job]:
    """Kill the job amid the flow, call for its successor, and wait for what that brings."""
    watcher = Watcher(place.brokers, place.topic(STREAM), place.partitions_of(STREAM))
    sender = Sender(place.brokers, flow, ORDERS_PER_S, time.monotonic() + 0.5)
    time.sleep(0.5 + drill.before_s)
    if job.process.poll() is not None:
        raise RuntimeError(f"the job has ended before it was killed: {job.end()}")
    killed_at = time.monotonic()
    job.kill()
    heir = successor()
    due = sender.join()
    while (seen := watcher.first_since(due, killed_at)) is None:
        time.sleep(POLL_S)
        if heir.process.poll() is not None:
            raise RuntimeError(f"what was to go on has ended: {heir.end()}")
        if time.monotonic() > killed_at + WAIT_S:
            raise TimeoutError(f"nothing new was committed within {WAIT_S:.0f} s")
    watcher.stop()
    way = {name: at - killed_at for name, at in heir.reached().items() if killed_at < at < seen}
    return Outage(seen - killed_at, way), heir


def _wait_for_checkpoint(job: Job) -> None:
    """Until one holds all that was taken in by now. Raises TimeoutError."""
    deadline = time.monotonic() + WAIT_S
    due = _last_checkpoint(job) + 2
    while _last_checkpoint(job) < due:
        time.sleep(POLL_S)
        if time.monotonic() > deadline:
            raise TimeoutError(f"no checkpoint within {WAIT_S:.0f} s")


def _last_checkpoint(job: Job) -> int:
    return int((job.live().get("checkpoint") or {"number": 0})["number"])


def _wait_until_caught_up(standby: Job) -> None:
    """Raises TimeoutError, RuntimeError where it has ended."""
    deadline = time.monotonic() + 3 * WAIT_S
    while standby.live().get("state") != STANDING_BY:
        time.sleep(POLL_S)
        if standby.process.poll() is not None:
            raise RuntimeError(f"the standby has ended: {standby.end()}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the standby has not caught up within {3 * WAIT_S:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=Drill.accounts)
    parser.add_argument("--kills", type=int, default=Drill.kills)
    parser.add_argument("--brokers", default="")
    chosen = parser.parse_args()
    with broker(chosen.brokers) as brokers:
        found = measured(brokers, Drill(chosen.accounts, chosen.kills))
    for name, outages in (("restart", found.restarts), ("standby", found.takeovers)):
        print(f"{name}, {chosen.accounts:,} accounts", *(outage.line() for outage in outages), sep="\n  ")


if __name__ == "__main__":
    main()
