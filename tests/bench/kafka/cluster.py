"""A real broker with a job on it, and messages to send there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from dataflow.blocks import encoded
from dataflow.connectors.kafka.clients import open_admin
from dataflow.connectors.kafka.partitioner import partition_of
from dataflow.connectors.kafka.topic_plan import CREATE, Change, declared_topics
from dataflow.connectors.kafka.topics import await_changes, carry_out
from dataflow.fault_points import TIMES_VARIABLE
from dataflow.graph import Graph
from dataflow.load import load_graph
from dataflow.model import Record
from dataflow.services.broker import Broker
from jobs.catalog import catalog
from jobs.live_figures import LIVE_FILE
from jobs.local_schemas import LocalSchemas
from schemas.generated.events import KEY_FIELDS

TREE = Path(__file__).parents[3]
AS_DECLARED = 1_000
"""More partitions than any stream has."""
NO_PARAMETERS: Mapping[str, Mapping[str, int]] = {}
END_S = 60
FINISH_S = 300
POLL_S = 0.1


@contextmanager
def cluster(
    brokers: str, name: str, partitions: int = AS_DECLARED, parameters: Mapping[str, Mapping[str, int]] = NO_PARAMETERS
) -> Iterator[Cluster]:
    """A prefix of its own and a directory; nothing is left of them."""
    prefix = f"{name}-{uuid.uuid4().hex[:6]}-"
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(brokers, prefix, Path(folder), partitions, parameters) as made,
    ):
        yield made


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


class Sendable(NamedTuple):
    """One message as a producer sends it; `order` is the id of the order it is, or empty."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    order: str = ""


