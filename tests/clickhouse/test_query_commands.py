"""`tapeline query` and `tapeline tables`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from clickhouse_connect.driver import Client

from dataflow.connectors.clickhouse.client import open_embedded
from dataflow.connectors.clickhouse.sink import ClickHouseSink
from dataflow.ports import InputFault
from dataflow.testing.faults import SimulatedStorage
from jobs.query_commands import query, tables
from tests.clickhouse.small_run import ALERTS, STREAMS, block

HOLD = """
import sys, pathlib
from dataflow.connectors.clickhouse.client import open_embedded
client = open_embedded(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data(tmp_path: Path, ddl: Path) -> Path:
    """A directory with 300 alerts that nobody holds."""
    client = open_embedded(tmp_path / "clickhouse")
    sink = ClickHouseSink(SimulatedStorage(), STREAMS, lambda: client, ddl)
    sink.recover(None)
    sink.write(block(ALERTS, 0, 300))
    sink.prepare(1)
    sink.commit(1)
    sink.close()
    return tmp_path


def ask(data: Path, sql: str, *options: str) -> Result:
    return CliRunner(catch_exceptions=True).invoke(query, [sql, "--data", str(data), *options])


def fault(data: Path, sql: str, *options: str) -> str:
    failed = ask(data, sql, *options).exception
    assert isinstance(failed, InputFault)
    return str(failed)


def test_a_table_shows_numbers_and_times_as_people_read_them(data: Path) -> None:
    shown = ask(
        data, "SELECT stream_offset * 1000 AS n, price, event_time_ns, event_id FROM alerts WHERE n = 1000"
    ).output
    assert shown.split()[-5:] == [
        "1,000", "123.45678902", "2013-10-07", "13:30:01.123456796", "fffffffffffffffb0000000000000001",
    ]  # fmt: skip


def test_a_long_result_is_cut_with_a_note(data: Path) -> None:
    shown = ask(data, "SELECT stream_offset FROM alerts ORDER BY stream_offset").output
    assert "Only the first 200 rows are shown; --format csv or json gives all." in shown
    assert " 199 \n" in shown
    assert " 200 \n" not in shown


def test_json_has_every_row_exactly(data: Path) -> None:
    lines = ask(data, "SELECT stream_offset, price FROM alerts ORDER BY 1", "--format", "json").output.splitlines()
    assert len(lines) == 300
    assert json.loads(lines[2]) == {"stream_offset": 2, "price": "123.45678903"}


def test_csv_has_a_head_and_every_row(data: Path) -> None:
    lines = ask(data, "SELECT stream_offset, kind FROM alerts ORDER BY 1", "--format", "csv").output.splitlines()
    assert lines[:2] == ["stream_offset,kind", "0,CROSSING_UP"]
    assert len(lines) == 301


def test_values_of_any_type_are_shown(data: Path) -> None:
    numbers = "NULL AS n, nan AS f, toDecimal64('1.50', 2) AS d"
    lines = ask(
        data, f"SELECT {numbers}, [1, 2] AS l, unhex('ff00') AS b, 'é' AS t, map('a', 1) AS m", "--format", "json"
    ).output.splitlines()
    assert json.loads(lines[0]) == {
        "l": [1, 2], "n": None, "b": "ff00", "t": "é", "f": "nan", "d": "1.5", "m": {"a": 1},
    }  # fmt: skip


def test_no_rows_are_said_to_be_none(data: Path) -> None:
    assert ask(data, "SELECT rule_id FROM alerts WHERE 0;").output.endswith("No rows.\n")


def test_square_brackets_are_text_and_no_markup(data: Path) -> None:
    assert "[red]x[/red]" in ask(data, "SELECT '[red]x[/red]' AS a").output


def test_tables_lists_tables_and_views_with_rows_and_comments(data: Path) -> None:
    result = CliRunner().invoke(tables, ["--data", str(data), "--format", "json"])
    listed = {entry["name"]: entry for entry in map(json.loads, result.output.splitlines())}
    assert (listed["alerts"]["kind"], listed["alerts"]["rows"]) == ("table", 300)
    assert listed["alerts"]["comment"] == "An alert, once per crossing."


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELEC 1", "Syntax error"),
        ("SELECT * FROM nothing", "Unknown table expression identifier 'nothing'"),
        ("SELECT nothing FROM alerts", "Unknown expression identifier `nothing`"),
        ("DROP TABLE alerts", "here tables can only be read"),
        ("INSERT INTO alerts (symbol) VALUES ('x')", "here tables can only be read"),
        ("SELECT 1 FORMAT CSV", "--format chooses table, json or csv"),
        ("  ;", "there is no statement"),
    ],
)
def test_a_bad_statement_is_one_or_two_lines(data: Path, sql: str, words: str) -> None:
    text = fault(data, sql)
    assert words in text
    assert len(text.splitlines()) <= 2
    assert "JSONCompact" not in text


def test_nothing_was_changed_by_a_refused_statement(data: Path) -> None:
    fault(data, "TRUNCATE TABLE alerts")
    fault(data, "INSERT INTO alerts (symbol) VALUES ('x')")
    assert "300" in ask(data, "SELECT count() AS n FROM alerts").output


def test_a_directory_without_tables_is_told(tmp_path: Path) -> None:
    assert "holds no ClickHouse tables" in fault(tmp_path, "SELECT 1")


def test_a_directory_that_another_process_holds_is_told(data: Path) -> None:
    command = (sys.executable, "-c", HOLD, str(data / "clickhouse"))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert f"in use by process {holder.pid}" in fault(data, "SELECT 1")
        holder.communicate()


def test_one_process_may_ask_one_directory_after_the_other(data: Path, tmp_path: Path) -> None:
    other: Client = open_embedded(tmp_path / "other")
    other.close()
    assert "300" in ask(data, "SELECT count() AS n FROM alerts").output
