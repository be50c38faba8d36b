"""Risk and execution together, fills fed back: cash, shares and reservations of all accounts reconcile."""

from __future__ import annotations

from collections import deque
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.execution import ExecutionParameters
from operators.risk import RiskParameters
from schemas.generated.events import (
    ACCOUNT_KIND_MARGIN,
    INSTRUMENT_TYPE_STOCK,
    ORDER_ACTION_CANCEL,
    ORDER_ACTION_NEW,
    ORDER_ACTION_REPLACE,
    ORDER_STEP_RISK,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    SALE_MARKING_SHORT,
    SELF_TRADE_PREVENTION_SYMBOLS,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    TRADING_STATUS_TRADING,
    AccountChanged,
    OrderExecuted,
    OrderTransitionRefused,
    OrderValidated,
    TradingStatusChanged,
)
from tests.operators.risk_desk import DOLLAR, MONDAY, SECOND

ACCOUNTS = ("a", "b", "c")
CASH = 100_000 * DOLLAR


class Exchange:
    """Risk for three accounts and execution for one symbol, records carried between them first in, first out."""

    def __init__(self) -> None:
        self.risk = OperatorHarness(OPERATORS["risk"], RiskParameters())
        self.execution = OperatorHarness(OPERATORS["execution"], ExecutionParameters(session_hours="STATUS"))
        self.execution.send(TradingStatusChanged(MONDAY, "A", TRADING_STATUS_TRADING))
        self.execution.take()
        self.at = MONDAY
        self.fees = 0
        self.impossible: list[OrderTransitionRefused] = []
        """Events of execution that did not fit what risk knew."""
        for account in ACCOUNTS:
            terms = AccountChanged(MONDAY, account, account_kind=ACCOUNT_KIND_MARGIN)
            terms.cash_e8, terms.short_permitted = CASH, True
            self.risk.send(terms)

    def request(self, account: str, order_id: str, action: int, side: int, terms: tuple[int, int]) -> OrderValidated:
        """`terms`: shares, and dollars a share."""
        self.at += SECOND
        order = OrderValidated(self.at, "A", account, order_id, action, "" if action == ORDER_ACTION_NEW else "r", side)
        order.order_type, order.time_in_force = ORDER_TYPE_LIMIT, TIME_IN_FORCE_DAY
        order.marking = SALE_MARKING_SHORT if side == SIDE_SELL else 0
        order.quantity, order.limit_price_e8, order.reference_price_e8 = terms[0], terms[1] * DOLLAR, 50 * DOLLAR
        order.instrument_type, order.multiplier, order.shortable = INSTRUMENT_TYPE_STOCK, 1, True
        return order

    def carry(self, order: OrderValidated) -> None:
        """Carry a request, and all that follows from it, to its end."""
        waiting: deque[Any] = deque([order])
        while waiting:
            record = waiting.popleft()
            name = type(record).__name__
            if isinstance(record, OrderTransitionRefused) and record.step == ORDER_STEP_RISK:
                self.impossible.append(record)
            if isinstance(record, OrderExecuted):
                self.fees += record.commission_e8 + record.section_31_fee_e8 + record.taf_fee_e8 + record.venue_fee_e8
            if name == "RiskChecked":
                self.execution.send(record)
                waiting += self.execution.take()
            elif name in self.risk.type.inputs:
                self.risk.send(record)
                waiting += self.risk.take()

    def sum_of_cash(self) -> int:
        return sum(self.risk.state(account).cash_e8 for account in ACCOUNTS)

    def sum_of_shares(self) -> int:
        holdings = [self.risk.state(account).holdings.get("A") for account in ACCOUNTS]
        return sum(holding.quantity for holding in holdings if holding is not None)

    def reserved(self) -> list[int]:
        return [self.risk.state(account).reserved_e8 for account in ACCOUNTS]

    def open_in_risk(self) -> dict[tuple[str, str], int]:
        states = {account: self.risk.state(account) for account in ACCOUNTS}
        return {
            (account, order_id): order.quantity - order.filled_quantity
            for account, state in states.items()
            for order_id, order in state.orders.items()
        }

    def open_in_execution(self) -> dict[tuple[str, str], int]:
        orders = self.execution.state("A").orders
        return {(order.account, order.order_id): order.leaves_quantity for order in orders if order.venue_order_id > 0}


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from((ORDER_ACTION_NEW, ORDER_ACTION_NEW, ORDER_ACTION_REPLACE, ORDER_ACTION_CANCEL)),
        st.sampled_from(ACCOUNTS),
        st.integers(0, 7),
        st.sampled_from((SIDE_BUY, SIDE_SELL)),
        st.integers(1, 300),
        st.integers(48, 52),
        st.sampled_from(("day", "immediate", "market")),
        st.integers(0, len(SELF_TRADE_PREVENTION_SYMBOLS) - 1),
    ),
    max_size=50,
)


def send(exchange: Exchange, request: tuple[Any, ...]) -> None:
    action, account, number, side, quantity, price, way, prevention = request
    order = exchange.request(account, str(number), action, side, (quantity, price))
    order.self_trade_prevention = prevention
    if way != "day":
        order.time_in_force = TIME_IN_FORCE_IMMEDIATE_OR_CANCEL
    if way == "market":
        order.order_type, order.limit_price_e8 = ORDER_TYPE_MARKET, 0
    exchange.carry(order)


@settings(max_examples=150, deadline=None)
@given(REQUESTS)
def test_risk_holds_what_execution_has_done_and_nothing_is_lost_between(requests: list[tuple[Any, ...]]) -> None:
    exchange = Exchange()
    for request in requests:
        send(exchange, request)
        assert exchange.open_in_risk() == exchange.open_in_execution()
        assert exchange.sum_of_cash() == len(ACCOUNTS) * CASH - exchange.fees
        assert exchange.sum_of_shares() == 0
    for account, order_id in exchange.open_in_execution():
        exchange.carry(exchange.request(account, order_id, ORDER_ACTION_CANCEL, SIDE_BUY, (0, 0)))
    assert exchange.reserved() == [0, 0, 0]
    assert exchange.open_in_risk() == {}
    assert exchange.impossible == []


def test_a_trade_between_two_accounts_moves_cash_and_shares_and_releases_both() -> None:
    exchange = Exchange()
    exchange.carry(exchange.request("a", "1", ORDER_ACTION_NEW, SIDE_SELL, (100, 50)))
    exchange.carry(exchange.request("b", "1", ORDER_ACTION_NEW, SIDE_BUY, (100, 50)))
    assert exchange.risk.state("a").holdings["A"].quantity == -100
    assert exchange.risk.state("b").holdings["A"].quantity == 100
    assert exchange.reserved() == [0, 0, 0]
    assert exchange.sum_of_cash() == 3 * CASH - exchange.fees
