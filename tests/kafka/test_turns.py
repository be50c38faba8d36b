"""The turns topic as it is read: up to what readers of committed records see, never less than what was read before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from dataflow.connectors.kafka.clients import client_config, open_admin
from dataflow.connectors.kafka.turns import TurnsTopic, make_own_topic
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault
from tests.kafka.producers import producer

RECORD = b'{"transaction": 1}'
LAG_S = 0.3


@pytest.fixture
def turns(cluster: KafkaSettings) -> Iterator[TurnsTopic]:
    topic = cluster.topic("turns")
    make_own_topic(open_admin(cluster), topic, 1)
    with closing(TurnsTopic(client_config(cluster), topic, "application")) as turns:
        yield turns


def test_what_was_committed_and_is_hidden_by_an_open_transaction_is_waited_for(
    cluster: KafkaSettings, turns: TurnsTopic
) -> None:
    """The end that readers see is before the first open transaction, and so may be before what one knows of."""
    hiding, committing = producer(cluster, "hiding"), producer(cluster, "committing")
    hiding.begin()
    committing.begin()
    hiding.post_last(turns.topic, b"key", RECORD)
    known = committing.post_last(turns.topic, b"key", RECORD) + 1
    committing.commit()
    is_ending = threading.Event()

    def end() -> None:
        is_ending.set()
        hiding.abandon()

    ended = threading.Timer(LAG_S, end)
    ended.start()
    assert list(turns.read(known)) == []
    assert is_ending.is_set()
    ended.join()


def test_a_topic_that_was_made_anew_is_told(cluster: KafkaSettings, turns: TurnsTopic) -> None:
    only = producer(cluster)
    only.begin()
    only.post_last(turns.topic, b"key", RECORD)
    only.commit()
    with pytest.raises(InputFault, match="made anew"):
        list(turns.read(1_000))
