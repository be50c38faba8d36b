"""Puts messages on a broker and reads them, as any client would."""

from __future__ import annotations

import time
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from dataflow.services.broker import Broker

TIMEOUT_S = 30.0


def client_config(broker: Broker) -> dict[str, Any]:
    return {"bootstrap.servers": broker.brokers, "log_level": 0}


def put(broker: Broker, topic: str, values: list[bytes]) -> None:
    admin = AdminClient(client_config(broker))
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(TIMEOUT_S)
    producer = Producer(client_config(broker))
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(TIMEOUT_S) == 0


def held(broker: Broker, topic: str, count: int) -> list[bytes]:
    """The first messages of a topic, as far as they are there in time."""
    consumer = Consumer({**client_config(broker), "group.id": "reader"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[bytes] = []
    deadline = time.monotonic() + TIMEOUT_S
    while len(found) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append(message.value() or b"")
    consumer.close()
    return found
