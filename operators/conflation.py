"""Let one quote per symbol and interval through to the order book; sales and changes of status all pass at once.

Theory of operation. A symbol's best bid and offer may change thousands of times a second; orders need the newest, not
each. The first quote after a quiet interval passes at once. Later ones wait, each taking the place of the one before,
until the interval is over; then the last one goes, as a quote of that moment. Stops are set off by sales, and halts are
changes of status: those pass as they come. Each tells the whole market, so a waiting quote takes over what they say,
and what goes later is never older than what went before.

What lies after the end of an interval first lets out the quote that waits; where nothing follows, a timer does, once
the watermark is there: a quote waits for the interval, and in a silent symbol as long as the watermark lags besides. A
quote of a time before the interval began (its source went back) begins a new one, in place of the quote that waits.

Invariant: every sale and every change of status passes, in its order; so does the last quote of every interval.
Bound: one quote waits per symbol. Of quotes whose time does not go back, one an interval passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mypy_extensions import i64

from dataflow.model import Context, KeyedOperator, Record
from operators.conditions import FLAG_CROSSED, FLAG_LOCKED, FLAG_ONE_SIDED, FLAG_OUTSIDE_HOURS
from schemas.generated.events import PRICE_KIND_QUOTE, PriceUpdated
from schemas.generated.states import ConflateState

MS_NS: Final[i64] = 1_000_000
QUOTE_FLAGS: Final[i64] = FLAG_LOCKED | FLAG_CROSSED | FLAG_ONE_SIDED | FLAG_OUTSIDE_HOURS
"""What is true of a market, and not of a sale in it."""


@dataclass(frozen=True)
class ConflateParameters:
    """Parameters of conflate."""

    interval_ms: int = field(default=100, metadata={"minimum": 0, "maximum": 60_000})
    """Event time in which one quote of a symbol passes; 0 lets all pass."""


class Conflate(KeyedOperator[ConflateState]):
    """Emits the market of a symbol, less often."""

    def __init__(self, parameters: ConflateParameters) -> None:
        self.interval_ns: i64 = parameters.interval_ms * MS_NS

    def on_record(self, state: ConflateState, record: Record, context: Context) -> None:
        assert isinstance(record, PriceUpdated)
        time_ns = record.event_time_ns
        if state.waiting and time_ns >= state.quiet_until_ns:
            context.delete_timer(state.quiet_until_ns)
            self.release(state, context)
        if record.kind != PRICE_KIND_QUOTE:
            context.emit(copied(record))
            if state.waiting:
                wait(state, record)
        elif state.quiet_until_ns - self.interval_ns <= time_ns < state.quiet_until_ns:
            if not state.waiting:
                context.set_timer(state.quiet_until_ns)
            wait(state, record)
        else:
            if state.waiting:
                context.delete_timer(state.quiet_until_ns)
                state.waiting = False
            state.quiet_until_ns = time_ns + self.interval_ns
            context.emit(copied(record))

    def on_timer(self, state: ConflateState, at_ns: i64, context: Context) -> None:
        if state.waiting and at_ns == state.quiet_until_ns:
            self.release(state, context)

    def release(self, state: ConflateState, context: Context) -> None:
        """Let the waiting quote go, as one of the end of its interval; the next interval begins there."""
        quote = PriceUpdated(state.quiet_until_ns, context.key, PRICE_KIND_QUOTE)
        quote.bid_price_e8 = state.bid_price_e8
        quote.bid_quantity = state.bid_quantity
        quote.bid_venue = state.bid_venue
        quote.ask_price_e8 = state.ask_price_e8
        quote.ask_quantity = state.ask_quantity
        quote.ask_venue = state.ask_venue
        quote.last_price_e8 = state.last_price_e8
        quote.last_quantity = state.last_quantity
        quote.last_venue = state.last_venue
        quote.cumulative_volume = state.cumulative_volume
        quote.status = state.status
        quote.flags = state.flags
        state.waiting = False
        state.quiet_until_ns += self.interval_ns
        context.emit(quote)


def wait(state: ConflateState, update: PriceUpdated) -> None:
    """Keep the market as this tells it, to be told at the end of the interval."""
    state.waiting = True
    state.bid_price_e8 = update.bid_price_e8
    state.bid_quantity = update.bid_quantity
    state.bid_venue = update.bid_venue
    state.ask_price_e8 = update.ask_price_e8
    state.ask_quantity = update.ask_quantity
    state.ask_venue = update.ask_venue
    state.last_price_e8 = update.last_price_e8
    state.last_quantity = update.last_quantity
    state.last_venue = update.last_venue
    state.cumulative_volume = update.cumulative_volume
    state.status = update.status
    state.flags = update.flags & QUOTE_FLAGS


def copied(update: PriceUpdated) -> PriceUpdated:
    """The same market in a record of its own: an emitted record gets ids of its own."""
    return PriceUpdated(
        event_time_ns=update.event_time_ns,
        symbol=update.symbol,
        kind=update.kind,
        bid_price_e8=update.bid_price_e8,
        bid_quantity=update.bid_quantity,
        bid_venue=update.bid_venue,
        ask_price_e8=update.ask_price_e8,
        ask_quantity=update.ask_quantity,
        ask_venue=update.ask_venue,
        last_price_e8=update.last_price_e8,
        last_quantity=update.last_quantity,
        last_venue=update.last_venue,
        trade_price_e8=update.trade_price_e8,
        trade_quantity=update.trade_quantity,
        cumulative_volume=update.cumulative_volume,
        status=update.status,
        flags=update.flags,
    )
