"""Holds an order or replace against its account: the checks of risk, in the order of risk_rules.CHAPTERS.

Theory of operation. Checks come in two groups. `first_refusal` needs nothing counted: is the order well-formed, may
this account trade at all. Then the order is entered into its symbol's pool (reservations) and the account's figures are
counted with it; `second_refusal` looks at the figures. An order that only closes a position passes all that is there to
stop an account from growing; so does a replace that asks for no more than before (`eases`).

Every refusal carries the figure and the limit it was held against.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.exact_amounts import part, part_down
from operators.holdings import (
    MULTIPLIER_MAX,
    PRICE_LIMIT_E8,
    QUANTITY_MAX,
    UNITS_MAX,
    buying_power_e8,
    equity_e8,
    fits,
    opening_quantity,
)
from operators.intraday_margin import is_pattern_day_trader
from operators.kill_switch import NOT_HALTED, halt_reason, only_reduces
from operators.locates import located
from operators.margin_rules import MarginRates
from operators.trading_hours import LATEST_NS, SECOND_NS
from schemas.generated.events import (
    ACCOUNT_KIND_CASH,
    ACCOUNT_KIND_MARGIN,
    ACCOUNT_STATUS_CLOSED,
    ACCOUNT_STATUS_RESTRICTED,
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_NONE,
    INSTRUMENT_TYPE_OPTION,
    OPTION_RIGHT_NONE,
    ORDER_REJECT_REASON_ACCOUNT_CLOSED,
    ORDER_REJECT_REASON_ACCOUNT_DATA_INVALID,
    ORDER_REJECT_REASON_ACCOUNT_RESTRICTED,
    ORDER_REJECT_REASON_ACCOUNT_UNKNOWN,
    ORDER_REJECT_REASON_BUYING_POWER_EXCEEDED,
    ORDER_REJECT_REASON_CONCENTRATION_ABOVE_LIMIT,
    ORDER_REJECT_REASON_DAILY_LOSS_ABOVE_LIMIT,
    ORDER_REJECT_REASON_EQUITY_BELOW_MINIMUM,
    ORDER_REJECT_REASON_EVENT_TIME_OUT_OF_RANGE,
    ORDER_REJECT_REASON_GROSS_EXPOSURE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_INITIAL_MARGIN_EXCEEDED,
    ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID,
    ORDER_REJECT_REASON_INSTRUMENT_NOT_PERMITTED,
    ORDER_REJECT_REASON_INTRADAY_MARGIN_FREEZE,
    ORDER_REJECT_REASON_MAINTENANCE_MARGIN_DEFICIT,
    ORDER_REJECT_REASON_NET_EXPOSURE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT,
    ORDER_REJECT_REASON_ORDER_NOT_REDUCING_POSITION,
    ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_PATTERN_DAY_TRADER_BELOW_MINIMUM,
    ORDER_REJECT_REASON_POSITION_ABOVE_LIMIT,
    ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE,
    ORDER_REJECT_REASON_REFERENCE_PRICE_MISSING,
    ORDER_REJECT_REASON_SALE_ABOVE_POSITION,
    ORDER_REJECT_REASON_SHORT_SALE_AT_OR_BELOW_BID,
    ORDER_REJECT_REASON_SHORT_SALE_NOT_PERMITTED,
    ORDER_REJECT_REASON_SHORT_SALE_NOT_SHORTABLE,
    ORDER_REJECT_REASON_SHORT_SALE_WITHOUT_LOCATE,
    ORDER_REJECT_REASON_SIDE_MISSING,
    SALE_MARKING_SHORT,
    SALE_MARKING_SHORT_EXEMPT,
    SIDE_BUY,
    SIDE_NONE,
    OrderValidated,
)
from schemas.generated.states import (
    ACCOUNT_STANDING_INVALID,
    ACCOUNT_STANDING_UNKNOWN,
    RiskHolding,
    RiskOrder,
    RiskState,
)

UNIT_E8: Final = 100_000_000
"""Figures that are counts are told in 1e-8, as money is."""


class Refusal:
    """Why an order is refused, with the figure that broke the rule and what it was held against, both in 1e-8."""

    __slots__ = ("figure_e8", "limit_e8", "reason")

    def __init__(self, reason: i64, figure_e8: int = 0, limit_e8: int = 0) -> None:
        self.reason: i64 = reason
        self.figure_e8: int = figure_e8
        self.limit_e8: int = limit_e8


def counted(reason: i64, figure: int, limit: int) -> Refusal:
    """A refusal whose figures are counts."""
    return Refusal(reason, figure * UNIT_E8, limit * UNIT_E8)


def first_refusal(state: RiskState, request: OrderValidated, price_e8: i64) -> Refusal | None:
    """What can be told before anything is counted. `price_e8` is what the order would be reserved at."""
    reason = form_fault(request, price_e8)
    if reason >= 0:
        return Refusal(reason)
    if state.standing == ACCOUNT_STANDING_UNKNOWN:
        return Refusal(ORDER_REJECT_REASON_ACCOUNT_UNKNOWN)
    if state.standing == ACCOUNT_STANDING_INVALID:
        return Refusal(ORDER_REJECT_REASON_ACCOUNT_DATA_INVALID)
    if state.status == ACCOUNT_STATUS_CLOSED:
        return Refusal(ORDER_REJECT_REASON_ACCOUNT_CLOSED)
    reason = halt_reason(state, request.symbol)
    if reason != NOT_HALTED:
        return Refusal(reason)
    if not count_in_second(state, request.event_time_ns):
        return counted(ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT, state.rate_count, state.orders_per_second_max)
    kind = request.instrument_type
    barred = kind == INSTRUMENT_TYPE_OPTION and not state.options_permitted
    if barred or (kind == INSTRUMENT_TYPE_FUTURE and not state.futures_permitted):
        return Refusal(ORDER_REJECT_REASON_INSTRUMENT_NOT_PERMITTED)
    if state.order_notional_max_e8 > 0:
        return notional_refusal(state, price_e8 * (request.quantity * request.multiplier))
    return None


def notional_refusal(state: RiskState, notional_e8: int) -> Refusal | None:
    if notional_e8 > state.order_notional_max_e8:
        return Refusal(ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT, notional_e8, state.order_notional_max_e8)
    return None


def form_fault(request: OrderValidated, price_e8: i64) -> i64:
    """What makes the order none that could be counted, or -1. Validate has looked before; this guards the sums."""
    if not 0 <= request.event_time_ns < LATEST_NS:
        return ORDER_REJECT_REASON_EVENT_TIME_OUT_OF_RANGE
    if request.side == SIDE_NONE:
        return ORDER_REJECT_REASON_SIDE_MISSING
    if request.quantity <= 0:
        return ORDER_REJECT_REASON_QUANTITY_NOT_POSITIVE
    if request.quantity > QUANTITY_MAX:
        return ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT
    if price_e8 == 0:
        return ORDER_REJECT_REASON_REFERENCE_PRICE_MISSING
    if not 0 < price_e8 < PRICE_LIMIT_E8:
        return ORDER_REJECT_REASON_PRICE_ABOVE_LIMIT
    if not is_countable(request):
        return ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID
    if not fits(price_e8, request.quantity, request.multiplier):
        return ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT
    return -1


def is_countable(request: OrderValidated) -> bool:
    """The instrument's figures are there and in bounds."""
    if not 0 < request.multiplier <= MULTIPLIER_MAX or not 0 <= request.reference_price_e8 < PRICE_LIMIT_E8:
        return False
    kind = request.instrument_type
    if kind == INSTRUMENT_TYPE_OPTION:
        if request.option_right == OPTION_RIGHT_NONE or not 0 < request.strike_price_e8 < PRICE_LIMIT_E8:
            return False
        return 0 <= request.underlying_price_e8 < PRICE_LIMIT_E8
    if kind == INSTRUMENT_TYPE_FUTURE:
        return 0 < request.contract_margin_e8 < PRICE_LIMIT_E8
    return kind != INSTRUMENT_TYPE_NONE


