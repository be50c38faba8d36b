"""One group of the simulated order flow: sixteen requests about one symbol, and what part each of them plays.

Theory of operation. A group stands at a moment of the market's day, so requests are busy when the market is, and their
prices are near the market's. What each of its requests is follows from the group's own random bits alone, and from it
which orders are left for later: those away from the market, that a later group may cancel or replace (`resting`), and
those that have most likely traded and may be closed out (`taking`). Each group serves one earlier group of its symbol,
and no group is served twice: the groups of a symbol are cut into runs of eight, each run serves the run before it, in
an order drawn. So a request may go back to an order of any time before, and nothing need be remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id
from jobs.feeds.episode import Quotes
from jobs.feeds.instruments import Instrument
from jobs.feeds.market_day import AFTER_NS, MINUTE_NS, PHASE_AFTER, PHASE_BEFORE, PHASE_REGULAR
from jobs.feeds.market_view import MarketView

GROUP: Final = 16
"""Requests of a group."""
RUN_BITS: Final = 3
RUN: Final[i64] = 8
SPAN_NS_MAX: Final[i64] = 2_000_000_000
"""The requests of a group crowd at its beginning, and are at most so far from it."""
OPENING_CUTOFF_NS: Final[i64] = 2 * MINUTE_NS + 5_000_000_000
CLOSING_CUTOFF_NS: Final[i64] = 10 * MINUTE_NS + 5_000_000_000
"""Orders for an auction end so long before it: a little before the exchange's own limit."""
JUMP_BPS_MIN: Final[i64] = 60
GROUP_SALT: Final = 1001
RUN_SALT: Final = 1002
PERMILLE: Final = 1000
NONE: Final[i64] = -1

ROLE_NEAR: Final[i64] = 0
"""A new order that waits at the market, and trades soon or is cancelled at once."""
ROLE_FAR: Final[i64] = 1
"""A new order that waits away from the market, a stop, or one for the close."""
ROLE_TAKE: Final[i64] = 2
"""A new order that is to trade at once."""
ROLE_CLOSE: Final[i64] = 3
"""A new order that closes out what an earlier one opened."""
ROLE_SELF: Final[i64] = 4
"""A new order that would trade with another of its own account."""
ROLE_FAULT: Final[i64] = 5
ROLE_CANCEL: Final[i64] = 6
ROLE_REPLACE: Final[i64] = 7
NEW_ROLES: Final[tuple[int, ...]] = (*(ROLE_CLOSE,) * 2, *(ROLE_TAKE,) * 5, *(ROLE_NEAR,) * 3, *(ROLE_FAR,) * 6)
"""Parts of orders, equally often."""


@dataclass(frozen=True)
class OrderMix:
    """How many requests there are, and shares of some kinds among 1,000 of them."""

    orders: int = 100_000
    cancels: int = 240
    replaces: int = 120
    faults: int = 10
    self_trades: int = 4


