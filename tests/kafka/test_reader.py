"""Where a partition is read to, whatever order the client tells messages and ends in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError

from dataflow.connectors.kafka import reader
from dataflow.connectors.kafka.decoder import Decoder, Message, Place
from dataflow.connectors.kafka.reader import Input, KafkaReader
from dataflow.model import Record
from tests.engine.small_graph import prices

TOPIC = "prices"
PATIENCE_S = 10


class Told:
    """What the client tells: a message, or the end at its offset."""

    def __init__(self, offset: int, is_end: bool = False) -> None:
        self.at = offset
        self.is_end = is_end

    def error(self) -> KafkaError | None:
        return KafkaError(KafkaError._PARTITION_EOF) if self.is_end else None

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000

    def key(self) -> bytes:
        return b"S"

    value = key


class Prices(Decoder):
    """A price at the second of its offset."""

    def __init__(self) -> None:
        return

    def record(self, place: Place, message: Message) -> Record:
        return prices(place.offset)[0]


class Client:
    """confluent_kafka.Consumer as far as a reader uses it; all that there is comes at once."""

    told: tuple[Told, ...] = ()

    def __init__(self, config: dict[str, Any]) -> None:
        self.left = list(self.told)

    def consume(self, most: int, timeout_s: float) -> list[Told]:
        taken, self.left = self.left[:most], self.left[most:]
        time.sleep(0 if taken else timeout_s)
        return taken

    def assign(self, partitions: list[Any]) -> None:
        return

    pause = resume = assign

    def consumer_group_metadata(self) -> None:
        return

    def close(self) -> None:
        return


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[KafkaReader]:
    """Reads a partition from offset 2 on, of which the parameter is told."""
    monkeypatch.setattr(Client, "told", request.param)
    monkeypatch.setattr(reader, "Consumer", Client)
    made = KafkaReader({}, [Input("in", TOPIC, 1, 60.0, Prices())], is_patient=False)
    made.partitions["in/0"].open(2)
    made.begin(None)
    yield made
    made.close()


@pytest.mark.parametrize(
    "reading",
    [
        (Told(2), Told(3), Told(4, is_end=True)),
        (Told(2, is_end=True), Told(2), Told(3)),
        (Told(2), Told(3, is_end=True), Told(3)),
        (Told(2), Told(3), Told(4, is_end=True), Told(4, is_end=True)),
    ],
    indirect=True,
)
def test_what_was_taken_is_behind_the_position_even_where_an_end_was_told_before_it(reading: KafkaReader) -> None:
    partition = reading.partitions["in/0"]
    deadline = time.monotonic() + PATIENCE_S
    while partition.next < 4:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    batch = partition.read()
    assert batch is not None
    assert (batch.position, batch.marks) == (2, [3, 4])
    nothing = partition.read()
    assert nothing is not None
    assert (nothing.position, nothing.records) == (4, [])
