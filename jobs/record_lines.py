"""Records of a stream on the terminal: a table for people, JSON lines for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobs.plain_values import iso_time, line, plain

PIPE_COLUMNS: Final = 200
ENVELOPE: Final = ("event_id", "cause_id", "sequence", "event_time_ns")


@dataclass(frozen=True)
class RecordLine:
    """One record as it is shown."""

    place: str
    """Where in its stream, for people."""
    type: str
    fields: dict[str, Any]
    """By Avro field name, with fastavro's values."""
    at_ns: int
    """Event time; of what is no record, when it was written."""
    origin: dict[str, Any] = field(default_factory=dict)
    """Where it is from, for programs."""


def console() -> Console:
    """As wide as the terminal; wide in a pipe, so that lines stay whole."""
    found = Console()
    return found if found.is_terminal else Console(width=PIPE_COLUMNS)


def show_json(lines: Iterable[RecordLine]) -> None:
    for item in lines:
        click.echo(json.dumps({**item.origin, "type": item.type, "record": plain(item.fields)}))


def show_table(lines: Iterable[RecordLine], place: str, titles: bool) -> None:
    """`place` is the title of the first column."""
    table = Table(box=SIMPLE, show_header=titles, show_edge=False, pad_edge=False)
    table.add_column(place, justify="right", min_width=9)
    table.add_column("event time (UTC)", min_width=30, no_wrap=True)
    table.add_column("record", ratio=1)
    for item in lines:
        fields = {name: value for name, value in item.fields.items() if name not in ENVELOPE}
        table.add_row(item.place, iso_time(item.at_ns), Text(f"{item.type}  {line(fields)}"))
    console().print(table)
