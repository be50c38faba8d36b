"""Continuous trading in one symbol: what an incoming order trades with, at which price, and where it ends up.

Theory of operation. An incoming order takes, step by step, the best of three sources within its limit: the book; the
national best bid or offer, up to its displayed size (where quotes are a source); and all-or-none orders, whose whole
size must fit. At one price the book goes first, then the quote, then all-or-none orders: they yield to everyone. Orders
that must fill at once or not at all are first tried without effects (`liquidity.fillable`), by the same steps.
Trades may set off stops and make all-or-none orders fillable; `settle` lets these work until nothing moves.

Invariant: after `settle` the ladders of the book do not cross, and no all-or-none order could be filled.
Bound: a step costs O(log prices); all-or-none orders in front of the best price are looked at one by one.
Source: Rule 611 of Regulation NMS (17 CFR 242.611), see liquidity.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import Context
from operators.execution_reports import Reports
from operators.liquidity import (
    Sources,
    all_or_none_in_front,
    best_opposite,
    fillable,
    is_through,
    limit_of,
    quote_for,
    would_trade,
)
from operators.order_book import (
    NO_PLACE,
    available,
    close_order,
    join,
    leave,
    reduce,
    show_next,
    unlink,
)
from schemas.generated.events import (
    CANCEL_REASON_FILL_OR_KILL_UNFILLABLE,
    CANCEL_REASON_IMMEDIATE_REMAINDER,
    CANCEL_REASON_MARKET_ORDER_UNFILLABLE,
    CANCEL_REASON_POST_ONLY_WOULD_TRADE,
    CANCEL_REASON_SELF_TRADE_PREVENTED,
    CANCEL_REASON_TRADE_THROUGH_PREVENTED,
    LIQUIDITY_FLAG_ADDED,
    LIQUIDITY_FLAG_REMOVED,
    LIQUIDITY_FLAG_ROUTED_AWAY,
    TRIGGER_SOURCE_LAST_SALE,
    TRIGGER_SOURCE_QUOTE,
    OrderReplaced,
    TradeExecuted,
)
from schemas.generated.states import (
    ORDER_QUEUE_KIND_ALL_OR_NONE,
    ORDER_QUEUE_KIND_BOOK,
    ORDER_QUEUE_KIND_NONE,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_STOP,
    SELF_TRADE_PREVENTION_CANCEL_BOTH,
    SELF_TRADE_PREVENTION_CANCEL_NEWEST,
    SELF_TRADE_PREVENTION_CANCEL_OLDEST,
    SELF_TRADE_PREVENTION_NONE,
    SIDE_BUY,
    TIME_IN_FORCE_FILL_OR_KILL,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    ExecutionState,
    OpenOrder,
    OrderQueue,
)

NOTHING: Final = 0
QUOTE: Final = 1
RESTING: Final = 2

STOPPED: Final = 0
"""The order trades no further: it is filled, or nothing is left within its limit."""
BLOCKED: Final = 1
"""The next trade would go through a better quote."""
ENDED: Final = 2
"""The order was cancelled on the way."""


class Matcher:
    """Matches by the parameters of one execution operator; holds nothing else."""

    def __init__(self, reports: Reports, sources: Sources, stops_on_quotes: bool, ended_orders_max: i64) -> None:
        self.reports: Reports = reports
        self.sources: Sources = sources
        self.uses_book: bool = sources.book
        self.uses_quotes: bool = sources.quotes
        self.protects_quotes: bool = sources.protects_quotes
        self.stops_on_quotes: bool = stops_on_quotes
        self.ended_orders_max: i64 = ended_orders_max

    def cancel(
        self, state: ExecutionState, order: OpenOrder, reason: i64, context: Context, request_id: str = ""
    ) -> None:
        """End an order, wherever it stands."""
        if order.queue != ORDER_QUEUE_KIND_NONE:
            leave(state, order)
        self.reports.cancelled(order, request_id, reason, context)
        close_order(state, order, self.ended_orders_max)

    def work(self, state: ExecutionState, order: OpenOrder, context: Context) -> None:
        """Let an accepted order that stands in no queue trade; then it rests or ends."""
        if order.post_only and would_trade(state, order, self.sources):
            self.cancel(state, order, CANCEL_REASON_POST_ONLY_WOULD_TRADE, context)
            return
        at_once = order.time_in_force == TIME_IN_FORCE_FILL_OR_KILL
        if (at_once or order.all_or_none) and not fillable(state, order, self.sources):
            if at_once or order.time_in_force == TIME_IN_FORCE_IMMEDIATE_OR_CANCEL:
                self.cancel(state, order, CANCEL_REASON_FILL_OR_KILL_UNFILLABLE, context)
            elif order.order_type == ORDER_TYPE_MARKET:
                self.cancel(state, order, CANCEL_REASON_MARKET_ORDER_UNFILLABLE, context)
            else:
                join(state, order, ORDER_QUEUE_KIND_ALL_OR_NONE)
            return
        outcome = self.take(state, order, context)
        if outcome == ENDED:
            return
        if order.leaves_quantity == 0:
            close_order(state, order, self.ended_orders_max)
        elif outcome == BLOCKED:
            self.cancel(state, order, CANCEL_REASON_TRADE_THROUGH_PREVENTED, context)
        elif order.time_in_force == TIME_IN_FORCE_IMMEDIATE_OR_CANCEL:
            self.cancel(state, order, CANCEL_REASON_IMMEDIATE_REMAINDER, context)
        elif order.order_type == ORDER_TYPE_MARKET:
            self.cancel(state, order, CANCEL_REASON_MARKET_ORDER_UNFILLABLE, context)
        else:
            rest(state, order)

    def take(self, state: ExecutionState, order: OpenOrder, context: Context) -> i64:
        """Trade as far as limit and liquidity allow. Gives STOPPED, BLOCKED or ENDED."""
        while order.leaves_quantity > 0:
            source, place = self.next_source(state, order)
            if source == NOTHING:
                return STOPPED
            if source == QUOTE:
                self.trade_outside(state, order, context)
                continue
            resting = state.orders[place]
            if self.protects_quotes and is_through(state, resting.limit_price_e8):
                return BLOCKED
            if order.self_trade_prevention != SELF_TRADE_PREVENTION_NONE and resting.account == order.account:
                if self.prevent_self_trade(state, order, resting, context):
                    return ENDED
            else:
                self.trade(state, order, resting, context)
        return STOPPED

    def next_source(self, state: ExecutionState, order: OpenOrder) -> tuple[i64, i64]:
        """Where an incoming order trades next: NOTHING, QUOTE or RESTING, and the place of the resting order."""
        buys = order.side == SIDE_BUY
        sign: i64 = 1 if buys else -1
        price_e8 = limit_of(order)
        source: i64 = NOTHING
        place: i64 = NO_PLACE
        if self.uses_book:
            ladder = state.asks if buys else state.bids
            if len(ladder) > 0 and (price_e8 - ladder[-1].price_e8) * sign >= 0:
                source, place, price_e8 = RESTING, ladder[-1].first, ladder[-1].price_e8
        if self.uses_quotes:
            quote_e8 = quote_for(state, buys)
            better = (price_e8 - quote_e8) * sign
            if quote_e8 > 0 and (better > 0 or (better == 0 and source == NOTHING)):
                source, price_e8 = QUOTE, quote_e8
        others = state.all_or_none_asks if buys else state.all_or_none_bids
        if len(others) > 0 and self.uses_book:
            whole = all_or_none_in_front(state, others, order, price_e8, source == NOTHING)
            if whole is not None:
                source, place = RESTING, whole.place
        return source, place

    def trade(self, state: ExecutionState, order: OpenOrder, resting: OpenOrder, context: Context) -> None:
        """An incoming order trades with the resting order it has come to, at that order's price."""
        quantity = min(order.leaves_quantity, available(resting))
        trade = trade_between(order, resting) if order.side == SIDE_BUY else trade_between(resting, order)
        trade.aggressor = order.side
        trade.price_e8 = resting.limit_price_e8
        trade.quantity = quantity
        trade.venue = self.reports.venue
        self.reports.traded(state, trade, order, context)
        self.fill_resting(state, trade, resting, LIQUIDITY_FLAG_ADDED, context)
        self.reports.executed(state, trade, order, LIQUIDITY_FLAG_REMOVED, context)

    def fill_resting(
        self, state: ExecutionState, trade: TradeExecuted, order: OpenOrder, liquidity: i64, context: Context
    ) -> None:
        """Fill a resting order at the head of the best queue of its ladder, or an all-or-none order whole."""
        if order.queue == ORDER_QUEUE_KIND_ALL_OR_NONE:
            leave(state, order)
            self.reports.executed(state, trade, order, liquidity, context)
        else:
            ladder = state.bids if order.side == SIDE_BUY else state.asks
            queue = ladder[-1]
            queue.quantity -= trade.quantity
            self.reports.executed(state, trade, order, liquidity, context)
            if order.leaves_quantity > 0:
                if order.display_quantity > 0 and order.shown_quantity == 0:
                    show_next(state, queue, order)
                return
            unlink(state, queue, order)
            order.queue = ORDER_QUEUE_KIND_NONE
            if queue.first == NO_PLACE:
                ladder.pop()
        close_order(state, order, self.ended_orders_max)

    def trade_outside(self, state: ExecutionState, order: OpenOrder, context: Context) -> None:
        """Trade with the national best bid or offer. Where the order stands is the caller's affair."""
        trade = TradeExecuted()
        quantity = order.leaves_quantity
        if order.side == SIDE_BUY:
            quantity = min(quantity if order.queue == ORDER_QUEUE_KIND_NONE else available(order), state.ask_left)
            state.ask_left -= quantity
            set_buyer(trade, order)
            trade.price_e8 = state.ask_price_e8
            trade.venue = state.ask_venue
        else:
            quantity = min(quantity if order.queue == ORDER_QUEUE_KIND_NONE else available(order), state.bid_left)
            state.bid_left -= quantity
            set_seller(trade, order)
            trade.price_e8 = state.bid_price_e8
            trade.venue = state.bid_venue
        trade.quantity = quantity
        trade.aggressor = order.side
        self.reports.traded(state, trade, order, context)
        if order.queue == ORDER_QUEUE_KIND_NONE:
            self.reports.executed(state, trade, order, LIQUIDITY_FLAG_ROUTED_AWAY, context)
        else:
            self.fill_resting(state, trade, order, LIQUIDITY_FLAG_ROUTED_AWAY, context)

    def prevent_self_trade(self, state: ExecutionState, order: OpenOrder, resting: OpenOrder, context: Context) -> bool:
        """Do what the incoming order asks for. True if it has ended."""
        way = order.self_trade_prevention
        if way == SELF_TRADE_PREVENTION_CANCEL_OLDEST:
            self.cancel(state, resting, CANCEL_REASON_SELF_TRADE_PREVENTED, context)
            return False
        if way in (SELF_TRADE_PREVENTION_CANCEL_NEWEST, SELF_TRADE_PREVENTION_CANCEL_BOTH):
            if way == SELF_TRADE_PREVENTION_CANCEL_BOTH:
                self.cancel(state, resting, CANCEL_REASON_SELF_TRADE_PREVENTED, context)
            self.cancel(state, order, CANCEL_REASON_SELF_TRADE_PREVENTED, context)
            return True
        common = min(order.leaves_quantity, resting.leaves_quantity)
        ends = order.leaves_quantity == common
        self.decrement(state, resting, common, context)
        self.decrement(state, order, common, context)
        return ends

    def decrement(self, state: ExecutionState, order: OpenOrder, quantity: i64, context: Context) -> None:
        """Take off what would have traded with itself; an order with nothing left is cancelled instead."""
        if order.leaves_quantity == quantity:
            self.cancel(state, order, CANCEL_REASON_SELF_TRADE_PREVENTED, context)
            return
        change = OrderReplaced()
        change.previous_quantity = order.quantity
        change.previous_limit_price_e8 = order.limit_price_e8
        change.priority_kept = True
        reduce(state, order, quantity)
        order.quantity -= quantity
        self.reports.replaced(order, change, context)

    def settle(self, state: ExecutionState, context: Context) -> None:
        """Let stops that are reached and all-or-none orders that fit work, until nothing moves."""
        while True:
            order = self.next_whole_order(state)
            if order is not None:
                leave(state, order)
                self.work(state, order, context)
                continue
            order = self.next_stop(state)
            if order is None:
                return
            self.set_off(state, order, context)

    def next_whole_order(self, state: ExecutionState) -> OpenOrder | None:
        """First all-or-none order that can be filled now, buyers first, best price first."""
        if len(state.all_or_none_bids) > 0:
            order = self.fillable_in(state, state.all_or_none_bids)
            if order is not None:
                return order
        return self.fillable_in(state, state.all_or_none_asks) if len(state.all_or_none_asks) > 0 else None

    def fillable_in(self, state: ExecutionState, ladder: list[OrderQueue]) -> OpenOrder | None:
        """The first that can be filled; only prices that meet something on the other side are looked at."""
        buys = ladder is state.all_or_none_bids
        sign: i64 = 1 if buys else -1
        opposite_e8 = best_opposite(state, buys, self.sources)
        index: i64 = len(ladder) - 1
        while index >= 0 and opposite_e8 > 0 and (ladder[index].price_e8 - opposite_e8) * sign >= 0:
            place = ladder[index].first
            while place != NO_PLACE:
                order = state.orders[place]
                if not order.post_only and fillable(state, order, self.sources):
                    return order
                place = order.next
            index -= 1
        return None

    def next_stop(self, state: ExecutionState) -> OpenOrder | None:
        """The next stop that is reached: buyers before sellers, nearest stop price first, then time."""
        above = state.ask_price_e8 if self.stops_on_quotes else state.last_price_e8
        if above > 0 and len(state.buy_stops) > 0 and state.buy_stops[-1].price_e8 <= above:
            return state.orders[state.buy_stops[-1].first]
        below = state.bid_price_e8 if self.stops_on_quotes else state.last_price_e8
        if below > 0 and len(state.sell_stops) > 0 and state.sell_stops[-1].price_e8 >= below:
            return state.orders[state.sell_stops[-1].first]
        return None

    def set_off(self, state: ExecutionState, order: OpenOrder, context: Context) -> None:
        """Turn a stop into a market or limit order, and let it work."""
        leave(state, order)
        order.order_type = ORDER_TYPE_MARKET if order.order_type == ORDER_TYPE_STOP else ORDER_TYPE_LIMIT
        price_e8 = state.last_price_e8
        if self.stops_on_quotes:
            price_e8 = state.ask_price_e8 if order.side == SIDE_BUY else state.bid_price_e8
        source = TRIGGER_SOURCE_QUOTE if self.stops_on_quotes else TRIGGER_SOURCE_LAST_SALE
        self.reports.triggered(order, source, price_e8, context)
        self.work(state, order, context)

    def fill_at_quotes(self, state: ExecutionState, context: Context) -> None:
        """Fill resting orders that the national best bid and offer have reached, up to the displayed size."""
        while state.ask_left > 0 and len(state.bids) > 0 and 0 < state.ask_price_e8 <= state.bids[-1].price_e8:
            self.trade_outside(state, state.orders[state.bids[-1].first], context)
        while state.bid_left > 0 and len(state.asks) > 0 and state.asks[-1].price_e8 <= state.bid_price_e8:
            self.trade_outside(state, state.orders[state.asks[-1].first], context)


def rest(state: ExecutionState, order: OpenOrder) -> None:
    """Put an order into the book; an iceberg shows its first part."""
    if order.display_quantity > 0:
        order.shown_quantity = min(order.display_quantity, order.leaves_quantity)
    join(state, order, ORDER_QUEUE_KIND_BOOK)


def trade_between(buyer: OpenOrder, seller: OpenOrder) -> TradeExecuted:
    trade = TradeExecuted()
    set_buyer(trade, buyer)
    set_seller(trade, seller)
    return trade


def set_buyer(trade: TradeExecuted, order: OpenOrder) -> None:
    trade.buy_account = order.account
    trade.buy_order_id = order.order_id
    trade.buy_venue_order_id = order.venue_order_id


def set_seller(trade: TradeExecuted, order: OpenOrder) -> None:
    trade.sell_account = order.account
    trade.sell_order_id = order.order_id
    trade.sell_venue_order_id = order.venue_order_id
    trade.marking = order.marking
