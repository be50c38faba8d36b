"""Price increments: which tick holds at a price, and the tables that hold for instruments without one of their own.

Each general table holds from midnight in New York of its first day until the next row. An instrument's own table, told
by its reference data, comes first; so do the half-penny increments that exchanges will assign stock by stock once the
amended Rule 612 is in force (compliance is deferred to November 2027).

Source: stocks and funds: 17 CFR 242.612, $0.01 from $1.00 on and $0.0001 below, since 2006-01-31; decimals since
2001-04-09, sixteenths before (general knowledge). Options: Cboe Rule 5.4(a) for classes outside the penny programme,
$0.05 below $3.00 and $0.10 from there on (general knowledge). Futures have no general table.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.states import INSTRUMENT_TYPE_FUND, INSTRUMENT_TYPE_OPTION, INSTRUMENT_TYPE_STOCK, TickStep

DOLLAR_E8: Final = 100_000_000
CENT_E8: Final = 1_000_000
TICK_ROWS_MAX: Final[i64] = 32
"""Rows an instrument's own table may have."""

GENERAL_TICKS: Final[tuple[tuple[int, int, tuple[tuple[int, int], ...]], ...]] = (
    # instrument type, first day, rows of (from price, tick) in 1e-8
    (INSTRUMENT_TYPE_STOCK, 1998_01_01, ((0, DOLLAR_E8 // 16),)),
    (INSTRUMENT_TYPE_STOCK, 2001_04_09, ((0, CENT_E8),)),
    (INSTRUMENT_TYPE_STOCK, 2006_01_31, ((0, CENT_E8 // 100), (DOLLAR_E8, CENT_E8))),
    (INSTRUMENT_TYPE_OPTION, 1998_01_01, ((0, 5 * CENT_E8), (3 * DOLLAR_E8, 10 * CENT_E8))),
)


def general_ticks(instrument_type: i64, date: i64) -> list[TickStep]:
    """The table for a kind of instrument on a date YYYYMMDD; empty where there is none."""
    wanted = INSTRUMENT_TYPE_STOCK if instrument_type == INSTRUMENT_TYPE_FUND else instrument_type
    found: list[TickStep] = []
    for kind, first_day, rows in GENERAL_TICKS:
        if kind == wanted and first_day <= date:
            found = [TickStep(from_e8, tick_e8) for from_e8, tick_e8 in rows]
    return found


def tick_at(ticks: list[TickStep], price_e8: i64) -> i64:
    """The increment in 1e-8 at a price that is not negative. The table is not empty and starts at 0."""
    place: i64 = len(ticks) - 1
    while place > 0 and price_e8 < ticks[place].from_price_e8:
        place -= 1
    return ticks[place].tick_e8


def is_tick_table(ticks: list[TickStep]) -> bool:
    """It starts at 0, rises, holds positive increments, and has no more than TICK_ROWS_MAX rows."""
    if len(ticks) == 0 or len(ticks) > TICK_ROWS_MAX or ticks[0].from_price_e8 != 0:
        return False
    before: i64 = -1
    for step in ticks:
        if step.tick_e8 <= 0 or step.from_price_e8 <= before:
            return False
        before = step.from_price_e8
    return True
