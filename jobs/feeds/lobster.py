"""Reads LOBSTER's pairs of files: the messages of a NASDAQ book, and the book after each of them.

A message is `time, type, order, size, price, direction`: seconds after midnight on New York's clock, types below, price
in 1/10,000 dollars, direction 1 for a resting buy order and -1 for a sell. A line of the book is `ask price, ask size,
bid price, bid size` for each level, best first. Ticker and date are in the names of the files.

The orders already in the book at the start are sent first, one a level, at the time of the first message; so is
whatever else the messages alone do not tell (see `visible_book`), right after the message at whose snapshot it shows.
Applied one after the other, the records give the book of every snapshot. LOBSTER's own order numbers are positive.

Source: LOBSTER, "Output structure", lobsterdata.com.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias

from mypy_extensions import i64

from dataflow.connectors.files.lines import LineFile, estimated_lines
from dataflow.model import Record
from dataflow.ports import InputFault
from jobs.feeds.fields import shown, whole
from jobs.feeds.malformed import dead_letter
from jobs.feeds.merged_days import Day, Lane, MergedDays
from jobs.feeds.new_york import midnight_ns, parse_day
from jobs.feeds.specification import Specification, suggestion
from jobs.feeds.visible_book import BookSide, Correction
from schemas.generated.events import (
    MARKET_DATA_KIND_AUCTION,
    MARKET_DATA_KIND_HIDDEN_EXECUTED,
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_ORDER_REDUCED,
    MARKET_DATA_KIND_STATUS,
    SIDE_BUY,
    SIDE_SELL,
    MarketDataReceived,
)

FEED: Final = "lobster"
VENUE: Final = "XNAS"
KINDS: Final[tuple[int, ...]] = (
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_REDUCED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_HIDDEN_EXECUTED,
    MARKET_DATA_KIND_AUCTION,
    MARKET_DATA_KIND_STATUS,
)
"""Kind of message type 1, 2, …, 7."""
REMOVALS: Final[tuple[int, ...]] = (
    MARKET_DATA_KIND_ORDER_REDUCED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
)
"""Kinds that take shares from a resting order."""
STATUSES: Final[dict[int, str]] = {-1: "HALTED", 0: "QUOTING", 1: "TRADING"}
"""Status by the price of a halt message."""
MESSAGE_FIELDS: Final = 6
E8_PER_UNIT: Final = 10_000
PRICE_MAX: Final = 10_000_000_000_000
"""In 1/10,000 dollars: what still fits a price of 18 digits in 1e-8."""
SECONDS_PER_DAY: Final = 86_400
SECOND_NS: Final = 1_000_000_000
LINES: Final = 1024


Levels: TypeAlias = list[tuple[int, int]]
"""(price in 1/10,000 dollars, quantity) of the levels of one side, best first; quantity 0 where there is none."""


@dataclass(frozen=True)
class Pair:
    """The two files of one ticker and day."""

    symbol: str
    date: date
    messages: Path
    books: Path


class LobsterLane(Lane):
    """One ticker and day."""

    def __init__(self, source: str, pair: Pair) -> None:
        super().__init__()
        self.source: str = source
        self.symbol: str = pair.symbol
        self.midnight_ns: i64 = midnight_ns(pair.date)
        self.time_ns = self.midnight_ns
        self.messages: LineFile = LineFile(pair.messages)
        self.books: LineFile = LineFile(pair.books)
        self.message_lines: list[bytes] = []
        self.book_lines: list[bytes] = []
        self.next: i64 = 0
        self.line: i64 = 0
        self.bids: BookSide = BookSide(SIDE_BUY)
        self.asks: BookSide = BookSide(SIDE_SELL)
        self.seeded: bool = False
        self.next_order_id: i64 = -1
        self.pending: list[Record] = []
        """Records of one line, last first."""

    def close(self) -> None:
        self.messages.close()
        self.books.close()

    def advance(self) -> None:
        while not self.pending:
            if not self.fill():
                self.record = None
                return
            self.take_line(self.message_lines[self.next], self.book_lines[self.next])
            self.next += 1
        record = self.pending.pop()
        self.record = record
        self.time_ns = record.event_time_ns

    def fill(self) -> bool:
        if self.next < len(self.message_lines):
            return True
        self.message_lines = self.messages.read(LINES)
        self.book_lines = self.books.read(LINES)
        self.next = 0
        if len(self.message_lines) != len(self.book_lines):
            longer = self.messages if len(self.message_lines) > len(self.book_lines) else self.books
            fact = f"{longer.path}: has more lines than its partner"
            raise InputFault(f"{fact}\n    fetch both files again, with the same number of lines")
        return len(self.message_lines) > 0

    def take_line(self, message_line: bytes, book_line: bytes) -> None:
        """Turn a message and the book after it into records."""
        self.line += 1
        records: list[Record] = []
        try:
            message = self.parse(message_line.removesuffix(b"\r").split(b","))
        except ValueError as error:
            self.dead(records, self.messages, error, message_line)
            message = None
        try:
            bids, asks = sides_of(book_line.removesuffix(b"\r").split(b","))
        except ValueError as error:
            self.dead(records, self.books, error, book_line)
            bids, asks = [], []
        if message is not None:
            self.time_ns = message.event_time_ns
            if not self.seeded and bids + asks:
                self.seed(message, bids, asks, records)
            records.append(message)
            self.apply(message)
        self.settle(self.bids, bids, records)
        self.settle(self.asks, asks, records)
        records.reverse()
        self.pending = records

    def dead(self, records: list[Record], file: LineFile, error: ValueError, line: bytes) -> None:
        place = f"{file.path.name}:{self.line}"
        records.append(dead_letter(self.source, place, error, line, self.time_ns))

    def parse(self, fields: list[bytes]) -> MarketDataReceived:
        """The record of one message. Raises ValueError."""
        if len(fields) != MESSAGE_FIELDS:
            raise ValueError(f"a message has {MESSAGE_FIELDS} fields, not {len(fields)}")
        kind = whole(fields[1])
        if kind < 1 or kind > len(KINDS):
            raise ValueError(f"the type {shown(fields[1])} is none of 1 to {len(KINDS)}")
        price = price_of(fields[4])
        message = MarketDataReceived(
            event_time_ns=self.time_of(fields[0]),
            symbol=self.symbol,
            venue=VENUE,
            feed=FEED,
            kind=KINDS[kind - 1],
            order_id=whole(fields[2]),
        )
        if message.order_id < 0:
            raise ValueError(f"the order {shown(fields[2])} is negative")
        if message.kind == MARKET_DATA_KIND_STATUS:
            message.status = status_of(fields[4])
            return message
        message.price_e8 = price * E8_PER_UNIT
        message.quantity = whole(fields[3])
        if message.kind != MARKET_DATA_KIND_AUCTION:
            message.side = side_of(fields[5])
        return message

    def time_of(self, field: bytes) -> i64:
        """Seconds after midnight with up to nine decimals → nanoseconds UTC, exactly."""
        seconds, _, fraction = field.partition(b".")
        if len(fraction) > 9 or b"-" in field or b"+" in field:
            raise ValueError(f"the time {shown(field)} is no number of seconds with up to nine decimals")
        nanoseconds = whole(fraction + b"000000000"[len(fraction) :])
        whole_seconds = whole(seconds)
        if whole_seconds >= SECONDS_PER_DAY:
            raise ValueError(f"the time {shown(field)} is not within a day of seconds")
        return self.midnight_ns + whole_seconds * SECOND_NS + nanoseconds

    def seed(self, first: MarketDataReceived, bids: Levels, asks: Levels, records: list[Record]) -> None:
        """Send the book before the first message: the snapshot after it, with the message undone."""
        self.seeded = True
        for book, levels in ((self.bids, bids), (self.asks, asks)):
            before = undone(levels, first) if book.side == first.side else levels
            self.settle(book, before, records)

    def apply(self, message: MarketDataReceived) -> None:
        book = self.bids if message.side == SIDE_BUY else self.asks
        price = message.price_e8 // E8_PER_UNIT
        if message.kind == MARKET_DATA_KIND_ORDER_ADDED:
            book.add(price, message.order_id, message.quantity)
        elif message.kind in REMOVALS:
            book.take(price, message.order_id, message.quantity)

    def settle(self, book: BookSide, levels: Levels, records: list[Record]) -> None:
        for correction in book.settle(levels, self.next_order_id):
            if correction.kind == MARKET_DATA_KIND_ORDER_ADDED:
                self.next_order_id -= 1
            records.append(self.corrected(correction))

    def corrected(self, correction: Correction) -> MarketDataReceived:
        return MarketDataReceived(
            event_time_ns=self.time_ns,
            symbol=self.symbol,
            venue=VENUE,
            feed=FEED,
            kind=correction.kind,
            price_e8=correction.price * E8_PER_UNIT,
            quantity=correction.quantity,
            side=correction.side,
            order_id=correction.order_id,
        )


def price_of(field: bytes) -> i64:
    price = whole(field)
    if price >= PRICE_MAX or price <= -PRICE_MAX:
        raise ValueError(f"the price {shown(field)} is too large")
    return price


def side_of(field: bytes) -> i64:
    if field == b"1":
        return SIDE_BUY
    if field == b"-1":
        return SIDE_SELL
    raise ValueError(f"the direction {shown(field)} is neither 1 nor -1")


def status_of(field: bytes) -> str:
    status = STATUSES.get(whole(field))
    if status is None:
        raise ValueError(f"the halt code {shown(field)} is none of -1, 0 and 1")
    return status


def sides_of(fields: list[bytes]) -> tuple[Levels, Levels]:
    """Bids and asks of one line of the book. Raises ValueError."""
    if len(fields) % 4 != 0:
        raise ValueError(f"a book has four fields a level, not {len(fields)} in all")
    bids: Levels = []
    asks: Levels = []
    index: i64 = 0
    while index < len(fields):
        asks.append((price_of(fields[index]), whole(fields[index + 1])))
        bids.append((price_of(fields[index + 2]), whole(fields[index + 3])))
        index += 4
    return bids, asks


def undone(levels: Levels, message: MarketDataReceived) -> Levels:
    """The levels as they were before a message of their side."""
    price = message.price_e8 // E8_PER_UNIT
    change: i64 = 0
    if message.kind == MARKET_DATA_KIND_ORDER_ADDED:
        change = -message.quantity
    elif message.kind in REMOVALS:
        change = message.quantity
    totals = {level: quantity for level, quantity in levels if quantity > 0}
    totals[price] = max(totals.get(price, 0) + change, 0)
    return [(level, totals[level]) for level in sorted(totals, reverse=message.side == SIDE_BUY) if totals[level] > 0]


class LobsterDay(Day):
    """The pairs of one day, tickers in order."""

    def __init__(self, source: str, name: str, pairs: list[Pair]) -> None:
        sizes = [f"{path.name} {path.stat().st_size}" for pair in pairs for path in (pair.messages, pair.books)]
        super().__init__(name, ";".join(sizes))
        self.source: str = source
        self.pairs: list[Pair] = pairs

    def lanes(self) -> list[Lane]:
        lanes: list[Lane] = []
        try:
            for pair in self.pairs:
                lanes.append(LobsterLane(self.source, pair))
                lanes[-1].advance()
        except InputFault:
            for lane in lanes:
                lane.close()
            raise
        return lanes

    def expected_records(self) -> int:
        return sum([estimated_lines(pair.messages) for pair in self.pairs])


def open_feed(specification: Specification, name: str) -> MergedDays:
    """The source for `lobster:FOLDER?symbols=AAPL`. Raises InputFault."""
    specification.known(("symbols",))
    folder = Path(specification.place)
    if not specification.place:
        raise InputFault("lobster: no folder is named\n    write lobster:FOLDER")
    if not folder.is_dir():
        raise InputFault(f"{folder}: no such folder\n    check the path")
    pairs = [pair_of(path) for path in sorted(folder.glob("*_message_*.csv*"))]
    symbols = sorted({pair.symbol for pair in pairs})
    wanted = [symbol.upper() for symbol in specification.words("symbols")] or symbols
    for symbol in wanted:
        if symbol not in symbols:
            raise InputFault(f"{folder}: no symbol {symbol}\n    {suggestion(symbol, tuple(symbols))}")
    days: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.symbol in wanted:
            days.setdefault(pair.date.isoformat(), []).append(pair)
    if not days:
        raise InputFault(f"{folder}: holds no *_message_*.csv with its *_orderbook_*.csv\n    name LOBSTER's folder")
    return MergedDays(name, [LobsterDay(name, day, days[day]) for day in sorted(days)])


def pair_of(messages: Path) -> Pair:
    """The pair a message file belongs to, by its name: TICKER_DATE_START_END_message_LEVELS.csv. Raises InputFault."""
    parts = messages.name.split(".")[0].rsplit("_", 5)
    if len(parts) != 6 or not parts[0]:
        raise InputFault(f"{messages}: no LOBSTER name\n    call it TICKER_2012-06-21_34200000_57600000_message_10.csv")
    books = messages.with_name(messages.name.replace("_message_", "_orderbook_"))
    if not books.is_file():
        raise InputFault(f"{books}: no such file\n    put the book beside its messages")
    return Pair(parts[0].upper(), parse_day(parts[1], str(messages)), messages, books)
