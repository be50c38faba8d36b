from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.feeds.new_york import EPOCH, midnight_ns
from jobs.feeds.timestamps import Clock

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
OPENING_2013_10_07 = 1_381_152_600 * SECOND


@pytest.mark.parametrize(
    "text",
    [
        b"2013-10-07T13:30:00Z",
        b"2013-10-07 13:30:00+00:00",
        b"2013-10-07T09:30:00-04:00",
        b"2013-10-07T13:30Z",
        b"1381152600",
        b"1381152600.000",
        b"1381152600000",
        b"1381152600000000",
        b"1381152600000000000",
    ],
)
def test_all_ways_of_writing_a_time_give_the_same(text: bytes) -> None:
    assert Clock(None).parse(text) == OPENING_2013_10_07


def test_nanoseconds_are_kept() -> None:
    clock = Clock(None)
    assert clock.parse(b"2013-10-07T13:30:00.000000001Z") == OPENING_2013_10_07 + 1
    assert clock.parse(b"1381152600.000000001") == OPENING_2013_10_07 + 1
    assert clock.parse(b"1381152600000000001") == OPENING_2013_10_07 + 1


@given(st.datetimes(datetime(1970, 1, 2), datetime(2254, 1, 1), timezones=st.just(ZoneInfo("America/New_York"))))
def test_iso_times_are_read_as_python_reads_them(moment: datetime) -> None:
    elapsed = moment - EPOCH
    nanoseconds = (elapsed.days * 86_400 + elapsed.seconds) * SECOND + elapsed.microseconds * 1000
    assert Clock(None).parse(moment.isoformat().encode()) == nanoseconds


def test_a_time_without_zone_is_in_the_clocks_zone() -> None:
    assert Clock(ZoneInfo("America/New_York")).parse(b"2013-10-07T09:30:00") == OPENING_2013_10_07


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (b"2013-10-07T09:30:00", "no zone"),
        (b"9999-01-01T00:00Z", "between 1970 and 2255"),
        (b"1969-12-31T23:59:59Z", "between 1970 and 2255"),
        (b"9999999999999999999", "between 1970 and 2255"),
        (b"99999999999", "between 1970 and 2255"),
        (b"2013-13-07T09:30:00Z", "is no time"),
        (b"2013-10-07T09:30:60Z", "59 seconds"),
        (b"2013-10-07T09:30:00.1234567890Z", "is no time"),
        (b"1381152600000.5", "below the second"),
        (b"", "no whole number"),
        (b"noon", "no whole number"),
    ],
)
def test_what_is_no_time_is_refused_with_its_reason(text: bytes, fact: str) -> None:
    with pytest.raises(ValueError, match=fact):
        Clock(None).parse(text)


@given(st.binary(max_size=40))
def test_noise_is_a_time_or_a_value_error(noise: bytes) -> None:
    with suppress(ValueError):
        assert 0 <= Clock(None).parse(noise) < 1 << 63


@pytest.mark.parametrize(
    ("day", "hours_after_utc"),
    [(date(2013, 10, 7), 4), (date(2013, 12, 2), 5), (date(2026, 3, 6), 5), (date(2026, 3, 9), 4)],
)
def test_new_york_is_four_hours_behind_in_summer_and_five_in_winter(day: date, hours_after_utc: int) -> None:
    midnight_utc = (day - date(1970, 1, 1)).days * 24 * HOUR
    assert midnight_ns(day) == midnight_utc + hours_after_utc * HOUR


def test_on_the_day_the_clock_is_set_the_session_is_right() -> None:
    sunday = date(2026, 3, 8)
    opening = datetime(2026, 3, 8, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    assert midnight_ns(sunday) + 9 * HOUR + HOUR // 2 == int(opening.timestamp()) * SECOND
