"""The plan of one simulated market day: its sessions, its instruments, its halts; from it every event follows.

Events stand in segments: before the opening, the opening prints (one a symbol), regular hours, the closing prints,
after the close. All segments but the prints are made of episodes of EPISODE_EVENTS events, each about one symbol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id
from jobs.feeds.activity import AFTER, BEFORE, REGULAR, Activity
from jobs.feeds.instruments import Instrument
from jobs.feeds.price_path import Noise, octaves_of
from jobs.feeds.schedule import Schedule

EPISODE_EVENTS: Final = 16
MINUTE_NS: Final = 60_000_000_000
BEFORE_NS: Final = 90 * MINUTE_NS
AFTER_NS: Final = 60 * MINUTE_NS
AUCTION_NS: Final = 2_000_000_000
"""Opening and closing prints come within two seconds."""
BEFORE_PERCENT: Final = 3
AFTER_PERCENT: Final = 2
PRINTS_EVENTS_PER_SYMBOL: Final = 64
"""A day of fewer events per symbol has no opening and closing prints: they would be all of it."""
MARKET_PPM: Final = 7_000
"""Amplitude of the whole market's moves."""
MARKET_OCTAVES: Final = 8
HALT_PATH_SHARE: Final = 75
"""A halt lasts one 75th of the symbol's regular episodes, about five minutes."""
HALT_EPISODES_MIN: Final = 8
HALT_ODDS: Final = 16
"""One symbol in sixteen is halted once a day; the first drawn always is."""
HALT_SALT: Final = 501
MARKET_SALT: Final = 502
BEFORE_SALT: Final = 503
REGULAR_SALT: Final = 504
AFTER_SALT: Final = 505

PHASE_BEFORE: Final = 0
PHASE_OPENING: Final = 1
PHASE_REGULAR: Final = 2
PHASE_AFTER: Final = 3


@dataclass(frozen=True)
class MarketDayPlan:
    """What a simulated day is made from. Times in nanoseconds since the epoch, UTC."""

    seed: int
    symbols: int
    events: int
    open_ns: int
    close_ns: int
    bad_ticks: int = 4
    """Bad ticks of each kind among 100,000 events."""


class MarketDay:
    """The plan worked out. `first_*` are numbers of events, `regular_episode` and `after_episode` of episodes."""

    def __init__(self, plan: MarketDayPlan) -> None:
        seed = derive_id(plan.seed, plan.open_ns)
        symbols: i64 = plan.symbols
        events: i64 = plan.events
        prints: i64 = symbols if events >= symbols * PRINTS_EVENTS_PER_SYMBOL else 0
        episodes: i64 = (events - 2 * prints + EPISODE_EVENTS - 1) // EPISODE_EVENTS
        before = episodes * BEFORE_PERCENT // 100
        after = episodes * AFTER_PERCENT // 100
        self.seed: i64 = seed
        self.events: i64 = events
        self.prints: i64 = prints
        self.bad_ticks: i64 = plan.bad_ticks
        self.open_ns: i64 = plan.open_ns
        self.close_ns: i64 = plan.close_ns
        self.regular_episode: i64 = before
        self.after_episode: i64 = episodes - after
        self.first_opening: i64 = before * EPISODE_EVENTS
        self.first_regular: i64 = self.first_opening + prints
        self.first_closing: i64 = self.first_regular + (episodes - before - after) * EPISODE_EVENTS
        self.first_after: i64 = self.first_closing + prints
        self.schedule: Schedule = Schedule(seed, symbols)
        self.opening_ordinals: list[int] = self.schedule.ordinals_at(self.regular_episode)
        self.closing_ordinals: list[int] = self.schedule.ordinals_at(self.after_episode)
        totals = self.schedule.ordinals_at(episodes)
        self.instruments: list[Instrument] = [Instrument(seed, rank, totals[rank]) for rank in range(symbols)]
        top = octaves_of(max(episodes, 1))
        self.market: Noise = Noise(derive_id(seed, MARKET_SALT), top, max(top - MARKET_OCTAVES, 0), MARKET_PPM)
        self.before: Activity = self.activity(BEFORE_SALT, BEFORE, before)
        self.regular: Activity = self.activity(REGULAR_SALT, REGULAR, episodes - before - after)
        self.after: Activity = self.activity(AFTER_SALT, AFTER, after)
        self.halt_starts: list[int] = [-1] * symbols
        self.halt_ends: list[int] = [-1] * symbols
        """Ordinals of the first and last episode of each symbol's halt; -1 for none."""
        self.plan_halts()

    def activity(self, salt: i64, weights: tuple[int, ...], count: i64) -> Activity:
        start = self.open_ns + AUCTION_NS
        end = self.close_ns
        if salt == BEFORE_SALT:
            start = self.open_ns - BEFORE_NS
            end = self.open_ns
        elif salt == AFTER_SALT:
            start = self.close_ns + AUCTION_NS
            end = self.close_ns + AFTER_NS
        return Activity(derive_id(self.seed, salt), weights, count, start, end)

    def plan_halts(self) -> None:
        """Draw which symbols are halted, and when, within regular hours."""
        key = derive_id(self.seed, HALT_SALT)
        drawn = 0
        for rank in range(len(self.instruments)):
            draw = derive_id(key, rank)
            first: i64 = self.opening_ordinals[rank]
            regular: i64 = self.closing_ordinals[rank] - first
            length = max(regular // HALT_PATH_SHARE, HALT_EPISODES_MIN)
            if regular < 8 * length or (drawn > 0 and draw % HALT_ODDS != 0):
                continue
            drawn += 1
            start = first + length + (draw >> 8) % (regular - 3 * length)
            self.halt_starts[rank] = start
            self.halt_ends[rank] = start + length

    def episode_ns(self, episode: i64) -> i64:
        """When an episode begins."""
        if episode < self.regular_episode:
            return self.before.time_ns(episode)
        if episode < self.after_episode:
            return self.regular.time_ns(episode - self.regular_episode)
        return self.after.time_ns(episode - self.after_episode)

    def episode_end_ns(self, episode: i64) -> i64:
        """When the next episode of its session begins, or the session ends."""
        if episode < self.regular_episode:
            return self.before.time_ns(episode + 1)
        if episode < self.after_episode:
            return self.regular.time_ns(episode + 1 - self.regular_episode)
        return self.after.time_ns(episode + 1 - self.after_episode)

    def phase(self, episode: i64) -> i64:
        """Which part of the day an episode is in; the opening is the first sixteenth of regular hours' episodes."""
        if episode < self.regular_episode:
            return PHASE_BEFORE
        if episode >= self.after_episode:
            return PHASE_AFTER
        opening = (self.after_episode - self.regular_episode) >> 4
        return PHASE_OPENING if episode < self.regular_episode + opening else PHASE_REGULAR

    def opening_price_e8(self, rank: i64) -> i64:
        """Price of a symbol's opening print: the middle of its market then, on a tick."""
        return self.print_price_e8(rank, self.opening_ordinals[rank], self.regular_episode)

    def closing_price_e8(self, rank: i64) -> i64:
        return self.print_price_e8(rank, self.closing_ordinals[rank], self.after_episode)

    def print_price_e8(self, rank: i64, ordinal: i64, episode: i64) -> i64:
        instrument = self.instruments[rank]
        middle = instrument.middle_e8(ordinal, self.market.at(episode))
        return middle - middle % instrument.tick_e8
