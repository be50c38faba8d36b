"""The turns topic of an application: one partition, one record a transaction. See `ledger`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from dataflow.connectors.kafka.clients import Complaints, fault_of
from dataflow.connectors.kafka.reader import SETTINGS
from dataflow.ports import InputFault

POLL_S: Final = 0.01
WAIT_MS: Final = 10
"""How long a broker waits for a next transaction before it says that there is none."""
UNKNOWN_S: Final = 0.1
POLL_MESSAGES: Final = 1_000
ANSWER_S: Final = 30.0
FROM_START: Final = -2
KNOWN_S: Final = 10.0
SEEN_S: Final = 0.005
UNKNOWN: Final = (
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.LEADER_NOT_AVAILABLE,
)
RETENTION_MS: Final = 7 * 24 * 3_600 * 1_000
"""A checkpoint older than this cannot be brought up to date any more."""


def make_own_topic(admin: AdminClient, topic: str, replication: int, retention_ms: int = RETENTION_MS) -> None:
    """Make a topic of one partition for our own records, if it is not there. Raises InputFault."""
    config = {
        "retention.ms": str(retention_ms),
        "cleanup.policy": "delete",
        "min.insync.replicas": str(max(1, replication - 1)),
    }
    made = admin.create_topics([NewTopic(topic, 1, replication, config=config)])
    try:
        made[topic].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise fault_of(error, f"make the topic {topic}") from None


class TurnsTopic:
    """Reads an application's transactions."""

    def __init__(self, config: dict[str, Any], topic: str, application: str) -> None:
        self.topic = topic
        self.complaints = Complaints()
        self.config = {
            **config,
            **SETTINGS,
            "fetch.wait.max.ms": WAIT_MS,
            "group.id": application,
            "error_cb": self.complaints.note,
        }
        self.consumer: Consumer | None = None

    def read(self, offset: int, at_least: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """(offset, record) of all transactions that are committed by now, from an offset (0: the first there is) on.
        Those before `at_least` are: a commit returns before readers see it, so it may have to be waited for, as may
        those before `offset`. Raises InputFault."""
        consumer = self.consumer or Consumer(self.config)
        self.consumer = consumer
        partition = TopicPartition(self.topic, 0, offset or FROM_START)
        try:
            end = _end(consumer, partition, at_least)
            if end < offset and self.written_end() >= offset:
                end = _end(consumer, partition, offset)
            if end < offset:
                raise InputFault(
                    f"{self.topic} ends at {end}, the checkpoint has read it up to {offset}: it was made anew\n"
                    "    start without --resume, or another application (--application)"
                )
            if end == offset:
                return
            consumer.assign([partition])
            yield from self._up_to(consumer, end)
        except KafkaException as error:
            raise fault_of(error, f"read {self.topic}", self.complaints) from None
        finally:
            consumer.unassign()

    def written_end(self) -> int:
        """Offset after the last record that anybody has written, committed or not. Once others are shut out, readers of
        committed records will see as far: what was committed just before may take a moment. Raises InputFault."""
        consumer = Consumer({**self.config, "isolation.level": "read_uncommitted"})
        try:
            return _end(consumer, TopicPartition(self.topic, 0), 0)
        except KafkaException as error:
            raise fault_of(error, f"read {self.topic}", self.complaints) from None
        finally:
            consumer.close()

    def _up_to(self, consumer: Consumer, end: int) -> Iterator[tuple[int, dict[str, Any]]]:
        deadline = time.monotonic() + ANSWER_S
        while True:
            messages: list[Any] = consumer.consume(POLL_MESSAGES, POLL_S)
            for message in messages:
                error = message.error()
                offset = message.offset()
                if error is None:
                    yield offset, json.loads(message.value())
                elif error.code() != KafkaError._PARTITION_EOF and not error.retriable():
                    raise KafkaException(error)
                if offset is not None and offset + (error is None) >= end:
                    return
                deadline = time.monotonic() + ANSWER_S
            if time.monotonic() > deadline:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    def close(self) -> None:
        if self.consumer is not None:
            self.consumer.close()
            self.consumer = None


def _end(consumer: Consumer, partition: TopicPartition, at_least: int) -> int:
    """Offset after the last committed message; a topic just made takes a moment to be known. Raises KafkaException."""
    deadline = time.monotonic() + KNOWN_S
    while True:
        try:
            end = int(consumer.get_watermark_offsets(partition, timeout=ANSWER_S)[1])
        except KafkaException as error:
            if error.args[0].code() not in UNKNOWN or time.monotonic() > deadline:
                raise
            time.sleep(UNKNOWN_S)
        else:
            if end >= at_least:
                return end
            if time.monotonic() > deadline + ANSWER_S:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
            time.sleep(SEEN_S)