@dataclass(frozen=True)
class Job:
    """A job that runs in a process of its own."""

    process: subprocess.Popen[str]
    data: Path
    times: Path
    """When it came to the places that have a name."""

    def reached(self) -> dict[str, float]:
        """When it first came to each place, in seconds of `time.monotonic`."""
        lines = self.times.read_text().splitlines() if self.times.is_file() else ()
        return {name: float(at) for name, at in map(str.split, lines)}

    def wait_for(self, records: int) -> None:
        """Until it has taken in so many records since it began. Raises RuntimeError where it has ended or stands."""
        taken, deadline = 0, time.monotonic() + END_S
        while taken < records:
            time.sleep(POLL_S)
            if (now_taken := self.records()) > taken:
                taken, deadline = now_taken, time.monotonic() + END_S
            elif self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the job has taken in {taken} records of {records}\n{self.end()}")

    def records(self) -> int:
        return sum(source["records"] for source in self.live().get("sources", ()))

    def live(self) -> dict[str, Any]:
        """Its figures of a second ago; empty before there are any."""
        path = self.data / LIVE_FILE
        return json.loads(path.read_text()) if path.is_file() else {}

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.communicate()

    def end(self) -> str:
        """In order, if it still runs; what it said on standard error."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.communicate(timeout=END_S)[1]
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@dataclass
class Cluster:
    """A broker, and a prefix on it."""

    brokers: str
    prefix: str
    folder: Path
    partitions: int = AS_DECLARED
    """At most, of each topic."""
    parameters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Of operators, by uid, beside those declared."""
    path: Path = field(init=False)
    graph: Graph = field(init=False)
    schemas: LocalSchemas = field(init=False)
    started: list[subprocess.Popen[str]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.path = self.folder / "pipelines.yaml"
        self.path.write_text(yaml.safe_dump(self._document(), sort_keys=False))
        self.graph = load_graph(self.path, catalog(), "default", self.variables())
        self.schemas = LocalSchemas(self.graph.streams.values())

    def _document(self) -> dict[str, Any]:
        """pipelines.yaml, with fewer partitions and these parameters."""
        document: dict[str, Any] = yaml.safe_load((TREE / "pipelines.yaml").read_text())
        for stream in document["streams"].values():
            stream["partitions"] = min(stream["partitions"], self.partitions)
        for operator in document["operators"]:
            operator["parameters"] = {**operator.get("parameters", {}), **self.parameters.get(operator["uid"], {})}
        return document

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        """Nothing that was started here goes on, and its topics go: others are measured on the same broker."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.delete_topics()

    def variables(self) -> dict[str, str]:
        plain = {name: text for name, text in os.environ.items() if not name.startswith("TAPELINE_KAFKA")}
        return {**plain, "TAPELINE_KAFKA": self.brokers, "TAPELINE_KAFKA_PREFIX": self.prefix, "TAPELINE_REGISTRY": ""}

    def tapeline(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-c", "from jobs.cli import main; main()", *words]
        command += ["--pipelines", str(self.path)]
        environment = {**self.variables(), **variables}
        process = subprocess.Popen(
            command, cwd=TREE, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.started.append(process)
        return process

    def make_topics(self, streams: Iterable[str] = ()) -> None:
        """Of these streams, or of all that the orders job needs; the job's own topic of turns too."""
        names = list(streams) or self._needed("orders")
        wanted = [self.graph.streams[name] for name in names]
        declared = declared_topics(wanted, self.graph.kafka, self.graph.dead_letters, "orders")
        admin, steps = open_admin(self.graph.kafka), [Change(CREATE, topic) for topic in declared.values()]
        for step in steps:
            carry_out(admin, step)
        await_changes(admin, steps)

    def _needed(self, job: str) -> list[str]:
        operators = [self.graph.operators[uid] for uid in self.graph.jobs[job].operators]
        names = [name for item in operators for name in (*item.inputs, *item.outputs, item.late) if name]
        return list(dict.fromkeys([*names, self.graph.dead_letters]))

    def delete_topics(self) -> None:
        """Those under the prefix."""
        admin = AdminClient({"bootstrap.servers": self.brokers})
        names = [name for name in admin.list_topics(timeout=END_S).topics if name.startswith(self.prefix)]
        for answer in admin.delete_topics(names, operation_timeout=END_S).values() if names else ():
            answer.result()

    def finish(self, *words: str) -> None:
        """Run a command to its end. Raises RuntimeError where that is not a good one."""
        process = self.tapeline(*words)
        _, errors = process.communicate(timeout=FINISH_S)
        if process.returncode:
            raise RuntimeError(f"tapeline {' '.join(words)} ended with {process.returncode}\n{errors}")

    def words(self, job: str, data: str) -> tuple[str, ...]:
        """The command that runs a job with its state in this directory."""
        return ("run", "--quiet", "--job", job, "--without", "clickhouse", "--data", str(self.folder / data))

    def start(self, job: str, data: str, *options: str) -> Job:
        """Run a job until it is ended."""
        times = self.folder / f"{data}-{len(self.started)}.times"
        process = self.tapeline(*self.words(job, data), *options, **{TIMES_VARIABLE: str(times)})
        return Job(process, self.folder / data, times)

    def topic(self, stream: str) -> str:
        return self.graph.kafka.topic(stream)

    def partitions_of(self, stream: str) -> int:
        return self.graph.streams[stream].partitions

    def message(self, stream: str, record: Record) -> Sendable:
        declared = self.graph.streams[stream]
        key = record.key(KEY_FIELDS.index(declared.key)).encode()
        branch = b""
        if len(declared.schemas) > 1:
            names = [schema.name for schema in declared.schemas]
            branch = bytes([names.index(type(record).__name__) << 1])
        value = b"\0" + self.schemas.ids[stream].to_bytes(4, "big") + branch + encoded(record)
        order = f"{record.event_id_hi:016x}" if stream == "order-requests" else ""
        return Sendable(self.graph.kafka.topic(stream), partition_of(key, declared.partitions), key, value, order)


def send(cluster: Cluster, messages: Iterable[Sendable]) -> None:
    """All at once."""
    producer = Producer(
        {"bootstrap.servers": cluster.brokers, "queue.buffering.max.messages": 2_000_000, "linger.ms": 5}
    )
    for number, item in enumerate(messages):
        producer.produce(item.topic, item.value, item.key, item.partition)
        if number % 1_000 == 0:
            producer.poll(0)
    producer.flush()
