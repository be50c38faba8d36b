"""Follows an account's open orders from approval to their end, and its positions and cash from fill to fill.

Theory of operation. An order reserves from the moment it is approved. Execution then tells, as feedback, what becomes
of it: each fill moves cash and position and releases its part; cancel, expiry and rejection release the rest; a replace
reserves the larger of old and new terms from its approval until it is answered. An event that does not fit what is
known here changes nothing and is answered with OrderTransitionRefused; a fill of an order unknown here is a fill all
the same.

Invariant: what is reserved is the sum over open orders; shares held are the sum of fills; cash moves by exactly price
times quantity times multiplier less fees (of futures, by the variation since the last fill).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.account_terms import MONEY_MAX_E8
from operators.holdings import (
    QUANTITY_MAX,
    UNITS_MAX,
    enter,
    fits,
    is_empty,
    revalue,
    withdraw,
)
from operators.intraday_margin import note_trade
from operators.locates import use
from operators.margin_rules import MarginRates
from schemas.generated.events import (
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_NONE,
    SALE_MARKING_SHORT,
    SALE_MARKING_SHORT_EXEMPT,
    SIDE_BUY,
    SIDE_NONE,
    OrderExecuted,
    OrderReplaced,
)
from schemas.generated.states import RiskHolding, RiskOrder, RiskState

UNTOLD: Final = INSTRUMENT_TYPE_NONE
POSITION_MAX: Final[i64] = 2 * UNITS_MAX
"""A fill that took a position further would be one that risk has not approved."""


class FeeReserve:
    """What is set aside for the fees of an order, in 1e-8: so much a unit, and a least amount until it trades."""

    def __init__(self, per_unit_e8: int, per_order_min_e8: int) -> None:
        self.per_unit_e8: int = per_unit_e8
        self.per_order_min_e8: int = per_order_min_e8

    def set_on(self, order: RiskOrder) -> None:
        """Reserve for what is open of an order; call it before `enter`."""
        open_quantity: int = max(order.quantity, order.next_quantity) - order.filled_quantity
        due_e8 = self.per_unit_e8 * open_quantity
        order.fees_reserved_e8 = due_e8 if order.filled_quantity > 0 else max(due_e8, self.per_order_min_e8)


def close_order(state: RiskState, order_id: str, order: RiskOrder, rates: MarginRates) -> None:
    """An order has ended: release what it reserves."""
    holding = state.holdings[order.symbol]
    withdraw(state, holding, order)
    del state.orders[order_id]
    revalue(state, holding, rates)
    drop_if_empty(state, order.symbol, holding)


def drop_if_empty(state: RiskState, symbol: str, holding: RiskHolding) -> None:
    if is_empty(holding) and symbol in state.holdings:
        del state.holdings[symbol]


def drop_replace(order: RiskOrder) -> None:
    """No replace is pending any more."""
    order.request_id = ""
    order.next_quantity = 0
    order.next_price_e8 = 0


def is_fill(state: RiskState, fill: OrderExecuted) -> bool:
    """The fill's figures are in bounds, and those of the order it belongs to fit."""
    if fill.side == SIDE_NONE or fill.instrument_type == INSTRUMENT_TYPE_NONE:
        return False
    if fill.price_e8 <= 0 or not fits(fill.price_e8, fill.quantity, fill.multiplier):
        return False
    if not (0 <= fill.cumulative_quantity <= QUANTITY_MAX and 0 <= fill.leaves_quantity <= QUANTITY_MAX):
        return False
    if not -MONEY_MAX_E8 < fees_e8(fill) < MONEY_MAX_E8:
        return False
    order = state.orders.get(fill.order_id)
    if order is not None and (order.symbol != fill.symbol or order.side != fill.side):
        return False
    holding = state.holdings.get(fill.symbol)
    if holding is None:
        return True
    if holding.multiplier != fill.multiplier or holding.instrument_type not in (fill.instrument_type, UNTOLD):
        return False
    return max(holding.quantity, -holding.quantity) <= POSITION_MAX // fill.multiplier


def fees_e8(fill: OrderExecuted) -> int:
    return fill.commission_e8 + fill.section_31_fee_e8 + fill.taf_fee_e8 + fill.venue_fee_e8


