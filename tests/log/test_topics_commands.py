"""`tapeline topics`, as typed at a terminal."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataflow.connectors.log.sink import LogSink
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage
from jobs.topics_commands import topics
from tests.log.streams import BOTH, PRICES, block, filled, price, write

PROGRAM = "from jobs.topics_commands import topics; topics()"


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(topics, [arguments[0], "--data", str(data), *arguments[1:]])


def json_lines(data: Path, *arguments: str) -> list[Any]:
    return [json.loads(text) for text in run(data, "tail", "--format", "json", *arguments).output.splitlines()]


def fault(data: Path, *arguments: str) -> str:
    result = run(data, *arguments)
    assert isinstance(result.exception, InputFault)
    return str(result.exception)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    storage = DirectoryStorage(tmp_path)
    filled(storage, PRICES, 1_200, step=100, segment_bytes=50_000)
    filled(storage, BOTH, 9)
    return tmp_path


def test_the_list_shows_every_stream_with_size_and_event_times(data: Path) -> None:
    rows = {words[0]: words for words in map(str.split, run(data, "list").output.splitlines()[3:]) if words}

    assert rows["everything"][1] == "9"
    assert rows["market-data"][1] == "1,200"
    assert rows["market-data"][4:] == ["2013-10-07", "13:30:00", "2013-10-09", "05:28:00", "symbol,", "8"]


def test_the_tail_ends_with_the_last_record_and_shows_no_empty_fields(data: Path) -> None:
    lines = run(data, "tail", "market-data", "-n", "2").output.splitlines()

    assert [text.split() for text in lines[2:]] == [
        ["1198", "2013-10-09T05:26:00.000000000Z", "PriceUpdated", "symbol=AAPL", "kind=QUOTE",
         "bid_price=180.00001198", "flags=1719374392"],
        ["1199", "2013-10-09T05:28:00.000000000Z", "PriceUpdated", "symbol=BRK.B", "kind=QUOTE",
         "bid_price=180.00001199", "flags=1723683599"],
    ]  # fmt: skip


def test_json_lines_hold_everything_exactly(data: Path) -> None:
    (line,) = json_lines(data, "market-data", "-n", "1")

    assert (line["stream"], line["number"], line["type"]) == ("market-data", 1199, "PriceUpdated")
    assert line["record"]["bid_price"] == "180.00001199"
    assert line["record"]["ask_price"] == "0.00000000"
    assert line["record"]["event_id"] == "fffffffffffffffb00000000000004af"
    assert line["record"]["event_time_ns"] == price(1199).event_time_ns
    assert line["record"]["event_time"] == "2013-10-09T05:28:00.000000000Z"
    assert set(price(0).to_dict()) < set(line["record"])


def test_ten_records_are_shown_unless_told_otherwise(data: Path) -> None:
    assert [line["number"] for line in json_lines(data, "market-data")] == list(range(1190, 1200))
    assert len(json_lines(data, "market-data", "--from", "0")) == 1_200
    assert [line["number"] for line in json_lines(data, "market-data", "--from", "510", "-n", "2")] == [510, 511]
    assert json_lines(data, "market-data", "--from", "5000") == []


def test_conditions_choose_among_all_records_not_among_the_last_ten(data: Path) -> None:
    of_symbol = json_lines(data, "market-data", "-n", "3", "--where", "symbol=IBM")
    of_price = json_lines(data, "market-data", "--where", "symbol=AAPL", "--where", "bid_price=180.0000004")
    of_type = json_lines(data, "everything", "--where", "type=AlertTriggered", "--where", "move_bps=-5")

    assert [line["number"] for line in of_symbol] == [1191, 1194, 1197]
    assert [line["number"] for line in of_price] == [40]
    assert [line["number"] for line in of_type] == [5]


def test_the_digest_is_that_of_the_content_wherever_it_is_cut(data: Path, tmp_path: Path) -> None:
    filled(DirectoryStorage(tmp_path / "other"), PRICES, 1_200, step=7)
    content = block(PRICES, 0, [price(number) for number in range(1_200)]).payload

    assert run(data, "digest", "market-data").output == f"{hashlib.sha256(content).hexdigest()}  market-data\n"
    assert run(tmp_path / "other", "digest").output == run(data, "digest", "market-data").output


def test_verify_passes_a_whole_log_and_names_damage(data: Path) -> None:
    whole = run(data, "verify")
    newest = max((data / "topics/market-data").iterdir())
    newest.write_bytes(newest.read_bytes()[:-1])
    damaged = run(data, "verify", "market-data")

    assert (whole.exit_code, damaged.exit_code) == (0, 1)
    assert whole.output == "everything: 9 records, whole\nmarket-data: 1,200 records, whole\n"
    assert f"{newest.name}: " in damaged.output
    assert "are no whole block" in damaged.output


def test_a_damaged_log_is_listed_as_such_beside_the_whole_ones(data: Path) -> None:
    newest = max((data / "topics/market-data").iterdir())
    newest.write_bytes(b"garbage")

    listed = run(data, "list").output

    assert "damaged: see" in listed
    assert "everything" in listed
    assert f"topics/market-data/{newest.name} is no segment of a topic log" in run(data, "verify").output


def test_an_unknown_stream_or_field_gets_a_suggestion(data: Path) -> None:
    assert fault(data, "tail", "market-dat").endswith("did you mean 'market-data'?")
    assert fault(data, "digest", "zzz").endswith("there are: everything, market-data")
    assert fault(data, "tail", "market-data", "--where", "symbl=IBM").endswith("did you mean 'symbol'?")
    assert "not of the form FIELD=VALUE" in fault(data, "tail", "market-data", "--where", "symbol")


def test_a_directory_without_logs_is_a_fault_that_says_what_to_do(tmp_path: Path) -> None:
    text = fault(tmp_path / "absent", "list")

    assert text.splitlines()[1].strip() == f"`tapeline run --data {tmp_path / 'absent'}` writes them"
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("form", ["json", "table"])
def test_a_reader_that_goes_away_is_no_error(data: Path, form: str) -> None:
    command = f"{sys.executable} -c '{PROGRAM}' tail market-data --data {data} --from 0 --format {form} | head -n 1"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)

    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 1


def test_following_shows_what_comes_later_and_ends_quietly(tmp_path: Path) -> None:
    sink = filled(DirectoryStorage(tmp_path), PRICES, 20)
    with following(tmp_path) as process:
        assert process.stdout is not None
        shown = [next(process.stdout) for _ in range(2)]
        write(sink, PRICES, 20, 23, 1)
        shown += [next(process.stdout) for _ in range(3)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)

    assert [json.loads(text)["number"] for text in shown] == [18, 19, 20, 21, 22]
    assert (rest, errors, process.returncode) == ("", "", 0)


def test_following_a_log_that_is_cut_back_shows_what_is_written_anew(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)
    sink = filled(storage, PRICES, 10)
    position = sink.prepare(1)
    write(sink, PRICES, 10, 20, 5)
    with following(tmp_path) as process:
        assert process.stdout is not None
        shown = [next(process.stdout) for _ in range(2)]
        again = LogSink(storage, [PRICES])
        again.recover(position)
        write(again, PRICES, 10, 21, 11)
        shown += [next(process.stdout)]
        process.kill()

    assert json.loads(shown[-1])["number"] in {10, 20}


@contextmanager
def following(data: Path) -> Iterator[subprocess.Popen[str]]:
    """`tail --follow` in a process that hears an interrupt whatever the test run was started from, and that ends."""
    arguments = ["tail", "market-data", "--data", str(data), "-n", "2", "--follow", "--format", "json"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
