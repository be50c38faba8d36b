"""Margin: the worked examples of the rules, options and futures, the day rules before and after 2026-06-04."""

from __future__ import annotations

from pathlib import Path

import pytest

from operators.margin_rules import MarginRules
from operators.risk_rules import risk_checks_page
from schemas.generated.events import (
    ACCOUNT_KIND_CASH,
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_OPTION,
    INSTRUMENT_TYPE_STOCK,
    OPTION_RIGHT_CALL,
    OPTION_RIGHT_PUT,
)
from schemas.generated.states import RiskHolding
from tests.operators.risk_desk import BUY, DAY, DOLLAR, MONDAY, SELL, RiskDesk, name_of

NOW = MarginRules(20260604).at(MONDAY)
STOCK = RiskHolding(0, INSTRUMENT_TYPE_STOCK, 1)
MAY_2026 = 1_779_721_200_000_000_000
"""2026-05-25 11:00 in New York."""
FUTURE = {"symbol": "ES", "instrument_type": INSTRUMENT_TYPE_FUTURE, "multiplier": 50}
CALL = {"instrument_type": INSTRUMENT_TYPE_OPTION, "multiplier": 100, "option_right": OPTION_RIGHT_CALL}


@pytest.mark.parametrize(("price", "margin"), [(3, 300), (8, 500), (20, 600), (0.34, 250)])
def test_a_hundred_shares_short_need_this_maintenance_margin(price: float, margin: int) -> None:
    assert NOW.maintenance_e8(STOCK, 100, round(100 * price * DOLLAR), True) == margin * DOLLAR


@pytest.mark.parametrize(("price", "margin"), [(4.99, 499), (5.00, 500), (16.66, 500), (16.67, 500.10), (0.01, 250)])
def test_the_least_margin_a_share_changes_at_five_dollars(price: float, margin: float) -> None:
    assert NOW.maintenance_e8(STOCK, 100, round(100 * price * DOLLAR), True) == round(margin * DOLLAR)


def test_shares_long_need_half_at_first_and_a_quarter_to_stay() -> None:
    assert NOW.initial_e8(STOCK, 100, 10_000 * DOLLAR, False) == 5_000 * DOLLAR
    assert NOW.maintenance_e8(STOCK, 100, 10_000 * DOLLAR, False) == 2_500 * DOLLAR


def test_a_short_sale_below_five_dollars_needs_more_than_regulation_t_from_the_start() -> None:
    assert NOW.initial_e8(STOCK, 100, 300 * DOLLAR, True) == 300 * DOLLAR


def test_a_short_sale_at_twenty_dollars_needs_half_its_value_beside_the_proceeds() -> None:
    assert NOW.initial_e8(STOCK, 100, 2_000 * DOLLAR, True) == 1_000 * DOLLAR


def test_margin_is_rounded_up() -> None:
    assert NOW.maintenance_e8(STOCK, 1, 5, False) == 2


@pytest.mark.parametrize(
    ("right", "underlying", "margin"),
    [
        (OPTION_RIGHT_CALL, 100, 300 + 2_000),
        (OPTION_RIGHT_CALL, 95, 300 + 1_900 - 500),
        (OPTION_RIGHT_CALL, 80, 300 + 800),
        (OPTION_RIGHT_PUT, 105, 300 + 2_100 - 500),
        (OPTION_RIGHT_PUT, 150, 300 + 1_000),
        (OPTION_RIGHT_CALL, 0, 300 + 2_000),
    ],
)
def test_an_uncovered_option_needs_its_premium_and_a_part_of_the_underlying(
    right: int, underlying: int, margin: int
) -> None:
    option = RiskHolding(0, INSTRUMENT_TYPE_OPTION, 100, 3 * DOLLAR, 0, 100 * DOLLAR, underlying * DOLLAR, right)
    assert NOW.initial_e8(option, 1, 300 * DOLLAR, True) == margin * DOLLAR


def test_an_option_bought_is_paid_in_full() -> None:
    desk = RiskDesk()
    desk.account(10_000)
    answer = desk.order(BUY, 10, 3, strike_price=100, underlying_price=100, **CALL)
    assert (answer.reservation_e8, answer.margin_requirement_e8) == (3_000 * DOLLAR, 3_000 * DOLLAR)


