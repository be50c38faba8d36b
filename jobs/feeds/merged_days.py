"""Reads trading days one after the other, and the files of one day together, in order of event time.

Theory of operation. Each file of a day is a lane that shows its next record. The lane with the earliest time goes
first, of equal times the one listed first; within a file the order is the file's. So a day is one sequence, the same
in every run, and a position is the day and how many of its records came before. To start at a position the day is read
again up to there: packed files cannot be entered in the middle, and lanes carry what they have seen.
"""

from __future__ import annotations

import heapq
from typing import Any, Final

from mypy_extensions import i64

from dataflow.connectors.identity import source_prefix, stamp
from dataflow.model import Record, hash_text
from dataflow.ports import Batch, InputFault

BATCH_RECORDS: Final = 4096


class Lane:
    """The records of one file of one day. `record` is the next one, None at the end; `time_ns` is when it happened."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.time_ns: i64 = 0

    def advance(self) -> None:
        """Go to the next record. Raises InputFault where the file is damaged."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Day:
    """One trading day of a source: its name, and the lanes that hold it, in the order that breaks ties."""

    def __init__(self, name: str, contents: str, files: i64) -> None:
        self.name: Final[str] = name
        self.contents: Final[str] = contents
        """Names and sizes of its files: another day of the same name has another text."""
        self.lane_count: i64 = files

    def lane(self, number: i64) -> Lane:
        """Open the file of this number, before its first record. Raises InputFault."""
        raise NotImplementedError

    def lanes(self) -> list[Lane]:
        """Open the files, each at its first record. Raises InputFault."""
        lanes: list[Lane] = []
        try:
            for number in range(self.lane_count):
                lanes.append(self.lane(number))
                lanes[-1].advance()
        except InputFault:
            for lane in lanes:
                lane.close()
            raise
        return lanes

    def expected_records(self) -> int:
        raise NotImplementedError


class MergedDays:
    """The source (see `dataflow.ports.Source`) over some days."""

    def __init__(self, name: str, days: list[Day]) -> None:
        self.days: Final[list[Day]] = days
        self.prefix: i64 = source_prefix(name)
        self.day: i64 = 0
        self.lanes: list[Lane] = []
        self.opened: bool = False
        """The day's lanes are open."""
        self.queue: list[tuple[int, int]] = []
        """Heap of (time, lane) of each lane that has a record."""
        self.used: i64 = 0
        """Records of this day that were given out."""
        self.total: i64 = 0
        """Records that were given out in all."""

    def open(self, position: Any | None) -> None:
        self.close()
        self.day = 0
        self.used = 0
        self.total = 0
        if position is not None:
            self._find(position)
            self._skip(position["used"])
            self.total = position["total"]

    def read(self) -> Batch | None:
        while self.day < len(self.days):
            if not self.opened:
                self._open_day()
            batch = Batch(self._position())
            records: list[Record] = batch.records
            while len(records) < BATCH_RECORDS:
                record = self._next()
                if record is None:
                    break
                stamp(record, self.prefix, self.total)
                records.append(record)
            if not self.queue:
                self.close()
                self.day += 1
                self.used = 0
            if records:
                return batch
        return None

    def expected_records(self) -> int | None:
        return sum([day.expected_records() for day in self.days])

    def close(self) -> None:
        for lane in self.lanes:
            lane.close()
        self.lanes = []
        self.queue = []
        self.opened = False

    def _position(self) -> dict[str, Any]:
        day = self.days[self.day]
        return {"day": day.name, "files": hash_text(day.contents), "used": self.used, "total": self.total}

    def _find(self, position: Any) -> None:
        for index, day in enumerate(self.days):
            if day.name == position["day"]:
                if hash_text(day.contents) != position["files"]:
                    raise InputFault(f"day {day.name}: the files have changed since they were read\n    put them back")
                self.day = index
                return
        raise InputFault(f"day {position['day']}: the source has it no more\n    put its files back, or start anew")

    def _skip(self, records: i64) -> None:
        self._open_day()
        while self.used < records:
            if self._next() is None:
                name = self.days[self.day].name
                raise InputFault(f"day {name}: is shorter than when it was read\n    put the same files back")

    def _open_day(self) -> None:
        self.opened = True
        self.lanes = self.days[self.day].lanes()
        self.queue = []
        for index, lane in enumerate(self.lanes):
            if lane.record is not None:
                self.queue.append((lane.time_ns, index))
        heapq.heapify(self.queue)

    def _next(self) -> Record | None:
        if not self.queue:
            return None
        index = self.queue[0][1]
        lane = self.lanes[index]
        record = lane.record
        lane.advance()
        if lane.record is None:
            heapq.heappop(self.queue)
        else:
            heapq.heapreplace(self.queue, (lane.time_ns, index))
        self.used += 1
        self.total += 1
        return record
