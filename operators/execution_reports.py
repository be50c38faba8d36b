"""Builds what execution emits: one method an event, each of which also moves the order to its next state.

Invariant: an order changes state only here, by the table in order_states, and with the event that says so.
Source: price improvement and fees: see the docs of OrderExecuted; rounding of the average price is half to even.
"""

from __future__ import annotations

from dataclasses import dataclass

from mypy_extensions import i64

from dataflow.model import Context
from operators.exact_amounts import amount_e8
from operators.fee_schedule import section_31_fee_e8, taf_fee_e8
from operators.order_book import available
from operators.order_states import (
    ACCEPT,
    CANCEL,
    EXPIRE,
    FILL_PART,
    FILL_REST,
    IMPOSSIBLE,
    REPLACE,
    SUSPEND,
    TRIGGER,
    next_state,
)
from schemas.generated.events import (
    LIQUIDITY_FLAG_ADDED,
    LIQUIDITY_FLAG_REMOVED,
    LIQUIDITY_FLAG_ROUTED_AWAY,
    ORDER_STEP_EXECUTION,
    SIDE_BUY,
    SIDE_SELL,
    AuctionCompleted,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderExecuted,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderReplaceRejected,
    OrderSuspended,
    OrderTransitionRefused,
    OrderTriggered,
    RiskChecked,
    TradeExecuted,
)
from schemas.generated.states import ExecutionState, OpenOrder


@dataclass(frozen=True)
class Tariff:
    """What the broker and its venue charge, in 1e-8 of the currency unit."""

    commission_per_unit_e8: int
    commission_per_order_min_e8: int
    taker_fee_per_unit_e8: int
    maker_fee_per_unit_e8: int


