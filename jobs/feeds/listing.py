"""What is agreed of the simulated symbols by their rank, so that reference data, accounts and orders say the same.

Every eighth symbol is hard to borrow; a symbol in sixty-four begins the day under Rule 201.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

HARD_EVERY: Final[i64] = 8
HARD_FIRST: Final[i64] = 5
RESTRICTED_EVERY: Final[i64] = 64
RESTRICTED_FIRST: Final[i64] = 11


def is_shortable(rank: i64) -> bool:
    """Whether the symbol is easy to borrow."""
    return rank % HARD_EVERY != HARD_FIRST


def hard_symbols(symbols: i64) -> i64:
    """How many of so many symbols are hard to borrow."""
    return (symbols + HARD_EVERY - HARD_FIRST - 1) // HARD_EVERY


def hard_rank(place: i64) -> i64:
    """The rank of the symbol that is hard to borrow and has so many such before it."""
    return HARD_EVERY * place + HARD_FIRST


def is_restricted(rank: i64) -> bool:
    """Whether the symbol begins the day under Rule 201 (17 CFR 242.201)."""
    return rank % RESTRICTED_EVERY == RESTRICTED_FIRST
