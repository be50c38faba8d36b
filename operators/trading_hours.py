"""Trading days and regular hours of US equities, in integers: New York's time zone without a time zone library.

A trading day runs from midnight to midnight in New York; regular hours are 09:30 to 16:00 there, to 13:00 on an early
close. Operators read no files, so holidays and early closes stand in a generated table (from exchange_calendars).

Source: daylight saving in the United States is 15 U.S.C. 260a: since 2007 from the second Sunday in March to the first
Sunday in November (Energy Policy Act of 2005), from 1987 to 2006 from the first Sunday in April to the last Sunday in
October; it changes at 02:00 local time. Earlier years are taken by the rule of 1987. Hours: NYSE Rule 7.34(a).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.generated_calendar import STOCKS_CLOSED, STOCKS_EARLY_CLOSE

SECOND_NS: Final[i64] = 1_000_000_000
DAY_S: Final[i64] = 86_400
STANDARD_S: Final[i64] = 5 * 3_600
"""New York is so far behind UTC in winter."""
DAYLIGHT_S: Final[i64] = 4 * 3_600
"""And so far in summer."""
OPEN_S: Final[i64] = 34_200
CLOSE_S: Final[i64] = 57_600
EARLY_CLOSE_S: Final[i64] = 46_800

LATEST_NS: Final[i64] = (1 << 62) - 1
"""Times from here on (the year 2116) are taken as malformed: their trading day could not be computed in 64 bits."""


class Calendar:
    """Days that are not as others, by date YYYYMMDD: without regular hours, and with an early close."""

    def __init__(self, closed: tuple[int, ...], early_close: tuple[int, ...]) -> None:
        self.closed: frozenset[int] = frozenset(closed)
        self.early_close: frozenset[int] = frozenset(early_close)


def stock_calendar(further_closed: tuple[int, ...], further_early_close: tuple[int, ...]) -> Calendar:
    """The built-in calendar of US equities, with further days."""
    return Calendar((*STOCKS_CLOSED, *further_closed), (*STOCKS_EARLY_CLOSE, *further_early_close))


class TradingDay:
    """Bounds of one trading day: nanoseconds since the epoch, UTC. Without regular hours `open_ns` is `close_ns`."""

    __slots__ = ("close_ns", "end_ns", "open_ns", "start_ns")

    def __init__(self, start_ns: i64, end_ns: i64, open_ns: i64, close_ns: i64) -> None:
        self.start_ns: i64 = start_ns
        self.end_ns: i64 = end_ns
        self.open_ns: i64 = open_ns
        self.close_ns: i64 = close_ns


def trading_day(time_ns: i64, calendar: Calendar) -> TradingDay:
    """The trading day that holds a time in [0, LATEST_NS)."""
    day = local_day(time_ns // SECOND_NS)
    date = date_of(day)
    open_s = day * DAY_S + OPEN_S + offset_s(day, OPEN_S)
    close_s = day * DAY_S + CLOSE_S + offset_s(day, CLOSE_S)
    if date in calendar.early_close:
        close_s -= CLOSE_S - EARLY_CLOSE_S
    if weekday(day) == 0 or weekday(day) == 6 or date in calendar.closed:
        close_s = open_s
    return TradingDay(
        midnight_s(day) * SECOND_NS, midnight_s(day + 1) * SECOND_NS, open_s * SECOND_NS, close_s * SECOND_NS
    )


def local_day(time_s: i64) -> i64:
    """Days from 1970-01-01 to New York's date at a time in seconds since the epoch, UTC (-1 just before)."""
    day: i64 = time_s // DAY_S - 1
    while midnight_s(day + 1) <= time_s:
        day += 1
    return day


def midnight_s(day: i64) -> i64:
    """When the day begins in New York: seconds since the epoch, UTC."""
    return day * DAY_S + offset_s(day, 0)


def offset_s(day: i64, second: i64) -> i64:
    """How far New York is behind UTC at a local time, in seconds; 02:00 and later counts as after the change."""
    if day < 0:
        return STANDARD_S
    year = date_of(day) // 10_000
    if year >= 2007:
        start = first_sunday(year, 3) + 7
        end = first_sunday(year, 11)
    else:
        start = first_sunday(year, 4)
        end = first_sunday(year, 11) - 7
    after = second >= 7_200
    started = day > start or (day == start and after)
    ended = day > end or (day == end and after)
    return DAYLIGHT_S if started and not ended else STANDARD_S


def first_sunday(year: i64, month: i64) -> i64:
    """Days from 1970-01-01 to the first Sunday of a month."""
    first = day_number(year, month, 1)
    return first + (7 - weekday(first)) % 7


def weekday(day: i64) -> i64:
    """0 is Sunday. Days from 1970-01-01 on, or the day before it."""
    return (day + 11) % 7


def day_number(year: i64, month: i64, day: i64) -> i64:
    """Days from 1970-01-01 to a date of the Gregorian calendar (years from 1970 on).

    Counts years from March, so that the leap day is the last of its year."""
    from_march: i64 = (month + 9) % 12
    years: i64 = year - (1 if month <= 2 else 0)
    return 365 * years + years // 4 - years // 100 + years // 400 + (153 * from_march + 2) // 5 + day - 719_469


def date_of(day: i64) -> i64:
    """The date YYYYMMDD, days after 1970-01-01 (0 and more)."""
    shifted: i64 = day + 719_468
    century: i64 = shifted // 146_097
    of_century: i64 = shifted % 146_097
    years: i64 = (of_century - of_century // 1_460 + of_century // 36_524 - of_century // 146_096) // 365
    of_year: i64 = of_century - (365 * years + years // 4 - years // 100)
    from_march: i64 = (5 * of_year + 2) // 153
    month: i64 = from_march + 3 if from_march < 10 else from_march - 9
    year: i64 = years + century * 400 + (1 if month <= 2 else 0)
    return year * 10_000 + month * 100 + of_year - (153 * from_march + 2) // 5 + 1
