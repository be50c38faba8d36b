"""A small run into ClickHouse, as an engine drives the sink, that may be stopped at any operation and continued."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from clickhouse_connect.driver import Client

from dataflow.blocks import encoded
from dataflow.connectors.clickhouse.sink import ClickHouseSink
from dataflow.graph import Stream
from dataflow.model import Record, RecordType
from dataflow.ports import Block, Storage
from schemas.generated.events import (
    ALERT_RULE_REJECTED,
    ALERT_TRIGGERED,
    AlertRuleRejected,
    AlertTriggered,
)

DAY_NS = 86_400_000_000_000
START_NS = 1_381_152_600_123_456_789
DDL = """
-- One table per record type; those of the union are like those of the streams that hold one type.
CREATE TABLE IF NOT EXISTS letters_alert_triggered AS alerts;
CREATE TABLE IF NOT EXISTS letters_alert_rule_rejected AS alert_rule_rejects;
"""
TABLES = ("alerts", "letters_alert_triggered", "letters_alert_rule_rejected")


def stream(name: str, *schemas: RecordType) -> Stream:
    return Stream(name, schemas, "symbol", 8, 86_400_000, "lz4")


ALERTS = stream("alerts", ALERT_TRIGGERED)
LETTERS = stream("letters", ALERT_TRIGGERED, ALERT_RULE_REJECTED)
STREAMS = (ALERTS, LETTERS)


def make_ddl(folder: Path) -> Path:
    """The tree's own DDL of alerts without its fsync, which takes most of the time, and tables for the union."""
    folder.mkdir()
    text = Path("deploy/clickhouse/002_alerts.sql").read_text()
    (folder / "001_alerts.sql").write_text(text.replace(", fsync_after_insert = 1, fsync_part_directory = 1", ""))
    (folder / "002_letters.sql").write_text(DDL)
    return folder


def record(name: str, number: int) -> Record:
    """A record that differs for each number; every 40th begins another month, which is another partition."""
    at_ns = START_NS + number * 1_000_000_007 + number // 40 * 31 * DAY_NS
    if name == "letters" and number % 3 == 1:
        made: Record = AlertRuleRejected(symbol=f"S{number % 7}", rule_id=f"r{number}", account="a", reason=number % 5)
    else:
        made = AlertTriggered(
            symbol=f"S{number % 7}", account="a", rule_id=f"r{number}", kind=number % 3, move_bps=-number,
            price_e8=12_345_678_901 + number,
        )  # fmt: skip
    made.event_id_hi, made.event_id_lo, made.sequence, made.event_time_ns = -5, number, number + 1, at_ns
    return made


def block(of: Stream, first: int, count: int) -> Block:
    made = [record(of.name, number) for number in range(first, first + count)]
    return Block(of.name, first, count, b"".join(_datum(of, item) for item in made))


def _datum(of: Stream, item: Record) -> bytes:
    if len(of.schemas) == 1:
        return encoded(item)
    names = [kind.name for kind in of.schemas]
    return bytes((names.index(type(item).__name__) << 1,)) + encoded(item)


class Machine(Protocol):
    """A storage that can stop the machine at its own operations, and at those of others."""

    def operation(self, action: str, name: str) -> AbstractContextManager[None]: ...


class WatchedClient:
    """A client each of whose calls is an operation of the machine."""

    def __init__(self, client: Client, machine: Machine) -> None:
        self.client = client
        self.machine = machine

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            with self.machine.operation(name, str(arguments[0])[:60] if arguments else ""):
                return getattr(self.client, name)(*arguments, **options)

        return call


class SmallRun:
    """What survives crashes: storage, database, and the checkpoints' positions."""

    def __init__(self, ddl: Path, total: int, per_checkpoint: int) -> None:
        self.ddl = ddl
        self.total = total
        self.per_checkpoint = per_checkpoint
        self.positions: list[Any] = []
        self.starts = 0

    def sink(self, storage: Storage, client: Any) -> ClickHouseSink:
        return ClickHouseSink(storage, STREAMS, lambda: client, self.ddl)

    def go_on(self, storage: Any, client: Any) -> None:
        """Recover to the newest checkpoint and run to the end. Each start cuts the records into other blocks."""
        self.starts += 1
        sink = self.sink(storage, client)
        position = self.positions[-1] if self.positions else None
        sink.recover(position)
        done = position["streams"]["alerts"] if position else 0
        while done < self.total:
            until = min(self.total, done + self.per_checkpoint + self.starts)
            for start, end in self._cuts(done, until):
                for of in STREAMS:
                    sink.write(block(of, start, end - start))
            done = until
            number = len(self.positions) + 1
            made = json.loads(json.dumps(sink.prepare(number)))
            with storage.operation("checkpoint", str(number)):
                self.positions.append(made)
            sink.commit(number)

    def _cuts(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        while start < end:
            upto = min(end, start + 5 + self.starts)
            yield start, upto
            start = upto


def rows(client: Client, table: str) -> list[tuple[Any, ...]]:
    """What identifies each row, in stream order."""
    query = f"SELECT stream_offset, hex(event_id), toUnixTimestamp64Nano(event_time_ns), symbol, rule_id FROM {table}"
    return [tuple(row) for row in client.query(f"{query} ORDER BY stream_offset").result_rows]


def all_rows(client: Client) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(client, table) for table in TABLES}


def expected_rows(total: int) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables hold after a run that was never stopped."""
    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
    for number in range(total):
        found["alerts"].append(_row(number, record("alerts", number)))
        letter = record("letters", number)
        kind = "alert_triggered" if isinstance(letter, AlertTriggered) else "alert_rule_rejected"
        found[f"letters_{kind}"].append(_row(number, letter))
    return found


def _row(number: int, item: Record) -> tuple[Any, ...]:
    fields = item.to_dict()
    return (number, fields["event_id"].hex().upper(), fields["event_time_ns"], fields["symbol"], fields["rule_id"])


def drop_tables(client: Client) -> None:
    for (name,) in client.query("SELECT name FROM system.tables WHERE database = currentDatabase()").result_rows:
        client.command(f"DROP TABLE {name} SYNC")
