"""Trading days of the New York exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dataflow.ports import InputFault
from jobs.feeds.new_york import midnight_ns
from operators.generated_calendar import FIRST_DATE, LAST_DATE, STOCKS_CLOSED, STOCKS_EARLY_CLOSE

MINUTE_NS: Final = 60_000_000_000
OPEN_NS: Final = (9 * 60 + 30) * MINUTE_NS
"""Since midnight in New York, as the closes."""
CLOSE_NS: Final = 16 * 60 * MINUTE_NS
EARLY_CLOSE_NS: Final = 13 * 60 * MINUTE_NS
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
    midnight = midnight_ns(day)
    close_ns = EARLY_CLOSE_NS if number_of(day) in STOCKS_EARLY_CLOSE else CLOSE_NS
    return Session(midnight + OPEN_NS, midnight + close_ns)


def is_trading_day(day: date) -> bool:
    return day.weekday() < SATURDAY and number_of(day) not in STOCKS_CLOSED


def number_of(day: date) -> int:
    """YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day