def count_in_second(state: RiskState, time_ns: i64) -> bool:
    """Count an order in its second; False if that is one too many. An earlier time counts in the latest second."""
    second = time_ns // SECOND_NS
    if second > state.rate_second:
        state.rate_second = second
        state.rate_count = 0
    state.rate_count += 1
    return state.orders_per_second_max == 0 or state.rate_count <= state.orders_per_second_max


def second_refusal(
    state: RiskState, holding: RiskHolding, order: RiskOrder, request: OrderValidated, rates: MarginRates
) -> Refusal | None:
    """What the figures tell, with the order counted in."""
    if request.side != SIDE_BUY:
        refusal = sale_refusal(state, holding, order, request)
        if refusal is not None:
            return refusal
    if eases(order) or opening_quantity(holding, request.side) == 0:
        return None
    refusal = growth_refusal(state, request.symbol, rates)
    if refusal is None:
        refusal = limit_refusal(state, holding, request.side)
    if refusal is None:
        refusal = funds_refusal(state, holding, request, rates)
    return refusal


def eases(order: RiskOrder) -> bool:
    """A replace that asks for no more than before."""
    return 0 < order.next_quantity <= order.quantity and order.next_price_e8 <= order.price_e8


def sale_refusal(state: RiskState, holding: RiskHolding, order: RiskOrder, request: OrderValidated) -> Refusal | None:
    """What forbids a sale: selling what is not held, or a short sale that may not be made."""
    kind = request.instrument_type
    if kind == INSTRUMENT_TYPE_FUTURE:
        return None
    if kind == INSTRUMENT_TYPE_OPTION:
        if state.account_kind == ACCOUNT_KIND_CASH and opening_quantity(holding, request.side) > 0:
            return Refusal(ORDER_REJECT_REASON_SHORT_SALE_NOT_PERMITTED)
        return None
    if request.marking in (SALE_MARKING_SHORT, SALE_MARKING_SHORT_EXEMPT):
        return short_sale_refusal(state, holding, order, request)
    if opening_quantity(holding, request.side) == 0:
        return None
    return counted(ORDER_REJECT_REASON_SALE_ABOVE_POSITION, holding.sell_quantity, max(holding.quantity, 0))


