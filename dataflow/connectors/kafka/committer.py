"""Commits a ledger's transactions one after the other, their ends on a thread of its own: the next is filled meanwhile.

Theory of operation. A transaction is closed once the one before it has ended well, for what it holds follows from that
one. It is then written to its end, record and all, so that nothing of the next can come before it in a partition; and
while the broker ends it, which takes as long again, the next gathers turns with another producer. So there are never
more than two.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from dataflow.connectors.kafka.ledger_records import TransactionRecord, transaction_record
from dataflow.connectors.kafka.ledger_settings import LedgerSettings, LedgerStatistics
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.fault_points import reach
from dataflow.ports import Post, Turn

PROMPT_S: Final = 0.01
"""A broker with time to spare ends a transaction within this,"""
REST: Final = 2.0
"""and one that takes longer is left alone for so many times the excess: fewer transactions, each with more turns, are
less work for it."""
IN_A_ROW: Final = 5
"""It takes longer where so many in a row did: one alone is a pause, after which there is nothing to rest from."""


@dataclass(slots=True)
class OpenTransaction:
    """A transaction that gathers turns."""

    producer: TransactionalProducer
    began_at: float
    turns: list[Turn] = field(default_factory=list)
    lingering: list[tuple[Post, int]] = field(default_factory=list)
    """What will linger, with the numbers of the posts' last records."""
    marks: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    """Records of each stream up to its end."""
    records: int = 0
    closed_at: float = 0.0
    offset: int = 0
    """Of its record in the turns topic."""


class Committer:
    """What was committed last, and the thread that commits the next."""

    def __init__(
        self,
        settings: LedgerSettings,
        instance: str,
        group: Callable[[], Any] | None,
        refused: dict[str, str],
        changed: threading.Condition,
    ) -> None:
        self.settings = settings
        self.instance = instance
        self.key = settings.application.encode()
        self.group = group
        """What offsets are committed for; None where no input is a topic."""
        self.refused = refused
        self.told_refusals = 0
        self.changed = changed
        """Notified when a transaction is to be ended, and when it has."""
        self.number = 0
        """Of the last committed transaction."""
        self.offset = 0
        """In the turns topic, after its record."""
        self.told_at = time.monotonic()
        """When it last committed, which tells others that this instance lives."""
        self.next_at = 0.0
        """The next transaction is not closed sooner."""
        self.unsent: dict[tuple[str, int], int] = {}
        """Offsets that the group has not been told."""
        self.send_at = 0.0
        self.statistics = LedgerStatistics()
        self.taken: OpenTransaction | None = None
        """What is being ended. It stays where that fails."""
        self.is_stopping = False
        self.thread: threading.Thread | None = None

    def start(self, hold: Callable[[Post, int], None], fail: Callable[[Exception], None]) -> None:
        """`hold` gets what lingers of a transaction that is committed; `fail` what ends the thread before its time."""
        name = "tapeline-kafka-committer"
        self.thread = threading.Thread(target=self._work, args=(hold, fail), name=name, daemon=True)
        self.thread.start()

    def close(self, transaction: OpenTransaction) -> None:
        """Write it to its end, and let it be committed; none may be taken. Raises Interrupted or InputFault."""
        assert self.taken is None
        transaction.closed_at = time.monotonic()
        self._note(transaction.marks)
        reach("before-offsets")
        self._send_offsets(transaction.producer)
        reach("after-offsets")
        transaction.offset = self.write(self.number + 1, transaction)
        with self.changed:
            self.taken = transaction
            self.changed.notify_all()

    def stop(self) -> None:
        """Let the thread end, once it has committed what was closed."""
        with self.changed:
            self.is_stopping = True
            self.changed.notify_all()

    def write(self, number: int, transaction: OpenTransaction) -> int:
        """Write the transaction's record into the turns topic, the last of its messages; its offset there."""
        refused = dict(list(self.refused.items())[self.told_refusals :])
        self.told_refusals += len(refused)
        record = TransactionRecord(
            number, self.instance, transaction.totals, transaction.turns, transaction.marks, refused
        )
        value = transaction_record(self.settings, record)
        return transaction.producer.post_last(self.settings.turns_topic, self.key, value)

    # The thread

    def _work(self, hold: Callable[[Post, int], None], fail: Callable[[Exception], None]) -> None:
        try:
            while (transaction := self._next()) is not None:
                self._commit(transaction)
                for post, last in transaction.lingering:
                    hold(post, last)
                with self.changed:
                    self.taken = None
                    self.changed.notify_all()
        except Exception as error:
            fail(error)

    def _next(self) -> OpenTransaction | None:
        with self.changed:
            while self.taken is None and not self.is_stopping:
                self.changed.wait()
            return self.taken

    def _commit(self, transaction: OpenTransaction) -> None:
        """Have it ended. Raises Interrupted or InputFault."""
        reach("before-commit")
        transaction.producer.commit()
        reach("after-commit")
        self.number += 1
        self.offset = transaction.offset + 1
        self.told_at = time.monotonic()
        self.statistics.transactions += 1
        self.statistics.records += transaction.records
        self.statistics.commit_s.append(self.told_at - transaction.closed_at)
        self.next_at = self.told_at + rest_s(list(islice(reversed(self.statistics.commit_s), IN_A_ROW)))

    def _note(self, marks: dict[str, int]) -> None:
        inputs = self.settings.inputs
        self.unsent |= {inputs[name]: mark for name, mark in marks.items() if name in inputs}

    def _send_offsets(self, producer: TransactionalProducer) -> None:
        """Show in the consumer group how far inputs are read, now and then: that takes two more round trips, and
        what recovery goes by is the transaction's own record."""
        now = time.monotonic()
        if self.group is not None and self.unsent and now >= self.send_at:
            producer.send_offsets(self.unsent, self.group())
            self.unsent, self.send_at = {}, now + self.settings.offsets_ms / 1_000


def rest_s(latest_s: Sequence[float]) -> float:
    """How long the broker is left alone after transactions that took so long."""
    return REST * max(0.0, min(latest_s) - PROMPT_S) if len(latest_s) == IN_A_ROW else 0.0
