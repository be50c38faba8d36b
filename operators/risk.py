"""Let an account's orders pass that it can bear: terms, kill switches, short-sale rules, limits, margin and cash.

Theory of operation. Requests come from validate: a new order or replace is held against the account (risk_checks) and
becomes RiskChecked with the figures it was judged on, or a reject with reason, figure and limit; a cancel always
passes. What becomes of an approved order comes back from execution and releases what it reserved (feedback,
reservations). Positions are valued at the latest of reference price, fill, and what valuation tells (holdings).

Figures are Python integers: without bound when interpreted, when compiled one machine word as long as that is enough.
Where a product is taken in 64 bits, `fits` has bounded it before.

Invariant: cash, positions and reservations reconcile with fills and open orders at any moment.
Bound: see RiskParameters.
Source: 17 CFR 240.15c3-5 (pre-trade controls); margin and short sales: margin_rules, intraday_margin, locates.
"""

from __future__ import annotations

from dataclasses import dataclass

from mypy_extensions import i64

from dataflow.model import Context, KeyedOperator, Record, with_hashes
from operators.account_terms import begin_day, take_terms
from operators.feedback import Feedback
from operators.holdings import enter, is_empty, revalue, withdraw
from operators.intraday_margin import IntradayMargin, IntradayTerms
from operators.kill_switch import throw_switch
from operators.locates import grant
from operators.margin_rules import MarginRates, MarginRules
from operators.reservations import FeeReserve, adopt_type, drop_replace
from operators.risk_checks import Refusal, counted, first_refusal, reservation_price_e8, second_refusal
from operators.risk_reports import approve, reject, reject_replace
from schemas.generated.events import (
    ORDER_ACTION_CANCEL,
    ORDER_ACTION_REPLACE,
    ORDER_REJECT_REASON_HOLDINGS_ABOVE_LIMIT,
    ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID,
    ORDER_REJECT_REASON_OPEN_ORDERS_ABOVE_LIMIT,
    ORDER_REJECT_REASON_ORDER_ID_DUPLICATE,
    ORDER_REJECT_REASON_ORDER_UNKNOWN,
    ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE,
    ORDER_REJECT_REASON_REPLACE_PENDING,
    ORDER_REJECT_REASON_REPLACE_QUANTITY_BELOW_FILLED,
    ORDER_REJECT_REASON_REQUEST_ID_MISSING,
    SALE_MARKING_SHORT,
    SALE_MARKING_SHORT_EXEMPT,
    AccountChanged,
    KillSwitchChanged,
    LocateGranted,
    OrderValidated,
)
from schemas.generated.states import (
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_NONE,
    INSTRUMENT_TYPE_OPTION,
    RiskHolding,
    RiskOrder,
    RiskState,
)


@dataclass(frozen=True)
class RiskParameters:
    """Parameters of risk. Money is in 1e-8 of the currency unit."""

    market_buffer_bps: int = 500
    """A purchase without limit price is reserved at so much above the price it was judged by."""
    fee_per_unit_e8: int = 650_000
    """Set aside for commission and venue fee, per share or contract."""
    fee_per_order_min_e8: int = 35_000_000
    """Least of it until an order trades."""
    open_orders_max: int = 10_000
    """Open orders an account may have, whatever its terms say."""
    holdings_max: int = 10_000
    """Symbols an account may hold or have open orders in."""
    locates_max: int = 1_000
    """Locates kept per account."""
    symbol_switches_max: int = 1_000
    """Symbols with a kill switch of their own; one more switches the whole account."""
    intraday_margin_from: int = 20260604
    """First day (YYYYMMDD) of the intraday margin standard here: it may be phased in until 20271020."""
    deficit_min_e8: int = 100_000_000_000
    """Intraday margin deficits below the lesser of this ..."""
    deficit_min_bps: int = 500
    """... and so many basis points of equity are not acted on."""
    deficit_days: int = 5
    """Business days in which a deficit must be met."""
    freeze_days: int = 90
    """Calendar days for which an unmet deficit freezes an account."""