def apply_fill(state: RiskState, fill: OrderExecuted, rates: MarginRates, reserve: FeeReserve) -> None:
    """Move cash, position and reservation by a fill that `is_fill`."""
    holding = holding_of(state, fill)
    order = state.orders.get(fill.order_id)
    if order is not None:
        withdraw(state, holding, order)
        order.filled_quantity = fill.cumulative_quantity
        order.quantity = fill.cumulative_quantity + fill.leaves_quantity
        if fill.leaves_quantity == 0:
            del state.orders[fill.order_id]
        else:
            reserve.set_on(order)
            enter(state, holding, order)
        if order.located:
            use(state, fill.symbol, fill.quantity, fill.event_time_ns)
    elif fill.marking in (SALE_MARKING_SHORT, SALE_MARKING_SHORT_EXEMPT):
        use(state, fill.symbol, fill.quantity, fill.event_time_ns)
    move(state, holding, fill, rates)
    revalue(state, holding, rates)
    drop_if_empty(state, fill.symbol, holding)


def move(state: RiskState, holding: RiskHolding, fill: OrderExecuted, rates: MarginRates) -> None:
    """Cash and position of a fill."""
    change: i64 = fill.quantity if fill.side == SIDE_BUY else -fill.quantity
    note_trade(state, holding, change, rates)
    if holding.instrument_type == INSTRUMENT_TYPE_FUTURE:
        held: int = holding.quantity * holding.multiplier
        variation: int = fill.price_e8 - holding.settled_price_e8
        flow_e8 = held * variation - fees_e8(fill)
        holding.settled_price_e8 = fill.price_e8
    else:
        amount_e8: int = fill.price_e8 * (change * fill.multiplier)
        flow_e8 = -amount_e8 - fees_e8(fill)
    state.cash_e8 += flow_e8
    state.day_flow_e8 += flow_e8
    holding.quantity += change
    holding.mark_price_e8 = fill.price_e8


def holding_of(state: RiskState, fill: OrderExecuted) -> RiskHolding:
    """The symbol's holding; a new one for the fill of an order unknown here."""
    holding = state.holdings.get(fill.symbol)
    if holding is None:
        holding = RiskHolding(0, fill.instrument_type, fill.multiplier, fill.price_e8)
        holding.settled_price_e8 = fill.price_e8
        state.holdings[fill.symbol] = holding
    else:
        adopt_type(holding, fill.instrument_type)
    return holding


def adopt_type(holding: RiskHolding, instrument_type: i64) -> None:
    """A position that came without a trade learns what it is by the first order or fill."""
    if holding.instrument_type == INSTRUMENT_TYPE_NONE:
        holding.instrument_type = instrument_type
        holding.settled_price_e8 = holding.mark_price_e8


def is_replace(order: RiskOrder, change: OrderReplaced) -> bool:
    """The change is one of this order, and its figures are in bounds."""
    if order.symbol != change.symbol or not 0 < change.quantity <= QUANTITY_MAX:
        return False
    return 0 <= change.cumulative_quantity < change.quantity


def apply_replace(
    state: RiskState, order: RiskOrder, change: OrderReplaced, rates: MarginRates, reserve: FeeReserve
) -> None:
    """Execution has changed an order: at its client's request, or to keep an account from trading with itself."""
    holding = state.holdings[order.symbol]
    withdraw(state, holding, order)
    order.quantity = change.quantity
    order.filled_quantity = change.cumulative_quantity
    if order.request_id == change.request_id:
        if order.next_price_e8 > 0:
            order.price_e8 = order.next_price_e8
        drop_replace(order)
    reserve.set_on(order)
    enter(state, holding, order)
    revalue(state, holding, rates)


def abandon_replace(state: RiskState, order: RiskOrder, rates: MarginRates, reserve: FeeReserve) -> None:
    """Execution has refused a replace: reserve for the terms as they were."""
    holding = state.holdings[order.symbol]
    withdraw(state, holding, order)
    drop_replace(order)
    reserve.set_on(order)
    enter(state, holding, order)
    revalue(state, holding, rates)
