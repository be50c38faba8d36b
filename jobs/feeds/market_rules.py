"""Alert rules for the simulated market: thresholds around the opening prices, percent moves, changes through the day.

Each of the most active symbols has the same story: before the opening four rules are created; at some time of the day
one is changed, one deleted and another created instead. All from the market's own seed.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import Record, derive_id
from jobs.feeds.market_day import MINUTE_NS, MarketDay, MarketDayPlan
from jobs.feeds.simulator import symbols_of
from jobs.feeds.specification import Specification
from schemas.generated.events import (
    ALERT_KIND_CROSSING_DOWN,
    ALERT_KIND_CROSSING_UP,
    ALERT_KIND_PERCENT_MOVE,
    ALERT_RULE_ACTION_CHANGE,
    ALERT_RULE_ACTION_CREATE,
    ALERT_RULE_ACTION_DELETE,
    AlertRuleChanged,
)

SYMBOLS_MAX: Final = 500
"""Only the most active symbols have rules."""
ACCOUNTS: Final = 200
RULE_SALT: Final = 801
BEFORE_FIRST: Final = 60 * MINUTE_NS
BEFORE_LAST: Final = 10 * MINUTE_NS
HYSTERESIS_BPS: Final = 20
BPS: Final = 10_000

STORY: Final[tuple[tuple[int, int, int, int, int], ...]] = (
    # number of the rule, action, kind, threshold in basis points of the opening price or size of the move, part of day
    (1, ALERT_RULE_ACTION_CREATE, ALERT_KIND_CROSSING_UP, 30, 0),
    (2, ALERT_RULE_ACTION_CREATE, ALERT_KIND_CROSSING_DOWN, -30, 0),
    (3, ALERT_RULE_ACTION_CREATE, ALERT_KIND_CROSSING_UP, 150, 0),
    (4, ALERT_RULE_ACTION_CREATE, ALERT_KIND_PERCENT_MOVE, 100, 0),
    (3, ALERT_RULE_ACTION_CHANGE, ALERT_KIND_CROSSING_UP, 80, 1),
    (2, ALERT_RULE_ACTION_DELETE, ALERT_KIND_CROSSING_DOWN, 0, 2),
    (5, ALERT_RULE_ACTION_CREATE, ALERT_KIND_CROSSING_DOWN, -80, 3),
)
PARTS: Final = 4
"""Part 0 is before the opening, the others are quarters of the session from the first on."""


def market_rules(plan: MarketDayPlan) -> list[Record]:
    """The rules for a simulated day, in order of time."""
    day = MarketDay(plan)
    ranks = range(min(len(day.instruments), SYMBOLS_MAX))
    times = [(line_ns(day, rank, line), rank, line) for rank in ranks for line in range(len(STORY))]
    return [rule(day, rank, line, at_ns) for at_ns, rank, line in sorted(times)]


def rules_expected(specification: Specification) -> int:
    """How many rules there will be."""
    return min(symbols_of(specification), SYMBOLS_MAX) * len(STORY)


def line_ns(day: MarketDay, rank: i64, line: i64) -> i64:
    """When a line of the story happens to the symbol of this rank."""
    part = STORY[line][4]
    draw = derive_id(derive_id(day.seed, RULE_SALT + line), rank)
    if part == 0:
        return day.open_ns - BEFORE_FIRST + draw % (BEFORE_FIRST - BEFORE_LAST)
    quarter = (day.close_ns - day.open_ns) // PARTS
    return day.open_ns + (part - 1) * quarter + draw % quarter


def rule(day: MarketDay, rank: i64, line: i64, at_ns: i64) -> AlertRuleChanged:
    number, action, kind, size_bps, _ = STORY[line]
    instrument = day.instruments[rank]
    account = 1 + derive_id(derive_id(day.seed, RULE_SALT), rank * 8 + number) % ACCOUNTS
    record = AlertRuleChanged(
        event_time_ns=at_ns,
        symbol=instrument.symbol,
        rule_id=f"{instrument.symbol}-{number}",
        account=f"A{account:04}",
        action=action,
        kind=kind,
    )
    if action == ALERT_RULE_ACTION_DELETE:
        return record
    if kind == ALERT_KIND_PERCENT_MOVE:
        record.move_bps = size_bps
        return record
    tick = instrument.tick_e8
    record.threshold_price_e8 = day.opening_price_e8(rank) // BPS * (BPS + size_bps) // tick * tick
    record.hysteresis_bps = HYSTERESIS_BPS
    return record
