"""Reads points in time as people write them into files, exactly to the nanosecond."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

from mypy_extensions import i64

from jobs.feeds.fields import shown, whole
from jobs.feeds.new_york import EPOCH

NS_PER_SECOND: Final = 1_000_000_000
SECONDS_DIGITS_MAX: Final = 11
"""An epoch of so many digits counts seconds; of three, six, nine more: milli-, micro-, nanoseconds."""
SECONDS_MOST: Final = 9_000_000_000
"""In the year 2255: what nanoseconds in 64 bits can hold."""
MINUTE_LENGTH: Final = 16
"""Of `2026-11-20T09:30`."""


class Clock:
    """Turns texts into nanoseconds since the epoch, UTC: ISO 8601, or a number of seconds, milli-, micro- or
    nanoseconds since the epoch (told apart by its size; seconds may have decimals).

    A time without zone is in `zone`; without that it is no time.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        self.zone: tzinfo | None = zone
        self.minute: bytes = b""
        self.offset: bytes = b""
        self.minute_ns: i64 = 0

    def parse(self, field: bytes) -> i64:
        """Raises ValueError for what is no time between 1970 and 2255."""
        nanoseconds = self.iso_ns(field) if b"-" in field or b":" in field else epoch_ns(field)
        if nanoseconds < 0 or nanoseconds >= SECONDS_MOST * NS_PER_SECOND:
            raise ValueError(f"the time {shown(field)} is not between 1970 and 2255")
        return nanoseconds

    def iso_ns(self, field: bytes) -> i64:
        """The minute is found once and kept for the lines that follow; seconds and fraction are added."""
        minute = field[:MINUTE_LENGTH]
        seconds, offset = split_offset(field[MINUTE_LENGTH:])
        if minute != self.minute or offset != self.offset:
            self.minute_ns = self.minute_start_ns(field, minute, offset)
            self.minute = minute
            self.offset = offset
        return self.minute_ns + seconds_ns(field, seconds)

    def minute_start_ns(self, field: bytes, minute: bytes, offset: bytes) -> i64:
        try:
            start = datetime.fromisoformat((minute + offset).decode("ascii"))
        except ValueError:
            raise ValueError(f"{shown(field)} is no time: write it as 2026-11-20T09:30:00.123Z") from None
        if start.tzinfo is None:
            if self.zone is None:
                raise ValueError(f"the time {shown(field)} has no zone: add Z or an offset")
            start = start.replace(tzinfo=self.zone)
        if not 1970 <= start.year < 2255:
            raise ValueError(f"the time {shown(field)} is not between 1970 and 2255")
        elapsed = start.astimezone(UTC) - EPOCH
        return (elapsed.days * 86_400 + elapsed.seconds) * NS_PER_SECOND


def split_offset(rest: bytes) -> tuple[bytes, bytes]:
    """`:00.123+01:00` → `:00.123`, `+01:00`."""
    for sign in (b"Z", b"z", b"+", b"-"):
        place = rest.find(sign)
        if place >= 0:
            return rest[:place], rest[place:].upper()
    return rest, b""


def seconds_ns(field: bytes, seconds: bytes) -> i64:
    """`:07.123` → 7,123,000,000; nothing → 0."""
    if not seconds:
        return 0
    whole_part, _, fraction = seconds[1:].partition(b".")
    if seconds[:1] != b":" or len(whole_part) != 2 or not whole_part.isdigit() or len(fraction) > 9:
        raise ValueError(f"{shown(field)} is no time: write it as 2026-11-20T09:30:00.123Z")
    count = whole(whole_part)
    if count > 59:
        raise ValueError(f"the time {shown(field)} has more than 59 seconds")
    return count * NS_PER_SECOND + fraction_ns(field, fraction)


def fraction_ns(field: bytes, fraction: bytes) -> i64:
    """Up to nine decimals of a second."""
    if not fraction:
        return 0
    if len(fraction) > 9 or not fraction.isdigit():
        raise ValueError(f"the time {shown(field)} has no fraction of up to nine digits")
    return whole(fraction + b"000000000"[len(fraction) :])


def epoch_ns(field: bytes) -> i64:
    """A number since the epoch in the unit its size tells."""
    number, _, fraction = field.partition(b".")
    digits = len(number)
    if digits > SECONDS_DIGITS_MAX + 6 and not fraction:
        return scaled(whole(number[:-9]), NS_PER_SECOND, field) + fraction_ns(field, number[-9:])
    count = whole(number)
    if digits <= SECONDS_DIGITS_MAX:
        if count >= SECONDS_MOST or count < 0:
            raise ValueError(f"the time {shown(field)} is not between 1970 and 2255")
        return count * NS_PER_SECOND + fraction_ns(field, fraction)
    if fraction:
        raise ValueError(f"the time {shown(field)} has decimals of a unit below the second")
    if digits <= SECONDS_DIGITS_MAX + 3:
        return scaled(count, 1_000_000, field)
    return scaled(count, 1_000, field)


def scaled(count: i64, unit_ns: i64, field: bytes) -> i64:
    """Units since the epoch → nanoseconds."""
    if count < 0 or count >= SECONDS_MOST * NS_PER_SECOND // unit_ns:
        raise ValueError(f"the time {shown(field)} is not between 1970 and 2255")
    return count * unit_ns
