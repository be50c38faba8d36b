"""A ClickHouse that outlives the crashes of the simulated machine: what the sink asks of one, and nothing else."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import fastavro

from dataflow.connectors.clickhouse.rows import OFFSET, columns, table_names
from dataflow.graph import Stream
from dataflow.testing.faults import SimulatedStorage

RANGE = re.compile(rf"{OFFSET} >= (\d+)(?: AND {OFFSET} < (\d+))?")
TABLE = re.compile(r"(?:FROM|TABLE) `?(\w+)`?")


class FakeClickHouse:
    """Tables as lists of rows; an insert is taken whole or not at all, and once per token."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        kinds = [(table_names(stream)[kind.name], kind) for stream in streams for kind in stream.schemas]
        self.columns = {table: columns(kind) for table, kind in kinds}
        self.tables: dict[str, list[dict[str, Any]]] = {table: [] for table in self.columns}
        self.tokens: set[str] = set()
        self.journal: dict[str, str] = {}

    def client(self, storage: SimulatedStorage) -> FakeClient:
        return FakeClient(self, storage)


class FakeClient:
    """A connection from one life of the machine: its calls are places to crash at."""

    def __init__(self, server: FakeClickHouse, storage: SimulatedStorage) -> None:
        self.server = server
        self.storage = storage

    def command(self, statement: str, parameters: dict[str, str] | None = None) -> int:
        with self.storage.operation("command of ClickHouse", statement.split(maxsplit=1)[0]):
            if parameters is not None:
                self.server.journal[parameters["file"]] = parameters["sha256"]
            if statement.startswith("ALTER"):
                table, chosen = self._rows(statement)
                kept = [row for row in self.server.tables[table] if row not in chosen]
                self.server.tables[table] = kept
        return len(self.server.journal)

    def query(self, statement: str) -> SimpleNamespace:
        if "system.columns" in statement:
            return SimpleNamespace(result_rows=list(self.server.columns.items()))
        if "sha256" in statement:
            return SimpleNamespace(result_rows=list(self.server.journal.items()))
        return SimpleNamespace(result_rows=[(len(self._rows(statement)[1]),)])

    def raw_insert(self, table: str, names: Sequence[str], data: bytes, settings: dict[str, Any], fmt: str) -> None:
        assert (fmt, tuple(names)) == ("Avro", tuple(self.server.columns[table]))
        with self.storage.operation("insert of ClickHouse", table):
            token = settings["insert_deduplication_token"]
            if token not in self.server.tokens:
                self.server.tokens.add(token)
                rows = [row for row in fastavro.reader(io.BytesIO(data)) if isinstance(row, dict)]
                self.server.tables[table].extend(rows)

    def close(self) -> None:
        return

    def _rows(self, statement: str) -> tuple[str, list[dict[str, Any]]]:
        """The table a statement speaks of, and its rows in the range of offsets it names."""
        table, bounds = TABLE.search(statement), RANGE.search(statement)
        assert table, statement
        assert bounds, statement
        first, end = int(bounds[1]), int(bounds[2] or 1 << 62)
        return table[1], [row for row in self.server.tables[table[1]] if first <= row[OFFSET] < end]
