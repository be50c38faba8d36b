"""Replays LOBSTER's messages as orders through the three operators: executions must hit the resting orders they hit on
the real market.

Source: LOBSTER, output structure: time, type (4 is the execution of a visible order), order id, size, price in 1e-4
dollars, side of the resting order (1 buy, -1 sell).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from schemas.generated.events import TradeExecuted

EXECUTION = "4"
BUY = "1"
Execution = tuple[str, int, int]
"""Resting order, shares, price in 1e-8."""


def executions_of(path: Path) -> list[Execution]:
    """What the real market's executions of visible orders hit."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row[1] == EXECUTION]
    return [(order_id, int(size), int(price) * 10_000) for _, _, order_id, size, price, _ in rows]


class Exchange:
    """Validate, risk and execution, told these instruments and accounts."""

    def __init__(self, terms: Iterable[Any]) -> None:
        self.harnesses = {name: OperatorHarness(OPERATORS[name]) for name in ("validate", "risk", "execution")}
        self.hit: list[Execution] = []
        self.refused: list[Any] = []
        for record in terms:
            self.carry(record)

    def carry(self, record: Any) -> None:
        """Carry a record, and all that follows from it, to its end."""
        waiting: deque[Any] = deque([record])
        while waiting:
            record = waiting.popleft()
            if isinstance(record, TradeExecuted):
                resting = record.sell_order_id if record.buy_order_id.startswith("X") else record.buy_order_id
                self.hit.append((resting, record.quantity, record.price_e8))
            if "Reject" in type(record).__name__ or "Refused" in type(record).__name__:
                self.refused.append(record)
            for harness in self.harnesses.values():
                if type(record).__name__ in harness.type.inputs:
                    harness.send(record)
                    waiting += harness.take()
