"""A whole day of orders adds up: nothing accepted is lost, no share and no reservation is left over."""

from __future__ import annotations

import pytest

from operators.order_states import is_final
from schemas.generated.events import SIDE_BUY, SIDE_SELL, OrderCancelRequested
from schemas.generated.states import ORDER_STATE_PLACED, ORDER_STATE_SUSPENDED, ORDER_STATE_UNKNOWN
from tests.simulate.orders_day import OrdersDay, day_inputs

OPTIONS = {"seed": 3, "symbols": 4, "events": 6_000, "accounts": 40, "orders": 2_500}
NIGHT_NS = 1_795_224_600_000_000_000
"""2026-11-20 20:30 in New York."""


@pytest.fixture(scope="module")
def day() -> OrdersDay:
    return OrdersDay(day_inputs(**OPTIONS))


@pytest.fixture(scope="module")
def cancelled_day() -> OrdersDay:
    """A clean flow, after which every order that was placed is cancelled in the evening."""
    inputs = day_inputs(**OPTIONS, faults=0)
    placed = [record for _, record in inputs if type(record).__name__ == "OrderPlaced"]
    cancels = [
        OrderCancelRequested(NIGHT_NS, order.symbol, order.account, order.order_id, "at-night") for order in placed
    ]
    return OrdersDay([*inputs, *(("order-requests", cancel) for cancel in cancels)])


def test_every_order_is_accepted_or_rejected(day: OrdersDay) -> None:
    accepted = sum(book.orders_accepted for book in day.books)
    assert accepted > 1_000
    assert len(day.all("OrderPlaced")) == accepted + len(day.all("OrderRejected"))


def test_every_request_has_its_answer(day: OrdersDay) -> None:
    cancels = len(day.all("OrderCancelRejected")) + sum(bool(one.request_id) for one in day.all("OrderCancelled"))
    replaces = len(day.all("OrderReplaceRejected")) + len(day.all("OrderReplaced"))
    assert len(day.all("OrderCancelRequested")) == cancels
    assert len(day.all("OrderReplaceRequested")) == replaces


def test_shares_bought_are_shares_sold(day: OrdersDay) -> None:
    trades, fills = day.all("TradeExecuted"), day.all("OrderExecuted")
    bought = sum(fill.quantity for fill in fills if fill.side == SIDE_BUY)
    sold = sum(fill.quantity for fill in fills if fill.side == SIDE_SELL)
    assert bought == sum(trade.quantity for trade in trades if trade.buy_account)
    assert sold == sum(trade.quantity for trade in trades if trade.sell_account)
    assert bought + sold > 0


def test_every_fill_is_one_side_of_a_trade_of_the_same_price_and_size(day: OrdersDay) -> None:
    sides = [(trade.symbol, trade.trade_id, trade.price_e8, trade.quantity) for trade in day.all("TradeExecuted")]
    fills = [(fill.symbol, fill.trade_id, fill.price_e8, fill.quantity) for fill in day.all("OrderExecuted")]
    assert set(fills) == set(sides)
    assert len(set(sides)) == len(sides)


def test_no_order_makes_an_impossible_transition(day: OrdersDay) -> None:
    assert day.all("OrderTransitionRefused") == []


def test_each_orders_events_lead_through_the_table_of_states(day: OrdersDay) -> None:
    lives = day.lives()
    stuck = [life for life in lives if not is_final(life.state) and life.state != ORDER_STATE_SUSPENDED]
    unplaced = {type(life.steps[0].record).__name__ for life in stuck if life.state == ORDER_STATE_UNKNOWN}
    assert [life.order_id for life in stuck if life.state >= ORDER_STATE_PLACED] == []
    assert unplaced <= {"OrderCancelRequested", "OrderReplaceRequested"}


def test_only_orders_that_outlive_the_day_are_open_at_its_end(day: OrdersDay) -> None:
    suspended = [life for life in day.lives() if life.state == ORDER_STATE_SUSPENDED]
    assert len(suspended) == sum(book.open_orders for book in day.books)
    assert {life.time_in_force for life in suspended} == {2}  # good till cancelled


def test_book_and_risk_know_the_same_open_orders(day: OrdersDay) -> None:
    assert sum(len(account.orders) for account in day.accounts) == sum(book.open_orders for book in day.books)


def test_an_account_without_open_orders_has_nothing_reserved(day: OrdersDay) -> None:
    idle = [account for account in day.accounts if not account.orders]
    assert idle
    assert {account.reserved_e8 for account in idle} == {0}


def test_once_every_order_is_cancelled_nothing_is_open_and_nothing_reserved(cancelled_day: OrdersDay) -> None:
    assert sum(book.open_orders for book in cancelled_day.books) == 0
    assert [account.reserved_e8 for account in cancelled_day.accounts if account.reserved_e8] == []
    assert [account.orders for account in cancelled_day.accounts if account.orders] == []


def test_once_every_order_is_cancelled_each_has_an_end(cancelled_day: OrdersDay) -> None:
    assert [life.order_id for life in cancelled_day.lives() if not is_final(life.state)] == []
    assert cancelled_day.all("OrderTransitionRefused") == []


def test_accounts_hold_what_their_fills_brought(day: OrdersDay) -> None:
    held: dict[str, int] = {}
    for fill in day.all("OrderExecuted"):
        held[fill.symbol] = held.get(fill.symbol, 0) + (fill.quantity if fill.side == SIDE_BUY else -fill.quantity)
    found: dict[str, int] = {}
    for account in day.accounts:
        for symbol, holding in account.holdings.items():
            found[symbol] = found.get(symbol, 0) + holding.quantity
    assert {symbol: count for symbol, count in found.items() if count} == {k: v for k, v in held.items() if v}
