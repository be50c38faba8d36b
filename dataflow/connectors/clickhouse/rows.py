"""Turns blocks of a stream into what ClickHouse takes: an Avro container per table, each row with its offset."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from librt.strings import BytesWriter

from dataflow.avro_container import encode_block, encode_header, sync_marker
from dataflow.graph import Stream
from dataflow.model import RecordType
from dataflow.ports import Block

OFFSET = "stream_offset"
"""Number of the row's record in its stream, from 0: the column that tells rows of a replay from those before."""


@dataclass(frozen=True)
class Insert:
    """Rows for one table, small enough to be one atomic block there."""

    table: str
    columns: tuple[str, ...]
    container: bytes
    token: str


def table_names(stream: Stream) -> dict[str, str]:
    """Table of each record type: the stream's name, and the type's where a stream has several."""
    name = stream.name.replace("-", "_")
    if len(stream.schemas) == 1:
        return {stream.schemas[0].name: name}
    return {kind.name: f"{name}_{snake_case(kind.name)}" for kind in stream.schemas}


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def inserts(stream: Stream, block: Block, epoch: int) -> Iterator[Insert]:
    """What to insert for a block: deterministic, so that repeating it repeats the tokens."""
    rows: dict[int, list[bytes]] = {}
    scratch = BytesWriter()
    position = 0
    for offset in range(block.first, block.first + block.count):
        branch = 0
        if len(stream.schemas) > 1:
            branch = block.payload[position] >> 1
            position += 1
        end = position + _length(stream.schemas[branch], block.payload, position, scratch)
        rows.setdefault(branch, []).append(zigzag(offset) + block.payload[position:end])
        position = end
    for branch, data in rows.items():
        kind = stream.schemas[branch]
        table = table_names(stream)[kind.name]
        token = f"{stream.name}:{kind.name}:{block.first}-{block.count}:{epoch}"
        yield Insert(table, columns(kind), container(stream.name, kind, data), token)


def _length(kind: RecordType, payload: bytes, position: int, scratch: BytesWriter) -> int:
    """Bytes of the record there: ours is the only encoding that is written, so encoding it again tells."""
    scratch.truncate(0)
    kind.decode(payload, position).encode_into(scratch)
    return len(scratch)


def zigzag(value: int) -> bytes:
    """A non-negative number as an Avro long."""
    rest = value << 1
    encoded = bytearray()
    while rest >= 0x80:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def columns(kind: RecordType) -> tuple[str, ...]:
    return (OFFSET, *(field["name"] for field in json.loads(kind.schema_json)["fields"]))


def container(name: str, kind: RecordType, rows: list[bytes]) -> bytes:
    schema: dict[str, Any] = json.loads(kind.schema_json)
    schema["fields"].insert(0, {"name": OFFSET, "type": "long"})
    marker = sync_marker(name)
    return encode_header(json.dumps(schema), {}, marker) + encode_block(len(rows), b"".join(rows), marker)
