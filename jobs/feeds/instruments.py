"""The instruments of the simulated market: names, prices, ticks, spreads and what moves them. All from the seed."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id
from jobs.feeds.price_path import Noise, octaves_of

CONSONANTS: Final = "BDFGKLMNPRSTVZ"
VOWELS: Final = "AEIOU"
SYLLABLES: Final = 70
NAMES: Final = 4900
"""Names of two syllables; symbols past these get a third."""
SCATTER: Final = 1237
"""Coprime to NAMES: neighbours in rank do not share their first letters."""
PRICES_CENTS: Final[tuple[int, ...]] = (
    42, 310, 540, 790, 1050, 1300, 1600, 1900, 2200, 2550, 2900, 3300, 3700, 4100, 4550, 5000,
    5500, 6000, 6600, 7300, 8000, 8800, 9700, 10800, 12000, 13500, 15300, 17600, 20700, 25500, 34000, 56000,
)  # fmt: skip
"""Quantiles of a log-normal distribution around 45 dollars."""
CENTS_CHEAPEST_LEADER: Final = 10
LEADERS: Final = 16
"""The most active symbols are no cheap ones."""
PENNY_RANK: Final = 19
"""The symbol of this rank always trades below a dollar."""
E8_PER_CENT: Final = 1_000_000
DOLLAR_E8: Final = 100_000_000
TICK_E8: Final = 1_000_000
PENNY_TICK_E8: Final = 10_000
"""Rule 612: $0.01 from one dollar on, $0.0001 below."""
LISTING_VENUES: Final[tuple[str, ...]] = ("XNYS", "XNAS", "XNYS", "XNAS", "ARCX")
PRICE_SALT: Final = 401
CLASS_SALT: Final = 402
PATH_SALT: Final = 403


def symbol_name(rank: i64) -> str:
    """A pronounceable ticker that is nobody's, different for each rank."""
    number = rank % NAMES * SCATTER % NAMES
    name = syllable(number // SYLLABLES) + syllable(number % SYLLABLES)
    return name if rank < NAMES else name + syllable(rank // NAMES - 1)


def syllable(number: i64) -> str:
    return CONSONANTS[number // 5] + VOWELS[number % 5]


class Instrument:
    """One symbol: what stays the same all day, and the path of its price."""

    def __init__(self, seed: i64, rank: i64, episodes: i64) -> None:
        draw = derive_id(derive_id(seed, CLASS_SALT), rank)
        self.symbol: str = symbol_name(rank)
        self.rank: i64 = rank
        self.key: i64 = derive_id(derive_id(seed, PATH_SALT), rank)
        self.base_e8: i64 = base_price_e8(seed, rank)
        self.tick_e8: i64 = TICK_E8 if self.base_e8 >= DOLLAR_E8 else PENNY_TICK_E8
        self.listing_venue: str = LISTING_VENUES[draw % len(LISTING_VENUES)]
        self.spread_bps: i64 = 1 + 40 * rank // (rank + 250)
        """Usual spread: tight for the most active."""
        self.beta: i64 = 128 + ((draw >> 8) & 0xFF)
        """How much of the market's moves it takes part in, in 1/256: a half to one and a half."""
        daily_bps: i64 = 80 + ((draw >> 16) & 0xFF)
        top = octaves_of(max(episodes, 1))
        self.path: Noise = Noise(self.key, top, 0, self.base_e8 // 10_000 * daily_bps)

    def middle_e8(self, ordinal: i64, market_ppm: i64) -> i64:
        """Middle of the market at the symbol's episode of this ordinal, not yet on a tick; at least a third of its
        base, and on the base's side of one dollar, where the tick changes."""
        middle = self.base_e8 + self.path.at(ordinal) + (self.base_e8 // 1_000_000 * market_ppm * self.beta >> 8)
        if self.tick_e8 == TICK_E8:
            return max(middle, self.base_e8 // 3, DOLLAR_E8 + 20 * TICK_E8)
        return min(max(middle, self.base_e8 // 3), DOLLAR_E8 - 1000 * PENNY_TICK_E8)


def base_price_e8(seed: i64, rank: i64) -> i64:
    """The price the day starts around."""
    draw = derive_id(derive_id(seed, PRICE_SALT), rank)
    least: i64 = CENTS_CHEAPEST_LEADER if rank < LEADERS else 0
    place = 0 if rank == PENNY_RANK else least + draw % (len(PRICES_CENTS) - least)
    return PRICES_CENTS[place] * E8_PER_CENT // 1000 * (900 + (draw >> 8) % 201)
