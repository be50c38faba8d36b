"""Schemas by id while a job runs: known, unknown, or nobody could say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from dataflow.connectors.kafka.registry import open_registry
from dataflow.connectors.kafka.schema_lookup import ASK_AGAIN_S, AWAY_S, SchemaLookup
from dataflow.connectors.kafka.unknown_schemas import RegistryAway, UnknownSchemaId
from dataflow.graph import KafkaSettings


class FakeRegistry:
    """A registry that knows schema 7, and can be switched off."""

    def __init__(self) -> None:
        self.is_there = True
        self.asked = 0

    def get_schema(self, schema_id: int) -> Any:
        self.asked += 1
        if not self.is_there:
            raise OSError("Connection refused")
        if schema_id != 7:
            raise SchemaRegistryError(404, 40403, "No content with ID was found.")
        return SimpleNamespace(schema_str='"string"')


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lookup(registry: FakeRegistry, clock: Clock) -> SchemaLookup:
    return SchemaLookup(registry, clock)


def test_what_was_found_once_is_known_when_the_registry_is_away(lookup: SchemaLookup, registry: FakeRegistry) -> None:
    before = lookup.schema(7)
    registry.is_there = False
    assert (before, lookup.schema(7), registry.asked) == ('"string"', '"string"', 1)


def test_an_unknown_id_is_not_the_same_as_a_registry_that_is_away(lookup: SchemaLookup, registry: FakeRegistry) -> None:
    with pytest.raises(UnknownSchemaId, match="schema id 8 is not registered"):
        lookup.schema(8)
    registry.is_there = False
    with pytest.raises(RegistryAway, match="cannot ask the Schema Registry for schema 9: nothing listens there"):
        lookup.schema(9)


def test_noise_is_no_flood_of_requests_and_what_is_registered_later_is_found(
    lookup: SchemaLookup, registry: FakeRegistry, clock: Clock
) -> None:
    for _ in range(3):
        with pytest.raises(UnknownSchemaId):
            lookup.schema(8)
    asked = registry.asked
    clock.now = ASK_AGAIN_S
    with pytest.raises(UnknownSchemaId):
        lookup.schema(8)
    assert (asked, registry.asked) == (1, 2)


def test_a_registry_that_is_away_is_asked_again_after_a_moment(
    lookup: SchemaLookup, registry: FakeRegistry, clock: Clock
) -> None:
    registry.is_there = False
    for _ in range(3):
        with pytest.raises(RegistryAway):
            lookup.schema(7)
    asked = registry.asked
    registry.is_there = True
    clock.now = AWAY_S
    assert (asked, lookup.schema(7)) == (1, '"string"')


def test_a_schema_that_was_told_is_not_asked_for(lookup: SchemaLookup, registry: FakeRegistry) -> None:
    lookup.know(9, '"long"')
    assert (lookup.schema(9), registry.asked) == ('"long"', 0)


def test_the_real_registry_says_unknown(cluster: KafkaSettings) -> None:
    with open_registry(cluster) as registry, pytest.raises(UnknownSchemaId):
        SchemaLookup(registry).schema(2_000_000_000)


def test_a_registry_that_went_away_is_no_unknown_id() -> None:
    with SchemaRegistryClient({"url": "http://127.0.0.1:1", "max.retries": 0}) as registry:
        lookup = SchemaLookup(registry)
        with pytest.raises(RegistryAway, match="nothing listens there"):
            lookup.schema(7)
