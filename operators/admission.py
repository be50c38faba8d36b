"""Which messages of a venue count at all: who sent them, in which order, on which trading day.

Theory of operation. The messages of a venue carry rising numbers (where it has any) and times that never fall far back.
What repeats or falls back is refused. One message with a number or time far ahead would thus silence its venue, or a
whole symbol; so refusals are counted, and when enough in a row are in order among themselves, they are a new start.

Invariant: the trading day moves forward, but for such a new start.
Bound: max_venues venues.
"""

from __future__ import annotations

from mypy_extensions import i64

from dataflow.model import Context
from operators.best_quote import clear_quote, find_best_ask, find_best_bid
from operators.message_checks import ACCEPTED, figures, has_restarted, sequence_fault
from operators.publication import refuse
from operators.trading_hours import LATEST_NS, Calendar, trading_day
from schemas.generated.events import (
    MARKET_DATA_REJECT_REASON_MARKED_SUSPICIOUS,
    MARKET_DATA_REJECT_REASON_MESSAGE_STALE,
    MARKET_DATA_REJECT_REASON_SYMBOL_MISSING,
    MARKET_DATA_REJECT_REASON_TOO_MANY_VENUES,
    MARKET_DATA_REJECT_REASON_VENUE_MISSING,
    MarketDataReceived,
)
from schemas.generated.states import NormaliseState, VenueMarket


class Admission:
    """What is too late, too many, and enough for a new start."""

    def __init__(self, max_venues: i64, stale_ns: i64, restart_after: i64, calendar: Calendar) -> None:
        self.max_venues: i64 = max_venues
        self.stale_ns: i64 = stale_ns
        self.restart_after: i64 = restart_after
        self.calendar: Calendar = calendar

    def admit(self, state: NormaliseState, message: MarketDataReceived, context: Context) -> i64:
        """Number of the venue whose message this is, or REFUSED: then it was rejected."""
        reason = identity_fault(message)
        if reason != ACCEPTED:
            return refuse(message, reason, figures(message), context)
        time_ns = message.event_time_ns
        if time_ns < state.day_start_ns or time_ns >= state.day_end_ns:
            if not self.turn_day(state, time_ns):
                detail = f"{time_ns} ns is not after the begin of the trading day, {state.day_start_ns} ns"
                return refuse(message, MARKET_DATA_REJECT_REASON_MESSAGE_STALE, detail, context)
        elif state.refused_day != 0:
            state.refused_day = 0
        number: i64 = state.venue_numbers.get(message.venue, -1)
        if number < 0:
            number = len(state.venues)
            if number >= self.max_venues:
                detail = f"{number} venues are known already"
                return refuse(message, MARKET_DATA_REJECT_REASON_TOO_MANY_VENUES, detail, context)
            state.venues.append(VenueMarket(message.venue))
            state.venue_numbers[message.venue] = number
        return self.follow(state.venues[number], message, number, context)

    def follow(self, market: VenueMarket, message: MarketDataReceived, number: i64, context: Context) -> i64:
        """Take the message's place among its venue's. Returns the venue's number, or REFUSED."""
        time_ns = message.event_time_ns
        reason = sequence_fault(market, message, self.stale_ns)
        if reason != ACCEPTED:
            if not has_restarted(market, message, reason, self.restart_after):
                this = f"message {message.venue_sequence} of {time_ns} ns"
                detail = f"{this} after {market.venue_sequence} of {market.latest_ns} ns"
                return refuse(message, reason, detail, context)
            market.latest_ns = time_ns
        market.refused = 0
        if message.venue_sequence > 0:
            market.venue_sequence = message.venue_sequence
        market.latest_ns = max(market.latest_ns, time_ns)
        return number

    def turn_day(self, state: NormaliseState, time_ns: i64) -> bool:
        """Begin the trading day that holds the time. False where the time is malformed or its day is over."""
        if time_ns < 0 or time_ns >= LATEST_NS:
            return False
        if time_ns < state.day_start_ns:
            state.refused_day = state.refused_day + 1 if time_ns >= state.refused_day_ns else 1
            state.refused_day_ns = time_ns
            if self.restart_after == 0 or state.refused_day < self.restart_after:
                return False
        day = trading_day(time_ns, self.calendar)
        state.day_start_ns = day.start_ns
        state.day_end_ns = day.end_ns
        state.open_ns = day.open_ns
        state.close_ns = day.close_ns
        forget_day(state)
        return True


def identity_fault(message: MarketDataReceived) -> i64:
    """A message names its symbol and venue, and its feed does not warn of it."""
    if len(message.symbol) == 0:
        return MARKET_DATA_REJECT_REASON_SYMBOL_MISSING
    if len(message.venue) == 0:
        return MARKET_DATA_REJECT_REASON_VENUE_MISSING
    return MARKET_DATA_REJECT_REASON_MARKED_SUSPICIOUS if message.suspicious else ACCEPTED


def forget_day(state: NormaliseState) -> None:
    """A trading day begins without quotes, orders and volume, and venues number their messages anew."""
    state.untold = True
    for market in state.venues:
        clear_quote(market)
        market.book = None
        market.latest_ns = 0
        market.venue_sequence = 0
        market.refused = 0
    find_best_bid(state)
    find_best_ask(state)
    state.cumulative_volume = 0
    state.sold_today = False
    state.reference_price_e8 = 0
    state.far = 0
    state.refused_day = 0
