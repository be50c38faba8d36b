"""Keeps the shares located for short sales, and uses them up as short sales are filled.

A short sale needs as many located shares as all open short sales of its symbol together; its fills take them from the
locate that was granted first. What an order leaves unfilled is free again by itself.

Invariant: shares sold short under locates never exceed shares located.
Bound: locates_max; above it the locate that lapses first makes room.
Source: Regulation SHO, 17 CFR 242.203(b)(1).
"""

from __future__ import annotations

from mypy_extensions import i64

from operators.holdings import QUANTITY_MAX
from schemas.generated.events import LocateGranted
from schemas.generated.states import RiskLocate, RiskState


def grant(state: RiskState, granted: LocateGranted, locates_max: i64) -> bool:
    """Take a locate; False if it makes no sense, has lapsed, or is there already."""
    time_ns = granted.event_time_ns
    if not 0 < granted.quantity <= QUANTITY_MAX or granted.expire_time_ns <= time_ns:
        return False
    drop_lapsed(state, time_ns)
    for locate in state.locates:
        if locate.locate_id == granted.locate_id:
            return False
    if len(state.locates) >= locates_max:
        drop_first_to_lapse(state)
    locate = RiskLocate(granted.locate_id, granted.symbol, granted.quantity, granted.expire_time_ns)
    state.locates.append(locate)
    return True


def drop_lapsed(state: RiskState, time_ns: i64) -> None:
    """Used up locates stay until they lapse, so that one told twice counts once."""
    if any_lapsed(state, time_ns):
        state.locates = [locate for locate in state.locates if locate.expire_time_ns > time_ns]


def any_lapsed(state: RiskState, time_ns: i64) -> bool:
    return any(locate.expire_time_ns <= time_ns for locate in state.locates)


def drop_first_to_lapse(state: RiskState) -> None:
    first: i64 = 0
    for place in range(1, len(state.locates)):
        if state.locates[place].expire_time_ns < state.locates[first].expire_time_ns:
            first = place
    del state.locates[first]


def located(state: RiskState, symbol: str, time_ns: i64) -> i64:
    """Shares of a symbol located and not yet sold; -1 where there is no locate in force."""
    shares: i64 = -1
    for locate in state.locates:
        if locate.symbol == symbol and locate.expire_time_ns > time_ns:
            shares = max(shares, 0) + locate.quantity
    return shares


def use(state: RiskState, symbol: str, quantity: i64, time_ns: i64) -> None:
    """Shares of a symbol were sold short."""
    left: i64 = quantity
    for locate in state.locates:
        if left == 0:
            return
        if locate.symbol == symbol and locate.expire_time_ns > time_ns:
            taken: i64 = min(left, locate.quantity)
            locate.quantity -= taken
            left -= taken
