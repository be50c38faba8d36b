"""Finds the single price of an auction and allots the shares.

Theory of operation. Willing at a price are all orders whose limit is as good or better, and all market orders. The
price is, of all limit prices and the reference price, the one at which most shares trade; among these the one with the
smallest imbalance; among these the nearest to the reference price; then the lowest. Both sides are filled in the order
market orders first, then price, then time. All-or-none orders and stops take no part; self-trade prevention does not
apply, since both sides get the same price as everyone.

Invariant: afterwards the book does not cross; shares bought equal shares sold equal the auction's quantity.
Bound: O(n log n) for n orders that take part.
Source: the order of criteria of Nasdaq Rule 4752(d)(2) (opening cross), with the reference price in the place of the
inside midpoint; single-price reopenings are an exception to Rule 611, 17 CFR 242.611(b)(3).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import Context
from operators.matching import Matcher, trade_between
from operators.order_book import NO_PLACE, close_order, leave, queue_of, show_next
from operators.session_hours import works_in
from schemas.generated.events import (
    AUCTION_KIND_CLOSING,
    AUCTION_KIND_OPENING,
    LIQUIDITY_FLAG_AUCTION,
    AuctionCompleted,
    TradeExecuted,
)
from schemas.generated.states import (
    ORDER_QUEUE_KIND_BOOK,
    ORDER_TYPE_MARKET,
    SIDE_BUY,
    SIDE_NONE,
    SIDE_SELL,
    ExecutionState,
    OpenOrder,
    OrderQueue,
)

CENT_E8: Final[i64] = 1_000_000
MARKET_RANK: Final = -(1 << 62)


class Cross:
    """Who takes part in one auction: places in the order in which they are filled."""

    def __init__(self, state: ExecutionState, kind: i64) -> None:
        self.state: ExecutionState = state
        self.buyers: list[tuple[int, int, int]] = []
        self.sellers: list[tuple[int, int, int]] = []
        for queue in state.bids:
            self.add(queue, False)
        for queue in state.asks:
            self.add(queue, False)
        self.add(state.waiting, True)
        if kind == AUCTION_KIND_OPENING:
            self.add(state.opening, False)
        elif kind == AUCTION_KIND_CLOSING:
            self.add(state.closing, False)
        self.buyers.sort()
        self.sellers.sort()

    def add(self, queue: OrderQueue, market_only: bool) -> None:
        place = queue.first
        while place != NO_PLACE:
            order = self.state.orders[place]
            place = order.next
            at_market = order.order_type == ORDER_TYPE_MARKET
            if order.all_or_none or (market_only and not (at_market and works_in(order.session, self.state.phase))):
                continue
            limit: int = order.limit_price_e8
            if order.side == SIDE_BUY:
                self.buyers.append((MARKET_RANK if at_market else -limit, order.priority, order.place))
            else:
                self.sellers.append((MARKET_RANK if at_market else limit, order.priority, order.place))

    def leaves(self, entry: tuple[int, int, int]) -> i64:
        return self.state.orders[entry[2]].leaves_quantity

    def prices(self, reference_e8: int) -> list[int]:
        """Prices that may be the auction's, lowest first."""
        prices = {-entry[0] for entry in self.buyers} | {entry[0] for entry in self.sellers} | {reference_e8}
        return sorted(price for price in prices if 0 < price < -MARKET_RANK)

    def find(self, record: AuctionCompleted) -> None:
        """Set price, quantity and imbalance; the record holds the reference price. No quantity: nothing trades."""
        demand: i64 = 0
        for entry in self.buyers:
            demand += self.leaves(entry)
        supply: i64 = 0
        buyer: i64 = len(self.buyers) - 1
        seller: i64 = 0
        for price in self.prices(record.reference_price_e8):
            while buyer >= 0 and self.buyers[buyer][0] != MARKET_RANK and -self.buyers[buyer][0] < price:
                demand -= self.leaves(self.buyers[buyer])
                buyer -= 1
            while seller < len(self.sellers) and self.sellers[seller][0] <= price:
                supply += self.leaves(self.sellers[seller])
                seller += 1
            consider(record, price, demand, supply)


def consider(record: AuctionCompleted, price_e8: i64, demand: i64, supply: i64) -> None:
    """Take the price if it is better than what the record holds; prices come lowest first."""
    quantity = min(demand, supply)
    imbalance = demand - supply if demand > supply else supply - demand
    if quantity == 0 or quantity < record.quantity:
        return
    if quantity == record.quantity:
        if imbalance > record.imbalance_quantity:
            return
        if imbalance == record.imbalance_quantity:
            reference_e8 = record.reference_price_e8
            if reference_e8 == 0 or distance(price_e8, reference_e8) >= distance(record.price_e8, reference_e8):
                return
    record.price_e8 = price_e8
    record.quantity = quantity
    record.imbalance_quantity = imbalance
    record.imbalance_side = SIDE_BUY if demand > supply else SIDE_SELL
    if imbalance == 0:
        record.imbalance_side = SIDE_NONE


def distance(one: i64, other: i64) -> i64:
    return one - other if one > other else other - one


def hold_auction(state: ExecutionState, matcher: Matcher, kind: i64, context: Context) -> None:
    """Find the price, say so, and trade. Without open orders, or where orders meet quotes only, there is none."""
    if state.open_orders == 0 or not matcher.uses_book:
        return
    cross = Cross(state, kind)
    record = AuctionCompleted(0, context.key, kind)
    record.reference_price_e8 = reference_price_e8(state)
    cross.find(record)
    context.emit(record)
    left = record.quantity
    buyer: i64 = 0
    seller: i64 = 0
    while left > 0:
        buys = state.orders[cross.buyers[buyer][2]]
        sells = state.orders[cross.sellers[seller][2]]
        trade = trade_between(buys, sells)
        trade.quantity = min(buys.leaves_quantity, sells.leaves_quantity, left)
        trade.price_e8 = record.price_e8
        trade.venue = matcher.reports.venue
        trade.auction = kind
        left -= trade.quantity
        matcher.reports.traded(state, trade, buys, context)
        if allot(state, matcher, trade, buys, context):
            buyer += 1
        if allot(state, matcher, trade, sells, context):
            seller += 1


def allot(state: ExecutionState, matcher: Matcher, trade: TradeExecuted, order: OpenOrder, context: Context) -> bool:
    """Fill one side where it stands. True if the order is filled."""
    queue_of(state, order).quantity -= trade.quantity
    matcher.reports.executed(state, trade, order, LIQUIDITY_FLAG_AUCTION, context)
    if order.leaves_quantity > 0:
        if order.queue == ORDER_QUEUE_KIND_BOOK and order.display_quantity > 0 and order.shown_quantity == 0:
            show_next(state, queue_of(state, order), order)
        return False
    leave(state, order)
    close_order(state, order, matcher.ended_orders_max)
    return True


def reference_price_e8(state: ExecutionState) -> i64:
    """Last sale; before the first, the middle of the national best bid and offer, rounded down to the increment of Rule
    612 (a cent from one dollar on, a hundredth of a cent below); 0 where there is neither."""
    if state.last_price_e8 > 0:
        return state.last_price_e8
    if state.bid_price_e8 > 0 and state.ask_price_e8 > 0:
        middle_e8 = (state.bid_price_e8 + state.ask_price_e8) // 2
        return middle_e8 - middle_e8 % (CENT_E8 if middle_e8 >= 100 * CENT_E8 else CENT_E8 // 100)
    return 0
