"""Quotes and trades from a CSV file whose header names the columns.

| column | |
|---|---|
| symbol | instrument (required) |
| time | ISO 8601 with zone, or a number of s, ms, µs or ns since the epoch (required) |
| type | quote or trade; without this column, a file with prices of one kind only is of that kind |
| bid, ask | prices of a quote; empty is no bid, no offer |
| bid_size, ask_size | shares of a quote |
| price, size | of a trade |
| venue | exchange that sent it; without it, CSV |
| conditions | condition codes |
| sequence | the venue's own number of the message |

Prices are decimal numbers of at most eight decimals and are read exactly. Other columns are ignored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mypy_extensions import i64

from dataflow.model import Record
from dataflow.ports import InputFault
from jobs.feeds.columns import Columns
from jobs.feeds.csv_lines import CsvLines, LineParser
from jobs.feeds.fields import decimal_e8, shown, whole
from jobs.feeds.specification import Specification
from jobs.feeds.timestamps import Clock
from schemas.generated.events import MARKET_DATA_KIND_QUOTE, MARKET_DATA_KIND_TRADE, MarketDataReceived

FEED: Final = "csv"
VENUE: Final = "CSV"
COLUMNS: Final[tuple[str, ...]] = (
    "symbol",
    "time",
    "type",
    "bid",
    "bid_size",
    "ask",
    "ask_size",
    "price",
    "size",
    "venue",
    "conditions",
    "sequence",
)
TEXT_BYTES_MAX: Final = 64
E8: Final = 100_000_000


class QuoteParser(LineParser):
    """One line, one quote or trade."""

    def __init__(self, clock: Clock) -> None:
        self.clock: Clock = clock
        self.places: list[int] = []
        """Place of each of COLUMNS in a line, -1 for none."""
        self.only: str = ""
        """What every line is, where there is no column `type`."""

    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def use(self, columns: Columns) -> None:
        columns.require("symbol", "time")
        has_quotes = "bid" in columns.names or "ask" in columns.names
        has_trades = "price" in columns.names
        if has_quotes or not has_trades:
            columns.require("bid", "ask")
        if has_trades:
            columns.require("size")
        if has_quotes and has_trades:
            columns.require("type")
        self.only = "trade" if has_trades else "quote"
        self.places = [columns.place_of(name) for name in COLUMNS]

    def parse(self, fields: list[bytes]) -> Record:
        kind = self.text(fields, 2).lower() or self.only
        record = MarketDataReceived(
            event_time_ns=self.clock.parse(self.field(fields, 1)),
            symbol=self.text(fields, 0),
            venue=self.text(fields, 9) or VENUE,
            feed=FEED,
            venue_sequence=self.size(fields, 11),
            conditions=self.text(fields, 10),
        )
        if not record.symbol:
            raise ValueError("the symbol is empty")
        if kind == "quote":
            record.kind = MARKET_DATA_KIND_QUOTE
            record.bid_price_e8 = self.price(fields, 3)
            record.bid_quantity = self.size(fields, 4)
            record.ask_price_e8 = self.price(fields, 5)
            record.ask_quantity = self.size(fields, 6)
        elif kind == "trade":
            record.kind = MARKET_DATA_KIND_TRADE
            record.price_e8 = decimal_e8(self.field(fields, 7))
            record.quantity = size_of(self.field(fields, 8))
        else:
            raise ValueError(f"the type {kind[:40]!r} is neither quote nor trade")
        return record

    def field(self, fields: list[bytes], column: i64) -> bytes:
        """The text of a column, empty where the file has none."""
        place = self.places[column]
        return b"" if place < 0 else fields[place].strip()

    def text(self, fields: list[bytes], column: i64) -> str:
        field = self.field(fields, column)
        if len(field) > TEXT_BYTES_MAX:
            raise ValueError(f"{shown(field)} is longer than {TEXT_BYTES_MAX} bytes")
        return field.decode("utf-8")

    def price(self, fields: list[bytes], column: i64) -> i64:
        field = self.field(fields, column)
        return decimal_e8(field) if field else 0

    def size(self, fields: list[bytes], column: i64) -> i64:
        field = self.field(fields, column)
        return size_of(field) if field else 0


def size_of(field: bytes) -> i64:
    """Whole shares; `100.0` is 100."""
    if b"." not in field:
        return whole(field)
    value = decimal_e8(field)
    size: i64 = value // E8 if value >= 0 else -(-value // E8)
    if size * E8 != value:
        raise ValueError(f"{shown(field)} is no whole number of shares")
    return size


def open_feed(specification: Specification, name: str) -> CsvLines:
    """The source for `csv:FILE?zone=America/New_York`. Raises InputFault."""
    specification.known(("zone",))
    if not specification.place:
        raise InputFault("csv: no file is named\n    write csv:FILE")
    zone_name = specification.options.get("zone", "")
    try:
        zone = ZoneInfo(zone_name) if zone_name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputFault(f"csv: no time zone is called {zone_name!r}\n    for example zone=America/New_York") from None
    return CsvLines(name, Path(specification.place), QuoteParser(Clock(zone)))