def short_sale_refusal(
    state: RiskState, holding: RiskHolding, order: RiskOrder, request: OrderValidated
) -> Refusal | None:
    """What forbids a short sale: the account, the want of shares to borrow, Rule 201 (17 CFR 242.201(b)(1))."""
    if state.account_kind != ACCOUNT_KIND_MARGIN or not state.short_permitted:
        return Refusal(ORDER_REJECT_REASON_SHORT_SALE_NOT_PERMITTED)
    if order.located:
        shares = located(state, request.symbol, request.event_time_ns)
        if shares < 0:
            return Refusal(ORDER_REJECT_REASON_SHORT_SALE_NOT_SHORTABLE)
        if holding.located_quantity > shares:
            return counted(ORDER_REJECT_REASON_SHORT_SALE_WITHOUT_LOCATE, holding.located_quantity, shares)
    if request.short_restricted and request.marking == SALE_MARKING_SHORT:
        price_e8 = request.limit_price_e8
        if price_e8 <= max(request.bid_price_e8, 0):  # an order without limit price would execute at the bid
            return Refusal(ORDER_REJECT_REASON_SHORT_SALE_AT_OR_BELOW_BID, price_e8, request.bid_price_e8)
    return None


def growth_refusal(state: RiskState, symbol: str, rates: MarginRates) -> Refusal | None:
    """What lets an account close positions only."""
    if state.status == ACCOUNT_STATUS_RESTRICTED:
        return Refusal(ORDER_REJECT_REASON_ACCOUNT_RESTRICTED)
    if only_reduces(state, symbol):
        return Refusal(ORDER_REJECT_REASON_ORDER_NOT_REDUCING_POSITION)
    equity = equity_e8(state)
    if 0 < state.daily_loss_max_e8 < state.day_equity_e8 - equity:
        loss_e8 = state.day_equity_e8 - equity
        return Refusal(ORDER_REJECT_REASON_DAILY_LOSS_ABOVE_LIMIT, loss_e8, state.daily_loss_max_e8)
    if state.account_kind != ACCOUNT_KIND_MARGIN:
        return None
    if state.frozen_to_day > state.day:
        return counted(ORDER_REJECT_REASON_INTRADAY_MARGIN_FREEZE, state.day, state.frozen_to_day)
    if state.maintenance_margin_e8 > equity:
        return Refusal(ORDER_REJECT_REASON_MAINTENANCE_MARGIN_DEFICIT, state.maintenance_margin_e8, equity)
    if state.day_equity_e8 < rates.day_trader_equity_min_e8 and is_pattern_day_trader(state, rates):
        least_e8 = rates.day_trader_equity_min_e8
        return Refusal(ORDER_REJECT_REASON_PATTERN_DAY_TRADER_BELOW_MINIMUM, state.day_equity_e8, least_e8)
    return None


