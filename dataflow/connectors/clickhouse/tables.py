"""Looks into the tables of streams, and deletes rows from them, by the numbers of records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clickhouse_connect.driver import Client
from clickhouse_connect.driver.binding import quote_identifier

from dataflow.connectors.clickhouse.rows import OFFSET, columns, table_names
from dataflow.graph import Stream
from dataflow.ports import InputFault


class Tables:
    """The tables of some streams in one database. Ranges of records are half-open; without an end, unbounded."""

    def __init__(self, client: Client, streams: Sequence[Stream]) -> None:
        self.client = client
        self.streams = streams

    def names(self) -> Iterator[tuple[str, str]]:
        """(stream, table) of each."""
        for stream in self.streams:
            for table in table_names(stream).values():
                yield stream.name, table

    def check_columns(self) -> None:
        """Raises InputFault where a stream has no table, or its table lacks a field."""
        rows = self.client.query(
            "SELECT table, groupArray(name) FROM system.columns WHERE database = currentDatabase() GROUP BY table"
        ).result_rows
        found = {table: set(names) for table, names in rows}
        for stream in self.streams:
            for kind in stream.schemas:
                table = table_names(stream)[kind.name]
                if table not in found:
                    raise InputFault(
                        f"ClickHouse has no table {table} for the {kind.name} of stream {stream.name}\n"
                        "    write one in a .sql file of the DDL, or leave the stream out of the sink"
                    )
                missing = [name for name in columns(kind) if name not in found[table]]
                if missing:
                    raise InputFault(
                        f"the table {table} lacks {', '.join(missing)} of {kind.name}\n"
                        "    add it in a new .sql file of the DDL: ALTER TABLE … ADD COLUMN IF NOT EXISTS …"
                    )

    def count(self, table: str, first: int, end: int | None = None) -> int:
        """Number of rows in the range; where one stands twice it counts twice."""
        query = f"SELECT count() FROM {quote_identifier(table)} WHERE {_range(first, end)}"  # noqa: S608 - our own names
        return int(self.client.query(query).result_rows[0][0])

    def delete(self, table: str, first: int, end: int | None = None) -> None:
        """Delete the rows of the range; they are gone when this returns."""
        self.client.command(
            f"ALTER TABLE {quote_identifier(table)} DELETE WHERE {_range(first, end)} SETTINGS mutations_sync = 2"
        )


def _range(first: int, end: int | None) -> str:
    return f"{OFFSET} >= {first}" + ("" if end is None else f" AND {OFFSET} < {end}")
