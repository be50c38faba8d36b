"""The limit that a job on Kafka is measured against: consumes the messages that the job consumed and produces those
that it produced, ready made, in transactions of the same sizes, with the same offsets, and does nothing else.

It has what the job has: the same settings of the client, and two producers that take turns, of which one commits in
a thread beside while messages go to the other.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from dataflow.connectors.kafka.ledger import PRODUCERS
from dataflow.connectors.kafka.ledger_settings import LedgerSettings
from dataflow.connectors.kafka.reader import SETTINGS as READING
from dataflow.connectors.kafka.transactions import SETTINGS as WRITING
from tests.bench.kafka.written import Written

OFFSETS_S = LedgerSettings.offsets_ms / 1_000
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Step:
    """One transaction: so many messages in, and these out."""

    taken: int
    posts: list[Written]


class BareLoop:
    """One process; beside those of the client a thread that commits, one transaction after the other."""

    def __init__(self, brokers: str, name: str, starts: dict[tuple[str, int], int], compression: str) -> None:
        config: dict[str, Any] = {"bootstrap.servers": brokers}
        self.consumer = Consumer({**config, **READING, "group.id": name, "enable.partition.eof": False})
        self.consumer.assign([TopicPartition(topic, number, offset) for (topic, number), offset in starts.items()])
        self.group = self.consumer.consumer_group_metadata()
        writing = {**config, **WRITING, "compression.type": compression}
        self.producers = [Producer({**writing, "transactional.id": f"{name}-{n}"}) for n in range(PRODUCERS)]
        for producer in self.producers:
            producer.init_transactions(PATIENCE_S)
        self.offsets: dict[tuple[str, int], int] = {}
        self.send_at = 0.0

    def run(self, steps: list[Step]) -> None:
        commits: deque[Future[None]] = deque()
        with ThreadPoolExecutor(1) as pool:
            for number, step in enumerate(steps):
                self._take(step.taken)
                if len(commits) == PRODUCERS:
                    commits.popleft().result()
                producer = self.producers[number % PRODUCERS]
                producer.begin_transaction()
                for _, topic, partition, key, value, headers in step.posts:
                    producer.produce(topic, value, key, partition, headers=headers)  # type: ignore[arg-type]
                if self.offsets and time.monotonic() >= self.send_at:
                    places = [TopicPartition(*place, offset) for place, offset in self.offsets.items()]
                    producer.send_offsets_to_transaction(places, self.group)
                    self.offsets, self.send_at = {}, time.monotonic() + OFFSETS_S
                commits.append(pool.submit(producer.commit_transaction, PATIENCE_S))
            for commit in commits:
                commit.result()
        self.consumer.close()

    def _take(self, count: int) -> None:
        while count:
            messages = self.consumer.consume(count, PATIENCE_S)
            if not messages:
                raise TimeoutError(f"{count} messages are missing")
            for message in messages:
                self.offsets[message.topic(), message.partition()] = message.offset() + 1  # type: ignore[index, operator]
            count -= len(messages)
