"""How far an application is behind its topics: its group's committed offsets against the topics' ends.

A lag is in offsets, as Kafka's own tools give it. A transaction's marker takes an offset too, so that an application
that has read everything may be one behind in a partition that a transaction wrote to.

A consumer that never joins its group asks for the committed offsets: an AdminClient that asks a coordinator which is
not ready, as for a group nobody has heard of, takes the process down (confluent-kafka-javascript issue 374: the fault
is librdkafka's).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from dataflow.connectors.kafka.clients import Complaints, as_faults, client_config, fault_of, open_admin
from dataflow.connectors.kafka.topic_plan import Topic
from dataflow.connectors.kafka.topics import EARLIEST, LATEST, TIMEOUT_S, read_topics
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault

READ_COMMITTED: Final = IsolationLevel.READ_COMMITTED

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True)
class PartitionLag:
    """One partition that an application reads."""

    topic: str
    partition: int
    committed: int | None
    """Offset that is read next; None where nothing was read yet."""
    end: int
    """Offset after the last record that a reader of committed records may see."""
    lag: int


def read_lags(settings: KafkaSettings, application: str, streams: Iterable[str]) -> list[PartitionLag]:
    """Every partition of those streams' topics that it has read from, in order. Raises InputFault, also where nobody
    has run it."""
    admin = open_admin(settings)
    group = f"{settings.prefix}tapeline-{application}"
    topics = read_topics(admin, [settings.topic(name) for name in streams])
    committed = _committed(settings, group, _places(topics))
    if not committed:
        raise InputFault(
            f"the application {application!r} has read nothing on this cluster: its group {group} has no offsets\n"
            "    was it run on Kafka, and under this name (--application) and prefix?"
        )
    read = {topic for topic, _ in committed}
    places = [place for place in _places(topics) if place[0] in read]
    starts = committed | _offsets(admin, [place for place in places if place not in committed], EARLIEST)
    ends = _offsets(admin, places, LATEST)
    return [
        PartitionLag(*place, committed.get(place), ends[place], max(0, ends[place] - starts[place])) for place in places
    ]


def _places(topics: dict[str, Topic]) -> list[Place]:
    return [(name, number) for name, topic in topics.items() for number in range(topic.partitions)]


def _committed(settings: KafkaSettings, group: str, places: list[Place]) -> dict[Place, int]:
    """What the group has committed. An unknown group has nothing."""
    if not places:
        return {}
    complaints = Complaints()
    doing = f"read the offsets of the group {group}"
    with as_faults(doing, complaints):
        consumer = Consumer({**client_config(settings), "group.id": group, "error_cb": complaints.note})
        try:
            found = consumer.committed([TopicPartition(*place) for place in places], TIMEOUT_S)
        finally:
            consumer.close()
    for item in found:
        if item.error is not None:
            raise fault_of(item.error, doing)
    return {(item.topic, item.partition): item.offset for item in found if item.offset >= 0}


def _offsets(admin: AdminClient, places: Iterable[Place], which: OffsetSpec) -> dict[Place, int]:
    wanted = {TopicPartition(*place): which for place in places}
    if not wanted:
        return {}
    found: dict[Place, int] = {}
    with as_faults("read the ends of the topics"):
        asked = admin.list_offsets(wanted, isolation_level=READ_COMMITTED, request_timeout=TIMEOUT_S)
        for partition, future in asked.items():
            found[partition.topic, partition.partition] = future.result().offset
    return found
