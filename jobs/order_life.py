"""The life of an order, told by the events about it: what moved it from which state to which.

Theory of operation. The table of states is execution's own (operators/order_states.py). Events are taken in the order
of their time and, where equal, of the steps of an order's way; those of the book by its count of events. A second order
under an id that is taken, and what follows from it, moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from dataflow.model import Record
from operators.order_states import (
    ACCEPT,
    APPROVE,
    CANCEL,
    EXPIRE,
    FILL_PART,
    FILL_REST,
    IMPOSSIBLE,
    PLACE,
    REJECT,
    REPLACE,
    SUSPEND,
    TRIGGER,
    VALIDATE,
    next_state,
)
from schemas.generated.events import (
    ORDER_ACTION_NEW,
    ORDER_STEP_EXECUTION,
    ORDER_STEP_RISK,
    OrderCancelRequested,
    OrderExecuted,
    OrderPlaced,
    OrderReplaceRequested,
    OrderValidated,
    RiskChecked,
    TradeExecuted,
)
from schemas.generated.states import ORDER_STATE_PLACED, ORDER_STATE_RISK_APPROVED, ORDER_STATE_UNKNOWN

EVENTS: Final = {
    "OrderPlaced": PLACE,
    "OrderValidated": VALIDATE,
    "RiskChecked": APPROVE,
    "OrderAccepted": ACCEPT,
    "OrderSuspended": SUSPEND,
    "OrderTriggered": TRIGGER,
    "OrderReplaced": REPLACE,
    "OrderCancelled": CANCEL,
    "OrderExpired": EXPIRE,
    "OrderRejected": REJECT,
}
NOTHING: Final = -1
"""Event of a record that moves no order."""
REQUESTED, VALIDATED, CHECKED, BOOKED = range(4)
"""Steps on the way of a request."""
Id = tuple[int, int]


@dataclass(frozen=True)
class Step:
    """One event in the life of an order, and the states before and after it."""

    record: Record
    before: int
    after: int


@dataclass
class Life:
    """All that is known of one order. `quantity` and `limit_price_e8` are those of its last terms."""

    account: str
    order_id: str
    symbol: str = ""
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    quantity: int = 0
    limit_price_e8: int = 0
    state: int = ORDER_STATE_UNKNOWN
    filled_quantity: int = 0
    average_price_e8: int = 0
    charges_e8: int = 0
    steps: list[Step] = field(default_factory=list)
    passed_over: set[Id] = field(default_factory=set)
    """Ids of events about another order under the same id."""

    def take(self, record: Any) -> None:
        """The next event about the order."""
        before = self.state
        event = event_of(record)
        if event != NOTHING and self.is_own(record, event):
            self.state = next_state(before, event)
            self.note(record)
        self.steps.append(Step(record, before, self.state))

    def take_shortened(self, record: Any) -> None:
        """The next event about the order, where those of validate's and risk's assent are left out."""
        if step_of(record) == BOOKED and self.state == ORDER_STATE_PLACED:
            self.state = ORDER_STATE_RISK_APPROVED
        self.take(record)

    def is_own(self, record: Record, event: int) -> bool:
        """Whether an event is about this order, and not about a later one that was refused because the id is taken."""
        foreign = (record.cause_id_hi, record.cause_id_lo) in self.passed_over
        if foreign or next_state(self.state, event) == IMPOSSIBLE:
            self.passed_over.add((record.event_id_hi, record.event_id_lo))
            return False
        return True

    def note(self, record: Any) -> None:
        """Take terms and figures over."""
        if isinstance(record, OrderPlaced):
            self.order_type, self.time_in_force = record.order_type, record.time_in_force
        if isinstance(record, OrderExecuted):
            self.filled_quantity = record.cumulative_quantity
            self.average_price_e8 = record.average_price_e8
            self.charges_e8 += charges_of(record)
        elif hasattr(record, "quantity"):
            self.quantity, self.limit_price_e8, self.side = record.quantity, record.limit_price_e8, record.side
        self.symbol = record.symbol


def event_of(record: Any) -> int:
    """The event of the table of states that a record stands for, or NOTHING."""
    if isinstance(record, OrderExecuted):
        return FILL_PART if record.leaves_quantity > 0 else FILL_REST
    if isinstance(record, OrderValidated | RiskChecked) and record.action != ORDER_ACTION_NEW:
        return NOTHING
    return EVENTS.get(type(record).__name__, NOTHING)


def charges_of(fill: OrderExecuted) -> int:
    """All that a fill costs, in 1e-8 of the currency unit."""
    return fill.commission_e8 + fill.section_31_fee_e8 + fill.taf_fee_e8 + fill.venue_fee_e8


def step_of(record: Any) -> int:
    """How far on its way a request was when this happened."""
    if isinstance(record, OrderPlaced | OrderCancelRequested | OrderReplaceRequested):
        return REQUESTED
    if isinstance(record, OrderValidated):
        return VALIDATED
    if isinstance(record, RiskChecked):
        return CHECKED
    step = getattr(record, "step", ORDER_STEP_EXECUTION)
    if step == ORDER_STEP_EXECUTION:
        return BOOKED
    return CHECKED if step == ORDER_STEP_RISK else VALIDATED


def in_order(records: Iterable[Any]) -> list[Any]:
    """The events about one order as they happened."""
    return sorted(records, key=lambda record: (record.event_time_ns, step_of(record), record.sequence))


def life_of(account: str, order_id: str, records: Iterable[Any]) -> Life:
    life = Life(account, order_id)
    for record in in_order(records):
        life.take(record)
    return life


def other_side(trade: TradeExecuted, life: Life) -> tuple[str, str]:
    """(account, order id) that an order traded with; empty for the market outside."""
    if (trade.buy_account, trade.buy_order_id) == (life.account, life.order_id):
        return trade.sell_account, trade.sell_order_id
    return trade.buy_account, trade.buy_order_id
