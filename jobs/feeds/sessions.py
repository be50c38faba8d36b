"""Trading days of the New York exchanges."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import exchange_calendars  # type: ignore[import-untyped]

from dataflow.ports import InputFault

SPAN: Final = timedelta(days=14)
"""Days around the one asked for: enough to hold the next trading day."""


@dataclass(frozen=True)
class Session:
    """Regular trading hours of one day, in nanoseconds since the epoch, UTC."""

    open_ns: int
    close_ns: int


def session(day: date) -> Session:
    """Hours of the New York Stock Exchange, early closes included. Raises InputFault on a day without trading."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the calendars use what pandas will drop; not ours to mend
        calendar = exchange_calendars.get_calendar("XNYS", start=day - SPAN, end=day + SPAN)
    label = day.isoformat()
    if not calendar.is_session(label):
        after = calendar.date_to_session(label, direction="next").date()
        fact = f"{label} ({day:%A}): the New York exchanges do not trade on this day"
        raise InputFault(f"{fact}\n    the next trading day is {after}")
    return Session(int(calendar.session_open(label).value), int(calendar.session_close(label).value))
