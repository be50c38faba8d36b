"""`tapeline topics tail` on a real topic: committed records alone, whatever else lies there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from confluent_kafka import Producer

from dataflow.connectors.kafka.clients import client_config
from dataflow.connectors.kafka.partitioner import partition_of
from jobs.kafka_start import opened_schemas
from schemas.confluent import frame
from schemas.generated.events import PriceUpdated
from tests.kafka.small_pipelines import Terminal, rows

PROGRAM = "from jobs.cli import main; main()"
SYMBOLS = ("AAPL", "IBM", "BRK.B")
START_NS = 1_380_000_000_000_000_000


def price(number: int) -> PriceUpdated:
    at_ns, bid_e8 = START_NS + number, 18_700_000_000 + number
    record = PriceUpdated(symbol=SYMBOLS[number % 3], event_time_ns=at_ns, bid_price_e8=bid_e8)
    record.sequence = number
    return record


class Writer:
    """Writes prices as jobs do, in transactions."""

    def __init__(self, terminal: Terminal) -> None:
        settings = terminal.settings
        self.topic = settings.topic("market-data")
        with closing(opened_schemas(settings, terminal.graph().streams.values())) as schemas:
            schemas.register()
            self.schema_id = schemas.ids["market-data"]
        config: dict[str, Any] = {**client_config(settings), "transactional.id": f"{settings.prefix}writer"}
        self.producer = Producer(config)
        self.producer.init_transactions(30)
        self.clock_ms = 1_700_000_000_000

    def write(self, numbers: Iterable[int], commit: bool = True) -> None:
        self.producer.begin_transaction()
        for number in numbers:
            record = price(number)
            self.put(record.symbol.encode(), frame(self.schema_id, record))
        self.producer.flush()
        if commit:
            self.producer.commit_transaction(30)
        else:
            self.producer.abort_transaction(30)

    def put(self, key: bytes, value: bytes | None) -> None:
        self.clock_ms += 1
        self.producer.produce(self.topic, value, key, partition_of(key, 2), timestamp=self.clock_ms)


@pytest.fixture
def writer(terminal: Terminal) -> Writer:
    terminal.run("topics", "apply")
    return Writer(terminal)


def tailed(terminal: Terminal, *arguments: str) -> list[Any]:
    result = terminal.run("topics", "tail", "market-data", "--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(text) for text in result.output.splitlines()]


def numbers(lines: list[Any]) -> list[int]:
    return [line["record"]["sequence"] for line in lines]


def test_the_last_records_are_shown_in_the_order_they_were_written(terminal: Terminal, writer: Writer) -> None:
    writer.write(range(100))
    lines = tailed(terminal, "-n", "4")
    assert numbers(lines) == [96, 97, 98, 99]
    assert lines[-1] == {
        "stream": "market-data", "partition": lines[-1]["partition"], "offset": lines[-1]["offset"], "key": "AAPL",
        "type": "PriceUpdated", "record": lines[-1]["record"],
    }  # fmt: skip
    assert lines[-1]["record"]["bid_price"] == "187.00000099"
    assert len(tailed(terminal)) == 10


def test_what_was_not_committed_is_not_shown(terminal: Terminal, writer: Writer) -> None:
    writer.write(range(5))
    writer.write(range(5, 400), commit=False)
    assert numbers(tailed(terminal)) == [0, 1, 2, 3, 4]
    writer.producer.begin_transaction()
    writer.put(b"IBM", frame(writer.schema_id, price(400)))
    writer.producer.flush()
    assert numbers(tailed(terminal, "-n", "1")) == [4]
    writer.producer.abort_transaction(30)


def test_conditions_choose_among_all_records(terminal: Terminal, writer: Writer) -> None:
    writer.write(range(300))
    assert numbers(tailed(terminal, "-n", "2", "--where", "symbol=IBM")) == [295, 298]
    assert numbers(tailed(terminal, "--where", "bid_price=187.00000007")) == [7]
    fault = terminal.run("topics", "tail", "market-data", "--where", "symbl=IBM")
    assert fault.output.endswith("did you mean 'symbol'?\n")


def test_all_records_from_an_offset_of_each_partition(terminal: Terminal, writer: Writer) -> None:
    writer.write(range(1_200))
    assert sorted(numbers(tailed(terminal, "--from", "0"))) == list(range(1_200))
    assert len(tailed(terminal, "--from", "0", "-n", "3")) == 3
    assert tailed(terminal, "--from", "5000") == []


def test_what_is_no_record_is_shown_as_what_it_is(terminal: Terminal, writer: Writer) -> None:
    writer.producer.begin_transaction()
    writer.put(b"IBM", b"noise")
    writer.put(b"IBM", None)
    writer.put(b"IBM", b"\0\x7f\xff\xff\xff\x01")
    writer.put(b"IBM", frame(writer.schema_id, price(1))[:-1])
    writer.producer.commit_transaction(30)
    lines = tailed(terminal)
    assert [line["type"] for line in lines] == ["(unreadable)", "(tombstone)", "(unreadable)", "(unreadable)"]
    assert lines[0]["record"] == {"error": "no Confluent frame", "bytes": 5, "value": b"noise".hex()}
    assert lines[2]["record"]["error"] == "schema id 2147483647 is not registered"
    assert "(tombstone)" in terminal.run("topics", "tail", "market-data").output


def test_people_get_a_table(terminal: Terminal, writer: Writer) -> None:
    writer.write(range(3))
    last = rows(terminal.run("topics", "tail", "market-data"))[-1]
    assert last[1:] == [
        "2013-09-24T05:20:00.000000002Z",
        "PriceUpdated",
        "symbol=BRK.B",
        "kind=QUOTE",
        "bid_price=187.00000002",
    ]


def test_a_topic_that_is_not_there_gets_a_suggestion(terminal: Terminal, writer: Writer) -> None:
    assert terminal.run("topics", "tail", "market-dat").output == (
        f"tapeline: there is no topic {terminal.settings.topic('market-dat')} at {terminal.settings.brokers}\n"
        "    did you mean 'market-data'?\n"
    )


def test_following_shows_what_is_committed_later_and_ends_quietly(terminal: Terminal, writer: Writer) -> None:
    writer.write(range(5))
    with following(terminal) as process:
        assert process.stdout is not None
        shown = [next(process.stdout) for _ in range(2)]
        writer.write(range(5, 8), commit=False)
        writer.write(range(8, 10))
        shown += [next(process.stdout) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)

    assert sorted(json.loads(text)["record"]["sequence"] for text in shown) == [3, 4, 8, 9]
    assert (rest, errors, process.returncode) == ("", "", 0)


@contextmanager
def following(terminal: Terminal) -> Iterator[subprocess.Popen[str]]:
    arguments = ["topics", "tail", "market-data", "--pipelines", str(terminal.path), "-n", "2", "--follow"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments, "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **terminal.variables(), "PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
