"""Sends messages that became dead letters once more to where they came from, each once.

Theory of operation. One transaction holds a message and the mark that it was sent, a record with the letter's id in a
topic of its own. Whoever replays takes the transactional id first, which ends what another had begun, and then reads
the marks, up to the last that was written: a letter that has one is not sent again.
"""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, TopicPartition

from dataflow.connectors.kafka.clients import as_faults, client_config, open_admin
from dataflow.connectors.kafka.messages import Headers
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.connectors.kafka.turns import TurnsTopic, make_own_topic
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
    """Its value, or what a long one begins with; None where it had none."""


@dataclass(frozen=True)
class Original:
    """A letter, and the message that it is about, as it stands at its place."""

    letter: Letter
    key: bytes | None
    value: bytes | None


class Originals:
    """Reads messages at their places: letters hold no keys, and of long messages the beginning. Close it."""

    def __init__(self, settings: KafkaSettings) -> None:
        config: dict[str, Any] = {
            **client_config(settings),
            "group.id": "tapeline-dlq",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
        self.consumer = Consumer(config)

    def read(self, letter: Letter) -> Original:
        """The letter's message. Raises InputFault where it is gone, or another one stands there."""
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
                    return _same(letter, message.key(), message.value())
                if error is None or error.code() in (KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET):
                    break
        raise InputFault(f"{place} is gone, and its key with it: retention has removed it")

    def close(self) -> None:
        self.consumer.close()


def _same(letter: Letter, key: bytes | None, value: bytes | None) -> Original:
    """A topic that was made anew has other messages at the old places."""
    is_tombstone = value is None and letter.raw is None
    if not is_tombstone and (value is None or letter.raw is None or not value.startswith(letter.raw)):
        raise InputFault(f"{letter.topic}/{letter.partition}/{letter.offset} holds another message now")
    return Original(letter, key, value)


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

    def send(self, originals: list[Original]) -> None:
        """Send each message, with its key, to the partition it came from."""
        for first in range(0, len(originals), IN_ONE):
            self.producer.begin()
            for original in originals[first : first + IN_ONE]:
                letter = original.letter
                place = f"{letter.topic}/{letter.partition}/{letter.offset}"
                headers: Headers = [
                    ("replayed_from", place), ("dead_letter", letter.event_id),
                ]  # fmt: skip
                self.producer.produce(letter.topic, original.value, original.key, letter.partition, headers)
                mark = json.dumps({"letter": letter.event_id, "from": place}).encode()
                self.producer.produce(self.marks, mark, letter.event_id.encode(), 0, [])
            reach("replay-before-commit")
            self.producer.commit()
            reach("replay-after-commit")
            self.done |= {original.letter.event_id for original in originals[first : first + IN_ONE]}

    def _marked(self) -> set[str]:
        with closing(TurnsTopic(client_config(self.settings), self.marks, "tapeline-dlq")) as topic:
            return {entry["letter"] for _, entry in topic.read(0, topic.written_end())}


def _shut_out() -> Exception:
    return InputFault("another replay of dead letters has begun: this one stops, and nothing was sent twice")
