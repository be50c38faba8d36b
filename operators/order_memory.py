"""Remembers which order and request ids of a trading day are taken, with the terms a replace may not change.

Theory of operation. Ids are kept in two generations: when the younger is full it becomes the older, and the older is
forgotten. So between half of `order_ids_max` and all of it are known, however many come. At the begin of a trading day
all is forgotten but the accepted orders that may live longer (good till cancelled, good till date). What is no longer
known here passes; execution refuses an id that still works there, and a replace of an order it does not have.

An order's terms are one integer, of bit fields from the lowest: side (2), marking (2), order type (3), time in force
(3), session (2), post only (1), all or none (1), self-trade prevention (3), accepted (1).

Invariant: an id told apart by account and order id is taken once.
Bound: order_ids_max orders and as many replace requests a symbol; the rate counts of one second.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.order_shape import PASSED
from operators.trading_hours import SECOND_NS
from schemas.generated.events import (
    ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED,
    ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE,
    ORDER_REJECT_REASON_REPLACE_CHANGES_TYPE,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_STOP,
    ORDER_TYPE_STOP_LIMIT,
    SALE_MARKING_LONG,
    SIDE_SELL,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_GOOD_TILL_CANCELLED,
    TIME_IN_FORCE_GOOD_TILL_DATE,
    OrderPlaced,
)
from schemas.generated.states import ValidateState
from schemas.wire_maps import GrowingLongs

UNKNOWN: Final[i64] = -1
"""Terms of an order that is not remembered."""
ACCEPTED_BIT: Final[i64] = 1 << 17


def terms_of(order: OrderPlaced) -> i64:
    """What a replace of the order may not change. Not yet accepted."""
    terms: i64 = order.side | order.marking << 2 | order.order_type << 4 | order.time_in_force << 7
    terms |= order.session << 10 | order.self_trade_prevention << 14
    if order.post_only:
        terms |= 1 << 12
    if order.all_or_none:
        terms |= 1 << 13
    return terms


def apply_terms(terms: i64, order: OrderPlaced) -> None:
    """Give an order the terms of another."""
    order.side = terms & 3
    order.marking = terms >> 2 & 3
    order.order_type = terms >> 4 & 7
    order.time_in_force = terms >> 7 & 7
    order.session = terms >> 10 & 3
    order.post_only = terms & 1 << 12 != 0
    order.all_or_none = terms & 1 << 13 != 0
    order.self_trade_prevention = terms >> 14 & 7


def is_long_lived(terms: i64) -> bool:
    """The order was accepted and may work on a later day."""
    if terms & ACCEPTED_BIT == 0:
        return False
    time_in_force: i64 = terms >> 7 & 7
    return time_in_force in (TIME_IN_FORCE_GOOD_TILL_CANCELLED, TIME_IN_FORCE_GOOD_TILL_DATE)


def known_terms(state: ValidateState, key: str) -> i64:
    """Terms of an order by account and id, or UNKNOWN."""
    terms = state.order_ids.entries.get(key)
    if terms is None and len(state.order_ids_before.entries) > 0:
        terms = state.order_ids_before.entries.get(key)
    return UNKNOWN if terms is None else terms


def remember_order(state: ValidateState, key: str, terms: i64, half: i64) -> bool:
    """Take an id; False if it is known already. `half` is the size of a generation."""
    before = state.order_ids_before.entries
    if len(before) > 0 and key in before:
        return False
    known = state.order_ids.entries
    if len(known) >= half:
        if key in known:
            return False
        state.order_ids.renew()
        state.order_ids_before = state.order_ids
        state.order_ids = GrowingLongs()
    return state.order_ids.add(key, terms)


def take_request(state: ValidateState, key: str, half: i64) -> bool:
    """Take a replace request's id; False if it was taken before."""
    known = state.request_ids.entries
    if key in known or key in state.request_ids_before.entries:
        return False
    if len(known) >= half:
        state.request_ids.renew()
        state.request_ids_before = state.request_ids
        state.request_ids = GrowingLongs()
    return state.request_ids.add(key, 1)


def replace_fault(order: OrderPlaced, terms: i64, is_marked: bool) -> i64:
    """Why this may not become of the order with these terms, or PASSED and the order is given them.

    Terms that are UNKNOWN are taken as those that forbid least; `is_marked`: sales of the instrument are."""
    kind = type_by_prices(order)
    if terms == UNKNOWN:
        order.order_type = kind
        if order.expire_time_ns != 0:
            order.time_in_force = TIME_IN_FORCE_GOOD_TILL_DATE
        else:
            order.time_in_force = TIME_IN_FORCE_DAY if kind == ORDER_TYPE_MARKET else TIME_IN_FORCE_GOOD_TILL_CANCELLED
        if is_marked and order.side == SIDE_SELL:
            order.marking = SALE_MARKING_LONG
        return PASSED
    if terms & ACCEPTED_BIT == 0:
        return ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED
    if order.side != terms & 3:
        return ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE
    if kind != terms >> 4 & 7:
        return ORDER_REJECT_REASON_REPLACE_CHANGES_TYPE
    apply_terms(terms, order)
    return PASSED


def type_by_prices(order: OrderPlaced) -> i64:
    """The order type that goes with the prices there are."""
    if order.stop_price_e8 != 0:
        return ORDER_TYPE_STOP_LIMIT if order.limit_price_e8 != 0 else ORDER_TYPE_STOP
    return ORDER_TYPE_LIMIT if order.limit_price_e8 != 0 else ORDER_TYPE_MARKET


def begin_day(state: ValidateState, day_start_ns: i64, half: i64) -> None:
    """Forget the ids of the day before, all but the youngest `half` of the long-lived orders."""
    state.memory_day_ns = day_start_ns
    kept = [(key, terms) for key, terms in state.order_ids_before.entries.items() if is_long_lived(terms)]
    kept += [(key, terms) for key, terms in state.order_ids.entries.items() if is_long_lived(terms)]
    state.order_ids_before = GrowingLongs()
    for key, terms in kept[-half:]:
        state.order_ids_before.add(key, terms)
    state.order_ids = GrowingLongs()
    state.request_ids = GrowingLongs()
    state.request_ids_before = GrowingLongs()


def count_in_second(state: ValidateState, account: str, time_ns: i64) -> i64:
    """How many orders and replaces of the account there are in this second of event time, this one included. One that
    comes from an earlier second counts in the latest."""
    second: i64 = time_ns // SECOND_NS
    if second > state.rate_second:
        state.rate_second = second
        state.rate_counts.clear()
    count: i64 = state.rate_counts.get(account, 0)
    count += 1
    state.rate_counts[account] = count
    return count
