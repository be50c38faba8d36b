"""Whether a run can start on Kafka, and the ids of the schemas it writes with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from dataflow.connectors.kafka.topics import check_topics
from dataflow.graph import KafkaSettings, Stream
from dataflow.ports import InputFault
from jobs.local_schemas import LocalSchemas
from jobs.on_demand import loaded


class StreamSchemas(Protocol):
    """Ids of the streams' schemas, and schemas by id."""

    ids: dict[str, int]

    def faults(self) -> list[str]: ...

    def register(self) -> None: ...

    def schema(self, schema_id: int) -> str: ...

    def close(self) -> None: ...


def checked_schemas(settings: KafkaSettings, streams: Iterable[Stream]) -> StreamSchemas:
    """The schemas of these streams. Close them. Raises InputFault where the cluster or the registry cannot be asked,
    or a run cannot start on these topics, with a line for each reason: a topic is missing or has another number of
    partitions; the registry holds another key, or a schema whose data this program cannot read."""
    wanted = list(streams)
    lines = check_topics(settings, wanted)
    schemas = opened_schemas(settings, wanted)
    try:
        lines += schemas.faults()
        if lines:
            raise InputFault("cannot run on this cluster\n" + "\n".join(f"    {line}" for line in lines))
        schemas.register()
    except InputFault:
        schemas.close()
        raise
    return schemas


def opened_schemas(settings: KafkaSettings, streams: Iterable[Stream]) -> StreamSchemas:
    """Those of the registry, or where there is none, their own."""
    if not settings.registry:
        return LocalSchemas(streams)
    opened: StreamSchemas = loaded("jobs.registered_schemas:RegisteredSchemas")(settings, streams)
    return opened
