"""What a run's summary says of orders, and that it does not hide what does not add up."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from jobs.order_summary import order_tables
from jobs.order_totals import OrderTotals, count
from schemas.generated.events import (
    ORDER_REJECT_REASON_PRICE_OUTSIDE_COLLAR,
    ORDER_STEP_EXECUTION,
    SIDE_BUY,
    SIDE_SELL,
    OrderExecuted,
    OrderPlaced,
    OrderRejected,
    OrderTransitionRefused,
    TradeExecuted,
)


def totals_of(*records: Any, accepted: int = 0) -> OrderTotals:
    totals = OrderTotals(accepted=accepted)
    for record in records:
        count(totals, record)
    return totals


def shown(totals: OrderTotals) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        for table in order_tables(totals):
            assert isinstance(table, Table)
            console.print(table)
    return captured.get()


FILLS = (
    OrderExecuted(side=SIDE_BUY, quantity=100),
    OrderExecuted(side=SIDE_SELL, quantity=60),
)
TRADES = (
    TradeExecuted(buy_account="A", sell_account="B", quantity=60),
    TradeExecuted(buy_account="A", sell_account="", quantity=40),
)


def test_shares_that_the_market_sold_count_as_sold() -> None:
    totals = totals_of(*FILLS, *TRADES)
    assert totals.are_balanced()
    assert "100 = 100; of these by the market outside 0 and 40" in shown(totals)


@pytest.mark.parametrize("missing", [*FILLS, *TRADES])
def test_a_fill_or_trade_that_is_missing_is_told(missing: Any) -> None:
    totals = totals_of(*(record for record in (*FILLS, *TRADES) if record is not missing))
    assert not totals.are_balanced()
    assert "DIFFERS" in shown(totals)


def test_an_order_without_answer_is_told() -> None:
    totals = totals_of(OrderPlaced(), OrderPlaced(), OrderRejected(), accepted=0)
    assert not totals.are_answered()
    assert "DIFFERS 2 = 0 accepted + 1 rejected" in shown(totals)


def test_an_order_that_the_book_knows_already_is_answered() -> None:
    refused = OrderTransitionRefused(step=ORDER_STEP_EXECUTION)
    totals = totals_of(OrderPlaced(), OrderPlaced(), refused, accepted=1)
    assert totals.are_answered()
    assert "2 = 1 accepted + 0 rejected + 1 known already" in shown(totals)


def test_refusals_are_counted_by_what_was_asked_and_why() -> None:
    totals = totals_of(OrderRejected(reason=ORDER_REJECT_REASON_PRICE_OUTSIDE_COLLAR))
    assert totals.reasons == Counter({("order", "PRICE_OUTSIDE_COLLAR"): 1})
