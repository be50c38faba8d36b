"""Margin by law and by day: what equity a position, or an order that opens one, must have behind it.

Four tables, each row in force from midnight in New York of its first day until the next; `MarginRules` merges them
into one list of rates, looked up by event time. Requirements are amounts of equity ("margin" in FINRA Rule 4210(a)),
rounded up to 1e-8.

- Initial is the greater of Regulation T and maintenance (Rule 4210(b)); cash accounts pay in full.
- A short option needs its premium and a share of the underlying less what it is out of the money, or a floor.
- A future needs its contract margin; maintenance is a part of it.

Source: Regulation T: 12 CFR 220.12 (50 % long; short 150 % of market value, of which the proceeds are 100 %). FINRA
Rule 4210(c)(1) to (3) for maintenance, (b)(4) for the $2,000, (d)(2) for intraday margin: SR-FINRA-2025-017, Rel.
34-105226, 91 FR 20731, in force since 2026-06-04 instead of the pattern day trader's four trades in five days and
$25,000. Options: 4210(f)(2) (general knowledge). Futures: ratio of the exchange's own figures, 4,375 to 3,500 on
2012-03-26, 4,510 to 4,100 on 2013-10-15. First days of rows are general knowledge but for 2013 and 2026.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.exact_amounts import part
from operators.fee_schedule import row_at, starts_of
from operators.trading_hours import LATEST_NS, date_of, local_day
from schemas.generated.states import (
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_OPTION,
    OPTION_RIGHT_CALL,
    RiskHolding,
)

DOLLAR_E8: Final = 100_000_000

SHARE_ROWS: Final[tuple[tuple[int, int, int, int, int, int, int, int, int, int], ...]] = (
    # first day, initial long and short in basis points, maintenance long in basis points; short below a price: that
    # price, basis points, least per share; short from it on: basis points, least per share; least equity of an account
    (1974_01_03, 5_000, 5_000, 2_500, 5 * DOLLAR_E8, 10_000, 250_000_000, 3_000, 5 * DOLLAR_E8, 2_000 * DOLLAR_E8),
)

OPTION_ROWS: Final[tuple[tuple[int, int, int, int], ...]] = (
    # first day, long in basis points of the premium; short: of the underlying, and the floor, in basis points
    (1988_01_01, 10_000, 2_000, 1_000),
)

FUTURE_ROWS: Final[tuple[tuple[int, int, int], ...]] = (
    # first day, maintenance as a fraction of the initial contract margin
    (1982_01_01, 4, 5),
    (2013_10_15, 10, 11),
)

NO_DAY_RULE: Final = 0
PATTERN_DAY_TRADER: Final = 1
INTRADAY_MARGIN: Final = 2

DAY_RULE_ROWS: Final[tuple[tuple[int, int, int, int, int], ...]] = (
    # first day, rule; day trades and business days that make a pattern day trader, its least equity
    (1970_01_02, NO_DAY_RULE, 0, 0, 0),
    (2001_09_28, PATTERN_DAY_TRADER, 4, 5, 25_000 * DOLLAR_E8),
    (2026_06_04, INTRADAY_MARGIN, 0, 0, 0),
)


class MarginRates:
    """The rates of all tables at one time. Money is in 1e-8 of the currency unit."""

    def __init__(self, date: i64, intraday_from: i64) -> None:
        share = row_of(SHARE_ROWS, date)
        self.initial_long_bps: int = share[1]
        self.initial_short_bps: int = share[2]
        self.maintenance_long_bps: int = share[3]
        self.required_long_bps: int = max(share[1], share[3])
        """Initial margin of a long position: the greater of Regulation T and maintenance."""
        self.low_price_e8: int = share[4]
        self.low_short_bps: int = share[5]
        self.low_short_least_e8: int = share[6]
        self.short_bps: int = share[7]
        self.short_least_e8: int = share[8]
        self.account_equity_min_e8: int = share[9]
        option = row_of(OPTION_ROWS, date)
        self.option_long_bps: int = option[1]
        self.option_underlying_bps: int = option[2]
        self.option_floor_bps: int = option[3]
        future = row_of(FUTURE_ROWS, date)
        self.future_numerator: int = future[1]
        self.future_denominator: int = future[2]
        day = day_rule_row(date, intraday_from)
        self.day_rule: i64 = day[1]
        self.day_trades: i64 = day[2]
        self.day_trade_days: i64 = day[3]
        self.day_trader_equity_min_e8: int = day[4]

    def initial_e8(self, holding: RiskHolding, quantity: int, amount_e8: int, short: bool) -> int:
        """Initial margin in a margin account of a position of so many shares or contracts, worth so much."""
        kind = holding.instrument_type
        if kind == INSTRUMENT_TYPE_FUTURE:
            contract_e8: int = holding.contract_margin_e8
            return contract_e8 * quantity
        if kind == INSTRUMENT_TYPE_OPTION:
            return self.maintenance_e8(holding, quantity, amount_e8, short)
        if short:
            return max(part(amount_e8, self.initial_short_bps), self.short_e8(quantity, amount_e8))
        return part(amount_e8, self.required_long_bps)

    def maintenance_e8(self, holding: RiskHolding, quantity: int, amount_e8: int, short: bool) -> int:
        """Maintenance margin in a margin account."""
        kind = holding.instrument_type
        if kind == INSTRUMENT_TYPE_FUTURE:
            contract_e8: int = holding.contract_margin_e8
            scaled_e8 = contract_e8 * quantity * self.future_numerator
            return -(-scaled_e8 // self.future_denominator)
        if kind == INSTRUMENT_TYPE_OPTION:
            if short:
                return self.short_option_e8(holding, quantity, amount_e8)
            return part(amount_e8, self.option_long_bps)
        return self.short_e8(quantity, amount_e8) if short else part(amount_e8, self.maintenance_long_bps)

    def short_e8(self, quantity: int, amount_e8: int) -> int:
        """Maintenance margin of a short position in a stock or fund."""
        if amount_e8 < self.low_price_e8 * quantity:
            return max(part(amount_e8, self.low_short_bps), self.low_short_least_e8 * quantity)
        return max(part(amount_e8, self.short_bps), self.short_least_e8 * quantity)

    def short_option_e8(self, holding: RiskHolding, quantity: int, premium_e8: int) -> int:
        """An uncovered option. Where the price of the underlying is unknown it is taken to be at the money."""
        multiplier: int = holding.multiplier
        strike_e8: int = holding.strike_price_e8
        underlying_e8: int = holding.underlying_price_e8
        if underlying_e8 == 0:
            underlying_e8 = strike_e8
        call = holding.option_right == OPTION_RIGHT_CALL
        away_e8 = max(strike_e8 - underlying_e8 if call else underlying_e8 - strike_e8, 0)
        units = quantity * multiplier
        above_e8 = part(underlying_e8 * units, self.option_underlying_bps) - away_e8 * units
        floor_e8 = part((underlying_e8 if call else strike_e8) * units, self.option_floor_bps)
        return premium_e8 + max(above_e8, floor_e8)


class MarginRules:
    """Rates by time. `intraday_from`: first day (YYYYMMDD) on which this firm applies intraday margin standards."""

    def __init__(self, intraday_from: int) -> None:
        first_days = {row[0] for rows in (SHARE_ROWS, OPTION_ROWS, FUTURE_ROWS, DAY_RULE_ROWS) for row in rows}
        dates = sorted(first_days | {intraday_from})
        self.starts_ns: list[int] = starts_of(dates)
        self.rates: list[MarginRates] = [MarginRates(date, intraday_from) for date in dates]
        self.latest: MarginRates = self.rates[0]
        """Those asked for last: in force from `latest_from_ns` until before `latest_until_ns`."""
        self.latest_from_ns: i64 = 0
        self.latest_until_ns: i64 = 0

    def at(self, time_ns: i64) -> MarginRates:
        """The rates in force at a time; the first ones before all tables."""
        if not self.latest_from_ns <= time_ns < self.latest_until_ns:
            row: i64 = max(row_at(self.starts_ns, time_ns), 0)
            self.latest = self.rates[row]
            self.latest_from_ns = self.starts_ns[row]
            self.latest_until_ns = self.starts_ns[row + 1] if row + 1 < len(self.starts_ns) else LATEST_NS
        return self.latest


def row_of(rows: tuple[tuple[int, ...], ...], date: i64) -> tuple[int, ...]:
    """The row in force on a date YYYYMMDD; the first row before all."""
    found = rows[0]
    for row in rows:
        if row[0] <= date:
            found = row
    return found


def day_rule_row(date: i64, intraday_from: i64) -> tuple[int, ...]:
    """As `row_of`, with the firm's own first day of intraday margin (it may be phased in until 2027-10-20)."""
    rows = [row for row in DAY_RULE_ROWS if row[1] != INTRADAY_MARGIN or intraday_from <= date]
    if rows[-1][1] == INTRADAY_MARGIN:
        return rows[-1]
    return row_of(tuple(rows), date)


def date_at(time_ns: i64) -> i64:
    """The date YYYYMMDD in New York at a time that is not negative."""
    return date_of(local_day(time_ns // 1_000_000_000))
