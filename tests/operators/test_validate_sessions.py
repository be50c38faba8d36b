"""Calendar and sessions: the generated table against exchange_calendars, and phases by hand."""

from __future__ import annotations

import exchange_calendars
import pandas
import pytest

from jobs.calendar_generator import FIRST_DAY, LAST_DAY, OUTPUT, source
from operators.trading_sessions import Sessions
from schemas.generated.states import (
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_STOCK,
    SESSION_PHASE_REGULAR,
    SESSION_PHASE_SYMBOLS,
    ListedInstrument,
)
from tests.operators.order_requests import HOUR, SECOND, at

LIBRARY_IS_BEHIND = pytest.mark.filterwarnings("ignore:Series.values returning an ndarray")
"""exchange_calendars uses what its pandas calls deprecated."""
SESSIONS = Sessions(False, (), ())
STOCK = ListedInstrument(instrument_type=INSTRUMENT_TYPE_STOCK)
FUTURE = ListedInstrument(instrument_type=INSTRUMENT_TYPE_FUTURE)


def phase(local: str, instrument: ListedInstrument = STOCK) -> str:
    return SESSION_PHASE_SYMBOLS[SESSIONS.span(at(local), instrument).phase]


@LIBRARY_IS_BEHIND
def test_the_generated_calendar_is_fresh() -> None:
    assert OUTPUT.read_text() == source(), "run python -m jobs.calendar_generator"


@LIBRARY_IS_BEHIND
def test_regular_hours_are_those_of_exchange_calendars_on_every_day() -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY, end=LAST_DAY)
    noons = [int(day.timestamp()) * SECOND + 17 * HOUR for day in pandas.date_range(FIRST_DAY, LAST_DAY, tz="UTC")]
    spans = [SESSIONS.span(noon_ns, STOCK) for noon_ns in noons]
    hours = [(span.open_ns, span.close_ns) for span in spans if span.close_ns > span.open_ns]
    expected = zip(calendar.opens, calendar.closes, strict=True)
    assert hours == [(opens.value, closes.value) for opens, closes in expected]


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2025-07-16T03:59:59", "CLOSED"),
        ("2025-07-16T04:00:00", "PRE_MARKET"),
        ("2025-07-16T09:29:59", "PRE_MARKET"),
        ("2025-07-16T09:30:00", "REGULAR"),
        ("2025-07-16T15:59:59", "REGULAR"),
        ("2025-07-16T16:00:00", "POST_MARKET"),
        ("2025-07-16T19:59:59", "POST_MARKET"),
        ("2025-07-16T20:00:00", "CLOSED"),
        ("2025-07-03T12:59:59", "REGULAR"),
        ("2025-07-03T13:00:00", "POST_MARKET"),
        ("2025-07-03T17:00:00", "CLOSED"),
        ("2025-07-04T12:00:00", "CLOSED"),
        ("2025-01-09T12:00:00", "CLOSED"),  # day of mourning for President Carter
        ("2025-03-10T09:30:00", "REGULAR"),  # first day of summer time
        ("2025-11-03T09:30:00", "REGULAR"),  # first day of winter time
        ("2025-07-19T12:00:00", "CLOSED"),
    ],
)
def test_the_phase_of_a_stock_is_that_of_the_local_time(local: str, expected: str) -> None:
    assert phase(local) == expected


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2025-07-13T17:59:59", "CLOSED"),  # Sunday
        ("2025-07-13T18:00:00", "REGULAR"),
        ("2025-07-14T00:00:00", "REGULAR"),
        ("2025-07-14T16:59:59", "REGULAR"),
        ("2025-07-14T17:00:00", "CLOSED"),
        ("2025-07-14T18:00:00", "REGULAR"),
        ("2025-07-18T17:00:00", "CLOSED"),  # Friday
        ("2025-07-18T18:00:00", "CLOSED"),
        ("2025-07-04T12:59:59", "REGULAR"),  # a holiday of stocks, an early close of futures
        ("2025-07-04T13:00:00", "CLOSED"),
        ("2025-12-24T18:00:00", "CLOSED"),
        ("2025-12-25T12:00:00", "CLOSED"),
    ],
)
def test_the_phase_of_a_future_is_that_of_the_local_time(local: str, expected: str) -> None:
    assert phase(local, FUTURE) == expected


@pytest.mark.parametrize("instrument", [STOCK, FUTURE])
def test_spans_of_a_year_follow_on_each_other_without_a_gap(instrument: ListedInstrument) -> None:
    time_ns = at("2025-01-01T00:00")
    ends = [time_ns]
    while time_ns < at("2026-01-01T00:00"):
        span = SESSIONS.span(time_ns, instrument)
        assert span.start_ns == time_ns
        assert span.day_start_ns <= span.start_ns < span.end_ns
        time_ns = span.end_ns
        ends.append(time_ns)
    assert len(ends) > 365


def test_by_status_every_hour_is_regular() -> None:
    assert Sessions(True, (), ()).span(at("2025-07-19T03:00"), STOCK).phase == SESSION_PHASE_REGULAR
