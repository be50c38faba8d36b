"""Trading days and hours against the time zone database and the exchange's calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import exchange_calendars  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.trading_hours import LATEST_NS, Calendar, date_of, day_number, trading_day

NEW_YORK = ZoneInfo("America/New_York")
SECOND_NS = 1_000_000_000
NO_CALENDAR = Calendar((), ())
EPOCH = date(1970, 1, 1)


def local_ns(day: date, hour: int = 0, minute: int = 0) -> int:
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)
    return int(local.timestamp()) * SECOND_NS


@given(st.datetimes(datetime(1987, 1, 2), datetime(2037, 12, 30), timezones=st.just(ZoneInfo("UTC"))))
def test_the_trading_day_is_new_yorks_date(moment: datetime) -> None:
    time_ns = int(moment.timestamp()) * SECOND_NS
    day = trading_day(time_ns, NO_CALENDAR)
    local = moment.astimezone(NEW_YORK).date()
    assert (day.start_ns, day.end_ns) == (local_ns(local), local_ns(local + timedelta(days=1)))


@pytest.mark.parametrize("year", [1987, 2006, 2007, 2026])
def test_every_day_of_the_year_opens_at_half_past_nine(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    weekdays = [day for day in days if day.weekday() < 5]
    hours = [trading_day(local_ns(day, 12), NO_CALENDAR) for day in weekdays]
    assert [(day.open_ns, day.close_ns) for day in hours] == [
        (local_ns(day, 9, 30), local_ns(day, 16)) for day in weekdays
    ]


def exchange_sessions(days: list[date]) -> dict[date, tuple[int, int]]:
    """Open and close of those days on which the New York Stock Exchange trades."""
    calendar = exchange_calendars.get_calendar("XNYS", start=str(days[0]), end=str(days[-1]))
    return {
        session.date(): (int(calendar.session_open(session).value), int(calendar.session_close(session).value))
        for session in calendar.sessions
    }


@pytest.mark.filterwarnings("ignore:Series.values returning")  # exchange_calendars on a later pandas
def test_holidays_and_early_closes_give_the_exchanges_own_sessions() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    sessions = exchange_sessions(days)
    closed = tuple(int(f"{day:%Y%m%d}") for day in days if day not in sessions)
    early = tuple(int(f"{day:%Y%m%d}") for day, (_, close) in sessions.items() if close != local_ns(day, 16))
    hours = [trading_day(local_ns(day, 12), Calendar(closed, early)) for day in days]
    assert [(day.open_ns, day.close_ns) for day in hours if day.open_ns != day.close_ns] == list(sessions.values())
    assert len(early) == 2


def test_a_saturday_has_no_regular_hours() -> None:
    day = trading_day(local_ns(date(2026, 11, 21), 12), NO_CALENDAR)
    assert day.open_ns == day.close_ns


@given(st.integers(0, 60_000))
def test_dates_and_day_numbers_are_those_of_the_gregorian_calendar(number: int) -> None:
    day = EPOCH + timedelta(days=number)
    assert date_of(number) == int(f"{day:%Y%m%d}")
    assert day_number(day.year, day.month, day.day) == number


@pytest.mark.parametrize("time_ns", [0, 5 * 3_600 * SECOND_NS - 1, 5 * 3_600 * SECOND_NS, LATEST_NS - 1])
def test_the_ends_of_time_have_a_trading_day(time_ns: int) -> None:
    day = trading_day(time_ns, NO_CALENDAR)
    assert day.start_ns <= time_ns < day.end_ns
