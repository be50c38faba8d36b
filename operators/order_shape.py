"""Checks an order against itself: fields that are missing, out of range, or contradict each other.

Everything that needs no reference data, market or clock is here. The checks come in the order of reject_rules.RULES.
The first function bounds prices and quantities, so that nothing after it can exceed 64 bits.

Source: combinations of order type and time in force after NYSE Rule 7.31 (auction orders are market or limit orders,
stops are day or longer); short-sale marking is 17 CFR 242.200(g). All of it is a table: COMBINATIONS.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.events import (
    ORDER_REJECT_REASON_ALL_OR_NONE_NOT_ALLOWED,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_ABOVE_QUANTITY,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NEGATIVE,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_ALLOWED,
    ORDER_REJECT_REASON_EXPIRY_IN_THE_PAST,
    ORDER_REJECT_REASON_EXPIRY_MISSING,
    ORDER_REJECT_REASON_EXPIRY_NOT_ALLOWED,
    ORDER_REJECT_REASON_EXPIRY_TOO_FAR,
    ORDER_REJECT_REASON_LIMIT_PRICE_MISSING,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ALLOWED,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_POSITIVE,
    ORDER_REJECT_REASON_MARKET_ORDER_OUTSIDE_REGULAR_HOURS,
    ORDER_REJECT_REASON_MARKING_NOT_ALLOWED,
    ORDER_REJECT_REASON_ORDER_TYPE_MISSING,
    ORDER_REJECT_REASON_POST_ONLY_CONTRADICTS_TIME_IN_FORCE,
    ORDER_REJECT_REASON_POST_ONLY_CONTRADICTS_TYPE,
    ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE,
    ORDER_REJECT_REASON_SIDE_MISSING,
    ORDER_REJECT_REASON_STOP_AND_LIMIT_CONTRADICT,
    ORDER_REJECT_REASON_STOP_PRICE_MISSING,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_ALLOWED,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_POSITIVE,
    ORDER_REJECT_REASON_TIME_IN_FORCE_MISSING,
    ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE,
    ORDER_SESSION_REGULAR,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_STOP,
    ORDER_TYPE_STOP_LIMIT,
    SALE_MARKING_NONE,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_AT_THE_CLOSE,
    TIME_IN_FORCE_AT_THE_OPEN,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_FILL_OR_KILL,
    TIME_IN_FORCE_GOOD_TILL_CANCELLED,
    TIME_IN_FORCE_GOOD_TILL_DATE,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    OrderPlaced,
)

PASSED: Final[i64] = -1
"""Instead of a reason: nothing is wrong."""
PRICE_MAX_E8: Final[i64] = 900_000_000_000_000
"""No order, quote or reference price is above nine million currency units."""
QUANTITY_MAX: Final[i64] = 1_000_000_000_000
"""No order is above so many shares or contracts; operator and instrument set lower limits."""

REST: Final = (TIME_IN_FORCE_DAY, TIME_IN_FORCE_GOOD_TILL_CANCELLED, TIME_IN_FORCE_GOOD_TILL_DATE)
AT_ONCE: Final = (TIME_IN_FORCE_IMMEDIATE_OR_CANCEL, TIME_IN_FORCE_FILL_OR_KILL)
AUCTIONS: Final = (TIME_IN_FORCE_AT_THE_OPEN, TIME_IN_FORCE_AT_THE_CLOSE)

COMBINATIONS: Final[tuple[tuple[int, tuple[int, ...]], ...]] = (
    # order type, times in force it may have
    (ORDER_TYPE_MARKET, (TIME_IN_FORCE_DAY, *AT_ONCE, *AUCTIONS)),
    (ORDER_TYPE_LIMIT, (*REST, *AT_ONCE, *AUCTIONS)),
    (ORDER_TYPE_STOP, REST),
    (ORDER_TYPE_STOP_LIMIT, REST),
)
TIMES_IN_FORCE: Final[i64] = 8
"""Width of a row of ALLOWED."""


def allowed_table() -> tuple[bool, ...]:
    """By order type * TIMES_IN_FORCE + time in force."""
    rows = dict(COMBINATIONS)
    return tuple(tif in rows.get(kind, ()) for kind in range(ORDER_TYPE_STOP_LIMIT + 1) for tif in range(8))


ALLOWED: Final[tuple[bool, ...]] = allowed_table()


def is_at_once(time_in_force: i64) -> bool:
    """The order may not wait."""
    return time_in_force in (TIME_IN_FORCE_IMMEDIATE_OR_CANCEL, TIME_IN_FORCE_FILL_OR_KILL)


def is_for_auction(time_in_force: i64) -> bool:
    return time_in_force in (TIME_IN_FORCE_AT_THE_OPEN, TIME_IN_FORCE_AT_THE_CLOSE)


def shape_fault(order: OrderPlaced, expiry_max_ns: i64) -> i64:
    """The first reason why the order cannot be one, or PASSED. `expiry_max_ns`: how far an expiry may lie ahead."""
    reason = range_fault(order)
    if reason == PASSED:
        reason = price_fault(order)
    if reason == PASSED:
        reason = expiry_fault(order, expiry_max_ns)
    if reason == PASSED:
        reason = instruction_fault(order)
    return reason


def range_fault(order: OrderPlaced) -> i64:
    """What is missing, or out of the range in which arithmetic is safe."""
    if order.side not in (SIDE_BUY, SIDE_SELL):
        return ORDER_REJECT_REASON_SIDE_MISSING
    if not ORDER_TYPE_MARKET <= order.order_type <= ORDER_TYPE_STOP_LIMIT:
        return ORDER_REJECT_REASON_ORDER_TYPE_MISSING
    if not TIME_IN_FORCE_DAY <= order.time_in_force <= TIME_IN_FORCE_AT_THE_CLOSE:
        return ORDER_REJECT_REASON_TIME_IN_FORCE_MISSING
    if order.quantity <= 0:
        return ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE
    if order.quantity > QUANTITY_MAX:
        return ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT
    if order.limit_price_e8 < 0:
        return ORDER_REJECT_REASON_LIMIT_PRICE_NOT_POSITIVE
    if order.stop_price_e8 < 0:
        return ORDER_REJECT_REASON_STOP_PRICE_NOT_POSITIVE
    if order.limit_price_e8 > PRICE_MAX_E8 or order.stop_price_e8 > PRICE_MAX_E8:
        return ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT
    return PASSED


def price_fault(order: OrderPlaced) -> i64:
    """Which price the order type wants but lacks, or has but does not want; and combinations with time in force."""
    kind = order.order_type
    limit_e8 = order.limit_price_e8
    stop_e8 = order.stop_price_e8
    if kind in (ORDER_TYPE_LIMIT, ORDER_TYPE_STOP_LIMIT):
        if limit_e8 == 0:
            return ORDER_REJECT_REASON_LIMIT_PRICE_MISSING
    elif limit_e8 != 0:
        return ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ALLOWED
    if kind in (ORDER_TYPE_STOP, ORDER_TYPE_STOP_LIMIT):
        if stop_e8 == 0:
            return ORDER_REJECT_REASON_STOP_PRICE_MISSING
    elif stop_e8 != 0:
        return ORDER_REJECT_REASON_STOP_PRICE_NOT_ALLOWED
    if kind == ORDER_TYPE_STOP_LIMIT and (limit_e8 < stop_e8 if order.side == SIDE_BUY else limit_e8 > stop_e8):
        return ORDER_REJECT_REASON_STOP_AND_LIMIT_CONTRADICT
    if not ALLOWED[kind * TIMES_IN_FORCE + order.time_in_force]:
        return ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE
    return PASSED


def expiry_fault(order: OrderPlaced, expiry_max_ns: i64) -> i64:
    expire_ns = order.expire_time_ns
    if order.time_in_force != TIME_IN_FORCE_GOOD_TILL_DATE:
        if expire_ns == 0:
            return PASSED
        return ORDER_REJECT_REASON_EXPIRY_NOT_ALLOWED
    if expire_ns == 0:
        return ORDER_REJECT_REASON_EXPIRY_MISSING
    if expire_ns <= order.event_time_ns:
        return ORDER_REJECT_REASON_EXPIRY_IN_THE_PAST
    return PASSED if expire_ns - order.event_time_ns <= expiry_max_ns else ORDER_REJECT_REASON_EXPIRY_TOO_FAR


def instruction_fault(order: OrderPlaced) -> i64:
    """What contradicts itself among session, post only, display quantity, all or none and marking."""
    if order.order_type in (ORDER_TYPE_MARKET, ORDER_TYPE_STOP) and order.session != ORDER_SESSION_REGULAR:
        return ORDER_REJECT_REASON_MARKET_ORDER_OUTSIDE_REGULAR_HOURS
    if order.post_only:
        if order.order_type != ORDER_TYPE_LIMIT:
            return ORDER_REJECT_REASON_POST_ONLY_CONTRADICTS_TYPE
        if is_at_once(order.time_in_force) or is_for_auction(order.time_in_force):
            return ORDER_REJECT_REASON_POST_ONLY_CONTRADICTS_TIME_IN_FORCE
    if order.display_quantity != 0:
        reason = display_fault(order)
        if reason != PASSED:
            return reason
    if order.all_or_none and (order.post_only or order.display_quantity != 0 or is_for_auction(order.time_in_force)):
        return ORDER_REJECT_REASON_ALL_OR_NONE_NOT_ALLOWED
    if order.side == SIDE_BUY and order.marking != SALE_MARKING_NONE:
        return ORDER_REJECT_REASON_MARKING_NOT_ALLOWED
    return PASSED


def display_fault(order: OrderPlaced) -> i64:
    """An iceberg shows a part of a limit order that rests."""
    if order.display_quantity < 0:
        return ORDER_REJECT_REASON_DISPLAY_QUANTITY_NEGATIVE
    if order.display_quantity > order.quantity:
        return ORDER_REJECT_REASON_DISPLAY_QUANTITY_ABOVE_QUANTITY
    rests = not is_at_once(order.time_in_force) and not is_for_auction(order.time_in_force)
    if order.order_type not in (ORDER_TYPE_LIMIT, ORDER_TYPE_STOP_LIMIT) or not rests:
        return ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_ALLOWED
    return PASSED