def test_an_option_written_reserves_its_uncovered_margin() -> None:
    desk = RiskDesk()
    desk.account(10_000)
    answer = desk.order(SELL, 1, 3, strike_price=100, underlying_price=95, **CALL)
    assert answer.reservation_e8 == 1_700 * DOLLAR


def test_futures_margin_is_four_fifths_in_2012_and_ten_elevenths_in_2026() -> None:
    future = RiskHolding(0, INSTRUMENT_TYPE_FUTURE, 50)
    future.contract_margin_e8 = 4_375 * DOLLAR
    in_2012 = MarginRules(20260604).at(1_332_770_400_000_000_000)
    assert in_2012.maintenance_e8(future, 1, 0, False) == 3_500 * DOLLAR
    future.contract_margin_e8 = 4_510 * DOLLAR
    assert NOW.maintenance_e8(future, 1, 0, True) == 4_100 * DOLLAR
    assert NOW.initial_e8(future, 2, 0, True) == 9_020 * DOLLAR


def test_a_future_reserves_its_contract_margin_and_moves_cash_by_variation_only() -> None:
    desk = RiskDesk()
    desk.account(100_000)
    answer = desk.order(BUY, 2, 5_000, contract_margin=10_000, **FUTURE)
    assert answer.reservation_e8 == 20_000 * DOLLAR
    desk.fill(BUY, 2, 5_000, **FUTURE)
    assert (desk.state.cash_e8, desk.power) == (100_000 * DOLLAR, 80_000)
    desk.mark(4_990, "ES")
    assert (desk.state.cash_e8, desk.equity) == (100_000 * DOLLAR, 99_000)
    desk.order(SELL, 2, 5_010, contract_margin=10_000, **FUTURE)
    desk.fill(SELL, 2, 5_010, **FUTURE)
    assert (desk.state.cash_e8, desk.power, desk.state.holdings) == (101_000 * DOLLAR, 101_000, {})


def test_variation_counts_anew_from_the_mark_when_cash_is_told_for_a_new_day() -> None:
    desk = RiskDesk()
    desk.account(100_000)
    desk.bought(1, 5_000, contract_margin=10_000, **FUTURE)
    desk.mark(5_010, "ES")
    desk.at += DAY
    desk.account(100_500)
    assert desk.equity == 100_500
    desk.mark(5_020, "ES")
    assert desk.equity == 101_000


def test_a_margin_account_buys_twice_its_equity_and_no_more() -> None:
    desk = RiskDesk()
    desk.account(10_000)
    assert desk.refused(BUY, 201, 100) == ("INITIAL_MARGIN_EXCEEDED", 10_050, 10_000)
    assert name_of(desk.order(BUY, 200, 100)) == "RiskChecked"
    assert desk.power == 0


def test_a_cash_account_buys_what_it_can_pay_and_no_more() -> None:
    desk = RiskDesk()
    desk.account(10_000, account_kind=ACCOUNT_KIND_CASH)
    assert desk.refused(BUY, 101, 100) == ("BUYING_POWER_EXCEEDED", 10_100, 10_000)
    desk.bought(100, 100)
    assert (desk.power, desk.state.cash_e8, desk.equity) == (0, 0, 10_000)


def test_a_small_margin_account_may_buy_what_its_cash_pays_but_not_sell_short() -> None:
    desk = RiskDesk()
    desk.account(1_999)
    assert desk.refused(BUY, 100, 20) == ("EQUITY_BELOW_MINIMUM", 1_999, 2_000)
    assert name_of(desk.order(BUY, 99, 20)) == "RiskChecked"
    assert desk.refused(SELL, 1, 20, marking=2)[0] == "EQUITY_BELOW_MINIMUM"


def test_an_account_below_its_maintenance_margin_may_only_close() -> None:
    desk = RiskDesk()
    desk.account(10_000)
    desk.bought(200, 100)
    desk.mark(60)
    assert desk.refused(BUY, 1, 60) == ("MAINTENANCE_MARGIN_DEFICIT", 3_000, 2_000)
    assert name_of(desk.order(SELL, 200, 60)) == "RiskChecked"


