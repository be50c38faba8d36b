"""A transactional producer that says what went wrong: try again, begin again from the checkpoint, or stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from dataflow.connectors.kafka.clients import Complaints, fault_of
from dataflow.connectors.kafka.messages import RETRY_S, Headers, TopicKeys, produce_all, produce_one
from dataflow.connectors.kafka.topic_plan import LETTER_BYTES_MAX
from dataflow.connectors.kafka.transactional_ids import Claimant
from dataflow.ports import Interrupted, Post

INIT_S: Final = 30.0
ABORT_S: Final = 5.0
OFFSETS_S: Final = 10.0
"""Sending offsets that takes longer never ends: librdkafka 2.16 then waits for a group coordinator that has gone,
whatever timeout it is given (its issues 5456 and 5511)."""
FENCED: Final = (
    KafkaError._FENCED,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.INVALID_PRODUCER_ID_MAPPING,
)
FAILED_BEFORE: Final = (KafkaError._STATE, KafkaError._FATAL)
"""What is refused because of an earlier failure, which another thread of the client has met."""
SETTINGS: Final[dict[str, str | int | bool]] = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 1,
    "retry.backoff.ms": 1,
    "retry.backoff.max.ms": 50,
    "queue.buffering.max.messages": 1_000_000,
    "message.max.bytes": LETTER_BYTES_MAX,
}
"""`retry.backoff.ms`: a broker that has not finished one transaction refuses the next; asking again soon is what keeps
the slowest commits short."""


class TransactionalProducer:
    """One producer with one transactional id. Calls but `init` come from one thread at a time: the one that fills a
    transaction and closes it, then the one that has it ended."""

    def __init__(
        self, config: dict[str, Any], transactional_id: str, timeout_ms: int, shut_out: Callable[[], Exception]
    ) -> None:
        self.complaints = Complaints()
        self.timeout_s = timeout_ms / 1_000
        self.shut_out = shut_out
        """Finds out who has taken the transactional id, and says it."""
        self.keys: dict[str, TopicKeys] = {}
        """Of each topic."""
        self.sending_since = 0.0
        """When it began to send offsets; 0 while it does something else."""
        self.claimant = Claimant(
            {
                **SETTINGS,
                **config,
                "transactional.id": transactional_id,
                "transaction.timeout.ms": timeout_ms,
                "message.timeout.ms": timeout_ms,
                "error_cb": self.complaints.note,
            }
        )
        self.producer = self.claimant.producer

    def init(self) -> None:
        """Take the transactional id: whoever had it is shut out, its open transaction ended."""
        failure = self._claim()
        if failure is not None:
            raise self._fault("take the transactional id", failure)

    def _claim(self) -> KafkaError | None:
        del self.producer  # another may take its place, and then it must be gone
        try:
            self.claimant.take(INIT_S)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            return error
        finally:
            self.producer = self.claimant.producer
        return None

    def begin(self) -> None:
        self._patiently("begin a transaction", self.producer.begin_transaction)

    def post(self, topic: str, partitions: int, post: Post) -> None:
        """Produce all of it."""
        keys = self.keys.get(topic)
        if keys is None:
            keys = self.keys[topic] = TopicKeys(partitions)
        try:
            produce_all(self.producer, topic, keys, post)
        except KafkaException as failure:
            raise self._fault(f"write to {topic}", failure.args[0]) from None

    def produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int, headers: Headers) -> None:
        """Produce one message; waits while too many are under way."""
        try:
            produce_one(self.producer, topic, (partition, key), value, headers)
        except KafkaException as failure:
            raise self._fault(f"write to {topic}", failure.args[0]) from None

    def flush(self) -> None:
        """Wait until all that was produced is there. Raises Interrupted or InputFault."""
        try:
            self.producer.flush()
        except KafkaException as failure:
            raise self._fault("write", failure.args[0]) from None

    def post_last(self, topic: str, key: bytes, value: bytes) -> int:
        """Produce one message into partition 0, and wait until it and all before it are there; its offset. Raises
        Interrupted or InputFault."""
        landed: list[int] = []

        def note(error: KafkaError | None, message: Message) -> None:
            """Ask the message nothing where it failed: an exception is on its way then."""
            if error is None:
                landed.append(message.offset() or 0)

        try:
            self.producer.produce(topic, value, key, 0, on_delivery=note)
            self.producer.flush()
        except KafkaException as failure:
            raise self._fault(f"write to {topic}", failure.args[0]) from None
        if not landed:
            raise self._failed_before(f"write to {topic}")
        return landed[0]

    def send_offsets(self, offsets: dict[tuple[str, int], int], group: Any) -> None:
        """Commit these offsets of the group with the transaction."""
        places = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        self.sending_since = time.monotonic()
        self._patiently("send offsets", self.producer.send_offsets_to_transaction, places, group)
        self.sending_since = 0.0

    def is_stuck(self) -> bool:
        """It will never come back from sending offsets: leave it there, and begin again with another."""
        return 0.0 < self.sending_since < time.monotonic() - OFFSETS_S

    def commit(self) -> None:
        self._patiently("commit a transaction", self.producer.commit_transaction, self.timeout_s)

    def abandon(self, patience_s: float = ABORT_S) -> None:
        """End the open transaction: nothing of it becomes visible, and its readers need not wait for its timeout."""
        with contextlib.suppress(KafkaException):
            self.producer.abort_transaction(patience_s)

    # Errors

    def _patiently(self, doing: str, call: Callable[..., Any], *arguments: Any) -> None:
        """Call until it works or cannot work. Raises Interrupted or InputFault."""
        deadline = time.monotonic() + self.timeout_s
        while True:
            try:
                call(*arguments)
            except KafkaException as failure:
                error = failure.args[0]
                if not error.retriable() or time.monotonic() > deadline:
                    raise self._fault(doing, error) from None
                time.sleep(RETRY_S)
            else:
                return

    def _fault(self, doing: str, error: KafkaError) -> Exception:
        if error.code() in FAILED_BEFORE:
            return self._failed_before(doing)
        if error.code() in FENCED:
            return self.shut_out()
        if error.txn_requires_abort():
            self.abandon(RETRY_S)
        fault = fault_of(error, doing, self.complaints)
        if error.fatal() or error.txn_requires_abort() or error.retriable():
            return Interrupted(str(fault))
        return fault

    def _failed_before(self, doing: str) -> Exception:
        """The transaction had failed before this was asked of it: ending it says why."""
        try:
            self.producer.abort_transaction(ABORT_S)
        except KafkaException as failure:
            error = failure.args[0]
            if error.code() in FENCED:
                return self.shut_out()
            return Interrupted(str(fault_of(error, doing, self.complaints)))
        return Interrupted(f"cannot {doing}: its transaction had failed before")
