"""Hold each order, replace and cancel against the rules of its instrument and market, before any money is at stake.

Theory of operation. Reference data, trading status and prices of a symbol come as streams and are kept in the state;
each request is held against them in a fixed order of checks: envelope, conduct, shape, instrument, market. The first
that fails names the reason (reject_rules.py, docs/reject-reasons.md); what passes goes on as OrderValidated with the
facts risk needs. Time is the request's own. Nothing is computed with prices or quantities before they are bounded.

A replace is judged as the order it would make: terms it may not change are those of the order as remembered. Of an
order no longer remembered the type is told by the prices, and the terms passed on are NONE: execution knows them.
Cancels pass unless they name no order, or one rejected here.

Invariant: each OrderPlaced gives exactly one OrderValidated or OrderRejected, each replace request one OrderValidated
or OrderReplaceRejected, each cancel request one OrderValidated or OrderCancelRejected.
Bound: order_ids_max ids of orders and as many of replaces (order_memory.py); accounts that order within one second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from dataflow.model import Context, KeyedOperator, Record
from operators.order_keys import SEPARATOR, order_key
from operators.order_market_fit import AuctionCutoffs, instrument_fault, is_marked, market_fault, reference_price_e8
from operators.order_memory import (
    ACCEPTED_BIT,
    UNKNOWN,
    apply_terms,
    begin_day,
    count_in_second,
    known_terms,
    remember_order,
    replace_fault,
    take_request,
    terms_of,
)
from operators.order_shape import PASSED, shape_fault
from operators.printable_text import is_plain
from operators.reference_data import OrderLimits, take_instrument, take_price, take_status
from operators.reject_figures import ACCOUNT_LENGTH_MAX, ID_LENGTH_MAX, figures_of
from operators.trading_hours import DAY_S, SECOND_NS
from operators.trading_sessions import Sessions
from schemas.generated.events import (
    ORDER_ACTION_CANCEL,
    ORDER_ACTION_NEW,
    ORDER_ACTION_REPLACE,
    ORDER_REJECT_REASON_ACCOUNT_MALFORMED,
    ORDER_REJECT_REASON_ACCOUNT_MISSING,
    ORDER_REJECT_REASON_EVENT_TIME_OUT_OF_RANGE,
    ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED,
    ORDER_REJECT_REASON_ORDER_ID_DUPLICATE,
    ORDER_REJECT_REASON_ORDER_ID_MALFORMED,
    ORDER_REJECT_REASON_ORDER_ID_MISSING,
    ORDER_REJECT_REASON_ORDER_ID_TOO_LONG,
    ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT,
    ORDER_REJECT_REASON_REQUEST_ID_DUPLICATE,
    ORDER_REJECT_REASON_REQUEST_ID_MALFORMED,
    ORDER_REJECT_REASON_REQUEST_ID_MISSING,
    ORDER_REJECT_REASON_SYMBOL_MISSING,
    ORDER_REJECT_REASON_SYMBOL_UNKNOWN,
    ORDER_STATE_REJECTED,
    ORDER_STATE_UNKNOWN,
    ORDER_STEP_VALIDATE,
    InstrumentChanged,
    OrderCancelRejected,
    OrderCancelRequested,
    OrderPlaced,
    OrderRejected,
    OrderReplaceRejected,
    OrderReplaceRequested,
    OrderValidated,
    PriceUpdated,
    TradingStatusChanged,
)
from schemas.generated.states import ValidateState

UNITS_MAX: Final = 46_000_000_000
"""Highest notional limit in currency units: in 1e-8 it stays below 2**62."""


@dataclass(frozen=True)
class ValidateParameters:
    """Parameters of validate."""

    order_ids_max: int = 20_000
    """Order ids a symbol remembers to tell duplicates (at least half as many); and ids of replace requests."""
    orders_per_second_max: int = 500
    """Orders and replaces of one account in one symbol and second of event time; 0 is unlimited."""
    quantity_max: int = 10_000_000
    """Largest order in shares or contracts; an instrument may set a lower limit."""
    notional_max: int = 1_000_000_000
    """Largest order in currency units, at most 46 billion; an instrument may set a lower limit."""
    expiry_days_max: int = 365
    """How far ahead a good-till-date order may expire."""
    opening_cutoff_s: int = 120
    """Orders at the open are taken until so long before it (Nasdaq Rule 4752: 09:28)."""
    closing_cutoff_s: int = 600
    """Orders at the close are taken until so long before it (NYSE Rule 7.35B: 15:50)."""
    session_hours: str = "CALENDAR"
    """What opens and closes trading: CALENDAR (hours of US exchanges) or STATUS (TradingStatusChanged alone)."""
    closed_days: tuple[int, ...] = ()
    """Weekdays without trading besides those of the built-in calendar, as YYYYMMDD."""
    early_close_days: tuple[int, ...] = ()
    """Days on which trading ends at 13:00 besides those of the built-in calendar, as YYYYMMDD."""

    def __post_init__(self) -> None:
        if self.order_ids_max < 2:
            raise ValueError(f"order_ids_max is {self.order_ids_max}; give 2 or more")
        if not 1 <= self.quantity_max <= 1_000_000_000_000:
            raise ValueError(f"quantity_max is {self.quantity_max}; give 1 to 1,000,000,000,000")
        if not 1 <= self.notional_max <= UNITS_MAX:
            raise ValueError(f"notional_max is {self.notional_max}; give 1 to {UNITS_MAX:,}")
        if not 1 <= self.expiry_days_max <= 10_000:
            raise ValueError(f"expiry_days_max is {self.expiry_days_max}; give 1 to 10,000")
        if min(self.orders_per_second_max, self.opening_cutoff_s, self.closing_cutoff_s) < 0:
            raise ValueError("orders_per_second_max, opening_cutoff_s and closing_cutoff_s are 0 or more")
        if max(self.opening_cutoff_s, self.closing_cutoff_s) > DAY_S:
            raise ValueError("opening_cutoff_s and closing_cutoff_s are 86,400 at most")
        if self.session_hours not in ("CALENDAR", "STATUS"):
            raise ValueError(f"session_hours is CALENDAR or STATUS, not {self.session_hours!r}")


class Validate(KeyedOperator[ValidateState]):
    """Emits OrderValidated, or a reject with its reason, for each request."""

    def __init__(self, parameters: ValidateParameters) -> None:
        self.limits: OrderLimits = OrderLimits(
            parameters.quantity_max,
            parameters.notional_max * 100_000_000,
            parameters.orders_per_second_max,
            parameters.expiry_days_max * DAY_S * SECOND_NS,
        )
        self.cutoffs: AuctionCutoffs = AuctionCutoffs(
            parameters.opening_cutoff_s * SECOND_NS, parameters.closing_cutoff_s * SECOND_NS
        )
        self.sessions: Sessions = Sessions(
            parameters.session_hours == "STATUS", parameters.closed_days, parameters.early_close_days
        )
        self.generation: i64 = parameters.order_ids_max // 2

    def on_record(self, state: ValidateState, record: Record, context: Context) -> None:
        if isinstance(record, OrderPlaced):
            self.on_order(state, record, context)
        elif isinstance(record, PriceUpdated):
            take_price(state, record)
        elif isinstance(record, OrderCancelRequested):
            self.on_cancel(state, record, context)
        elif isinstance(record, OrderReplaceRequested):
            self.on_replace(state, record, context)
        elif isinstance(record, TradingStatusChanged):
            if not take_status(state, record):
                context.emit_late(record)
        else:
            assert isinstance(record, InstrumentChanged)
            if not take_instrument(state, record, self.limits):
                context.emit_late(record)

    def on_order(self, state: ValidateState, order: OrderPlaced, context: Context) -> None:
        reason = self.admission_fault(state, order)
        if reason == PASSED:
            reason = self.order_fault(state, order)
            terms: i64 = 0
            if reason == PASSED:
                terms = terms_of(order) | ACCEPTED_BIT
            if not remember_order(state, order_key(order.account, order.order_id), terms, self.generation):
                reason = ORDER_REJECT_REASON_ORDER_ID_DUPLICATE
        if reason == PASSED:
            context.emit(validated(state, order, ORDER_ACTION_NEW, ""))
        else:
            self.reject(state, order, reason, context)

    def on_replace(self, state: ValidateState, request: OrderReplaceRequested, context: Context) -> None:
        order = OrderPlaced(request.event_time_ns, request.symbol, request.account, request.order_id, request.side)
        order.quantity = request.quantity
        order.display_quantity = request.display_quantity
        order.limit_price_e8 = request.limit_price_e8
        order.stop_price_e8 = request.stop_price_e8
        order.expire_time_ns = request.expire_time_ns
        reason = request_id_fault(request.request_id)
        if reason == PASSED:
            reason = self.admission_fault(state, order)
        if reason == PASSED:
            key = order_key(order.account, order.order_id)
            terms = known_terms(state, key)
            if not take_request(state, f"{key}{SEPARATOR}{request.request_id}", self.generation):
                reason = ORDER_REJECT_REASON_REQUEST_ID_DUPLICATE
            else:
                reason = replace_fault(order, terms, is_marked(state.instrument))
            if reason == PASSED:
                reason = self.order_fault(state, order)
            if reason == PASSED and terms == UNKNOWN:
                apply_terms(request.side, order)
        if reason == PASSED:
            context.emit(validated(state, order, ORDER_ACTION_REPLACE, request.request_id))
        else:
            self.reject_replace(state, order, request.request_id, reason, context)

    def on_cancel(self, state: ValidateState, request: OrderCancelRequested, context: Context) -> None:
        order = OrderPlaced(request.event_time_ns, request.symbol, request.account, request.order_id)
        reason = request_id_fault(request.request_id)
        if reason == PASSED:
            reason = self.envelope_fault(state, order)
        if reason == PASSED:
            terms = known_terms(state, order_key(order.account, order.order_id))
            if terms != UNKNOWN:
                apply_terms(terms, order)
                if terms & ACCEPTED_BIT == 0:
                    reason = ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED
        if reason == PASSED:
            context.emit(validated(state, order, ORDER_ACTION_CANCEL, request.request_id))
            return
        rejected = OrderCancelRejected(request.event_time_ns, request.symbol, request.account, request.order_id)
        rejected.request_id = request.request_id
        rejected.step = ORDER_STEP_VALIDATE
        rejected.reason = reason
        rejected.state = state_after(reason)
        context.emit(rejected)

    def admission_fault(self, state: ValidateState, order: OrderPlaced) -> i64:
        """Envelope and rate; once these pass, the state is in the session of the order's time."""
        reason = self.envelope_fault(state, order)
        if reason != PASSED:
            return reason
        time_ns = order.event_time_ns
        session = state.session
        if not session.start_ns <= time_ns < session.end_ns:
            state.session = self.sessions.span(time_ns, state.instrument)
            if state.session.day_start_ns > state.memory_day_ns:
                begin_day(state, state.session.day_start_ns, self.generation)
        rate_max = self.limits.orders_per_second_max
        if rate_max > 0 and count_in_second(state, order.account, time_ns) > rate_max:
            return ORDER_REJECT_REASON_ORDER_RATE_ABOVE_LIMIT
        return PASSED

    def envelope_fault(self, state: ValidateState, order: OrderPlaced) -> i64:
        """Why there is no order at all, or PASSED."""
        if not self.sessions.first_ns <= order.event_time_ns < self.sessions.end_ns:
            return ORDER_REJECT_REASON_EVENT_TIME_OUT_OF_RANGE
        if not order.symbol:
            return ORDER_REJECT_REASON_SYMBOL_MISSING
        if not order.account:
            return ORDER_REJECT_REASON_ACCOUNT_MISSING
        if len(order.account) > ACCOUNT_LENGTH_MAX or not is_plain(order.account):
            return ORDER_REJECT_REASON_ACCOUNT_MALFORMED
        if not order.order_id:
            return ORDER_REJECT_REASON_ORDER_ID_MISSING
        if len(order.order_id) > ID_LENGTH_MAX:
            return ORDER_REJECT_REASON_ORDER_ID_TOO_LONG
        if not is_plain(order.order_id):
            return ORDER_REJECT_REASON_ORDER_ID_MALFORMED
        if state.instrument.known:
            return PASSED
        return ORDER_REJECT_REASON_SYMBOL_UNKNOWN

    def order_fault(self, state: ValidateState, order: OrderPlaced) -> i64:
        """The first reason of shape, instrument or market, or PASSED."""
        reason = shape_fault(order, self.limits.expiry_max_ns)
        if reason == PASSED:
            reason = instrument_fault(state, order)
        if reason == PASSED:
            reason = market_fault(state, order, reference_price_e8(state), self.cutoffs)
        return reason

    def reject(self, state: ValidateState, order: OrderPlaced, reason: i64, context: Context) -> None:
        figures = figures_of(reason, order, state, self.limits)
        rejected = OrderRejected(order.event_time_ns, order.symbol, order.account, order.order_id)
        rejected.step = ORDER_STEP_VALIDATE
        rejected.reason = reason
        rejected.figure_e8 = figures.figure_e8
        rejected.limit_e8 = figures.limit_e8
        rejected.side = order.side
        rejected.quantity = order.quantity
        rejected.limit_price_e8 = order.limit_price_e8
        rejected.reference_price_e8 = reference_price_e8(state)
        context.emit(rejected)

    def reject_replace(
        self, state: ValidateState, order: OrderPlaced, request_id: str, reason: i64, context: Context
    ) -> None:
        figures = figures_of(reason, order, state, self.limits)
        rejected = OrderReplaceRejected(order.event_time_ns, order.symbol, order.account, order.order_id, request_id)
        rejected.step = ORDER_STEP_VALIDATE
        rejected.reason = reason
        rejected.figure_e8 = figures.figure_e8
        rejected.limit_e8 = figures.limit_e8
        rejected.state = state_after(reason)
        context.emit(rejected)


