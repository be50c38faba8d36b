"""What goes wrong in an order flow: fat fingers, missing and contradictory fields, sales without shares.

Each kind spoils a good order so that one rule of validate or risk refuses it.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from jobs.feeds.request_group import RequestGroup
from jobs.feeds.traders import account_name
from schemas.generated.events import (
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_NONE,
    ORDER_TYPE_STOP,
    SALE_MARKING_LONG,
    SALE_MARKING_NONE,
    SALE_MARKING_SHORT,
    SIDE_BUY,
    SIDE_NONE,
    SIDE_SELL,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_GOOD_TILL_DATE,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    TIME_IN_FORCE_NONE,
    OrderPlaced,
)

PRICE_SLIPPED: Final = 0
"""The decimal point of a limit price is one place off, to the worse."""
QUANTITY_HUGE: Final = 1
QUANTITY_ZERO: Final = 2
QUANTITY_NEGATIVE: Final = 3
PRICE_OFF_TICK: Final = 4
PRICE_MISSING: Final = 5
PRICE_NEGATIVE: Final = 6
SIDE_MISSING: Final = 7
SALE_UNMARKED: Final = 8
PURCHASE_MARKED: Final = 9
TYPE_MISSING: Final = 10
TIME_IN_FORCE_MISSING: Final = 11
EXPIRY_MISSING: Final = 12
EXPIRY_PAST: Final = 13
STOP_ON_WRONG_SIDE: Final = 14
POST_ONLY_AT_ONCE: Final = 15
DISPLAY_ABOVE_QUANTITY: Final = 16
SYMBOL_UNKNOWN: Final = 17
ACCOUNT_UNKNOWN: Final = 18
ACCOUNT_MISSING: Final = 19
ORDER_ID_MISSING: Final = 20
SALE_WITHOUT_SHARES: Final = 21
SHORT_WITHOUT_LOCATE: Final = 22
ORDER_ID_REPEATED: Final = 23
"""The order before it once more."""
CANCEL_OF_NOTHING: Final = 24
FAULT_KINDS: Final = 25


def limit_order(order: OrderPlaced, group: RequestGroup) -> None:
    """Make a plain limit order of it, at the best price of its side."""
    order.order_type = ORDER_TYPE_LIMIT
    order.time_in_force = TIME_IN_FORCE_DAY
    order.limit_price_e8 = group.bid_e8 if order.side == SIDE_BUY else group.ask_e8
    order.stop_price_e8 = 0
    order.expire_time_ns = 0
    order.display_quantity = 0
    order.post_only = False
    order.all_or_none = False


def sale(order: OrderPlaced, group: RequestGroup, marking: i64) -> None:
    order.side = SIDE_SELL
    order.marking = marking
    limit_order(order, group)


def spoil_order(order: OrderPlaced, group: RequestGroup, kind: i64, accounts: i64) -> None:
    """Give an order the fault of a kind; those of repeated orders and cancels are none of an order's own."""
    limit_order(order, group)
    if kind <= PRICE_NEGATIVE:
        spoil_figure(order, group, kind)
    elif kind <= PURCHASE_MARKED:
        spoil_side(order, group, kind)
    elif kind <= DISPLAY_ABOVE_QUANTITY:
        spoil_terms(order, group, kind)
    elif kind <= ORDER_ID_MISSING:
        spoil_name(order, kind, accounts)
    elif kind == SALE_WITHOUT_SHARES:
        sale(order, group, SALE_MARKING_LONG)
        order.quantity += 1_000_000 // (order.quantity + 1)
    elif kind == SHORT_WITHOUT_LOCATE:
        sale(order, group, SALE_MARKING_SHORT)


def spoil_name(order: OrderPlaced, kind: i64, accounts: i64) -> None:
    if kind == SYMBOL_UNKNOWN:
        order.symbol += "X"
    elif kind == ACCOUNT_UNKNOWN:
        order.account = account_name(accounts)
    elif kind == ACCOUNT_MISSING:
        order.account = ""
    else:
        order.order_id = ""


def spoil_figure(order: OrderPlaced, group: RequestGroup, kind: i64) -> None:
    if kind == PRICE_SLIPPED:
        tick = group.instrument.tick_e8
        price_e8 = order.limit_price_e8
        slipped = price_e8 * 10 if order.side == SIDE_BUY else price_e8 // 10
        order.limit_price_e8 = max(slipped // tick, 1) * tick
    elif kind == QUANTITY_HUGE:
        order.quantity *= 1_000_000
    elif kind == QUANTITY_ZERO:
        order.quantity = 0
    elif kind == QUANTITY_NEGATIVE:
        order.quantity = -order.quantity
    elif kind == PRICE_OFF_TICK:
        order.limit_price_e8 += group.instrument.tick_e8 // 2
    elif kind == PRICE_MISSING:
        order.limit_price_e8 = 0
    else:
        order.limit_price_e8 = -order.limit_price_e8


def spoil_side(order: OrderPlaced, group: RequestGroup, kind: i64) -> None:
    if kind == SIDE_MISSING:
        order.side = SIDE_NONE
    elif kind == SALE_UNMARKED:
        sale(order, group, SALE_MARKING_NONE)
    else:
        order.side = SIDE_BUY
        order.marking = SALE_MARKING_LONG


def spoil_terms(order: OrderPlaced, group: RequestGroup, kind: i64) -> None:
    if kind == TYPE_MISSING:
        order.order_type = ORDER_TYPE_NONE
    elif kind == TIME_IN_FORCE_MISSING:
        order.time_in_force = TIME_IN_FORCE_NONE
    elif kind == EXPIRY_MISSING:
        order.time_in_force = TIME_IN_FORCE_GOOD_TILL_DATE
    elif kind == EXPIRY_PAST:
        order.time_in_force = TIME_IN_FORCE_GOOD_TILL_DATE
        order.expire_time_ns = order.event_time_ns - 1
    elif kind == STOP_ON_WRONG_SIDE:
        tick = group.instrument.tick_e8
        order.order_type = ORDER_TYPE_STOP
        order.stop_price_e8 = order.limit_price_e8 - 10 * tick if order.side == SIDE_BUY else order.limit_price_e8 * 2
        order.limit_price_e8 = 0
    elif kind == DISPLAY_ABOVE_QUANTITY:
        order.display_quantity = order.quantity + 100
    else:
        order.post_only = True
        order.time_in_force = TIME_IN_FORCE_IMMEDIATE_OR_CANCEL
