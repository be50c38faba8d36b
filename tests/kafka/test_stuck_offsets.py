"""A client that never comes back from sending offsets holds up nobody: the run begins again with another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from dataflow.connectors.kafka.ledger import KafkaLedger
from dataflow.connectors.kafka.ledger_settings import LedgerSettings
from dataflow.connectors.kafka.transactions import OFFSETS_S
from dataflow.connectors.kafka.turns import TurnsTopic
from dataflow.ports import Interrupted, Turn
from tests.kafka.nowhere import NOWHERE


@pytest.fixture
def stuck() -> Iterator[KafkaLedger]:
    """A ledger whose thread has been in that call for too long."""
    ledger = KafkaLedger(NOWHERE, LedgerSettings("a", "tapeline-a", "turns", {}), TurnsTopic(NOWHERE, "turns", "a"))
    release = threading.Event()
    ledger.thread = threading.Thread(target=release.wait, daemon=True)
    ledger.thread.start()
    ledger.producer.sending_since = time.monotonic() - OFFSETS_S - 1
    yield ledger
    release.set()


def test_the_engine_hears_of_it_with_its_next_turn(stuck: KafkaLedger) -> None:
    with pytest.raises(Interrupted, match="group coordinator"):
        stuck.end_turn(Turn(), [], {}, {})


def test_a_checkpoint_that_waits_for_it_fails(stuck: KafkaLedger) -> None:
    stuck.producer.sending_since, since = 0.0, stuck.producer.sending_since
    stuck.mark(1)
    stuck.producer.sending_since = since
    with pytest.raises(Interrupted, match="group coordinator"):
        stuck.prepare(1)


def test_closing_while_it_may_still_come_back_waits_until_it_will_not(stuck: KafkaLedger) -> None:
    stuck.producer.sending_since = time.monotonic() - OFFSETS_S + 0.3
    stuck.close()
    assert stuck.producer.is_stuck()


def test_closing_leaves_it_behind(stuck: KafkaLedger) -> None:
    stuck.close()
    assert stuck.thread is not None
    assert stuck.thread.is_alive()


def test_a_call_that_has_just_begun_is_waited_for(stuck: KafkaLedger) -> None:
    stuck.producer.sending_since = time.monotonic()
    assert not stuck.producer.is_stuck()
