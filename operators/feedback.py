"""Takes what execution, positions and valuation tell an account: what became of its orders, what it holds and what at.

| event | what it does |
|---|---|
| OrderExecuted | moves cash and position, releases the filled part |
| OrderCancelled, OrderExpired, OrderRejected | releases all |
| OrderReplaced | reserves by the new terms |
| OrderReplaceRejected | reserves by the old terms again |
| OrderTransitionRefused | releases an order that execution refused because its id had ended there |
| PositionUpdated | moves the position by what is no trade: transfers, corporate actions, exercise |
| PositionValued | marks the position |

Rejects of other steps than execution come by on the same streams and are passed over. An event that fits no order is
answered with OrderTransitionRefused; a position or mark that makes no sense is counted in `refused_inputs`.
"""

from __future__ import annotations

from mypy_extensions import i64

from dataflow.model import Context, Record
from operators.holdings import PRICE_LIMIT_E8, UNITS_MAX, fits, revalue
from operators.margin_rules import MarginRates
from operators.order_states import is_final
from operators.reservations import (
    FeeReserve,
    abandon_replace,
    apply_fill,
    apply_replace,
    close_order,
    drop_if_empty,
    is_fill,
    is_replace,
)
from operators.risk_reports import refuse
from schemas.generated.events import (
    INSTRUMENT_TYPE_NONE,
    ORDER_STEP_EXECUTION,
    POSITION_CHANGE_KIND_TRADE,
    OrderCancelled,
    OrderExecuted,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderReplaceRejected,
    OrderTransitionRefused,
    PositionUpdated,
    PositionValued,
)
from schemas.generated.states import RiskHolding, RiskState


class Feedback:
    """Carries feedback into the state of an account. Holds parameters only."""

    def __init__(self, reserve: FeeReserve) -> None:
        self.reserve: FeeReserve = reserve

    def take(self, state: RiskState, record: Record, rates: MarginRates, context: Context) -> None:
        if isinstance(record, OrderExecuted):
            self.on_fill(state, record, rates, context)
        elif isinstance(record, OrderCancelled):
            on_cancelled(state, record, rates, context)
        elif isinstance(record, OrderRejected):
            on_rejected(state, record, rates, context)
        elif isinstance(record, OrderReplaced):
            self.on_replaced(state, record, rates, context)
        elif isinstance(record, OrderReplaceRejected):
            self.on_replace_rejected(state, record, rates)
        elif isinstance(record, OrderExpired):
            on_expired(state, record, rates, context)
        elif isinstance(record, OrderTransitionRefused):
            on_refused(state, record, rates)
        elif isinstance(record, PositionUpdated):
            on_position(state, record, rates)
        else:
            assert isinstance(record, PositionValued)
            on_mark(state, record, rates)

    def on_fill(self, state: RiskState, fill: OrderExecuted, rates: MarginRates, context: Context) -> None:
        if is_fill(state, fill):
            apply_fill(state, fill, rates, self.reserve)
            return
        refused = OrderTransitionRefused(0, fill.symbol, fill.account, fill.order_id)
        refuse(refused, "OrderExecuted", state.orders.get(fill.order_id), context)

    def on_replaced(self, state: RiskState, change: OrderReplaced, rates: MarginRates, context: Context) -> None:
        order = state.orders.get(change.order_id)
        if order is not None and is_replace(order, change):
            apply_replace(state, order, change, rates, self.reserve)
            return
        refused = OrderTransitionRefused(0, change.symbol, change.account, change.order_id)
        refuse(refused, "OrderReplaced", order, context)

    def on_replace_rejected(self, state: RiskState, answer: OrderReplaceRejected, rates: MarginRates) -> None:
        """The order may have ended before the answer: then there is nothing left to release."""
        order = state.orders.get(answer.order_id)
        if answer.step != ORDER_STEP_EXECUTION or order is None or order.symbol != answer.symbol:
            return
        if order.request_id != "" and order.request_id == answer.request_id:
            abandon_replace(state, order, rates, self.reserve)


def on_cancelled(state: RiskState, end: OrderCancelled, rates: MarginRates, context: Context) -> None:
    if not end_order(state, end.symbol, end.order_id, rates):
        refuse(OrderTransitionRefused(0, end.symbol, end.account, end.order_id), "OrderCancelled", None, context)


def on_expired(state: RiskState, end: OrderExpired, rates: MarginRates, context: Context) -> None:
    if not end_order(state, end.symbol, end.order_id, rates):
        refuse(OrderTransitionRefused(0, end.symbol, end.account, end.order_id), "OrderExpired", None, context)


def on_rejected(state: RiskState, end: OrderRejected, rates: MarginRates, context: Context) -> None:
    """Validate and risk reject before anything is reserved."""
    if end.step == ORDER_STEP_EXECUTION and not end_order(state, end.symbol, end.order_id, rates):
        refuse(OrderTransitionRefused(0, end.symbol, end.account, end.order_id), "OrderRejected", None, context)


def end_order(state: RiskState, symbol: str, order_id: str, rates: MarginRates) -> bool:
    """Release an order; False if it is not there."""
    order = state.orders.get(order_id)
    if order is None or order.symbol != symbol:
        return False
    close_order(state, order_id, order, rates)
    return True


def on_refused(state: RiskState, answer: OrderTransitionRefused, rates: MarginRates) -> None:
    """Execution took an approved order for one that had ended before under its id: it will never work."""
    if answer.step != ORDER_STEP_EXECUTION or not is_final(answer.state):
        return
    order = state.orders.get(answer.order_id)
    if order is not None and order.symbol == answer.symbol and order.filled_quantity == 0:
        close_order(state, answer.order_id, order, rates)


def on_position(state: RiskState, update: PositionUpdated, rates: MarginRates) -> None:
    """A change that is no trade moves the position, not the cash; it is no profit or loss of the day.

    What a symbol unknown here is, its first order or fill will tell; until then it counts as a stock."""
    if update.change_kind == POSITION_CHANGE_KIND_TRADE:
        return
    holding = state.holdings.get(update.symbol)
    if holding is None:
        holding = RiskHolding(0, INSTRUMENT_TYPE_NONE, update.multiplier)
    change: i64 = update.change_quantity
    in_bounds = -UNITS_MAX <= change <= UNITS_MAX and fits(0, 1, update.multiplier)
    if not in_bounds or holding.multiplier != update.multiplier or not 0 <= update.change_price_e8 < PRICE_LIMIT_E8:
        state.refused_inputs += 1
        return
    after: i64 = holding.quantity + change
    if max(after, -after) > UNITS_MAX // update.multiplier:
        state.refused_inputs += 1
        return
    state.holdings[update.symbol] = holding
    worth_before_e8 = state.worth_e8
    holding.quantity = after
    if holding.mark_price_e8 == 0:
        holding.mark_price_e8 = update.change_price_e8
    revalue(state, holding, rates)
    state.day_equity_e8 += state.worth_e8 - worth_before_e8
    drop_if_empty(state, update.symbol, holding)


def on_mark(state: RiskState, valued: PositionValued, rates: MarginRates) -> None:
    """A price told by valuation; of a symbol not held it says nothing here."""
    holding = state.holdings.get(valued.symbol)
    if holding is None:
        return
    if not 0 < valued.mark_price_e8 < PRICE_LIMIT_E8:
        state.refused_inputs += 1
        return
    holding.mark_price_e8 = valued.mark_price_e8
    revalue(state, holding, rates)
