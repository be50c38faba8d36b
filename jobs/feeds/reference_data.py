"""The instruments of the simulated market as reference data, and when they are halted.

Before dawn of the day every symbol is told once; then come the halts of the market, at the moments at which its venues
tell them. Symbols that begin the day under Rule 201 are told so.
"""

from __future__ import annotations

from typing import Any, Final

from mypy_extensions import i64

from dataflow.connectors.identity import source_prefix, stamp
from dataflow.model import Record, derive_id
from dataflow.ports import Batch, Source
from jobs.feeds.episode import FIRST_FREE, LAST
from jobs.feeds.instruments import Instrument
from jobs.feeds.listing import is_restricted, is_shortable
from jobs.feeds.market_day import MINUTE_NS, MarketDayPlan
from jobs.feeds.market_view import MARKET_OPTIONS, MarketView, market_plan
from jobs.feeds.order_terms import away_e8
from jobs.feeds.specification import Specification
from jobs.feeds.stated_records import stated_records
from schemas.generated.events import (
    INSTRUMENT_ACTION_LISTED,
    INSTRUMENT_TYPE_STOCK,
    LULD_TIER_TIER_1,
    LULD_TIER_TIER_2,
    TRADING_STATUS_HALTED,
    TRADING_STATUS_QUOTING,
    TRADING_STATUS_REASON_NEWS_PENDING,
    TRADING_STATUS_REASON_SHORT_SALE_TEST,
    TRADING_STATUS_TRADING,
    InstrumentChanged,
    TradingStatusChanged,
)

BATCH_SYMBOLS: Final = 1024
BEFORE_OPEN_NS: Final[i64] = 390 * MINUTE_NS
"""Reference data is told so long before the opening: at 03:00 in New York."""
TIER_1_SHARE: Final = 4
"""A quarter of the symbols, the most active, is in tier 1 of the limit up-limit down plan."""
COLLARS: Final[tuple[tuple[int, int], ...]] = ((2_500_000_000, 1_000), (0, 500))
CLOSE_SALT: Final = 1101


def told_ns(open_ns: i64) -> i64:
    """When the first symbol is told."""
    return open_ns - BEFORE_OPEN_NS


def collar_bps(price_e8: i64) -> i64:
    """How far a limit price may reach: 10 % up to 25 dollars, 5 % above."""
    return COLLARS[0][1] if price_e8 <= COLLARS[0][0] else COLLARS[1][1]


def previous_close_e8(view: MarketView, instrument: Instrument) -> i64:
    """Near where the market begins: up to 0.6 percent from it."""
    quotes = view.quotes_after(instrument.rank, 0)
    gap_bps = derive_id(instrument.key, CLOSE_SALT) % 121 - 60
    return away_e8(quotes.bid_e8, gap_bps, instrument.tick_e8)


def instrument_changed(view: MarketView, rank: i64) -> InstrumentChanged:
    """The reference data of the symbol of this rank."""
    instrument = view.instrument(rank)
    close_e8 = previous_close_e8(view, instrument)
    return InstrumentChanged(
        event_time_ns=told_ns(view.day.open_ns) + rank,
        symbol=instrument.symbol,
        action=INSTRUMENT_ACTION_LISTED,
        instrument_type=INSTRUMENT_TYPE_STOCK,
        long_name=instrument.symbol.title() + " Corporation",
        currency="USD",
        primary_venue=instrument.listing_venue,
        lot_quantity=100,
        order_multiple=1,
        multiplier=1,
        luld_tier=LULD_TIER_TIER_1 if rank * TIER_1_SHARE < len(view.day.instruments) else LULD_TIER_TIER_2,
        leverage_percent=100,
        shortable=is_shortable(rank),
        previous_close_price_e8=close_e8,
        collar_bps=collar_bps(close_e8),
    )


def restriction(view: MarketView, rank: i64) -> TradingStatusChanged:
    at_ns = told_ns(view.day.open_ns) + len(view.day.instruments) + rank
    change = TradingStatusChanged(at_ns, view.instrument(rank).symbol, TRADING_STATUS_TRADING)
    change.reason = TRADING_STATUS_REASON_SHORT_SALE_TEST
    change.short_restricted = True
    return change


def halt_changes(view: MarketView, rank: i64) -> list[TradingStatusChanged]:
    """Halt, quoting and trading again, at the moments of the market's own messages."""
    day = view.day
    symbol = view.instrument(rank).symbol
    first = view.occurrences.nth(rank, day.halt_starts[rank])
    last = view.occurrences.nth(rank, day.halt_ends[rank])
    steps = (
        (first, LAST, TRADING_STATUS_HALTED),
        (last, FIRST_FREE, TRADING_STATUS_QUOTING),
        (last, LAST, TRADING_STATUS_TRADING),
    )
    changes: list[TradingStatusChanged] = []
    for episode, place, status in steps:
        view.writer.turn_to(episode)
        change = TradingStatusChanged(view.writer.event(place, 1).event_time_ns, symbol, status)
        change.reason = TRADING_STATUS_REASON_NEWS_PENDING
        change.short_restricted = is_restricted(rank)
        changes.append(change)
    return changes


def time_of(change: TradingStatusChanged) -> int:
    return change.event_time_ns


def all_changes(view: MarketView) -> list[TradingStatusChanged]:
    """The changes of status of the whole day, in order of time."""
    symbols = len(view.day.instruments)
    changes = [restriction(view, rank) for rank in range(symbols) if is_restricted(rank)]
    halts: list[TradingStatusChanged] = []
    for rank in range(symbols):
        if view.day.halt_starts[rank] >= 0:
            halts += halt_changes(view, rank)
    return changes + sorted(halts, key=time_of)


class ReferenceData:
    """The source (see `dataflow.ports.Source`)."""

    def __init__(self, name: str, plan: MarketDayPlan) -> None:
        self.plan: Final[MarketDayPlan] = plan
        self.prefix: i64 = source_prefix(name)
        self.view: MarketView | None = None
        self.changes: list[TradingStatusChanged] = []
        self.batch: i64 = 0

    def open(self, position: Any | None) -> None:
        if self.view is None:
            self.view = MarketView(self.plan)
            self.changes = all_changes(self.view)
        self.batch = 0 if position is None else position["batch"]

    def read(self) -> Batch | None:
        assert self.view is not None, "the source is not open"
        symbols: i64 = self.plan.symbols
        number: i64 = self.batch * BATCH_SYMBOLS
        end: i64 = min(number + BATCH_SYMBOLS, symbols + len(self.changes))
        if number >= end:
            return None
        batch = Batch({"batch": self.batch})
        while number < end:
            record = self.record(self.view, number)
            number += 1
            stamp(record, self.prefix, number)
            batch.records.append(record)
        self.batch += 1
        return batch

    def record(self, view: MarketView, number: i64) -> Record:
        """The record of this number, from 0."""
        if number < self.plan.symbols:
            return instrument_changed(view, number)
        return self.changes[number - self.plan.symbols]

    def expected_records(self) -> int | None:
        return self.plan.symbols

    def close(self) -> None:
        self.view = None
        self.changes = []


def open_feed(specification: Specification, name: str) -> Source:
    """The source for `reference_data:seed=1,symbols=20,date=2026-11-20`, or `reference_data:FILE`. Raises
    InputFault."""
    if specification.place:
        return stated_records(specification, name, ("InstrumentChanged", "TradingStatusChanged"))
    specification.known(MARKET_OPTIONS)
    return ReferenceData(name, market_plan(specification))
