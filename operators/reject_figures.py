"""The figure that broke a rule, and what it was held against, in 1e-8 of the rule's unit.

Only rejected orders come here, so figures are unbounded integers: a price or quantity at the edge of 64 bits is told
as it came.
"""

from __future__ import annotations

from typing import Final

from operators.order_market_fit import collar_limit_e8, reference_price_e8
from operators.order_shape import PRICE_MAX_E8, QUANTITY_MAX
from operators.reference_data import OrderLimits
from operators.tick_table import tick_at
from schemas.generated.events import (
    ORDER_REJECT_REASON_ACCOUNT_MALFORMED,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_ABOVE_QUANTITY,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NEGATIVE,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_IN_LOTS,
    ORDER_REJECT_REASON_EXPIRY_TOO_FAR,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ALLOWED,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ON_TICK,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_POSITIVE,
    ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT,
    ORDER_REJECT_REASON_ORDER_ID_TOO_LONG,
    ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_PRICE_OUTSIDE_COLLAR,
    ORDER_REJECT_REASON_PRICE_OUTSIDE_LULD_BANDS,
    ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_NOT_IN_LOTS,
    ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE,
    ORDER_REJECT_REASON_STOP_AND_LIMIT_CONTRADICT,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_ALLOWED,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_ON_TICK,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_POSITIVE,
    ORDER_REJECT_REASON_STOP_PRICE_ON_WRONG_SIDE,
    SIDE_BUY,
    OrderPlaced,
)
from schemas.generated.states import ValidateState

ONE_E8: Final = 100_000_000
DAY_NS: Final = 86_400_000_000_000
ACCOUNT_LENGTH_MAX: Final = 40
ID_LENGTH_MAX: Final = 64


class Figures:
    """A figure and its limit, in 1e-8 of their unit; 0 and 0 where the rule has none."""

    def __init__(self, figure_e8: int, limit_e8: int) -> None:
        self.figure_e8: int = figure_e8
        self.limit_e8: int = limit_e8


def figures_of(reason: int, order: OrderPlaced, state: ValidateState, limits: OrderLimits) -> Figures:
    """What was found and what was allowed, for any reason of reject_rules."""
    found = name_figures(reason, order)
    if found is None:
        found = conduct_figures(reason, order, state, limits)
    if found is None:
        found = quantity_figures(reason, order, state)
    if found is None:
        found = price_figures(reason, order)
    if found is None:
        found = market_figures(reason, order, state)
    return found if found is not None else Figures(0, 0)


def name_figures(reason: int, order: OrderPlaced) -> Figures | None:
    if reason == ORDER_REJECT_REASON_ACCOUNT_MALFORMED:
        return Figures(len(order.account) * ONE_E8, ACCOUNT_LENGTH_MAX * ONE_E8)
    if reason == ORDER_REJECT_REASON_ORDER_ID_TOO_LONG:
        return Figures(len(order.order_id) * ONE_E8, ID_LENGTH_MAX * ONE_E8)
    return None


def conduct_figures(reason: int, order: OrderPlaced, state: ValidateState, limits: OrderLimits) -> Figures | None:
    if reason == ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT:
        rate_max: int = limits.orders_per_second_max
        return Figures(state.rate_counts[order.account] * ONE_E8, rate_max * ONE_E8)
    if reason == ORDER_REJECT_REASON_EXPIRY_TOO_FAR:
        ahead_ns: int = order.expire_time_ns
        ahead_ns -= order.event_time_ns
        allowed_ns: int = limits.expiry_max_ns
        return Figures(ahead_ns * ONE_E8 // DAY_NS, allowed_ns * ONE_E8 // DAY_NS)
    return None


def quantity_figures(reason: int, order: OrderPlaced, state: ValidateState) -> Figures | None:
    quantity: int = order.quantity
    shown: int = order.display_quantity
    multiple: int = state.instrument.order_multiple
    if reason == ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE:
        return Figures(quantity * ONE_E8, 0)
    if reason == ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT:
        quantity_max: int = state.instrument.quantity_max
        return Figures(quantity * ONE_E8, (quantity_max or QUANTITY_MAX) * ONE_E8)
    if reason == ORDER_REJECT_REASON_QUANTITY_NOT_IN_LOTS:
        return Figures(quantity * ONE_E8, multiple * ONE_E8)
    if reason == ORDER_REJECT_REASON_DISPLAY_QUANTITY_NEGATIVE:
        return Figures(shown * ONE_E8, 0)
    if reason == ORDER_REJECT_REASON_DISPLAY_QUANTITY_ABOVE_QUANTITY:
        return Figures(shown * ONE_E8, quantity * ONE_E8)
    if reason == ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_IN_LOTS:
        return Figures(shown * ONE_E8, multiple * ONE_E8)
    return None


def price_figures(reason: int, order: OrderPlaced) -> Figures | None:
    limit_e8: int = order.limit_price_e8
    stop_e8: int = order.stop_price_e8
    if reason in (ORDER_REJECT_REASON_LIMIT_PRICE_NOT_POSITIVE, ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ALLOWED):
        return Figures(limit_e8, 0)
    if reason in (ORDER_REJECT_REASON_STOP_PRICE_NOT_POSITIVE, ORDER_REJECT_REASON_STOP_PRICE_NOT_ALLOWED):
        return Figures(stop_e8, 0)
    if reason == ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT:
        return Figures(max(limit_e8, stop_e8), PRICE_MAX_E8)
    if reason == ORDER_REJECT_REASON_STOP_AND_LIMIT_CONTRADICT:
        return Figures(limit_e8, stop_e8)
    return None


def market_figures(reason: int, order: OrderPlaced, state: ValidateState) -> Figures | None:
    reference_e8: int = reference_price_e8(state)
    limit_e8: int = order.limit_price_e8
    stop_e8: int = order.stop_price_e8
    if reason == ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ON_TICK:
        return Figures(limit_e8, tick_at(state.session.ticks, limit_e8))
    if reason == ORDER_REJECT_REASON_STOP_PRICE_NOT_ON_TICK:
        return Figures(stop_e8, tick_at(state.session.ticks, stop_e8))
    if reason == ORDER_REJECT_REASON_PRICE_OUTSIDE_COLLAR:
        return Figures(limit_e8, collar_limit_e8(order, reference_e8, state.instrument.collar_bps))
    if reason == ORDER_REJECT_REASON_PRICE_OUTSIDE_LULD_BANDS:
        return Figures(limit_e8, state.upper_band_e8 if order.side == SIDE_BUY else state.lower_band_e8)
    if reason == ORDER_REJECT_REASON_STOP_PRICE_ON_WRONG_SIDE:
        return Figures(stop_e8, reference_e8)
    if reason == ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT:
        quantity: int = order.quantity
        multiplier: int = state.instrument.multiplier
        return Figures(quantity * multiplier * max(limit_e8, stop_e8, reference_e8), state.instrument.notional_max_e8)
    return None
