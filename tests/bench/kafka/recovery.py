"""How long nothing comes out: after SIGKILL until the job, started again at once, commits something new; and until a
standby does, where one is there. State has a million keys; orders come all the while, at a steady rate.

"New" is a message that descends from an order that was due after the kill.

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


@dataclass
class Outages:
    """Seconds from SIGKILL to the first new message that a reader of committed messages sees."""

    restart_s: list[float] = field(default_factory=list)
    takeover_s: list[float] = field(default_factory=list)


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
        seconds, job = _outage(place, drill, next(flows), job, lambda: place.start("orders", "first", "--resume"))
        found.restart_s.append(seconds)
    for number in range(drill.kills):
        standby = place.start("orders", f"standby-{number}", "--standby")
        _wait_until_caught_up(standby)
        seconds, job = _outage(place, drill, next(flows), job, lambda: standby)  # noqa: B023 - called before the next
        found.takeover_s.append(seconds)
    return found


def _outage(
    place: Cluster, drill: Drill, flow: list[Sendable], job: Job, successor: Callable[[], Job]
) -> tuple[float, Job]:
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
    return seen - killed_at, heir


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
    for name, seconds in (("restart", found.restart_s), ("standby", found.takeover_s)):
        print(f"{name} " + ", ".join(f"{one:.2f} s" for one in seconds) + f"; {chosen.accounts:,} accounts")


if __name__ == "__main__":
    main()
