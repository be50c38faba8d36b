"""Risk by hand: decisions with their figures, who may trade, switches, limits, the form of an order."""

from __future__ import annotations

from pathlib import Path

import pytest

from operators.kill_switch import addressed
from operators.risk_rules import CHAPTERS
from schemas.generated.events import (
    ACCOUNT_KIND_CASH,
    ACCOUNT_KIND_NONE,
    ACCOUNT_STATUS_CLOSED,
    ACCOUNT_STATUS_RESTRICTED,
    INSTRUMENT_TYPE_FUND,
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_NONE,
    INSTRUMENT_TYPE_OPTION,
    KILL_SWITCH_SCOPE_ACCOUNT,
    KILL_SWITCH_SCOPE_GLOBAL,
    KILL_SWITCH_SCOPE_SYMBOL,
    KILL_SWITCH_STATE_ACTIVE,
    KILL_SWITCH_STATE_HALTED,
    KILL_SWITCH_STATE_REDUCING,
    ORDER_REJECT_REASON_SYMBOLS,
    ORDER_TYPE_STOP,
    POSITION_CHANGE_KIND_TRANSFER,
    SALE_MARKING_SHORT_EXEMPT,
    KillSwitchChanged,
)
from tests.operators.risk_desk import BUY, DAY, DOLLAR, MONDAY, SECOND, SELL, RiskDesk, name_of, told

SCOPES = (KILL_SWITCH_SCOPE_GLOBAL, KILL_SWITCH_SCOPE_ACCOUNT, KILL_SWITCH_SCOPE_SYMBOL)
HALTED, REDUCING, ACTIVE = KILL_SWITCH_STATE_HALTED, KILL_SWITCH_STATE_REDUCING, KILL_SWITCH_STATE_ACTIVE
OPTION, FUTURE = INSTRUMENT_TYPE_OPTION, INSTRUMENT_TYPE_FUTURE
SHORT_EXEMPT = SALE_MARKING_SHORT_EXEMPT


def desk_with(cash: float = 100_000, **terms: object) -> RiskDesk:
    desk = RiskDesk()
    desk.account(cash, **terms)
    return desk


# Decisions and their figures


def test_an_order_passes_with_the_figures_it_was_judged_on() -> None:
    desk = RiskDesk(fee_per_unit_e8=1_000_000, fee_per_order_min_e8=35_000_000)
    desk.account(10_000)
    desk.bought(20, 100)
    answer = desk.order(BUY, 100, 100)
    assert answer.position_quantity == 20
    assert answer.margin_requirement_e8 == 5_000 * DOLLAR
    assert answer.reservation_e8 == 5_001 * DOLLAR
    assert (answer.buying_power_before_e8, answer.buying_power_after_e8) == (9_000 * DOLLAR, 3_999 * DOLLAR)
    assert (answer.gross_exposure_e8, answer.net_exposure_e8) == (12_000 * DOLLAR, 12_000 * DOLLAR)


def test_an_order_passes_with_all_its_terms() -> None:
    desk = desk_with()
    request = desk.request(BUY, 10, 50, stop_price=49, time_in_force=2, session=3, display_quantity=5)
    request.expire_time_ns, request.post_only, request.all_or_none, request.self_trade_prevention = 7, True, True, 4
    sent = request.to_dict()
    (answer,) = desk.send(request)
    shared = answer.to_dict().keys() & sent.keys() - {"event_id", "cause_id", "sequence"}
    assert len(shared) == 22
    assert {name: answer.to_dict()[name] for name in shared} == {name: sent[name] for name in shared}


def test_an_order_without_limit_price_is_reserved_above_the_price_it_was_judged_by() -> None:
    desk = desk_with(account_kind=ACCOUNT_KIND_CASH)
    assert desk.order(BUY, 10, 0, reference_price=100).reservation_e8 == 1_050 * DOLLAR
    assert desk.order(BUY, 10, 0, reference_price=100, ask_price=200).reservation_e8 == 2_100 * DOLLAR
    stop = desk.order(BUY, 10, 0, order_type=ORDER_TYPE_STOP, stop_price=300, reference_price=100)
    assert stop.reservation_e8 == 3_150 * DOLLAR


