"""Posts become messages: each once, in order, with key, partition and headers."""

from __future__ import annotations

from typing import Any

from dataflow.connectors.kafka.messages import TopicKeys, produce_all, traceparent
from dataflow.connectors.kafka.partitioner import partition_of
from dataflow.ports import Post

PARTITIONS = 7
INPUT = "00000000000000ab" + "0" * 16
OUTPUT = "00000000000000ab" + "00000000000000cd"


class Narrow:
    """confluent_kafka.Producer as far as posts need it, whose queue has room for two messages until it is polled."""

    def __init__(self) -> None:
        self.room = 2
        self.sent: list[tuple[Any, ...]] = []

    def produce(self, topic: str, value: bytes, key: bytes, partition: int, *, headers: list[tuple[str, str]]) -> None:
        if not self.room:
            raise BufferError
        self.room -= 1
        self.sent.append((topic, value, key, partition, dict(headers)))

    def poll(self, timeout_s: float) -> None:
        self.room = 2


def test_a_full_queue_is_waited_for_and_no_message_is_lost_doubled_or_overtaken() -> None:
    names = [f"S{number}" for number in (1, 2, 1, 3, 2)]
    values = [bytes([number]) for number in range(5)]
    producer = Narrow()
    produce_all(producer, "topic", TopicKeys(PARTITIONS), Post("stream", names, values, [OUTPUT] * 5, [INPUT] * 5))
    assert [(value, key.decode()) for _, value, key, _, _ in producer.sent] == list(zip(values, names, strict=True))
    assert [partition for *_, partition, _ in producer.sent] == [partition_of(n.encode(), PARTITIONS) for n in names]
    assert {topic for topic, *_ in producer.sent} == {"topic"}
    assert producer.sent[0][-1] == {"event_id": OUTPUT, "cause_id": INPUT, "traceparent": traceparent(OUTPUT)}


def test_an_input_is_the_first_span_of_its_own_trace() -> None:
    assert traceparent(OUTPUT) == "00-000000000000000000000000000000ab-00000000000000cd-01"
    assert traceparent(INPUT) == "00-000000000000000000000000000000ab-00000000000000ab-01"
