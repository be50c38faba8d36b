"""The sink under checkpoints that are not the newest, damage, and tables that do not fit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver import Client

from dataflow.connectors.clickhouse import rows as chunking
from dataflow.connectors.clickhouse.sink import ClickHouseSink
from dataflow.ports import Block, InputFault
from dataflow.testing.faults import SimulatedStorage
from tests.clickhouse.small_run import ALERTS, LETTERS, STREAMS, SmallRun, all_rows, block, expected_rows, rows


@pytest.fixture
def storage() -> SimulatedStorage:
    return SimulatedStorage()


@pytest.fixture
def sink(storage: SimulatedStorage, client: Client, ddl: Path) -> ClickHouseSink:
    made = ClickHouseSink(storage, STREAMS, lambda: client, ddl)
    made.recover(None)
    return made


def again(sink: ClickHouseSink, storage: SimulatedStorage | None = None, is_shared: bool = False) -> ClickHouseSink:
    """A sink over the same database, in a new life; with another storage, on another disk."""
    disk = storage or sink._spool.storage
    return ClickHouseSink(disk, STREAMS, lambda: sink.client, sink.ddl, is_shared)


def checkpoint(sink: ClickHouseSink, first: int, count: int, number: int) -> Any:
    """Write alerts, and take a checkpoint of them."""
    sink.write(block(ALERTS, first, count))
    position = sink.prepare(number)
    sink.commit(number)
    return position


def offsets(client: Client) -> list[int]:
    return [row[0] for row in rows(client, "alerts")]


def test_rows_are_visible_only_after_their_checkpoint(sink: ClickHouseSink, client: Client) -> None:
    sink.write(block(ALERTS, 0, 10))
    sink.prepare(1)
    assert offsets(client) == []
    sink.commit(1)
    assert offsets(client) == list(range(10))


def test_records_of_a_union_go_to_the_table_of_their_type(sink: ClickHouseSink, client: Client) -> None:
    sink.write(block(LETTERS, 0, 9))
    sink.prepare(1)
    sink.commit(1)
    assert [row[0] for row in rows(client, "letters_alert_rule_rejected")] == [1, 4, 7]
    assert [row[0] for row in rows(client, "letters_alert_triggered")] == [0, 2, 3, 5, 6, 8]


def test_a_checkpoint_without_records_is_none(sink: ClickHouseSink, client: Client) -> None:
    sink.write(Block("alerts", 0, 0, b""))
    position = sink.prepare(1)
    sink.commit(1)
    again(sink).recover(position)
    assert offsets(client) == []
    assert position["spool"]["chunks"] == []


def test_a_checkpoint_without_records_keeps_the_rows_before(sink: ClickHouseSink, client: Client) -> None:
    checkpoint(sink, 0, 10, 1)
    position = sink.prepare(2)
    sink.commit(2)
    again(sink).recover(position)
    assert offsets(client) == list(range(10))


def test_a_chunk_is_one_part(sink: ClickHouseSink, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.command("SYSTEM STOP MERGES alerts")
    monkeypatch.setattr(chunking, "CHUNK_ROWS", 10)
    checkpoint(sink, 0, 30, 1)
    parts = client.query("SELECT rows FROM system.parts WHERE table = 'alerts' AND active").result_rows
    assert [row[0] for row in parts] == [10, 10, 10]


def test_fifty_thousand_rows_are_one_part(sink: ClickHouseSink, client: Client) -> None:
    client.command("SYSTEM STOP MERGES alerts")
    one = block(ALERTS, 0, 1).payload
    sink.write(Block("alerts", 0, 50_000, one * 50_000))
    sink.prepare(1)
    sink.commit(1)
    parts = client.query("SELECT rows FROM system.parts WHERE table = 'alerts' AND active").result_rows
    assert [row[0] for row in parts] == [50_000]


def test_an_older_checkpoint_takes_the_rows_after_it_away(sink: ClickHouseSink, client: Client) -> None:
    first = checkpoint(sink, 0, 10, 1)
    checkpoint(sink, 10, 10, 2)
    again(sink).recover(first)
    assert offsets(client) == list(range(10))


def test_a_replay_in_the_same_blocks_is_not_taken_for_what_was_deleted(sink: ClickHouseSink, client: Client) -> None:
    first = checkpoint(sink, 0, 10, 1)
    checkpoint(sink, 10, 10, 2)
    replay = again(sink)
    replay.recover(first)
    checkpoint(replay, 10, 10, 2)
    assert offsets(client) == list(range(20))


def test_a_replay_in_other_blocks_gives_each_row_once(sink: ClickHouseSink, client: Client) -> None:
    first = checkpoint(sink, 0, 10, 1)
    checkpoint(sink, 10, 20, 2)
    replay = again(sink)
    replay.recover(first)
    checkpoint(replay, 10, 7, 2)
    checkpoint(replay, 17, 13, 3)
    assert offsets(client) == list(range(30))


def test_going_back_twice_to_one_checkpoint_gives_each_row_once(sink: ClickHouseSink, client: Client) -> None:
    first = checkpoint(sink, 0, 10, 1)
    for _ in range(2):
        sink = again(sink)
        sink.recover(first)
        checkpoint(sink, 10, 10, 2)
    assert offsets(client) == list(range(20))


def test_without_a_checkpoint_everything_goes(sink: ClickHouseSink, client: Client) -> None:
    checkpoint(sink, 0, 10, 1)
    again(sink).recover(None)
    assert offsets(client) == []


def test_shared_tables_are_not_emptied_for_a_new_run(sink: ClickHouseSink, client: Client) -> None:
    checkpoint(sink, 0, 10, 1)
    with pytest.raises(InputFault, match="alerts holds 10 rows of an earlier run"):
        again(sink, is_shared=True).recover(None)
    assert offsets(client) == list(range(10))


def test_rows_that_the_machine_lost_after_the_commit_come_again(sink: ClickHouseSink, client: Client) -> None:
    position = checkpoint(sink, 0, 10, 1)
    client.command("TRUNCATE TABLE alerts")
    again(sink).recover(position)
    assert offsets(client) == list(range(10))


def test_a_chunk_that_is_there_in_part_is_completed(sink: ClickHouseSink, client: Client) -> None:
    position = checkpoint(sink, 30, 20, 1)
    client.command("ALTER TABLE alerts DROP PARTITION 201310")
    assert offsets(client) == list(range(40, 50))
    again(sink).recover(position)
    assert offsets(client) == list(range(30, 50))


def test_a_row_that_stands_twice_is_made_one(sink: ClickHouseSink, client: Client) -> None:
    position = checkpoint(sink, 0, 10, 1)
    client.command("INSERT INTO alerts SELECT * FROM alerts WHERE stream_offset = 3")
    again(sink).recover(position)
    assert offsets(client) == list(range(10))


def test_an_insert_of_the_dead_process_that_comes_late_is_dropped(sink: ClickHouseSink, client: Client) -> None:
    sink.write(block(ALERTS, 0, 10))
    position = sink.prepare(1)
    again(sink).recover(position)
    sink.commit(1)
    assert offsets(client) == list(range(10))


def test_the_spool_of_the_last_commit_stays_until_the_next(sink: ClickHouseSink, storage: SimulatedStorage) -> None:
    checkpoint(sink, 0, 10, 1)
    assert storage.list("spool") == ["0000000001.chunks"]
    checkpoint(sink, 10, 10, 2)
    assert storage.list("spool") == ["0000000002.chunks"]


def test_a_damaged_spool_is_told_where_its_rows_are_missing(sink: ClickHouseSink, storage: SimulatedStorage) -> None:
    sink.write(block(ALERTS, 0, 10))
    position = sink.prepare(1)
    storage.truncate("spool/0000000001.chunks", 100)
    with pytest.raises(InputFault, match=r"0000000001\.chunks is damaged"):
        again(sink).recover(position)


def test_a_damaged_spool_does_no_harm_where_its_rows_are_there(
    sink: ClickHouseSink, client: Client, storage: SimulatedStorage
) -> None:
    position = checkpoint(sink, 0, 10, 1)
    storage.truncate("spool/0000000001.chunks", 100)
    again(sink).recover(position)
    assert offsets(client) == list(range(10))


def test_a_gap_in_a_stream_is_an_error_of_the_engine(sink: ClickHouseSink) -> None:
    checkpoint(sink, 0, 10, 1)
    with pytest.raises(ValueError, match="alerts: record 11 was written where 10 was due"):
        sink.write(block(ALERTS, 11, 1))


def test_a_stream_that_the_sink_takes_up_later_begins_where_it_is(sink: ClickHouseSink, client: Client) -> None:
    checkpoint(sink, 1_000, 5, 1)
    assert offsets(client) == list(range(1_000, 1_005))


def test_a_database_that_was_lost_is_not_gone_on_with(sink: ClickHouseSink, client: Client) -> None:
    position = checkpoint(sink, 0, 10, 1)
    client.command("DROP TABLE alerts SYNC")
    client.command("DROP TABLE schema_migrations SYNC")
    with pytest.raises(InputFault, match="holds nothing of the run that is to be resumed"):
        again(sink).recover(position)


def test_a_stream_without_a_table_is_told(client: Client, ddl: Path) -> None:
    (ddl / "002_letters.sql").unlink()
    with pytest.raises(InputFault, match="no table letters_alert_triggered for the AlertTriggered of stream letters"):
        ClickHouseSink(SimulatedStorage(), STREAMS, lambda: client, ddl).recover(None)


def test_a_table_without_a_field_is_told(client: Client, ddl: Path) -> None:
    (ddl / "003_less.sql").write_text("ALTER TABLE alerts DROP COLUMN IF EXISTS move_bps;")
    with pytest.raises(InputFault, match="the table alerts lacks move_bps of AlertTriggered"):
        ClickHouseSink(SimulatedStorage(), STREAMS, lambda: client, ddl).recover(None)


def test_a_refused_insert_is_one_line_and_completed_by_recover(sink: ClickHouseSink, client: Client) -> None:
    client.command("ALTER TABLE alerts ADD CONSTRAINT small CHECK move_bps > -5")
    sink.write(block(ALERTS, 0, 10))
    position = sink.prepare(1)
    with pytest.raises(InputFault, match="ClickHouse: Constraint `small`") as fault:
        sink.commit(1)
    assert len(str(fault.value).splitlines()) == 2
    client.command("ALTER TABLE alerts DROP CONSTRAINT small")
    again(sink).recover(position)
    assert offsets(client) == list(range(10))


def test_values_arrive_exactly(sink: ClickHouseSink, client: Client) -> None:
    checkpoint(sink, 41, 1, 1)
    query = "SELECT toString(event_time_ns), toString(price), kind, move_bps, sequence, event_id_hex FROM alerts"
    (row,) = client.query(query).result_rows
    assert row == (
        "2013-11-07 13:30:41.123457076", "123.45678942", "PERCENT_MOVE", -41, 42, "fffffffffffffffb0000000000000029",
    )  # fmt: skip


def test_a_run_that_is_continued_after_its_end_changes_nothing(client: Client, ddl: Path) -> None:
    storage = SimulatedStorage()
    run = SmallRun(ddl, 60, 25)
    run.go_on(storage, client)
    run.go_on(storage, client)
    assert all_rows(client) == expected_rows(60)


def test_the_offset_of_a_row_may_be_large(sink: ClickHouseSink, client: Client) -> None:
    far = sys.maxsize // 4
    sink.write(Block("alerts", far, 2, block(ALERTS, 0, 2).payload))
    sink.prepare(1)
    sink.commit(1)
    assert offsets(client) == [far, far + 1]
