"""Messages a second through the orders job with exactly-once, and through a loop that only consumes and produces them.

Topics are filled first. Messages are those in and those out; seconds are from the first to the last that the broker
wrote, by its clock. Job and loop take turns, a part of the flow each; the loop's outputs go to topics of its own.

    python tests/bench/kafka/throughput.py --orders 50000 [--brokers HOST:PORT]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[3]))

from jobs.kafka_edges import compression_of
from tests.bench.kafka.bare_loop import BareLoop, Step
from tests.bench.kafka.cluster import AS_DECLARED, Cluster, Sendable, broker, cluster, send
from tests.bench.kafka.market import steady_inputs
from tests.bench.kafka.written import Written, duration_s, ends, read, stamp_by_broker

READ = ("market-data", "order-requests")
WRITTEN = (
    "conflated-quotes", "validated-orders", "risk-events", "order-events", "order-rejects", "trade-events", "trades",
    "auctions",
)  # fmt: skip
UNTIL = ("--until", "latest", "--order", "arrival")


@dataclass(frozen=True)
class Round:
    """A part of the flow, through the job and then through the loop. Messages a second."""

    job: float
    bare: float
    orders: float
    """Orders a second, of the job."""
    per_transaction: float
    """Messages, in the middle."""

    @property
    def ratio(self) -> float:
        return self.job / self.bare


def measured(brokers: str, orders: int, rounds: int, partitions: int = AS_DECLARED) -> list[Round]:
    """So many rounds of so many orders, after one that does not count."""
    with cluster(brokers, "throughput", partitions) as place, cluster(brokers, "copy", partitions) as copy:
        place.make_topics()
        copy.make_topics(WRITTEN)
        stamp_by_broker(place, WRITTEN)
        stamp_by_broker(copy, WRITTEN)
        given = steady_inputs(place, orders * (rounds + 1))
        send(place, given.before)
        place.finish(*place.words("orders", "data"), *UNTIL)
        return [_round(place, copy, part) for part in parts(given.flow, rounds + 1)][1:]


def parts(flow: list[Sendable], count: int) -> Iterator[list[Sendable]]:
    """As many equal parts of it, in its order."""
    size = -(-len(flow) // count)
    return (flow[start : start + size] for start in range(0, len(flow), size))


def _round(place: Cluster, copy: Cluster, flow: list[Sendable]) -> Round:
    starts, begins, turns = ends(place, READ), ends(place, WRITTEN), _turns(place)
    send(place, flow)
    place.finish(*place.words("orders", "data"), "--resume", *UNTIL)
    written, before = read(place.brokers, begins), ends(copy, WRITTEN)
    steps = list(_steps(place, copy, written, turns))
    compression = compression_of(copy.graph.streams[name] for name in WRITTEN)
    _run_alone(place.brokers, f"{copy.prefix}bare", starts, compression, steps)
    copied = read(place.brokers, before)
    if len(copied) != len(written):
        raise RuntimeError(f"the job wrote {len(written)} messages, the loop {len(copied)}")
    seconds_job, seconds_bare = duration_s(written), duration_s(copied)
    messages, orders = len(written) + len(flow), sum(1 for item in flow if item.order)
    sizes = sorted(step.taken + len(step.posts) for step in steps)
    return Round(messages / seconds_job, messages / seconds_bare, orders / seconds_job, sizes[len(sizes) // 2])


def _run_alone(
    brokers: str, name: str, starts: dict[tuple[str, int], int], compression: str, steps: list[Step]
) -> None:
    """The loop, in a process of its own as the job was."""
    arguments = (brokers, name, starts, compression, steps)
    process = multiprocessing.get_context("fork").Process(target=_loop, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"the bare loop ended with {process.exitcode}")


def _loop(brokers: str, name: str, starts: dict[tuple[str, int], int], compression: str, steps: list[Step]) -> None:
    BareLoop(brokers, name, starts, compression).run(steps)


def _turns(place: Cluster) -> list[dict[str, Any]]:
    """The job's transactions so far: what each took in and the totals of its streams after it, or how many records of
    streams that linger it made visible."""
    return [json.loads(item.value) for item in read(place.brokers, {(place.graph.kafka.turns_topic("orders"), 0): 0})]


def _steps(place: Cluster, copy: Cluster, written: list[Written], known: list[dict[str, Any]]) -> Iterator[Step]:
    """The job's transactions after those known, as its turns topic tells them, for the topics of the copy. After the
    known ones all was visible."""
    by_stream = {
        name: iter([item._replace(topic=copy.topic(name)) for item in written if item.topic == place.topic(name)])
        for name in WRITTEN
    }
    totals: dict[str, int] = {}
    for entry in known:
        totals |= entry.get("totals", {})
    for entry in _turns(place)[len(known) :]:
        posts: list[Written] = []
        for stream, total in _made_visible(entry).items():
            if stream in by_stream:
                posts += islice(by_stream[stream], total - totals.get(stream, 0))
                totals[stream] = total
        yield Step(_taken(entry), posts)


def _made_visible(entry: dict[str, Any]) -> dict[str, int]:
    """Up to which record each stream is visible that this transaction wrote."""
    if "visible" in entry:
        return dict(entry["visible"])
    return {stream: total for stream, total in entry["totals"].items() if stream not in entry["lingering"]}


def _taken(entry: dict[str, Any]) -> int:
    return sum(count for taken, _ in entry.get("turns", ()) for _, count in taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=50_000, help="Of each round.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--brokers", default="")
    chosen = parser.parse_args()
    with broker(chosen.brokers) as brokers:
        for found in measured(brokers, chosen.orders, chosen.rounds):
            print(
                f"job {found.job:,.0f} messages/s ({found.orders:,.0f} orders/s), bare loop {found.bare:,.0f} "
                f"messages/s, ratio {found.ratio:.2f}; {found.per_transaction:,.0f} messages in a transaction"
            )


if __name__ == "__main__":
    main()
