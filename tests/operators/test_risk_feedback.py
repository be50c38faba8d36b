"""What becomes of orders, by hand: fills, ends, replaces, and positions that no trade made."""

from __future__ import annotations

import pytest

from schemas.generated.events import (
    ACCOUNT_KIND_CASH,
    ACCOUNT_STATUS_RESTRICTED,
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_OPTION,
    KILL_SWITCH_SCOPE_ACCOUNT,
    KILL_SWITCH_SCOPE_GLOBAL,
    KILL_SWITCH_SCOPE_SYMBOL,
    KILL_SWITCH_STATE_ACTIVE,
    KILL_SWITCH_STATE_HALTED,
    KILL_SWITCH_STATE_REDUCING,
    ORDER_STATE_FILLED,
    ORDER_STATE_PARTIALLY_FILLED,
    ORDER_STATE_RISK_APPROVED,
    ORDER_STEP_EXECUTION,
    ORDER_STEP_RISK,
    ORDER_STEP_VALIDATE,
    POSITION_CHANGE_KIND_CORPORATE_ACTION,
    POSITION_CHANGE_KIND_TRADE,
    POSITION_CHANGE_KIND_TRANSFER,
    SALE_MARKING_SHORT_EXEMPT,
    OrderTransitionRefused,
)
from tests.operators.risk_desk import BUY, DOLLAR, SELL, RiskDesk, name_of, told

SCOPES = (KILL_SWITCH_SCOPE_GLOBAL, KILL_SWITCH_SCOPE_ACCOUNT, KILL_SWITCH_SCOPE_SYMBOL)
HALTED, REDUCING, ACTIVE = KILL_SWITCH_STATE_HALTED, KILL_SWITCH_STATE_REDUCING, KILL_SWITCH_STATE_ACTIVE
OPTION, FUTURE = INSTRUMENT_TYPE_OPTION, INSTRUMENT_TYPE_FUTURE
SHORT_EXEMPT = SALE_MARKING_SHORT_EXEMPT


def desk_with(cash: float = 100_000, **terms: object) -> RiskDesk:
    desk = RiskDesk()
    desk.account(cash, **terms)
    return desk


# Replaces


def test_a_replace_reserves_the_larger_of_both_until_it_is_answered() -> None:
    desk = desk_with(account_kind=ACCOUNT_KIND_CASH)
    desk.order(BUY, 10, 100)
    answer = desk.replace("1", BUY, 20, 90)
    assert (answer.reservation_e8, desk.reserved) == (1_000 * DOLLAR, 2_000)
    desk.replaced("1", 20)
    assert desk.reserved == 1_800


def test_a_replace_that_execution_refuses_leaves_the_order_reserved_as_before() -> None:
    desk = desk_with(account_kind=ACCOUNT_KIND_CASH)
    desk.order(BUY, 10, 100)
    desk.replace("1", BUY, 20, 90)
    desk.replace_refused("1", request_id="another")
    desk.replace_refused("1", ORDER_STEP_VALIDATE)
    assert desk.reserved == 2_000
    desk.replace_refused("1")
    assert desk.reserved == 1_000


def test_a_replace_that_the_account_cannot_bear_is_refused_with_its_figures() -> None:
    desk = desk_with(1_000, account_kind=ACCOUNT_KIND_CASH)
    desk.order(BUY, 10, 100)
    answer = desk.replace("1", BUY, 11, 100)
    assert (name_of(answer), answer.step, answer.state) == (
        "OrderReplaceRejected",
        ORDER_STEP_RISK,
        ORDER_STATE_RISK_APPROVED,
    )
    assert told(answer) == ("BUYING_POWER_EXCEEDED", 1_100, 1_000)
    assert desk.reserved == 1_000


def test_a_replace_for_less_passes_where_nothing_new_would() -> None:
    desk = desk_with()
    desk.order(BUY, 10, 100)
    desk.account(100_000, status=ACCOUNT_STATUS_RESTRICTED)
    assert told(desk.replace("1", BUY, 11, 100))[0] == "ACCOUNT_RESTRICTED"
    assert name_of(desk.replace("1", BUY, 9, 100)) == "RiskChecked"


