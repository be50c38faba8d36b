"""The registry keeps what it has acknowledged, and refuses what readers could not read."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from dataflow.services.registry import Registry

CONFLICT = 409


def schema(**fields: str) -> Schema:
    listed = [{"name": name, "type": kind} for name, kind in fields.items()]
    return Schema(json.dumps({"type": "record", "name": "Order", "fields": listed}), "AVRO")


@pytest.fixture
def own_registry(tmp_path_factory: pytest.TempPathFactory, kafka_class_path: str) -> Iterator[Registry]:
    """One of our own, to be killed."""
    registry = Registry(tmp_path_factory.mktemp("registry"))
    yield registry.start()
    registry.kill()


def test_an_incompatible_schema_is_refused(schema_registry: Registry, topic_prefix: str) -> None:
    client, subject = SchemaRegistryClient({"url": schema_registry.url}), f"{topic_prefix}orders-value"
    known = client.register_schema(subject, schema(id="string"))
    client.set_compatibility(subject, level="BACKWARD_TRANSITIVE")
    with pytest.raises(SchemaRegistryError) as fault:
        client.register_schema(subject, schema(id="string", added="long"))
    assert fault.value.http_status_code == CONFLICT
    assert client.get_latest_version(subject).schema_id == known
    client.close()


def test_a_schema_keeps_its_id_when_the_registry_is_killed(own_registry: Registry) -> None:
    client = SchemaRegistryClient({"url": own_registry.url})
    known = client.register_schema("orders-value", schema(id="string"))
    own_registry.restart()
    again = SchemaRegistryClient({"url": own_registry.url})
    assert again.get_latest_version("orders-value").schema_id == known
    assert again.register_schema("trades-value", schema(price="long")) != known
    client.close()
    again.close()