def test_the_least_fee_is_set_aside_until_the_order_trades() -> None:
    desk = RiskDesk(fee_per_unit_e8=1_000_000, fee_per_order_min_e8=500_000_000)
    desk.account(10_000, account_kind=ACCOUNT_KIND_CASH)
    desk.order(BUY, 100, 1)
    assert desk.reserved == 105
    desk.fill(BUY, 10, 1, leaves=90)
    assert desk.reserved == 90.9


# Who may trade


def test_an_account_never_told_of_is_unknown() -> None:
    assert RiskDesk().refused(BUY, 1, 1)[0] == "ACCOUNT_UNKNOWN"


def test_a_closed_account_may_do_nothing_but_cancel() -> None:
    desk = desk_with(status=ACCOUNT_STATUS_CLOSED)
    assert desk.refused(BUY, 1, 1)[0] == "ACCOUNT_CLOSED"
    assert name_of(desk.cancel("x")) == "RiskChecked"


def test_a_restricted_account_may_only_reduce() -> None:
    desk = desk_with()
    desk.bought(100, 10)
    desk.account(100_000, status=ACCOUNT_STATUS_RESTRICTED)
    assert desk.refused(BUY, 1, 10)[0] == "ACCOUNT_RESTRICTED"
    assert desk.refused(SELL, 101, 10, marking=2)[0] == "ACCOUNT_RESTRICTED"
    assert name_of(desk.order(SELL, 100, 10)) == "RiskChecked"


@pytest.mark.parametrize(
    "terms",
    [
        {"account_kind": ACCOUNT_KIND_NONE},
        {"position_max": -1},
        {"orders_per_second_max": -1},
        {"gross_exposure_max": -1},
        {"cash": 1e30},
        {"daily_loss_max": 1e29},
    ],
)
def test_terms_that_make_no_sense_stop_an_account_until_better_ones_come(terms: dict[str, float]) -> None:
    desk = desk_with()
    desk.account(**terms)
    assert desk.refused(BUY, 1, 1)[0] == "ACCOUNT_DATA_INVALID"
    desk.account(100_000)
    assert name_of(desk.order(BUY, 1, 1)) == "RiskChecked"


@pytest.mark.parametrize("kind", [OPTION, FUTURE])
def test_an_account_without_permission_trades_no_derivatives(kind: int) -> None:
    desk = desk_with(options_permitted=False, futures_permitted=False)
    terms = {"option_right": 1, "strike_price": 1, "contract_margin": 1}
    assert desk.refused(BUY, 1, 1, instrument_type=kind, **terms)[0] == "INSTRUMENT_NOT_PERMITTED"


# Kill switches


@pytest.mark.parametrize("scope", SCOPES)
def test_a_halted_switch_stops_orders_and_replaces_and_lets_cancels_pass(scope: int) -> None:
    desk = desk_with()
    desk.order(BUY, 10, 10)
    desk.switch(scope, HALTED, "A")
    reason = ("GLOBAL", "ACCOUNT", "SYMBOL")[scope] + "_KILL_SWITCH_ACTIVE"
    assert desk.refused(BUY, 1, 1)[0] == reason
    assert told(desk.replace("1", BUY, 5, 10))[0] == reason
    assert name_of(desk.cancel("1")) == "RiskChecked"
    desk.switch(scope, ACTIVE, "A")
    assert name_of(desk.order(BUY, 1, 1)) == "RiskChecked"


@pytest.mark.parametrize("scope", SCOPES)
def test_a_reducing_switch_lets_only_reducing_orders_pass(scope: int) -> None:
    desk = desk_with()
    desk.bought(10, 10)
    desk.switch(scope, REDUCING, "A")
    assert desk.refused(BUY, 1, 10)[0] == "ORDER_NOT_REDUCING_POSITION"
    assert name_of(desk.order(SELL, 6, 10)) == "RiskChecked"
    assert desk.refused(SELL, 5, 10, marking=2)[0] == "ORDER_NOT_REDUCING_POSITION"
    assert name_of(desk.order(SELL, 4, 10)) == "RiskChecked"


