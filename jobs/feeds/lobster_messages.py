"""LOBSTER's message files: what they are called, and what their lines say.

A message is `time, type, order, size, price, direction`: seconds after midnight on New York's clock, types below, price
in 1/10,000 dollars, direction 1 for a resting buy order and -1 for a sell. Ticker and date are in the file's name.

Source: LOBSTER, "Output structure", lobsterdata.com.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from mypy_extensions import i64

from dataflow.ports import InputFault
from jobs.feeds.fields import shown, whole
from jobs.feeds.new_york import midnight_ns, parse_day
from jobs.feeds.specification import Specification, suggestion
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


@dataclass(frozen=True)
class Pair:
    """The two files of one ticker and day."""

    symbol: str
    date: date
    messages: Path
    books: Path


class MessageParser:
    """Reads the messages of one ticker and day."""

    def __init__(self, pair: Pair) -> None:
        self.symbol: str = pair.symbol
        self.midnight_ns: i64 = midnight_ns(pair.date)

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


def days_of(specification: Specification) -> dict[str, list[Pair]]:
    """The pairs of files that a specification names, by day. Raises InputFault."""
    kind = specification.kind
    specification.known(("symbols",))
    folder = Path(specification.place)
    if not specification.place:
        raise InputFault(f"{kind}: no folder is named\n    write {kind}:FOLDER")
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
    return days


def pair_of(messages: Path) -> Pair:
    """The pair a message file belongs to, by its name: TICKER_DATE_START_END_message_LEVELS.csv. Raises InputFault."""
    parts = messages.name.split(".")[0].rsplit("_", 5)
    if len(parts) != 6 or not parts[0]:
        raise InputFault(f"{messages}: no LOBSTER name\n    call it TICKER_2012-06-21_34200000_57600000_message_10.csv")
    books = messages.with_name(messages.name.replace("_message_", "_orderbook_"))
    if not books.is_file():
        raise InputFault(f"{books}: no such file\n    put the book beside its messages")
    return Pair(parts[0].upper(), parse_day(parts[1], str(messages)), messages, books)
