"""How far an application's consumer group is behind the ends of its topics."""

from __future__ import annotations

from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from dataflow.connectors.kafka.clients import fault_of
from dataflow.connectors.kafka.until import LATEST, ends
from dataflow.ports import InputFault


@dataclass(frozen=True)
class PartitionLag:
    """Offsets of one partition: what the group has committed, and where committed messages end."""

    topic: str
    partition: int
    committed: int
    end: int

    @property
    def lag(self) -> int:
        """Offsets still to be read; markers of transactions take one each."""
        return max(0, self.end - self.committed)


def group_lag(admin: AdminClient, group: str) -> list[PartitionLag]:
    """Of every partition that the group has committed an offset for. Raises InputFault."""
    try:
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        found = asked[group].result()
    except KafkaException as error:
        raise fault_of(error, f"ask for the offsets of group {group}") from None
    committed = {(place.topic, place.partition): place.offset for place in found.topic_partitions}
    if not committed:
        raise InputFault(f"group {group} has committed no offsets\n    has the application run on this cluster?")
    known = ends(admin, list(committed), LATEST)
    return [PartitionLag(*place, offset, known[place]) for place, offset in sorted(committed.items())]
