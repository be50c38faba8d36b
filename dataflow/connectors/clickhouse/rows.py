"""Turns blocks of a stream into what ClickHouse takes: Avro containers, one table each, every row with its offset."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from librt.strings import BytesWriter

from dataflow.avro_container import decode_header, encode_block, encode_header, sync_marker
from dataflow.graph import Stream
from dataflow.model import RecordType
from dataflow.ports import Block

OFFSET: Final = "stream_offset"
"""Column with the number of the row's record in its stream, from 0: what tells rows of a replay from those before."""
CHUNK_ROWS: Final = 50_000
CHUNK_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Chunk:
    """Rows of one table that are inserted at once: those of the records from `first` up to `end` of one stream."""

    table: str
    first: int
    end: int
    rows: int
    """Fewer than `end - first` where the stream has several record types."""
    container: bytes


def table_names(stream: Stream) -> dict[str, str]:
    """Table of each record type: the stream's name, with the type's behind it where the stream has several."""
    name = stream.name.replace("-", "_")
    if len(stream.schemas) == 1:
        return {stream.schemas[0].name: name}
    return {kind.name: f"{name}_{snake_case(kind.name)}" for kind in stream.schemas}


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def columns(kind: RecordType) -> tuple[str, ...]:
    """Columns that a table of these records must have."""
    return (OFFSET, *(field["name"] for field in json.loads(kind.schema_json)["fields"]))


def columns_of(container: bytes) -> tuple[str, ...]:
    """The columns that a container holds, as its own schema names them."""
    header = decode_header(container)
    assert header is not None
    return tuple(field["name"] for field in json.loads(header.schema_json)["fields"])


class _Gathered:
    """Rows of one table that wait to be a chunk."""

    def __init__(self, stream: Stream, kind: RecordType) -> None:
        schema: dict[str, Any] = json.loads(kind.schema_json)
        schema["fields"].insert(0, {"name": OFFSET, "type": "long"})
        self.kind = kind
        self.table = table_names(stream)[kind.name]
        self.marker = sync_marker(stream.name)
        self.header = encode_header(json.dumps(schema, separators=(",", ":")), {}, self.marker)
        self.data = BytesWriter()
        self.first = 0
        self.end = 0
        self.rows = 0

    def add(self, offset: int, payload: bytes, position: int) -> int:
        """Take the record encoded at `position`; returns where the next one begins. Ours is the only encoding that is
        written, so what encoding it again adds is its length."""
        if self.rows == 0:
            self.first = offset
        record = self.kind.decode(payload, position)
        write_long(self.data, offset)
        before = len(self.data)
        record.encode_into(self.data)
        self.rows += 1
        self.end = offset + 1
        return position + len(self.data) - before

    def is_full(self) -> bool:
        return self.rows >= CHUNK_ROWS or len(self.data) >= CHUNK_BYTES

    def take(self) -> Chunk:
        container = self.header + encode_block(self.rows, self.data.getvalue(), self.marker)
        chunk = Chunk(self.table, self.first, self.end, self.rows, container)
        self.data.truncate(0)
        self.rows = 0
        return chunk


class Chunker:
    """Cuts one stream into chunks, each of one table and small enough to be one block there."""

    def __init__(self, stream: Stream) -> None:
        self._tables = [_Gathered(stream, kind) for kind in stream.schemas]
        self._is_union = len(stream.schemas) > 1

    def add(self, block: Block) -> Iterator[Chunk]:
        """Take the records of a block; gives the chunks that are full."""
        position = 0
        for offset in range(block.first, block.first + block.count):
            gathered = self._tables[0]
            if self._is_union:
                gathered = self._tables[block.payload[position] >> 1]
                position += 1
            position = gathered.add(offset, block.payload, position)
            if gathered.is_full():
                yield gathered.take()
        if position != len(block.payload):
            raise ValueError(f"{block.stream}: the block of record {block.first} holds more than {block.count} records")

    def rest(self) -> Iterator[Chunk]:
        """What has gathered since."""
        for gathered in self._tables:
            if gathered.rows:
                yield gathered.take()


def write_long(writer: BytesWriter, value: int) -> None:
    """A number that is not negative, as an Avro long."""
    rest = value << 1
    while rest >= 0x80:
        writer.append(rest & 0x7F | 0x80)
        rest >>= 7
    writer.append(rest)
