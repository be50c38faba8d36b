"""Replays LOBSTER's messages as the orders that made them: executions then hit the same resting orders.

A submission is an order for the day, a partial cancel a replace by fewer shares, a deletion a cancel; an execution of a
visible order is an order of the other side at its price that may not wait. Executions of hidden orders, auctions and
halts are no orders of the file's, and left out. Orders that stood in the book before the file begins are known only by
what happens to them later: they are placed first, at the time of the first message, with all the shares that they are
seen to lose, those that trade earlier first.

Who sent an order LOBSTER does not tell. Resting orders are those of 64 accounts STREET00 to STREET63, by order number;
the orders that hit them are TAKER's. Sales are marked short. `lobster_terms` tells instruments and accounts.

Bound: one number an order reported and not yet gone; the orders that stood at the beginning.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from mypy_extensions import i64

from dataflow.connectors.files.lines import LineFile, estimated_lines
from dataflow.model import Record
from jobs.feeds.lobster_messages import REMOVALS, MessageParser, Pair, days_of
from jobs.feeds.malformed import dead_letter
from jobs.feeds.merged_days import Day, Lane, MergedDays
from jobs.feeds.specification import Specification
from schemas.generated.events import (
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_ORDER_REDUCED,
    ORDER_TYPE_LIMIT,
    SALE_MARKING_NONE,
    SALE_MARKING_SHORT,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    MarketDataReceived,
    OrderCancelRequested,
    OrderPlaced,
    OrderReplaceRequested,
)

LINES: Final = 1024
STREET: Final[i64] = 64
TAKER: Final = "TAKER"


class Standing:
    """An order that stood in the book before the file begins, as far as the file tells of it."""

    def __init__(self, message: MarketDataReceived) -> None:
        self.message: MarketDataReceived = message
        self.quantity: i64 = 0


class OrderLane(Lane):
    """One ticker and day."""

    def __init__(self, source: str, pair: Pair) -> None:
        super().__init__()
        self.source: str = source
        self.parser: MessageParser = MessageParser(pair)
        self.time_ns = self.parser.midnight_ns
        self.pending: list[Record] = []
        """Records to come before the next line, last first."""
        self.totals: dict[int, int] = {}
        """Shares in all of each order that is open, those filled included."""
        self.left: dict[int, int] = {}
        """Shares of each that are open still."""
        self.line: i64 = 0
        self.lines: list[bytes] = []
        self.next: i64 = 0
        self.place_standing(standing_orders(pair))
        self.messages: LineFile = LineFile(pair.messages)

    def close(self) -> None:
        self.messages.close()

    def advance(self) -> None:
        while not self.pending:
            if self.next == len(self.lines):
                self.lines = self.messages.read(LINES)
                self.next = 0
                if not self.lines:
                    self.record = None
                    return
            self.take_line(self.lines[self.next])
            self.next += 1
        record = self.pending.pop()
        self.record = record
        self.time_ns = record.event_time_ns

    def place_standing(self, orders: list[Standing]) -> None:
        placed: list[Record] = []
        for standing in orders:
            message = standing.message
            message.quantity = standing.quantity
            placed.append(self.submission(message))
        placed.reverse()
        self.pending = placed

    def take_line(self, line: bytes) -> None:
        """Turn a message into the request that made it, if there is one."""
        self.line += 1
        record: Record | None
        try:
            record = self.request(self.parser.parse(line.removesuffix(b"\r").split(b",")))
        except ValueError as error:
            place = f"{self.messages.path.name}:{self.line}"
            record = dead_letter(self.source, place, error, line, self.time_ns)
        if record is not None:
            self.pending.append(record)

    def request(self, message: MarketDataReceived) -> Record | None:
        kind = message.kind
        if kind == MARKET_DATA_KIND_ORDER_ADDED:
            return self.submission(message)
        if kind not in REMOVALS or message.order_id not in self.left:
            return None
        if kind == MARKET_DATA_KIND_ORDER_EXECUTED:
            self.take(message)
            return self.execution(message)
        if kind == MARKET_DATA_KIND_ORDER_REDUCED and message.quantity < self.left[message.order_id]:
            return self.reduction(message)
        self.forget(message.order_id)
        at_ns = message.event_time_ns
        return OrderCancelRequested(at_ns, message.symbol, street(message), str(message.order_id), "C" + str(self.line))

    def submission(self, message: MarketDataReceived) -> OrderPlaced:
        self.totals[message.order_id] = message.quantity
        self.left[message.order_id] = message.quantity
        order = OrderPlaced(message.event_time_ns, message.symbol, street(message), str(message.order_id), message.side)
        order.time_in_force = TIME_IN_FORCE_DAY
        return with_terms(order, message)

    def execution(self, message: MarketDataReceived) -> OrderPlaced:
        side: i64 = SIDE_SELL if message.side == SIDE_BUY else SIDE_BUY
        order = OrderPlaced(message.event_time_ns, message.symbol, TAKER, "X" + str(self.line), side)
        order.time_in_force = TIME_IN_FORCE_IMMEDIATE_OR_CANCEL
        return with_terms(order, message)

    def reduction(self, message: MarketDataReceived) -> OrderReplaceRequested:
        self.totals[message.order_id] -= message.quantity
        self.take(message)
        request = OrderReplaceRequested(message.event_time_ns, message.symbol, street(message), str(message.order_id))
        request.request_id = "R" + str(self.line)
        request.side = message.side
        request.quantity = self.totals[message.order_id]
        request.limit_price_e8 = message.price_e8
        return request

    def take(self, message: MarketDataReceived) -> None:
        left: i64 = self.left[message.order_id]
        if message.quantity >= left:
            self.forget(message.order_id)
        else:
            self.left[message.order_id] = left - message.quantity

    def forget(self, order_id: i64) -> None:
        del self.left[order_id]
        if order_id in self.totals:
            del self.totals[order_id]


def street(message: MarketDataReceived) -> str:
    """The account of a resting order."""
    return street_name(message.order_id % STREET)


def street_name(number: i64) -> str:
    return "STREET0" + str(number) if number < 10 else "STREET" + str(number)


def with_terms(order: OrderPlaced, message: MarketDataReceived) -> OrderPlaced:
    order.order_type = ORDER_TYPE_LIMIT
    order.quantity = message.quantity
    order.limit_price_e8 = message.price_e8
    order.marking = SALE_MARKING_SHORT if order.side == SIDE_SELL else SALE_MARKING_NONE
    return order


def standing_orders(pair: Pair) -> list[Standing]:
    """The orders whose submission is not in the file, in the order in which they are to be placed."""
    submitted: set[int] = set()
    traded: dict[int, Standing] = {}
    others: dict[int, Standing] = {}
    first_ns: i64 = -1
    file = LineFile(pair.messages)
    parser = MessageParser(pair)
    while lines := file.read(LINES):
        for message in sound_messages(lines, parser):
            if first_ns < 0:
                first_ns = message.event_time_ns
            if message.kind == MARKET_DATA_KIND_ORDER_ADDED:
                submitted.add(message.order_id)
            elif message.kind in REMOVALS and message.order_id not in submitted:
                note(message, traded, others, first_ns)
    file.close()
    orders = list(traded.values())
    orders += [standing for order_id, standing in others.items() if order_id not in traded]
    return orders


def sound_messages(lines: list[bytes], parser: MessageParser) -> list[MarketDataReceived]:
    """The messages of some lines; a line that is none becomes a dead letter when it is its turn."""
    messages: list[MarketDataReceived] = []
    for line in lines:
        with suppress(ValueError):
            messages.append(parser.parse(line.removesuffix(b"\r").split(b",")))
    return messages


def note(message: MarketDataReceived, traded: dict[int, Standing], others: dict[int, Standing], first_ns: i64) -> None:
    """Count the shares that an order loses which stood before the file begins."""
    standing = others.get(message.order_id)
    if standing is None:
        standing = Standing(message)
        others[message.order_id] = standing
    standing.quantity += message.quantity
    if message.kind == MARKET_DATA_KIND_ORDER_EXECUTED and message.order_id not in traded:
        traded[message.order_id] = standing
    message.event_time_ns = first_ns


class OrderDay(Day):
    """The message files of one day, tickers in order."""

    def __init__(self, source: str, name: str, pairs: list[Pair]) -> None:
        sizes = [f"{pair.messages.name} {pair.messages.stat().st_size}" for pair in pairs]
        super().__init__(name, ";".join(sizes), len(pairs))
        self.source: str = source
        self.pairs: list[Pair] = pairs

    def lane(self, number: i64) -> Lane:
        return OrderLane(self.source, self.pairs[number])

    def expected_records(self) -> int:
        return sum([estimated_lines(pair.messages) for pair in self.pairs])


def open_feed(specification: Specification, name: str) -> MergedDays:
    """The source for `lobster_orders:FOLDER?symbols=AAPL`. Raises InputFault."""
    days = days_of(specification)
    return MergedDays(name, [OrderDay(name, day, days[day]) for day in sorted(days)])