def test_a_deficit_not_met_in_five_business_days_freezes_the_account_for_ninety_days() -> None:
    desk = RiskDesk()
    desk.account(10_000)
    desk.bought(200, 100)
    desk.mark(60)
    desk.at += 7 * DAY  # the fifth business day is the next Tuesday: Thanksgiving is a holiday
    desk.mark(60)
    assert desk.state.frozen_to_day == 0
    desk.at += 2 * DAY
    desk.mark(120)
    assert desk.state.frozen_to_day - desk.state.day == 90
    assert desk.refused(BUY, 1, 120)[0] == "INTRADAY_MARGIN_FREEZE"
    assert name_of(desk.order(SELL, 100, 120)) == "RiskChecked"
    desk.at += 90 * DAY
    assert name_of(desk.order(BUY, 1, 120)) == "RiskChecked"


def test_a_deficit_that_is_met_in_time_freezes_nothing() -> None:
    desk = RiskDesk()
    desk.account(10_000)
    desk.bought(200, 100)
    desk.mark(60)
    assert (desk.state.deficit_e8, desk.state.deficit_day) == (1_000 * DOLLAR, desk.state.day)
    desk.mark(110)
    desk.at += 20 * DAY
    assert name_of(desk.order(BUY, 1, 110)) == "RiskChecked"
    assert (desk.state.deficit_e8, desk.state.deficit_day, desk.state.frozen_to_day) == (0, 0, 0)


def test_a_deficit_below_five_percent_of_equity_is_not_acted_on() -> None:
    desk = RiskDesk()
    desk.account(10_000)
    desk.bought(200, 100)
    desk.mark(66)
    assert (desk.equity, desk.state.deficit_day) == (3_200, 0)
    desk.mark(65)
    assert (desk.equity, desk.state.deficit_e8) == (3_000, 250 * DOLLAR)


def trade_for_a_day(desk: RiskDesk, times: int) -> None:
    for _ in range(times):
        desk.bought(10, 100)
        desk.sold(10, 100)


def test_until_2026_06_04_four_day_trades_made_a_pattern_day_trader_who_needs_25_000_dollars() -> None:
    desk = RiskDesk()
    desk.at = MAY_2026
    desk.account(24_999, equity=24_999)
    trade_for_a_day(desk, 4)
    assert desk.refused(BUY, 1, 100) == ("PATTERN_DAY_TRADER_BELOW_MINIMUM", 24_999, 25_000)


def test_the_day_trades_of_a_pattern_lie_within_five_business_days() -> None:
    desk = RiskDesk()
    desk.at = MAY_2026
    desk.account(24_999, equity=24_999)
    trade_for_a_day(desk, 1)
    desk.at += 4 * DAY
    trade_for_a_day(desk, 3)
    assert desk.refused(BUY, 1, 100)[0] == "PATTERN_DAY_TRADER_BELOW_MINIMUM"
    desk.at += 7 * DAY - 4 * DAY
    assert desk.state.day_trades[0] + 7 == desk.at // DAY
    assert name_of(desk.order(BUY, 1, 100)) == "RiskChecked"


def test_positions_held_overnight_make_no_day_trader() -> None:
    desk = RiskDesk()
    desk.at = MAY_2026
    desk.account(24_999, equity=24_999)
    desk.bought(40, 100)
    desk.at += DAY
    for _ in range(4):
        desk.sold(10, 100)
    assert desk.state.day_trades == []


def test_since_2026_06_04_day_trades_are_not_counted() -> None:
    desk = RiskDesk()
    desk.account(24_999, equity=24_999)
    trade_for_a_day(desk, 6)
    assert desk.state.day_trades == []
    assert name_of(desk.order(BUY, 1, 100)) == "RiskChecked"


def test_a_firm_that_phases_in_late_counts_day_trades_until_then() -> None:
    desk = RiskDesk(intraday_margin_from=20271020)
    desk.account(24_999, equity=24_999)
    trade_for_a_day(desk, 4)
    assert desk.refused(BUY, 1, 100)[0] == "PATTERN_DAY_TRADER_BELOW_MINIMUM"


def test_the_page_of_risk_checks_is_fresh() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "risk-checks.md"
    assert page.read_text() == risk_checks_page()
