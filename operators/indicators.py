"""Build bars of several lengths from the sales of a symbol, and calculate the indicators at each close.

Theory of operation. A sale goes into the open bar of each length whose window holds its event time. A bar is opened by
its first sale, which sets a timer at the window's end; the timer closes it, once, when the watermark says that no
earlier sale is to come. Windows are aligned to the epoch, shifted by `offset_ms`: with the default 60-minute bars start
at the full hour UTC; for bars that start with the session in New York at 9:30, in summer and winter, say 1,800,000.

A sale may be late for a short bar and in time for a longer one: it counts where the window is still open, and goes to
the late output once, whole, if it missed any bar.

Windows without a sale give no bar and no step of the indicators, unless `fill_empty_bars` says for how many in a row
the last close is repeated. A bar whose sales are none of them eligible for last (see bars.py) carries the close before
it and is no step of the indicators either; where bars are filled it is, as an empty one.

Invariant: per length, every share sold is in exactly one bar, or its sale was emitted late.
Bound: open bars per length <= out-of-orderness of the source / length, rounded up, + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from dataflow.model import Context, KeyedOperator, Record
from operators.bars import add_sale, carry_price, is_priced, is_report, open_bar, record_of, sale_amount_e8
from operators.moving_statistics import MovingStatistics, StatisticPeriods
from schemas.generated.events import PRICE_KIND_TRADE, PriceUpdated
from schemas.generated.states import BarSeries, IndicatorsState, OpenBar

NS_PER_MS: Final[i64] = 1_000_000
INTERVAL_MS_MAX: Final = 7 * 24 * 3_600_000
INTERVALS_MAX: Final = 16


@dataclass(frozen=True)
class IndicatorParameters(StatisticPeriods):
    """Parameters of indicators: bars, and the periods of the statistics over them."""

    intervals_ms: tuple[int, ...] = (60_000, 300_000, 900_000, 3_600_000)
    """Lengths of the bars in milliseconds."""
    offset_ms: int = 0
    """How far window starts lie after whole multiples of the length since the epoch, UTC, in milliseconds."""
    fill_empty_bars: int = 0
    """How many empty windows in a row repeat the close of the bar before them."""


class Indicators(KeyedOperator[IndicatorsState]):
    """Emits one AnalyticsCalculated per closed bar; its event time is the end of the window."""

    def __init__(self, parameters: IndicatorParameters) -> None:
        check(parameters)
        self.intervals_ms: tuple[int, ...] = parameters.intervals_ms
        self.offset_ns: i64 = parameters.offset_ms * NS_PER_MS
        self.fill_empty_bars: i64 = parameters.fill_empty_bars
        self.statistics: MovingStatistics = MovingStatistics(parameters)

    def on_record(self, state: IndicatorsState, record: Record, context: Context) -> None:
        assert isinstance(record, PriceUpdated)
        if record.kind != PRICE_KIND_TRADE or is_report(record):
            return
        if len(state.series) == 0:
            state.series = [BarSeries(interval_ms) for interval_ms in self.intervals_ms]
        time_ns: i64 = record.event_time_ns
        amount_e8 = sale_amount_e8(record)
        late = False
        for series in state.series:
            bar = series.newest
            if bar.start_ns <= time_ns < bar.end_ns:
                add_sale(bar, record, amount_e8)
                continue
            found = self.bar_of(series, time_ns, context)
            if found is None:
                late = True
            else:
                add_sale(found, record, amount_e8)
        if late:
            context.emit_late(record)

    def bar_of(self, series: BarSeries, time_ns: i64, context: Context) -> OpenBar | None:
        """The open bar whose window holds this time, opened if need be; None where the window is closed, and
        for times before the epoch, which no source has."""
        for bar in series.earlier:
            if bar.start_ns <= time_ns < bar.end_ns:
                return bar
        length_ns: i64 = series.interval_ms * NS_PER_MS
        start_ns: i64 = time_ns - (time_ns + length_ns - self.offset_ns % length_ns) % length_ns
        end_ns: i64 = start_ns + length_ns
        if end_ns <= context.watermark_ns or time_ns < 0:
            return None
        opened = open_bar(start_ns, end_ns)
        place(series, opened)
        context.set_timer(end_ns)
        return opened

    def on_timer(self, state: IndicatorsState, at_ns: i64, context: Context) -> None:
        for series in state.series:
            earlier = series.earlier
            while len(earlier) > 0 and earlier[0].end_ns <= at_ns:
                self.close(series, earlier[0], context)
                del earlier[0]
            newest = series.newest
            if 0 < newest.end_ns <= at_ns:
                self.close(series, newest, context)
                series.newest = OpenBar()
            elif self.fill_empty_bars > 0 and series.closed_end_ns == at_ns - series.interval_ms * NS_PER_MS:
                self.fill(series, at_ns, context)

    def fill(self, series: BarSeries, at_ns: i64, context: Context) -> None:
        """Close an empty window, if the last bar with sales is not too long ago."""
        if series.filled < self.fill_empty_bars:
            filled = series.filled + 1
            self.close(series, open_bar(series.closed_end_ns, at_ns), context)
            series.filled = filled

    def close(self, series: BarSeries, bar: OpenBar, context: Context) -> None:
        moving = series.moving
        counts = is_priced(bar)
        if not counts:
            closes = moving.closes_e8
            carry_price(bar, closes[-1] if len(closes) > 0 else 0)
            counts = self.fill_empty_bars > 0 and is_priced(bar)
        if counts:
            self.statistics.add(moving, bar.high_e8, bar.low_e8, bar.close_e8)
        record = record_of(bar, context.key)
        record.interval_ms = series.interval_ms
        self.statistics.tell(moving, record)
        context.emit(record)
        series.closed_end_ns = bar.end_ns
        series.filled = 0
        if self.fill_empty_bars > 0:
            context.set_timer(bar.end_ns + series.interval_ms * NS_PER_MS)


def place(series: BarSeries, opened: OpenBar) -> None:
    """Put a new bar among the open ones, which stand in the order of their windows."""
    newest = series.newest
    earlier = series.earlier
    if newest.end_ns == 0:
        series.newest = opened
    elif opened.start_ns > newest.start_ns:
        earlier.append(newest)
        series.newest = opened
    else:
        index = len(earlier)
        while index > 0 and earlier[index - 1].start_ns > opened.start_ns:
            index -= 1
        earlier.insert(index, opened)


def check(parameters: IndicatorParameters) -> None:
    """Raises ValueError for parameters that make no bars. (The periods are checked where they are used.)"""
    intervals_ms = parameters.intervals_ms
    if not 1 <= len(intervals_ms) <= INTERVALS_MAX or len(set(intervals_ms)) != len(intervals_ms):
        raise ValueError(f"intervals_ms holds {len(intervals_ms)} lengths; give 1 to {INTERVALS_MAX}, each once")
    for interval_ms in intervals_ms:
        if not 1 <= interval_ms <= INTERVAL_MS_MAX:
            raise ValueError(f"intervals_ms holds {interval_ms}; give 1 to {INTERVAL_MS_MAX} milliseconds")
    if not 0 <= parameters.offset_ms < INTERVAL_MS_MAX:
        raise ValueError(f"offset_ms is {parameters.offset_ms}; give 0 to {INTERVAL_MS_MAX - 1} milliseconds")
    if parameters.fill_empty_bars < 0:
        raise ValueError(f"fill_empty_bars is {parameters.fill_empty_bars}; give 0 or more")