def test_a_second_replace_waits_for_the_answer_to_the_first() -> None:
    desk = desk_with()
    desk.order(BUY, 10, 100)
    desk.replace("1", BUY, 9, 100)
    assert told(desk.replace("1", BUY, 8, 100))[0] == "REPLACE_PENDING"


def test_a_replace_of_what_is_not_open_is_refused() -> None:
    desk = desk_with()
    desk.order(BUY, 10, 100)
    assert told(desk.replace("2", BUY, 9, 100))[0] == "ORDER_UNKNOWN"
    assert told(desk.replace("1", BUY, 9, 100, symbol="B"))[0] == "ORDER_UNKNOWN"
    assert told(desk.replace("1", SELL, 9, 100))[0] == "REPLACE_CHANGES_SIDE"
    assert told(desk.replace("1", BUY, 9, 100, request_id=""))[0] == "REQUEST_ID_MISSING"
    assert told(desk.replace("1", BUY, 9, 100, multiplier=2))[0] == "INSTRUMENT_DATA_INVALID"


def test_a_replace_to_what_is_filled_already_is_refused() -> None:
    desk = desk_with()
    desk.order(BUY, 10, 100)
    desk.fill(BUY, 4, 100, leaves=6)
    answer = desk.replace("1", BUY, 4, 100)
    assert told(answer) == ("REPLACE_QUANTITY_BELOW_FILLED", 4, 4)
    assert answer.state == ORDER_STATE_PARTIALLY_FILLED


def test_a_decrement_that_keeps_an_account_from_trading_with_itself_releases_its_part() -> None:
    desk = desk_with(account_kind=ACCOUNT_KIND_CASH)
    desk.order(BUY, 10, 100)
    desk.replaced("1", 7, request_id="")
    assert desk.reserved == 700


def test_a_fill_while_a_replace_is_pending_keeps_both_terms_reserved() -> None:
    desk = desk_with(account_kind=ACCOUNT_KIND_CASH)
    desk.order(BUY, 10, 100)
    desk.replace("1", BUY, 20, 100)
    desk.fill(BUY, 4, 100, "1", leaves=6)
    assert desk.reserved == 1_600
    desk.replaced("1", 20, filled=4)
    assert desk.reserved == 1_600


# What becomes of orders


