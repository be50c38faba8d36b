"""An instance without input tells others that it lives, also where it takes checkpoints all the time."""

from __future__ import annotations

import time

from dataflow.connectors.kafka.ledger import KafkaLedger
from dataflow.connectors.kafka.ledger_settings import LedgerSettings
from dataflow.connectors.kafka.transactions import TransactionalProducer
from tests.kafka.nowhere import NOWHERE, NoTurns

HEARTBEAT_MS = 60


class Accepting(TransactionalProducer):
    """A producer whose broker takes everything at once."""

    offset = 0

    def begin(self) -> None:
        return

    def post_last(self, topic: str, key: bytes, value: bytes) -> int:
        self.offset += 2
        return self.offset

    def commit(self) -> None:
        return


def number_after(mark_every_s: float, marks: int) -> int:
    """Number of the last transaction of an instance that only takes checkpoints."""
    settings = LedgerSettings("a", "tapeline-a", "turns", {}, heartbeat_ms=HEARTBEAT_MS)
    ledger = KafkaLedger(NOWHERE, settings, NoTurns(NOWHERE, "turns", "a"))
    accepting = Accepting(NOWHERE, "tapeline-a", 1_000, RuntimeError)
    ledger.producer, ledger.producers = accepting, [accepting] * len(ledger.producers)
    assert list(ledger.recover()) == []
    began_with = ledger.committer.number
    for checkpoint in range(marks):
        ledger.mark(checkpoint)
        ledger.prepare(checkpoint)
        time.sleep(mark_every_s)
    ledger.close()
    return ledger.committer.number - began_with


def test_checkpoints_faster_than_the_heartbeat_do_not_silence_it() -> None:
    assert number_after(mark_every_s=0.02, marks=20) >= 2


def test_it_beats_without_checkpoints_too() -> None:
    assert number_after(mark_every_s=0.4, marks=1) >= 2