class RequestGroup:
    """The group it was last turned to."""

    def __init__(self, view: MarketView, mix: OrderMix) -> None:
        self.view: MarketView = view
        self.groups: i64 = (mix.orders + GROUP - 1) // GROUP
        self.cancels: i64 = mix.cancels
        self.replaces: i64 = mix.cancels + mix.replaces
        self.faults: i64 = PERMILLE - mix.faults
        self.selves: i64 = PERMILLE - mix.faults - mix.self_trades
        self.seed_key: i64 = derive_id(view.day.seed, GROUP_SALT)
        self.number: i64 = NONE
        self.key: i64 = 0
        self.rank: i64 = 0
        self.ordinal: i64 = 0
        """How many groups of the symbol came before."""
        self.is_left: bool = False
        """No later group serves this one."""
        self.instrument: Instrument = view.day.instruments[0]
        self.phase: i64 = 0
        self.bid_e8: i64 = 0
        self.ask_e8: i64 = 0
        self.start_ns: i64 = 0
        self.span_ns: i64 = 0
        self.edge_number: i64 = NONE
        self.edge_ns: i64 = 0
        """The beginning of the group last asked for: that of the next is asked for twice."""
        self.draws: list[int] = [0] * GROUP
        self.roles: list[int] = [0] * GROUP
        self.targets: list[int] = [0] * GROUP
        """CANCEL, REPLACE of an order of the same group: its place; otherwise NONE."""
        self.near: list[int] = []
        self.resting: list[int] = []
        self.taking: list[int] = []

    def turn_to(self, number: i64) -> None:
        view = self.view
        schedule = view.day.schedule
        self.number = number
        self.key = derive_id(self.seed_key, number)
        self.rank = schedule.symbol(number)
        self.ordinal = schedule.ordinal(number)
        self.instrument = view.day.instruments[self.rank]
        episode = self.episode_of(number)
        self.phase = view.day.phase(episode)
        last = view.occurrences.ordinal_at(self.rank, self.groups - 1)
        self.is_left = self.ordinal >> RUN_BITS == last >> RUN_BITS or self.phase == PHASE_AFTER
        start_ns = self.edge_ns if self.edge_number == number else self.time_ns(number)
        self.edge_number = number + 1
        end_ns = self.session_end_ns()
        self.edge_ns = self.time_ns(number + 1) if number + 1 < self.groups else end_ns
        self.start_ns = start_ns
        self.span_ns = min(min(self.edge_ns, end_ns) - start_ns, SPAN_NS_MAX)
        quotes: Quotes = view.quotes_after(self.rank, max(episode - 1, 0))
        self.bid_e8 = quotes.bid_e8
        self.ask_e8 = quotes.ask_e8
        self.cast()

    def served(self) -> i64:
        """The number of the earlier group that this one serves; NONE where there is none."""
        run = self.ordinal >> RUN_BITS
        if run == 0 or self.phase == PHASE_AFTER:
            return NONE
        turn = derive_id(self.instrument.key, run + (RUN_SALT << 32))
        place = ((self.ordinal & (RUN - 1)) * (2 * (turn & 3) + 1) + (turn >> 2)) & (RUN - 1)
        return self.view.occurrences.nth(self.rank, ((run - 1) << RUN_BITS) + place)

    def episode_of(self, number: i64) -> i64:
        """The market's episode that a group stands in."""
        return number * self.view.episodes // self.groups

    def time_ns(self, number: i64) -> i64:
        """When a group begins: within its episode as far as it has come in the day."""
        episode = self.episode_of(number)
        day = self.view.day
        start_ns = day.episode_ns(episode)
        passed = (number * self.view.episodes % self.groups << 16) // self.groups
        return start_ns + ((day.episode_end_ns(episode) - start_ns) * passed >> 16)

    def session_end_ns(self) -> i64:
        """When the session ends that the group is in."""
        day = self.view.day
        if self.phase == PHASE_BEFORE:
            return day.open_ns
        return day.close_ns + AFTER_NS if self.phase == PHASE_AFTER else day.close_ns

    def cast(self) -> None:
        """Give each request its part."""
        self.near = []
        self.resting = []
        self.taking = []
        place: i64 = 0
        while place < GROUP:
            draw = derive_id(self.key, place)
            share = (draw & 0xFFFF) * PERMILLE >> 16
            target: i64 = NONE
            if share < self.replaces:
                role = ROLE_CANCEL if share < self.cancels else ROLE_REPLACE
                if draw >> 16 & 1 == 0:
                    target = self.target_within(role)
            elif share >= self.selves:
                role = ROLE_FAULT if share >= self.faults else ROLE_SELF
            else:
                role = NEW_ROLES[draw >> 16 & 15]
                self.leave_for_later(place, role)
            self.draws[place] = draw
            self.roles[place] = role
            self.targets[place] = target
            place += 1

    def target_within(self, role: i64) -> i64:
        """The place of the latest order that may be cancelled or replaced within the group; NONE without one."""
        waiting = self.near or self.resting
        if not waiting:
            return NONE
        return waiting.pop() if role == ROLE_CANCEL else waiting[-1]

    def leave_for_later(self, place: i64, role: i64) -> None:
        if role == ROLE_NEAR:
            self.near.append(place)
        elif role == ROLE_FAR:
            self.resting.append(place)
        elif role == ROLE_TAKE and PHASE_BEFORE < self.phase < PHASE_AFTER:
            self.taking.append(place)

    def request_ns(self, place: i64, draw: i64) -> i64:
        """When a request of the group is sent: they crowd at its beginning, and come in order."""
        jitter = draw % ((2 * place + 1) << 8)
        return self.start_ns + (self.span_ns * ((place * place << 8) + jitter) >> 16)

    def takes_opening(self, time_ns: i64) -> bool:
        """Orders at the open are taken still."""
        return time_ns < self.view.day.open_ns - OPENING_CUTOFF_NS

    def takes_closing(self, time_ns: i64) -> bool:
        return time_ns < self.view.day.close_ns - CLOSING_CUTOFF_NS

    def waiting_before(self, place: i64) -> i64:
        """The place of the latest order before this one that waits at the market and is not cancelled; NONE without."""
        latest: i64 = NONE
        for each in self.near:
            if each < place:
                latest = each
        return latest

    def jump_bps(self) -> i64:
        """More than the price moves from one of the symbol's episodes to the next: the fewer there are the further."""
        path = self.instrument.path
        daily_bps = path.amplitude * 10_000 // self.instrument.base_e8
        return JUMP_BPS_MIN + (4 * daily_bps >> (path.top >> 1))

    def is_regular(self) -> bool:
        return PHASE_BEFORE < self.phase <= PHASE_REGULAR
