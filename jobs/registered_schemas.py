"""Ids of the streams' schemas, and schemas by id, as the Schema Registry has them."""

from __future__ import annotations

from collections.abc import Iterable

from dataflow.connectors.kafka.registry import open_registry
from dataflow.connectors.kafka.schema_lookup import SchemaLookup
from dataflow.connectors.kafka.subjects import check_subjects, declared_subjects, register_or_look_up
from dataflow.graph import KafkaSettings, Stream
from jobs.schema_comparison import incompatibilities


class RegisteredSchemas:
    """One client for all of a run: it remembers what it has looked up. Close it."""

    def __init__(self, settings: KafkaSettings, streams: Iterable[Stream]) -> None:
        self._registry = open_registry(settings)
        self._subjects = declared_subjects(streams, settings)
        self._lookup = SchemaLookup(self._registry)
        self.ids: dict[str, int] = {}
        """By stream, once they are registered."""

    def faults(self) -> list[str]:
        """Why a run cannot start with these schemas, a line each: the registry holds another key, or a schema whose
        data this program cannot read. Raises InputFault where it cannot be asked."""
        return check_subjects(self._registry, self._subjects, incompatibilities)

    def register(self) -> None:
        """Register what is not registered yet, if it can read what is there; else an InputFault names the field."""
        self.ids = register_or_look_up(self._registry, self._subjects, incompatibilities)
        for stream, schema_id in self.ids.items():
            self._lookup.know(schema_id, self._subjects[stream].schema_json)

    def schema(self, schema_id: int) -> str:
        """As JSON. Raises UnknownSchemaId, or RegistryAway while the registry is away."""
        return self._lookup.schema(schema_id)

    def close(self) -> None:
        self._registry.close()