class Reports:
    """Emits the events of one execution operator. Holds its parameters only."""

    def __init__(self, venue: str, tariff: Tariff) -> None:
        self.venue: str = venue
        self.per_unit_e8: int = tariff.commission_per_unit_e8
        self.per_order_min_e8: int = tariff.commission_per_order_min_e8
        self.taker_fee_e8: int = tariff.taker_fee_per_unit_e8
        self.maker_fee_e8: int = tariff.maker_fee_per_unit_e8

    def move(self, order: OpenOrder, event: i64) -> None:
        after = next_state(order.state, event)
        assert after != IMPOSSIBLE, "execution moved an order as the table of order states forbids"
        order.state = after

    def accepted(self, state: ExecutionState, order: OpenOrder, context: Context) -> None:
        self.move(order, ACCEPT)
        record = OrderAccepted(0, context.key, order.account, order.order_id, order.venue_order_id, order.side)
        record.marking = order.marking
        record.order_type = order.order_type
        record.time_in_force = order.time_in_force
        record.quantity = order.quantity
        record.display_quantity = order.display_quantity
        record.limit_price_e8 = order.limit_price_e8
        record.bid_price_e8 = state.bid_price_e8
        record.ask_price_e8 = state.ask_price_e8
        context.emit(record)

    def suspended(self, order: OpenOrder, reason: i64, context: Context) -> None:
        self.move(order, SUSPEND)
        record = OrderSuspended(0, context.key, order.account, order.order_id, order.venue_order_id, reason, order.side)
        record.leaves_quantity = order.leaves_quantity
        record.stop_price_e8 = order.stop_price_e8
        context.emit(record)

    def triggered(self, order: OpenOrder, source: i64, price_e8: i64, context: Context) -> None:
        """The order type has changed already."""
        self.move(order, TRIGGER)
        record = OrderTriggered(0, context.key, order.account, order.order_id, order.venue_order_id, source, price_e8)
        record.stop_price_e8 = order.stop_price_e8
        record.order_type = order.order_type
        context.emit(record)

    def cancelled(self, order: OpenOrder, request_id: str, reason: i64, context: Context) -> None:
        self.move(order, CANCEL)
        record = OrderCancelled(0, context.key, order.account, order.order_id, order.venue_order_id, request_id, reason)
        record.side = order.side
        record.limit_price_e8 = order.limit_price_e8
        record.cancelled_quantity = order.leaves_quantity
        record.cumulative_quantity = order.quantity - order.leaves_quantity
        context.emit(record)

    def expired(self, order: OpenOrder, reason: i64, context: Context) -> None:
        self.move(order, EXPIRE)
        record = OrderExpired(0, context.key, order.account, order.order_id, order.venue_order_id, reason, order.side)
        record.expired_quantity = order.leaves_quantity
        record.cumulative_quantity = order.quantity - order.leaves_quantity
        context.emit(record)

    def replaced(self, order: OpenOrder, before: OrderReplaced, context: Context) -> None:
        """`before` holds request id, previous quantity and price, and whether the order keeps its place."""
        self.move(order, REPLACE)
        before.symbol = context.key
        before.account = order.account
        before.order_id = order.order_id
        before.venue_order_id = order.venue_order_id
        before.side = order.side
        before.quantity = order.quantity
        before.limit_price_e8 = order.limit_price_e8
        before.stop_price_e8 = order.stop_price_e8
        before.display_quantity = order.display_quantity
        before.cumulative_quantity = order.quantity - order.leaves_quantity
        before.leaves_quantity = order.leaves_quantity
        context.emit(before)

    def rejected(self, request: RiskChecked, reason: i64, context: Context) -> None:
        record = OrderRejected(0, request.symbol, request.account, request.order_id, ORDER_STEP_EXECUTION, reason)
        record.side = request.side
        record.quantity = request.quantity
        record.limit_price_e8 = request.limit_price_e8
        record.reference_price_e8 = request.reference_price_e8
        context.emit(record)

    def replace_rejected(self, request: RiskChecked, reason: i64, order_state: i64, context: Context) -> None:
        record = OrderReplaceRejected(0, request.symbol, request.account, request.order_id, request.request_id)
        record.step = ORDER_STEP_EXECUTION
        record.reason = reason
        record.state = order_state
        context.emit(record)

    def cancel_rejected(self, request: RiskChecked, reason: i64, order_state: i64, context: Context) -> None:
        record = OrderCancelRejected(0, request.symbol, request.account, request.order_id, request.request_id)
        record.step = ORDER_STEP_EXECUTION
        record.reason = reason
        record.state = order_state
        context.emit(record)

    def refused(self, request: RiskChecked, order_state: i64, context: Context) -> None:
        record = OrderTransitionRefused(0, request.symbol, request.account, request.order_id, order_state)
        record.record_type = "RiskChecked"
        record.step = ORDER_STEP_EXECUTION
        context.emit(record)

    def auction_completed(self, record: AuctionCompleted, context: Context) -> None:
        record.symbol = context.key
        context.emit(record)

    def traded(self, state: ExecutionState, trade: TradeExecuted, order: OpenOrder, context: Context) -> None:
        """Number a trade, of which `order` is one side, and emit it. Both sides, prices and venue are set already."""
        state.trades += 1
        state.last_price_e8 = trade.price_e8
        trade.symbol = context.key
        trade.trade_id = state.trades
        trade.instrument_type = order.instrument_type
        trade.multiplier = order.multiplier
        context.emit(trade)

    def executed(
        self, state: ExecutionState, trade: TradeExecuted, order: OpenOrder, liquidity: i64, context: Context
    ) -> None:
        """One side of a trade. What the order leaves is reduced here, not in its queue."""
        price_e8: i64 = trade.price_e8
        quantity: i64 = trade.quantity
        order.leaves_quantity -= quantity
        if order.display_quantity > 0:
            order.shown_quantity = max(available(order) - quantity, 0)
        self.move(order, FILL_REST if order.leaves_quantity == 0 else FILL_PART)
        shares: int = quantity  # each operand an int first: int * i64 is 64-bit, and wraps, when compiled
        multiplier: int = order.multiplier
        units: int = shares * multiplier
        order.filled_amount_e8 += amount_e8(price_e8, shares)
        record = OrderExecuted(0, context.key, order.account, order.order_id, order.venue_order_id, trade.trade_id)
        record.side = order.side
        record.marking = order.marking
        record.instrument_type = order.instrument_type
        record.multiplier = order.multiplier
        record.price_e8 = price_e8
        record.quantity = quantity
        record.cumulative_quantity = order.quantity - order.leaves_quantity
        record.leaves_quantity = order.leaves_quantity
        record.average_price_e8 = rounded_quotient(order.filled_amount_e8, record.cumulative_quantity)
        record.liquidity = liquidity
        record.venue = trade.venue
        record.bid_price_e8 = state.bid_price_e8
        record.ask_price_e8 = state.ask_price_e8
        improvement: int = improvement_e8(state, order.side, price_e8)
        if improvement != 0:
            record.price_improvement_e8 = amount_e8(improvement, units)
        self.charge(order, record, units, context)
        context.emit(record)

    def charge(self, order: OpenOrder, record: OrderExecuted, units: int, context: Context) -> None:
        """Commission, the venue's fee, and on a sale the fees by law."""
        shares: int = record.quantity
        cumulative: int = record.cumulative_quantity
        per_unit_e8: int = self.per_unit_e8
        due_e8: int = max(per_unit_e8 * cumulative, self.per_order_min_e8)
        record.commission_e8 = due_e8 - order.commission_charged_e8
        order.commission_charged_e8 = due_e8
        if record.liquidity == LIQUIDITY_FLAG_ADDED:
            record.venue_fee_e8 = amount_e8(self.maker_fee_e8, shares)
        elif record.liquidity in (LIQUIDITY_FLAG_REMOVED, LIQUIDITY_FLAG_ROUTED_AWAY):
            record.venue_fee_e8 = amount_e8(self.taker_fee_e8, shares)
        if order.side == SIDE_SELL:
            proceeds_e8 = amount_e8(record.price_e8, units)
            record.section_31_fee_e8 = section_31_fee_e8(context.cause_time_ns, order.instrument_type, proceeds_e8)
            record.taf_fee_e8 = taf_fee_e8(context.cause_time_ns, order.instrument_type, shares)


def improvement_e8(state: ExecutionState, side: i64, price_e8: i64) -> int:
    """Gain per unit over the national best price on the other side; 0 where there is none."""
    if side == SIDE_BUY and state.ask_price_e8 > 0:
        return state.ask_price_e8 - price_e8
    if side != SIDE_BUY and state.bid_price_e8 > 0:
        return price_e8 - state.bid_price_e8
    return 0


def rounded_quotient(amount: int, count: int) -> i64:
    """amount / count of positive integers, rounded half to even."""
    quotient = amount // count
    twice = 2 * (amount - amount_e8(quotient, count))
    if twice > count or (twice == count and quotient % 2 == 1):
        quotient += 1
    return quotient
