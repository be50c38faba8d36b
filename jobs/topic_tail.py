"""`tapeline topics tail` on a Kafka topic: the last committed records, and those that come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Message

from dataflow.connectors.kafka.clients import open_admin
from dataflow.connectors.kafka.schema_lookup import SchemaLookup
from dataflow.connectors.kafka.topic_tail import TopicTail
from dataflow.connectors.kafka.topics import read_topics, topic_names
from dataflow.connectors.kafka.values import ValueReader
from dataflow.graph import Graph, KafkaSettings
from dataflow.ports import InputFault
from jobs.command_registry import command_registry
from jobs.conditions import Condition, read_conditions, suggested
from jobs.local_schemas import LocalSchemas
from jobs.local_topics import PAGE_RECORDS, TAIL_RECORDS
from jobs.record_lines import RecordLine, show_json, show_table

NANOS = 1_000_000
TOMBSTONE = "(tombstone)"
UNREADABLE = "(unreadable)"
BYTES_SHOWN = 32
"""Of what is no record, to people."""


def tail_topic(graph: Graph, settings: KafkaSettings, stream: str, options: dict[str, Any]) -> None:
    """Show the records asked for, and with `follow` those that come. Raises InputFault."""
    stream = stream.removeprefix(settings.prefix) if stream not in graph.streams else stream
    conditions = read_conditions(options["where"], _fields(graph, stream))
    partitions = _partitions(settings, stream)
    schemas = SchemaLookup(command_registry(settings)) if settings.registry else LocalSchemas(graph.streams.values())
    values = ValueReader(schemas.schema)
    with closing(TopicTail(settings, settings.topic(stream), partitions)) as tail:
        _View(stream, tail, values, conditions, options["form"] == "json").show(options)


def _partitions(settings: KafkaSettings, stream: str) -> int:
    admin = open_admin(settings)
    name = settings.topic(stream)
    found = read_topics(admin, [name])
    if name not in found:
        known = [topic.removeprefix(settings.prefix) for topic in topic_names(admin, settings.prefix)]
        remedy = suggested(stream, known) if known else "`tapeline topics apply` makes those declared"
        raise InputFault(f"there is no topic {name} at {settings.brokers}\n    {remedy}")
    return found[name].partitions


def _fields(graph: Graph, stream: str) -> set[str]:
    """Fields that the stream's records have; empty where it is not declared."""
    if stream not in graph.streams:
        return set()
    return {"type", *(name for schema in graph.streams[stream].schemas for name in schema.new().to_dict())}


@dataclass(frozen=True)
class _View:
    """What of a topic is shown, and how."""

    stream: str
    tail: TopicTail
    values: ValueReader
    conditions: list[Condition]
    as_json: bool

    def show(self, options: dict[str, Any]) -> None:
        if options["first"] is None:
            count = TAIL_RECORDS if options["count"] is None else options["count"]
            self.display(self.tail.last(count, self.keep), True)
        else:
            self.show_all(self.tail.since(options["first"], self.keep, options["count"]))
        if options["follow"]:
            self.follow()

    def show_all(self, messages: Iterator[Message]) -> None:
        page: list[Message] = []
        titles = True
        for message in messages:
            page.append(message)
            if len(page) == PAGE_RECORDS:
                self.display(page, titles)
                page, titles = [], False
        if page or titles:
            self.display(page, titles)

    def follow(self) -> None:
        try:
            for message in self.tail.follow(self.keep):
                self.display([message], False)
        except KeyboardInterrupt:
            return

    def display(self, messages: Iterable[Message], titles: bool) -> None:
        lines = [self.line(message) for message in messages]
        if self.as_json:
            show_json(lines)
        else:
            show_table(lines, "partition:offset", titles)

    def keep(self, message: Message) -> bool:
        if not self.conditions:
            return True
        kind, fields = self.read(message)
        return all(condition.holds(kind, fields) for condition in self.conditions)

    def line(self, message: Message) -> RecordLine:
        kind, fields = self.read(message)
        partition, offset, key = message.partition(), message.offset(), message.key()
        text = None if key is None else bytes(key).decode("utf-8", "replace")
        origin = {"stream": self.stream, "partition": partition, "offset": offset, "key": text}
        at_ns = fields.get("event_time_ns", message.timestamp()[1] * NANOS)
        return RecordLine(f"{partition}:{offset}", kind, fields, at_ns, origin)

    def read(self, message: Message) -> tuple[str, dict[str, Any]]:
        """Record type and fields; of what is none, why, and its bytes."""
        value = message.value()
        if value is None:
            return TOMBSTONE, {}
        try:
            return self.values.read(bytes(value))
        except ValueError as error:
            shown = bytes(value) if self.as_json else bytes(value)[:BYTES_SHOWN]
            return UNREADABLE, {"error": str(error), "bytes": len(value), "value": shown}
