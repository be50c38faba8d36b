"""New York's clock: what the files of American exchanges count their times from."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from dataflow.ports import InputFault

NEW_YORK: Final = ZoneInfo("America/New_York")
EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
SECOND_NS: Final = 1_000_000_000


def midnight_ns(day: date) -> int:
    """What New York's clock showed as 00:00 of this day, in nanoseconds since the epoch, UTC.

    Counted back from noon: on the two Sundays a year when the clock is set, a time after 03:00 is then right.
    """
    noon = datetime.combine(day, time(12), NEW_YORK)
    return int((noon - EPOCH).total_seconds() - 12 * 3600) * SECOND_NS


def parse_day(text: str, place: str) -> date:
    """A date written 2013-10-07 or 20131007. Raises InputFault."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputFault(f"{place}: {text!r} is no date\n    write it as 2026-11-20") from None
    if not 1970 <= day.year <= 2200:
        raise InputFault(f"{place}: the year {day.year} is outside 1970 to 2200\n    choose another date")
    return day
