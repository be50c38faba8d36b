"""Avro object container files, written in blocks of records that are encoded already and read without decoding them.

Source: Apache Avro 1.12 specification, "Object Container Files". A file is a header (magic, metadata with the schema,
sync marker) and blocks (count, size, data, sync marker). The marker here is a function of the stream's name, not drawn
at random, so that the same records cut into the same blocks are the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from fastavro import schemaless_reader, schemaless_writer

from dataflow.graph import Stream

MAGIC: Final = b"Obj\x01"
SYNC_BYTES: Final = 16
BLOCK_HEAD_BYTES_MAX: Final = 20
"""Two varints of ten bytes."""
LONG: Final = "long"
CUT_SHORT: Final = (EOFError, IndexError)
"""What fastavro raises at the end of the data: IndexError inside a varint."""
METADATA: Final[dict[str, Any]] = {"type": "map", "values": "bytes"}
NAMED: Final = ("record", "enum", "fixed", "error")


class ContainerFault(ValueError):
    """The bytes are no container file."""


@dataclass(frozen=True, slots=True)
class Header:
    metadata: dict[str, str]
    sync: bytes
    size: int
    """Bytes it takes at the beginning of the file."""

    @property
    def schema_json(self) -> str:
        return self.metadata["avro.schema"]


@dataclass(frozen=True, slots=True)
class BlockHead:
    count: int
    """Records in the block."""
    start: int
    """Where its data begins, from where the block begins."""
    size: int
    """Bytes of data, without the sync marker behind."""


def stream_schema(stream: Stream) -> Any:
    """The stream's schema as one Avro schema: the record's, or the union of its records in their declared order.

    A schema may define each name once; from the second definition on it is replaced by the full name. Raises
    ValueError where two definitions of one name differ.
    """
    known: dict[str, Any] = {}
    schemas = [_define_once(json.loads(item.schema_json), "", known) for item in stream.schemas]
    return schemas if len(schemas) > 1 else schemas[0]


def _define_once(schema: Any, namespace: str, known: dict[str, Any]) -> Any:
    """`schema` with every name that is in `known` by name; adds the others to it. `namespace` is the enclosing one."""
    if isinstance(schema, list):
        return [_define_once(item, namespace, known) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kind = schema["type"]
    if kind in NAMED:
        name = schema["name"]
        full = name if "." in name else ".".join(filter(None, (schema.get("namespace", namespace), name)))
        namespace = full.rpartition(".")[0]
        if known.setdefault(full, schema) is not schema:
            _check_equal(full, known[full], schema)
            return full
    resolved = dict(schema)
    for part in ("items", "values"):
        if part in schema:
            resolved[part] = _define_once(schema[part], namespace, known)
    if "fields" in schema:
        resolved["fields"] = [
            {**field, "type": _define_once(field["type"], namespace, known)} for field in schema["fields"]
        ]
    if isinstance(kind, dict | list):
        resolved["type"] = _define_once(kind, namespace, known)
    return resolved


def _check_equal(name: str, first: Any, second: Any) -> None:
    if {**first, "namespace": ""} != {**second, "namespace": ""}:
        raise ValueError(f"two schemas of one stream define {name} differently")


def sync_marker(stream: str) -> bytes:
    """The marker between the blocks of a stream's files."""
    return hashlib.sha256(f"tapeline log {stream}".encode()).digest()[:SYNC_BYTES]


def encode_header(schema_json: str, metadata: dict[str, str], sync: bytes) -> bytes:
    entries = {"avro.schema": schema_json, "avro.codec": "null", **metadata}
    buffer = BytesIO()
    buffer.write(MAGIC)
    schemaless_writer(buffer, METADATA, {name: value.encode() for name, value in entries.items()})
    buffer.write(sync)
    return buffer.getvalue()


def decode_header(data: bytes) -> Header | None:
    """The header at the beginning of `data`; None where it is cut short. Raises ContainerFault for anything else."""
    if not data.startswith(MAGIC[: len(data)]):
        raise ContainerFault("it does not begin as an Avro container file")
    buffer = BytesIO(data)
    buffer.seek(len(MAGIC))
    try:
        entries: Any = schemaless_reader(buffer, METADATA, None)
        metadata = {name: value.decode() for name, value in entries.items()}
    except CUT_SHORT:
        return None
    except (ValueError, MemoryError, OverflowError) as error:
        raise ContainerFault(f"its header cannot be read: {error}") from None
    sync = buffer.read(SYNC_BYTES)
    if len(sync) < SYNC_BYTES:
        return None
    if "avro.schema" not in metadata or metadata.get("avro.codec", "null") != "null":
        raise ContainerFault("its header names no schema, or a compression that was not written here")
    return Header(metadata, sync, buffer.tell())


def encode_block(count: int, payload: bytes, sync: bytes) -> bytes:
    head = BytesIO()
    schemaless_writer(head, LONG, count)
    schemaless_writer(head, LONG, len(payload))
    return b"".join((head.getvalue(), payload, sync))


def decode_block_head(data: bytes) -> BlockHead | None:
    """The head of a block at the beginning of `data`; None where it is cut short or no head."""
    buffer = BytesIO(data[:BLOCK_HEAD_BYTES_MAX])
    try:
        count: Any = schemaless_reader(buffer, LONG, None)
        size: Any = schemaless_reader(buffer, LONG, None)
    except CUT_SHORT:
        return None
    return BlockHead(count, buffer.tell(), size) if count > 0 and size >= 0 else None
