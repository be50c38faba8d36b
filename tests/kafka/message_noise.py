"""Messages of any stream that are none, nearly are, are of another schema, or are good, drawn by seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from dataflow.avro_container import stream_schema
from dataflow.blocks import encoded
from dataflow.connectors.kafka.decoder import Message
from dataflow.connectors.kafka.unknown_schemas import UnknownSchemaId
from dataflow.graph import Stream
from dataflow.model import Record
from schemas.definition import Type, load_events
from schemas.wire import EXACT, MONEY_LIMIT

EVENTS: Final = load_events()
NOW_MS: Final = 1_790_000_000_000
NOW_NS: Final = NOW_MS * 1_000_000
PRESENT, REWORDED, RETYPED, SHORTER, FOREIGN, NO_AVRO, NO_JSON = range(1, 8)
UNKNOWN: Final = (0, 8, 1 << 31, 0xFFFFFFFF)
IDS: Final = (PRESENT, PRESENT, PRESENT, REWORDED, REWORDED, RETYPED, SHORTER, FOREIGN, NO_AVRO, NO_JSON, *UNKNOWN)
LONGS: Final = (0, 1, -1, 63, 64, 1 << 31, (1 << 62) - 1, 1 << 62, (1 << 63) - 1, -(1 << 63))
TEXTS: Final = ("", "AAPL", "é" * 40, "x" * 300, "\U0001f600", "\0")
TIMES_MS: Final = (NOW_MS, NOW_MS, NOW_MS, 0, 1, 16_725_225_600_000, (1 << 63) - 1)
"""Now, in 1970, in 2500 and at the end of what Kafka can write."""


class Registry:
    """What a registry may hold beside the stream's present schema: the same in other words, one that reads as another
    type, one that lacks a field, another stream's, and no schemas at all."""

    def __init__(self, stream: Stream, foreign: Stream) -> None:
        self.schemas = {
            PRESENT: json.dumps(stream_schema(stream)),
            REWORDED: json.dumps(_each_record(stream, lambda record: record.update(doc="Other words."))),
            RETYPED: json.dumps(_each_record(stream, _retype)),
            SHORTER: json.dumps(_each_record(stream, lambda record: record["fields"].pop())),
            FOREIGN: json.dumps(stream_schema(foreign)),
            NO_AVRO: '{"type": "object", "properties": {}}',
            NO_JSON: 'syntax = "proto3";',
        }

    def schema(self, schema_id: int) -> str:
        if schema_id not in self.schemas:
            raise UnknownSchemaId
        return self.schemas[schema_id]


def _each_record(stream: Stream, change: Callable[[dict[str, Any]], object]) -> Any:
    schema = stream_schema(stream)
    for record in schema if isinstance(schema, list) else [schema]:
        change(record)
    return schema


def _retype(record: dict[str, Any]) -> None:
    record["fields"][3]["type"] = {"type": "map", "values": "string"}


@dataclass(frozen=True)
class Drawn:
    """A message, and the record that it must become; None where it may become a record or a letter."""

    message: Message
    record: Record | None


