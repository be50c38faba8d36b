"""Ids of the streams' schemas where there is no Schema Registry."""

from __future__ import annotations

from collections.abc import Iterable

from dataflow.connectors.kafka.unknown_schemas import UnknownSchemaId
from dataflow.connectors.kafka.value_schemas import value_schema
from dataflow.graph import Stream
from schemas.confluent import LocalRegistry


class LocalSchemas:
    """Ids that the schemas themselves give, and no schemas but those of this program."""

    def __init__(self, streams: Iterable[Stream]) -> None:
        self._registry = LocalRegistry()
        self.ids = {stream.name: self._registry.register(value_schema(stream)) for stream in streams}

    def faults(self) -> list[str]:
        """None: nobody else has a say."""
        return []

    def register(self) -> None:
        """They have their ids."""

    def schema(self, schema_id: int) -> str:
        """As JSON. Raises UnknownSchemaId."""
        try:
            return self._registry.schema(schema_id)
        except ValueError as error:
            raise UnknownSchemaId(str(error)) from None

    def close(self) -> None:
        """Nothing is open."""
