"""Reads topics: one connection for all partitions of all sources, on a thread of its own.

Theory of operation. Partitions are assigned explicitly: which job reads what is in the graph, not in a group's
rebalance. The thread polls in batches, decodes, and lays the records out by partition for the engine; a partition that
the engine does not keep up with is paused. Only committed messages are read.

Offsets come from checkpoints and transactions, never from the group; the group is where they are shown to others.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from dataflow.connectors.kafka.clients import Complaints, fault_of
from dataflow.connectors.kafka.decoder import Decoder, Message, Place
from dataflow.connectors.kafka.partitions import KafkaPartition
from dataflow.fault_points import reach
from dataflow.ports import InputFault

POLL_S: Final = 0.1
POLL_MESSAGES: Final = 5_000
SILENCE_CHECK_S: Final = 0.1
SETTINGS: Final[dict[str, str | int | bool]] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 100,
    "fetch.error.backoff.ms": 100,
    "fetch.queue.backoff.ms": 10,
    "queued.max.messages.kbytes": 32_768,
    "partition.assignment.strategy": "range",
}
"""What differs from librdkafka's defaults: nothing is committed or skipped behind our back, and no wait is long."""


@dataclass(frozen=True)
class Input:
    """A source that is a topic."""

    source: str
    topic: str
    partitions: int
    idle_after_s: float
    decoder: Decoder


class KafkaReader:
    """The connection of one run. `dataflow.ports.Arrivals` over its partitions, which are the run's sources."""

    def __init__(self, config: dict[str, Any], inputs: Sequence[Input], is_patient: bool) -> None:
        self.complaints = Complaints()
        self.config = {**config, **SETTINGS, "error_cb": self.complaints.note}
        self.arrived = threading.Condition()
        self.failure: list[Exception] = []
        self.partitions: dict[str, KafkaPartition] = {}
        self.idle_after_s: dict[str, float] = {}
        for item in inputs:
            for number in range(item.partitions):
                name = f"{item.source}/{number}"
                place = Place(item.topic, number)
                partition = KafkaPartition(name, place, item.decoder, self.arrived, is_patient)
                partition.failure = self.failure
                self.partitions[name] = partition
                self.idle_after_s[name] = item.idle_after_s
        self.by_place = {(item.place.topic, item.place.partition): item for item in self.partitions.values()}
        self.consumer: Consumer | None = None
        self.metadata: Any = None
        """Of the consumer group: asked for before the first poll, for the client hangs if it is asked beside one."""
        self.thread: threading.Thread | None = None
        self.news: dict[str, None] = {}
        """Partitions that have got records, or an end, since last asked."""
        self.is_stopping = False
        self.silence_checked = 0.0

    def begin(self, ends: dict[tuple[str, int], int] | None) -> None:
        """All partitions have been opened: read from there on, up to `ends` where the run has one."""
        for place, partition in self.by_place.items():
            if ends is not None:
                partition.end = ends[place]
                if max(partition.start, 0) >= partition.end:
                    partition.has_ended = True
                    self.news[partition.name] = None
        open_ones = [item for item in self.partitions.values() if not item.has_ended]
        self.consumer = Consumer(self.config)
        self.consumer.assign([TopicPartition(item.place.topic, item.place.partition, item.start) for item in open_ones])
        self.metadata = self.consumer.consumer_group_metadata()
        self.thread = threading.Thread(target=self._work, name="tapeline-kafka-reader", daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.is_stopping = True
        if self.thread is not None:
            self.thread.join()
        if self.consumer is not None:
            self.consumer.close()

    def group(self) -> Any:
        """What a producer must know to commit offsets for this consumer's group."""
        return self.metadata

    # Arrivals

    def wait(self, timeout_s: float) -> list[str]:
        with self.arrived:
            names = self._news()
            if not names and timeout_s > 0:
                self.arrived.wait(timeout_s)
                names = self._news()
            return names

    def _news(self) -> list[str]:
        if self.failure:
            raise self.failure[0]
        news = list(self.news)
        self.news.clear()
        return news

    def fell_silent(self) -> list[str]:
        now = time.monotonic()
        if now - self.silence_checked < SILENCE_CHECK_S:
            return []
        self.silence_checked = now
        silent: list[str] = []
        with self.arrived:
            for name, partition in self.partitions.items():
                is_over = partition.at_end and not partition.records
                if is_over and not partition.is_silent and now - partition.heard_at > self.idle_after_s[name]:
                    partition.is_silent = True
                    silent.append(name)
        return silent

    # The thread

    def _work(self) -> None:
        try:
            while not self.is_stopping:
                self._poll()
                self._make_room()
        except Exception as error:
            with self.arrived:
                self.failure.append(error)
                self.arrived.notify_all()

    def _poll(self) -> None:
        """Take what there is: the first message may be waited for, the others must be there."""
        assert self.consumer is not None
        messages = self.consumer.consume(1, POLL_S)
        if messages:
            messages += self.consumer.consume(POLL_MESSAGES, 0)
            reach("after-consume")
            self._lay_out(messages)

    def _lay_out(self, messages: list[Any]) -> None:
        came: dict[tuple[str, int], list[tuple[int, Message]]] = {}
        ends: dict[tuple[str, int], int] = {}
        for message in messages:
            error, place = message.error(), (message.topic(), message.partition())
            if error is not None:
                self._take_error(error, message, ends)
                continue
            _, timestamp_ms = message.timestamp()
            own = Message(message.key(), message.value(), max(0, timestamp_ms))
            came.setdefault(place, []).append((message.offset(), own))
            ends.pop(place, None)  # it came behind what was the end
        for place, items in came.items():
            self.by_place[place].decode(items)
        for place, offset in ends.items():
            self.by_place[place].end_at(offset)
        with self.arrived:
            self.news |= dict.fromkeys(self.by_place[place].name for place in came)
            partitions = [self.by_place[place] for place in ends]
            self.news |= dict.fromkeys(partition.name for partition in partitions if partition.has_ended)
            self.arrived.notify_all()

    def _take_error(self, error: KafkaError, message: Any, ends: dict[tuple[str, int], int]) -> None:
        code, topic, number = error.code(), message.topic(), message.partition()
        if code == KafkaError._PARTITION_EOF:
            ends[topic, number] = message.offset()
        elif code in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise self._gone(self.by_place[topic, number])
        elif not error.retriable() and code not in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
            raise fault_of(error, f"read topic {topic}" if topic else "read from Kafka", self.complaints)

    def _gone(self, partition: KafkaPartition) -> InputFault:
        assert self.consumer is not None
        place = partition.place
        low = -1
        with contextlib.suppress(KafkaException):
            low, _ = self.consumer.get_watermark_offsets(TopicPartition(place.topic, place.partition), timeout=5)
        begins = f": the topic begins at {low} now" if low >= 0 else ""
        return InputFault(
            f"{place.topic}/{place.partition}: offset {partition.next} was to be read next and is gone{begins}\n"
            "    retention removed it, or the topic was made anew. Nothing was skipped: lengthen the stream's "
            "retention, and start another application (--application) to read from what there is"
        )

    def _make_room(self) -> None:
        """Pause partitions that the engine does not keep up with, and go on with those that it has read."""
        assert self.consumer is not None
        full = [item for item in self.partitions.values() if item.is_full() and not item.is_paused]
        empty = [item for item in self.partitions.values() if item.is_paused and not item.is_full()]
        for items, call, state in ((full, self.consumer.pause, True), (empty, self.consumer.resume, False)):
            if items:
                call([TopicPartition(item.place.topic, item.place.partition) for item in items])
            for item in items:
                item.is_paused = state
