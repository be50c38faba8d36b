from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.feeds.fields import decimal_e8, flag, whole

LARGEST = 10**18 - 1


@given(st.integers(-LARGEST, LARGEST))
def test_a_whole_number_is_read_as_python_reads_it(value: int) -> None:
    assert whole(str(value).encode()) == value


@given(st.decimals("-9999999999.99999999", "9999999999.99999999", places=8))
def test_a_decimal_is_read_exactly(value: Decimal) -> None:
    assert decimal_e8(f"{value:f}".encode()) == int(value.scaleb(8))


@given(st.binary(max_size=30))
def test_noise_is_a_number_or_a_value_error(noise: bytes) -> None:
    with suppress(ValueError):
        assert abs(decimal_e8(noise)) <= LARGEST
    with suppress(ValueError):
        assert abs(whole(noise)) <= LARGEST


@pytest.mark.parametrize("text", [b"", b"-", b"1.5", b"1_000", b" 1", b"1e3", b"\xd9\xa1", b"1234567890123456789"])
def test_what_is_no_whole_number_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="whole number"):
        whole(text)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (b"", "no decimal number"),
        (b".", "no decimal number"),
        (b"-", "no decimal number"),
        (b"1.2.3", "no decimal number"),
        (b"NaN", "no decimal number"),
        (b"1e5", "no decimal number"),
        (b"0.123456789", "finer than 1e-8"),
        (b"10000000000", "too large"),
        (b"99999999999999999999", "too large"),
    ],
)
def test_what_is_no_price_is_refused_with_its_reason(text: bytes, fact: str) -> None:
    with pytest.raises(ValueError, match=fact):
        decimal_e8(text)


def test_zeros_beyond_the_eighth_decimal_are_no_digits() -> None:
    assert decimal_e8(b"+1.1234567800") == 112_345_678


def test_a_flag_is_0_or_1() -> None:
    assert [flag(b"0"), flag(b"1")] == [False, True]
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        flag(b"2")
