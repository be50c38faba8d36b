"""Writes one episode of the simulated market: sixteen messages about one symbol.

Theory of operation. First all six venues move their quotes to where the price has gone since the symbol's previous
episode; if the market has moved by its whole spread, the side that leads is held back one tick until every venue has
left the other side, and follows with the seventh message. So bids and offers of different venues only meet where the
simulator means them to (`LOCK_ODDS`). Then come trades at those quotes, other quotes, halts and bad ticks. Where a
symbol stood at its previous episode is computed, not remembered; any event can be made without those before it.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id
from jobs.feeds.bad_ticks import BAD_TICK_KINDS, LATE_TRADE, REPEATED, spoil
from jobs.feeds.instruments import Instrument
from jobs.feeds.market_day import EPISODE_EVENTS, PHASE_AFTER, PHASE_BEFORE, PHASE_OPENING, MarketDay
from schemas.generated.events import (
    MARKET_DATA_KIND_QUOTE,
    MARKET_DATA_KIND_STATUS,
    MARKET_DATA_KIND_TRADE,
    SIDE_BUY,
    SIDE_NONE,
    SIDE_SELL,
    MarketDataReceived,
)

FEED: Final = "simulator"
VENUES: Final[tuple[str, ...]] = ("XNYS", "XNAS", "ARCX", "BATS", "EDGX", "IEXG")
VENUE_COUNT: Final = 6
FIRST_FREE: Final = 7
"""Messages before this one move the quotes."""
LAST: Final = 15
EPISODE_NS_MAX: Final = 40_000_000
WIDER_OUTSIDE: Final = 4
WIDER_AT_OPENING: Final = 2
EXTRA_TICKS: Final[tuple[int, ...]] = (0, 0, 0, 0, 0, 1, 1, 2)
BEHIND_TICKS: Final[tuple[int, ...]] = (0, 0, 0, 0, 1, 1, 2, 4)
"""How far a venue's quote is behind the best."""
LOTS: Final[tuple[int, ...]] = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 6, 8, 12, 25)
"""Round lots displayed at a quote."""
TRADE_SIZES: Final[tuple[int, ...]] = (
    1, 1, 2, 3, 5, 5, 8, 10, 10, 12, 15, 20, 20, 25, 25, 30, 33, 40, 42, 50, 50, 57, 60, 70, 75, 80, 88, 95,
    100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 110, 120, 138, 150, 166, 200, 200, 200,
    200, 230, 275, 300, 300, 357, 400, 500, 500, 670, 900, 1200, 2500, 6000,
)  # fmt: skip
"""Quantiles of shares per trade: 44 % odd lots, a heavy tail."""
TRADE_SHARE: Final = 86
BURST_SHARE: Final = 216
"""Of 256 free messages that many are trades; the second in one episode of eight."""
BAD_RANGE: Final = 1 << 20
LOCK_PLACE: Final = 8
LOCK_ODDS: Final = 128
"""One episode in so many has a venue that locks or crosses the others for one message."""
LATENCY_CELL_BITS: Final = 30
"""About a second: delays change slowly, so that a venue's own messages stay in order."""
LATENCY_NS_MIN: Final = 100_000
LATENCY_MASK: Final = 0x3FFFF
DELAY_MASK: Final = 0x1FFFFFF
DELAY_ODDS: Final = 15
"""In one cell of sixteen a venue is delayed by up to 34 ms."""
EPISODE_SALT: Final = 601
LATENCY_SALT: Final = 602
QUOTE_SALT: Final = 1 << 40
LEADER_SALT: Final = 2 << 40
SIDE_SALT: Final = 3 << 40
"""Added to ordinals, which are smaller."""


class Quotes:
    """Best bid and offer of a symbol at one of its episodes, in 1e-8."""

    def __init__(self, bid_e8: i64, ask_e8: i64) -> None:
        self.bid_e8: i64 = bid_e8
        self.ask_e8: i64 = ask_e8


