"""Schemas by id while a job runs: what was found once is known for ever, whether the registry still answers or not.

An id of a schema never gets another one. Three outcomes: the schema; `UnknownSchemaId`, which the registry itself has
said (the message is a dead letter); `RegistryAway`, nobody could say (the message waits). Neither of the last two is
asked for again within a moment, so that a flood of noise does not become a flood of requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from confluent_kafka.schema_registry.error import SchemaRegistryError

from dataflow.connectors.kafka.registry import REGISTRY_ERRORS, UNKNOWN_SCHEMA, registry_fault_of
from dataflow.connectors.kafka.unknown_schemas import RegistryAway, UnknownSchemaId

ASK_AGAIN_S: Final = 5.0
AWAY_S: Final = 1.0
UNKNOWN_IDS_MAX: Final = 10_000


class SchemaSource(Protocol):
    """The one method of the registry's client that is needed."""

    def get_schema(self, schema_id: int) -> Any: ...


class SchemaLookup:
    """Bound: schemas of all ids that messages named; at most UNKNOWN_IDS_MAX ids that name none."""

    def __init__(self, registry: SchemaSource, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._schemas: dict[int, str] = {}
        self._unknown: dict[int, float] = {}
        """Id → when it may be asked for again."""
        self._away_until = float("-inf")
        self._away = ""

    def know(self, schema_id: int, schema_json: str) -> None:
        """Say what a schema is, so that nobody need be asked."""
        self._schemas[schema_id] = schema_json

    def schema(self, schema_id: int) -> str:
        """The schema as JSON. Raises UnknownSchemaId or RegistryAway."""
        known = self._schemas.get(schema_id)
        if known is not None:
            return known
        now = self._clock()
        if self._unknown.get(schema_id, now) > now:
            raise UnknownSchemaId(f"schema id {schema_id} is not registered")
        if self._away_until > now:
            raise RegistryAway(self._away)
        self._schemas[schema_id] = found = self._ask(schema_id, now)
        return found

    def _ask(self, schema_id: int, now: float) -> str:
        try:
            return str(self._registry.get_schema(schema_id).schema_str)
        except (*REGISTRY_ERRORS, ValueError, OSError) as error:
            if isinstance(error, SchemaRegistryError) and error.error_code == UNKNOWN_SCHEMA:
                if len(self._unknown) >= UNKNOWN_IDS_MAX:
                    self._unknown.clear()
                self._unknown[schema_id] = now + ASK_AGAIN_S
                raise UnknownSchemaId(f"schema id {schema_id} is not registered") from None
            self._away = str(registry_fault_of(error, f"ask the Schema Registry for schema {schema_id}"))
            self._away_until = self._clock() + AWAY_S
            raise RegistryAway(self._away) from None
