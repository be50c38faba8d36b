"""The last committed messages of a topic, and those that come: for people who look, not for jobs.

Theory of operation. A partition is read from a little before its end; if that holds too few messages (the marks of
transactions, aborted ones and messages nobody asked for take places too), from twice as far before it, and so on. No
group is joined and nothing is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from dataflow.connectors.kafka.clients import Complaints, as_faults, client_config, fault_of
from dataflow.graph import KafkaSettings

GROUP: Final = "tapeline-tail"
"""librdkafka wants a name for the group, though none is joined."""
WINDOW: Final = 32
BATCH: Final = 500
POLL_S: Final = 0.05
"""A poll lasts so long even where messages are there."""
FETCH_WAIT_MS: Final = 20
"""The end of a partition is heard of so much later."""
SILENCE_S_MAX: Final = 10.0

Keep = Callable[[Message], bool]


class TopicTail:
    """A consumer of all partitions of one topic. Close it."""

    def __init__(self, settings: KafkaSettings, topic: str, partitions: int) -> None:
        self.topic = topic
        self._complaints = Complaints()
        config: dict[str, Any] = {
            **client_config(settings),
            "error_cb": self._complaints.note,
            "group.id": GROUP,
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            "auto.offset.reset": "earliest",
        }
        with as_faults(self._doing):
            self._consumer = Consumer(config)
            self._ends = dict(self._bounds(partitions))
            """Of each partition: its first message, and where the committed ones end."""

    @property
    def _doing(self) -> str:
        return f"read the topic {self.topic}"

    def _bounds(self, partitions: int) -> Iterator[tuple[int, tuple[int, int]]]:
        for number in range(partitions):
            place = TopicPartition(self.topic, number)
            yield number, self._consumer.get_watermark_offsets(place, timeout=SILENCE_S_MAX)

    def last(self, count: int, keep: Keep) -> list[Message]:
        """The last `count` messages that `keep` accepts, by the time they were written. Raises InputFault."""
        found: dict[int, list[Message]] = {number: [] for number in self._ends}
        starts = {number: end for number, (_, end) in self._ends.items()}
        window = WINDOW + 2 * count
        while short := self._short(found, starts, count):
            spans = {number: (max(self._ends[number][0], starts[number] - window), starts[number]) for number in short}
            for number, messages in self._read(spans, keep).items():
                found[number] = messages + found[number]
                starts[number] = spans[number][0]
            window *= 2
        merged = sorted((message for messages in found.values() for message in messages), key=_written)
        return merged[max(0, len(merged) - count) :]

    def _short(self, found: dict[int, list[Message]], starts: dict[int, int], count: int) -> list[int]:
        """Partitions of which too little was read, and that hold more."""
        lows = {number: low for number, (low, _) in self._ends.items()}
        return [number for number, low in lows.items() if len(found[number]) < count and starts[number] > low]

    def since(self, first: int, keep: Keep, count: int | None) -> Iterator[Message]:
        """The messages from this offset on in each partition, as far as there are now. Raises InputFault."""
        spans = {number: (min(max(first, low), end), end) for number, (low, end) in self._ends.items()}
        shown = 0
        for message in self._messages(spans):
            if shown == count:
                return
            if keep(message):
                shown += 1
                yield message

    def follow(self, keep: Keep) -> Iterator[Message]:
        """What comes from now on, without end. Raises InputFault."""
        self._assign({number: (end, end) for number, (_, end) in self._ends.items()})
        while True:
            for message in self._poll():
                if message.error() is None and keep(message):
                    yield message

    def close(self) -> None:
        self._consumer.close()

    def _read(self, spans: dict[int, tuple[int, int]], keep: Keep) -> dict[int, list[Message]]:
        """The messages of each partition in [start, end) that are wanted."""
        found: dict[int, list[Message]] = {number: [] for number in spans}
        for message in self._messages(spans):
            if keep(message):
                found[message.partition() or 0].append(message)
        return found

    def _messages(self, spans: dict[int, tuple[int, int]]) -> Iterator[Message]:
        open_ends = {number: end for number, (start, end) in spans.items() if start < end}
        self._assign({number: spans[number] for number in open_ends})
        silent_s = 0.0
        while open_ends:
            messages = self._poll()
            silent_s = 0.0 if messages else silent_s + POLL_S
            if silent_s > SILENCE_S_MAX:
                raise fault_of(KafkaError(KafkaError._TIMED_OUT), self._doing, self._complaints)
            for message in messages:
                number, offset = message.partition() or 0, message.offset() or 0
                at_end = message.error() is not None
                if number in open_ends and not at_end and offset < open_ends[number]:
                    yield message
                if at_end or offset + 1 >= open_ends.get(number, 0):
                    open_ends.pop(number, None)

    def _assign(self, spans: dict[int, tuple[int, int]]) -> None:
        with as_faults(self._doing):
            self._consumer.assign([TopicPartition(self.topic, number, start) for number, (start, _) in spans.items()])

    def _poll(self) -> list[Message]:
        """Messages, and the ends of partitions as messages with an error."""
        with as_faults(self._doing, self._complaints):
            messages = self._consumer.consume(BATCH, POLL_S)
            for message in messages:
                error = message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
        if self._complaints.hopeless():
            raise fault_of(KafkaError(KafkaError._TIMED_OUT), self._doing, self._complaints)
        return messages


def _written(message: Message) -> tuple[int, int, int]:
    return message.timestamp()[1], message.partition() or 0, message.offset() or 0
