"""An account at a harness of risk, spoken to in dollars and order ids."""

from __future__ import annotations

from typing import Any

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.risk import RiskParameters
from schemas.generated.events import (
    ACCOUNT_KIND_MARGIN,
    INSTRUMENT_TYPE_STOCK,
    ORDER_ACTION_CANCEL,
    ORDER_ACTION_REPLACE,
    ORDER_REJECT_REASON_SYMBOLS,
    ORDER_STEP_EXECUTION,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    SALE_MARKING_LONG,
    SALE_MARKING_SHORT,
    SIDE_BUY,
    SIDE_SELL,
    AccountChanged,
    KillSwitchChanged,
    LocateGranted,
    OrderCancelled,
    OrderExecuted,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderReplaceRejected,
    OrderValidated,
    PositionUpdated,
    PositionValued,
)
from schemas.generated.states import RiskState

DOLLAR = 100_000_000
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
MONDAY = 1_795_446_000 * SECOND
"""2026-11-23 10:00 in New York."""
BUY, SELL = SIDE_BUY, SIDE_SELL
MONEY = ("cash", "equity", "gross_exposure_max", "net_exposure_max", "order_notional_max", "daily_loss_max")


def e8(dollars: float) -> int:
    return round(dollars * DOLLAR)


class RiskDesk:
    """One account "acc". Fees are not reserved unless the parameters say so. `at` is the time of what is sent."""

    def __init__(self, **parameters: Any) -> None:
        parameters = {"fee_per_unit_e8": 0, "fee_per_order_min_e8": 0, **parameters}
        self.harness = OperatorHarness(OPERATORS["risk"], RiskParameters(**parameters))
        self.at = MONDAY
        self.orders = 0
        self.filled: dict[str, int] = {}

    def send(self, record: Any) -> list[Any]:
        self.harness.send(record)
        return self.harness.take()

    @property
    def state(self) -> RiskState:
        state = self.harness.state("acc")
        assert isinstance(state, RiskState)
        return state

    def account(self, cash: float = 0, **fields: Any) -> None:
        """Terms, a margin account that may do everything unless said otherwise; money in dollars."""
        terms = AccountChanged(self.at, "acc", account_kind=ACCOUNT_KIND_MARGIN, currency="USD")
        terms.short_permitted = terms.options_permitted = terms.futures_permitted = True
        for name, value in {"cash": cash, **fields}.items():
            setattr(terms, f"{name}_e8" if name in MONEY else name, e8(value) if name in MONEY else value)
        self.send(terms)

    def request(self, side: int, quantity: int, price: float, /, **fields: Any) -> OrderValidated:
        """A limit order at a price that is also the reference price; with a price of 0 a market order."""
        self.orders += 1
        order = OrderValidated(self.at, "A", "acc", str(self.orders), side=side, order_type=ORDER_TYPE_LIMIT)
        order.marking = SALE_MARKING_LONG if side == SELL else 0
        order.quantity = quantity
        order.limit_price_e8 = order.reference_price_e8 = e8(price)
        if price == 0:
            order.order_type = ORDER_TYPE_MARKET
        order.instrument_type = INSTRUMENT_TYPE_STOCK
        order.multiplier = 1
        order.shortable = True
        for name, value in fields.items():
            scaled = name.endswith("_price") or name == "contract_margin"
            setattr(order, f"{name}_e8" if scaled else name, e8(value) if scaled else value)
        return order

    def order(self, side: int, quantity: int, price: float, /, **fields: Any) -> Any:
        """The one answer to a new order."""
        (answer,) = self.send(self.request(side, quantity, price, **fields))
        return answer

    def short(self, quantity: int, price: float, **fields: Any) -> Any:
        return self.order(SELL, quantity, price, marking=SALE_MARKING_SHORT, **fields)

    def refused(self, side: int, quantity: int, price: float, /, **fields: Any) -> tuple[str, float, float]:
        """Reason, figure and limit of a new order that is rejected."""
        return told(self.order(side, quantity, price, **fields))

    def replace(self, order_id: str, side: int, quantity: int, price: float, **fields: Any) -> Any:
        fields = {"order_id": order_id, "action": ORDER_ACTION_REPLACE, "request_id": "r", **fields}
        return self.order(side, quantity, price, **fields)

    def cancel(self, order_id: str, **fields: Any) -> Any:
        """The answer to a client's cancel request."""
        return self.order(BUY, 0, 0, order_id=order_id, action=ORDER_ACTION_CANCEL, request_id="c", **fields)

    def fill(self, side: int, quantity: int, price: float, order_id: str = "", /, **fields: Any) -> list[Any]:
        """A fill of the latest order, or of another; `leaves` is what it leaves, else nothing."""
        order_id = order_id or str(self.orders)
        self.filled[order_id] = self.filled.get(order_id, 0) + quantity
        fill = OrderExecuted(self.at, "A", "acc", order_id, side=side, instrument_type=INSTRUMENT_TYPE_STOCK)
        fill.multiplier = 1
        fill.price_e8 = e8(price)
        fill.quantity = quantity
        fill.cumulative_quantity = self.filled[order_id]
        fill.leaves_quantity = fields.pop("leaves", 0)
        for name, value in fields.items():
            setattr(fill, name, value)
        return self.send(fill)

    def bought(self, quantity: int, price: float, **fields: Any) -> None:
        """Buy and be filled at once."""
        assert type(self.order(BUY, quantity, price, **fields)).__name__ == "RiskChecked"
        names = ("symbol", "instrument_type", "multiplier")
        self.fill(BUY, quantity, price, **{name: fields[name] for name in names if name in fields})

    def sold(self, quantity: int, price: float, **fields: Any) -> None:
        assert type(self.order(SELL, quantity, price, **fields)).__name__ == "RiskChecked"
        self.fill(SELL, quantity, price)

    def cancelled(self, order_id: str, **fields: Any) -> list[Any]:
        return self.send(OrderCancelled(self.at, fields.get("symbol", "A"), "acc", order_id))

    def expired(self, order_id: str) -> list[Any]:
        return self.send(OrderExpired(self.at, "A", "acc", order_id))

    def rejected_by(self, step: int, order_id: str) -> list[Any]:
        return self.send(OrderRejected(self.at, "A", "acc", order_id, step))

    def replaced(self, order_id: str, quantity: int, filled: int = 0, request_id: str = "r") -> list[Any]:
        change = OrderReplaced(self.at, "A", "acc", order_id, 1, request_id, BUY, quantity)
        change.cumulative_quantity = filled
        return self.send(change)

    def replace_refused(self, order_id: str, step: int = ORDER_STEP_EXECUTION, request_id: str = "r") -> list[Any]:
        return self.send(OrderReplaceRejected(self.at, "A", "acc", order_id, request_id, step))

    def switch(self, scope: int, state: int, symbol: str = "") -> None:
        self.send(KillSwitchChanged(self.at, scope, "acc", symbol, state))

    def locate(self, quantity: int, locate_id: str = "l", lasts: int = DAY, symbol: str = "A") -> None:
        self.send(LocateGranted(self.at, symbol, "acc", locate_id, quantity, self.at + lasts))

    def mark(self, price: float, symbol: str = "A") -> None:
        self.send(PositionValued(self.at, symbol, "acc", 0, e8(price)))

    def moved(self, kind: int, quantity: int, price: float = 0, multiplier: int = 1) -> None:
        """A position changes without a trade."""
        update = PositionUpdated(self.at, "A", "acc", kind)
        update.change_quantity = quantity
        update.change_price_e8 = e8(price)
        update.multiplier = multiplier
        self.send(update)

    @property
    def power(self) -> float:
        """Buying power in dollars."""
        state = self.state
        return (state.cash_e8 + state.worth_e8 - state.initial_margin_e8 - state.reserved_e8) / DOLLAR

    @property
    def equity(self) -> float:
        return (self.state.cash_e8 + self.state.worth_e8) / DOLLAR

    @property
    def reserved(self) -> float:
        return self.state.reserved_e8 / DOLLAR


def told(answer: Any) -> tuple[str, float, float]:
    """Reason, figure and limit of a reject; figures in dollars or counts."""
    return ORDER_REJECT_REASON_SYMBOLS[answer.reason], answer.figure_e8 / DOLLAR, answer.limit_e8 / DOLLAR


def name_of(answer: Any) -> str:
    return type(answer).__name__
