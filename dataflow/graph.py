"""A valid graph: what `pipelines.yaml` declares, resolved and checked. Engines take nothing else.

`dataflow.load` makes it or reports every fault; once made, every name in it exists and every type fits.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from dataflow.model import NoParameters, OperatorType, RecordType, hash_text

KEY_GROUPS = 1024
"""Fixed from the first day: a key belongs to one of these for ever, and a job is rescaled by moving whole groups."""


@dataclass(frozen=True)
class ConnectorType:
    """A source or sink connector, as far as the graph must know it."""

    name: str
    summary: str
    parameters: type = NoParameters
    """A frozen dataclass, as in `OperatorType`."""
    records: tuple[str, ...] = ()
    """Sources: record types it reads; none named is any."""


@dataclass(frozen=True)
class Catalog:
    """Everything a graph may name. `jobs` gives it: the mechanism knows no business."""

    records: dict[str, RecordType]
    operators: dict[str, OperatorType]
    sources: dict[str, ConnectorType]
    sinks: dict[str, ConnectorType]
    late_record: str = "LateEvent"
    """Record type that carries late records."""
    dead_letter_record: str = "DeadLetter"
    """Record type that carries unreadable input."""


@dataclass(frozen=True)
class Stream:
    """A named flow of records of one or more types, keyed by one field. Engines that need topics make it one."""

    name: str
    schemas: tuple[RecordType, ...]
    key: str
    partitions: int
    retention_ms: int
    compression: str
    """none, lz4, snappy, zstd or gzip: of the topic; local logs are not compressed."""
    min_insync_replicas: int = 1
    doc: str = ""
    linger_ms: int = 0
    """On Kafka its records may become visible so long after their turn, which makes room for streams that are waited
    for."""
    planned: bool = False
    """Declared so that topics and schemas can be made ready; nothing reads or writes it yet."""


@dataclass(frozen=True)
class Source:
    """A connector that feeds one stream from outside."""

    name: str
    uses: str
    """Connector: simulator, lean, lobster, csv, kafka, …"""
    stream: str
    out_of_orderness_ms: int
    """How far behind the latest event time a record may be before it is late."""
    idle_after_ms: int
    """A partition silent for so long no longer holds the watermark back."""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Operator:
    """One operator in its place."""

    uid: str
    type: OperatorType
    inputs: tuple[str, ...]
    """Streams."""
    outputs: tuple[str, ...]
    """Streams; a record goes to the one that holds its type."""
    key: tuple[str, ...]
    late: str | None
    """Stream for late inputs."""
    feedback: tuple[str, ...]
    """Those of `inputs` that close a declared cycle."""
    parameters: Any
    """An instance of `type.parameters`."""


@dataclass(frozen=True)
class Sink:
    """A connector that takes streams out."""

    name: str
    uses: str
    """Connector: log, clickhouse, kafka, …"""
    streams: tuple[str, ...]
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """Operators that are deployed together, with the sources that feed them and the sinks they fill."""

    name: str
    operators: tuple[str, ...]
    """uids, in the order of the file."""
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    doc: str = ""


@dataclass(frozen=True)
class KafkaSecurity:
    """How to get into a cluster: encryption, and who we are."""

    protocol: str = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    mechanism: str = "SCRAM-SHA-512"
    """SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN; counts where the protocol is one of SASL."""
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""
    """File of the certificates that are trusted; empty: those of the operating system."""
    certificate: str = ""
    """File of our own certificate, where the cluster asks for one."""
    key: str = ""
    """File of its private key."""


@dataclass(frozen=True)
class KafkaSettings:
    """The cluster and the Schema Registry that streams lie in."""

    brokers: str = ""
    """host:port, several separated by commas. Empty: no Kafka."""
    registry: str = field(default="", repr=False)
    """URL of a Schema Registry with Confluent's interface; it may hold a password. Empty: none."""
    security: KafkaSecurity = KafkaSecurity()
    replication: int = 1
    """Copies of each topic."""
    prefix: str = ""
    """Stands before the name of each topic: several environments may share one cluster."""

    def topic(self, stream: str) -> str:
        """The topic that a stream is."""
        return self.prefix + stream

    def turns_topic(self, application: str) -> str:
        """The topic in which a running application keeps what recovery needs: see `connectors.kafka.ledger`."""
        return f"{self.prefix}tapeline-{application}-turns"

    def subject(self, stream: str) -> str:
        """The name under which the registry has the schema of a stream's values."""
        return f"{self.topic(stream)}-value"


@dataclass(frozen=True)
class Graph:
    streams: dict[str, Stream]
    sources: dict[str, Source]
    operators: dict[str, Operator]
    sinks: dict[str, Sink]
    jobs: dict[str, Job]
    dead_letters: str
    """Stream of inputs that could not be read or processed."""
    kafka: KafkaSettings = KafkaSettings()
    environment: str = "default"
    secrets: frozenset[str] = frozenset()
    """Parameters that hold secrets, for example `sinks.clickhouse.parameters.password`: never to be shown."""

    def consumers(self, stream: str) -> list[Operator]:
        """Operators that read the stream, in the order of the file."""
        return [operator for operator in self.operators.values() if stream in operator.inputs]

    def topology(self, uids: tuple[str, ...]) -> dict[str, Any]:
        """What a checkpoint must agree with: wiring, keys, state schemas and parameters of these operators."""
        return {
            uid: {
                "uses": operator.type.name,
                "inputs": list(operator.inputs),
                "outputs": list(operator.outputs),
                "key": list(operator.key),
                "late": operator.late,
                "state": operator.type.state.name,
                "parameters": asdict(operator.parameters),
            }
            for uid, operator in self.operators.items()
            if uid in uids
        }


def key_group(key: str) -> int:
    """The group a key belongs to, for ever, on every engine."""
    return int(hash_text(key)) % KEY_GROUPS


def topology_hash(topology: dict[str, Any]) -> str:
    """SHA-256 of a topology, in hexadecimal."""
    return hashlib.sha256(json.dumps(topology, sort_keys=True).encode()).hexdigest()