class EpisodeWriter:
    """Writes the events of the episode it was last turned to."""

    def __init__(self, day: MarketDay) -> None:
        self.day: MarketDay = day
        self.bad_limit: i64 = day.bad_ticks * BAD_RANGE * EPISODE_EVENTS // ((EPISODE_EVENTS - FIRST_FREE) * 100_000)
        self.instrument: Instrument = day.instruments[0]
        self.episode: i64 = -1
        self.ordinal: i64 = 0
        self.key: i64 = 0
        self.draw: i64 = 0
        """Random bits of the message being written."""
        self.phase: i64 = 0
        self.start_ns: i64 = 0
        self.length_ns: i64 = 0
        self.bid_leader: i64 = 0
        self.ask_leader: i64 = 0
        """Venues that hold the best bid and offer."""
        self.now: Quotes = Quotes(0, 0)
        self.earlier: Quotes = Quotes(0, 0)
        self.latency_key: i64 = derive_id(day.seed, LATENCY_SALT)
        self.latency_cell: i64 = -1
        self.delays: list[int] = []
        """Delays of the venues at both ends of the cell of time last asked for."""
        self.halt_start: i64 = -1
        self.halt_end: i64 = -1

    def turn_to(self, episode: i64) -> None:
        """Work out what all messages of an episode share."""
        day = self.day
        schedule = day.schedule
        instrument = day.instruments[schedule.symbol(episode)]
        ordinal = schedule.ordinal(episode)
        self.episode = episode
        self.instrument = instrument
        self.ordinal = ordinal
        self.key = derive_id(derive_id(day.seed, EPISODE_SALT), episode)
        self.phase = day.phase(episode)
        self.start_ns = day.episode_ns(episode)
        self.length_ns = min(day.episode_end_ns(episode) - self.start_ns, EPISODE_NS_MAX)
        self.now = self.quotes(instrument, ordinal, episode)
        self.earlier = self.quotes(instrument, ordinal - 1, schedule.previous_episode(episode))
        leaders = derive_id(instrument.key, (ordinal >> 3) + LEADER_SALT)
        self.bid_leader = (leaders & 0xFFFF) % VENUE_COUNT
        self.ask_leader = (leaders >> 16 & 0xFFFF) % VENUE_COUNT
        self.halt_start = day.halt_starts[instrument.rank]
        self.halt_end = day.halt_ends[instrument.rank]

    def quotes(self, instrument: Instrument, ordinal: i64, episode: i64) -> Quotes:
        """Where the best quotes of the symbol are at its episode of this ordinal."""
        middle = instrument.middle_e8(ordinal, self.day.market.at(episode))
        tick = instrument.tick_e8
        ticks = max(middle // 10_000 * instrument.spread_bps // tick, 1)
        phase = self.day.phase(episode)
        if phase in (PHASE_BEFORE, PHASE_AFTER):
            ticks *= WIDER_OUTSIDE
        elif phase == PHASE_OPENING:
            ticks *= WIDER_AT_OPENING
        ticks += EXTRA_TICKS[derive_id(instrument.key, ordinal + QUOTE_SALT) & 7]
        bid = (middle - (ticks * tick >> 1)) // tick * tick
        return Quotes(bid, bid + ticks * tick)

    def event(self, place: i64, number: i64) -> MarketDataReceived:
        """The message at a place of the episode, 0 to 15; `number` counts all events of the day from 1."""
        draw = derive_id(self.key, place)
        self.draw = draw
        if place >= FIRST_FREE:
            return self.free_event(place, number, draw)
        venue = (place + (self.key & 0xFF)) % VENUE_COUNT
        if place == VENUE_COUNT:
            venue = self.ask_leader if self.now.ask_e8 <= self.earlier.bid_e8 else self.bid_leader
        return self.quote(place, number, venue, draw)

    def free_event(self, place: i64, number: i64, draw: i64) -> MarketDataReceived:
        if self.halt_start <= self.ordinal <= self.halt_end:
            return self.event_in_halt(place, number, draw)
        if place == LOCK_PLACE and (self.key >> 16) % LOCK_ODDS == 0:
            return self.locking_quote(place, number)
        if place == LOCK_PLACE + 1 and (self.key >> 16) % LOCK_ODDS == 0:
            return self.quote(place, number, (self.key >> 24) % VENUE_COUNT, draw)
        bad = draw & (BAD_RANGE - 1)
        if bad < self.bad_limit * BAD_TICK_KINDS:
            return self.bad_event(place, number, bad // self.bad_limit, draw)
        return self.plain_event(place, number, draw)

    def plain_event(self, place: i64, number: i64, draw: i64) -> MarketDataReceived:
        share: i64 = BURST_SHARE if (self.key >> 8) & 7 == 0 else TRADE_SHARE
        if (draw >> 20) & 0xFF < share:
            return self.trade(place, number, draw)
        return self.quote(place, number, (draw >> 56) % VENUE_COUNT, draw)

    def bad_event(self, place: i64, number: i64, kind: i64, draw: i64) -> MarketDataReceived:
        """A bad tick of one kind, made from a good message."""
        if kind == REPEATED:
            return self.event(place - 1, number - 1)
        event = self.trade(place, number, draw) if kind <= LATE_TRADE else self.quote(place, number, 0, draw)
        spoil(event, kind, draw >> 20)
        return event

    def event_in_halt(self, place: i64, number: i64, draw: i64) -> MarketDataReceived:
        """A halt starts with the last message of its first episode and ends with the last of its last; in between
        there are quotes and no trades but the reopening print."""
        if self.ordinal == self.halt_end:
            if place == FIRST_FREE:
                return self.status(place, number, "QUOTING")
            if place == LAST - 1:
                return self.reopening_print(place, number)
            if place == LAST:
                return self.status(place, number, "TRADING")
        if self.ordinal == self.halt_start:
            if place == LAST:
                return self.status(place, number, "HALTED")
            return self.plain_event(place, number, draw)
        return self.quote(place, number, (draw >> 56) % VENUE_COUNT, draw)

    def status(self, place: i64, number: i64, status: str) -> MarketDataReceived:
        event = self.message(place, number, VENUES.index(self.instrument.listing_venue), MARKET_DATA_KIND_STATUS)
        event.status = status
        return event

    def reopening_print(self, place: i64, number: i64) -> MarketDataReceived:
        venue = VENUES.index(self.instrument.listing_venue)
        event = self.message(place, number, venue, MARKET_DATA_KIND_TRADE)
        event.price_e8 = self.now.bid_e8
        event.quantity = 100 * (20 + self.key % 400)
        event.side = SIDE_NONE
        event.conditions = "5"
        return event

    def quote(self, place: i64, number: i64, venue: i64, draw: i64) -> MarketDataReceived:
        """A venue's quote: at the best prices or a little behind, with the two leading venues always at the best."""
        tick = self.instrument.tick_e8
        bid = self.now.bid_e8
        ask = self.now.ask_e8
        if venue != self.bid_leader:
            bid = max(bid - BEHIND_TICKS[(draw >> 28) & 7] * tick, tick)
        if venue != self.ask_leader:
            ask += BEHIND_TICKS[(draw >> 31) & 7] * tick
        if place < VENUE_COUNT:
            if self.now.bid_e8 >= self.earlier.ask_e8:
                bid = min(bid, self.earlier.ask_e8 - tick)
            elif self.now.ask_e8 <= self.earlier.bid_e8:
                ask = max(ask, self.earlier.bid_e8 + tick)
        event = self.message(place, number, venue, MARKET_DATA_KIND_QUOTE)
        event.bid_price_e8 = bid
        event.ask_price_e8 = ask
        event.bid_quantity = 100 * LOTS[(draw >> 34) & 15]
        event.ask_quantity = 100 * LOTS[(draw >> 38) & 15]
        return event

    def locking_quote(self, place: i64, number: i64) -> MarketDataReceived:
        """A venue bids at or above the best offer, and is corrected by the message after it."""
        event = self.message(place, number, (self.key >> 24) % VENUE_COUNT, MARKET_DATA_KIND_QUOTE)
        event.bid_price_e8 = self.now.ask_e8 + (self.key >> 32 & 1) * self.instrument.tick_e8
        event.ask_price_e8 = event.bid_price_e8 + 2 * self.instrument.tick_e8
        event.bid_quantity = 100
        event.ask_quantity = 100
        return event

    def trade(self, place: i64, number: i64, draw: i64) -> MarketDataReceived:
        """A trade at the leader's quote, now and then in the middle."""
        side = self.leaning()
        if draw >> 40 & 3 == 0:
            side = SIDE_SELL if side == SIDE_BUY else SIDE_BUY
        venue = self.ask_leader if side == SIDE_BUY else self.bid_leader
        price = self.now.ask_e8 if side == SIDE_BUY else self.now.bid_e8
        if draw >> 42 & 15 == 0:
            price = (self.now.bid_e8 + self.now.ask_e8) >> 1
            side = SIDE_NONE
        event = self.message(place, number, venue, MARKET_DATA_KIND_TRADE)
        event.price_e8 = price
        event.quantity = TRADE_SIZES[draw >> 46 & 63]
        event.side = side
        event.conditions = self.conditions(event.quantity, draw >> 52 & 3 == 0)
        return event

    def leaning(self) -> i64:
        """The side most aggressors of this episode are on: the way the price went, else as in the episodes nearby."""
        if self.now.bid_e8 > self.earlier.bid_e8:
            return SIDE_BUY
        if self.now.bid_e8 < self.earlier.bid_e8:
            return SIDE_SELL
        return SIDE_BUY if derive_id(self.instrument.key, (self.ordinal >> 2) + SIDE_SALT) & 1 == 0 else SIDE_SELL

    def conditions(self, quantity: i64, is_sweep: bool) -> str:
        """Sale conditions of the consolidated tape: F intermarket sweep, T outside regular hours, I odd lot."""
        letters = "F" if is_sweep else ""
        if self.phase in (PHASE_BEFORE, PHASE_AFTER):
            letters += "T"
        if quantity < 100:
            letters += "I"
        return letters

    def message(self, place: i64, number: i64, venue: i64, kind: i64) -> MarketDataReceived:
        """A message of this kind with time and envelope: messages crowd at the episode's beginning."""
        jitter = (self.draw >> 30) % ((2 * place + 1) << 8)
        sent_ns = self.start_ns + (self.length_ns * ((place * place << 8) + jitter) >> 16)
        event = MarketDataReceived()
        event.event_time_ns = sent_ns - self.latency_ns(venue, sent_ns)
        event.symbol = self.instrument.symbol
        event.venue = VENUES[venue]
        event.feed = FEED
        event.kind = kind
        event.venue_sequence = number
        return event

    def latency_ns(self, venue: i64, at_ns: i64) -> i64:
        """How long a message of this venue has been under way when it is received."""
        cell = at_ns >> LATENCY_CELL_BITS
        if cell != self.latency_cell:
            self.latency_cell = cell
            self.delays = [self.delay_ns(each, cell) for each in range(VENUE_COUNT)]
            self.delays += [self.delay_ns(each, cell + 1) for each in range(VENUE_COUNT)]
        left: i64 = self.delays[venue]
        right: i64 = self.delays[venue + VENUE_COUNT]
        return left + ((right - left) * (at_ns - (cell << LATENCY_CELL_BITS)) >> LATENCY_CELL_BITS)

    def delay_ns(self, venue: i64, cell: i64) -> i64:
        draw = derive_id(self.latency_key, cell << 3 | venue)
        delay = LATENCY_NS_MIN + (draw & LATENCY_MASK)
        if draw >> 20 & DELAY_ODDS == 0:
            delay += draw >> 24 & DELAY_MASK
        return delay
