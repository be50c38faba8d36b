"""`tapeline topics`: what the local topic logs hold. The logs describe themselves; no pipelines.yaml is needed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dataflow.connectors.log.reader import Entry, LogReader
from dataflow.connectors.log.segments import KEY, PARTITIONS, logged_streams
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage
from jobs.data_option import DATA_OPTION
from jobs.plain_values import iso_time, line, plain

TAIL_RECORDS: Final = 10
POLL_S: Final = 0.3
PIPE_COLUMNS: Final = 200
ENVELOPE: Final = ("event_id", "cause_id", "sequence", "event_time_ns")


@click.group()
def topics() -> None:
    """Look into the topic logs: the streams a run has written, in Avro files under DATA/topics."""


@topics.command("list")
@DATA_OPTION
def list_topics(data: Path) -> None:
    """Every stream that has a log, and how much is in it."""
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True, caption="event times in UTC")
    table.add_column("stream", no_wrap=True)
    for title in ("records", "bytes", "segments"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("first event", "last event"):
        table.add_column(title, min_width=10)
    table.add_column("key, partitions")
    for reader in _readers(data, ()):
        table.add_row(reader.stream, *_summary(reader))
    _console().print(table)


@topics.command()
@DATA_OPTION
@click.argument("stream")
@click.option("-n", "count", type=click.IntRange(min=0), help=f"So many records; {TAIL_RECORDS}, or all with --from.")
@click.option("--from", "first", type=click.IntRange(min=0), help="Begin at this record number (from 0).")
@click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Only records with this value; may be repeated.")
@click.option("--follow", "-f", is_flag=True, help="Go on as records come; end it with Ctrl-C.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def tail(data: Path, stream: str, **options: Any) -> None:
    """The last records of STREAM. The table leaves out ids and empty fields; the JSON lines have everything."""
    reader = _readers(data, (stream,))[0]
    conditions = _conditions(options["where"], reader.fields() | {"type"})
    view = _View(reader, conditions, _show_json if options["form"] == "json" else _show_table)
    end = view.show(options["first"], options["count"])
    if options["follow"]:
        view.follow(end)


@topics.command()
@DATA_OPTION
@click.argument("streams", nargs=-1)
def digest(data: Path, streams: tuple[str, ...]) -> None:
    """SHA-256 of what each stream holds (default: all): equal for equal outputs, however files are cut."""
    for reader in _readers(data, streams):
        click.echo(f"{reader.digest()}  {reader.stream}")


@topics.command()
@DATA_OPTION
@click.argument("streams", nargs=-1)
@click.pass_context
def verify(context: click.Context, data: Path, streams: tuple[str, ...]) -> None:
    """Read every record of the streams (default: all) and report what is damaged or missing; exit code 1 if any is."""
    found = 0
    for reader in _readers(data, streams):
        faults = reader.verify()
        found += len(faults)
        click.echo(f"{reader.stream}: {'; '.join(faults) or f'{reader.records():,} records, whole'}")
    context.exit(1 if found else 0)


@dataclass(frozen=True)
class _Condition:
    field: str
    value: str

    def holds(self, entry: Entry) -> bool:
        if self.field not in entry.fields:
            return self.field == "type" and entry.type == self.value
        found = plain(entry.fields[self.field])
        return _text(found) == self.value or _same_number(found, self.value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _same_number(found: Any, value: str) -> bool:
    """187.45 is 187.45000000."""
    try:
        return not isinstance(found, bool | None) and Decimal(str(found)) == Decimal(value)
    except InvalidOperation:
        return False


@dataclass(frozen=True)
class _View:
    """What of a log is shown, and how."""

    reader: LogReader
    conditions: list[_Condition]
    display: Callable[[str, list[Entry], bool], None]

    def keep(self, entry: Entry) -> bool:
        return all(condition.holds(entry) for condition in self.conditions)

    def show(self, first: int | None, count: int | None) -> int:
        """Show the records asked for. Returns the number of the record after the last one looked at."""
        if first is None:
            end = self.reader.records()
            found = self.reader.tail(TAIL_RECORDS if count is None else count, self.keep)
            self.display(self.reader.stream, found, True)
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
            if len(page) == 500:
                self.display(self.reader.stream, page, titles)
                shown, page, titles = shown + len(page), [], False
        if page or titles:
            self.display(self.reader.stream, page, titles)
        return end


def _show_json(stream: str, entries: Iterable[Entry], _titles: bool) -> None:
    for entry in entries:
        document = {"stream": stream, "number": entry.number, "type": entry.type, "record": plain(entry.fields)}
        click.echo(json.dumps(document))


def _show_table(_stream: str, entries: Iterable[Entry], titles: bool) -> None:
    table = Table(box=SIMPLE, show_header=titles, show_edge=False, pad_edge=False)
    table.add_column("number", justify="right", min_width=9)
    table.add_column("event time (UTC)", min_width=30, no_wrap=True)
    table.add_column("record", ratio=1)
    for entry in entries:
        fields = {name: value for name, value in entry.fields.items() if name not in ENVELOPE}
        record = Text(f"{entry.type}  {line(fields)}")
        table.add_row(str(entry.number), iso_time(entry.fields["event_time_ns"]), record)
    _console().print(table)


def _console() -> Console:
    """As wide as the terminal; wide in a pipe, so that lines stay whole."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_COLUMNS)


def _readers(data: Path, streams: tuple[str, ...]) -> list[LogReader]:
    """Readers of the streams, all if none is named. Raises InputFault for one that has no log."""
    storage = DirectoryStorage(data)
    known = logged_streams(storage)
    if not known:
        raise InputFault(f"{data} holds no topic logs\n    `tapeline run --data {data}` writes them")
    for stream in streams:
        if stream not in known:
            raise InputFault(f"there is no log of a stream {stream!r} in {data}\n    {_suggestion(stream, known)}")
    return [LogReader(storage, stream) for stream in streams or known]


def _suggestion(word: str, known: Iterable[str]) -> str:
    known = sorted(known)
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"


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


def _conditions(texts: tuple[str, ...], known: set[str]) -> list[_Condition]:
    conditions = []
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise InputFault(f"--where {text}: not of the form FIELD=VALUE")
        if name not in known:
            raise InputFault(
                f"--where {text}: no record of the stream has a field {name!r}\n    {_suggestion(name, known)}"
            )
        conditions.append(_Condition(name, value))
    return conditions


COMMANDS = [topics]