class Noise:
    """Messages of one stream by `next`, each of a kind drawn anew."""

    def __init__(self, stream: Stream, seed: int) -> None:
        self.stream = stream
        self.random = random.Random(f"{stream.name} {seed}")
        self.kinds = (self.good, self.noise, self.framed_noise, self.flipped, self.cut, self.longer, self.spliced,
                      self.keyed_otherwise, self.at_another_time, self.extreme)  # fmt: skip

    def next(self) -> Drawn:
        return self.random.choice(self.kinds)()

    def good(self) -> Drawn:
        record = self.record()
        frame = self.frame(self.random.choice((PRESENT, REWORDED)), record)
        return Drawn(Message(self.key(record), frame, NOW_MS), record)

    def noise(self) -> Drawn:
        value = self.random.choice((None, b"", b"\0", b"\0\0\0\0\1", self.some_bytes(), self.some_bytes()))
        return Drawn(Message(b"AAPL", value, NOW_MS), None)

    def framed_noise(self) -> Drawn:
        return self.drawn(self.header() + self.some_bytes())

    def flipped(self) -> Drawn:
        value = bytearray(self.frame(self.random.choice(IDS), self.record()))
        for _ in range(self.random.randrange(1, 4)):
            value[self.random.randrange(len(value))] ^= 1 << self.random.randrange(8)
        return self.drawn(bytes(value))

    def cut(self) -> Drawn:
        value = self.frame(self.random.choice(IDS), self.record())
        return self.drawn(value[: self.random.randrange(len(value))])

    def longer(self) -> Drawn:
        return self.drawn(self.frame(self.random.choice(IDS), self.record()) + self.some_bytes())

    def spliced(self) -> Drawn:
        one, other = (self.frame(self.random.choice(IDS), self.record()) for _ in range(2))
        return self.drawn(one[: self.random.randrange(len(one))] + other[self.random.randrange(len(other)) :])

    def keyed_otherwise(self) -> Drawn:
        key = self.random.choice((None, b"", b"\xff", b"OTHER", self.some_bytes()))
        return Drawn(Message(key, self.frame(PRESENT, self.record()), NOW_MS), None)

    def at_another_time(self) -> Drawn:
        record = self.record()
        record.event_time_ns = self.random.choice((*LONGS, NOW_NS))
        return Drawn(Message(self.key(record), self.frame(PRESENT, record), self.random.choice(TIMES_MS)), None)

    def extreme(self) -> Drawn:
        """One field or another is as far out as its type goes."""
        record = self.record(LONGS)
        return Drawn(Message(self.key(record), self.frame(self.random.choice(IDS), record), NOW_MS), None)

    # Parts

    def drawn(self, value: bytes) -> Drawn:
        return Drawn(Message(self.random.choice((b"AAPL", b"", None)), value, self.random.choice(TIMES_MS)), None)

    def header(self) -> bytes:
        return b"\0" + self.random.choice(IDS).to_bytes(4, "big")

    def some_bytes(self) -> bytes:
        return self.random.randbytes(self.random.choice((1, 3, 20, 100, 400)))

    def frame(self, schema_id: int, record: Record) -> bytes:
        names = [kind.name for kind in self.stream.schemas]
        branch = bytes([names.index(type(record).__name__) << 1]) if len(names) > 1 else b""
        return b"\0" + schema_id.to_bytes(4, "big") + branch + encoded(record)

    def key(self, record: Record) -> bytes:
        text: str = getattr(record, self.stream.key)
        return text.encode()

    def record(self, longs: tuple[int, ...] = (7,)) -> Record:
        kind = self.random.choice(self.stream.schemas)
        definition = EVENTS.records[kind.name]
        record = kind.from_dict({field.name: self.value(field.type, longs) for field in definition.fields})
        record.event_time_ns = NOW_NS - self.random.randrange(10**15)
        record.event_id_hi = 1
        return record

    def value(self, kind: Type, longs: tuple[int, ...]) -> Any:
        draw = self.random
        plain: dict[str, Callable[[], Any]] = {
            "long": lambda: draw.choice(longs),
            "double": draw.random,
            "boolean": lambda: draw.random() < 0.5,
            "string": lambda: draw.choice(TEXTS),
            "bytes": self.some_bytes,
            "price": lambda: Decimal(draw.randrange(10**9)).scaleb(-8),
            "money": lambda: EXACT.scaleb(Decimal(draw.choice((draw.randrange(10**20), MONEY_LIMIT - 1))), -8),
            "id": lambda: draw.randbytes(16),
            "enum": lambda: draw.choice(EVENTS.enums[kind.name].symbols),
            "record": lambda: self.fields(kind.name, longs),
        }
        if kind.kind in plain:
            return plain[kind.kind]()
        assert kind.item is not None
        if kind.kind == "optional":
            return None if draw.random() < 0.5 else self.value(kind.item, longs)
        items = [self.value(kind.item, longs) for _ in range(draw.randrange(3))]
        return items if kind.kind == "array" else dict(zip(TEXTS, items, strict=False))

    def fields(self, name: str, longs: tuple[int, ...]) -> dict[str, Any]:
        return {field.name: self.value(field.type, longs) for field in EVENTS.records[name].fields}
