"""From an order's arrival to its execution, as a reader of committed messages sees it.

Open loop: orders are sent when they are due, however long the ones before took, and latency counts from when an order
was due. Sender, job, broker and reader are processes of their own on the same machine.

    python tests/bench/kafka/latency.py --rate 2000 --seconds 10 [--brokers HOST:PORT]
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from market import Cluster, Inputs, Message, inputs, percentile, send

from dataflow.services.broker import Broker

WARM_UP_S = 3.0
SETTLE_S = 3.0
STREAM = "trade-events"


@contextmanager
def broker(brokers: str) -> Iterator[str]:
    """The broker of this address, or one of our own."""
    if brokers:
        yield brokers
        return
    with tempfile.TemporaryDirectory() as folder:
        own = Broker(Path(folder))
        own.start()
        try:
            yield own.brokers
        finally:
            own.stop()


def measured(brokers: str, rate: int, seconds: float, partitions: int) -> list[float]:
    """Milliseconds of each order that was executed at once, ascending."""
    orders = int(rate * (seconds + WARM_UP_S))
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(brokers, f"latency-{uuid.uuid4().hex[:6]}-", Path(folder), partitions)
        cluster.make_topics()
        given = inputs(cluster, orders, orders)
        send(cluster, given.before)
        words = ("run", "--quiet", "--job", "orders", "--without", "clickhouse", "--data", str(cluster.folder / "data"))
        job = cluster.tapeline(*words)
        time.sleep(SETTLE_S)
        try:
            return sorted(_flow(cluster, given, rate))
        finally:
            job.terminate()
            _, errors = job.communicate(timeout=60)
            if errors:
                print(errors)


def _flow(cluster: Cluster, given: Inputs, rate: int) -> list[float]:
    start = time.monotonic() + 2.0
    seen, watcher = _process(_watch, cluster.brokers, cluster.graph.kafka.topic(STREAM), _partitions(cluster))
    due, sender = _process(_send_on_time, cluster.brokers, given.flow, rate, start)
    sent: dict[str, float] = due.recv()
    sender.join()
    time.sleep(SETTLE_S)
    seen.send("stop")
    found: dict[str, float] = seen.recv()
    watcher.join()
    warm = start + WARM_UP_S
    return [(at - sent[order]) * 1_000 for order, at in found.items() if sent.get(order, 0.0) > warm]


def _partitions(cluster: Cluster) -> int:
    return cluster.graph.streams[STREAM].partitions


def _process(target: object, *arguments: object) -> tuple[Connection, multiprocessing.Process]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=target, args=(there, *arguments))  # type: ignore[arg-type]
    process.start()
    return here, process


def _send_on_time(pipe: Connection, brokers: str, flow: list[Message], rate: int, start: float) -> None:
    """Each order when it is due; prices go with the order after them."""
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 1, "acks": "all", "enable.idempotence": True})
    due, count = {}, 0
    for item in flow:
        if item.order:
            at = start + count / rate
            count += 1
            due[item.order] = at
            ahead = at - time.monotonic()
            if ahead > 0:
                producer.poll(0)
                time.sleep(max(0.0, at - time.monotonic()))
        while True:
            try:
                producer.produce(item.topic, item.value, item.key, item.partition)
                break
            except BufferError:
                producer.poll(0.001)
    producer.flush()
    pipe.send(due)


def _watch(pipe: Connection, brokers: str, topic: str, partitions: int) -> None:
    """When the first message that descends from each order became visible."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "watch",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 50,
        }
    )
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    found: dict[str, float] = {}
    while not pipe.poll():
        messages = consumer.consume(1, 0.1)
        messages += consumer.consume(1_000, 0) if messages else []
        now = time.monotonic()
        for message in messages:
            found.setdefault(dict(message.headers())["event_id"][:16].decode(), now)
    consumer.close()
    pipe.send(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--partitions", type=int, default=1_000, help="At most, of each topic; default: as declared.")
    parser.add_argument("--brokers", default="")
    chosen = parser.parse_args()
    with broker(chosen.brokers) as brokers:
        found = measured(brokers, chosen.rate, chosen.seconds, chosen.partitions)
    names = {0.5: "p50", 0.9: "p90", 0.99: "p99", 0.999: "p99.9", 1.0: "max"}
    shown = "  ".join(f"{name} {percentile(found, share):.2f} ms" for share, name in names.items())
    print(f"{chosen.rate:,} orders/s, {len(found):,} executions: {shown}")


if __name__ == "__main__":
    main()
