"""What lies in topics afterwards, and when the broker wrote it: the same clock for whatever program made it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from tests.bench.kafka.cluster import Cluster

PATIENCE_S = 60
POLL_S = 0.1
Places = dict[tuple[str, int], int]
"""Offsets by topic and partition."""


class Written(NamedTuple):
    """One committed message."""

    at_ms: int
    """When the broker wrote it."""
    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def stamp_by_broker(cluster: Cluster, streams: Iterable[str]) -> None:
    """Let the broker write its own time into the messages of these topics."""
    entry = ConfigEntry("message.timestamp.type", "LogAppendTime", incremental_operation=AlterConfigOpType.SET)
    topics = [ConfigResource(ResourceType.TOPIC, cluster.topic(name), incremental_configs=[entry]) for name in streams]
    admin = AdminClient({"bootstrap.servers": cluster.brokers})
    for answer in admin.incremental_alter_configs(topics).values():
        answer.result()


def ends(cluster: Cluster, streams: Iterable[str]) -> Places:
    """Where each partition of these streams ends now, with what is not committed."""
    places = [(cluster.topic(name), number) for name in streams for number in range(cluster.partitions_of(name))]
    return _ends(cluster.brokers, places, "read_uncommitted")


def _ends(brokers: str, places: Iterable[tuple[str, int]], isolation: str) -> Places:
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "ends", "isolation.level": isolation})
    found = {place: consumer.get_watermark_offsets(TopicPartition(*place), PATIENCE_S)[1] for place in places}
    consumer.close()
    return found


def _wait_until_visible(brokers: str, places: Iterable[tuple[str, int]]) -> None:
    """Until all that is written can be read: a commit returns before. Raises TimeoutError."""
    wanted = _ends(brokers, places, "read_uncommitted")
    deadline = time.monotonic() + PATIENCE_S
    while wanted := {
        place: wanted[place] for place, end in _ends(brokers, wanted, "read_committed").items() if end < wanted[place]
    }:
        if time.monotonic() > deadline:
            raise TimeoutError(f"a transaction in {next(iter(wanted))} does not end")
        time.sleep(POLL_S)


def read(brokers: str, starts: Places) -> list[Written]:
    """All committed messages from these offsets on, in the order in which the broker wrote them."""
    _wait_until_visible(brokers, starts)
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "reader",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topic, partition, offset) for (topic, partition), offset in starts.items()])
    found: list[Written] = []
    waiting = set(starts)
    while waiting:
        messages = consumer.consume(1, PATIENCE_S)
        messages += consumer.consume(10_000, 0)
        if not messages:
            raise TimeoutError(f"nothing came from {sorted(waiting)[:3]} in {PATIENCE_S} s")
        for item in messages:
            error = item.error()
            if error is None:
                found.append(_written(item))
            elif error.code() == KafkaError._PARTITION_EOF:
                waiting.discard((str(item.topic()), item.partition() or 0))
    consumer.close()
    return sorted(found, key=lambda item: item.at_ms)


def _written(item: Message) -> Written:
    headers = [(name, bytes(value)) for name, value in item.headers() or ()]  # type: ignore[str-unpack, arg-type]
    place = str(item.topic()), item.partition() or 0
    return Written(item.timestamp()[1], *place, bytes(item.key() or b""), bytes(item.value() or b""), headers)


def duration_s(written: list[Written]) -> float:
    """From the first to the last."""
    return max(1e-3, (written[-1].at_ms - written[0].at_ms) / 1_000)
