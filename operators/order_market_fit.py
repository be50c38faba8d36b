"""Checks a well-formed order against the instrument, its trading status, the session and the market.

The checks come in the order of reject_rules.RULES. Prices, quantities and multipliers are bounded before (order_shape,
reference_data), and the notional check divides instead of multiplying, so nothing here exceeds 64 bits; an order that
passes has quantity * multiplier * (highest of limit, stop and reference price in 1e-8) below 2**62, for all after it.

The reference price is the last eligible sale, else the middle of the quote, else the previous close; for options the
middle of the quote comes first, since their sales are rare.

Source: collar: NYSE Rule 7.31(a)(2)(B), limit order price protection, works on the aggressive side only; bands: the
limit up-limit down plan, section VI.A; status, cut-offs: parameters of the operator say their rules.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.order_shape import PASSED, is_at_once, is_for_auction
from operators.session_hours import works_in
from operators.tick_table import tick_at
from schemas.generated.events import (
    INSTRUMENT_TYPE_FUND,
    INSTRUMENT_TYPE_OPTION,
    INSTRUMENT_TYPE_STOCK,
    ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_IN_LOTS,
    ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID,
    ORDER_REJECT_REASON_INSTRUMENT_DELISTED,
    ORDER_REJECT_REASON_INSTRUMENT_EXPIRED,
    ORDER_REJECT_REASON_INSTRUMENT_NOT_YET_LISTED,
    ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ON_TICK,
    ORDER_REJECT_REASON_MARKET_HALTED,
    ORDER_REJECT_REASON_MARKING_MISSING,
    ORDER_REJECT_REASON_MARKING_NOT_ALLOWED,
    ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT,
    ORDER_REJECT_REASON_PRICE_OUTSIDE_COLLAR,
    ORDER_REJECT_REASON_PRICE_OUTSIDE_LULD_BANDS,
    ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT,
    ORDER_REJECT_REASON_QUANTITY_NOT_IN_LOTS,
    ORDER_REJECT_REASON_REFERENCE_PRICE_MISSING,
    ORDER_REJECT_REASON_SESSION_CLOSED,
    ORDER_REJECT_REASON_SESSION_NOT_ALLOWED,
    ORDER_REJECT_REASON_STOP_PRICE_NOT_ON_TICK,
    ORDER_REJECT_REASON_STOP_PRICE_ON_WRONG_SIDE,
    ORDER_REJECT_REASON_SYMBOL_HALTED,
    ORDER_REJECT_REASON_SYMBOL_PAUSED,
    ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_INSTRUMENT,
    ORDER_REJECT_REASON_TOO_LATE_FOR_CLOSING_AUCTION,
    ORDER_REJECT_REASON_TOO_LATE_FOR_OPENING_AUCTION,
    ORDER_SESSION_ALL_DAY,
    ORDER_SESSION_POST_MARKET,
    ORDER_SESSION_REGULAR,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_STOP,
    SALE_MARKING_NONE,
    SALE_MARKING_SHORT_EXEMPT,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_AT_THE_CLOSE,
    TIME_IN_FORCE_AT_THE_OPEN,
    TIME_IN_FORCE_DAY,
    TRADING_STATUS_CLOSED,
    TRADING_STATUS_HALTED,
    TRADING_STATUS_PRE_OPEN,
    TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_1,
    TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_3,
    TRADING_STATUS_TRADING,
    OrderPlaced,
)
from schemas.generated.states import (
    SESSION_PHASE_CLOSED,
    SESSION_PHASE_POST_MARKET,
    SESSION_PHASE_REGULAR,
    ListedInstrument,
    ValidateState,
)

BPS: Final[i64] = 10_000


class AuctionCutoffs:
    """How long before an auction the last order for it is taken, in nanoseconds."""

    def __init__(self, opening_ns: i64, closing_ns: i64) -> None:
        self.opening_ns: i64 = opening_ns
        self.closing_ns: i64 = closing_ns


def instrument_fault(state: ValidateState, order: OrderPlaced) -> i64:
    """The first reason why this instrument does not take the order, or PASSED. The session is that of the order."""
    instrument = state.instrument
    time_ns = order.event_time_ns
    if not instrument.sound or len(state.session.ticks) == 0:
        return ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID
    if time_ns < instrument.listed_from_ns:
        return ORDER_REJECT_REASON_INSTRUMENT_NOT_YET_LISTED
    if time_ns >= instrument.expiry_ns:
        return ORDER_REJECT_REASON_INSTRUMENT_EXPIRED
    if time_ns >= instrument.listed_to_ns:
        return ORDER_REJECT_REASON_INSTRUMENT_DELISTED
    reason = kind_fault(instrument, order)
    return reason if reason != PASSED else unit_fault(state, order)


def unit_fault(state: ValidateState, order: OrderPlaced) -> i64:
    """Quantities above the limit or not in whole multiples, and prices between two ticks."""
    instrument = state.instrument
    ticks = state.session.ticks
    if order.quantity > instrument.quantity_max:
        return ORDER_REJECT_REASON_QUANTITY_ABOVE_LIMIT
    if order.quantity % instrument.order_multiple != 0:
        return ORDER_REJECT_REASON_QUANTITY_NOT_IN_LOTS
    if order.display_quantity % instrument.order_multiple != 0:
        return ORDER_REJECT_REASON_DISPLAY_QUANTITY_NOT_IN_LOTS
    if order.limit_price_e8 % tick_at(ticks, order.limit_price_e8) != 0:
        return ORDER_REJECT_REASON_LIMIT_PRICE_NOT_ON_TICK
    if order.stop_price_e8 != 0 and order.stop_price_e8 % tick_at(ticks, order.stop_price_e8) != 0:
        return ORDER_REJECT_REASON_STOP_PRICE_NOT_ON_TICK
    return PASSED


def is_marked(instrument: ListedInstrument) -> bool:
    """Sales of it are marked long or short: stocks and funds."""
    return instrument.instrument_type in (INSTRUMENT_TYPE_STOCK, INSTRUMENT_TYPE_FUND)


def kind_fault(instrument: ListedInstrument, order: OrderPlaced) -> i64:
    """What this kind of instrument wants marked, or has no auction or session for."""
    if is_marked(instrument):
        if order.side == SIDE_SELL and not SALE_MARKING_NONE < order.marking <= SALE_MARKING_SHORT_EXEMPT:
            return ORDER_REJECT_REASON_MARKING_MISSING
        return PASSED
    if order.marking != SALE_MARKING_NONE:
        return ORDER_REJECT_REASON_MARKING_NOT_ALLOWED
    if is_for_auction(order.time_in_force):
        return ORDER_REJECT_REASON_TIME_IN_FORCE_NOT_ALLOWED_FOR_INSTRUMENT
    return PASSED if order.session == ORDER_SESSION_REGULAR else ORDER_REJECT_REASON_SESSION_NOT_ALLOWED


def market_fault(state: ValidateState, order: OrderPlaced, reference_e8: i64, cutoffs: AuctionCutoffs) -> i64:
    """The first reason why the market does not take the order now, or PASSED."""
    reason = PASSED
    if state.status != TRADING_STATUS_TRADING or state.market_status != TRADING_STATUS_TRADING:
        reason = status_fault(state.status, state.status_reason, order)
        if reason == PASSED:
            reason = status_fault(state.market_status, 0, order)
    if reason == PASSED:
        reason = session_fault(state, order, cutoffs)
    if reason == PASSED:
        reason = reference_fault(state, order, reference_e8)
    if reason == PASSED and notional_exceeds(state.instrument, order, reference_e8):
        reason = ORDER_REJECT_REASON_NOTIONAL_ABOVE_LIMIT
    return reason


def status_fault(status: i64, status_reason: i64, order: OrderPlaced) -> i64:
    """A halt takes no orders; a pause, the quoting after it and an auction take those that can wait."""
    if status == TRADING_STATUS_TRADING:
        return PASSED
    if status == TRADING_STATUS_HALTED:
        market_wide = (
            TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_1 <= status_reason <= TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_3
        )
        return ORDER_REJECT_REASON_MARKET_HALTED if market_wide else ORDER_REJECT_REASON_SYMBOL_HALTED
    if status == TRADING_STATUS_CLOSED:
        return ORDER_REJECT_REASON_SESSION_CLOSED
    if not is_at_once(order.time_in_force):
        return PASSED
    if status == TRADING_STATUS_PRE_OPEN:
        return ORDER_REJECT_REASON_SESSION_NOT_ALLOWED
    return ORDER_REJECT_REASON_SYMBOL_PAUSED


def session_fault(state: ValidateState, order: OrderPlaced, cutoffs: AuctionCutoffs) -> i64:
    """Orders are taken from pre-market to post-market. Those that may not wait need a session they work in; those for
    today need one that is not over."""
    session = state.session
    time_in_force = order.time_in_force
    if session.phase == SESSION_PHASE_CLOSED:
        return ORDER_REJECT_REASON_SESSION_CLOSED
    if not ORDER_SESSION_REGULAR <= order.session <= ORDER_SESSION_ALL_DAY:
        return ORDER_REJECT_REASON_SESSION_NOT_ALLOWED
    if time_in_force == TIME_IN_FORCE_AT_THE_OPEN:
        too_late = order.event_time_ns >= session.open_ns - cutoffs.opening_ns
        return ORDER_REJECT_REASON_TOO_LATE_FOR_OPENING_AUCTION if too_late else PASSED
    if time_in_force == TIME_IN_FORCE_AT_THE_CLOSE:
        too_late = order.event_time_ns >= session.close_ns - cutoffs.closing_ns
        return ORDER_REJECT_REASON_TOO_LATE_FOR_CLOSING_AUCTION if too_late else PASSED
    if session.phase == SESSION_PHASE_REGULAR:
        return PASSED
    if is_at_once(time_in_force):
        return PASSED if works_in(order.session, session.phase) else ORDER_REJECT_REASON_SESSION_NOT_ALLOWED
    if time_in_force == TIME_IN_FORCE_DAY and session.phase == SESSION_PHASE_POST_MARKET:
        lasts = order.session in (ORDER_SESSION_POST_MARKET, ORDER_SESSION_ALL_DAY)
        return PASSED if lasts else ORDER_REJECT_REASON_SESSION_NOT_ALLOWED
    return PASSED


def reference_price_e8(state: ValidateState) -> i64:
    """The price to judge orders against in 1e-8; 0 where there is none."""
    middle_e8: i64 = 0
    if state.bid_price_e8 > 0 and state.ask_price_e8 > 0:
        middle_e8 = (state.bid_price_e8 + state.ask_price_e8) // 2
    if state.last_price_e8 > 0 and (state.instrument.instrument_type != INSTRUMENT_TYPE_OPTION or middle_e8 == 0):
        return state.last_price_e8
    return middle_e8 if middle_e8 > 0 else state.instrument.previous_close_price_e8


def reach_e8(price_e8: i64, bps: i64) -> i64:
    """So many basis points of a price, rounded down; exact without a product above 64 bits."""
    return price_e8 // BPS * bps + price_e8 % BPS * bps // BPS


def reference_fault(state: ValidateState, order: OrderPlaced, reference_e8: i64) -> i64:
    """Limit prices too far through the market, and stops that would be set off at once."""
    kind = order.order_type
    collar_bps = state.instrument.collar_bps
    if reference_e8 == 0:
        judged = kind in (ORDER_TYPE_MARKET, ORDER_TYPE_STOP) or collar_bps > 0
        return ORDER_REJECT_REASON_REFERENCE_PRICE_MISSING if judged else PASSED
    if order.limit_price_e8 > 0:
        if collar_bps > 0 and is_outside_collar(order, reference_e8, collar_bps):
            return ORDER_REJECT_REASON_PRICE_OUTSIDE_COLLAR
        if kind == ORDER_TYPE_LIMIT and is_outside_bands(state, order):
            return ORDER_REJECT_REASON_PRICE_OUTSIDE_LULD_BANDS
    if order.stop_price_e8 > 0:
        at_once = order.stop_price_e8 <= reference_e8 if order.side == SIDE_BUY else order.stop_price_e8 >= reference_e8
        if at_once:
            return ORDER_REJECT_REASON_STOP_PRICE_ON_WRONG_SIDE
    return PASSED


def collar_limit_e8(order: OrderPlaced, reference_e8: i64, collar_bps: i64) -> i64:
    """The furthest limit price the collar lets pass; a stop limit order's is measured from its stop price."""
    start_e8 = order.stop_price_e8 if order.stop_price_e8 > 0 else reference_e8
    reach = reach_e8(start_e8, collar_bps)
    return start_e8 + reach if order.side == SIDE_BUY else start_e8 - reach


def is_outside_collar(order: OrderPlaced, reference_e8: i64, collar_bps: i64) -> bool:
    furthest_e8 = collar_limit_e8(order, reference_e8, collar_bps)
    return order.limit_price_e8 > furthest_e8 if order.side == SIDE_BUY else order.limit_price_e8 < furthest_e8


def is_outside_bands(state: ValidateState, order: OrderPlaced) -> bool:
    """The bands hold in regular hours."""
    if state.session.phase != SESSION_PHASE_REGULAR:
        return False
    if order.side == SIDE_BUY:
        return state.upper_band_e8 > 0 and order.limit_price_e8 > state.upper_band_e8
    return order.limit_price_e8 < state.lower_band_e8


def notional_exceeds(instrument: ListedInstrument, order: OrderPlaced, reference_e8: i64) -> bool:
    """Quantity * multiplier * price above the limit, taken at the highest of limit, stop and reference price."""
    own_price_e8 = max(order.limit_price_e8, order.stop_price_e8)
    price_e8 = max(own_price_e8, reference_e8)
    return order.quantity > instrument.notional_max_e8 // max(price_e8, 1) // instrument.multiplier
