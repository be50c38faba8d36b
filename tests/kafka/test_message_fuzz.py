"""Any bytes in any stream's topic: a record that can be written again, or a dead letter that holds them and says why.

Messages are drawn by seed: noise, frames cut, flipped, spliced and lengthened, ids of other schemas, other keys, times
and extreme values; among them good ones, which must come out as they were put in. The suite takes some thousand;

    TAPELINE_FUZZ_INPUTS=1000000 TAPELINE_FUZZ_SEED=1 pytest -s tests/kafka/test_message_fuzz.py

takes as many as one wants. A failure names stream, seed and number.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from dataflow.blocks import encoded
from dataflow.connectors.kafka.decoder import RAW_BYTES_MAX, Decoder, Message, Place, Reading
from dataflow.graph import Stream
from dataflow.load import load_graph
from dataflow.model import END_OF_TIME, NO_WATERMARK, Record
from jobs.catalog import catalog
from jobs.kafka_edges import unread_letter
from schemas.generated.events import KEY_FIELDS, RECORD_TYPES, DeadLetter
from tests.kafka.message_noise import NOW_MS, PRESENT, Drawn, Noise, Registry

INPUTS = int(os.environ.get("TAPELINE_FUZZ_INPUTS", "12000"))
SEED = int(os.environ.get("TAPELINE_FUZZ_SEED", "1"))
STREAMS = load_graph(Path(__file__).parents[2] / "pipelines.yaml", catalog(), "default", {}).streams
EVERY_STREAM = pytest.mark.parametrize("stream", STREAMS.values(), ids=lambda stream: stream.name)


def decoder(stream: Stream) -> Decoder:
    foreign = next(other for other in STREAMS.values() if other.schemas != stream.schemas)
    reading = Reading("source", stream, PRESENT, KEY_FIELDS.index(stream.key), unread_letter, {})
    return Decoder(reading, Registry(stream, foreign))


class Fuzz:
    """Messages of one stream through one decoder; what became of them is counted."""

    def __init__(self, stream: Stream) -> None:
        self.name = stream.name
        self.noise = Noise(stream, SEED)
        self.decoder = decoder(stream)
        self.place = Place("topic", 3)
        self.found: Counter[str] = Counter()

    def carry(self, count: int) -> None:
        for number in range(count):
            drawn = self.noise.next()
            self.place.offset = number
            try:
                self.check(drawn, self.decoder.record(self.place, drawn.message))
            except Exception as error:
                error.add_note(f"stream {self.name}, seed {SEED}, message {number}: {drawn.message}")
                raise

    def check(self, drawn: Drawn, record: Record) -> None:
        again = encoded(record)
        kind = RECORD_TYPES[record.type_id()]
        assert encoded(kind.decode_whole(again, 0)) == again
        assert NO_WATERMARK <= record.event_time_ns < END_OF_TIME
        if drawn.record is not None:
            assert again == encoded(drawn.record)
        if isinstance(record, DeadLetter) and record.source == "source":
            assert (record.raw, record.place) == (drawn.message.value or b"", self.place.text())
            assert record.message
            self.found[record.error] += 1
        else:
            self.found["record"] += 1


@EVERY_STREAM
def test_every_message_is_a_record_or_a_letter(stream: Stream) -> None:
    fuzz = Fuzz(stream)
    fuzz.carry(INPUTS // len(STREAMS))
    assert {"record", "NoRecord", "NoFrame", "UnknownSchemaId", "NoKey", "OtherKey"} <= fuzz.found.keys()
    print(stream.name, dict(fuzz.found))


@pytest.fixture
def quotes() -> Fuzz:
    return Fuzz(STREAMS["market-data"])


def letter_of(fuzz: Fuzz, message: Message) -> DeadLetter:
    letter = fuzz.decoder.record(fuzz.place, message)
    assert isinstance(letter, DeadLetter)
    return letter


def test_bytes_after_a_record_are_told(quotes: Fuzz) -> None:
    message = quotes.noise.good().message
    letter = letter_of(quotes, message._replace(value=(message.value or b"") + b"\0\0\0"))
    assert (letter.error, letter.message) == ("NoRecord", "3 bytes follow the PriceUpdated")


def test_a_message_without_a_time_tells_nothing_of_its_event_s(quotes: Fuzz) -> None:
    assert letter_of(quotes, quotes.noise.good().message._replace(timestamp_ms=0)).error == "EventTime"


def test_a_letter_has_no_time_of_its_own_that_could_close_windows(quotes: Fuzz) -> None:
    assert letter_of(quotes, Message(b"A", b"noise", 16_725_225_600_000)).event_time_ns == NO_WATERMARK


def test_a_letter_holds_the_beginning_of_what_is_too_long_and_says_so(quotes: Fuzz) -> None:
    letter = letter_of(quotes, Message(b"A", b"\1" * (RAW_BYTES_MAX + 1), NOW_MS))
    assert len(letter.raw) == RAW_BYTES_MAX
    assert "of 1,048,577 bytes the letter holds the first 1,048,576" in letter.message
