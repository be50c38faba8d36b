"""SMA, EMA, RSI, MACD, Bollinger bands and ATR over the closed bars of one series, as TA-Lib defines them.

First values and seeds (bars counted from 1; unstable period 0, no Metastock compatibility):

- SMA(n), Bollinger(n): from bar n; mean and population deviation of the last n closes.
- EMA(n): from bar n; seeded with the mean of the first n closes.
- RSI(n): from bar n + 1; seeded with mean rise and mean fall of the first n changes, then Wilder; 0 if nothing moves.
- MACD(fast, slow, signal): from bar slow + signal - 1. At bar `slow` the slow average is seeded with the mean of all
  closes so far, and the fast one there too, with the mean of the last `fast`; the signal with the mean of its first
  `signal` values.
- ATR(n): from bar n + 1; seeded with the mean of the true ranges of bars 2 to n + 1, then Wilder.

Means and deviations are calculated from the closes themselves at each bar, so nothing drifts, however long a series is;
the recursive averages do the same floating-point steps as TA-Lib.

Bound: closes kept are as many as the longest of the periods of SMA, Bollinger, EMA and the slow average of MACD.
Source: TA-Lib, by its documented functions and its behaviour, which tests/operators/test_indicators_talib.py compares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from schemas.generated.events import AnalyticsCalculated
from schemas.generated.states import MovingState

E8: Final = 100_000_000
PERIOD_MAX: Final = 1_000


@dataclass(frozen=True)
class StatisticPeriods:
    """Lengths of the moving statistics, in bars."""

    sma_period: int = 20
    ema_period: int = 20
    rsi_period: int = 14
    macd_fast_period: int = 12
    macd_slow_period: int = 26
    macd_signal_period: int = 9
    bollinger_period: int = 20
    bollinger_deviations: float = 2.0
    """Distance of the outer bands from the middle one, in standard deviations."""
    atr_period: int = 14


class MovingStatistics:
    """Takes closed bars into a `MovingState`, and tells the statistics from it. Raises ValueError for bad periods."""

    def __init__(self, periods: StatisticPeriods) -> None:
        check_periods(periods)
        self.sma_period: int = periods.sma_period
        self.ema_period: int = periods.ema_period
        self.ema_weight: float = 2.0 / (periods.ema_period + 1)
        self.rsi_period: int = periods.rsi_period
        self.fast_period: int = periods.macd_fast_period
        self.fast_weight: float = 2.0 / (periods.macd_fast_period + 1)
        self.slow_period: int = periods.macd_slow_period
        self.slow_weight: float = 2.0 / (periods.macd_slow_period + 1)
        self.signal_period: int = periods.macd_signal_period
        self.signal_weight: float = 2.0 / (periods.macd_signal_period + 1)
        self.signal_first: int = periods.macd_slow_period + periods.macd_signal_period - 1
        self.bollinger_period: int = periods.bollinger_period
        self.bollinger_deviations: float = periods.bollinger_deviations
        self.atr_period: int = periods.atr_period
        self.kept: int = max(self.sma_period, self.bollinger_period, self.ema_period, self.slow_period)

    def add(self, moving: MovingState, high_e8: i64, low_e8: i64, close_e8: i64) -> None:
        """Take in one closed bar."""
        closes = moving.closes_e8
        moving.bars += 1
        if len(closes) > 0:
            previous = closes[-1] / E8
            self.add_change(moving, close_e8 / E8 - previous)
            self.add_true_range(moving, true_range(high_e8 / E8, low_e8 / E8, previous))
        closes.append(close_e8)
        if len(closes) > self.kept:
            del closes[0]
        close = close_e8 / E8
        if moving.bars > self.ema_period:
            moving.ema += (close - moving.ema) * self.ema_weight
        elif moving.bars == self.ema_period:
            moving.ema = mean(closes, self.ema_period)
        self.add_macd(moving, close)

    def add_change(self, moving: MovingState, change: float) -> None:
        changes = moving.bars - 1
        n = self.rsi_period
        if changes > n:
            moving.gain *= n - 1
            moving.loss *= n - 1
        if change > 0.0:
            moving.gain += change
        else:
            moving.loss -= change
        if changes >= n:
            moving.gain /= n
            moving.loss /= n

    def add_true_range(self, moving: MovingState, width: float) -> None:
        ranges = moving.bars - 1
        n = self.atr_period
        if ranges > n:
            moving.true_range *= n - 1
        moving.true_range += width
        if ranges >= n:
            moving.true_range /= n

    def add_macd(self, moving: MovingState, close: float) -> None:
        if moving.bars < self.slow_period:
            return
        if moving.bars == self.slow_period:
            moving.macd_slow = mean(moving.closes_e8, self.slow_period)
            moving.macd_fast = mean(moving.closes_e8, self.fast_period)
        else:
            moving.macd_slow += (close - moving.macd_slow) * self.slow_weight
            moving.macd_fast += (close - moving.macd_fast) * self.fast_weight
        macd = moving.macd_fast - moving.macd_slow
        if moving.bars > self.signal_first:
            moving.macd_signal += (macd - moving.macd_signal) * self.signal_weight
            return
        moving.macd_signal += macd
        if moving.bars == self.signal_first:
            moving.macd_signal /= self.signal_period

    def tell(self, moving: MovingState, record: AnalyticsCalculated) -> None:
        """Fill in the statistics that exist after the bars taken in so far."""
        bars = moving.bars
        if bars >= self.sma_period:
            record.sma = mean(moving.closes_e8, self.sma_period)
        if bars >= self.ema_period:
            record.ema = moving.ema
        if bars > self.rsi_period:
            record.rsi = relative_strength(moving.gain, moving.loss)
        if bars >= self.signal_first:
            record.macd = moving.macd_fast - moving.macd_slow
            record.macd_signal = moving.macd_signal
        if bars >= self.bollinger_period:
            middle = mean(moving.closes_e8, self.bollinger_period)
            width = self.bollinger_deviations * deviation(moving.closes_e8, self.bollinger_period)
            record.bollinger_middle = middle
            record.bollinger_upper = middle + width
            record.bollinger_lower = middle - width
        if bars > self.atr_period:
            record.atr = moving.true_range


def check_periods(periods: StatisticPeriods) -> None:
    lengths = {
        "sma_period": periods.sma_period,
        "ema_period": periods.ema_period,
        "rsi_period": periods.rsi_period,
        "macd_fast_period": periods.macd_fast_period,
        "macd_slow_period": periods.macd_slow_period,
        "macd_signal_period": periods.macd_signal_period,
        "bollinger_period": periods.bollinger_period,
        "atr_period": periods.atr_period,
    }
    for name, length in lengths.items():
        if not 2 <= length <= PERIOD_MAX:
            raise ValueError(f"{name} is {length}; give 2 to {PERIOD_MAX} bars")
    if periods.macd_fast_period >= periods.macd_slow_period:
        raise ValueError("macd_fast_period is not shorter than macd_slow_period; exchange them")
    if not 0.0 < periods.bollinger_deviations <= 100.0:
        raise ValueError(f"bollinger_deviations is {periods.bollinger_deviations}; give more than 0, at most 100")


def mean(closes_e8: list[int], n: int) -> float:
    """Mean of the last n closes in currency units, rounded once."""
    return sum(closes_e8[-n:]) / (n * E8)


def deviation(closes_e8: list[int], n: int) -> float:
    """Population standard deviation of the last n closes in currency units.

    Measured from the newest close, which is one of them: so nothing cancels, and closes that are all equal give 0.
    """
    newest_e8: i64 = closes_e8[-1]
    total = 0.0
    squares = 0.0
    for close_e8 in closes_e8[-n:]:
        distance_e8: i64 = close_e8 - newest_e8
        distance = float(distance_e8)
        total += distance
        squares += distance * distance
    centre = total / n
    return math.sqrt(max(squares / n - centre * centre, 0.0)) / E8


def true_range(high: float, low: float, previous_close: float) -> float:
    return max(high - low, abs(previous_close - high), abs(previous_close - low))


def relative_strength(gain: float, loss: float) -> float:
    """RSI in 0 to 100 from average rise and fall."""
    moved = gain + loss
    if moved == 0.0:
        return 0.0
    return 100.0 * (gain / moved)
