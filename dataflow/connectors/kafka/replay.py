"""Sends messages that became dead letters once more to where they came from, each once.

Theory of operation. One transaction holds a message and the mark that it was sent, a record with the letter's id as key
in a topic of its own. Whoever replays takes the transactional id first, which ends what another had begun, and then
reads the marks: a letter that has one is not sent again.
"""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from dataflow.connectors.kafka.clients import as_faults, client_config, open_admin
from dataflow.connectors.kafka.topic_tail import TopicTail
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.connectors.kafka.turns import make_own_topic
from dataflow.fault_points import reach
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault

TIMEOUT_MS: Final = 60_000
IN_ONE: Final = 500
"""Letters in one transaction."""
FOR_EVER: Final = -1
ANSWER_S: Final = 10.0


@dataclass(frozen=True)
class Letter:
    """What a dead letter says of the message that it holds."""

    event_id: str
    topic: str
    partition: int
    offset: int
    raw: bytes | None
    """None where the message had no value."""


class Originals:
    """Reads messages at their places, for their keys. Close it."""

    def __init__(self, settings: KafkaSettings) -> None:
        config: dict[str, Any] = {
            **client_config(settings),
            "group.id": "tapeline-dlq",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
        self.consumer = Consumer(config)

    def key(self, letter: Letter) -> bytes | None:
        """The message's key. Raises InputFault where the message is gone."""
        place = f"{letter.topic}/{letter.partition}/{letter.offset}"
        deadline = time.monotonic() + ANSWER_S
        with as_faults(f"read {place}"):
            self.consumer.assign([TopicPartition(letter.topic, letter.partition, letter.offset)])
            while time.monotonic() < deadline:
                message = self.consumer.poll(0.2)
                if message is None:
                    continue
                error = message.error()
                if error is None and message.offset() == letter.offset:
                    return message.key()
                if error is None or error.code() in (KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET):
                    break
        raise InputFault(f"{place} is gone, and its key with it: retention has removed it")

    def close(self) -> None:
        self.consumer.close()


class Replay:
    """One at a time may run on a cluster: a second one stops the first."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.marks = f"{settings.prefix}tapeline-dlq-replayed"
        make_own_topic(open_admin(settings), self.marks, settings.replication, FOR_EVER)
        config = client_config(settings)
        name = f"{settings.prefix}tapeline-dlq"
        self.producer = TransactionalProducer(config, name, TIMEOUT_MS, _shut_out)
        self.producer.init()
        self.done = self._marked()
        """Ids of letters that were sent."""

    def send(self, letters: list[tuple[Letter, bytes | None]]) -> None:
        """Send each letter's message, with this key, to the partition it came from."""
        for first in range(0, len(letters), IN_ONE):
            self.producer.begin()
            for letter, key in letters[first : first + IN_ONE]:
                place = f"{letter.topic}/{letter.partition}/{letter.offset}"
                headers: list[tuple[str, str | bytes | None]] = [
                    ("replayed_from", place), ("dead_letter", letter.event_id),
                ]  # fmt: skip
                self.producer.produce(letter.topic, letter.raw, key, letter.partition, headers)
                mark = json.dumps({"from": place}).encode()
                self.producer.produce(self.marks, mark, letter.event_id.encode(), 0, [])
            reach("replay-before-commit")
            self.producer.commit()
            self.done |= {letter.event_id for letter, _ in letters[first : first + IN_ONE]}

    def _marked(self) -> set[str]:
        with closing(TopicTail(self.settings, self.marks, 1)) as tail:
            return {(message.key() or b"").decode() for message in tail.since(0, lambda _: True, None)}


def _shut_out() -> Exception:
    return InputFault("another replay of dead letters has begun: this one stops, and nothing was sent twice")
