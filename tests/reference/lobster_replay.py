"""Replays LOBSTER messages as orders: executions must hit the resting orders they hit on the real market.

Submissions become orders, partial cancels smaller replaces, deletions cancels; an execution becomes an immediate order
of the other side at its price. Orders that stood in the book before the file begins are known only by what happens to
them later: they are placed first, with all shares that they are seen to lose, those that trade earlier first.
Source: LOBSTER, output structure: time, type (1 submission, 2 partial cancel, 3 deletion, 4 execution of a visible
order, 5 of a hidden one, 7 halt), order id, size, price in 1e-4 dollars, side of the resting order (1 buy, -1 sell).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.execution import ExecutionParameters
from schemas.generated.events import (
    ORDER_ACTION_CANCEL,
    ORDER_ACTION_REPLACE,
    ORDER_TYPE_LIMIT,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    RiskChecked,
    TradeExecuted,
)

SUBMISSION, PARTIAL_CANCEL, DELETION, EXECUTION = "1", "2", "3", "4"
START_NS = 1_340_285_400_000_000_000
RESTING = "street"
TAKER = "taker"


@dataclass
class Message:
    kind: str
    order_id: str
    size: int
    price_e8: int
    side: int


def read_messages(path: Path) -> list[Message]:
    with path.open(newline="") as file:
        return [
            Message(kind, order_id, int(size), int(price) * 10_000, SIDE_BUY if direction == "1" else SIDE_SELL)
            for _, kind, order_id, size, price, direction in csv.reader(file)
        ]


class Replay:
    """Counts executions; `unlike` tells of those that hit another order than on the real market."""

    def __init__(self, messages: list[Message]) -> None:
        self.harness = OperatorHarness(OPERATORS["execution"], ExecutionParameters(session_hours="STATUS"))
        self.messages = messages
        self.executions = 0
        self.unlike: list[str] = []

    def run(self) -> None:
        self.place_standing_orders()
        for message in self.messages:
            if message.kind == SUBMISSION:
                self.submit(message, message.size)
            elif message.kind == PARTIAL_CANCEL:
                self.shrink(message)
            elif message.kind == DELETION:
                self.send(message, RESTING, message.order_id, action=ORDER_ACTION_CANCEL)
            elif message.kind == EXECUTION:
                self.execute(message)

    def place_standing_orders(self) -> None:
        """Orders never submitted in the file, those that are executed first in the order of that, then the others."""
        submitted = {message.order_id for message in self.messages if message.kind == SUBMISSION}
        standing: dict[str, list[Message]] = {}
        for message in self.messages:
            if message.kind in (PARTIAL_CANCEL, DELETION, EXECUTION) and message.order_id not in submitted:
                standing.setdefault(message.order_id, []).append(message)
        executed = [m.order_id for m in self.messages if m.kind == EXECUTION and m.order_id in standing]
        for order_id in dict.fromkeys([*executed, *standing]):
            self.submit(standing[order_id][0], sum(message.size for message in standing[order_id]))

    def submit(self, message: Message, quantity: int) -> None:
        self.send(message, RESTING, message.order_id, quantity=quantity)

    def shrink(self, message: Message) -> None:
        order = self.harness.state("AAPL").places[f"{RESTING}\x1f{message.order_id}"]
        total = self.harness.state("AAPL").orders[order].quantity
        self.send(message, RESTING, message.order_id, action=ORDER_ACTION_REPLACE, quantity=total - message.size)

    def execute(self, message: Message) -> None:
        self.executions += 1
        taker = Message(message.kind, message.order_id, message.size, message.price_e8, 3 - message.side)
        trades = self.send(taker, TAKER, str(self.executions), quantity=message.size)
        hit = [
            (t.buy_order_id if message.side == SIDE_BUY else t.sell_order_id, t.quantity, t.price_e8) for t in trades
        ]
        if hit != [(message.order_id, message.size, message.price_e8)]:
            self.unlike.append(f"execution {self.executions}: {message} hit {hit}")

    def send(self, message: Message, account: str, order_id: str, **fields: int) -> list[TradeExecuted]:
        request = RiskChecked(START_NS, "AAPL", account, order_id)
        request.request_id = "replay"
        request.side = message.side
        request.order_type = ORDER_TYPE_LIMIT
        request.time_in_force = TIME_IN_FORCE_IMMEDIATE_OR_CANCEL if account == TAKER else TIME_IN_FORCE_DAY
        request.limit_price_e8 = message.price_e8
        request.multiplier = 1
        for field, value in fields.items():
            setattr(request, field, value)
        self.harness.send(request)
        return [record for record in self.harness.take() if isinstance(record, TradeExecuted)]
