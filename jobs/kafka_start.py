"""Whether a run can start on Kafka, and the ids of the schemas it writes with."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from dataflow.connectors.kafka.registry import open_registry
from dataflow.connectors.kafka.schema_lookup import SchemaLookup
from dataflow.connectors.kafka.subjects import check_subjects, declared_subjects, register_or_look_up
from dataflow.connectors.kafka.topics import check_topics
from dataflow.graph import KafkaSettings, Stream
from jobs.schema_comparison import incompatibilities


def start_faults(settings: KafkaSettings, streams: Iterable[Stream]) -> list[str]:
    """Why a run cannot start on the topics of these streams, a line each: a topic is missing or has another number of
    partitions; the registry holds another key, or a schema whose data this program cannot read. Raises InputFault
    where the cluster or the registry cannot be asked."""
    wanted = list(streams)
    lines = check_topics(settings, wanted)
    if settings.registry:
        subjects = declared_subjects(wanted, settings)
        with closing(open_registry(settings)) as registry:
            lines += check_subjects(registry, subjects, incompatibilities)
    return lines


class RegisteredSchemas:
    """Ids of the streams' schemas, and schemas by id, as the Schema Registry has them. What is not registered yet is,
    if it can read what is there; else an InputFault names the field. Close it."""

    def __init__(self, settings: KafkaSettings, streams: Iterable[Stream]) -> None:
        self._registry = open_registry(settings)
        subjects = declared_subjects(streams, settings)
        self.ids = register_or_look_up(self._registry, subjects, incompatibilities)
        self._lookup = SchemaLookup(self._registry)
        for stream, schema_id in self.ids.items():
            self._lookup.know(schema_id, subjects[stream].schema_json)

    def schema(self, schema_id: int) -> str:
        """As JSON. Raises UnknownSchemaId, or RegistryAway while the registry is away."""
        return self._lookup.schema(schema_id)

    def close(self) -> None:
        self._registry.close()
