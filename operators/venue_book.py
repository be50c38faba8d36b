"""The order book of one venue in one symbol: orders by number, levels by price, the best level last.

Theory of operation. An order message changes one order and the level it rests at. Feeds that begin in the middle of the
day, or show only the best levels (LOBSTER), name orders they never added. What a snapshot shows of such orders is sent
as orders with numbers below 0; a level holds them together, as `unknown`. A change that names an order we do not know
takes from the unknown quantity at its price: as much as there is, since more may have changed out of sight.

Invariant: a level's quantity is `unknown` plus the open quantities of the orders at its price; no level is empty.
Bound: max_orders orders known by number, and as many levels on each side made by snapshots.
Source: LOBSTER, "Output structure", lobsterdata.com; the messages are those of NASDAQ TotalView-ITCH.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.message_checks import ACCEPTED
from schemas.generated.events import (
    MARKET_DATA_REJECT_REASON_ORDER_DUPLICATE,
    MARKET_DATA_REJECT_REASON_ORDER_OVERFILLED,
    MARKET_DATA_REJECT_REASON_ORDER_UNKNOWN,
    MARKET_DATA_REJECT_REASON_QUANTITY_TOO_LARGE,
    MARKET_DATA_REJECT_REASON_TOO_MANY_ORDERS,
    SIDE_BUY,
    SIDE_NONE,
    MarketDataReceived,
)
from schemas.generated.states import BookLevel, BookOrder, VenueBook

LEVEL_LIMIT: Final[i64] = 10_000_000_000_000_000
"""Snapshots add to a level up to this, so that sums cannot wrap."""


def add_order(book: VenueBook, message: MarketDataReceived, max_orders: i64) -> i64:
    """Add a new order. Returns ACCEPTED, ORDER_DUPLICATE or TOO_MANY_ORDERS."""
    if message.order_id < 0:
        return add_unknown(book, message, max_orders)
    key = str(message.order_id)
    if key in book.orders:
        return MARKET_DATA_REJECT_REASON_ORDER_DUPLICATE
    if len(book.orders) >= max_orders:
        return MARKET_DATA_REJECT_REASON_TOO_MANY_ORDERS
    level = make_level(book, message.side, message.price_e8)
    level.quantity += message.quantity
    book.orders[key] = BookOrder(message.side, message.price_e8, message.quantity)
    return ACCEPTED


def reduce_order(book: VenueBook, message: MarketDataReceived) -> i64:
    """Take the message's quantity off its order: cancelled or executed. Side and price count only where the order is
    not known. Returns ACCEPTED, ORDER_UNKNOWN or ORDER_OVERFILLED."""
    key = str(message.order_id)
    order = book.orders.get(key)
    if order is None:
        return reduce_unknown(book, message)
    if message.quantity > order.quantity:
        return MARKET_DATA_REJECT_REASON_ORDER_OVERFILLED
    take_order(book, key, order, message.quantity)
    return ACCEPTED


def delete_order(book: VenueBook, message: MarketDataReceived) -> i64:
    """Take a whole order away. Side, price and quantity count only where the order is not known.
    Returns ACCEPTED or ORDER_UNKNOWN."""
    key = str(message.order_id)
    order = book.orders.get(key)
    if order is None:
        return reduce_unknown(book, message)
    take_order(book, key, order, order.quantity)
    return ACCEPTED


def add_unknown(book: VenueBook, message: MarketDataReceived, max_levels: i64) -> i64:
    """Add what a snapshot shows beyond the orders we know. Returns ACCEPTED or TOO_MANY_ORDERS."""
    if len(levels_of(book, message.side)) >= max_levels + len(book.orders):
        return MARKET_DATA_REJECT_REASON_TOO_MANY_ORDERS
    level = make_level(book, message.side, message.price_e8)
    if level.quantity >= LEVEL_LIMIT:
        return MARKET_DATA_REJECT_REASON_QUANTITY_TOO_LARGE
    level.quantity += message.quantity
    level.unknown += message.quantity
    return ACCEPTED


def reduce_unknown(book: VenueBook, message: MarketDataReceived) -> i64:
    """Take quantity off the orders of a level that are not known one by one. Returns ACCEPTED or ORDER_UNKNOWN."""
    levels = levels_of(book, message.side)
    index = place(levels, message.side, message.price_e8)
    if index == len(levels) or message.side == SIDE_NONE or message.quantity == 0:
        return MARKET_DATA_REJECT_REASON_ORDER_UNKNOWN
    level = levels[index]
    if level.price_e8 != message.price_e8 or level.unknown == 0:
        return MARKET_DATA_REJECT_REASON_ORDER_UNKNOWN
    quantity = min(message.quantity, level.unknown)
    level.unknown -= quantity
    take(levels, index, quantity)
    return ACCEPTED


def take_order(book: VenueBook, key: str, order: BookOrder, quantity: i64) -> None:
    """Take quantity off a known order and its level."""
    order.quantity -= quantity
    if order.quantity == 0:
        del book.orders[key]
    levels = levels_of(book, order.side)
    take(levels, place(levels, order.side, order.price_e8), quantity)


def take(levels: list[BookLevel], index: i64, quantity: i64) -> None:
    """Take quantity off a level, and the level off the book when it is empty."""
    level = levels[index]
    level.quantity -= quantity
    if level.quantity == 0:
        del levels[index]


def best_price(levels: list[BookLevel]) -> i64:
    """Price of the best level, 0 if there is none."""
    return levels[-1].price_e8 if len(levels) > 0 else 0


def best_quantity(levels: list[BookLevel]) -> i64:
    """Quantity of the best level, 0 if there is none."""
    return levels[-1].quantity if len(levels) > 0 else 0


def best_levels(book: VenueBook, side: i64, count: i64) -> list[tuple[int, int]]:
    """Price and quantity of up to so many levels, best first."""
    levels = levels_of(book, side)
    return [(level.price_e8, level.quantity) for level in reversed(levels[max(0, len(levels) - count) :])]


def levels_of(book: VenueBook, side: i64) -> list[BookLevel]:
    return book.bids if side == SIDE_BUY else book.asks


def place(levels: list[BookLevel], side: i64, price_e8: i64) -> i64:
    """Index of the first level that is not worse than the price."""
    low: i64 = 0
    high: i64 = len(levels)
    while low < high:
        middle = (low + high) >> 1
        own_e8 = levels[middle].price_e8
        if own_e8 < price_e8 if side == SIDE_BUY else own_e8 > price_e8:
            low = middle + 1
        else:
            high = middle
    return low


def make_level(book: VenueBook, side: i64, price_e8: i64) -> BookLevel:
    """The level at a price, made if need be."""
    levels = levels_of(book, side)
    index = place(levels, side, price_e8)
    if index < len(levels) and levels[index].price_e8 == price_e8:
        return levels[index]
    level = BookLevel(price_e8)
    levels.insert(index, level)
    return level
