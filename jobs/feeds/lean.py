"""Reads equity tick archives in the folder layout of QuantConnect's Lean: SYMBOL/YYYYMMDD_{quote,trade}.zip.

A trade is `time, price, size, exchange, conditions, suspicious`; a quote is `time, bid, bid size, ask, ask size,
exchange, condition, suspicious`. Times are milliseconds on New York's clock since midnight, prices 1/10,000 dollars,
conditions a hexadecimal bit set.

The quotes are the *national* best bid and offer, not the quotes of the exchange each line names: lines come in pairs
of one time, first the bid with the exchange that holds it, then the offer with its own. (Read as quotes of the
exchanges, 99 of 100 are crossed: an exchange that loses the best bid is never heard of again.) So the quotes of a
symbol have one venue here, CONSOLIDATED, and both records of a pair carry the whole quote; each line is one record.
A trade keeps the letter of its exchange.

Source: Lean, Data/equity/readme.md and Common/Data/Market/Tick.cs.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from mypy_extensions import i64

from dataflow.connectors.files.lines import LineFile, estimated_lines
from dataflow.model import Record
from dataflow.ports import InputFault
from jobs.feeds.fields import flag, shown, whole
from jobs.feeds.malformed import dead_letter
from jobs.feeds.merged_days import Day, Lane, MergedDays
from jobs.feeds.new_york import midnight_ns, parse_day
from jobs.feeds.specification import Specification, suggestion
from schemas.generated.events import MARKET_DATA_KIND_QUOTE, MARKET_DATA_KIND_TRADE, MarketDataReceived

FEED: Final = "lean"
CONSOLIDATED: Final = "SIP"
"""Venue of a quote: the consolidated tape, which is what sent it."""
QUOTE_FIELDS: Final = 8
TRADE_FIELDS: Final = 6
E8_PER_UNIT: Final = 10_000
PRICE_MAX: Final = 10_000_000_000_000
"""In 1/10,000 dollars: what still fits a price of 18 digits in 1e-8."""
MS_PER_DAY: Final = 86_400_000
NS_PER_MS: Final = 1_000_000
LINES: Final = 4096
QUOTE: Final = "quote"
TRADE: Final = "trade"


class LeanLane(Lane):
    """What the lanes of quotes and of trades share: lines one by one, and the time of each."""

    def __init__(self, source: str, symbol: str, path: Path, midnight: i64) -> None:
        super().__init__()
        self.source: str = source
        self.symbol: str = symbol
        self.file: LineFile = LineFile(path)
        self.place: str = f"{path.parent.name}/{path.name}"
        self.midnight_ns: i64 = midnight
        self.time_ns = midnight
        self.lines: list[bytes] = []
        self.next: i64 = 0
        self.line: i64 = 0

    def close(self) -> None:
        self.file.close()

    def peek(self) -> bytes | None:
        """The next line, None at the end."""
        if self.next == len(self.lines):
            self.lines = self.file.read(LINES)
            self.next = 0
            if not self.lines:
                return None
        return self.lines[self.next]

    def advance(self) -> None:
        line = self.peek()
        if line is None:
            self.record = None
            return
        self.next += 1
        self.line += 1
        try:
            self.record = self.parse(line.removesuffix(b"\r").split(b","))
            self.time_ns = self.record.event_time_ns
        except ValueError as error:
            self.record = dead_letter(self.source, f"{self.place}:{self.line}", error, line, self.time_ns)

    def parse(self, fields: list[bytes]) -> Record:
        """The record of one line. Raises ValueError."""
        raise NotImplementedError

    def time_of(self, field: bytes) -> i64:
        milliseconds = whole(field)
        if milliseconds < 0 or milliseconds >= MS_PER_DAY:
            raise ValueError(f"the time {shown(field)} is not within a day of milliseconds")
        return self.midnight_ns + milliseconds * NS_PER_MS


class TradeLane(LeanLane):
    """The trades of one symbol and day."""

    def parse(self, fields: list[bytes]) -> Record:
        if len(fields) != TRADE_FIELDS:
            raise ValueError(f"a trade has {TRADE_FIELDS} fields, not {len(fields)}")
        return MarketDataReceived(
            event_time_ns=self.time_of(fields[0]),
            symbol=self.symbol,
            venue=letter(fields[3]),
            feed=FEED,
            kind=MARKET_DATA_KIND_TRADE,
            price_e8=price_of(fields[1]),
            quantity=whole(fields[2]),
            conditions=conditions_of(fields[4]),
            suspicious=flag(fields[5]),
        )


class QuoteLane(LeanLane):
    """The national best bid and offer of one symbol and day."""

    def __init__(self, source: str, symbol: str, path: Path, midnight: i64) -> None:
        super().__init__(source, symbol, path, midnight)
        self.bid_price_e8: i64 = 0
        self.bid_quantity: i64 = 0
        self.ask_price_e8: i64 = 0
        self.ask_quantity: i64 = 0

    def parse(self, fields: list[bytes]) -> Record:
        if len(fields) != QUOTE_FIELDS:
            raise ValueError(f"a quote has {QUOTE_FIELDS} fields, not {len(fields)}")
        quote = self.quote_of(fields)
        if quote.suspicious:
            self.complete(quote)
            return quote
        self.take(quote)
        if quote.ask_price_e8 == 0:
            self.take_partner(fields[0])
        self.complete(quote)
        return quote

    def quote_of(self, fields: list[bytes]) -> MarketDataReceived:
        """The line as it stands: one side, the other zero."""
        letter(fields[5])
        return MarketDataReceived(
            event_time_ns=self.time_of(fields[0]),
            symbol=self.symbol,
            venue=CONSOLIDATED,
            feed=FEED,
            kind=MARKET_DATA_KIND_QUOTE,
            bid_price_e8=price_of(fields[1]),
            bid_quantity=whole(fields[2]),
            ask_price_e8=price_of(fields[3]),
            ask_quantity=whole(fields[4]),
            conditions=conditions_of(fields[6]),
            suspicious=flag(fields[7]),
        )

    def take_partner(self, time: bytes) -> None:
        """After the bid of a pair, take the offer that follows it at the same time."""
        line = self.peek()
        if line is None:
            return
        fields = line.removesuffix(b"\r").split(b",")
        if len(fields) != QUOTE_FIELDS or fields[0] != time:
            return
        try:
            partner = self.quote_of(fields)
        except ValueError:
            return
        if not partner.suspicious and partner.bid_price_e8 == 0:
            self.take(partner)

    def take(self, quote: MarketDataReceived) -> None:
        if quote.bid_price_e8 != 0 or quote.bid_quantity != 0:
            self.bid_price_e8 = quote.bid_price_e8
            self.bid_quantity = quote.bid_quantity
        if quote.ask_price_e8 != 0 or quote.ask_quantity != 0:
            self.ask_price_e8 = quote.ask_price_e8
            self.ask_quantity = quote.ask_quantity

    def complete(self, quote: MarketDataReceived) -> None:
        """Fill in the side the line does not speak of."""
        if quote.bid_price_e8 == 0 and quote.bid_quantity == 0:
            quote.bid_price_e8 = self.bid_price_e8
            quote.bid_quantity = self.bid_quantity
        if quote.ask_price_e8 == 0 and quote.ask_quantity == 0:
            quote.ask_price_e8 = self.ask_price_e8
            quote.ask_quantity = self.ask_quantity


def price_of(field: bytes) -> i64:
    price = whole(field)
    if price >= PRICE_MAX or price <= -PRICE_MAX:
        raise ValueError(f"the price {shown(field)} is too large")
    return price * E8_PER_UNIT


def letter(field: bytes) -> str:
    if not 1 <= len(field) <= 8 or not field.isalnum():
        raise ValueError(f"the exchange {shown(field)} is no exchange code")
    return field.decode("ascii")


def conditions_of(field: bytes) -> str:
    if len(field) > 16 or field.translate(None, b"0123456789abcdefABCDEF"):
        raise ValueError(f"the conditions {shown(field)} are no hexadecimal number")
    return field.decode("ascii")


class LeanDay(Day):
    """The archives of one day: (symbol, quote or trade, file), quotes before trades, symbols in order."""

    def __init__(self, source: str, name: str, files: list[tuple[str, str, Path]]) -> None:
        contents = ";".join([f"{kind} {symbol} {path.stat().st_size}" for kind, symbol, path in files])
        super().__init__(name, contents, len(files))
        self.source: str = source
        self.files: list[tuple[str, str, Path]] = files
        self.date: date = parse_day(name, str(files[0][2]))

    def lane(self, number: i64) -> Lane:
        kind, symbol, path = self.files[number]
        midnight = midnight_ns(self.date)
        if kind == QUOTE:
            return QuoteLane(self.source, symbol, path, midnight)
        return TradeLane(self.source, symbol, path, midnight)

    def expected_records(self) -> int:
        return sum([estimated_lines(path) for _, _, path in self.files])


def open_feed(specification: Specification, name: str) -> MergedDays:
    """The source for `lean:FOLDER?symbols=IBM,BAC&days=20131007`. Raises InputFault."""
    specification.known(("symbols", "days"))
    folder = Path(specification.place)
    if not specification.place:
        raise InputFault("lean: no folder is named\n    write lean:FOLDER")
    if not folder.is_dir():
        raise InputFault(f"{folder}: no such folder\n    check the path")
    symbols = symbol_folders(folder)
    wanted = tuple([symbol.upper() for symbol in specification.words("symbols")])
    for symbol in wanted:
        if symbol not in symbols:
            raise InputFault(f"{folder}: no symbol {symbol}\n    {suggestion(symbol, tuple(symbols))}")
    days = [parse_day(day, "lean: days").strftime("%Y%m%d") for day in specification.words("days")]
    found = archives({symbol: symbols[symbol] for symbol in (sorted(set(wanted)) or symbols)})
    for day in days:
        if day not in found:
            raise InputFault(f"{folder}: no archive of {day}\n    {suggestion(day, tuple(found))}")
    chosen = [day for day in found if day in days or not days]
    if not chosen:
        raise InputFault(f"{folder}: holds no YYYYMMDD_quote.zip or YYYYMMDD_trade.zip\n    name Lean's tick folder")
    return MergedDays(name, [LeanDay(name, day, found[day]) for day in chosen])


def symbol_folders(folder: Path) -> dict[str, Path]:
    """Symbol → its folder, sorted: the folder itself if it holds archives, else those of its folders that do."""
    if is_symbol_folder(folder):
        return {folder.resolve().name.upper(): folder}
    return {inner.name.upper(): inner for inner in sorted(folder.iterdir()) if is_symbol_folder(inner)}


def is_symbol_folder(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    return [path for path in folder.iterdir() if archive_name(path) is not None] != []


def archive_name(path: Path) -> tuple[str, str] | None:
    """(day, quote or trade) of an archive by its name."""
    day, _, kind = path.stem.partition("_")
    if path.suffix != ".zip" or kind not in (QUOTE, TRADE) or len(day) != 8 or not day.isdecimal():
        return None
    return day, kind


def archives(symbols: dict[str, Path]) -> dict[str, list[tuple[str, str, Path]]]:
    """Day → its archives as `LeanDay` takes them; days sorted."""
    days: dict[str, list[tuple[str, str, Path]]] = {}
    for symbol, folder in symbols.items():
        for path in folder.iterdir():
            name = archive_name(path)
            if name is not None:
                days.setdefault(name[0], []).append((name[1], symbol, path))
    return {day: sorted(days[day]) for day in sorted(days)}
