"""What a run did with orders, counted from its topic logs and from the state of its operators.

Two ways lead to each figure that must agree: fills of accounts and trades of the book, requests and their answers. The
summary shows both, and says so where they differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from dataflow.connectors.log.reader import LogReader
from dataflow.connectors.log.segments import logged_streams
from dataflow.ports import Storage
from jobs.assemble import Assembly
from jobs.order_search import TYPES
from schemas.generated.events import (
    ORDER_REJECT_REASON_SYMBOLS,
    ORDER_STEP_EXECUTION,
    SIDE_BUY,
    OrderExecuted,
    OrderRejected,
    OrderTransitionRefused,
    TradeExecuted,
)
from schemas.generated.states import ExecutionState, RiskState

STREAMS: Final = ("order-requests", "order-rejects", "order-events", "trade-events", "trades")


@dataclass
class OrderTotals:
    """Counts of one run. Shares and contracts together."""

    records: Counter[str] = field(default_factory=Counter)
    """Records by type."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Refused requests by (what was asked, why not)."""
    bought: int = 0
    """By accounts, as their fills say."""
    sold: int = 0
    traded: int = 0
    """As the trades of the book say, which count each share once."""
    market_sold: int = 0
    """Of these, what the market outside sold to accounts, and bought from them."""
    market_bought: int = 0
    accepted: int = 0
    """Orders that came into the book."""
    filled: int = 0
    """Orders filled whole."""
    twice: int = 0
    """Orders that execution refused because their id was known already."""
    open_orders: int = 0
    reserved_orders: int = 0
    """Orders for which risk holds something reserved."""
    reserved_e8: int = 0
    accounts: int = 0

    def refused(self) -> int:
        """New orders that did not come into the book."""
        return self.records["OrderRejected"]

    def are_balanced(self) -> bool:
        """Each share bought was sold by somebody, and fills and trades say the same."""
        return self.bought + self.market_bought == self.sold + self.market_sold == self.traded

    def are_answered(self) -> bool:
        """Each order was accepted, rejected, or refused because its id was known already."""
        return self.records["OrderPlaced"] == self.accepted + self.refused() + self.twice


def order_totals(assembly: Assembly, storage: Storage) -> OrderTotals | None:
    """The totals of a run whose jobs take orders; None where there were no requests, or their log was left out."""
    totals = OrderTotals()
    if not set(STREAMS) <= assembly.wiring.channels.keys():
        return None
    logged = logged_streams(storage)
    if STREAMS[0] not in logged:
        return None
    for stream in STREAMS:
        if stream in logged:
            for record in LogReader(storage, stream).read_records(TYPES):
                count(totals, record)
    add_states(totals, assembly)
    return totals


def count(totals: OrderTotals, record: Any) -> None:
    name = type(record).__name__
    totals.records[name] += 1
    if isinstance(record, OrderExecuted):
        totals.filled += record.leaves_quantity == 0
        if record.side == SIDE_BUY:
            totals.bought += record.quantity
        else:
            totals.sold += record.quantity
    elif isinstance(record, TradeExecuted):
        totals.traded += record.quantity
        totals.market_sold += 0 if record.sell_account else record.quantity
        totals.market_bought += 0 if record.buy_account else record.quantity
    elif isinstance(record, OrderTransitionRefused):
        totals.twice += record.step == ORDER_STEP_EXECUTION
    elif isinstance(record, OrderRejected) or name in ("OrderCancelRejected", "OrderReplaceRejected"):
        asked = name.removeprefix("Order").removesuffix("Rejected").lower() or "order"
        totals.reasons[asked, ORDER_REJECT_REASON_SYMBOLS[record.reason]] += 1


def add_states(totals: OrderTotals, assembly: Assembly) -> None:
    for state in states_of(assembly):
        if isinstance(state, ExecutionState):
            totals.accepted += state.orders_accepted
            totals.open_orders += state.open_orders
        elif isinstance(state, RiskState):
            totals.accounts += 1
            totals.reserved_e8 += state.reserved_e8
            totals.reserved_orders += len(state.orders)


def states_of(assembly: Assembly) -> Iterator[Any]:
    """The live state of every operator and key."""
    for slot in assembly.wiring.core.table.unpacked():
        for cell in slot.cells:
            if cell is not None:
                yield cell.state
