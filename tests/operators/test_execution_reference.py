"""The operator's book against the naive one, and its invariants, on random days (a failure prints its seed)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from operators.order_states import EVENT_NAMES, IMPOSSIBLE, TRANSITIONS, is_final, next_state
from schemas.generated.events import (
    SIDE_BUY,
    OrderAccepted,
    OrderCancelled,
    OrderExecuted,
    OrderExpired,
    OrderReplaced,
    OrderSuspended,
    OrderTriggered,
    TradeExecuted,
)
from schemas.generated.states import ORDER_STATE_RISK_APPROVED, ORDER_STATE_SYMBOLS
from tests.reference.compare_books import Day, compare_day
from tests.reference.real_book import RealBook

EVENTS: dict[type, str] = {
    OrderAccepted: "OrderAccepted",
    OrderSuspended: "OrderSuspended",
    OrderTriggered: "OrderTriggered",
    OrderReplaced: "OrderReplaced",
    OrderCancelled: "OrderCancelled",
    OrderExpired: "OrderExpired",
}


class Ledger:
    """Sums up what the book says, order by order, from its events alone."""

    def __init__(self, seed: int, commands: int = 500) -> None:
        day = Day(seed)
        self.book = RealBook(day.options)
        self.bought = self.sold = self.traded = self.outside = 0
        self.quantity: Counter[tuple[str, str]] = Counter()
        self.filled: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.states: dict[tuple[str, str], int] = {}
        for _ in range(commands):
            self.book.send(day.command())
            for record in self.book.records:
                self.count(record)

    def count(self, record: Any) -> None:
        if isinstance(record, TradeExecuted):
            self.traded += record.quantity
            self.outside += record.quantity * ((not record.buy_account) + (not record.sell_account))
            return
        if not hasattr(record, "venue_order_id"):
            return
        name = (record.account, record.order_id)
        self.move(name, record)
        if isinstance(record, OrderAccepted | OrderReplaced):
            self.quantity[name] = record.quantity
        elif isinstance(record, OrderExecuted):
            self.filled[name] += record.quantity
            assert record.cumulative_quantity == self.filled[name]
            assert record.cumulative_quantity + record.leaves_quantity == self.quantity[name]
            if record.side == SIDE_BUY:
                self.bought += record.quantity
            else:
                self.sold += record.quantity
        elif isinstance(record, OrderCancelled):
            self.ended[name] += record.cancelled_quantity
        elif isinstance(record, OrderExpired):
            self.ended[name] += record.expired_quantity

    def move(self, name: tuple[str, str], record: Any) -> None:
        event = EVENTS.get(type(record), "OrderExecuted, some left")
        if isinstance(record, OrderExecuted) and record.leaves_quantity == 0:
            event = "OrderExecuted, none left"
        after = next_state(self.states.get(name, ORDER_STATE_RISK_APPROVED), EVENT_NAMES.index(event))
        assert after != IMPOSSIBLE
        self.states[name] = after

    def open_quantity(self) -> Counter[tuple[str, str]]:
        return Counter({(o.account, o.order_id): o.leaves_quantity for o in self.book.state.orders if o.venue_order_id})


@pytest.mark.parametrize("seed", range(1, 41))
def test_the_book_says_and_holds_what_the_naive_book_does(seed: int) -> None:
    assert compare_day(seed)


@pytest.mark.parametrize("seed", range(1001, 1011))
def test_saving_and_restoring_after_any_command_changes_nothing(seed: int) -> None:
    assert compare_day(seed, restore_every=1) == compare_day(seed)


@pytest.mark.parametrize("seed", range(2001, 2031))
def test_shares_bought_are_shares_sold_the_market_outside_included(seed: int) -> None:
    ledger = Ledger(seed)
    assert ledger.bought + ledger.sold + ledger.outside == 2 * ledger.traded
    assert ledger.traded > 0


@pytest.mark.parametrize("seed", range(2001, 2031))
def test_filled_and_open_and_ended_shares_are_an_orders_quantity(seed: int) -> None:
    ledger = Ledger(seed)
    assert ledger.filled + ledger.open_quantity() + ledger.ended == +ledger.quantity


@pytest.mark.parametrize("seed", range(2001, 2011))
def test_what_the_events_say_of_an_orders_state_is_the_state_the_book_holds(seed: int) -> None:
    ledger = Ledger(seed)
    held = {(o.account, o.order_id): o.state for o in ledger.book.state.orders if o.venue_order_id}
    assert {name: state for name, state in ledger.states.items() if not is_final(state)} == held


def test_a_place_is_used_again() -> None:
    ledger = Ledger(2001)
    assert len(ledger.book.state.orders) < ledger.book.state.orders_accepted / 2


def test_no_state_is_without_a_way_to_its_end_and_none_leads_out_of_an_end() -> None:
    leaving = {state for state, _, _ in TRANSITIONS}
    assert not any(is_final(state) for state in leaving)
    assert {after for _, _, after in TRANSITIONS if not is_final(after)} < leaving
    assert len(leaving) + 4 == len(ORDER_STATE_SYMBOLS)


def test_no_state_and_event_stand_twice_in_the_table() -> None:
    pairs = [(state, event) for state, event, _ in TRANSITIONS]
    assert len(set(pairs)) == len(pairs)
