"""Messages of a topic as people and programs read them: decoded by the schemas of the registry, with fastavro."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

from fastavro import parse_schema, schemaless_reader
from fastavro.schema import SchemaParseException

FRAME_BYTES: Final = 5
NO_RECORD: Final = (EOFError, IndexError, ValueError, TypeError, KeyError, OverflowError, MemoryError)


class ValueReader:
    """Takes message values apart. `schema` gives the schema of an id as JSON, and raises ValueError for none."""

    def __init__(self, schema: Callable[[int], str]) -> None:
        self._schema = schema
        self._parsed: dict[int, tuple[Any, str]] = {}

    def read(self, value: bytes) -> tuple[str, dict[str, Any]]:
        """Record type (without namespace) and fields. Raises ValueError with the reason."""
        if len(value) < FRAME_BYTES or value[0] != 0:
            raise ValueError("no Confluent frame")
        schema_id = int.from_bytes(value[1:FRAME_BYTES], "big")
        parsed, single = self._parsed_schema(schema_id)
        buffer = BytesIO(value)
        buffer.seek(FRAME_BYTES)
        try:
            datum: Any = schemaless_reader(
                buffer, parsed, None, return_record_name=True, return_record_name_override=True
            )
            name, fields = (single, datum) if single else datum
        except NO_RECORD as error:
            raise ValueError(f"no datum of schema {schema_id}: {error}") from None
        if buffer.tell() != len(value):
            raise ValueError(f"{len(value) - buffer.tell()} bytes behind the datum of schema {schema_id}")
        return name.rpartition(".")[2], fields

    def _parsed_schema(self, schema_id: int) -> tuple[Any, str]:
        if schema_id not in self._parsed:
            schema = json.loads(self._schema(schema_id))
            try:
                single = schema["name"] if isinstance(schema, dict) and schema.get("type") == "record" else ""
                self._parsed[schema_id] = (parse_schema(schema), single)
            except (SchemaParseException, *NO_RECORD) as error:
                raise ValueError(f"schema {schema_id} cannot be used: {error}") from None
        return self._parsed[schema_id]
