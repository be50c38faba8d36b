"""The life of an order as one table: which event moves which state to which.

Validate, risk and execution ask `next_state` before they act on a request for an order; what the table does not hold is
impossible, and becomes an `OrderTransitionRefused`. docs/order-states.md is drawn from it (`order_states_page`).

Invariant: FILLED, CANCELLED, EXPIRED and REJECTED have no way out; every other state can reach one of them.
Source: after the order state matrices of FIX 4.2, appendix D; a replaced order keeps its id here, so REPLACED is the
state of an order that works under new terms and has no fill yet.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.states import (
    ORDER_STATE_CANCELLED,
    ORDER_STATE_EXPIRED,
    ORDER_STATE_FILLED,
    ORDER_STATE_PARTIALLY_FILLED,
    ORDER_STATE_PLACED,
    ORDER_STATE_REJECTED,
    ORDER_STATE_REPLACED,
    ORDER_STATE_RISK_APPROVED,
    ORDER_STATE_SUSPENDED,
    ORDER_STATE_SYMBOLS,
    ORDER_STATE_UNKNOWN,
    ORDER_STATE_VALIDATED,
    ORDER_STATE_WORKING,
)

PLACE: Final = 0
VALIDATE: Final = 1
APPROVE: Final = 2
ACCEPT: Final = 3
SUSPEND: Final = 4
TRIGGER: Final = 5
FILL_PART: Final = 6
FILL_REST: Final = 7
REPLACE: Final = 8
CANCEL: Final = 9
EXPIRE: Final = 10
REJECT: Final = 11
EVENTS: Final = 12

EVENT_NAMES: Final[tuple[str, ...]] = (
    "OrderPlaced",
    "OrderValidated",
    "RiskChecked",
    "OrderAccepted",
    "OrderSuspended",
    "OrderTriggered",
    "OrderExecuted, some left",
    "OrderExecuted, none left",
    "OrderReplaced",
    "OrderCancelled",
    "OrderExpired",
    "OrderRejected",
)

IMPOSSIBLE: Final = -1

TRANSITIONS: Final[tuple[tuple[int, int, int], ...]] = (
    # state, event, next state
    (ORDER_STATE_UNKNOWN, PLACE, ORDER_STATE_PLACED),
    (ORDER_STATE_PLACED, VALIDATE, ORDER_STATE_VALIDATED),
    (ORDER_STATE_PLACED, REJECT, ORDER_STATE_REJECTED),
    (ORDER_STATE_VALIDATED, APPROVE, ORDER_STATE_RISK_APPROVED),
    (ORDER_STATE_VALIDATED, REJECT, ORDER_STATE_REJECTED),
    (ORDER_STATE_RISK_APPROVED, ACCEPT, ORDER_STATE_WORKING),
    (ORDER_STATE_RISK_APPROVED, REJECT, ORDER_STATE_REJECTED),
    (ORDER_STATE_WORKING, SUSPEND, ORDER_STATE_SUSPENDED),
    (ORDER_STATE_WORKING, FILL_PART, ORDER_STATE_PARTIALLY_FILLED),
    (ORDER_STATE_WORKING, FILL_REST, ORDER_STATE_FILLED),
    (ORDER_STATE_WORKING, REPLACE, ORDER_STATE_REPLACED),
    (ORDER_STATE_WORKING, CANCEL, ORDER_STATE_CANCELLED),
    (ORDER_STATE_WORKING, EXPIRE, ORDER_STATE_EXPIRED),
    (ORDER_STATE_REPLACED, SUSPEND, ORDER_STATE_SUSPENDED),
    (ORDER_STATE_REPLACED, FILL_PART, ORDER_STATE_PARTIALLY_FILLED),
    (ORDER_STATE_REPLACED, FILL_REST, ORDER_STATE_FILLED),
    (ORDER_STATE_REPLACED, REPLACE, ORDER_STATE_REPLACED),
    (ORDER_STATE_REPLACED, CANCEL, ORDER_STATE_CANCELLED),
    (ORDER_STATE_REPLACED, EXPIRE, ORDER_STATE_EXPIRED),
    (ORDER_STATE_PARTIALLY_FILLED, SUSPEND, ORDER_STATE_SUSPENDED),
    (ORDER_STATE_PARTIALLY_FILLED, FILL_PART, ORDER_STATE_PARTIALLY_FILLED),
    (ORDER_STATE_PARTIALLY_FILLED, FILL_REST, ORDER_STATE_FILLED),
    (ORDER_STATE_PARTIALLY_FILLED, REPLACE, ORDER_STATE_PARTIALLY_FILLED),
    (ORDER_STATE_PARTIALLY_FILLED, CANCEL, ORDER_STATE_CANCELLED),
    (ORDER_STATE_PARTIALLY_FILLED, EXPIRE, ORDER_STATE_EXPIRED),
    (ORDER_STATE_SUSPENDED, ACCEPT, ORDER_STATE_WORKING),
    (ORDER_STATE_SUSPENDED, TRIGGER, ORDER_STATE_WORKING),
    (ORDER_STATE_SUSPENDED, FILL_PART, ORDER_STATE_PARTIALLY_FILLED),
    (ORDER_STATE_SUSPENDED, FILL_REST, ORDER_STATE_FILLED),
    (ORDER_STATE_SUSPENDED, REPLACE, ORDER_STATE_SUSPENDED),
    (ORDER_STATE_SUSPENDED, CANCEL, ORDER_STATE_CANCELLED),
    (ORDER_STATE_SUSPENDED, EXPIRE, ORDER_STATE_EXPIRED),
)


def table() -> tuple[int, ...]:
    """Next state by state * EVENTS + event."""
    cells = [IMPOSSIBLE] * (len(ORDER_STATE_SYMBOLS) * EVENTS)
    for state, event, after in TRANSITIONS:
        cells[state * EVENTS + event] = after
    return tuple(cells)


NEXT_STATE: Final[tuple[int, ...]] = table()


def next_state(state: i64, event: i64) -> i64:
    """The state after the event, or IMPOSSIBLE."""
    return NEXT_STATE[state * EVENTS + event]


def is_final(state: i64) -> bool:
    """Nothing can happen to an order in this state any more."""
    return state in (ORDER_STATE_FILLED, ORDER_STATE_CANCELLED, ORDER_STATE_EXPIRED, ORDER_STATE_REJECTED)


def order_states_page() -> str:
    """docs/order-states.md: the table as a drawing and as a table."""
    names = ORDER_STATE_SYMBOLS
    arrows = [f"    {names[a]} --> {names[c]}: {EVENT_NAMES[b]}" for a, b, c in TRANSITIONS]
    rows = [f"| {names[a]} | {EVENT_NAMES[b]} | {names[c]} |" for a, b, c in TRANSITIONS]
    return "\n".join(
        [
            "# The life of an order",
            "",
            "Drawn from `operators/order_states.py` by `python -m operators.order_states > docs/order-states.md`; a",
            "test keeps it fresh. An event that the table does not allow becomes an `OrderTransitionRefused`; a cancel",
            "or replace of an order that is gone becomes an `OrderCancelRejected` or `OrderReplaceRejected`.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *arrows,
            "```",
            "",
            "| state | event | next state |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    print(order_states_page(), end="")
