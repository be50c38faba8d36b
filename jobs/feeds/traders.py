"""The accounts of the simulated market: who they are, what they may do, and how active they are. All from the seed.

Theory of operation. Accounts are numbered by how active they are. Activity follows Zipf's law with a flat head: a
number is drawn by an octave, all octaves equally often, and within it evenly. The first MAKERS accounts make markets,
the next twentieth are institutions, all others are private. Whatever one asks about an account is computed from its
number, so a million accounts cost no more than ten.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id
from jobs.feeds.listing import hard_rank, hard_symbols, is_shortable

FIRST_NAME: Final[i64] = 10_000_000
ACCOUNTS_MAX: Final = 10_000_000
MAKERS: Final[i64] = 16
INSTITUTIONS_EVERY: Final[i64] = 20
HEAD_BITS: Final[i64] = 3
"""The eight most active accounts are equally active."""

CLASS_MAKER: Final[i64] = 0
CLASS_INSTITUTION: Final[i64] = 1
CLASS_PRIVATE: Final[i64] = 2

DOLLAR_E8: Final = 100_000_000
LOCATES_OF_MAKERS: Final[i64] = 32
LOCATES_OF_OTHERS: Final[i64] = 2
ACCOUNT_SALT: Final = 901
LOCATE_SALT: Final = 902

QUANTITIES: Final[tuple[int, ...]] = (
    100, 100, 100, 100, 100, 200, 200, 200, 200, 300, 300, 400, 500, 500, 700, 1000,
    100, 100, 200, 200, 300, 300, 400, 500, 500, 600, 800, 1000, 1200, 1500, 2000, 4000,
    1, 2, 5, 5, 10, 10, 20, 25, 30, 40, 50, 75, 100, 100, 200, 300,
)  # fmt: skip
"""Quantiles of shares an order, sixteen a class."""
NOTIONALS_E8: Final[tuple[int, ...]] = (200_000 * DOLLAR_E8, 500_000 * DOLLAR_E8, 20_000 * DOLLAR_E8)
"""Most that an order is worth, by class."""


class Traders:
    """All accounts of a simulated market."""

    def __init__(self, seed: i64, accounts: i64, symbols: i64) -> None:
        self.key: i64 = derive_id(seed, ACCOUNT_SALT)
        self.accounts: i64 = accounts
        self.makers: i64 = min(MAKERS, 1 + accounts // 8)
        self.institutions: i64 = accounts // INSTITUTIONS_EVERY
        self.hard: i64 = hard_symbols(symbols)
        octaves: i64 = 1
        while (accounts + (1 << HEAD_BITS)) >> (HEAD_BITS + octaves) > 0:
            octaves += 1
        self.octaves: i64 = octaves

    def active(self, draw: i64) -> i64:
        """The number of an account drawn by activity, from 0. Uses the low 52 bits of the draw."""
        octave = HEAD_BITS + (draw & 0xFFFF) * self.octaves // 0x10000
        return ((1 << octave) + (draw >> 16 & ((1 << octave) - 1)) - (1 << HEAD_BITS)) % self.accounts

    def orders_of(self, number: i64, orders: i64) -> i64:
        """About how many of so many orders are this account's."""
        octave = HEAD_BITS
        while (number + (1 << HEAD_BITS)) >> (octave + 1) > 0:
            octave += 1
        return orders // (self.octaves << octave) * 2

    def class_of(self, number: i64) -> i64:
        if number < self.makers:
            return CLASS_MAKER
        return CLASS_INSTITUTION if number < self.makers + self.institutions else CLASS_PRIVATE

    def draw(self, number: i64) -> i64:
        """Random bits of an account."""
        return derive_id(self.key, number)

    def is_margin(self, number: i64) -> bool:
        """A margin account; the others are cash accounts."""
        return self.class_of(number) != CLASS_PRIVATE or self.draw(number) & 7 < 5

    def is_closed(self, number: i64) -> bool:
        return self.class_of(number) == CLASS_PRIVATE and self.draw(number) >> 8 & 0x1FF == 0

    def is_restricted(self, number: i64) -> bool:
        return self.class_of(number) == CLASS_PRIVATE and self.draw(number) >> 8 & 0x1FF in (1, 2)

    def may_short(self, number: i64) -> bool:
        return self.class_of(number) != CLASS_PRIVATE or self.draw(number) & 7 < 3

    def locates(self, number: i64) -> i64:
        """In how many symbols that are hard to borrow the account has located shares."""
        if self.class_of(number) == CLASS_MAKER:
            return min(LOCATES_OF_MAKERS, self.hard)
        has = self.may_short(number) and (self.class_of(number) == CLASS_INSTITUTION or self.draw(number) & 0x70 == 0)
        return min(LOCATES_OF_OTHERS, self.hard) if has else 0

    def located(self, number: i64, place: i64) -> i64:
        """The rank of the symbol of one of the account's locates; places next to each other differ."""
        hard = place
        if self.class_of(number) != CLASS_MAKER:
            hard = (derive_id(self.draw(number), LOCATE_SALT) + place) % self.hard
        return hard_rank(hard)

    def located_quantity(self, number: i64) -> i64:
        return 500 if self.class_of(number) == CLASS_PRIVATE else 50_000

    def can_sell_short(self, number: i64, rank: i64) -> bool:
        """Whether a short sale of the symbol of this rank is in order: permitted, and shares can be borrowed."""
        if not self.may_short(number):
            return False
        if is_shortable(rank):
            return True
        return any_place(self, number, rank)


def any_place(traders: Traders, number: i64, rank: i64) -> bool:
    place: i64 = 0
    most = traders.locates(number)
    while place < most:
        if traders.located(number, place) == rank:
            return True
        place += 1
    return False


def account_name(number: i64) -> str:
    return "A" + str(FIRST_NAME + number)


def quantity_of(trader_class: i64, draw: i64, price_e8: i64) -> i64:
    """Shares of an order: drawn by class from four bits, and as many as its largest amount buys."""
    quantity: i64 = QUANTITIES[trader_class << 4 | draw & 15]
    most_e8: i64 = NOTIONALS_E8[trader_class]
    return max(min(quantity, most_e8 // max(price_e8, 1)), 1)
