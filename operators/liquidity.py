"""What an order could trade with: the sources in front of it, and whether they would fill it whole.

Theory of operation. `Forecast` takes the steps that `Matcher.take` would take, without effects. At one price an order's
turn comes in time order, icebergs after each part they show; so an order that stops at its own account's order (self-
trade prevention) reaches only what is shown before it. All-or-none orders passed over once stay passed over, since
what is needed only shrinks: one pass over them is enough.

Source: Rule 611 of Regulation NMS (17 CFR 242.611): no trade at a price worse than a protected quote, except while the
market is crossed (b)(4), and after its displayed size was taken as well (b)(6).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.order_book import NO_PLACE, available
from schemas.generated.states import (
    ORDER_TYPE_MARKET,
    SELF_TRADE_PREVENTION_CANCEL_OLDEST,
    SELF_TRADE_PREVENTION_NONE,
    SIDE_BUY,
    ExecutionState,
    OpenOrder,
    OrderQueue,
)

HIGHEST_PRICE: Final[i64] = 1 << 61
"""Limit of a market order to buy."""


class Sources:
    """Which liquidity counts, by the parameters of the operator."""

    def __init__(self, book: bool, quotes: bool, protects_quotes: bool) -> None:
        self.book: Final[bool] = book
        self.quotes: Final[bool] = quotes
        self.protects_quotes: Final[bool] = protects_quotes


def limit_of(order: OpenOrder) -> i64:
    """The worst price the order takes."""
    if order.order_type != ORDER_TYPE_MARKET:
        return order.limit_price_e8
    if order.side == SIDE_BUY:
        return HIGHEST_PRICE
    return 0


def quote_for(state: ExecutionState, buys: bool) -> i64:
    """The national best price on the other side, while displayed size is left there; 0 is none."""
    if buys and state.ask_left > 0:
        return state.ask_price_e8
    if not buys and state.bid_left > 0:
        return state.bid_price_e8
    return 0


def is_through(state: ExecutionState, price_e8: i64) -> bool:
    """Whether a trade at this price is worse than a quote whose displayed size has not been taken."""
    bid_e8, ask_e8 = state.bid_price_e8, state.ask_price_e8
    if bid_e8 > ask_e8 > 0:
        return False
    return (0 < ask_e8 < price_e8 and state.ask_left > 0) or (price_e8 < bid_e8 and state.bid_left > 0)


def all_or_none_in_front(
    state: ExecutionState, ladder: list[OrderQueue], order: OpenOrder, price_e8: i64, at_price: bool
) -> OpenOrder | None:
    """First all-or-none order at a better price (or `at_price` itself, too) that an incoming order can take whole."""
    sign: i64 = 1 if order.side == SIDE_BUY else -1
    index: i64 = len(ladder) - 1
    while index >= 0:
        queue = ladder[index]
        better = (price_e8 - queue.price_e8) * sign
        if better < 0 or (better == 0 and not at_price):
            return None
        place = queue.first
        while place != NO_PLACE:
            resting = state.orders[place]
            if resting.leaves_quantity <= order.leaves_quantity:
                return resting
            place = resting.next
        index -= 1
    return None


def would_trade(state: ExecutionState, order: OpenOrder, sources: Sources) -> bool:
    """Whether an incoming order would take liquidity."""
    buys = order.side == SIDE_BUY
    sign: i64 = 1 if buys else -1
    limit_e8 = limit_of(order)
    if sources.book:
        ladder = state.asks if buys else state.bids
        if len(ladder) > 0 and (limit_e8 - ladder[-1].price_e8) * sign >= 0:
            return True
        others = state.all_or_none_asks if buys else state.all_or_none_bids
        if len(others) > 0 and all_or_none_in_front(state, others, order, limit_e8, True) is not None:
            return True
    quote_e8 = quote_for(state, buys)
    return sources.quotes and quote_e8 > 0 and (limit_e8 - quote_e8) * sign >= 0


def best_opposite(state: ExecutionState, buys: bool, sources: Sources) -> i64:
    """The best price that an order of this side could meet from any source; 0 where there is nothing."""
    sign: i64 = 1 if buys else -1
    best_e8: i64 = 0
    if sources.book:
        ladder = state.asks if buys else state.bids
        if len(ladder) > 0:
            best_e8 = ladder[-1].price_e8
        others = state.all_or_none_asks if buys else state.all_or_none_bids
        if len(others) > 0 and (best_e8 == 0 or (best_e8 - others[-1].price_e8) * sign > 0):
            best_e8 = others[-1].price_e8
    if sources.quotes:
        quote_e8 = quote_for(state, buys)
        if quote_e8 > 0 and (best_e8 == 0 or (best_e8 - quote_e8) * sign > 0):
            best_e8 = quote_e8
    return best_e8


def fillable(state: ExecutionState, order: OpenOrder, sources: Sources) -> bool:
    """Whether an incoming order would be filled whole, at once."""
    forecast = Forecast(state, order, sources)
    while forecast.needed > 0:
        if not forecast.step():
            return False
    return True


class Forecast:
    """How far an incoming order would get."""

    def __init__(self, state: ExecutionState, order: OpenOrder, sources: Sources) -> None:
        buys = order.side == SIDE_BUY
        self.state: ExecutionState = state
        self.order: OpenOrder = order
        self.sources: Sources = sources
        self.sign: i64 = 1 if buys else -1
        self.limit_e8: i64 = limit_of(order)
        self.needed: i64 = order.leaves_quantity
        self.ladder: list[OrderQueue] = state.asks if buys else state.bids
        self.index: i64 = len(self.ladder) - 1 if sources.book else -1
        self.quote_e8: i64 = quote_for(state, buys)
        self.outside: i64 = 0
        if sources.quotes and self.quote_e8 > 0:
            self.outside = state.ask_left if buys else state.bid_left
        self.took_quote: bool = False
        self.whole_orders: list[OpenOrder] = []
        self.passed: i64 = 0
        if sources.book:
            self.collect(state.all_or_none_asks if buys else state.all_or_none_bids)

    def collect(self, ladder: list[OrderQueue]) -> None:
        """The other side's all-or-none orders within the limit, best first."""
        index: i64 = len(ladder) - 1
        while index >= 0 and (self.limit_e8 - ladder[index].price_e8) * self.sign >= 0:
            place = ladder[index].first
            while place != NO_PLACE:
                self.whole_orders.append(self.state.orders[place])
                place = self.state.orders[place].next
            index -= 1

    def step(self) -> bool:
        """Take the next source. False where the order can go no further."""
        in_book = self.index >= 0 and (self.limit_e8 - self.ladder[self.index].price_e8) * self.sign >= 0
        price_e8 = self.ladder[self.index].price_e8 if in_book else self.limit_e8
        better = (price_e8 - self.quote_e8) * self.sign
        by_quote = self.outside > 0 and (better > 0 or (better == 0 and not in_book))
        if by_quote:
            price_e8 = self.quote_e8
        if not self.step_whole_orders(price_e8, not in_book and not by_quote):
            return False
        if self.needed == 0:
            return True
        if by_quote:
            self.needed = max(self.needed - self.outside, 0)
            self.outside = 0
            self.took_quote = True
            return True
        if not in_book or self.is_blocked(price_e8):
            return False
        queue = self.ladder[self.index]
        self.index -= 1
        return self.step_queue(queue)

    def step_whole_orders(self, price_e8: i64, at_price: bool) -> bool:
        """Take the all-or-none orders in front of a price that fit."""
        while self.passed < len(self.whole_orders) and self.needed > 0:
            resting = self.whole_orders[self.passed]
            better = (price_e8 - resting.limit_price_e8) * self.sign
            if better < 0 or (better == 0 and not at_price):
                return True
            self.passed += 1
            if resting.leaves_quantity > self.needed:
                continue
            if self.is_blocked(resting.limit_price_e8):
                return False
            if not self.is_own(resting):
                self.needed -= resting.leaves_quantity
            elif self.order.self_trade_prevention != SELF_TRADE_PREVENTION_CANCEL_OLDEST:
                return False
        return True

    def step_queue(self, queue: OrderQueue) -> bool:
        """Take the orders of one price in the book."""
        way = self.order.self_trade_prevention
        if way == SELF_TRADE_PREVENTION_NONE:
            self.needed = max(self.needed - queue.quantity, 0)
            return True
        shown: i64 = 0
        whole: i64 = 0
        place = queue.first
        while place != NO_PLACE:
            resting = self.state.orders[place]
            place = resting.next
            if not self.is_own(resting):
                shown += available(resting)
                whole += resting.leaves_quantity
            elif way != SELF_TRADE_PREVENTION_CANCEL_OLDEST:
                self.needed = max(self.needed - shown, 0)
                return self.needed == 0
        self.needed = max(self.needed - whole, 0)
        return True

    def is_own(self, resting: OpenOrder) -> bool:
        """Self-trade prevention applies."""
        return self.order.self_trade_prevention != SELF_TRADE_PREVENTION_NONE and resting.account == self.order.account

    def is_blocked(self, price_e8: i64) -> bool:
        """The trade would go through a better quote, were those of this walk taken."""
        if not self.sources.protects_quotes or not is_through(self.state, price_e8):
            return False
        beyond = self.state.bid_price_e8 > price_e8 if self.sign > 0 else 0 < self.state.ask_price_e8 < price_e8
        own_side_left = self.state.bid_left if self.sign > 0 else self.state.ask_left
        return not self.took_quote or (beyond and own_side_left > 0)
