"""Exact numbers from the fields of a text line; no float on the way. What is no number raises ValueError."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

ZERO: Final = 48
NINE: Final = 57
MINUS: Final = 45
PLUS: Final = 43
POINT: Final = 46
DIGITS_MAX: Final = 18
"""A whole number of so many digits fits 64 bits with its sign."""
SCALE: Final = 8
VALUE_MAX_TENTH: Final = 100_000_000_000_000_000


def shown(field: bytes) -> str:
    """The field for a message: quoted, cut to 40 characters."""
    text = field.decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= 40 else text[:40] + "…")


def whole(field: bytes) -> i64:
    """A whole number of at most 18 digits, with or without sign."""
    size: i64 = len(field)
    start: i64 = 0
    if size > 0 and (field[0] == MINUS or field[0] == PLUS):
        start = 1
    if start == size or size - start > DIGITS_MAX:
        raise ValueError(f"{shown(field)} is no whole number of at most {DIGITS_MAX} digits")
    value: i64 = 0
    index: i64 = start
    while index < size:
        code: i64 = field[index]
        if code < ZERO or code > NINE:
            raise ValueError(f"{shown(field)} is no whole number")
        value = value * 10 + (code - ZERO)
        index += 1
    return -value if field[0] == MINUS else value


def tenfold(value: i64, field: bytes) -> i64:
    """Ten times the value, as long as that has at most 18 digits."""
    if value >= VALUE_MAX_TENTH:
        raise ValueError(f"{shown(field)} is too large for a price")
    return value * 10


def decimal_e8(field: bytes) -> i64:
    """A decimal number in 1e-8, exact: at most ten digits before the point, and after it none beyond the eighth."""
    size: i64 = len(field)
    start: i64 = 0
    if size > 0 and (field[0] == MINUS or field[0] == PLUS):
        start = 1
    value: i64 = 0
    digits: i64 = 0
    decimals: i64 = -1
    index: i64 = start
    while index < size:
        code: i64 = field[index]
        index += 1
        if code == POINT and decimals < 0:
            decimals = 0
            continue
        if code < ZERO or code > NINE:
            raise ValueError(f"{shown(field)} is no decimal number")
        digits += 1
        if decimals == SCALE:
            if code != ZERO:
                raise ValueError(f"{shown(field)} is finer than 1e-8")
            continue
        value = tenfold(value, field) + (code - ZERO)
        if decimals >= 0:
            decimals += 1
    if digits == 0:
        raise ValueError(f"{shown(field)} is no decimal number")
    decimals = max(decimals, 0)
    while decimals < SCALE:
        value = tenfold(value, field)
        decimals += 1
    return -value if field[0] == MINUS else value


def flag(field: bytes) -> bool:
    """0 or 1."""
    if field == b"0":
        return False
    if field == b"1":
        return True
    raise ValueError(f"{shown(field)} is neither 0 nor 1")