def test_a_symbols_switch_leaves_other_symbols_alone() -> None:
    desk = desk_with()
    desk.switch(KILL_SWITCH_SCOPE_SYMBOL, HALTED, "B")
    assert name_of(desk.order(BUY, 1, 1)) == "RiskChecked"


def test_one_symbol_switch_too_many_switches_the_account() -> None:
    desk = RiskDesk(symbol_switches_max=1)
    desk.account(100_000)
    desk.switch(KILL_SWITCH_SCOPE_SYMBOL, HALTED, "B")
    desk.switch(KILL_SWITCH_SCOPE_SYMBOL, HALTED, "C")
    assert desk.refused(BUY, 1, 1)[0] == "ACCOUNT_KILL_SWITCH_ACTIVE"


def test_a_new_account_learns_of_the_global_switch_and_a_known_one_does_not_unlearn_it() -> None:
    desk = desk_with(global_switch=HALTED)
    assert desk.refused(BUY, 1, 1)[0] == "GLOBAL_KILL_SWITCH_ACTIVE"
    desk.account(100_000, global_switch=ACTIVE)
    assert desk.refused(BUY, 1, 1)[0] == "GLOBAL_KILL_SWITCH_ACTIVE"
    desk.switch(KILL_SWITCH_SCOPE_GLOBAL, ACTIVE)
    assert name_of(desk.order(BUY, 1, 1)) == "RiskChecked"


def test_a_switch_is_told_to_every_account_it_covers() -> None:
    accounts = ["a", "b"]
    whole = KillSwitchChanged(7, KILL_SWITCH_SCOPE_GLOBAL, "", "", HALTED, "me", "fire")
    one = KillSwitchChanged(7, KILL_SWITCH_SCOPE_ACCOUNT, "b", "", HALTED)
    symbol = KillSwitchChanged(7, KILL_SWITCH_SCOPE_SYMBOL, "", "X", REDUCING)
    assert [change.account for change in addressed(whole, accounts)] == ["a", "b"]
    assert [(change.actor, change.comment) for change in addressed(whole, accounts)] == [("me", "fire")] * 2
    assert [change.account for change in addressed(one, accounts)] == ["b"]
    assert [(change.account, change.symbol) for change in addressed(symbol, accounts)] == [("a", "X"), ("b", "X")]


# Limits


def test_orders_per_second_are_counted_by_event_time_and_cancels_are_not() -> None:
    desk = desk_with(orders_per_second_max=2)
    desk.order(BUY, 1, 1)
    desk.cancel("1")
    desk.replace("1", BUY, 2, 1)
    assert desk.refused(BUY, 1, 1) == ("ORDER_RATE_ABOVE_LIMIT", 3, 2)
    desk.at += SECOND
    assert name_of(desk.order(BUY, 1, 1)) == "RiskChecked"


def test_the_position_limit_counts_open_orders_of_the_side() -> None:
    desk = desk_with(position_max=100)
    desk.bought(50, 1)
    desk.order(BUY, 30, 1)
    assert desk.refused(BUY, 21, 1) == ("POSITION_ABOVE_LIMIT", 101, 100)
    assert name_of(desk.order(BUY, 20, 1)) == "RiskChecked"


def test_the_position_limit_holds_for_shorts() -> None:
    desk = desk_with(position_max=100)
    assert told(desk.short(101, 10)) == ("POSITION_ABOVE_LIMIT", 101, 100)
    assert name_of(desk.short(100, 10)) == "RiskChecked"


def test_no_position_may_pass_what_can_be_counted() -> None:
    desk = desk_with()
    desk.moved(POSITION_CHANGE_KIND_TRANSFER, 10**15)
    assert desk.refused(BUY, 1, 0.01)[0] == "POSITION_ABOVE_LIMIT"


def test_concentration_is_held_against_equity() -> None:
    desk = desk_with(concentration_bps_max=2_500)
    assert desk.refused(BUY, 251, 100) == ("CONCENTRATION_ABOVE_LIMIT", 25_100, 25_000)
    assert name_of(desk.order(BUY, 250, 100)) == "RiskChecked"
    assert name_of(desk.order(BUY, 250, 100, symbol="B")) == "RiskChecked"


