"""A small market around risk: it answers what risk approves with fills at or better than the limit, replaces, rejects
and ends, in any order, and keeps the books of the account the slow way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.risk import RiskParameters
from schemas.generated.events import (
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_OPTION,
    INSTRUMENT_TYPE_STOCK,
    ORDER_ACTION_REPLACE,
    ORDER_STEP_EXECUTION,
    ORDER_TYPE_LIMIT,
    SALE_MARKING_LONG,
    SALE_MARKING_SHORT,
    SIDE_BUY,
    AccountChanged,
    OrderCancelled,
    OrderExecuted,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderReplaceRejected,
    OrderValidated,
    RiskChecked,
)
from schemas.generated.states import RiskState
from tests.operators.risk_desk import DOLLAR, MONDAY

SYMBOLS = {
    "A": (INSTRUMENT_TYPE_STOCK, 1),
    "B": (INSTRUMENT_TYPE_STOCK, 1),
    "C": (INSTRUMENT_TYPE_OPTION, 100),
    "F": (INSTRUMENT_TYPE_FUTURE, 50),
}
CASH = 1_000_000 * DOLLAR


@dataclass
class Working:
    """An order as the market has it."""

    symbol: str
    side: int
    quantity: int
    price: int
    filled: int = 0
    wanted: tuple[int, int] | None = None


@dataclass
class Ledger:
    """The books kept the slow way."""

    cash: int = CASH
    shares: dict[str, int] = field(default_factory=dict)
    futures_amount: int = 0

    def fill(self, symbol: str, signed: int, price: int, fees: int) -> None:
        kind, multiplier = SYMBOLS[symbol]
        self.shares[symbol] = self.shares.get(symbol, 0) + signed
        self.cash -= fees
        if kind == INSTRUMENT_TYPE_FUTURE:
            self.futures_amount += signed * price * multiplier
        else:
            self.cash -= signed * price * multiplier


class Market:
    """Risk with a market around it."""

    def __init__(self, kind: int) -> None:
        self.harness = OperatorHarness(OPERATORS["risk"], RiskParameters())
        terms = AccountChanged(MONDAY, "acc", "", kind)
        terms.cash_e8 = CASH
        terms.short_permitted = terms.options_permitted = terms.futures_permitted = True
        self.harness.send(terms)
        self.working: dict[str, Working] = {}
        self.ledger = Ledger()
        self.orders = 0
        self.at = MONDAY

    @property
    def state(self) -> RiskState:
        state = self.harness.state("acc")
        assert isinstance(state, RiskState)
        return state

    def send(self, record: Any) -> list[Any]:
        self.harness.send(record)
        return self.harness.take()

    def request(self, symbol: str, side: int, quantity: int, price: int) -> OrderValidated:
        kind, multiplier = SYMBOLS[symbol]
        order = OrderValidated(self.at, symbol, "acc", str(self.orders), side=side, order_type=ORDER_TYPE_LIMIT)
        held = self.ledger.shares.get(symbol, 0)
        order.marking = 0 if side == SIDE_BUY else SALE_MARKING_LONG if held >= quantity else SALE_MARKING_SHORT
        order.quantity = quantity
        order.limit_price_e8 = order.reference_price_e8 = price * DOLLAR
        order.instrument_type, order.multiplier, order.shortable = kind, multiplier, True
        order.option_right, order.strike_price_e8, order.contract_margin_e8 = 1, 50 * DOLLAR, 1_000 * DOLLAR
        return order

    def place(self, symbol: str, side: int, quantity: int, price: int) -> None:
        self.orders += 1
        (answer,) = self.send(self.request(symbol, side, quantity, price))
        if isinstance(answer, RiskChecked):
            self.working[str(self.orders)] = Working(symbol, side, quantity, price * DOLLAR)

    def pick(self, number: int) -> str | None:
        ids = list(self.working)
        return ids[number % len(ids)] if ids else None

    def fill(self, number: int, quantity: int, better: int) -> None:
        order_id = self.pick(number)
        if order_id is None:
            return
        order = self.working[order_id]
        quantity = min(quantity, order.quantity - order.filled)
        price = order.price - better if order.side == SIDE_BUY else order.price + better
        order.filled += quantity
        kind, multiplier = SYMBOLS[order.symbol]
        fill = OrderExecuted(self.at, order.symbol, "acc", order_id, side=order.side, instrument_type=kind)
        fill.multiplier, fill.price_e8, fill.quantity = multiplier, price, quantity
        fill.cumulative_quantity, fill.leaves_quantity = order.filled, order.quantity - order.filled
        fill.commission_e8, fill.venue_fee_e8, fill.taf_fee_e8 = 350_000 * quantity, -200_000, 7
        self.ledger.fill(
            order.symbol, quantity if order.side == SIDE_BUY else -quantity, price, 350_000 * quantity - 199_993
        )
        if order.filled == order.quantity:
            del self.working[order_id]
        assert self.send(fill) == []

    def replace(self, number: int, quantity: int, price: int) -> None:
        order_id = self.pick(number)
        if order_id is None:
            return
        order = self.working[order_id]
        request = self.request(order.symbol, order.side, quantity, price)
        request.order_id, request.action, request.request_id = order_id, ORDER_ACTION_REPLACE, "r"
        (answer,) = self.send(request)
        if isinstance(answer, RiskChecked):
            order.wanted = (quantity, price * DOLLAR)

    def answer_replace(self, number: int, accept: bool) -> None:
        order_id = self.pick(number)
        if order_id is None or self.working[order_id].wanted is None:
            return
        order = self.working[order_id]
        wanted, order.wanted = order.wanted, None
        assert wanted is not None
        if not accept or wanted[0] <= order.filled:
            assert (
                self.send(OrderReplaceRejected(self.at, order.symbol, "acc", order_id, "r", ORDER_STEP_EXECUTION)) == []
            )
            return
        order.quantity, order.price = wanted
        change = OrderReplaced(self.at, order.symbol, "acc", order_id, 1, "r", order.side, order.quantity)
        change.cumulative_quantity = order.filled
        assert self.send(change) == []

    def end(self, number: int, way: int) -> None:
        order_id = self.pick(number)
        if order_id is None:
            return
        order = self.working.pop(order_id)
        if way == 2 and order.filled == 0:
            assert self.send(OrderRejected(self.at, order.symbol, "acc", order_id, ORDER_STEP_EXECUTION)) == []
        elif way == 1:
            assert self.send(OrderExpired(self.at, order.symbol, "acc", order_id)) == []
        else:
            assert self.send(OrderCancelled(self.at, order.symbol, "acc", order_id)) == []
