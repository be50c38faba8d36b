"""A market with orders as Kafka messages, and a cluster to send them to."""

from __future__ import annotations

import heapq
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from dataflow.blocks import encoded
from dataflow.connectors.kafka.partitioner import partition_of
from dataflow.graph import Graph
from dataflow.load import load_graph
from dataflow.model import Record
from dataflow.testing.pipeline import PipelineDriver
from jobs.catalog import catalog
from jobs.feeds.open_source import open_source
from jobs.kafka_start import LocalSchemas
from jobs.letters import vocabulary
from schemas.generated.events import KEY_FIELDS

TREE = Path(__file__).parents[3]
PARTITIONS = re.compile(r"partitions: (\d+)")
SYMBOLS = 50
ACCOUNTS = 1_000


@dataclass(frozen=True)
class Message:
    """One message as a producer sends it; `order` is the id of the order it is, or empty."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    order: str = ""


@dataclass
class Cluster:
    """A broker, and a prefix on it."""

    brokers: str
    prefix: str
    folder: Path
    partitions: int = 1_000
    """At most, of each topic."""
    path: Path = field(init=False)
    graph: Graph = field(init=False)
    schemas: LocalSchemas = field(init=False)

    def __post_init__(self) -> None:
        text = (TREE / "pipelines.yaml").read_text()
        self.path = self.folder / "pipelines.yaml"
        self.path.write_text(PARTITIONS.sub(lambda found: f"partitions: {min(int(found[1]), self.partitions)}", text))
        self.graph = load_graph(self.path, catalog(), "default", self.variables())
        self.schemas = LocalSchemas(self.graph.streams.values())

    def variables(self) -> dict[str, str]:
        plain = {name: text for name, text in os.environ.items() if not name.startswith("TAPELINE_KAFKA")}
        return {**plain, "TAPELINE_KAFKA": self.brokers, "TAPELINE_KAFKA_PREFIX": self.prefix, "TAPELINE_REGISTRY": ""}

    def tapeline(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-c", "from jobs.cli import main; main()", *words]
        command += ["--pipelines", str(self.path)]
        environment = {**self.variables(), **variables}
        return subprocess.Popen(
            command, cwd=TREE, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def make_topics(self) -> None:
        process = self.tapeline("topics", "apply")
        _, errors = process.communicate(timeout=120)
        if process.returncode:
            raise RuntimeError(errors)

    def message(self, stream: str, record: Record) -> Message:
        declared = self.graph.streams[stream]
        key = record.key(KEY_FIELDS.index(declared.key)).encode()
        branch = b""
        if len(declared.schemas) > 1:
            names = [schema.name for schema in declared.schemas]
            branch = bytes([names.index(type(record).__name__) << 1])
        value = b"\0" + self.schemas.ids[stream].to_bytes(4, "big") + branch + encoded(record)
        order = f"{record.event_id_hi:016x}" if stream == "order-requests" else ""
        return Message(self.graph.kafka.topic(stream), partition_of(key, declared.partitions), key, value, order)


@dataclass(frozen=True)
class Inputs:
    """`before` is what must be known before the first order, `flow` prices and orders as they happened."""

    before: list[Message]
    flow: list[Message]
    orders: int


def inputs(cluster: Cluster, orders: int, quotes: int) -> Inputs:
    """A simulated day of so many orders and market events."""
    market = f"seed=3,symbols={SYMBOLS},events={quotes}"
    raw = _records(f"simulator:{market}", "market")
    prices = PipelineDriver(cluster.graph, "market-data", vocabulary()).run([("raw-market-data", item) for item in raw])
    requests = _records(f"order_flow:{market},accounts={ACCOUNTS},orders={orders},faults=0", "orders")
    known = [("reference-data", item) for item in _records(f"reference_data:{market}", "reference-data")]
    accounts = _records(f"accounts:{market},accounts={ACCOUNTS},orders={orders}", "accounts")
    known += [("account-events", item) for item in accounts]
    timed = heapq.merge(
        ((item.event_time_ns, 0, n, "market-data", item) for n, item in enumerate(prices["market-data"])),
        ((item.event_time_ns, 1, n, "order-requests", item) for n, item in enumerate(requests)),
    )
    flow = [cluster.message(stream, item) for *_, stream, item in timed]
    return Inputs([cluster.message(*each) for each in known], flow, len(requests))


def _records(specification: str, name: str) -> list[Record]:
    source = open_source(specification, name)
    source.open(None)
    found: list[Record] = []
    while (batch := source.read()) is not None:
        found += batch.records
    return found


def send(cluster: Cluster, messages: list[Message]) -> None:
    """All at once."""
    producer = Producer(
        {"bootstrap.servers": cluster.brokers, "queue.buffering.max.messages": 2_000_000, "linger.ms": 5}
    )
    for number, item in enumerate(messages):
        producer.produce(item.topic, item.value, item.key, item.partition)
        if number % 10_000 == 0:
            producer.poll(0)
    producer.flush()


def percentile(ordered: list[float], share: float) -> Any:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