def test_gross_exposure_counts_both_sides_of_the_market() -> None:
    desk = desk_with(gross_exposure_max=20_000)
    desk.bought(100, 100)
    assert told(desk.short(101, 100, symbol="B")) == ("GROSS_EXPOSURE_ABOVE_LIMIT", 20_100, 20_000)
    assert name_of(desk.short(100, 100, symbol="B")) == "RiskChecked"


def test_net_exposure_is_limited_either_way() -> None:
    desk = desk_with(net_exposure_max=10_000)
    assert desk.refused(BUY, 101, 100) == ("NET_EXPOSURE_ABOVE_LIMIT", 10_100, 10_000)
    assert told(desk.short(101, 100)) == ("NET_EXPOSURE_ABOVE_LIMIT", -10_100, 10_000)
    desk.bought(100, 100)
    assert name_of(desk.short(200, 100, symbol="B")) == "RiskChecked"


def test_an_order_above_the_accounts_largest_is_refused() -> None:
    assert desk_with(order_notional_max=1_000).refused(BUY, 11, 100) == ("NOTIONAL_ABOVE_LIMIT", 1_100, 1_000)


def test_open_orders_are_limited_by_account_and_operator() -> None:
    desk = desk_with(open_orders_max=1)
    desk.order(BUY, 1, 1)
    assert desk.refused(BUY, 1, 1) == ("OPEN_ORDERS_ABOVE_LIMIT", 2, 1)
    small = RiskDesk(open_orders_max=1)
    small.account(100, account_kind=ACCOUNT_KIND_CASH)
    small.order(BUY, 1, 1)
    assert small.refused(BUY, 1, 1) == ("OPEN_ORDERS_ABOVE_LIMIT", 2, 1)


def test_symbols_held_are_limited() -> None:
    desk = RiskDesk(holdings_max=1)
    desk.account(100_000)
    desk.order(BUY, 1, 1)
    assert desk.refused(BUY, 1, 1, symbol="B") == ("HOLDINGS_ABOVE_LIMIT", 2, 1)
    assert name_of(desk.order(BUY, 1, 1)) == "RiskChecked"


def test_a_loss_of_the_day_above_the_limit_leaves_only_reducing() -> None:
    desk = desk_with(daily_loss_max=1_000, equity=100_000)
    desk.bought(100, 100)
    desk.mark(90)
    assert name_of(desk.order(BUY, 1, 90)) == "RiskChecked"
    desk.mark(89.99)
    assert desk.refused(BUY, 1, 89.99) == ("DAILY_LOSS_ABOVE_LIMIT", 1_001, 1_000)
    assert name_of(desk.order(SELL, 100, 89.99)) == "RiskChecked"


def test_the_loss_is_counted_from_the_begin_of_each_day() -> None:
    desk = desk_with(daily_loss_max=1_000)
    desk.bought(100, 100)
    desk.mark(80)
    desk.at += DAY
    assert name_of(desk.order(BUY, 1, 80)) == "RiskChecked"


def test_a_deposit_and_a_transfer_are_no_profit_of_the_day() -> None:
    desk = desk_with(daily_loss_max=1_000)
    desk.account(150_000, daily_loss_max=1_000)
    desk.moved(POSITION_CHANGE_KIND_TRANSFER, 100, 100)
    assert (desk.equity, desk.state.day_equity_e8) == (160_000, 160_000 * DOLLAR)
    desk.mark(89)
    assert desk.refused(BUY, 1, 89)[0] == "DAILY_LOSS_ABOVE_LIMIT"


