"""Indicators equal TA-Lib's to 1e-9: on real bars, random walks, flat and straight series, through restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.model import END_OF_TIME
from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.indicators import IndicatorParameters
from operators.moving_statistics import MovingStatistics, StatisticPeriods
from schemas.generated.events import AnalyticsCalculated
from schemas.generated.states import MovingState
from tests.operators.sales import MINUTE, real_sales, sale

TOLERANCE = 1e-9
CENT = 1_000_000
NAMES = (
    "sma",
    "ema",
    "rsi",
    "macd",
    "macd_signal",
    "bollinger_middle",
    "bollinger_upper",
    "bollinger_lower",
    "atr",
)
DEFAULTS = StatisticPeriods()
Bar = tuple[int, int, int]
"""High, low and close in 1e-8."""


def expected(bars: list[Bar], periods: StatisticPeriods = DEFAULTS) -> dict[str, Any]:
    """What TA-Lib says; NaN where it says nothing."""
    high, low, close = (np.array(column) / 100_000_000 for column in zip(*bars, strict=True))
    fast, slow, smoothing = periods.macd_fast_period, periods.macd_slow_period, periods.macd_signal_period
    macd, signal, _ = talib.MACD(close, fast, slow, smoothing)
    deviations = periods.bollinger_deviations
    upper, middle, lower = talib.BBANDS(close, periods.bollinger_period, deviations, deviations)
    return {
        "sma": talib.SMA(close, periods.sma_period),
        "ema": talib.EMA(close, periods.ema_period),
        "rsi": talib.RSI(close, periods.rsi_period),
        "macd": macd,
        "macd_signal": signal,
        "bollinger_middle": middle,
        "bollinger_upper": upper,
        "bollinger_lower": lower,
        "atr": talib.ATR(high, low, close, periods.atr_period),
    }


def told(records: list[AnalyticsCalculated]) -> dict[str, Any]:
    return {name: np.array([getattr(record, name) for record in records], dtype=float) for name in NAMES}


def greatest_differences(records: list[AnalyticsCalculated], wanted: dict[str, Any]) -> dict[str, float]:
    """By indicator; infinite where one has a value and the other none."""
    found = {}
    for name, values in told(records).items():
        missing = np.isnan(values) != np.isnan(wanted[name])
        differences = np.where(missing, np.inf, np.nan_to_num(np.abs(values - wanted[name])))
        found[name] = float(differences.max(initial=0.0))
    return found


def too_different(records: list[AnalyticsCalculated], wanted: dict[str, Any]) -> dict[str, float]:
    return {name: by for name, by in greatest_differences(records, wanted).items() if by > TOLERANCE}


def statistics(bars: list[Bar], periods: StatisticPeriods = DEFAULTS) -> list[AnalyticsCalculated]:
    calculator, moving, records = MovingStatistics(periods), MovingState(), []
    for bar in bars:
        calculator.add(moving, *bar)
        records.append(AnalyticsCalculated())
        calculator.tell(moving, records[-1])
    return records


def bars_of(records: list[AnalyticsCalculated]) -> list[Bar]:
    return [(record.high_e8, record.low_e8, record.close_e8) for record in records]


def walk(start: int, steps: list[tuple[int, int, int]]) -> list[Bar]:
    """Bars from (change of the close, reach above, reach below) in cents, never under a cent."""
    bars, close = [], start
    for change, above, below in steps:
        close = max(CENT, close + change * CENT)
        bars.append((close + above * CENT, max(CENT, close - below * CENT), close))
    return bars


WALKS = st.builds(
    walk,
    st.integers(1, 100_000).map(lambda cents: cents * CENT),
    st.lists(st.tuples(st.integers(-300, 300), st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=90),
)
PERIODS = st.builds(
    StatisticPeriods,
    sma_period=st.integers(2, 12),
    ema_period=st.integers(2, 12),
    rsi_period=st.integers(2, 12),
    macd_fast_period=st.integers(2, 6),
    macd_slow_period=st.integers(7, 12),
    macd_signal_period=st.integers(2, 9),
    bollinger_period=st.integers(2, 12),
    bollinger_deviations=st.floats(0.5, 4.0),
    atr_period=st.integers(2, 12),
)
SHAPES = {
    "flat": [10_000 * CENT] * 60,
    "rising": [(10_000 + 7 * bar) * CENT for bar in range(60)],
    "falling": [(10_000 - 7 * bar) * CENT for bar in range(60)],
    "a jump, then flat for ever": [10_000 * CENT] * 20 + [18_745 * CENT] * 3_000,
    "to and fro, then flat": [(10_000 + bar % 3) * CENT for bar in range(40)] + [10_001 * CENT] * 1_000,
    "to and fro by the least step": [10_000 * CENT + bar % 2 for bar in range(80)],
}


@settings(deadline=None)
@given(WALKS)
def test_random_walks(bars: list[Bar]) -> None:
    assert too_different(statistics(bars), expected(bars)) == {}


@settings(deadline=None)
@given(WALKS, PERIODS)
def test_other_periods(bars: list[Bar], periods: StatisticPeriods) -> None:
    assert too_different(statistics(bars, periods), expected(bars, periods)) == {}


@settings(deadline=None)
@given(WALKS, st.integers(20, 60))
def test_walks_that_end_flat(bars: list[Bar], flat: int) -> None:
    close = bars[-1][2]
    bars = bars + [(close, close, close)] * flat
    assert too_different(statistics(bars), expected(bars)) == {}


@pytest.mark.parametrize("closes", SHAPES.values(), ids=SHAPES.keys())
def test_series_of_a_plain_shape(closes: list[int]) -> None:
    bars = [(close, close, close) for close in closes]
    assert too_different(statistics(bars), expected(bars)) == {}


def test_a_flat_series_has_no_strength_and_no_width() -> None:
    last = statistics([(CENT, CENT, CENT)] * 60)[-1]
    assert (last.rsi, last.atr, last.macd) == (0.0, 0.0, 0.0)
    assert last.bollinger_upper == last.bollinger_middle == last.bollinger_lower == 0.01


@pytest.mark.parametrize(("step", "rsi"), [(1, 100.0), (-1, 0.0)])
def test_a_straight_series_has_all_or_no_strength(step: int, rsi: float) -> None:
    closes = [(1_000 + step * bar) * CENT for bar in range(30)]
    assert statistics([(close, close, close) for close in closes])[-1].rsi == rsi


def test_each_indicator_begins_with_the_bar_it_is_defined_from() -> None:
    records = statistics([((100 + bar) * CENT,) * 3 for bar in range(40)])
    values = told(records)
    first = {name: int(np.argmax(~np.isnan(values[name]))) for name in NAMES}
    assert first == {
        "sma": 19,
        "ema": 19,
        "rsi": 14,
        "macd": 33,
        "macd_signal": 33,
        "bollinger_middle": 19,
        "bollinger_upper": 19,
        "bollinger_lower": 19,
        "atr": 14,
    }


def test_nothing_drifts_in_a_long_series() -> None:
    closes = [(5_000_000 + bar * 7_919 % 100_003) * CENT for bar in range(30_000)]
    late = statistics([(close, close, close) for close in closes])[-1]
    fresh = statistics([(close, close, close) for close in closes[-60:]])[-1]
    assert (late.sma, late.bollinger_upper) == (fresh.sma, fresh.bollinger_upper)


@settings(deadline=None)
@given(WALKS)
def test_the_operator_with_a_restart_before_every_sale(bars: list[Bar]) -> None:
    made = OperatorHarness(OPERATORS["indicators"], IndicatorParameters(intervals_ms=(60_000,)))
    for number, bar in enumerate(bars):
        for price_e8 in bar:
            made.restore(made.snapshot())
            record = sale(number * MINUTE, 0.0)
            record.trade_price_e8 = price_e8
            made.send(record)
        made.advance_watermark((number + 1) * MINUTE)
    records = made.take()
    assert bars_of(records) == bars
    assert too_different(records, expected(bars)) == {}


def real_bars(folder: Path, symbol: str, restarts: bool = False) -> list[AnalyticsCalculated]:
    """Bars of all lengths from all sales that are no odd lots; with `restarts` through a snapshot at each minute."""
    made = OperatorHarness(OPERATORS["indicators"])
    for record in real_sales(folder, symbol):
        end_ns = record.event_time_ns // MINUTE * MINUTE
        if end_ns > made.watermark_ns:
            made.advance_watermark(end_ns)
            if restarts:
                made.restore(made.snapshot())
        if record.flags == 0:
            made.send(record)
    made.advance_watermark(END_OF_TIME)
    return made.take()


@pytest.mark.parametrize("symbol", ["ibm", "bac"])
@pytest.mark.parametrize("interval_ms", [60_000, 300_000, 900_000])
def test_real_bars(market_data_folder: Path, symbol: str, interval_ms: int) -> None:
    records = [bar for bar in real_bars(market_data_folder, symbol) if bar.interval_ms == interval_ms]
    assert len(records) > 50
    assert too_different(records, expected(bars_of(records))) == {}


def test_real_bars_through_a_restart_at_every_minute(market_data_folder: Path) -> None:
    records = [bar for bar in real_bars(market_data_folder, "bac", restarts=True) if bar.interval_ms == 60_000]
    assert len(records) > 500
    assert too_different(records, expected(bars_of(records))) == {}
