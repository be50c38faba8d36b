"""The cluster's topics: reading them, changing them one step at a time, and whether a job can start on them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from dataflow.connectors.kafka.clients import POLL_S, as_faults, open_admin
from dataflow.connectors.kafka.topic_plan import (
    ALTER,
    CREATE,
    WIDEN,
    Change,
    Topic,
    changes,
    declared_topics,
    differences,
    widened_by,
)
from dataflow.graph import KafkaSettings, Stream

TIMEOUT_S: Final = 15.0
SETTLE_S_MAX: Final = 30.0
LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]
EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]


def read_topics(admin: AdminClient, names: Iterable[str]) -> dict[str, Topic]:
    """Those of these topics that are there. Raises InputFault, for a missing right too: it is no missing topic."""
    wanted = list(names)
    if not wanted:
        return {}
    found: dict[str, Any] = {}
    for name, future in admin.describe_topics(TopicCollection(wanted), request_timeout=TIMEOUT_S).items():
        with as_faults(f"look at the topic {name}"):
            description = _result_if_there(future)
            if description is not None:
                found[name] = description
    configs = _configs(admin, list(found))
    return {name: _present(name, description, configs[name]) for name, description in found.items()}


def _result_if_there(future: Any) -> Any:
    try:
        return future.result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise
        return None


def _present(name: str, description: Any, config: dict[str, str]) -> Topic:
    copies = [len(partition.replicas) for partition in description.partitions]
    return Topic(name, len(copies), min(copies, default=0), config)


def _configs(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    found = {}
    for resource, future in admin.describe_configs(resources, request_timeout=TIMEOUT_S).items():
        with as_faults(f"read the settings of the topic {resource.name}"):
            found[resource.name] = {entry.name: entry.value or "" for entry in future.result().values()}
    return found


def topic_names(admin: AdminClient, prefix: str) -> list[str]:
    """Topics whose name begins with the prefix, Kafka's own left out, those we may not see as well."""
    with as_faults("list the topics"):
        names = admin.list_topics(timeout=TIMEOUT_S).topics
    return sorted(name for name in names if name.startswith(prefix) and not name.startswith("__"))


def message_counts(admin: AdminClient, topics: Iterable[Topic]) -> dict[str, int]:
    """Messages that are still there, by topic; the marks that transactions leave count as well."""
    places = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
    if not places:
        return {}
    ends = _offsets(admin, places, LATEST)
    starts = _offsets(admin, places, EARLIEST)
    found: dict[str, int] = {}
    for place, end in ends.items():
        found[place[0]] = found.get(place[0], 0) + end - starts[place]
    return found


def _offsets(admin: AdminClient, places: list[TopicPartition], at: OffsetSpec) -> dict[tuple[str, int], int]:
    futures = admin.list_offsets(dict.fromkeys(places, at), request_timeout=TIMEOUT_S)
    found = {}
    for place, future in futures.items():
        with as_faults(f"read the offsets of the topic {place.topic}"):
            found[place.topic, place.partition] = future.result().offset
    return found


def carry_out(admin: AdminClient, change: Change) -> None:
    """Do one step, and wait until the cluster has done it. Raises InputFault."""
    with as_faults(f"{change.action} the topic {change.topic.name}"):
        futures = _ACTIONS[change.action](admin, change)
        for future in futures.values():
            future.result()


def await_changes(admin: AdminClient, done: list[Change]) -> None:
    """Wait until every broker's view shows these steps: it comes behind what the controller has promised. Gives up
    after SETTLE_S_MAX. Raises InputFault."""
    declared = {change.topic.name: change.topic for change in done}
    deadline = time.monotonic() + SETTLE_S_MAX
    while time.monotonic() < deadline:
        left = differences(declared, read_topics(admin, declared))
        if not changes(declared, left, widened_by(done)):
            return
        time.sleep(POLL_S)


def _create(admin: AdminClient, change: Change) -> dict[Any, Any]:
    topic = change.topic
    new = NewTopic(
        topic.name, num_partitions=topic.partitions, replication_factor=topic.replication, config=topic.config
    )
    return admin.create_topics([new], operation_timeout=TIMEOUT_S, request_timeout=TIMEOUT_S)


def _widen(admin: AdminClient, change: Change) -> dict[Any, Any]:
    new = NewPartitions(change.topic.name, change.topic.partitions)
    return admin.create_partitions([new], operation_timeout=TIMEOUT_S, request_timeout=TIMEOUT_S)


def _alter(admin: AdminClient, change: Change) -> dict[Any, Any]:
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in change.config.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, change.topic.name, incremental_configs=entries)
    return admin.incremental_alter_configs([resource], request_timeout=TIMEOUT_S)


_ACTIONS: Final = {CREATE: _create, WIDEN: _widen, ALTER: _alter}


def check_topics(settings: KafkaSettings, streams: Iterable[Stream]) -> list[str]:
    """Why a job cannot start on the topics of these streams, a line each; none where it can. Raises InputFault."""
    declared = declared_topics(streams, settings, dead_letters="")
    present = read_topics(open_admin(settings), declared)
    lines = []
    for name, topic in declared.items():
        if name not in present:
            lines.append(f"there is no topic {name}; `tapeline topics apply` makes it")
        elif present[name].partitions != topic.partitions:
            count = present[name].partitions
            lines.append(
                f"the topic {name} has {count} partitions, and {topic.partitions} are declared; "
                + ("declare as many" if count > topic.partitions else f"`tapeline topics apply --widen {name}`")
            )
    return lines
