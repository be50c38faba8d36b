"""Bars the slow and obvious way: keep every sale of a window, and look at them when it is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from schemas.generated.events import PriceUpdated

E8 = 100_000_000
MS = 1_000_000
ODD_LOT, NOT_LAST, NOT_HIGH_LOW = 16, 32, 64

Window = tuple[int, int]
"""(end in ns, length in ms)"""


class BarReference:
    """Takes sales with the watermark of their arrival; `bars` gives what an operator should have emitted."""

    def __init__(self, intervals_ms: Iterable[int], offset_ms: int = 0) -> None:
        self.intervals_ms = list(intervals_ms)
        self.offset_ns = offset_ms * MS
        self.windows: dict[Window, list[PriceUpdated]] = defaultdict(list)
        self.late: list[PriceUpdated] = []
        self.missed: dict[int, int] = defaultdict(int)
        """Shares that came too late, by length."""

    def send(self, sale: PriceUpdated, watermark_ns: int) -> None:
        missed = False
        for interval_ms in self.intervals_ms:
            length_ns = interval_ms * MS
            start_ns = (sale.event_time_ns - self.offset_ns) // length_ns * length_ns + self.offset_ns
            if start_ns + length_ns > watermark_ns:
                self.windows[start_ns + length_ns, interval_ms].append(sale)
            else:
                missed = True
                self.missed[interval_ms] += sale.trade_quantity
        if missed:
            self.late.append(sale)

    def bars(self) -> list[tuple[object, ...]]:
        order = sorted(self.windows, key=lambda window: (window[0], self.intervals_ms.index(window[1])))
        closes = dict.fromkeys(self.intervals_ms, 0)
        made = []
        for window in order:
            interval_ms = window[1]
            prices = prices_of(self.windows[window], closes[interval_ms])
            closes[interval_ms] = prices[3]
            made.append((*window, *prices, *sums_of(self.windows[window], prices[3])))
        return made


def prices_of(sales: list[PriceUpdated], close_before: int) -> tuple[int, int, int, int]:
    """Open, high, low and close in 1e-8."""
    last = [sale for sale in sales if not sale.flags & (ODD_LOT | NOT_LAST | NOT_HIGH_LOW)]
    extremes = [sale.trade_price_e8 for sale in sales if not sale.flags & (ODD_LOT | NOT_HIGH_LOW)]
    if not last:
        extremes.append(close_before)
        return (close_before, max(extremes), min(extremes), close_before) if close_before else (0, 0, 0, 0)
    in_time = sorted(last, key=lambda sale: sale.event_time_ns)
    return in_time[0].trade_price_e8, max(extremes), min(extremes), in_time[-1].trade_price_e8


def sums_of(sales: list[PriceUpdated], close: int) -> tuple[int, int, int, float]:
    """Volume, turnover in 1e-8, sales, volume-weighted price."""
    weighted = [sale for sale in sales if not sale.flags & NOT_HIGH_LOW]
    shares = sum(sale.trade_quantity for sale in weighted)
    amount = sum(sale.trade_price_e8 * sale.trade_quantity for sale in weighted)
    vwap = Fraction(amount, shares * E8) if shares else Fraction(close, E8)
    return (
        sum(sale.trade_quantity for sale in sales),
        sum(sale.trade_price_e8 * sale.trade_quantity for sale in sales),
        len(sales),
        float(vwap),
    )
