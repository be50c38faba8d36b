"""Carries out requests: new orders, replaces and cancels that risk has passed.

A new order is first put where its terms say (`place_order`): outside its sessions it waits; stops go to the stops,
auction orders to their auction; while the symbol does not trade, limit orders rest unmatched for the auction and market
orders wait; otherwise it works at once. A replace keeps time priority only at the same prices,
with no more shares and the same display. An order that waits keeps its place outside the book.

Source: cancel and replace rejects as in FIX 4.4, OrderCancelReject; loss of priority: Nasdaq Rule 4756(a)(3).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import Context
from operators.execution_reports import Reports
from operators.liquidity import would_trade
from operators.matching import Matcher, rest
from operators.order_book import (
    close_order,
    ended_state,
    find_order,
    forget_expiry,
    join,
    leave,
    open_order,
    reduce,
    remember_ended,
    remember_expiry,
)
from operators.order_keys import order_key
from operators.session_hours import works_in
from schemas.generated.events import (
    CANCEL_REASON_BY_CLIENT,
    ORDER_ACTION_CANCEL,
    ORDER_ACTION_REPLACE,
    ORDER_REJECT_REASON_ALL_OR_NONE_NOT_ALLOWED,
    ORDER_REJECT_REASON_BOOK_FULL,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_ABOVE_QUANTITY,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NEGATIVE,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_ALLOWED,
    ORDER_REJECT_REASON_EXPIRY_IN_THE_PAST,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_POSITIVE,
    ORDER_REJECT_REASON_ORDER_ALREADY_CANCELLED,
    ORDER_REJECT_REASON_ORDER_ALREADY_EXPIRED,
    ORDER_REJECT_REASON_ORDER_ALREADY_FILLED,
    ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED,
    ORDER_REJECT_REASON_ORDER_TYPE_MISSING,
    ORDER_REJECT_REASON_ORDER_UNKNOWN,
    ORDER_REJECT_REASON_POST_ONLY_WOULD_TRADE,
    ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE,
    ORDER_REJECT_REASON_REPLACE_CHANGES_NOTHING,
    ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE,
    ORDER_REJECT_REASON_REPLACE_CHANGES_TYPE,
    ORDER_REJECT_REASON_REPLACE_QUANTITY_BELOW_FILLED,
    ORDER_REJECT_REASON_SESSION_CLOSED,
    ORDER_REJECT_REASON_SIDE_MISSING,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_POSITIVE,
    ORDER_REJECT_REASON_SYMBOL_HALTED,
    ORDER_REJECT_REASON_SYMBOL_PAUSED,
    ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE,
    ORDER_REJECT_REASON_TOO_LATE_FOR_OPENING_AUCTION,
    SUSPEND_REASON_AUCTION_NOT_YET,
    SUSPEND_REASON_SESSION_NOT_OPEN,
    SUSPEND_REASON_STOP_NOT_REACHED,
    SUSPEND_REASON_SYMBOL_HALTED,
    OrderReplaced,
    RiskChecked,
)
from schemas.generated.states import (
    ORDER_QUEUE_KIND_ALL_OR_NONE,
    ORDER_QUEUE_KIND_BOOK,
    ORDER_QUEUE_KIND_CLOSING,
    ORDER_QUEUE_KIND_OPENING,
    ORDER_QUEUE_KIND_STOP,
    ORDER_QUEUE_KIND_WAITING,
    ORDER_STATE_CANCELLED,
    ORDER_STATE_EXPIRED,
    ORDER_STATE_FILLED,
    ORDER_STATE_REJECTED,
    ORDER_STATE_RISK_APPROVED,
    ORDER_STATE_UNKNOWN,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_NONE,
    ORDER_TYPE_STOP,
    ORDER_TYPE_STOP_LIMIT,
    SIDE_NONE,
    TIME_IN_FORCE_AT_THE_CLOSE,
    TIME_IN_FORCE_AT_THE_OPEN,
    TIME_IN_FORCE_FILL_OR_KILL,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    TRADING_STATUS_HALTED,
    TRADING_STATUS_PAUSED,
    TRADING_STATUS_TRADING,
    ExecutionState,
    OpenOrder,
)

NO_FAULT: Final = -1
QUANTITY_MAX: Final[i64] = 1 << 40
PRICE_MAX_E8: Final[i64] = 1 << 60
"""Above these, sums over a full book could pass 64 bits; validate has far lower limits."""

REASON_BY_STATE: Final[dict[int, int]] = {
    ORDER_STATE_UNKNOWN: ORDER_REJECT_REASON_ORDER_UNKNOWN,
    ORDER_STATE_FILLED: ORDER_REJECT_REASON_ORDER_ALREADY_FILLED,
    ORDER_STATE_CANCELLED: ORDER_REJECT_REASON_ORDER_ALREADY_CANCELLED,
    ORDER_STATE_EXPIRED: ORDER_REJECT_REASON_ORDER_ALREADY_EXPIRED,
    ORDER_STATE_REJECTED: ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED,
}


class OrderEntry:
    """Takes requests for one execution operator; holds its parameters only."""

    def __init__(self, matcher: Matcher, open_orders_max: i64) -> None:
        self.matcher: Matcher = matcher
        self.reports: Reports = matcher.reports
        self.open_orders_max: i64 = open_orders_max

    def request(self, state: ExecutionState, request: RiskChecked, context: Context) -> None:
        key = order_key(request.account, request.order_id)
        order = find_order(state, key)
        if request.action == ORDER_ACTION_CANCEL:
            if order is None:
                ended = ended_state(state, key)
                self.reports.cancel_rejected(request, REASON_BY_STATE[ended], ended, context)
            else:
                self.matcher.cancel(state, order, CANCEL_REASON_BY_CLIENT, context, request.request_id)
        elif request.action == ORDER_ACTION_REPLACE:
            if order is None:
                ended = ended_state(state, key)
                self.reports.replace_rejected(request, REASON_BY_STATE[ended], ended, context)
            else:
                self.replace(state, order, request, context)
        elif order is not None:
            self.reports.refused(request, order.state, context)
        else:
            ended = ended_state(state, key)
            if ended != ORDER_STATE_UNKNOWN:
                self.reports.refused(request, ended, context)
            else:
                self.enter(state, request, key, context)

    def enter(self, state: ExecutionState, request: RiskChecked, key: str, context: Context) -> None:
        """A new order: reject it, or accept it and let it act."""
        reason = self.reason_against(state, request)
        if reason != NO_FAULT:
            self.reports.rejected(request, reason, context)
            remember_ended(state, key, ORDER_STATE_REJECTED, self.matcher.ended_orders_max)
            return
        order = open_order(state, key)
        take_terms(order, request)
        if request.post_only and self.trades_now(state, order) and would_trade(state, order, self.matcher.sources):
            self.reports.rejected(request, ORDER_REJECT_REASON_POST_ONLY_WOULD_TRADE, context)
            order.state = ORDER_STATE_REJECTED
            close_order(state, order, self.matcher.ended_orders_max)
            state.orders_accepted -= 1
            return
        self.set_expiry(state, order, request.expire_time_ns, context)
        self.reports.accepted(state, order, context)
        self.place_order(state, order, context)

    def reason_against(self, state: ExecutionState, request: RiskChecked) -> i64:
        """Why a new order cannot be taken, or NO_FAULT. Validate has checked its terms; this guards the book."""
        if state.open_orders >= self.open_orders_max:
            return ORDER_REJECT_REASON_BOOK_FULL
        if request.side == SIDE_NONE:
            return ORDER_REJECT_REASON_SIDE_MISSING
        if request.order_type == ORDER_TYPE_NONE:
            return ORDER_REJECT_REASON_ORDER_TYPE_MISSING
        reason = reason_against_figures(request, request.order_type, request.all_or_none)
        if reason != NO_FAULT:
            return reason
        if 0 < request.expire_time_ns <= state.clock_ns:
            return ORDER_REJECT_REASON_EXPIRY_IN_THE_PAST
        if request.time_in_force in (TIME_IN_FORCE_AT_THE_OPEN, TIME_IN_FORCE_AT_THE_CLOSE):
            return reason_against_auction(state, request)
        if request.time_in_force in (TIME_IN_FORCE_IMMEDIATE_OR_CANCEL, TIME_IN_FORCE_FILL_OR_KILL):
            return reason_against_trading_now(state, request)
        return NO_FAULT

    def trades_now(self, state: ExecutionState, order: OpenOrder) -> bool:
        """Whether the order, put in its place, would be matched at once."""
        return (
            state.status == TRADING_STATUS_TRADING
            and works_in(order.session, state.phase)
            and order.order_type in (ORDER_TYPE_LIMIT, ORDER_TYPE_MARKET)
            and order.time_in_force not in (TIME_IN_FORCE_AT_THE_OPEN, TIME_IN_FORCE_AT_THE_CLOSE)
        )

    def place_order(self, state: ExecutionState, order: OpenOrder, context: Context) -> None:
        """Put an accepted order that stands in no queue where its terms say."""
        if order.time_in_force == TIME_IN_FORCE_AT_THE_OPEN:
            self.suspend(state, order, ORDER_QUEUE_KIND_OPENING, SUSPEND_REASON_AUCTION_NOT_YET, context)
        elif order.time_in_force == TIME_IN_FORCE_AT_THE_CLOSE:
            self.suspend(state, order, ORDER_QUEUE_KIND_CLOSING, SUSPEND_REASON_AUCTION_NOT_YET, context)
        elif not works_in(order.session, state.phase):
            self.suspend(state, order, ORDER_QUEUE_KIND_WAITING, SUSPEND_REASON_SESSION_NOT_OPEN, context)
        elif order.order_type in (ORDER_TYPE_STOP, ORDER_TYPE_STOP_LIMIT):
            self.suspend(state, order, ORDER_QUEUE_KIND_STOP, SUSPEND_REASON_STOP_NOT_REACHED, context)
            if state.status == TRADING_STATUS_TRADING:
                self.matcher.settle(state, context)
        elif state.status == TRADING_STATUS_TRADING:
            self.matcher.work(state, order, context)
            self.matcher.settle(state, context)
        elif order.order_type == ORDER_TYPE_MARKET:
            self.suspend(state, order, ORDER_QUEUE_KIND_WAITING, SUSPEND_REASON_SYMBOL_HALTED, context)
        elif order.all_or_none:
            join(state, order, ORDER_QUEUE_KIND_ALL_OR_NONE)
        else:
            rest(state, order)

    def suspend(self, state: ExecutionState, order: OpenOrder, kind: i64, reason: i64, context: Context) -> None:
        self.reports.suspended(order, reason, context)
        join(state, order, kind)

    def replace(self, state: ExecutionState, order: OpenOrder, request: RiskChecked, context: Context) -> None:
        """Change an open order, or say why not; then it stands as before."""
        reason = self.reason_against_replace(state, order, request)
        if reason != NO_FAULT:
            self.reports.replace_rejected(request, reason, order.state, context)
            return
        keeps = keeps_priority(order, request)
        change = OrderReplaced()
        change.request_id = request.request_id
        change.previous_quantity = order.quantity
        change.previous_limit_price_e8 = order.limit_price_e8
        change.priority_kept = keeps
        self.change_expiry(state, order, request.expire_time_ns, context)
        kind = order.queue
        if keeps:
            reduce(state, order, order.quantity - request.quantity)
            order.quantity = request.quantity
            self.reports.replaced(order, change, context)
            if state.status == TRADING_STATUS_TRADING and kind == ORDER_QUEUE_KIND_ALL_OR_NONE:
                self.matcher.settle(state, context)
            return
        leave(state, order)
        change_terms(order, request)
        self.reports.replaced(order, change, context)
        if kind in (ORDER_QUEUE_KIND_BOOK, ORDER_QUEUE_KIND_ALL_OR_NONE):
            self.place_order(state, order, context)
        else:
            join(state, order, kind)
            if kind == ORDER_QUEUE_KIND_STOP and state.status == TRADING_STATUS_TRADING:
                self.matcher.settle(state, context)

    def reason_against_replace(self, state: ExecutionState, order: OpenOrder, request: RiskChecked) -> i64:
        if request.side != order.side:
            return ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE
        if (order.limit_price_e8 == 0) != (request.limit_price_e8 == 0):
            return ORDER_REJECT_REASON_REPLACE_CHANGES_TYPE
        reason = reason_against_figures(request, order.order_type, order.all_or_none)
        if reason != NO_FAULT:
            return reason
        if request.quantity <= order.quantity - order.leaves_quantity:
            return ORDER_REJECT_REASON_REPLACE_QUANTITY_BELOW_FILLED
        if 0 < request.expire_time_ns <= state.clock_ns:
            return ORDER_REJECT_REASON_EXPIRY_IN_THE_PAST
        if changes_nothing(order, request):
            return ORDER_REJECT_REASON_REPLACE_CHANGES_NOTHING
        stands = order.post_only and order.queue == ORDER_QUEUE_KIND_BOOK and self.trades_now(state, order)
        if stands and self.would_trade_at(state, order, request):
            return ORDER_REJECT_REASON_POST_ONLY_WOULD_TRADE
        return NO_FAULT

    def would_trade_at(self, state: ExecutionState, order: OpenOrder, request: RiskChecked) -> bool:
        """Whether the order would take liquidity under its new terms."""
        price_e8, leaves = order.limit_price_e8, order.leaves_quantity
        order.limit_price_e8 = request.limit_price_e8
        order.leaves_quantity = request.quantity - order.quantity + leaves
        trades = would_trade(state, order, self.matcher.sources)
        order.limit_price_e8, order.leaves_quantity = price_e8, leaves
        return trades

    def change_expiry(self, state: ExecutionState, order: OpenOrder, expire_time_ns: i64, context: Context) -> None:
        if expire_time_ns == order.expire_time_ns:
            return
        if order.expire_time_ns > 0:
            forget_expiry(state, order)
        self.set_expiry(state, order, expire_time_ns, context)

    def set_expiry(self, state: ExecutionState, order: OpenOrder, expire_time_ns: i64, context: Context) -> None:
        """The timer of the earliest expiry sets the next, so that one is enough."""
        order.expire_time_ns = expire_time_ns
        if expire_time_ns > 0:
            remember_expiry(state, order)
            context.set_timer(state.expiries[-1].at_ns)


def reason_against_figures(request: RiskChecked, order_type: i64, all_or_none: bool) -> i64:
    """Prices and quantities that no book could hold, or NO_FAULT."""
    if request.quantity <= 0:
        return ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE
    if request.quantity > QUANTITY_MAX:
        return ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT
    if max(request.limit_price_e8, request.stop_price_e8) > PRICE_MAX_E8:
        return ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT
    if order_type in (ORDER_TYPE_LIMIT, ORDER_TYPE_STOP_LIMIT) and request.limit_price_e8 <= 0:
        return ORDER_REJECT_REASON_LIMIT_PRICE_NOT_POSITIVE
    if order_type in (ORDER_TYPE_STOP, ORDER_TYPE_STOP_LIMIT) and request.stop_price_e8 <= 0:
        return ORDER_REJECT_REASON_STOP_PRICE_NOT_POSITIVE
    if request.display_quantity < 0:
        return ORDER_REJECT_REASON_DISPLAY_QUANTITY_NEGATIVE
    if request.display_quantity > request.quantity:
        return ORDER_REJECT_REASON_DISPLAY_QUANTITY_ABOVE_QUANTITY
    if request.display_quantity > 0 and all_or_none:
        return ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_ALLOWED
    return NO_FAULT


def reason_against_auction(state: ExecutionState, request: RiskChecked) -> i64:
    """Why an order cannot wait for its auction, or NO_FAULT."""
    if request.order_type not in (ORDER_TYPE_LIMIT, ORDER_TYPE_MARKET):
        return ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE
    if request.all_or_none:
        return ORDER_REJECT_REASON_ALL_OR_NONE_NOT_ALLOWED
    too_late = request.time_in_force == TIME_IN_FORCE_AT_THE_OPEN and state.opened
    return ORDER_REJECT_REASON_TOO_LATE_FOR_OPENING_AUCTION if too_late else NO_FAULT


def reason_against_trading_now(state: ExecutionState, request: RiskChecked) -> i64:
    """Why an order that cannot wait has no market, or NO_FAULT."""
    if not works_in(request.session, state.phase):
        return ORDER_REJECT_REASON_SESSION_CLOSED
    if state.status == TRADING_STATUS_HALTED:
        return ORDER_REJECT_REASON_SYMBOL_HALTED
    if state.status == TRADING_STATUS_PAUSED:
        return ORDER_REJECT_REASON_SYMBOL_PAUSED
    return NO_FAULT if state.status == TRADING_STATUS_TRADING else ORDER_REJECT_REASON_SESSION_CLOSED


def keeps_priority(order: OpenOrder, request: RiskChecked) -> bool:
    return (
        request.limit_price_e8 == order.limit_price_e8
        and request.stop_price_e8 == order.stop_price_e8
        and request.quantity <= order.quantity
        and request.display_quantity == order.display_quantity
    )


def changes_nothing(order: OpenOrder, request: RiskChecked) -> bool:
    return (
        keeps_priority(order, request)
        and request.quantity == order.quantity
        and request.expire_time_ns == order.expire_time_ns
    )


def take_terms(order: OpenOrder, request: RiskChecked) -> None:
    """What stays as it is for the order's whole life, and what it starts with."""
    order.account = request.account
    order.order_id = request.order_id
    order.state = ORDER_STATE_RISK_APPROVED
    order.side = request.side
    order.marking = request.marking
    order.order_type = request.order_type
    order.time_in_force = request.time_in_force
    order.session = request.session
    order.post_only = request.post_only
    order.all_or_none = request.all_or_none
    order.self_trade_prevention = request.self_trade_prevention
    order.instrument_type = request.instrument_type
    order.multiplier = request.multiplier
    order.limit_price_e8 = request.limit_price_e8
    order.stop_price_e8 = request.stop_price_e8
    order.display_quantity = request.display_quantity
    order.quantity = request.quantity
    order.leaves_quantity = request.quantity


def change_terms(order: OpenOrder, request: RiskChecked) -> None:
    """What a replace may change."""
    filled = order.quantity - order.leaves_quantity
    order.limit_price_e8 = request.limit_price_e8
    order.stop_price_e8 = request.stop_price_e8
    order.display_quantity = request.display_quantity
    order.shown_quantity = 0
    order.quantity = request.quantity
    order.leaves_quantity = request.quantity - filled
