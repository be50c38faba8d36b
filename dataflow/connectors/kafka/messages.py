"""Produces posts, message by message: the loop that runs for each record that leaves the engine."""

from __future__ import annotations

from typing import Any, Final

from dataflow.connectors.kafka.partitioner import partition_of
from dataflow.ports import Post

KEYS_MAX: Final = 1 << 20
"""Keys whose partition is remembered, in each topic."""
RETRY_S: Final = 0.01

Headers = list[tuple[str, str | bytes | None]]
Destination = tuple[int, bytes | None]
"""Partition and key."""


class TopicKeys:
    """The keys of a topic: the bytes and the partition of each, remembered."""

    def __init__(self, partitions: int) -> None:
        self.partitions: int = partitions
        self.places: dict[str, Destination] = {}

    def destination(self, key: str) -> Destination:
        found = self.places.get(key)
        if found is None:
            data = key.encode()
            found = partition_of(data, self.partitions), data
            if len(self.places) < KEYS_MAX:
                self.places[key] = found
        return found


def produce_all(producer: Any, topic: str, keys: TopicKeys, post: Post) -> None:
    """Produce all of it, as `produce_one` does."""
    for name, value, event_id, cause_id in zip(post.keys, post.values, post.event_ids, post.cause_ids, strict=True):
        headers: Headers = [
            ("event_id", event_id), ("cause_id", cause_id), ("traceparent", traceparent(event_id)),
        ]  # fmt: skip
        produce_one(producer, topic, keys.destination(name), value, headers)


def produce_one(producer: Any, topic: str, destination: Destination, value: bytes | None, headers: Headers) -> None:
    """Produce one message; waits while too many are under way. `producer` is confluent_kafka's. Raises
    KafkaException."""
    partition, key = destination
    while True:
        try:
            producer.produce(topic, value, key, partition, headers=headers)
        except BufferError:
            producer.poll(RETRY_S)
        else:
            return


def traceparent(event_id: str) -> str:
    """W3C trace context: all that descends from one input is one trace, each event a span of it.

    Source: W3C Trace Context, version 00.
    """
    trace, span = event_id[:16], event_id[16:]
    if span == "0000000000000000":
        span = trace
    return "00-0000000000000000" + trace + "-" + span + "-01"