class Risk(KeyedOperator[RiskState]):
    """Emits RiskChecked, or why not; keeps what every account holds and has open."""

    def __init__(self, parameters: RiskParameters) -> None:
        check_parameters(parameters)
        self.buffer_bps: int = parameters.market_buffer_bps
        self.open_orders_max: i64 = parameters.open_orders_max
        self.holdings_max: i64 = parameters.holdings_max
        self.locates_max: i64 = parameters.locates_max
        self.symbol_switches_max: i64 = parameters.symbol_switches_max
        self.rules: MarginRules = MarginRules(parameters.intraday_margin_from)
        self.reserve: FeeReserve = FeeReserve(parameters.fee_per_unit_e8, parameters.fee_per_order_min_e8)
        terms = IntradayTerms(
            parameters.deficit_min_e8, parameters.deficit_min_bps, parameters.deficit_days, parameters.freeze_days
        )
        self.margin: IntradayMargin = IntradayMargin(terms)
        self.feedback: Feedback = Feedback(self.reserve)

    def on_record(self, state: RiskState, record: Record, context: Context) -> None:
        time_ns = record.event_time_ns
        begin_day(state, time_ns)
        rates = self.rules.at(time_ns)
        if isinstance(record, OrderValidated):
            self.on_request(state, record, rates, context)
        elif isinstance(record, AccountChanged):
            take_terms(state, record)
            for holding in state.holdings.values():
                revalue(state, holding, rates)
        elif isinstance(record, LocateGranted):
            if not grant(state, record, self.locates_max):
                state.refused_inputs += 1
        elif isinstance(record, KillSwitchChanged):
            throw_switch(state, record, self.symbol_switches_max)
        else:
            self.feedback.take(state, record, rates, context)
        self.margin.watch(state, rates)

    def on_request(self, state: RiskState, request: OrderValidated, rates: MarginRates, context: Context) -> None:
        if request.action == ORDER_ACTION_CANCEL:
            approve(state, request, state.holdings.get(request.symbol), state.reserved_e8, context)
        elif request.action == ORDER_ACTION_REPLACE:
            self.on_replace(state, request, rates, context)
        else:
            self.on_new(state, request, rates, context)

    def on_new(self, state: RiskState, request: OrderValidated, rates: MarginRates, context: Context) -> None:
        price_e8 = reservation_price_e8(request, self.buffer_bps)
        refusal = first_refusal(state, request, price_e8)
        holding = state.holdings.get(request.symbol)
        if refusal is None:
            refusal = self.room_refusal(state, holding, request)
        if refusal is not None:
            reject(request, refusal, context)
            return
        if holding is None:
            holding = RiskHolding(0, request.instrument_type, request.multiplier)
            if len(state.holdings) == 0:
                with_hashes(state.holdings)
            state.holdings[request.symbol] = holding
        note_market(holding, request)
        reserved_before_e8 = state.reserved_e8
        order = RiskOrder(request.symbol, request.side, needs_locate(request), request.quantity, 0, price_e8)
        self.reserve.set_on(order)
        enter(state, holding, order)
        revalue(state, holding, rates)
        refusal = second_refusal(state, holding, order, request, rates)
        if refusal is None:
            if len(state.orders) == 0:
                with_hashes(state.orders)
            state.orders[request.order_id] = order
            approve(state, request, holding, reserved_before_e8, context)
            return
        withdraw(state, holding, order)
        revalue(state, holding, rates)
        if is_empty(holding):
            del state.holdings[request.symbol]
        reject(request, refusal, context)

    def room_refusal(self, state: RiskState, holding: RiskHolding | None, request: OrderValidated) -> Refusal | None:
        """Whether there is room for one more order, of this id and in this symbol."""
        if request.order_id in state.orders:
            return Refusal(ORDER_REJECT_REASON_ORDER_ID_DUPLICATE)
        most: i64 = self.open_orders_max
        if state.open_orders_max > 0:
            most = min(most, state.open_orders_max)
        if len(state.orders) >= most:
            return counted(ORDER_REJECT_REASON_OPEN_ORDERS_ABOVE_LIMIT, len(state.orders) + 1, most)
        if holding is not None:
            return instrument_refusal(holding, request)
        if len(state.holdings) >= self.holdings_max:
            holdings = len(state.holdings) + 1
            return counted(ORDER_REJECT_REASON_HOLDINGS_ABOVE_LIMIT, holdings, self.holdings_max)
        return None

    def on_replace(self, state: RiskState, request: OrderValidated, rates: MarginRates, context: Context) -> None:
        order = state.orders.get(request.order_id)
        price_e8 = reservation_price_e8(request, self.buffer_bps)
        refusal = replace_refusal(order, request)
        if refusal is None:
            refusal = first_refusal(state, request, price_e8)
        if refusal is not None or order is None:
            assert refusal is not None
            reject_replace(request, refusal, order, context)
            return
        holding = state.holdings[request.symbol]
        refusal = instrument_refusal(holding, request)
        if refusal is not None:
            reject_replace(request, refusal, order, context)
            return
        note_market(holding, request)
        reserved_before_e8 = state.reserved_e8
        withdraw(state, holding, order)
        order.request_id = request.request_id
        order.next_quantity = request.quantity
        order.next_price_e8 = price_e8
        self.reserve.set_on(order)
        enter(state, holding, order)
        revalue(state, holding, rates)
        refusal = second_refusal(state, holding, order, request, rates)
        if refusal is None:
            approve(state, request, holding, reserved_before_e8, context)
            return
        withdraw(state, holding, order)
        drop_replace(order)
        self.reserve.set_on(order)
        enter(state, holding, order)
        revalue(state, holding, rates)
        reject_replace(request, refusal, order, context)


