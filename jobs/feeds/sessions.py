"""Trading days of the New York exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dataflow.ports import InputFault
from operators.generated_calendar import FIRST_DATE, LAST_DATE, STOCKS_CLOSED, STOCKS_EARLY_CLOSE

NEW_YORK: Final = ZoneInfo("America/New_York")
OPEN: Final = time(9, 30)
CLOSE: Final = time(16)
EARLY_CLOSE: Final = time(13)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SATURDAY: Final = 5


@dataclass(frozen=True)
class Session:
    """Regular trading hours of one day, in nanoseconds since the epoch, UTC."""

    open_ns: int
    close_ns: int


def session(day: date) -> Session:
    """Hours of the New York Stock Exchange, early closes included. Raises InputFault on a day without trading.

    Source: the table made from exchange_calendars, whose import alone would take seconds.
    """
    if not FIRST_DATE <= number_of(day) <= LAST_DATE:
        raise InputFault(f"{day}: the trading calendar holds the days from {FIRST_DATE} to {LAST_DATE}")
    if not is_trading_day(day):
        after = day + timedelta(days=1)
        while not is_trading_day(after):
            after += timedelta(days=1)
        fact = f"{day.isoformat()} ({day:%A}): the New York exchanges do not trade on this day"
        raise InputFault(f"{fact}\n    the next trading day is {after}")
    close = EARLY_CLOSE if number_of(day) in STOCKS_EARLY_CLOSE else CLOSE
    return Session(instant_ns(day, OPEN), instant_ns(day, close))


def is_trading_day(day: date) -> bool:
    return day.weekday() < SATURDAY and number_of(day) not in STOCKS_CLOSED


def number_of(day: date) -> int:
    """YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def instant_ns(day: date, clock: time) -> int:
    """An instant on New York's clock."""
    since = datetime.combine(day, clock, NEW_YORK) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000
