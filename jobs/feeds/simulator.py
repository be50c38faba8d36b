"""The built-in market: a source of any number of symbols and events, the same for the same seed.

Theory of operation. A day is planned once (`market_day`); after that every event follows from the plan and its own
number, so a position is the number of a batch and going there costs nothing. Events come in the order in which a feed
handler would receive them: times are in order but for the venues' different delays, at most DISORDER_MS_MAX, and for
the late trades and old messages among the bad ticks.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from mypy_extensions import i64

from dataflow.connectors.identity import source_prefix, stamp
from dataflow.model import derive_id
from dataflow.ports import Batch
from jobs.feeds.episode import FEED, EpisodeWriter
from jobs.feeds.market_day import AUCTION_NS, EPISODE_EVENTS, MarketDay, MarketDayPlan
from jobs.feeds.new_york import parse_day
from jobs.feeds.schedule import SYMBOLS_MAX
from jobs.feeds.sessions import session
from jobs.feeds.specification import Specification
from schemas.generated.events import MARKET_DATA_KIND_TRADE, MarketDataReceived

BATCH_EVENTS: Final = 4096
DISORDER_MS_MAX: Final = 50
EVENTS_MAX: Final = 1 << 36
DATE: Final = "2026-11-20"
PRINT_LOTS_MIN: Final = 50
PRINT_LOTS_RANGE: Final = 4000
PRINT_SALT: Final = 701
OPTIONS: Final[tuple[str, ...]] = ("seed", "symbols", "events", "date", "bad_ticks")


class Simulator:
    """The source (see `dataflow.ports.Source`)."""

    def __init__(self, name: str, plan: MarketDayPlan) -> None:
        self.plan: Final[MarketDayPlan] = plan
        self.prefix: i64 = source_prefix(name)
        self.day: MarketDay | None = None
        self.writer: EpisodeWriter | None = None
        self.batch: i64 = 0

    def open(self, position: Any | None) -> None:
        if self.day is None:
            self.day = MarketDay(self.plan)
        self.writer = EpisodeWriter(self.day)
        self.batch = 0 if position is None else position["batch"]

    def read(self) -> Batch | None:
        day = self.day
        writer = self.writer
        assert day is not None, "the source is not open"
        assert writer is not None, "the source is not open"
        index: i64 = self.batch * BATCH_EVENTS
        if index >= day.events:
            return None
        end: i64 = min(index + BATCH_EVENTS, day.events)
        batch = Batch({"batch": self.batch})
        records = batch.records
        while index < end:
            record = self.event(day, writer, index)
            stamp(record, self.prefix, index + 1)
            records.append(record)
            index += 1
        self.batch += 1
        return batch

    def event(self, day: MarketDay, writer: EpisodeWriter, index: i64) -> MarketDataReceived:
        """The event of this number, from 0."""
        prints = day.prints
        if day.first_opening <= index < day.first_regular:
            return self.auction_print(day, index - day.first_opening, True, index + 1)
        if day.first_closing <= index < day.first_after:
            return self.auction_print(day, index - day.first_closing, False, index + 1)
        within: i64 = index
        if index >= day.first_after:
            within -= 2 * prints
        elif index >= day.first_regular:
            within -= prints
        episode = within // EPISODE_EVENTS
        if episode != writer.episode:
            writer.turn_to(episode)
        return writer.event(within - episode * EPISODE_EVENTS, index + 1)

    def auction_print(self, day: MarketDay, rank: i64, opening: bool, number: i64) -> MarketDataReceived:
        """The opening or closing print of the symbol of this rank, on its listing venue."""
        instrument = day.instruments[rank]
        start_ns = day.open_ns if opening else day.close_ns
        lots = PRINT_LOTS_MIN + derive_id(instrument.key, PRINT_SALT) % (1 + PRINT_LOTS_RANGE // (1 + rank))
        return MarketDataReceived(
            event_time_ns=start_ns + AUCTION_NS * (rank + 1) // (day.prints + 2),
            symbol=instrument.symbol,
            venue=instrument.listing_venue,
            feed=FEED,
            kind=MARKET_DATA_KIND_TRADE,
            venue_sequence=number,
            price_e8=day.opening_price_e8(rank) if opening else day.closing_price_e8(rank),
            quantity=lots * 100 if opening else lots * 200,
            conditions="O" if opening else "6",
        )

    def expected_records(self) -> int | None:
        return self.plan.events

    def close(self) -> None:
        self.writer = None


def plan_of(specification: Specification) -> MarketDayPlan:
    """What `simulator:seed=7,symbols=50,events=1000000,date=2026-11-20` asks for. Raises InputFault."""
    specification.known(OPTIONS)
    day: date = parse_day(specification.options.get("date", DATE), "simulator: date")
    hours = session(day)
    return MarketDayPlan(
        seed=specification.whole("seed", 1, 0, (1 << 60) - 1),
        symbols=symbols_of(specification),
        events=specification.whole("events", 1_000_000, 1, EVENTS_MAX),
        open_ns=hours.open_ns,
        close_ns=hours.close_ns,
        bad_ticks=specification.whole("bad_ticks", 4, 0, 1000),
    )


def symbols_of(specification: Specification) -> int:
    return specification.whole("symbols", 20, 1, SYMBOLS_MAX)


def open_feed(specification: Specification, name: str) -> Simulator:
    """The source a specification asks for. Raises InputFault."""
    return Simulator(name, plan_of(specification))
