"""Streams that linger go out little by little, and become visible together with a record that says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from dataflow.connectors.kafka.clients import client_config, open_admin
from dataflow.connectors.kafka.ledger_settings import LedgerSettings
from dataflow.connectors.kafka.lingering import LingeringStreams
from dataflow.connectors.kafka.turns import TurnsTopic, make_own_topic
from dataflow.graph import KafkaSettings
from dataflow.ports import Post

PATIENCE_S = 30.0
SOON_MS = 50
LATE_MS = 3_600_000
TIMEOUT_MS = 60_000


class Lingering:
    """Two streams that linger on a real broker: `soon` and `late`."""

    def __init__(self, cluster: KafkaSettings, linger_ms: dict[str, int]) -> None:
        config, name = client_config(cluster), cluster.topic("app")
        topics = {stream: (cluster.topic(stream), 1) for stream in linger_ms}
        turns_topic = cluster.topic("turns")
        for topic in (turns_topic, *(topic for topic, _ in topics.values())):
            make_own_topic(open_admin(cluster), topic, 1)
        settings = LedgerSettings(name, name, turns_topic, topics, linger_ms=linger_ms, timeout_ms=TIMEOUT_MS)
        self.failures: list[Exception] = []
        self.turns = TurnsTopic(config, turns_topic, name)
        self.streams = LingeringStreams(config, settings, "instance", lambda: RuntimeError("shut out"))
        self.streams.producer.init()
        self.streams.start(self.failures.append)

    def hold(self, stream: str, last: int) -> None:
        self.streams.hold(Post(stream, ["key"], [b"value"], ["0" * 32], ["0" * 32]), last)

    def flush(self) -> None:
        done = threading.Event()
        self.streams.flush(done)
        assert done.wait(PATIENCE_S)

    def said(self) -> list[dict[str, int]]:
        """What the records in the turns topic say is visible."""
        return [entry["visible"] for _, entry in self.turns.read(0)]

    def wait_for(self, visible: dict[str, int]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while visible not in self.said():
            assert time.monotonic() < deadline, self.said()

    def close(self) -> None:
        self.streams.close()
        self.turns.close()


@pytest.fixture
def lingering(cluster: KafkaSettings) -> Iterator[Lingering]:
    made = Lingering(cluster, {"soon": SOON_MS, "late": LATE_MS})
    yield made
    made.close()
    assert made.failures == []


def test_a_record_becomes_visible_after_its_linger(lingering: Lingering) -> None:
    lingering.hold("soon", 1)
    lingering.wait_for({"soon": 1, "late": 0})


def test_a_stream_of_a_longer_linger_does_not_go_out_with_one_of_a_shorter(lingering: Lingering) -> None:
    lingering.hold("late", 1)
    lingering.hold("soon", 1)
    lingering.hold("soon", 2)
    lingering.wait_for({"soon": 2, "late": 0})
    assert lingering.streams.records == 1


def test_a_flush_makes_all_visible_whatever_its_linger(lingering: Lingering) -> None:
    lingering.hold("late", 1)
    lingering.hold("late", 2)
    lingering.flush()
    assert lingering.said() == [{"soon": 0, "late": 2}]


def test_a_flush_of_nothing_writes_nothing(lingering: Lingering) -> None:
    lingering.flush()
    assert lingering.said() == []


def test_what_is_in_an_open_transaction_does_not_become_visible_by_closing(cluster: KafkaSettings) -> None:
    lingering = Lingering(cluster, {"slow": TIMEOUT_MS // 2})
    lingering.hold("slow", 1)
    deadline = time.monotonic() + PATIENCE_S
    while not lingering.streams.open:
        assert time.monotonic() < deadline
    lingering.close()
    assert (lingering.said(), lingering.failures) == ([], [])