def limit_refusal(state: RiskState, holding: RiskHolding, side: i64) -> Refusal | None:
    """Which of the account's limits the order, with all open ones of its side, would break."""
    bought = side == SIDE_BUY
    reach: i64 = holding.quantity + holding.buy_quantity if bought else holding.sell_quantity - holding.quantity
    most: i64 = UNITS_MAX // holding.multiplier
    if state.position_max > 0:
        most = min(most, state.position_max)
    if reach > most:
        return counted(ORDER_REJECT_REASON_POSITION_ABOVE_LIMIT, reach, most)
    symbol_e8 = holding.exposure_e8 + holding.buy_amount_e8 if bought else holding.sell_amount_e8 - holding.exposure_e8
    bps: int = state.concentration_bps_max
    equity = equity_e8(state)
    if bps > 0:
        limit_e8 = part_down(max(equity, 0), bps)
        if symbol_e8 > limit_e8:
            return Refusal(ORDER_REJECT_REASON_CONCENTRATION_ABOVE_LIMIT, symbol_e8, limit_e8)
    if 0 < state.gross_exposure_max_e8 < state.gross_exposure_e8:
        gross_e8 = state.gross_exposure_e8
        return Refusal(ORDER_REJECT_REASON_GROSS_EXPOSURE_ABOVE_LIMIT, gross_e8, state.gross_exposure_max_e8)
    net_e8 = net_exposure_e8(state, side)
    if 0 < state.net_exposure_max_e8 < (net_e8 if bought else -net_e8):
        return Refusal(ORDER_REJECT_REASON_NET_EXPOSURE_ABOVE_LIMIT, net_e8, state.net_exposure_max_e8)
    return None


def net_exposure_e8(state: RiskState, side: i64) -> int:
    """Net exposure with all open orders of a side filled, signed."""
    if side == SIDE_BUY:
        return state.exposure_e8 + state.open_purchases_e8
    return state.exposure_e8 - state.open_sales_e8


def funds_refusal(
    state: RiskState, holding: RiskHolding, request: OrderValidated, rates: MarginRates
) -> Refusal | None:
    """Whether the account can bear what the order would open."""
    equity = equity_e8(state)
    if state.account_kind != ACCOUNT_KIND_MARGIN:
        if buying_power_e8(state) < 0:
            left_e8 = buying_power_e8(state) + holding.reserved_e8
            return Refusal(ORDER_REJECT_REASON_BUYING_POWER_EXCEEDED, holding.reserved_e8, left_e8)
        return None
    paid_in_full = request.side == SIDE_BUY and state.cash_e8 >= state.open_purchases_e8
    is_security = request.instrument_type != INSTRUMENT_TYPE_FUTURE
    if is_security and equity < rates.account_equity_min_e8 and not paid_in_full:
        return Refusal(ORDER_REJECT_REASON_EQUITY_BELOW_MINIMUM, equity, rates.account_equity_min_e8)
    if buying_power_e8(state) < 0:
        required_e8 = state.initial_margin_e8 + state.reserved_e8
        return Refusal(ORDER_REJECT_REASON_INITIAL_MARGIN_EXCEEDED, required_e8, equity)
    return None


def reservation_price_e8(request: OrderValidated, buffer_bps: int) -> i64:
    """What an order is reserved at: the worst it may pay, or for a sale the highest of limit, stop and reference price.

    An order without limit price may pay more than it was judged against: by so many basis points, rounded up. 0 where
    there is no price at all; -1 for prices out of bounds."""
    limit_e8 = request.limit_price_e8
    if not (within(limit_e8) and within(request.stop_price_e8) and within(request.reference_price_e8)):
        return -1
    if request.side == SIDE_BUY and limit_e8 > 0:
        return limit_e8
    base_e8: i64 = max(request.stop_price_e8, request.reference_price_e8)
    if request.side != SIDE_BUY:
        return max(limit_e8, base_e8)
    if within(request.ask_price_e8):
        base_e8 = max(base_e8, request.ask_price_e8)
    return min(base_e8 + part(base_e8, buffer_bps), PRICE_LIMIT_E8)


def within(price_e8: i64) -> bool:
    return 0 <= price_e8 < PRICE_LIMIT_E8
