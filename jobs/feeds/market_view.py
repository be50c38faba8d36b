"""What a trader sees of the simulated market: the best bid and offer of any symbol at any moment of the day.

Theory of operation. The market's schedule tells which symbol acts in which episode; turned round it tells where a
symbol's episodes are, so the latest before a moment is found by bisection, and its quotes are computed (`episode`).
Nothing is remembered: any moment can be looked at without those before it.

Bound: one number a slot of the schedule, 2^21 in all.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from jobs.feeds.episode import EpisodeWriter, Quotes
from jobs.feeds.instruments import Instrument
from jobs.feeds.market_day import EPISODE_EVENTS, MarketDay, MarketDayPlan
from jobs.feeds.schedule import Schedule
from jobs.feeds.simulator import plan_of
from jobs.feeds.specification import Specification

MARKET_OPTIONS: Final[tuple[str, ...]] = ("seed", "symbols", "events", "date")
"""Options of the market that a feed beside it takes too: with the same values it is about the same market."""


class Occurrences:
    """Where the symbols of a schedule are: its `nth` slot of a symbol, and the latest before any."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule: Schedule = schedule
        self.size: i64 = schedule.size
        self.counts: list[int] = schedule.counts
        self.starts: list[int] = []
        self.slots: list[int] = [0] * schedule.size
        """The slots of each symbol in order, symbol after symbol; `starts` says where each begins."""
        start: i64 = 0
        for count in schedule.counts:
            self.starts.append(start)
            start += count
        slot: i64 = 0
        while slot < self.size:
            self.slots[self.starts[schedule.slots[slot]] + schedule.ranks[slot]] = slot
            slot += 1

    def nth(self, symbol: i64, ordinal: i64) -> i64:
        """The turn in which the symbol comes for the `ordinal`-th time, from 0."""
        count: i64 = self.counts[symbol]
        start: i64 = self.starts[symbol]
        slot: i64 = self.slots[start + ordinal % count]
        return ordinal // count * self.size + slot

    def ordinal_at(self, symbol: i64, turn: i64) -> i64:
        """How often the symbol has come up to and with this turn, less one; -1 where it has not."""
        count: i64 = self.counts[symbol]
        start: i64 = self.starts[symbol]
        slot = turn % self.size
        low = start
        high = start + count
        while low < high:
            middle = (low + high) >> 1
            if self.slots[middle] <= slot:
                low = middle + 1
            else:
                high = middle
        return turn // self.size * count + (low - start) - 1


class MarketView:
    """The simulated day as one looks at it. `episodes` is how many there are."""

    def __init__(self, plan: MarketDayPlan) -> None:
        day = MarketDay(plan)
        self.day: MarketDay = day
        self.writer: EpisodeWriter = EpisodeWriter(day)
        self.occurrences: Occurrences = Occurrences(day.schedule)
        self.episodes: i64 = (day.events - 2 * day.prints + EPISODE_EVENTS - 1) // EPISODE_EVENTS

    def quotes_after(self, rank: i64, episode: i64) -> Quotes:
        """Best bid and offer of a symbol once an episode is over; before its first, those it begins with."""
        occurrences = self.occurrences
        ordinal = max(occurrences.ordinal_at(rank, episode), 0)
        instrument = self.day.instruments[rank]
        return self.writer.quotes(instrument, ordinal, occurrences.nth(rank, ordinal))

    def instrument(self, rank: i64) -> Instrument:
        return self.day.instruments[rank]


def market_plan(specification: Specification) -> MarketDayPlan:
    """The market that a feed beside it is about. Raises InputFault."""
    options = {name: value for name, value in specification.options.items() if name in MARKET_OPTIONS}
    return plan_of(Specification(specification.kind, "", options))
