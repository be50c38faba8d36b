"""The bad ticks of the simulated market: what a feed handler must expect, each kind a few times in 100,000 messages."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.events import MarketDataReceived

OFF_MARKET: Final = 0
ZERO_PRICE: Final = 1
NEGATIVE_SIZE: Final = 2
LATE_TRADE: Final = 3
"""Kinds up to here are made from trades, those that follow from quotes."""
CROSSED_QUOTE: Final = 4
EMPTY_QUOTE: Final = 5
OUT_OF_SEQUENCE: Final = 6
REPEATED: Final = 7
"""The message before it once more."""
BAD_TICK_KINDS: Final = 8
LATE_NS_MIN: Final = 30_000_000_000
LATE_NS_RANGE: Final = 600_000_000_000
EARLIER_MESSAGES: Final = 40
EARLIER_NS: Final = 15_000_000


def spoil(event: MarketDataReceived, kind: i64, draw: i64) -> None:
    """Turn a good message into a bad tick."""
    if kind == OFF_MARKET:
        event.price_e8 = off_market(event.price_e8, draw)
    elif kind == ZERO_PRICE:
        event.price_e8 = 0
    elif kind == NEGATIVE_SIZE:
        event.quantity = -event.quantity
    elif kind == LATE_TRADE:
        event.event_time_ns -= LATE_NS_MIN + draw % LATE_NS_RANGE
        event.conditions = "Z"
    elif kind == CROSSED_QUOTE:
        bid = event.bid_price_e8
        event.bid_price_e8 = event.ask_price_e8
        event.ask_price_e8 = bid
    elif kind == EMPTY_QUOTE:
        event.bid_price_e8 = event.bid_quantity = event.ask_price_e8 = event.ask_quantity = 0
    elif kind == OUT_OF_SEQUENCE:
        event.venue_sequence = max(event.venue_sequence - EARLIER_MESSAGES, 1)
        event.event_time_ns -= EARLIER_NS


def off_market(price_e8: i64, draw: i64) -> i64:
    """A slipped decimal point, or half as much again, or half."""
    slip = draw & 3
    if slip == 0:
        return price_e8 * 10
    if slip == 1:
        return price_e8 // 10
    if slip == 2:
        return price_e8 + (price_e8 >> 1)
    return price_e8 >> 1
