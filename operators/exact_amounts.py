"""Exact products of prices, quantities and rates, in 64 bits where they surely fit.

An `int` product of two figures above 2**30 is made of Python objects, even when compiled; one of `i64` is an
instruction, but wraps. So each product here is bounded by its operands first, and taken in `int` where it may not fit.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

BPS: Final = 10_000
PRICE_BOUND: Final = 1 << 40
UNITS_BOUND: Final = 1 << 22
"""Prices (in 1e-8: some 10,995) and units below these have a product below 2**62. No bound here is an `i64`: an `int`
held against one would be made one first, and may not fit."""
PART_BOUND: Final = 1 << 47
RATE_BOUND: Final = 1 << 15
"""Amounts and rates in basis points below these likewise."""


def amount_e8(price_e8: int, units: int) -> int:
    """Price times units; both of either sign."""
    if -PRICE_BOUND < price_e8 < PRICE_BOUND and -UNITS_BOUND < units < UNITS_BOUND:
        price: i64 = price_e8
        count: i64 = units
        return price * count
    return price_e8 * units


def part(amount_e8: int, bps: int) -> int:
    """So many basis points of an amount that is not negative, rounded up."""
    if 0 <= amount_e8 < PART_BOUND and 0 <= bps < RATE_BOUND:
        amount: i64 = amount_e8
        rate: i64 = bps
        return (amount * rate + (BPS - 1)) // BPS
    return (amount_e8 * bps + (BPS - 1)) // BPS


def portion(amount_e8: int, taken: int, whole: int) -> int:
    """What `taken` of the `whole` is of an amount; none is negative; rounded up."""
    if 0 <= amount_e8 < PART_BOUND and 0 <= taken < RATE_BOUND:
        amount: i64 = amount_e8
        count: i64 = taken
        all_of_it: i64 = whole
        return -(-amount * count // all_of_it)
    return -(-amount_e8 * taken // whole)


def part_down(amount_e8: int, bps: int) -> int:
    """So many basis points of an amount, rounded down."""
    if 0 <= amount_e8 < PART_BOUND and 0 <= bps < RATE_BOUND:
        amount: i64 = amount_e8
        rate: i64 = bps
        return amount * rate // BPS
    return amount_e8 * bps // BPS
