"""The Schema Registry of a command."""

from __future__ import annotations

import click
from confluent_kafka.schema_registry import SchemaRegistryClient

from dataflow.connectors.kafka.registry import open_registry
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault


def command_registry(settings: KafkaSettings) -> SchemaRegistryClient:
    """A client of the Schema Registry until the command ends. Raises InputFault, also where none is named."""
    if not settings.registry:
        raise InputFault("no Schema Registry is named\n    set TAPELINE_REGISTRY or give --registry URL")
    registry = open_registry(settings)
    click.get_current_context().call_on_close(registry.close)
    return registry
