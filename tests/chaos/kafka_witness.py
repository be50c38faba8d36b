"""Foreign witnesses: consumers that use none of our code, and what they must have read.

The plain consumer is confluent-kafka and fastavro; it knows pipelines.yaml and the .avsc files as text. The other is
Kafka's own console consumer.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fastavro
import yaml
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

SCHEMAS: Final = Path(__file__).parent.parent.parent / "schemas" / "avsc" / "event"
FRAME: Final = 5
"""Bytes of Confluent's frame: 0, then the schema's id."""
JAVA_S: Final = 60
PRODUCERS: Final = {
    "market-data": ("symbol",),
    "market-data-rejects": ("symbol",),
    "analytics": ("symbol",),
    "alerts": ("symbol",),
    "alert-rule-rejects": ("symbol",),
    "conflated-quotes": ("symbol",),
    "trades": ("symbol",),
    "auctions": ("symbol",),
    "risk-events": ("account",),
    "validated-orders": ("account", "symbol"),
    "order-events": ("account", "symbol"),
    "trade-events": ("account", "symbol"),
    "order-rejects": ("account", "symbol", "step"),
}
"""Fields that together name one key of one operator and of the stream: such records were numbered upwards by their
operator, and lie in one partition."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as a stranger reads it."""

    partition: int
    key: str
    event_id: str
    """As its header has it."""
    type: str
    fields: dict[str, Any]


Streams = dict[str, list[Seen]]


class PlainConsumer:
    """Reads committed messages only, each topic from its begin to its present end."""

    def __init__(self, brokers: str, pipelines: Path, prefix: str) -> None:
        self.prefix = prefix
        self.brokers = brokers
        streams: dict[str, Any] = yaml.safe_load(pipelines.read_text())["streams"]
        self.schemas = {name: _schemas(item["schema"]) for name, item in streams.items() if not item.get("planned")}

    def read(self) -> Streams:
        consumer = Consumer(
            {
                "bootstrap.servers": self.brokers,
                "group.id": f"{self.prefix}witness",
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
            }
        )
        try:
            return self._read(consumer)
        finally:
            consumer.close()

    def _read(self, consumer: Consumer) -> Streams:
        topics = consumer.list_topics(timeout=10).topics
        found: Streams = {name: [] for name in self.schemas}
        places = [
            TopicPartition(f"{self.prefix}{name}", number, 0)
            for name in self.schemas
            for number in topics[f"{self.prefix}{name}"].partitions
        ]
        consumer.assign(places)
        left = len(places)
        while left:
            messages: list[Any] = consumer.consume(5_000, 0.1)
            for message in messages:
                error = message.error()
                if error is None:
                    name = message.topic().removeprefix(self.prefix)
                    found[name].append(self._seen(name, message))
                elif error.code() == KafkaError._PARTITION_EOF:
                    left -= 1
                else:
                    raise KafkaException(error)
        return found

    def _seen(self, stream: str, message: Any) -> Seen:
        value = message.value()
        buffer = io.BytesIO(value)
        buffer.seek(FRAME)
        schemas = self.schemas[stream]
        branch: Any = fastavro.schemaless_reader(buffer, "int", None) if len(schemas) > 1 else 0
        schema = schemas[branch]
        fields: Any = fastavro.schemaless_reader(buffer, schema, None)
        if value[0] != 0 or buffer.tell() != len(value):
            raise ValueError(f"{stream}: a message is no frame with one record: {value!r}")
        event_id = dict(message.headers())["event_id"].decode()
        kind = schema["name"].rpartition(".")[2]
        return Seen(message.partition(), message.key().decode(), event_id, kind, fields)


def _schemas(names: str | list[str]) -> list[Any]:
    """One for each branch of the stream's union, or the only one."""
    given = [names] if isinstance(names, str) else names
    return [fastavro.parse_schema(json.loads((SCHEMAS / f"{name}.avsc").read_text())) for name in given]


def java_event_ids(command: list[str], brokers: str, topic: str) -> list[str]:
    """Ids of all committed messages, as Kafka's own console consumer prints them. `command` runs a Java class."""
    options = ["--bootstrap-server", brokers, "--topic", topic, "--from-beginning", "--timeout-ms", "4000"]
    committed = ["--isolation-level", "read_committed"]
    form = ["print.headers=true", "print.value=false", "print.key=false"]
    printed = [word for each in form for word in ("--formatter-property", each)]
    done = subprocess.run(
        [*command, *options, *committed, *printed], capture_output=True, text=True, timeout=JAVA_S, check=False
    )
    return re.findall(r"\bevent_id:([0-9a-f]{32})\b", done.stdout)


def twice_or_wrong(streams: Streams) -> list[str]:
    """Faults: ids that came more than once, or that are not their record's."""
    faults: list[str] = []
    for name, seen in streams.items():
        times = Counter(each.event_id for each in seen)
        twice = [event_id for event_id, count in times.items() if count > 1]
        if twice:
            faults.append(f"{name}: {len(twice)} events of {len(times)} came more than once, {twice[0]} the first")
        wrong = [each for each in seen if each.event_id != each.fields["event_id"].hex()]
        if wrong:
            faults.append(f"{name}: {len(wrong)} headers do not name their record, {wrong[0]} the first")
    return faults


def out_of_order(streams: Streams) -> list[str]:
    """Faults: a later number of a producer before an earlier one, or a key in two partitions."""
    faults: list[str] = []
    for name, seen in streams.items():
        latest: dict[Any, int] = defaultdict(int)
        places: dict[str, int] = {}
        for each in seen:
            fields = PRODUCERS.get(name)
            producer = each.partition if fields is None else tuple(each.fields[field] for field in fields)
            if each.fields["sequence"] <= latest[producer]:
                faults.append(f"{name}: {producer} has {each.fields['sequence']} after {latest[producer]}")
                break
            latest[producer] = each.fields["sequence"]
            if places.setdefault(each.key, each.partition) != each.partition:
                faults.append(f"{name}: key {each.key} is in partitions {places[each.key]} and {each.partition}")
                break
    return faults


def lost_inputs(streams: Streams, expected: dict[str, int]) -> list[str]:
    """Faults: a stream that was fed holds more or fewer records than its source brings."""
    counts = {name: len(streams[name]) for name in expected}
    return [
        f"{name}: {counts[name]} records, {expected[name]} were fed"
        for name in expected
        if counts[name] != expected[name]
    ]


def by_key(seen: list[Seen]) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for each in seen:
        found[each.key].append((each.type, each.fields))
    return found
