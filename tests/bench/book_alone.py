"""The order book alone: operations a second in exchange-core's mix, and how long one match takes.

The mix is that of exchange-core's published tests: 9 % orders that rest, 3 % immediate-or-cancel, 6 % cancels, 82 %
moves of price, with 1,000 orders resting.
Source: exchange-core, README, "Benchmarks".
"""

from __future__ import annotations

import random
import time

from measure import cpu_seconds

from dataflow.model import Cell, Context, Record
from operators.execution import Execution, ExecutionParameters
from schemas.generated.events import (
    INSTRUMENT_TYPE_STOCK,
    ORDER_ACTION_CANCEL,
    ORDER_ACTION_NEW,
    ORDER_ACTION_REPLACE,
    ORDER_TYPE_LIMIT,
    SALE_MARKING_LONG,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_GOOD_TILL_CANCELLED,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    TRADING_STATUS_TRADING,
    PriceUpdated,
    RiskChecked,
    TradingStatusChanged,
)
from schemas.generated.states import EXECUTION_STATE

MORNING_NS = 1_795_446_000_000_000_000
"""2026-11-23 10:00 in New York."""
CENT_E8 = 1_000_000
MIDDLE = 10_000
RESTING = 1_000
SYMBOL = "BOOK"


class Books:
    """Execution with one book per symbol, called as an engine calls it; what it emits is dropped."""

    def __init__(self, parameters: ExecutionParameters) -> None:
        self.operator = Execution(parameters)
        self.context = Context()
        self.cells: dict[str, Cell] = {}

    def cell(self, symbol: str) -> Cell:
        cell = self.cells.get(symbol)
        if cell is None:
            cell = self.cells[symbol] = Cell(EXECUTION_STATE.new())
        return cell

    def send(self, record: Record, symbol: str) -> None:
        context = self.context
        context.key = symbol
        context.cell = self.cell(symbol)
        context.cause_time_ns = record.event_time_ns
        self.operator.on_record(context.cell.state, record, context)
        context.emitted.clear()
        context.new_timers.clear()
        context.deleted_timers.clear()


def one_book() -> Books:
    books = Books(ExecutionParameters(session_hours="STATUS"))
    books.send(TradingStatusChanged(MORNING_NS, SYMBOL, TRADING_STATUS_TRADING), SYMBOL)
    return books


class Mix:
    """Draws commands for the orders that rest in a book just then."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.books = one_book()
        self.count = 0
        self.commands: list[RiskChecked] = []
        while len(self.resting()) < RESTING:
            self.add(self.order(TIME_IN_FORCE_GOOD_TILL_CANCELLED))

    def resting(self) -> dict[str, int]:
        state = self.books.cell(SYMBOL).state
        return state.places  # type: ignore[attr-defined, no-any-return]

    def add(self, request: RiskChecked) -> None:
        self.commands.append(request)
        self.books.send(request, SYMBOL)

    def request(self, account: str, order_id: str, action: int, side: int) -> RiskChecked:
        self.count += 1
        request = RiskChecked(MORNING_NS + self.count, SYMBOL, account, order_id, action, str(self.count), side)
        request.marking = SALE_MARKING_LONG if side == SIDE_SELL else 0
        request.order_type = ORDER_TYPE_LIMIT
        request.time_in_force = TIME_IN_FORCE_GOOD_TILL_CANCELLED
        request.instrument_type, request.multiplier = INSTRUMENT_TYPE_STOCK, 1
        return request

    def price_e8(self, side: int) -> int:
        away = 1 + int(self.random.expovariate(0.1))
        return (MIDDLE - away if side == SIDE_BUY else MIDDLE + away) * CENT_E8

    def order(self, time_in_force: int) -> RiskChecked:
        side = self.random.choice((SIDE_BUY, SIDE_SELL))
        account = f"A{self.random.randrange(1_000)}"
        request = self.request(account, f"o{self.count}", ORDER_ACTION_NEW, side)
        request.time_in_force = time_in_force
        request.quantity = self.random.randint(1, 100)
        request.limit_price_e8 = self.price_e8(side)
        if time_in_force == TIME_IN_FORCE_IMMEDIATE_OR_CANCEL:
            request.limit_price_e8 = (MIDDLE + 20 if side == SIDE_BUY else MIDDLE - 20) * CENT_E8
        return request

    def change(self, action: int, names: list[str]) -> RiskChecked:
        """A move or cancel of one of these orders."""
        account, order_id = self.random.choice(names).split("\x1f")
        state = self.books.cell(SYMBOL).state
        order = state.orders[state.places[f"{account}\x1f{order_id}"]]  # type: ignore[attr-defined]
        request = self.request(account, order_id, action, order.side)
        if action == ORDER_ACTION_REPLACE:
            request.quantity, request.limit_price_e8 = order.quantity, self.price_e8(order.side)
        return request

    def draw(self, commands: int) -> None:
        names = list(self.resting())
        for number in range(commands):
            if number % 64 == 0:
                names = list(self.resting())
            names = names or list(self.resting())
            kind = self.random.randrange(100)
            if kind < 9:
                self.add(self.order(TIME_IN_FORCE_GOOD_TILL_CANCELLED))
            elif kind < 12:
                self.add(self.order(TIME_IN_FORCE_IMMEDIATE_OR_CANCEL))
            else:
                open_names = [name for name in self.random.sample(names, 5) if name in self.resting()]
                if open_names:
                    self.add(self.change(ORDER_ACTION_CANCEL if kind < 18 else ORDER_ACTION_REPLACE, open_names))


def operations_per_s(commands: int, rounds: int) -> list[float]:
    """Of the mix, in a book filled beforehand."""
    mix = Mix(1)
    filled = len(mix.commands)
    mix.draw(commands)
    rates = []
    for _ in range(rounds):
        books = one_book()
        for request in mix.commands[:filled]:
            books.send(request, SYMBOL)
        timed = mix.commands[filled:]
        rates.append(len(timed) / cpu_seconds(lambda books=books, timed=timed: send_all(books, timed)))  # type: ignore[misc]
    return rates


def send_all(books: Books, requests: list[RiskChecked]) -> None:
    send = books.send
    for request in requests:
        send(request, SYMBOL)


def match_ns(requests: list[RiskChecked], quotes: list[PriceUpdated], parameters: ExecutionParameters) -> list[int]:
    """How long execution takes for each of these requests, in the order of time with the quotes; sorted."""
    books = Books(parameters)
    times: list[int] = []
    ordered = sorted([*requests, *quotes], key=lambda one: one.event_time_ns)
    cpu_seconds(lambda: time_each(books, ordered, times))
    return sorted(times)


def time_each(books: Books, records: list[RiskChecked | PriceUpdated], times: list[int]) -> None:
    clock = time.perf_counter_ns
    for record in records:
        began = clock()
        books.send(record, record.symbol)
        if isinstance(record, RiskChecked):
            times.append(clock() - began)
