"""Replaces, cancels, and what validate remembers of orders."""

from __future__ import annotations

import pytest

from schemas.generated.events import (
    ORDER_ACTION_CANCEL,
    ORDER_ACTION_REPLACE,
    ORDER_STATE_REJECTED,
    ORDER_STATE_UNKNOWN,
    ORDER_TYPE_LIMIT,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_NONE,
    ORDER_TYPE_STOP_LIMIT,
    SALE_MARKING_NONE,
    SALE_MARKING_SHORT,
    SELF_TRADE_PREVENTION_DECREMENT,
    SIDE_SELL,
    TIME_IN_FORCE_DAY,
    TIME_IN_FORCE_GOOD_TILL_CANCELLED,
    TIME_IN_FORCE_GOOD_TILL_DATE,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    TIME_IN_FORCE_NONE,
    TRADING_STATUS_HALTED,
)
from tests.operators.order_requests import (
    CENT,
    DAY,
    DOLLAR,
    SECOND,
    TEN,
    cancel,
    open_market,
    option,
    order,
    reason_of,
    replace,
    status,
)

NEXT_DAY = TEN + DAY
GTC = {"time_in_force": TIME_IN_FORCE_GOOD_TILL_CANCELLED}


def test_a_replace_carries_its_own_figures_and_the_terms_of_the_order() -> None:
    short = {"side": SIDE_SELL, "marking": SALE_MARKING_SHORT, "post_only": True}
    harness = open_market(order(**short, self_trade_prevention=SELF_TRADE_PREVENTION_DECREMENT))
    harness.take()
    harness.send(replace(side=SIDE_SELL, quantity=300, display_quantity=100, limit_price_e8=101 * DOLLAR))
    (passed,) = harness.take()
    assert (passed.action, passed.request_id) == (ORDER_ACTION_REPLACE, "request-1")
    assert (passed.quantity, passed.display_quantity, passed.limit_price_e8) == (300, 100, 101 * DOLLAR)
    assert (passed.side, passed.marking, passed.post_only) == (SIDE_SELL, SALE_MARKING_SHORT, True)
    assert (passed.order_type, passed.time_in_force) == (ORDER_TYPE_LIMIT, TIME_IN_FORCE_DAY)
    assert passed.self_trade_prevention == SELF_TRADE_PREVENTION_DECREMENT
    assert passed.reference_price_e8 == 100 * DOLLAR


@pytest.mark.parametrize("side", [1, SIDE_SELL])
def test_a_replace_of_an_order_not_remembered_passes_without_terms(side: int) -> None:
    harness = open_market(replace(side=side))
    (passed,) = harness.take()
    assert (passed.side, passed.limit_price_e8) == (side, 99 * DOLLAR)
    assert (passed.marking, passed.order_type, passed.time_in_force) == (
        SALE_MARKING_NONE,
        ORDER_TYPE_NONE,
        TIME_IN_FORCE_NONE,
    )


