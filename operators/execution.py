"""Execute approved orders of a symbol: an order book by price and time, auctions, and the market's quotes.

Theory of operation. Three inputs: what risk has approved (new orders, replaces, cancels), the market (quotes and last
sale, conflated upstream to at most one pending per symbol), and the trading status. Before each, the clock moves on and
does what has become due (trading_phases); then the input acts; then stops and all-or-none orders that it set off work
until nothing moves (matching.settle). So between two inputs the book is always at rest, and a snapshot may be taken.
An input of an earlier time than one before it (a quote that was held back, a timer) acts now, and its events bear the
time of the book's clock: what happens to an order never happens before what happened to it already.

A request meets one of these ends, never silence: OrderAccepted, then perhaps fills, OrderSuspended, OrderCancelled;
OrderRejected; OrderReplaced or OrderReplaceRejected; OrderCancelled or OrderCancelRejected; and OrderTransitionRefused
for an order that is there already, or was.

Invariant: shares bought equal shares sold, the market outside included; filled plus left equals an order's quantity.
Bound: open orders <= open_orders_max; remembered ended orders < 2 * ended_orders_max.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from dataflow.model import Context, KeyedOperator, Record
from operators.execution_reports import Reports, Tariff
from operators.liquidity import Sources
from operators.matching import Matcher
from operators.order_entry import OrderEntry
from operators.session_hours import SessionHours
from operators.trading_hours import stock_calendar
from operators.trading_phases import Phases
from schemas.generated.events import PRICE_KIND_QUOTE, PRICE_KIND_TRADE, PriceUpdated, RiskChecked, TradingStatusChanged
from schemas.generated.states import SESSION_PHASE_CLOSED, TRADING_STATUS_TRADING, ExecutionState

LIQUIDITY_CHOICES: Final[tuple[str, ...]] = ("BOOK", "QUOTES", "BOOK_AND_QUOTES")


@dataclass(frozen=True)
class ExecutionParameters:
    """Parameters of execution. Money is in 1e-8 of the currency unit."""

    liquidity: str = "BOOK"
    """What orders trade with: BOOK (each other), QUOTES (the national best bid and offer, up to the displayed size), or
    BOOK_AND_QUOTES."""
    protect_quotes: bool = True
    """Never trade in the book at a price worse than the national best bid or offer (Rule 611)."""
    stop_trigger: str = "LAST"
    """What sets off stops: LAST (last sale, outside or here) or QUOTE (offer for buyers, bid for sellers)."""
    session_hours: str = "CALENDAR"
    """What opens and closes trading: CALENDAR (hours of US equities) or STATUS (TradingStatusChanged alone)."""
    closed_days: tuple[int, ...] = ()
    """Weekdays without trading besides those of the built-in calendar, as YYYYMMDD."""
    early_close_days: tuple[int, ...] = ()
    """Days on which regular hours end at 13:00 besides those of the built-in calendar, as YYYYMMDD."""
    venue: str = "TPLN"
    """Market identifier code of the book."""
    commission_per_unit_e8: int = 350_000
    """Commission per share or contract."""
    commission_per_order_min_e8: int = 35_000_000
    """Least commission of an order that trades."""
    taker_fee_per_unit_e8: int = 300_000
    """Venue fee per unit for taking liquidity (17 CFR 242.610(c) caps it at $0.0030 from $1.00 on)."""
    maker_fee_per_unit_e8: int = -200_000
    """Venue fee per unit for adding liquidity; negative is a rebate."""
    open_orders_max: int = 100_000
    """Open orders per symbol; above, new ones are rejected."""
    ended_orders_max: int = 4_096
    """So many ended orders per symbol (up to twice as many) are known by how they ended."""


class Execution(KeyedOperator[ExecutionState]):
    """The book of each symbol, and all that waits beside it."""

    def __init__(self, parameters: ExecutionParameters) -> None:
        if parameters.liquidity not in LIQUIDITY_CHOICES:
            raise ValueError(f"liquidity is one of {', '.join(LIQUIDITY_CHOICES)}, not {parameters.liquidity!r}")
        if parameters.stop_trigger not in ("LAST", "QUOTE"):
            raise ValueError(f"stop_trigger is LAST or QUOTE, not {parameters.stop_trigger!r}")
        if parameters.session_hours not in ("CALENDAR", "STATUS"):
            raise ValueError(f"session_hours is CALENDAR or STATUS, not {parameters.session_hours!r}")
        tariff = Tariff(
            parameters.commission_per_unit_e8,
            parameters.commission_per_order_min_e8,
            parameters.taker_fee_per_unit_e8,
            parameters.maker_fee_per_unit_e8,
        )
        sources = Sources(parameters.liquidity != "QUOTES", parameters.liquidity != "BOOK", parameters.protect_quotes)
        reports = Reports(parameters.venue, tariff)
        self.matcher: Matcher = Matcher(
            reports, sources, parameters.stop_trigger == "QUOTE", parameters.ended_orders_max
        )
        calendar = stock_calendar(parameters.closed_days, parameters.early_close_days)
        self.phases: Phases = Phases(SessionHours(parameters.session_hours == "STATUS", calendar), self.matcher)
        self.entry: OrderEntry = OrderEntry(self.matcher, parameters.open_orders_max)

    def on_record(self, state: ExecutionState, record: Record, context: Context) -> None:
        context.cause_time_ns = max(context.cause_time_ns, state.clock_ns)
        self.phases.advance(state, record.event_time_ns, context)
        if isinstance(record, RiskChecked):
            self.entry.request(state, record, context)
        elif isinstance(record, PriceUpdated):
            self.on_price(state, record, context)
        else:
            assert isinstance(record, TradingStatusChanged)
            self.phases.change_status(state, record.status, context)

    def on_timer(self, state: ExecutionState, at_ns: i64, context: Context) -> None:
        context.cause_time_ns = max(context.cause_time_ns, state.clock_ns)
        self.phases.advance(state, at_ns, context)
        if len(state.expiries) > 0:
            context.set_timer(state.expiries[-1].at_ns)

    def on_price(self, state: ExecutionState, record: PriceUpdated, context: Context) -> None:
        take_quote(state, record)
        last_e8 = record.last_price_e8
        if last_e8 > 0 and (record.kind == PRICE_KIND_TRADE or last_e8 != state.market_last_price_e8):
            state.market_last_price_e8 = last_e8
            state.last_price_e8 = last_e8
        if state.open_orders == 0 or state.status != TRADING_STATUS_TRADING or state.phase == SESSION_PHASE_CLOSED:
            return
        if self.matcher.uses_quotes:
            self.matcher.fill_at_quotes(state, context)
        self.matcher.settle(state, context)


def take_quote(state: ExecutionState, record: PriceUpdated) -> None:
    """Take the national best bid and offer. Displayed size is there anew with each quote, and where it changed."""
    fresh = record.kind == PRICE_KIND_QUOTE
    if fresh or record.bid_price_e8 != state.bid_price_e8 or record.bid_quantity != state.bid_quantity:
        state.bid_price_e8 = record.bid_price_e8
        state.bid_quantity = record.bid_quantity
        state.bid_left = record.bid_quantity
        state.bid_venue = record.bid_venue
    if fresh or record.ask_price_e8 != state.ask_price_e8 or record.ask_quantity != state.ask_quantity:
        state.ask_price_e8 = record.ask_price_e8
        state.ask_quantity = record.ask_quantity
        state.ask_left = record.ask_quantity
        state.ask_venue = record.ask_venue
