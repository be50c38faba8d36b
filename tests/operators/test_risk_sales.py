"""Sales by hand: what is held, locates, Rule 201."""

from __future__ import annotations

import pytest

from schemas.generated.events import (
    ACCOUNT_KIND_CASH,
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_OPTION,
    KILL_SWITCH_SCOPE_ACCOUNT,
    KILL_SWITCH_SCOPE_GLOBAL,
    KILL_SWITCH_SCOPE_SYMBOL,
    KILL_SWITCH_STATE_ACTIVE,
    KILL_SWITCH_STATE_HALTED,
    KILL_SWITCH_STATE_REDUCING,
    SALE_MARKING_SHORT_EXEMPT,
)
from tests.operators.risk_desk import SECOND, SELL, RiskDesk, name_of, told

SCOPES = (KILL_SWITCH_SCOPE_GLOBAL, KILL_SWITCH_SCOPE_ACCOUNT, KILL_SWITCH_SCOPE_SYMBOL)
HALTED, REDUCING, ACTIVE = KILL_SWITCH_STATE_HALTED, KILL_SWITCH_STATE_REDUCING, KILL_SWITCH_STATE_ACTIVE
OPTION, FUTURE = INSTRUMENT_TYPE_OPTION, INSTRUMENT_TYPE_FUTURE
SHORT_EXEMPT = SALE_MARKING_SHORT_EXEMPT


def desk_with(cash: float = 100_000, **terms: object) -> RiskDesk:
    desk = RiskDesk()
    desk.account(cash, **terms)
    return desk


def test_a_long_sale_is_of_what_is_held_and_not_already_offered() -> None:
    desk = desk_with()
    assert desk.refused(SELL, 1, 10) == ("SALE_ABOVE_POSITION", 1, 0)
    desk.bought(100, 10)
    desk.order(SELL, 60, 10)
    assert desk.refused(SELL, 41, 10) == ("SALE_ABOVE_POSITION", 101, 100)
    assert name_of(desk.order(SELL, 40, 10)) == "RiskChecked"


@pytest.mark.parametrize("terms", [{"short_permitted": False}, {"account_kind": ACCOUNT_KIND_CASH}])
def test_a_short_sale_needs_a_margin_account_with_permission(terms: dict[str, int]) -> None:
    assert told(desk_with(**terms).short(1, 10))[0] == "SHORT_SALE_NOT_PERMITTED"


def test_a_cash_account_writes_no_options() -> None:
    desk = desk_with(account_kind=ACCOUNT_KIND_CASH)
    terms = {"instrument_type": OPTION, "option_right": 1, "strike_price": 10, "multiplier": 100}
    assert desk.refused(SELL, 1, 1, **terms)[0] == "SHORT_SALE_NOT_PERMITTED"


def test_a_short_sale_needs_a_locate_where_the_stock_is_not_easy_to_borrow() -> None:
    desk = desk_with()
    assert told(desk.short(100, 10, shortable=False))[0] == "SHORT_SALE_NOT_SHORTABLE"
    desk.locate(150)
    assert name_of(desk.short(100, 10, shortable=False)) == "RiskChecked"
    assert told(desk.short(51, 10, shortable=False)) == ("SHORT_SALE_WITHOUT_LOCATE", 151, 150)
    assert name_of(desk.short(50, 10, shortable=False)) == "RiskChecked"


def test_fills_use_a_locate_up_and_cancels_free_it() -> None:
    desk = desk_with()
    desk.locate(100)
    desk.short(100, 10, shortable=False)
    desk.fill(SELL, 30, 10, leaves=70)
    desk.cancelled("1")
    assert told(desk.short(71, 10, shortable=False)) == ("SHORT_SALE_WITHOUT_LOCATE", 71, 70)
    assert name_of(desk.short(70, 10, shortable=False)) == "RiskChecked"


def test_a_locate_lapses() -> None:
    desk = desk_with()
    desk.locate(100, lasts=SECOND)
    desk.at += SECOND
    assert told(desk.short(1, 10, shortable=False))[0] == "SHORT_SALE_NOT_SHORTABLE"


def test_a_locate_told_twice_counts_once_and_is_counted_as_refused() -> None:
    desk = desk_with()
    desk.locate(100)
    desk.locate(100)
    assert told(desk.short(101, 10, shortable=False)) == ("SHORT_SALE_WITHOUT_LOCATE", 101, 100)
    assert desk.state.refused_inputs == 1


def test_one_locate_too_many_takes_the_place_of_the_first_to_lapse() -> None:
    desk = RiskDesk(locates_max=2)
    desk.account(100_000)
    desk.locate(10, "a", lasts=2 * SECOND)
    desk.locate(20, "b", lasts=SECOND)
    desk.locate(40, "c", lasts=3 * SECOND)
    assert [locate.locate_id for locate in desk.state.locates] == ["a", "c"]


def test_under_rule_201_a_short_sale_must_be_above_the_bid() -> None:
    desk = desk_with()
    quoted = {"short_restricted": True, "bid_price": 10}
    assert told(desk.short(1, 10, **quoted)) == ("SHORT_SALE_AT_OR_BELOW_BID", 10, 10)
    assert told(desk.short(1, 0, reference_price=10, **quoted))[0] == "SHORT_SALE_AT_OR_BELOW_BID"
    assert name_of(desk.short(1, 10.01, **quoted)) == "RiskChecked"
    assert name_of(desk.order(SELL, 1, 10, marking=SHORT_EXEMPT, **quoted)) == "RiskChecked"


def test_without_rule_201_a_short_sale_may_hit_the_bid() -> None:
    assert name_of(desk_with().short(1, 10, bid_price=10)) == "RiskChecked"
