"""The turns topic as it is read: up to what readers of committed records see, never less than what was read before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from dataflow.connectors.kafka.clients import client_config, open_admin
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.connectors.kafka.turns import TurnsTopic, make_own_topic
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault

TIMEOUT_MS = 60_000
RECORD = b'{"transaction": 1}'
LAG_S = 0.3


@pytest.fixture
def turns(cluster: KafkaSettings) -> Iterator[TurnsTopic]:
    topic = cluster.topic("turns")
    make_own_topic(open_admin(cluster), topic, 1)
    with closing(TurnsTopic(client_config(cluster), topic, "application")) as turns:
        yield turns


def producer_of(cluster: KafkaSettings, name: str) -> TransactionalProducer:
    producer = TransactionalProducer(
        client_config(cluster), cluster.topic(name), TIMEOUT_MS, lambda: RuntimeError("shut out")
    )
    producer.init()
    producer.begin()
    return producer


def test_what_was_committed_and_is_hidden_by_an_open_transaction_is_waited_for(
    cluster: KafkaSettings, turns: TurnsTopic
) -> None:
    """The end that readers see is before the first open transaction, and so may be before what one knows of."""
    hiding, committing = producer_of(cluster, "hiding"), producer_of(cluster, "committing")
    hiding.post_last(turns.topic, b"key", RECORD)
    known = committing.post_last(turns.topic, b"key", RECORD) + 1
    committing.commit()
    ended = threading.Timer(LAG_S, hiding.abandon)
    ended.start()
    assert list(turns.read(known)) == []
    assert not ended.is_alive()


def test_a_topic_that_was_made_anew_is_told(cluster: KafkaSettings, turns: TurnsTopic) -> None:
    only = producer_of(cluster, "only")
    only.post_last(turns.topic, b"key", RECORD)
    only.commit()
    with pytest.raises(InputFault, match="made anew"):
        list(turns.read(1_000))
