"""What the local topic logs hold: the streams a run has written, in Avro files under DATA/topics."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE
from rich.table import Table

from dataflow.connectors.log.reader import Entry, LogReader
from dataflow.connectors.log.segments import KEY, PARTITIONS, logged_streams
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage
from jobs.conditions import Condition, read_conditions, suggested
from jobs.plain_values import iso_time
from jobs.record_lines import RecordLine, console, show_json, show_table

TAIL_RECORDS: Final = 10
PAGE_RECORDS: Final = 500
POLL_S: Final = 0.3


def show_logs(data: Path) -> None:
    """A line for every stream that has a log."""
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True, caption="event times in UTC")
    table.add_column("stream", no_wrap=True)
    for title in ("records", "bytes", "segments"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("first event", "last event"):
        table.add_column(title, min_width=10)
    table.add_column("key, partitions")
    for reader in log_readers(data, ()):
        table.add_row(reader.stream, *_summary(reader))
    console().print(table)


def log_readers(data: Path, streams: tuple[str, ...]) -> list[LogReader]:
    """Readers of the streams, all if none is named. Raises InputFault for one that has no log."""
    storage = DirectoryStorage(data)
    known = logged_streams(storage)
    if not known:
        raise InputFault(f"{data} holds no topic logs\n    `tapeline run --data {data}` writes them")
    for stream in streams:
        if stream not in known:
            raise InputFault(f"there is no log of a stream {stream!r} in {data}\n    {suggested(stream, known)}")
    return [LogReader(storage, stream) for stream in streams or known]


def tail_log(data: Path, stream: str, options: dict[str, Any]) -> None:
    """Show the records asked for, and with `follow` those that come."""
    reader = log_readers(data, (stream,))[0]
    conditions = read_conditions(options["where"], reader.fields() | {"type"})
    view = _View(reader, conditions, options["form"] == "json")
    end = view.show(options["first"], options["count"])
    if options["follow"]:
        view.follow(end)


@dataclass(frozen=True)
class _View:
    """What of a log is shown, and how."""

    reader: LogReader
    conditions: list[Condition]
    as_json: bool

    def keep(self, entry: Entry) -> bool:
        return all(condition.holds(entry.type, entry.fields) for condition in self.conditions)

    def display(self, entries: list[Entry], titles: bool) -> None:
        lines = [self.line(entry) for entry in entries]
        if self.as_json:
            show_json(lines)
        else:
            show_table(lines, "number", titles)

    def line(self, entry: Entry) -> RecordLine:
        origin = {"stream": self.reader.stream, "number": entry.number}
        return RecordLine(str(entry.number), entry.type, entry.fields, entry.fields["event_time_ns"], origin)

    def show(self, first: int | None, count: int | None) -> int:
        """Show the records asked for. Returns the number of the record after the last one looked at."""
        if first is None:
            end = self.reader.records()
            found = self.reader.tail(TAIL_RECORDS if count is None else count, self.keep)
            self.display(found, True)
            return max(end, found[-1].number + 1 if found else 0)
        return self._show_from(first, count)

    def follow(self, end: int) -> None:
        """Show what comes from record `end` on, until interrupted. A log that was cut back is followed from its end."""
        try:
            while True:
                time.sleep(POLL_S)
                end = min(end, self.reader.records())
                end = self._show_from(end, None, titles=False)
        except KeyboardInterrupt:
            return

    def _show_from(self, first: int, count: int | None, titles: bool = True) -> int:
        page: list[Entry] = []
        shown, end = 0, first
        for entry in self.reader.read(first):
            if shown + len(page) == count:
                break
            end = entry.number + 1
            if self.keep(entry):
                page.append(entry)
            if len(page) == PAGE_RECORDS:
                self.display(page, titles)
                shown, page, titles = shown + len(page), [], False
        if page or titles:
            self.display(page, titles)
        return end


def _summary(reader: LogReader) -> tuple[str, ...]:
    try:
        size, metadata = reader.size(), reader.metadata()
        first, last = next(reader.read(), None), reader.tail(1)
    except InputFault:
        return ("", "", "", "damaged: see", "topics verify", "")
    keyed = f"{metadata.get(KEY, '')}, {metadata.get(PARTITIONS, '')}"
    times = (_second(first), _second(last[0])) if first is not None and last else ("", "")
    return (f"{size.records:,}", f"{size.bytes:,}", str(size.segments), *times, keyed)


def _second(entry: Entry) -> str:
    """Event time to the second, in two words that may stand below each other."""
    return iso_time(entry.fields["event_time_ns"])[:19].replace("T", " ")
