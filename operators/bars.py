"""Counts sales into one open bar, by the rules of the consolidated tapes.

| sale (flags of PriceUpdated) | trades, volume, turnover | VWAP | high, low | open, close |
|---|---|---|---|---|
| regular; opening and closing prints (128, 256); outside regular hours (8) without 32 or 64 | yes | yes | yes | yes |
| odd lot (16), as far as it comes without 64 | yes | yes | no | no |
| not eligible for last (32) | yes | yes | yes | no |
| not eligible for high, low and volume-weighted price (64) | yes | no | no | no |
| no shares: a corrected consolidated close | no | no | yes | yes |
| no shares, and not eligible for last: a market centre's official price | no | no | no | no |

No sale condition of the tapes sets the last price without high and low; so 64 keeps a sale from open and close too, and
low <= open, close <= high always holds. Open and close go by event time, not by arrival: sales that come out of order,
but before the bar closes, give the same bar (of sales at the same nanosecond the first arrived opens, the last closes).

Invariant: trades, volume and turnover count every sale handed in, exactly.
Source: UTP plan, UTDF interface specification, and CTA plan, CTS output specification: tables of sale conditions,
columns of consolidated high/low, last and volume (odd lot I: no, no, yes; Form T: no, no, yes; sold out of sequence Z,
derivatively priced 4, prior reference price P: yes, no, yes; average price: no, no, yes).
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.events import AnalyticsCalculated, PriceUpdated
from schemas.generated.states import OpenBar

E8: Final = 100_000_000
FLAG_ODD_LOT: Final = 16
FLAG_NOT_LAST: Final = 32
FLAG_NOT_HIGH_LOW: Final = 64
CONDITIONAL: Final = FLAG_ODD_LOT | FLAG_NOT_LAST | FLAG_NOT_HIGH_LOW
RECENT_MAX: Final[i64] = 1 << 61
TOO_LARGE: Final[i64] = -1


def is_report(update: PriceUpdated) -> bool:
    """Whether a TRADE tells an official price beside the market, which no bar counts."""
    return update.trade_quantity == 0 and update.flags & FLAG_NOT_LAST != 0


def sale_amount_e8(sale: PriceUpdated) -> i64:
    """Price times shares, or TOO_LARGE where that may pass 2**61 (some 20 billion in one sale)."""
    quantity: i64 = sale.trade_quantity
    price_e8: i64 = sale.trade_price_e8
    if quantity < 1 << 30 and (price_e8 >> 30) * quantity < 1 << 30:
        return price_e8 * quantity
    return TOO_LARGE


def open_bar(start_ns: i64, end_ns: i64) -> OpenBar:
    return OpenBar(start_ns, end_ns, end_ns, start_ns)


def add_sale(bar: OpenBar, sale: PriceUpdated, amount_e8: i64) -> None:
    """Count a sale whose event time lies in the bar's window; `amount_e8` is its `sale_amount_e8`."""
    quantity: i64 = sale.trade_quantity
    if quantity > 0:
        bar.trades += 1
        bar.volume += quantity
    if amount_e8 == TOO_LARGE:
        bar.turnover_e8 += exact_amount_e8(sale)
    else:
        bar.turnover_recent_e8 += amount_e8
        if bar.turnover_recent_e8 >= RECENT_MAX:
            bar.turnover_e8 += int(bar.turnover_recent_e8)
            bar.turnover_recent_e8 = 0
    flags: i64 = sale.flags
    if flags & CONDITIONAL == 0:
        widen(bar, sale.trade_price_e8)
        time_ns: i64 = sale.event_time_ns
        if time_ns >= bar.close_time_ns:
            bar.close_time_ns = time_ns
            bar.close_e8 = sale.trade_price_e8
        if time_ns < bar.open_time_ns:
            bar.open_time_ns = time_ns
            bar.open_e8 = sale.trade_price_e8
    elif flags & FLAG_NOT_HIGH_LOW != 0:
        bar.ineligible_volume += quantity
        bar.ineligible_turnover_e8 += exact_amount_e8(sale) if amount_e8 == TOO_LARGE else amount_e8
    elif flags & FLAG_ODD_LOT == 0:
        widen(bar, sale.trade_price_e8)


def widen(bar: OpenBar, price_e8: i64) -> None:
    bar.high_e8 = max(bar.high_e8, price_e8)
    if price_e8 < bar.low_e8 or bar.low_e8 == 0:
        bar.low_e8 = price_e8


def exact_amount_e8(sale: PriceUpdated) -> int:
    """Price times shares, however large."""
    price_e8: int = sale.trade_price_e8
    quantity: int = sale.trade_quantity
    return price_e8 * quantity


def is_priced(bar: OpenBar) -> bool:
    """Whether a sale eligible for last has set open and close."""
    return bar.close_e8 > 0


def carry_price(bar: OpenBar, close_e8: i64) -> None:
    """Give a bar without an eligible sale the close of the bar before. Without one it keeps no price at all."""
    bar.open_e8 = close_e8
    bar.close_e8 = close_e8
    if close_e8 == 0:
        bar.high_e8 = 0
        bar.low_e8 = 0
    else:
        widen(bar, close_e8)


def record_of(bar: OpenBar, symbol: str) -> AnalyticsCalculated:
    """The bar as it closes, without statistics."""
    record = AnalyticsCalculated(bar.end_ns, symbol)
    record.window_start_ns = bar.start_ns
    record.window_end_ns = bar.end_ns
    record.open_e8 = bar.open_e8
    record.high_e8 = bar.high_e8
    record.low_e8 = bar.low_e8
    record.close_e8 = bar.close_e8
    record.volume = bar.volume
    record.trades = bar.trades
    record.turnover_e8 = bar.turnover_e8 + int(bar.turnover_recent_e8)
    record.vwap = volume_weighted_price(bar, record.turnover_e8)
    return record


def volume_weighted_price(bar: OpenBar, turnover_e8: int) -> float:
    """Turnover per share of the eligible sales, in currency units; of none, the close."""
    shares: int = bar.volume - bar.ineligible_volume
    if shares == 0:
        return bar.close_e8 / E8
    return (turnover_e8 - bar.ineligible_turnover_e8) / (shares * E8)
