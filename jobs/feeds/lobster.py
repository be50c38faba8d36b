"""Reads LOBSTER's pairs of files: the messages of a NASDAQ book, and the book after each of them.

Messages are told in `lobster_messages`. A line of the book is `ask price, ask size, bid price, bid size` for each
level, best first.

The orders already in the book at the start are sent first, one a level, at the time of the first message; so is
whatever else the messages alone do not tell (see `visible_book`), right after the message at whose snapshot it shows.
Applied one after the other, the records give the book of every snapshot. LOBSTER's own order numbers are positive.

Source: LOBSTER, "Output structure", lobsterdata.com.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from mypy_extensions import i64

from dataflow.connectors.files.lines import LineFile, estimated_lines
from dataflow.model import Record
from dataflow.ports import InputFault
from jobs.feeds.fields import whole
from jobs.feeds.lobster_messages import E8_PER_UNIT, FEED, REMOVALS, VENUE, MessageParser, Pair, days_of, price_of
from jobs.feeds.malformed import dead_letter
from jobs.feeds.merged_days import Day, Lane, MergedDays
from jobs.feeds.specification import Specification
from jobs.feeds.visible_book import BookSide, Correction
from schemas.generated.events import (
    MARKET_DATA_KIND_ORDER_ADDED,
    SIDE_BUY,
    SIDE_SELL,
    MarketDataReceived,
)

LINES: Final = 1024

Levels: TypeAlias = list[tuple[int, int]]
"""(price in 1/10,000 dollars, quantity) of the levels of one side, best first; quantity 0 where there is none."""


class LobsterLane(Lane):
    """One ticker and day."""

    def __init__(self, source: str, pair: Pair) -> None:
        super().__init__()
        self.source: str = source
        self.symbol: str = pair.symbol
        self.parser: MessageParser = MessageParser(pair)
        self.time_ns = self.parser.midnight_ns
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
            message = self.parser.parse(message_line.removesuffix(b"\r").split(b","))
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
        super().__init__(name, ";".join(sizes), len(pairs))
        self.source: str = source
        self.pairs: list[Pair] = pairs

    def lane(self, number: i64) -> Lane:
        return LobsterLane(self.source, self.pairs[number])

    def expected_records(self) -> int:
        return sum([estimated_lines(pair.messages) for pair in self.pairs])


def open_feed(specification: Specification, name: str) -> MergedDays:
    """The source for `lobster:FOLDER?symbols=AAPL`. Raises InputFault."""
    days = days_of(specification)
    return MergedDays(name, [LobsterDay(name, day, days[day]) for day in sorted(days)])
