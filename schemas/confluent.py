"""Confluent's wire format: magic byte 0, the schema's id as four bytes big-endian, then the Avro datum.

Ids come from a registry. `LocalRegistry` makes them from the schemas themselves, so that files and tests need no
server; where Kafka is, the Schema Registry hands them out.
Source: Confluent Schema Registry documentation, "Wire format".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Final

from librt.strings import BytesWriter, read_i32_be, write_i32_be
from mypy_extensions import i64

from dataflow.model import Record
from schemas.compatibility import RELEASED, present_schemas, released_schemas, without_docs

MAGIC: Final = 0
HEADER_BYTES: Final = 5
ID_MAX: Final = (1 << 31) - 1


def frame(schema_id: int, record: Record) -> bytes:
    """The record as a Kafka message value. Raises ValueError for an id that no registry gives."""
    if not 0 < schema_id <= ID_MAX:
        raise ValueError(f"a schema id is from 1 to {ID_MAX}, not {schema_id}")
    writer = BytesWriter()
    writer.append(MAGIC)
    write_i32_be(writer, schema_id)
    record.encode_into(writer)
    return writer.getvalue()


def parse(message: bytes) -> tuple[int, i64]:
    """Schema id of a Kafka message value, and where its datum starts. Raises ValueError with the reason."""
    if len(message) == 0:
        raise ValueError("an empty message (a tombstone has no value at all)")
    if message[0] != MAGIC:
        hint = ": this looks like JSON" if message[:1] in (b"{", b"[") else ""
        raise ValueError(f"the first byte is {message[0]}, not the magic byte 0 of Confluent's wire format{hint}")
    if len(message) < HEADER_BYTES:
        raise ValueError(f"{len(message)} bytes end within the schema id")
    schema_id: int = read_i32_be(message, 1)
    if schema_id <= 0:
        raise ValueError(f"schema id {schema_id} is none that a registry gives")
    if len(message) == HEADER_BYTES:
        raise ValueError(f"no datum after schema id {schema_id}")
    return schema_id, HEADER_BYTES


def fingerprint(schema_json: str) -> str:
    """SHA-256 of what the schema says of bytes and meaning; docs, spaces and the order of JSON keys do not count."""
    bare = json.dumps(without_docs(json.loads(schema_json)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(bare.encode()).hexdigest()


class LocalRegistry:
    """Schema ids without a server: the same schema has the same id in every process, on every machine."""

    def __init__(self, schemas: Iterable[str] = ()) -> None:
        self._schemas: dict[int, str] = {}
        for schema_json in schemas:
            self.register(schema_json)

    def register(self, schema_json: str) -> int:
        """The schema's id: 31 bits of its fingerprint. Raises ValueError if another schema has the same."""
        schema_id = int(fingerprint(schema_json)[:8], 16) % ID_MAX + 1
        known = self._schemas.setdefault(schema_id, schema_json)
        if known != schema_json and fingerprint(known) != fingerprint(schema_json):
            names = f"{json.loads(known)['name']} and {json.loads(schema_json)['name']}"
            raise ValueError(f"{names} have the same local schema id {schema_id}: use a Schema Registry")
        return schema_id

    def schema(self, schema_id: int) -> str:
        """The schema with this id, as first registered. Raises ValueError for an unknown id."""
        known = self._schemas.get(schema_id)
        if known is None:
            raise ValueError(f"schema id {schema_id} is not registered")
        return known


def registry_of_this_tree() -> LocalRegistry:
    """Every released version and every present schema: whatever this program or an earlier one has written."""
    released = [version for versions in released_schemas(RELEASED).values() for version in versions]
    return LocalRegistry(json.dumps(schema) for schema in (*released, *present_schemas().values()))