# Form


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"side": 0}, "SIDE_MISSING"),
        ({"quantity": 0}, "QUANTITY_NOT_POSITIVE"),
        ({"quantity": -(1 << 63)}, "QUANTITY_NOT_POSITIVE"),
        ({"quantity": (1 << 63) - 1}, "QUANTITY_ABOVE_LIMIT"),
        ({"limit_price": 0, "reference_price": 0}, "REFERENCE_PRICE_MISSING"),
        ({"limit_price": 1e9}, "PRICE_ABOVE_LIMIT"),
        ({"limit_price": -1}, "PRICE_ABOVE_LIMIT"),
        ({"multiplier": 0}, "INSTRUMENT_DATA_INVALID"),
        ({"multiplier": (1 << 63) - 1}, "INSTRUMENT_DATA_INVALID"),
        ({"instrument_type": INSTRUMENT_TYPE_NONE}, "INSTRUMENT_DATA_INVALID"),
        ({"instrument_type": OPTION, "strike_price": 0, "option_right": 1}, "INSTRUMENT_DATA_INVALID"),
        ({"instrument_type": OPTION, "strike_price": 1}, "INSTRUMENT_DATA_INVALID"),
        ({"instrument_type": FUTURE, "contract_margin": 0}, "INSTRUMENT_DATA_INVALID"),
        ({"quantity": 10**12, "limit_price": 9e8, "multiplier": 10**6}, "NOTIONAL_ABOVE_LIMIT"),
        ({"event_time_ns": -1}, "EVENT_TIME_OUT_OF_RANGE"),
        ({"event_time_ns": (1 << 63) - 1}, "EVENT_TIME_OUT_OF_RANGE"),
    ],
)
def test_an_order_that_cannot_be_counted_is_refused(fields: dict[str, float], reason: str) -> None:
    assert desk_with().refused(BUY, 1, 1, **fields)[0] == reason


def test_an_instrument_cannot_become_another_while_it_is_held() -> None:
    desk = desk_with()
    desk.bought(1, 1)
    assert desk.refused(BUY, 1, 1, instrument_type=INSTRUMENT_TYPE_FUND)[0] == "INSTRUMENT_DATA_INVALID"
    assert desk.refused(BUY, 1, 1, multiplier=100)[0] == "INSTRUMENT_DATA_INVALID"


def test_an_order_id_that_is_open_is_refused() -> None:
    desk = desk_with()
    desk.order(BUY, 1, 1)
    assert desk.refused(BUY, 1, 1, order_id="1", symbol="B")[0] == "ORDER_ID_DUPLICATE"


# The days of an account


def test_terms_of_a_new_day_begin_cash_anew_with_what_that_day_has_moved_already() -> None:
    desk = desk_with(10_000)
    desk.bought(10, 100)
    desk.at += DAY
    desk.bought(10, 100)
    desk.account(9_500)
    assert desk.state.cash_e8 == 8_500 * DOLLAR


def test_without_terms_for_a_new_day_cash_goes_on() -> None:
    desk = desk_with(10_000)
    desk.bought(10, 100)
    desk.at += DAY
    desk.bought(10, 100)
    assert desk.state.cash_e8 == 8_000 * DOLLAR


def test_terms_told_again_change_cash_by_the_difference() -> None:
    desk = desk_with(10_000)
    desk.bought(10, 100)
    desk.account(12_000)
    assert desk.state.cash_e8 == 11_000 * DOLLAR


def test_terms_of_a_day_before_change_cash_by_the_difference() -> None:
    desk = desk_with(10_000)
    desk.bought(10, 100)
    desk.at += DAY
    desk.mark(100)
    desk.at -= DAY
    desk.account(10_500)
    assert desk.state.cash_e8 == 9_500 * DOLLAR


def test_the_day_changes_at_midnight_in_new_york() -> None:
    desk = desk_with()
    day = desk.state.day
    desk.at = MONDAY + 14 * 3_600 * SECOND - 1
    desk.mark(1)
    assert desk.state.day == day
    desk.at += 1
    desk.mark(1)
    assert desk.state.day == day + 1


def test_every_reason_of_the_table_stands_in_a_test() -> None:
    reasons = {ORDER_REJECT_REASON_SYMBOLS[reason] for _, rules in CHAPTERS for reason, _, _ in rules}
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_risk*.py"))
    switches = {f"{scope}_KILL_SWITCH_ACTIVE" for scope in ("GLOBAL", "ACCOUNT", "SYMBOL")}
    assert {reason for reason in reasons - switches if f'"{reason}"' not in tests} == set()
