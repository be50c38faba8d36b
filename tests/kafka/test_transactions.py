"""A producer whose transactional id was taken says so, at whatever step it finds out."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from dataflow.connectors.kafka.clients import open_admin
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.connectors.kafka.turns import make_own_topic
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault, Post
from tests.kafka.producers import claimant, producer

Step = Callable[[TransactionalProducer, str], object]

TRIES = 10
CLIENT_ASKS_AGAIN_S = 0.7
"""By then a refused client that was still there would have asked again, and shut out the one that took its place."""


def post(first: TransactionalProducer, topic: str) -> None:
    first.post(topic, 1, Post("records", ["key"], [b"value"], ["0" * 32], ["0" * 32]))


def post_until_refused(first: TransactionalProducer, topic: str) -> None:
    """A message goes to the broker in its own time, and what comes of it is known to a later one."""
    for _ in range(1_000):
        post(first, topic)
        time.sleep(0.01)


@pytest.mark.parametrize(
    "step",
    [
        lambda first, topic: first.flush(),
        lambda first, topic: first.post_last(topic, b"key", b"last"),
        lambda first, topic: first.commit(),
        post_until_refused,
    ],
    ids=["flush", "post_last", "commit", "post"],
)
def test_it_says_who_has_its_id(cluster: KafkaSettings, step: Step) -> None:
    topic = cluster.topic("records")
    make_own_topic(open_admin(cluster), topic, 1)
    first = producer(cluster)
    first.begin()
    producer(cluster)
    post(first, topic)
    with pytest.raises(InputFault, match="another has the id"):
        step(first, topic)


def takes_an_id_whose_transaction_is_open(cluster: KafkaSettings, topic: str, name: str) -> bool:
    """The successor works, and the first is shut out. Returns whether the successor's first client was heard to be
    refused, and replaced."""
    first = producer(cluster, name)
    first.begin()
    first.post_last(topic, b"key", b"never committed")
    successor = claimant(cluster, name)
    refusals = successor.claimant.refusals
    successor.init()
    time.sleep(CLIENT_ASKS_AGAIN_S)
    successor.begin()
    successor.post_last(topic, b"key", b"last")
    successor.commit()
    with pytest.raises(InputFault, match="another has the id"):
        first.commit()
    assert refusals.heard == (successor.claimant.refusals is not refusals)
    return refusals.heard


def test_an_id_whose_transaction_is_open_is_asked_for_again_by_a_new_client(cluster: KafkaSettings) -> None:
    """On a machine so busy that the client asks again before it was heard to be refused, only the wait is longer: then
    another try tells."""
    topic = cluster.topic("records")
    make_own_topic(open_admin(cluster), topic, 1)
    assert any(takes_an_id_whose_transaction_is_open(cluster, topic, f"id-{number}") for number in range(TRIES))


def test_an_id_that_is_free_is_taken_by_the_first_client(cluster: KafkaSettings) -> None:
    producer(cluster)
    successor = claimant(cluster)
    client = successor.producer
    successor.init()
    assert successor.producer is client