def request_id_fault(request_id: str) -> i64:
    if not request_id:
        return ORDER_REJECT_REASON_REQUEST_ID_MISSING
    if len(request_id) > ID_LENGTH_MAX or not is_plain(request_id):
        return ORDER_REJECT_REASON_REQUEST_ID_MALFORMED
    return PASSED


def state_after(reason: i64) -> i64:
    """Where the order stands, as far as validate knows."""
    return ORDER_STATE_REJECTED if reason == ORDER_REJECT_REASON_ORDER_ALREADY_REJECTED else ORDER_STATE_UNKNOWN


def validated(state: ValidateState, order: OrderPlaced, action: i64, request_id: str) -> OrderValidated:
    """The order with the facts of instrument and market."""
    instrument = state.instrument
    passed = OrderValidated(order.event_time_ns, order.symbol, order.account, order.order_id, action, request_id)
    passed.side = order.side
    passed.marking = order.marking
    passed.order_type = order.order_type
    passed.time_in_force = order.time_in_force
    passed.session = order.session
    passed.quantity = order.quantity
    passed.display_quantity = order.display_quantity
    passed.limit_price_e8 = order.limit_price_e8
    passed.stop_price_e8 = order.stop_price_e8
    passed.expire_time_ns = order.expire_time_ns
    passed.post_only = order.post_only
    passed.all_or_none = order.all_or_none
    passed.self_trade_prevention = order.self_trade_prevention
    passed.instrument_type = instrument.instrument_type
    passed.multiplier = instrument.multiplier
    passed.reference_price_e8 = reference_price_e8(state)
    passed.underlying_price_e8 = instrument.underlying_price_e8
    passed.strike_price_e8 = instrument.strike_price_e8
    passed.option_right = instrument.option_right
    passed.contract_margin_e8 = instrument.contract_margin_e8
    passed.bid_price_e8 = state.bid_price_e8
    passed.ask_price_e8 = state.ask_price_e8
    passed.shortable = instrument.shortable
    passed.short_restricted = state.short_restricted
    return passed
