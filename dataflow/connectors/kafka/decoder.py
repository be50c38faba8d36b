"""Makes records of Kafka messages, and dead letters of what is none.

Theory of operation. A message of the stream's present schema is decoded by the generated codec; one written under
another schema is resolved to the present one by Avro's rules, the schema taken from the registry by its id. What a
message becomes is a function of its bytes, its place and its broker's time, but for one thing: whether the registry
knew its schema. So a refusal is remembered by its place, and a replay refuses the same messages.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException
from mypy_extensions import mypyc_attr

from dataflow.avro_container import stream_schema
from dataflow.connectors.kafka.unknown_schemas import RegistryAway, UnknownSchemaId
from dataflow.graph import Stream
from dataflow.model import END_OF_TIME, NO_WATERMARK, Record, hash_text

HEADER_BYTES: Final = 5
ID_MAX: Final = (1 << 31) - 1
"""Registries give no higher ids."""
PATIENCE_S: Final = 3.0
ASK_AGAIN_S: Final = 0.2
EARLIEST_NS: Final = 631_152_000 * 1_000_000_000
"""1990-01-01: no market's event is older, a clock that was never set is."""
AHEAD_NS: Final = 24 * 3_600 * 1_000_000_000
"""An event may be so much later than its message: beyond it, one record would close every window there is."""
LATEST_MS: Final = (END_OF_TIME - 1 - AHEAD_NS) // 1_000_000
"""A message may say that it is of any time; what comes after it would not fit into 64 bits."""
RAW_BYTES_MAX: Final = 1 << 20
"""A letter holds so many bytes of a message; no topic of ours takes longer messages."""
TEXT_MAX: Final = 400
NO_DATUM: Final = (
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    SchemaResolutionError,
    SchemaParseException,
)
"""What fastavro raises for schemas that do not go together and for bytes that are no datum, and what setting a record's
fields to what it found there raises."""


class BadMessage(Exception):
    """The message is no record of its stream. `error` is a class of errors, the text one sentence."""

    def __init__(self, error: str, text: str, schema_id: int = -1) -> None:
        super().__init__(text)
        self.error = error
        self.schema_id = schema_id


class Schemas(Protocol):
    """Schemas by id."""

    def schema(self, schema_id: int) -> str:
        """As JSON. Raises UnknownSchemaId or RegistryAway."""