def test_a_fill_moves_cash_position_and_reservation() -> None:
    desk = desk_with(10_000, account_kind=ACCOUNT_KIND_CASH)
    desk.order(BUY, 100, 50)
    desk.fill(BUY, 40, 49, leaves=60, commission_e8=DOLLAR, venue_fee_e8=-DOLLAR // 2)
    assert desk.state.cash_e8 == (10_000 - 1_960) * DOLLAR - DOLLAR // 2
    assert (desk.state.holdings["A"].quantity, desk.reserved) == (40, 3_000)


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_what_is_left_of_an_order_is_released_when_it_ends(end: str) -> None:
    desk = desk_with()
    desk.order(BUY, 100, 50)
    assert getattr(desk, end)("1") == []
    assert (desk.reserved, desk.state.orders, desk.state.holdings) == (0, {}, {})


def test_an_order_rejected_by_execution_is_released_and_rejects_of_other_steps_pass_by() -> None:
    desk = desk_with()
    desk.order(BUY, 100, 50)
    assert desk.rejected_by(ORDER_STEP_VALIDATE, "1") + desk.rejected_by(ORDER_STEP_RISK, "1") == []
    assert desk.reserved == 2_500
    desk.rejected_by(ORDER_STEP_EXECUTION, "1")
    assert desk.reserved == 0


def test_an_order_whose_id_had_ended_in_execution_is_released() -> None:
    desk = desk_with()
    desk.order(BUY, 100, 50)
    refused = OrderTransitionRefused(desk.at, "A", "acc", "1", ORDER_STATE_FILLED, "RiskChecked", ORDER_STEP_EXECUTION)
    desk.send(refused)
    assert (desk.reserved, desk.state.orders) == (0, {})


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_the_end_of_an_order_that_is_not_there_is_an_impossible_transition(end: str) -> None:
    (answer,) = getattr(desk_with(), end)("9")
    assert (name_of(answer), answer.order_id, answer.step) == ("OrderTransitionRefused", "9", ORDER_STEP_RISK)


def test_a_replace_of_an_order_that_is_not_there_is_an_impossible_transition() -> None:
    (answer,) = desk_with().replaced("9", 1)
    assert (answer.record_type, answer.order_id) == ("OrderReplaced", "9")


@pytest.mark.parametrize(("quantity", "filled"), [(5, 5), (0, 0), (10, -1), (1 << 62, 0)])
def test_a_replace_with_impossible_figures_changes_nothing(quantity: int, filled: int) -> None:
    desk = desk_with()
    desk.order(BUY, 10, 100)
    (answer,) = desk.replaced("1", quantity, filled)
    assert (answer.record_type, answer.state, desk.reserved) == ("OrderReplaced", ORDER_STATE_RISK_APPROVED, 500)


def test_a_fill_of_an_order_that_is_not_there_is_a_fill_all_the_same() -> None:
    desk = desk_with(1_000)
    assert desk.fill(BUY, 10, 50, "9") == []
    assert (desk.state.cash_e8, desk.state.holdings["A"].quantity) == (500 * DOLLAR, 10)


@pytest.mark.parametrize(
    "fields", [{"price_e8": 0}, {"quantity": -1}, {"multiplier": 7}, {"leaves": -1}, {"commission_e8": 10**31}]
)
def test_a_fill_with_impossible_figures_changes_nothing_and_is_an_impossible_transition(fields: dict[str, int]) -> None:
    desk = desk_with()
    desk.order(BUY, 10, 50)
    before = desk.state.to_dict()
    (answer,) = desk.fill(BUY, 10, 50, **fields)
    assert (answer.record_type, answer.state) == ("OrderExecuted", ORDER_STATE_RISK_APPROVED)
    assert desk.state.to_dict() == before


def test_the_other_side_of_a_position_is_reserved_for_beyond_what_closes() -> None:
    desk = desk_with()
    desk.bought(100, 10)
    assert desk.short(160, 10).reservation_e8 == 300 * DOLLAR


def test_a_sale_that_closed_opens_once_another_has_sold_the_position() -> None:
    desk = desk_with()
    desk.bought(100, 10)
    desk.order(SELL, 100, 10)
    assert desk.reserved == 0
    desk.short(100, 10)
    assert desk.reserved == 500
    desk.fill(SELL, 100, 10)
    assert desk.reserved == 500


# Positions that no trade made


def test_a_transfer_and_a_corporate_action_move_the_position_and_a_trade_does_not() -> None:
    desk = desk_with()
    desk.moved(POSITION_CHANGE_KIND_TRANSFER, 100, 20)
    desk.moved(POSITION_CHANGE_KIND_TRADE, 50, 20)
    desk.moved(POSITION_CHANGE_KIND_CORPORATE_ACTION, 100)
    assert desk.state.holdings["A"].quantity == 200
    assert desk.state.cash_e8 == 100_000 * DOLLAR
    assert name_of(desk.order(SELL, 200, 10)) == "RiskChecked"


def test_a_position_moved_out_of_bounds_is_counted_as_refused() -> None:
    desk = desk_with()
    desk.moved(POSITION_CHANGE_KIND_TRANSFER, 1 << 62)
    desk.moved(POSITION_CHANGE_KIND_TRANSFER, 1, multiplier=0)
    desk.moved(POSITION_CHANGE_KIND_TRANSFER, 10**15)
    desk.moved(POSITION_CHANGE_KIND_TRANSFER, 1)
    assert (desk.state.refused_inputs, desk.state.holdings["A"].quantity) == (3, 10**15)


def test_a_mark_out_of_bounds_is_counted_as_refused_and_one_of_a_symbol_not_held_passes_by() -> None:
    desk = desk_with()
    desk.mark(10)
    desk.bought(1, 10)
    desk.mark(0)
    assert (desk.state.refused_inputs, desk.equity) == (1, 100_000)
