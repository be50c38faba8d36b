"""A transactional producer for a test."""

from __future__ import annotations

from typing import Final

from dataflow.connectors.kafka.clients import client_config
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.graph import KafkaSettings
from dataflow.ports import InputFault

TIMEOUT_MS: Final = 10_000


def producer(cluster: KafkaSettings, name: str = "id") -> TransactionalProducer:
    """It has the transactional id of this name."""
    made = claimant(cluster, name)
    made.init()
    return made


def claimant(cluster: KafkaSettings, name: str = "id") -> TransactionalProducer:
    """It has not taken the id yet."""

    def shut_out() -> Exception:
        return InputFault("another has the id")

    return TransactionalProducer(client_config(cluster), cluster.topic(name), TIMEOUT_MS, shut_out)
