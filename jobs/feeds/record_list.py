"""A source over records that are all there when it is opened: from a small file, or made at once."""

from __future__ import annotations

from typing import Any, Final

from mypy_extensions import i64

from dataflow.connectors.identity import source_prefix, stamp
from dataflow.model import Record
from dataflow.ports import Batch, InputFault

BATCH_RECORDS: Final = 1024


class RecordList:
    """The source (see `dataflow.ports.Source`); `made` gives its records. `place` is where they come from, `noun` what
    they are, for a fault's text."""

    def __init__(self, name: str, place: str, noun: str) -> None:
        self.name: Final[str] = name
        self.place: Final[str] = place
        self.noun: Final[str] = noun
        self.prefix: i64 = source_prefix(name)
        self.records: list[Record] = []
        self.next: i64 = 0

    def made(self) -> list[Record]:
        """All records, in order. Raises InputFault."""
        raise NotImplementedError

    def open(self, position: Any | None) -> None:
        self.records = self.made()
        self.next = 0 if position is None else position["record"]
        if position is not None and position["records"] != len(self.records):
            fact = f"{self.place}: has {len(self.records)} {self.noun}, not {position['records']} as when it was read"
            raise InputFault(f"{fact}\n    put the same file back")
        for index, record in enumerate(self.records):
            stamp(record, self.prefix, index + 1)

    def read(self) -> Batch | None:
        if self.next >= len(self.records):
            return None
        position = {"record": self.next, "records": len(self.records)}
        batch = Batch(position, self.records[self.next : self.next + BATCH_RECORDS])
        self.next += BATCH_RECORDS
        return batch

    def expected_records(self) -> int | None:
        return len(self.made())

    def close(self) -> None:
        self.records = []
