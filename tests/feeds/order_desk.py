"""The simulated market and its orders, carried through the operators by hand."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from dataflow.model import END_OF_TIME
from dataflow.testing.harness import OperatorHarness
from jobs.feeds.open_source import open_source
from operators.catalog import OPERATORS
from operators.execution import ExecutionParameters
from schemas.generated.events import ORDER_REJECT_REASON_SYMBOLS, ORDER_STEP_SYMBOLS

REQUESTS = ("OrderPlaced", "OrderReplaceRequested", "OrderCancelRequested")


def stream(specification: str, name: str) -> Iterator[Any]:
    """Records of a source, batch by batch."""
    source = open_source(specification, name)
    source.open(None)
    while (batch := source.read()) is not None:
        yield from batch.records


def day_of(market: str, accounts: str, flow: str, switches: int = 0) -> Iterator[Any]:
    """All that comes in on the day, in order of event time, of equal times reference data first."""
    sources = [
        stream(f"reference_data:{market}", "reference-data"),
        stream(f"accounts:{market},{accounts},switches={switches}", "accounts"),
        stream(f"simulator:{market}", "market"),
        stream(f"order_flow:{market},{accounts},{flow}", "orders"),
    ]
    return heapq.merge(*sources, key=lambda record: record.event_time_ns)


class OrderDesk:
    """Normalise and the operators of orders up to `last`; counts what comes in, what comes out, and refusals."""

    def __init__(self, last: str = "execution") -> None:
        names = ["normalise", "validate", "risk", "execution"]
        self.harnesses = {name: OperatorHarness(OPERATORS[name]) for name in names[: names.index(last) + 1]}
        if last == "execution":
            parameters = ExecutionParameters(liquidity="BOOK_AND_QUOTES")
            self.harnesses["execution"] = OperatorHarness(OPERATORS["execution"], parameters)
        self.taken: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        """By step and reason."""
        self.left: dict[str, int] = {}
        """Shares that each order with fills has still open."""

    def run(self, day: Iterator[Any]) -> OrderDesk:
        for record in day:
            self.taken[type(record).__name__] += 1
            self.carry(record)
        if "execution" in self.harnesses:
            self.harnesses["execution"].advance_watermark(END_OF_TIME)
            for record in self.harnesses["execution"].take():
                self.carry(record)
        return self

    def carry(self, record: Any) -> None:
        """Carry a record, and all that follows from it, to its end."""
        waiting: deque[Any] = deque([record])
        while waiting:
            record = waiting.popleft()
            name = type(record).__name__
            self.given[name] += 1
            if name in ("OrderRejected", "OrderReplaceRejected", "OrderCancelRejected"):
                self.refused[ORDER_STEP_SYMBOLS[record.step], ORDER_REJECT_REASON_SYMBOLS[record.reason]] += 1
            elif name == "OrderExecuted":
                self.left[record.order_id] = record.leaves_quantity
            for harness in self.harnesses.values():
                if name in harness.type.inputs:
                    harness.send(record)
                    waiting += harness.take()

    def refusals(self, step: str) -> dict[str, int]:
        """Reasons of one step, with counts."""
        return {reason: count for (at, reason), count in self.refused.items() if at == step}
