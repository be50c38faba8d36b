"""What makes a venue's message unusable on its own: its prices, quantities and sides, its number and its time.

Each check returns ACCEPTED or the reject reason. The bounds keep every product and sum of the operators inside 64 bits.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.conditions import NO_VOLUME
from schemas.generated.events import (
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_QUOTE,
    MARKET_DATA_KIND_STATUS,
    MARKET_DATA_REJECT_REASON_MESSAGE_DUPLICATE,
    MARKET_DATA_REJECT_REASON_MESSAGE_OUT_OF_SEQUENCE,
    MARKET_DATA_REJECT_REASON_MESSAGE_STALE,
    MARKET_DATA_REJECT_REASON_PRICE_NEGATIVE,
    MARKET_DATA_REJECT_REASON_PRICE_TOO_LARGE,
    MARKET_DATA_REJECT_REASON_PRICE_ZERO,
    MARKET_DATA_REJECT_REASON_QUANTITY_NEGATIVE,
    MARKET_DATA_REJECT_REASON_QUANTITY_TOO_LARGE,
    MARKET_DATA_REJECT_REASON_QUANTITY_ZERO,
    MARKET_DATA_REJECT_REASON_QUOTE_CROSSED,
    MARKET_DATA_REJECT_REASON_QUOTE_EMPTY,
    MARKET_DATA_REJECT_REASON_SIDE_MISSING,
    SIDE_NONE,
    MarketDataReceived,
)
from schemas.generated.states import VenueMarket

ACCEPTED: Final[i64] = -1
E8: Final = 100_000_000
PRICE_LIMIT_E8: Final[i64] = 100_000_000_000_000_000
"""A price is less than this: a thousand million currency units."""
QUANTITY_LIMIT: Final[i64] = 1_000_000_000_000
"""A quantity is less than this."""


def quote_fault(message: MarketDataReceived) -> i64:
    """A quote has two sides, or one whose other is all zeros; its bid is not above its offer."""
    reason = side_fault(message.bid_price_e8, message.bid_quantity)
    if reason == ACCEPTED:
        reason = side_fault(message.ask_price_e8, message.ask_quantity)
    if reason != ACCEPTED:
        return reason
    if message.bid_price_e8 > message.ask_price_e8 and message.ask_price_e8 != 0:
        return MARKET_DATA_REJECT_REASON_QUOTE_CROSSED
    if message.bid_price_e8 == 0 and message.ask_price_e8 == 0:
        return MARKET_DATA_REJECT_REASON_QUOTE_EMPTY
    return ACCEPTED


def side_fault(price_e8: i64, quantity: i64) -> i64:
    """One side of a quote: price and quantity, or neither."""
    if price_e8 == 0 and quantity == 0:
        return ACCEPTED
    return amount_fault(price_e8, quantity)


def amount_fault(price_e8: i64, quantity: i64) -> i64:
    """A price and a quantity, both there and in bounds."""
    if 0 < price_e8 < PRICE_LIMIT_E8 and 0 < quantity < QUANTITY_LIMIT:
        return ACCEPTED
    if price_e8 < 0:
        return MARKET_DATA_REJECT_REASON_PRICE_NEGATIVE
    if price_e8 >= PRICE_LIMIT_E8:
        return MARKET_DATA_REJECT_REASON_PRICE_TOO_LARGE
    if quantity < 0:
        return MARKET_DATA_REJECT_REASON_QUANTITY_NEGATIVE
    if quantity >= QUANTITY_LIMIT:
        return MARKET_DATA_REJECT_REASON_QUANTITY_TOO_LARGE
    return MARKET_DATA_REJECT_REASON_PRICE_ZERO if price_e8 == 0 else MARKET_DATA_REJECT_REASON_QUANTITY_ZERO


def sale_fault(message: MarketDataReceived, flags: i64) -> i64:
    """A sale has price and quantity; the report of an official price may have no quantity."""
    reason = amount_fault(message.price_e8, message.quantity)
    if reason == MARKET_DATA_REJECT_REASON_QUANTITY_ZERO and flags & NO_VOLUME != 0:
        return ACCEPTED
    return reason


def order_fault(message: MarketDataReceived) -> i64:
    """A new order has side, price and quantity; a change names the order, and how much where not all of it goes."""
    kind = message.kind
    if kind == MARKET_DATA_KIND_ORDER_ADDED:
        if message.side == SIDE_NONE:
            return MARKET_DATA_REJECT_REASON_SIDE_MISSING
        return amount_fault(message.price_e8, message.quantity)
    if kind == MARKET_DATA_KIND_ORDER_EXECUTED:
        return amount_fault(message.price_e8, message.quantity)
    # what these leave out the book knows: 1 stands for it
    price_e8 = message.price_e8 if message.price_e8 != 0 else 1
    left_out = kind == MARKET_DATA_KIND_ORDER_DELETED and message.quantity == 0
    return amount_fault(price_e8, 1 if left_out else message.quantity)


def sequence_fault(market: VenueMarket, message: MarketDataReceived, stale_ns: i64) -> i64:
    """Where a message stands among its venue's: its number goes up (where the feed has numbers), and its time is not
    older than the latest by more than `stale_ns` (where that is not 0)."""
    number = message.venue_sequence
    if 0 < number <= market.venue_sequence:
        if number == market.venue_sequence:
            return MARKET_DATA_REJECT_REASON_MESSAGE_DUPLICATE
        return MARKET_DATA_REJECT_REASON_MESSAGE_OUT_OF_SEQUENCE
    if stale_ns != 0 and message.event_time_ns < market.latest_ns - stale_ns:
        return MARKET_DATA_REJECT_REASON_MESSAGE_STALE
    return ACCEPTED


def has_restarted(market: VenueMarket, message: MarketDataReceived, reason: i64, restart_after: i64) -> bool:
    """Count a message refused by `sequence_fault`. True when so many came in a row, each later than the one before,
    that the venue must have begun anew: it numbers from 1 again, or the message before had a time of the future.

    A repeated message is older than what the venue sent since, and is not counted."""
    time_ns = message.event_time_ns
    repeated = reason != MARKET_DATA_REJECT_REASON_MESSAGE_STALE and time_ns <= market.latest_ns
    number = message.venue_sequence
    in_order = time_ns >= market.refused_ns and (number <= 0 or number > market.refused_sequence)
    market.refused = 0 if repeated else market.refused + 1 if in_order else 1
    market.refused_ns = time_ns
    market.refused_sequence = number
    return 0 < restart_after <= market.refused


def figures(message: MarketDataReceived) -> str:
    """The figures of a message, for a reject's detail."""
    if message.kind == MARKET_DATA_KIND_QUOTE:
        bid = f"{message.bid_quantity} at {text_of(message.bid_price_e8)}"
        return f"bid {bid}, offer {message.ask_quantity} at {text_of(message.ask_price_e8)}"
    if message.kind == MARKET_DATA_KIND_STATUS:
        return f"status {message.status!r}"
    amount = f"{message.quantity} at {text_of(message.price_e8)}"
    return f"order {message.order_id}: {amount}" if message.order_id != 0 else amount


def text_of(price_e8: int) -> str:
    """A price in currency units, as a decimal without needless zeros."""
    if price_e8 < 0:
        return "-" + text_of(-price_e8)
    rest = price_e8 % E8
    whole = str(price_e8 // E8)
    return whole if rest == 0 else f"{whole}.{str(E8 + rest)[1:].rstrip('0')}"
