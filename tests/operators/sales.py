"""Sales for tests: made by hand, and the real ones of Lean's tick archives."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

from schemas.generated.events import PRICE_KIND_TRADE, PriceUpdated

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
ROUND_LOT = 100
ODD_LOT = 16


def sale(time_ns: int, price: float, quantity: int = 100, flags: int = 0) -> PriceUpdated:
    """A sale of A at a price in dollars; if eligible it is the last one too."""
    price_e8 = round(price * 100_000_000)
    return PriceUpdated(
        time_ns,
        "A",
        PRICE_KIND_TRADE,
        last_price_e8=price_e8,
        trade_price_e8=price_e8,
        trade_quantity=quantity,
        flags=flags,
    )


def real_sales(folder: Path, symbol: str) -> list[PriceUpdated]:
    """All sales of a symbol in the archives, in order; odd lots marked."""
    archives = sorted((folder / "lean/Data/equity/usa/tick" / symbol).glob("*_trade.zip"))
    return [sale_of_line(line, midnight_ns(path.name)) for path in archives for line in lines_of(path)]


def lines_of(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as zipped:
        return io.TextIOWrapper(zipped.open(zipped.namelist()[0])).read().splitlines()


def midnight_ns(name: str) -> int:
    """Midnight in New York of the date an archive is named by; all of them are days of summer time."""
    return int(datetime.strptime(f"{name[:8]} -0400", "%Y%m%d %z").timestamp()) * SECOND


def sale_of_line(line: str, midnight: int) -> PriceUpdated:
    milliseconds, price_e4, quantity, *_ = line.split(",")
    flags = ODD_LOT if int(quantity) < ROUND_LOT else 0
    made = sale(midnight + int(milliseconds) * 1_000_000, 0, int(quantity), flags)
    made.trade_price_e8 = made.last_price_e8 = int(price_e4) * 10_000
    return made
