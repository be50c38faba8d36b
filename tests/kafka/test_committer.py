"""The next transaction takes turns while one is being ended, but is closed only after that has ended well."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from dataflow.connectors.kafka.committer import IN_A_ROW, PROMPT_S, REST, rest_s
from dataflow.connectors.kafka.ledger import KafkaLedger
from dataflow.connectors.kafka.ledger_settings import LedgerSettings
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.ports import Interrupted, Post, Turn
from tests.kafka.nowhere import NOWHERE, NoTurns

PATIENCE_S = 10.0
PAUSE_S = 0.05


class Slow(TransactionalProducer):
    """Writes down what is asked of it; each end waits until the test lets it go on, and may fail."""

    said: list[str]
    name: str
    may_end: threading.Semaphore
    failure: Exception | None = None

    def begin(self) -> None:
        self.said.append(f"{self.name} begin")

    def post(self, topic: str, partitions: int, post: Post) -> None:
        self.said.append(f"{self.name} post {post.values[0].decode()}")

    def post_last(self, topic: str, key: bytes, value: bytes) -> int:
        self.said.append(f"{self.name} last")
        return 0

    def commit(self) -> None:
        assert self.may_end.acquire(timeout=PATIENCE_S)
        if self.failure is not None:
            raise self.failure
        self.said.append(f"{self.name} end")

    def abandon(self, patience_s: float = 0.0) -> None:
        self.said.append(f"{self.name} abandon")


class Scene:
    """A ledger with two such producers, `a` and `b`; the first transaction is `a`'s."""

    def __init__(self) -> None:
        settings = LedgerSettings("x", "tapeline-x", "turns", {"out": ("out", 1)}, heartbeat_ms=60_000)
        self.ledger = KafkaLedger(NOWHERE, settings, NoTurns(NOWHERE, "turns", "x"))
        self.said: list[str] = []
        self.may_end = threading.Semaphore(0)
        self.producers = [Slow(NOWHERE, f"tapeline-x-{name}", 1_000, RuntimeError) for name in "ba"]
        for name, producer in zip("ba", self.producers, strict=True):
            producer.said, producer.name, producer.may_end = self.said, name, self.may_end
        self.ledger.producers = list(self.producers)
        self.ledger.producer = self.producers[0]
        assert list(self.ledger.recover()) == []

    def turn(self, value: str) -> None:
        post = Post("out", ["k"], [value.encode()], ["0" * 32], ["0" * 32])
        self.ledger.end_turn(Turn([(0, 1)]), [post], {}, {"out": 1})

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.001)


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.may_end.release(100)
    made.ledger.close()


def test_the_next_is_filled_meanwhile_and_closed_afterwards(scene: Scene) -> None:
    scene.turn("1")
    scene.until(lambda: "a last" in scene.said)
    scene.turn("2")
    scene.until(lambda: "b post 2" in scene.said)
    time.sleep(PAUSE_S)
    assert scene.said == ["a begin", "a post 1", "a last", "b begin", "b post 2"]
    scene.may_end.release()
    scene.until(lambda: "b last" in scene.said)
    assert scene.said[5:] == ["a end", "b last"]
    scene.may_end.release()
    scene.until(lambda: scene.ledger.committer.number == 2)


def test_a_checkpoint_waits_for_all_before_it(scene: Scene) -> None:
    scene.turn("1")
    scene.until(lambda: "a last" in scene.said)
    scene.turn("2")
    scene.ledger.mark(1)
    scene.may_end.release(2)
    assert scene.ledger.prepare(1)["transaction"] == 2
    assert scene.said[-1] == "b end"


def test_what_follows_a_transaction_that_could_not_be_ended_never_becomes_visible(scene: Scene) -> None:
    for producer in scene.producers:
        producer.failure = Interrupted("the broker is away")
    scene.turn("1")
    scene.until(lambda: "a last" in scene.said)
    scene.turn("2")
    scene.until(lambda: "b post 2" in scene.said)
    scene.may_end.release()
    scene.until(lambda: scene.ledger.failure is not None)
    with pytest.raises(Interrupted, match="the broker is away"):
        scene.turn("3")
    scene.ledger.close()
    assert scene.said == ["a begin", "a post 1", "a last", "b begin", "b post 2", "b abandon"]


def test_a_broker_that_is_slow_again_and_again_gets_rest_and_one_pause_gives_none() -> None:
    slow = PROMPT_S + 0.03
    assert rest_s([slow] * IN_A_ROW) == pytest.approx(REST * 0.03)
    assert rest_s([*[slow] * (IN_A_ROW - 1), PROMPT_S / 2]) == 0.0
    assert rest_s([slow] * (IN_A_ROW - 1)) == 0.0