def test_a_replace_of_an_order_not_remembered_is_judged_all_the_same() -> None:
    harness = open_market()
    assert reason_of(harness, replace(limit_price_e8=99 * DOLLAR + CENT // 2)) == "LIMIT_PRICE_NOT_ON_TICK"
    assert reason_of(harness, replace(request_id="request-2", side=0)) == "SIDE_MISSING"
    assert reason_of(harness, replace(request_id="request-3", stop_price_e8=98 * DOLLAR)) == "STOP_PRICE_ON_WRONG_SIDE"
    assert reason_of(harness, replace(request_id="request-4", expire_time_ns=TEN)) == "EXPIRY_IN_THE_PAST"


def test_a_replace_of_an_option_not_remembered_needs_no_marking() -> None:
    assert reason_of(open_market(option()), replace(side=SIDE_SELL)) == "OrderValidated"


def test_a_stop_limit_order_keeps_both_its_prices() -> None:
    prices = {"stop_price_e8": 102 * DOLLAR, "limit_price_e8": 103 * DOLLAR}
    harness = open_market(order(order_type=ORDER_TYPE_STOP_LIMIT, **prices))
    assert reason_of(harness, replace(limit_price_e8=103 * DOLLAR)) == "REPLACE_CHANGES_TYPE"
    assert reason_of(harness, replace(request_id="request-2", **prices)) == "OrderValidated"


def test_a_good_till_date_order_repeats_its_expiry() -> None:
    dated = {"time_in_force": TIME_IN_FORCE_GOOD_TILL_DATE, "expire_time_ns": TEN + 5 * DAY}
    harness = open_market(order(**dated))
    assert reason_of(harness, replace()) == "EXPIRY_MISSING"
    assert reason_of(harness, replace(request_id="request-2", expire_time_ns=TEN + 6 * DAY)) == "OrderValidated"


def test_a_replace_that_is_refused_leaves_the_order_as_it_was() -> None:
    harness = open_market(order())
    assert reason_of(harness, replace(quantity=-1)) == "QUANTITY_NOT_POSITIVE"
    assert reason_of(harness, replace(request_id="request-2")) == "OrderValidated"


@pytest.mark.parametrize("told", [status(status=TRADING_STATUS_HALTED), option(order_multiple=0)])
def test_cancels_pass_whatever_holds_orders_back(told: object) -> None:
    assert reason_of(open_market(order(), told, orders_per_second_max=1), cancel()) == "OrderValidated"


def test_cancels_pass_outside_all_sessions() -> None:
    assert reason_of(open_market(order()), cancel(event_time_ns=TEN + 14 * 3_600 * SECOND)) == "OrderValidated"


def test_a_cancel_carries_the_terms_of_the_order() -> None:
    harness = open_market(order(time_in_force=TIME_IN_FORCE_IMMEDIATE_OR_CANCEL), cancel())
    _, passed = harness.take()
    assert (passed.action, passed.request_id, passed.side) == (ORDER_ACTION_CANCEL, "request-2", 1)
    assert passed.time_in_force == TIME_IN_FORCE_IMMEDIATE_OR_CANCEL


def test_a_cancel_of_an_order_not_remembered_passes() -> None:
    assert reason_of(open_market(), cancel()) == "OrderValidated"


def test_rejects_of_requests_say_where_the_order_stands() -> None:
    harness = open_market(order(quantity=0), replace(), cancel(), replace(order_id=""), cancel(order_id=""))
    states = [refused.state for refused in harness.take()[1:]]
    assert states == [ORDER_STATE_REJECTED, ORDER_STATE_REJECTED, ORDER_STATE_UNKNOWN, ORDER_STATE_UNKNOWN]


def test_an_order_id_is_taken_by_one_account_only() -> None:
    assert reason_of(open_market(order()), order(account="ACC-2")) == "OrderValidated"


def test_an_order_over_the_rate_may_be_sent_again() -> None:
    harness = open_market(order(), order(order_id="order-2"), orders_per_second_max=1)
    assert reason_of(harness, order(order_id="order-2", event_time_ns=TEN + SECOND)) == "OrderValidated"


def test_an_order_from_an_earlier_second_counts_in_the_latest() -> None:
    harness = open_market(order(), orders_per_second_max=1)
    assert reason_of(harness, order(order_id="order-2", event_time_ns=TEN - SECOND)) == "ORDER_RATE_ABOVE_LIMIT"


def test_ids_of_a_day_are_free_on_the_next() -> None:
    assert reason_of(open_market(order()), order(event_time_ns=NEXT_DAY)) == "OrderValidated"


def test_ids_of_long_lived_orders_stay_taken() -> None:
    harness = open_market(order(**GTC), replace())
    assert reason_of(harness, order(event_time_ns=NEXT_DAY)) == "ORDER_ID_DUPLICATE"
    assert reason_of(harness, order(event_time_ns=NEXT_DAY + DAY)) == "ORDER_ID_DUPLICATE"
    assert reason_of(harness, replace(event_time_ns=NEXT_DAY + DAY, limit_price_e8=0)) == "REPLACE_CHANGES_TYPE"
    assert reason_of(harness, replace(event_time_ns=NEXT_DAY + DAY, request_id="request-9")) == "OrderValidated"


def test_a_rejected_long_lived_order_frees_its_id_with_the_day() -> None:
    harness = open_market(order(**GTC, quantity=0))
    assert reason_of(harness, order(event_time_ns=NEXT_DAY)) == "OrderValidated"


def test_an_order_from_the_day_before_does_not_free_ids() -> None:
    harness = open_market(order(event_time_ns=NEXT_DAY), order(order_id="order-2"))
    assert reason_of(harness, order(event_time_ns=NEXT_DAY)) == "ORDER_ID_DUPLICATE"


def test_at_least_half_of_the_ids_allowed_are_remembered_and_never_more_than_all() -> None:
    harness = open_market(order_ids_max=8)
    harness.send(*[order(order_id=f"order-{number}") for number in range(20)])
    harness.send(*[replace(order_id=f"order-{number}", limit_price_e8=99 * DOLLAR) for number in range(20)])
    state = harness.state("A")
    assert [*state.order_ids_before.entries, *state.order_ids.entries] == [
        f"ACC-1\x1forder-{number}" for number in range(12, 20)
    ]
    assert len(state.request_ids_before.entries) + len(state.request_ids.entries) == 8
    assert reason_of(harness, order(order_id="order-12")) == "ORDER_ID_DUPLICATE"
    assert reason_of(harness, order(order_id="order-11")) == "OrderValidated"


def test_long_lived_orders_are_bounded_too() -> None:
    harness = open_market(order_ids_max=8)
    harness.send(*[order(order_id=f"order-{number}", **GTC) for number in range(8)])
    harness.send(order(order_id="order-8", event_time_ns=NEXT_DAY))
    state = harness.state("A")
    assert list(state.order_ids_before.entries) == [f"ACC-1\x1forder-{number}" for number in range(4, 8)]


def test_the_rate_is_forgotten_with_the_second() -> None:
    harness = open_market(*[order(account=f"ACC-{number}") for number in range(50)])
    harness.send(order(event_time_ns=TEN + SECOND, order_id="order-2"))
    assert harness.state("A").rate_counts == {"ACC-1": 1}


def test_a_market_order_not_remembered_may_be_replaced() -> None:
    harness = open_market(replace(limit_price_e8=0))
    assert harness.take()[0].order_type == ORDER_TYPE_NONE


def test_a_market_order_keeps_its_type() -> None:
    harness = open_market(order(order_type=ORDER_TYPE_MARKET, limit_price_e8=0))
    assert reason_of(harness, replace()) == "REPLACE_CHANGES_TYPE"