def check_parameters(parameters: RiskParameters) -> None:
    """Raise ValueError for a parameter that makes no sense."""
    bounds = (
        ("market_buffer_bps", parameters.market_buffer_bps, 0, 10_000),
        ("fee_per_unit_e8", parameters.fee_per_unit_e8, 0, 10**12),
        ("fee_per_order_min_e8", parameters.fee_per_order_min_e8, 0, 10**12),
        ("open_orders_max", parameters.open_orders_max, 1, 1_000_000),
        ("holdings_max", parameters.holdings_max, 1, 100_000),
        ("locates_max", parameters.locates_max, 1, 1_000_000),
        ("symbol_switches_max", parameters.symbol_switches_max, 1, 1_000_000),
        ("intraday_margin_from", parameters.intraday_margin_from, 20260604, 20991231),
        ("deficit_min_e8", parameters.deficit_min_e8, 0, 10**18),
        ("deficit_min_bps", parameters.deficit_min_bps, 0, 10_000),
        ("deficit_days", parameters.deficit_days, 1, 100),
        ("freeze_days", parameters.freeze_days, 0, 1_000),
    )
    for name, value, least, most in bounds:
        if not least <= value <= most:
            raise ValueError(f"{name} is {value}; give {least} to {most}")


def replace_refusal(order: RiskOrder | None, request: OrderValidated) -> Refusal | None:
    """Whether there is an order that this replace may change."""
    if order is None or order.symbol != request.symbol:
        return Refusal(ORDER_REJECT_REASON_ORDER_UNKNOWN)
    if order.request_id != "":
        return Refusal(ORDER_REJECT_REASON_REPLACE_PENDING)
    if request.request_id == "":
        return Refusal(ORDER_REJECT_REASON_REQUEST_ID_MISSING)
    if request.side != order.side:
        return Refusal(ORDER_REJECT_REASON_REPLACE_CHANGES_SIDE)
    if request.quantity <= order.filled_quantity:
        return counted(ORDER_REJECT_REASON_REPLACE_QUANTITY_BELOW_FILLED, request.quantity, order.filled_quantity)
    return None


def instrument_refusal(holding: RiskHolding, request: OrderValidated) -> Refusal | None:
    """An instrument cannot become another while it is held or has open orders."""
    same_type = holding.instrument_type in (request.instrument_type, INSTRUMENT_TYPE_NONE)
    if same_type and holding.multiplier == request.multiplier:
        return None
    return Refusal(ORDER_REJECT_REASON_INSTRUMENT_DATA_INVALID)


def note_market(holding: RiskHolding, request: OrderValidated) -> None:
    """Prices and terms as validate had them; all in bounds."""
    adopt_type(holding, request.instrument_type)
    if request.reference_price_e8 > 0:
        holding.mark_price_e8 = request.reference_price_e8
    if request.instrument_type == INSTRUMENT_TYPE_OPTION:
        holding.strike_price_e8 = request.strike_price_e8
        holding.option_right = request.option_right
        holding.underlying_price_e8 = request.underlying_price_e8
    elif request.instrument_type == INSTRUMENT_TYPE_FUTURE:
        holding.contract_margin_e8 = request.contract_margin_e8


def needs_locate(request: OrderValidated) -> bool:
    """A short sale of a stock that is not easy to borrow."""
    return request.marking in (SALE_MARKING_SHORT, SALE_MARKING_SHORT_EXEMPT) and not request.shortable