class Place:
    """Where a message stands: one object a partition, whose offset moves."""

    __slots__ = ("offset", "partition", "topic")

    def __init__(self, topic: str, partition: int, offset: int = -1) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset

    def text(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Message(NamedTuple):
    """What Kafka holds of a message."""

    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    """When it was produced, as its producer or its broker has it."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that is no record, for the dead letters."""

    source: str
    place: str
    error: str
    message: str
    schema_id: int
    raw: bytes


@dataclass(frozen=True)
class Reading:
    """What a decoder must know: the stream, its schema's id, the field that is the message's key, and how a dead letter
    is made."""

    source: str
    stream: Stream
    schema_id: int
    key_field: int
    letter: Callable[[Unread], Record]
    refused: dict[str, str]
    """Messages that were refused because of the registry, by place: the error. Grows as more are refused."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Decoder:
    """Decodes the messages of one topic."""

    def __init__(self, reading: Reading, schemas: Schemas) -> None:
        self.reading = reading
        self.schemas = schemas
        self.types = reading.stream.schemas
        self.resolvers: dict[int, _Resolver] = {}
        self.keys: dict[bytes, str] = {}
        self.is_away = False
        """The registry did not answer when last asked."""

    def record(self, place: Place, message: Message) -> Record:
        """The record, or the dead letter, of the message at this place."""
        try:
            return self._read(place, message)
        except BadMessage as bad:
            return self._letter(place, message, bad)

    def _read(self, place: Place, message: Message) -> Record:
        value = message.value
        if value is None:
            raise BadMessage("Tombstone", "the message has no value: this stream's records are never deleted")
        if len(value) <= HEADER_BYTES or value[0] != 0:
            raise BadMessage("NoFrame", _no_frame(value))
        schema_id = int.from_bytes(value[1:HEADER_BYTES], "big")
        try:
            record = self._decode(schema_id, value)
        except (UnknownSchemaId, RegistryAway) as error:
            raise self._refusal(place, schema_id, error) from None
        except ValueError as error:
            raise BadMessage("NoRecord", str(error)[:TEXT_MAX], schema_id) from None
        if self.reading.refused and place.text() in self.reading.refused:
            raise self._refusal(place, schema_id, UnknownSchemaId())
        self._check_key(record, message.key, schema_id)
        _check_time(record, message.timestamp_ms, schema_id)
        if not record.event_id_hi and not record.event_id_lo:
            record.event_id_hi, record.event_id_lo = _identity(place)
        return record

    def _decode(self, schema_id: int, value: bytes) -> Record:
        if schema_id == self.reading.schema_id:
            if len(self.types) == 1:
                return self.types[0].decode_whole(value, HEADER_BYTES)
            branch = value[HEADER_BYTES] >> 1
            if branch >= len(self.types) or value[HEADER_BYTES] & 1:
                raise ValueError(f"there is no branch {branch} in the stream's union")
            return self.types[branch].decode_whole(value, HEADER_BYTES + 1)
        try:
            resolver = self.resolvers.get(schema_id)
            if resolver is None:
                resolver = self.resolvers[schema_id] = _Resolver(self.reading.stream, self._schema(schema_id))
            return resolver.record(value)
        except (UnknownSchemaId, RegistryAway):
            raise
        except NO_DATUM as error:
            raise ValueError(f"no {self._names()}: {error or type(error).__name__}") from None

    def _schema(self, schema_id: int) -> str:
        """Wait a little for a registry that is away, once; then messages of unknown ids are dead letters until it is
        back. Raises UnknownSchemaId or RegistryAway."""
        if not 0 < schema_id <= ID_MAX:
            raise UnknownSchemaId
        deadline = time.monotonic() + (0.0 if self.is_away else PATIENCE_S)
        while True:
            try:
                found = self.schemas.schema(schema_id)
            except RegistryAway:
                self.is_away = time.monotonic() > deadline
                if self.is_away:
                    raise
                time.sleep(ASK_AGAIN_S)
            else:
                self.is_away = False
                return found

    def _refusal(self, place: Place, schema_id: int, error: Exception) -> BadMessage:
        name = self.reading.refused.setdefault(place.text(), type(error).__name__)
        why = "the registry has no such schema" if name == UnknownSchemaId.__name__ else "the registry did not answer"
        return BadMessage(name, f"schema id {schema_id}: {why}", schema_id)

    def _names(self) -> str:
        return " or ".join(kind.name for kind in self.types)

    def _check_key(self, record: Record, key: bytes | None, schema_id: int) -> None:
        """The key decides the partition: records of one key keep their order only if it is theirs."""
        if key is None:
            raise BadMessage("NoKey", f"the message has no key; it must be the {self.reading.stream.key}", schema_id)
        text = self.keys.get(key)
        own = record.key(self.reading.key_field)
        if text != own:
            if key != own.encode():
                fact = f"the message's key is {_shown(key)}, the record's {self.reading.stream.key} is {own!r}"
                raise BadMessage("OtherKey", fact, schema_id)
            if len(self.keys) < 1 << 20:
                self.keys[key] = own

    def _letter(self, place: Place, message: Message, bad: BadMessage) -> Record:
        reading = self.reading
        raw, text = message.value or b"", str(bad)
        if len(raw) > RAW_BYTES_MAX:
            text += f" (of {len(raw):,} bytes the letter holds the first {RAW_BYTES_MAX:,})"
        unread = Unread(reading.source, place.text(), bad.error, text, bad.schema_id, raw[:RAW_BYTES_MAX])
        letter = reading.letter(unread)
        letter.event_time_ns = NO_WATERMARK
        letter.event_id_hi, letter.event_id_lo = _identity(place)
        letter.sequence = place.offset + 1
        return letter


class _Resolver:
    """Reads what was written under another schema of the stream's subject."""

    def __init__(self, stream: Stream, written: str) -> None:
        self.types = {f"tapeline.{kind.name}": kind for kind in stream.schemas}
        writer = json.loads(written)
        branches = writer if isinstance(writer, list) else [writer]
        names = [_full_name(branch) for branch in branches]
        strange = [name for name in names if name not in self.types]
        if strange or isinstance(writer, list) != (len(stream.schemas) > 1):
            raise ValueError(f"the schema is one of {strange or names}, not of this stream")
        self.names = names
        self.single = not isinstance(writer, list)
        self.writer = fastavro.parse_schema(writer)
        self.reader = fastavro.parse_schema(stream_schema(stream))

    def record(self, value: bytes) -> Record:
        data = io.BytesIO(value)
        data.seek(HEADER_BYTES)
        found: Any = fastavro.schemaless_reader(data, self.writer, self.reader, return_record_name=True)
        if data.tell() != len(value):
            raise ValueError(f"{len(value) - data.tell()} bytes follow the record")
        name, fields = (self.names[0], found) if self.single else found
        return self.types[name].from_dict(fields)


def _full_name(schema: Any) -> str:
    if not isinstance(schema, dict):
        return str(schema)
    name = str(schema.get("name", schema.get("type")))
    return name if "." in name or "namespace" not in schema else f"{schema['namespace']}.{name}"


def _check_time(record: Record, timestamp_ms: int, schema_id: int) -> None:
    time_ns = record.event_time_ns
    if time_ns < EARLIEST_NS:
        raise BadMessage("EventTime", f"event time {time_ns} ns lies before 1990", schema_id)
    if time_ns > min(timestamp_ms, LATEST_MS) * 1_000_000 + AHEAD_NS:
        raise BadMessage("EventTime", f"event time {time_ns} ns is over a day later than its message", schema_id)


def _identity(place: Place) -> tuple[int, int]:
    """Both halves of the id of what stands at a place in Kafka."""
    return int(hash_text(f"{place.topic}/{place.partition}")), place.offset


def _no_frame(value: bytes) -> str:
    if not value:
        return "an empty value"
    if value[0] != 0:
        hint = ": this looks like JSON" if value[:1] in (b"{", b"[") else ""
        return f"the first byte is {value[0]}, not the magic byte 0 of Confluent's wire format{hint}"
    return f"{len(value)} bytes are a frame without a datum"


def _shown(key: bytes) -> str:
    return repr(key[:40]) + ("…" if len(key) > 40 else "")
