"""A source over one CSV file (.csv, .csv.gz, .zip): the header names the columns, each further line is one record.

A line that is no record becomes a dead letter in its place, and reading goes on; empty lines are skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from mypy_extensions import i64

from dataflow.connectors.files.lines import LineFile, LinePosition, estimated_lines
from dataflow.connectors.identity import source_prefix, stamp
from dataflow.model import Record
from dataflow.ports import Batch, InputFault
from jobs.feeds.columns import Columns, split_line
from jobs.feeds.malformed import dead_letter

BATCH_LINES: Final = 4096


class LineParser:
    """Makes records of lines; one for each kind of file."""

    def columns(self) -> tuple[str, ...]:
        """Names of all columns it knows."""
        raise NotImplementedError

    def use(self, columns: Columns) -> None:
        """Take the header. Raises InputFault for missing columns."""
        raise NotImplementedError

    def parse(self, fields: list[bytes]) -> Record:
        """Raises ValueError."""
        raise NotImplementedError


class CsvLines:
    """The source (see `dataflow.ports.Source`) over the lines of one file."""

    def __init__(self, name: str, path: Path, parser: LineParser) -> None:
        self.name: Final[str] = name
        self.path: Final[Path] = path
        self.parser: Final[LineParser] = parser
        self.prefix: i64 = source_prefix(name)
        self.file: LineFile | None = None
        self.width: i64 = 0
        self.number: i64 = 0
        self.time_ns: i64 = 0

    def open(self, position: Any | None) -> None:
        self.close()
        self.file = LineFile(self.path)
        try:
            self._read_header(self.file)
        except InputFault:
            self.close()
            raise
        self.number = 0
        self.time_ns = 0
        if position is not None and position["line"] > 1:
            self.file.close()
            self.file = LineFile(self.path, LinePosition(position["offset"], position["line"]))
            self.number = position["records"]
            self.time_ns = position["time_ns"]

    def read(self) -> Batch | None:
        file = self.file
        assert file is not None, "the source is not open"
        while True:
            start = file.position
            batch = Batch({"offset": start.offset, "line": start.line, "records": self.number, "time_ns": self.time_ns})
            lines = file.read(BATCH_LINES)
            if not lines:
                return None
            line_number: i64 = start.line
            for line in lines:
                line_number += 1
                if line and line != b"\r":
                    self._take(line, line_number, batch.records)
            if batch.records:
                return batch

    def expected_records(self) -> int | None:
        return max(estimated_lines(self.path) - 1, 0)

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
            self.file = None

    def _read_header(self, file: LineFile) -> None:
        lines = file.read(1)
        if not lines:
            example = ",".join(self.parser.columns())
            raise InputFault(f"{self.path}: the file is empty\n    begin with a header, for example {example}")
        columns = Columns(self.path, lines[0], self.parser.columns())
        self.parser.use(columns)
        self.width = len(columns.names)

    def _take(self, line: bytes, line_number: i64, records: list[Record]) -> None:
        record: Record
        try:
            fields = split_line(line)
            if len(fields) != self.width:
                raise ValueError(f"{len(fields)} fields where the header has {self.width}")
            record = self.parser.parse(fields)
            self.time_ns = record.event_time_ns
        except ValueError as error:
            record = dead_letter(self.name, f"{self.path.name}:{line_number}", error, line, self.time_ns)
        self.number += 1
        stamp(record, self.prefix, self.number)
        records.append(record)
