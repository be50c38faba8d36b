"""Watches what an account does within a day: day trades until 2026-06-03, intraday margin deficits from then on.

Until then, so many day trades within so many business days made a pattern day trader, who needs a least equity to open
positions. A day trade is counted when a fill reduces a position that was added to on the same day, once until it is
added to again.

Since then, a deficit arises when equity falls below maintenance margin. It is met when equity is enough again; one not
met by the end of the fifth business day after it arose freezes the account for 90 days: nothing but closing. Deficits
below the lesser of $1,000 and 5 % of equity are not acted on; whether the rule says lesser or greater was not
verified, so both figures, the days and the freeze are parameters. While in deficit, only reducing orders pass: a firm
may block in real time.

Source: FINRA Rule 4210(f)(8)(B) (before), 4210(d)(2) as of SR-FINRA-2025-017 (since).
Bound: day_trades holds as many days as make a pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from operators.exact_amounts import part
from operators.generated_calendar import STOCKS_CLOSED
from operators.holdings import equity_e8
from operators.margin_rules import INTRADAY_MARGIN, PATTERN_DAY_TRADER, MarginRates
from operators.trading_hours import date_of, weekday
from schemas.generated.states import ACCOUNT_KIND_MARGIN, RiskHolding, RiskState

HOLIDAYS: Final[frozenset[int]] = frozenset(STOCKS_CLOSED)


@dataclass(frozen=True)
class IntradayTerms:
    """How the firm applies the rule. Money is in 1e-8 of the currency unit."""

    deficit_min_e8: int
    deficit_min_bps: int
    days_to_meet: int
    freeze_days: int


class IntradayMargin:
    """The rule with one firm's terms; holds nothing that changes."""

    def __init__(self, terms: IntradayTerms) -> None:
        self.deficit_min_e8: int = terms.deficit_min_e8
        self.deficit_min_bps: int = terms.deficit_min_bps
        self.days_to_meet: i64 = terms.days_to_meet
        self.freeze_days: i64 = terms.freeze_days

    def watch(self, state: RiskState, rates: MarginRates) -> None:
        """Note a deficit that arises, grows or is met, and freeze an account that has not met one in time."""
        if state.account_kind != ACCOUNT_KIND_MARGIN or rates.day_rule != INTRADAY_MARGIN:
            return
        if state.deficit_day > 0:
            self.freeze_if_due(state)
        deficit_e8 = state.maintenance_margin_e8 - equity_e8(state)
        if deficit_e8 <= 0:
            state.deficit_e8 = 0
            state.deficit_day = 0
        elif deficit_e8 >= self.least_deficit_e8(state):
            if state.deficit_day == 0:
                state.deficit_day = state.day
            state.deficit_e8 = max(state.deficit_e8, deficit_e8)

    def least_deficit_e8(self, state: RiskState) -> int:
        """The smallest deficit that is acted on."""
        return min(self.deficit_min_e8, part(max(equity_e8(state), 0), self.deficit_min_bps))

    def freeze_if_due(self, state: RiskState) -> None:
        if business_days_after(state.deficit_day, state.day, self.days_to_meet) > self.days_to_meet:
            state.frozen_to_day = max(state.frozen_to_day, state.day + self.freeze_days)
            state.deficit_e8 = 0
            state.deficit_day = 0


def business_days_after(start: i64, day: i64, enough: i64) -> i64:
    """Business days in (start, day], counted up to `enough` + 1. Days since 1970-01-01."""
    days: i64 = 0
    at: i64 = start
    while at < day and days <= enough:
        at += 1
        if 0 < weekday(at) < 6 and date_of(at) not in HOLIDAYS:
            days += 1
    return days


def note_trade(state: RiskState, holding: RiskHolding, change: i64, rates: MarginRates) -> None:
    """A fill changes a position, not yet counted in it: a day trade, if it reduces what was added to this day."""
    if holding.quantity == 0 or (holding.quantity > 0) == (change > 0):
        holding.opened_day = state.day
        return
    if holding.opened_day == state.day and rates.day_rule == PATTERN_DAY_TRADER:
        state.day_trades.append(state.day)
        if len(state.day_trades) > rates.day_trades:
            del state.day_trades[0]
    turns = max(change, -change) > max(holding.quantity, -holding.quantity)
    holding.opened_day = state.day if turns else 0


def is_pattern_day_trader(state: RiskState, rates: MarginRates) -> bool:
    """So many day trades lie within so many business days that end today."""
    if rates.day_rule != PATTERN_DAY_TRADER or len(state.day_trades) < rates.day_trades:
        return False
    return business_days_after(state.day_trades[0], state.day, rates.day_trade_days) < rates.day_trade_days
