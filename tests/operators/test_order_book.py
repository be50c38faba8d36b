"""The order book by hand: each test runs on the naive book and on the operator's."""

from __future__ import annotations

import pytest

from tests.reference.desk import Desk


@pytest.fixture(params=["naive", "real"])
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


@pytest.fixture(params=["naive", "real"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_limit_order_rests_until_the_other_side_comes(desk: Desk) -> None:
    assert desk.buy("1", 100, 1000) == ["accepted x/1 #1"]
    assert desk.sell("2", 100, 1000) == [
        "accepted y/2 #2",
        "trade 1 x/1 buys from y/2 100@1000 NONE",
        "filled x/1 100@1000 left 0 ADDED",
        "filled y/2 100@1000 left 0 REMOVED",
    ]
    assert desk.holds() == []


def test_the_better_price_trades_first_and_at_its_own_price(desk: Desk) -> None:
    desk.buy("low", 100, 1000)
    desk.buy("high", 100, 1001)
    assert "trade 1 x/high buys from y/s 100@1001 NONE" in desk.sell("s", 100, 990)
    assert desk.holds() == ["x/low"]


def test_at_one_price_the_earlier_order_trades_first(desk: Desk) -> None:
    desk.buy("first", 100, 1000)
    desk.buy("second", 100, 1000)
    assert "trade 1 x/first buys from y/s 60@1000 NONE" in desk.sell("s", 60, 1000)
    assert desk.holds() == ["x/first", "x/second"]


def test_a_market_order_takes_what_there_is_and_never_rests(desk: Desk) -> None:
    desk.sell("s", 60, 1000)
    assert desk.buy("m", 100)[-1] == "cancelled x/m 40 MARKET_ORDER_UNFILLABLE"


def test_an_immediate_order_cancels_what_it_cannot_have(desk: Desk) -> None:
    desk.sell("s", 60, 1000)
    assert desk.buy("i", 100, 1000, time_in_force="IMMEDIATE_OR_CANCEL")[-1] == "cancelled x/i 40 IMMEDIATE_REMAINDER"


def test_fill_or_kill_trades_nothing_if_it_cannot_trade_all(desk: Desk) -> None:
    desk.sell("s", 60, 1000)
    said = desk.buy("f", 100, 1000, time_in_force="FILL_OR_KILL")
    assert said == ["accepted x/f #2", "cancelled x/f 100 FILL_OR_KILL_UNFILLABLE"]


def test_fill_or_kill_trades_all_over_several_prices(desk: Desk) -> None:
    desk.sell("1", 60, 1000)
    desk.sell("2", 60, 1001)
    assert desk.buy("f", 100, 1001, time_in_force="FILL_OR_KILL")[-1] == "filled x/f 40@1001 left 0 REMOVED"


def test_an_order_is_good_until_its_date(desk: Desk) -> None:
    desk.buy("g", 100, 1000, time_in_force="GOOD_TILL_DATE", expire_ns=desk.now_ns + 500)
    assert desk.wait(499) == ["expired x/g 100 DATE_REACHED"]


def test_a_day_order_expires_at_the_close_and_one_till_cancelled_stays(desk: Desk) -> None:
    desk.buy("day", 100, 1000)
    desk.buy("gtc", 100, 1000, time_in_force="GOOD_TILL_CANCELLED")
    assert desk.status("CLOSED") == ["auction CLOSING 0@0 imbalance NONE 0", "expired x/day 100 DAY_ENDED"]
    assert desk.holds() == ["x/gtc"]


def test_post_only_is_rejected_where_it_would_take(desk: Desk) -> None:
    desk.sell("s", 100, 1000)
    assert desk.buy("p", 100, 1000, post_only=True) == ["rejected x/p POST_ONLY_WOULD_TRADE"]
    assert desk.buy("q", 100, 999, post_only=True) == ["accepted x/q #2"]


def test_a_replace_may_not_make_a_post_only_order_take(desk: Desk) -> None:
    desk.sell("s", 100, 1000)
    desk.buy("p", 100, 999, post_only=True)
    assert desk.replace("x/p", "BUY", 100, 1000) == ["replace rejected x/p POST_ONLY_WOULD_TRADE"]
    assert desk.holds() == ["x/p", "y/s"]


def test_an_iceberg_queues_again_after_each_part_it_shows(desk: Desk) -> None:
    desk.sell("ice", 100, 1000, display=30)
    desk.sell("plain", 50, 1000)
    assert [line for line in desk.buy("b", 100, 1000) if line.startswith("trade")] == [
        "trade 1 x/b buys from y/ice 30@1000 NONE",
        "trade 2 x/b buys from y/plain 50@1000 NONE",
        "trade 3 x/b buys from y/ice 20@1000 NONE",
    ]
    assert "y/ice #1 SELL 50/100@1000 stop 0 shows 10" in desk.book.holdings()[0]


def test_all_or_none_waits_until_its_whole_size_is_there(desk: Desk) -> None:
    desk.buy("all", 100, 1000, all_or_none=True)
    assert desk.sell("1", 60, 1000) == ["accepted y/1 #2"]
    assert [line for line in desk.sell("2", 60, 1000) if line.startswith("trade")] == [
        "trade 1 x/all buys from y/1 60@1000 NONE",
        "trade 2 x/all buys from y/2 40@1000 NONE",
    ]


def test_all_or_none_yields_to_others_at_its_price(desk: Desk) -> None:
    desk.buy("all", 50, 1000, all_or_none=True)
    desk.buy("plain", 50, 1000)
    assert "trade 1 x/plain buys from y/s 50@1000 NONE" in desk.sell("s", 50, 1000)


@pytest.mark.parametrize(
    ("way", "outcome"),
    [
        ("NONE", "trade 1 x/old buys from x/new 60@1000 NONE"),
        ("CANCEL_NEWEST", "cancelled x/new 60 SELF_TRADE_PREVENTED"),
        ("CANCEL_OLDEST", "cancelled x/old 100 SELF_TRADE_PREVENTED"),
        ("DECREMENT", "replaced x/old 40@1000 left 40 kept"),
    ],
)
def test_orders_of_one_account_meet_as_the_newer_one_asks(desk: Desk, way: str, outcome: str) -> None:
    desk.buy("old", 100, 1000)
    assert desk.sell("new", 60, 1000, account="x", self_trade=way)[1] == outcome


def test_cancel_both_ends_both_orders_of_the_account(desk: Desk) -> None:
    desk.buy("old", 100, 1000)
    said = desk.sell("new", 60, 1000, account="x", self_trade="CANCEL_BOTH")
    assert said[1:] == ["cancelled x/old 100 SELF_TRADE_PREVENTED", "cancelled x/new 60 SELF_TRADE_PREVENTED"]


def test_a_smaller_size_keeps_priority(desk: Desk) -> None:
    desk.buy("1", 100, 1000)
    desk.buy("2", 100, 1000)
    assert desk.replace("x/1", "BUY", 50, 1000) == ["replaced x/1 50@1000 left 50 kept"]
    assert desk.holds() == ["x/1", "x/2"]


@pytest.mark.parametrize(("quantity", "limit"), [(150, 1000), (100, 1001)])
def test_a_larger_size_or_another_price_loses_priority(desk: Desk, quantity: int, limit: int) -> None:
    desk.buy("1", 100, 1000)
    desk.buy("2", 100, limit)
    assert desk.replace("x/1", "BUY", quantity, limit)[0].endswith("lost")
    assert desk.holds() == ["x/2", "x/1"]


def test_a_replaced_order_trades_at_once_where_its_new_price_crosses(desk: Desk) -> None:
    desk.sell("s", 100, 1001)
    desk.buy("b", 100, 1000)
    assert "trade 1 x/b buys from y/s 100@1001 NONE" in desk.replace("x/b", "BUY", 100, 1001)


@pytest.mark.parametrize(
    ("side", "quantity", "limit", "reason"),
    [
        ("SELL", 100, 1001, "REPLACE_CHANGES_SIDE"),
        ("BUY", 100, 0, "REPLACE_CHANGES_TYPE"),
        ("BUY", 100, 1000, "REPLACE_CHANGES_NOTHING"),
        ("BUY", 40, 1000, "REPLACE_QUANTITY_BELOW_FILLED"),
        ("BUY", 0, 1000, "QUANTITY_NOT_POSITIVE"),
    ],
)
def test_a_replace_that_cannot_be_is_rejected_with_its_reason(
    desk: Desk, side: str, quantity: int, limit: int, reason: str
) -> None:
    desk.buy("b", 100, 1000)
    desk.sell("s", 40, 1000)
    assert desk.replace("x/b", side, quantity, limit) == [f"replace rejected x/b {reason}"]
    assert desk.holds() == ["x/b"]


def test_a_cancel_or_replace_says_how_the_order_has_ended(desk: Desk) -> None:
    desk.buy("b", 100, 1000)
    desk.sell("s", 100, 1000)
    assert desk.cancel("x/b") == ["cancel rejected x/b ORDER_ALREADY_FILLED"]
    assert desk.replace("x/b", "BUY", 1, 1) == ["replace rejected x/b ORDER_ALREADY_FILLED"]
    assert desk.cancel("x/never") == ["cancel rejected x/never ORDER_UNKNOWN"]


def test_an_order_that_is_there_or_was_is_refused(desk: Desk) -> None:
    desk.buy("b", 100, 1000)
    assert desk.buy("b", 100, 1000) == ["refused x/b WORKING"]
    desk.cancel("x/b")
    assert desk.buy("b", 100, 1000) == ["refused x/b CANCELLED"]


def test_the_same_id_of_two_accounts_is_two_orders(desk: Desk) -> None:
    desk.buy("1", 100, 1000, account="x")
    desk.buy("1", 100, 1000, account="z")
    assert desk.cancel("z/1") == ["cancelled z/1 100 BY_CLIENT"]
    assert desk.holds() == ["x/1"]


def test_a_full_book_takes_no_more_orders(kind: str) -> None:
    desk = Desk(kind, open_orders_max=1)
    desk.buy("1", 100, 1000)
    assert desk.buy("2", 100, 1000) == ["rejected x/2 BOOK_FULL"]
    desk.cancel("x/1")
    assert desk.buy("3", 100, 1000) == ["accepted x/3 #2"]


def test_a_stop_is_set_off_by_a_sale_and_trades_at_the_market(desk: Desk) -> None:
    desk.buy("b", 100, 990)
    assert desk.sell("stop", 100, stop=995, order_type="STOP")[-1] == "suspended y/stop STOP_NOT_REACHED"
    assert desk.sale(996) == []
    assert desk.sale(995)[:2] == ["triggered y/stop at 995 MARKET", "trade 1 x/b buys from y/stop 100@990 NONE"]


def test_a_stop_limit_rests_at_its_limit_once_set_off(desk: Desk) -> None:
    desk.sell("sl", 100, 994, stop=995, order_type="STOP_LIMIT")
    assert desk.sale(995) == ["triggered y/sl at 995 LIMIT"]
    assert desk.holds() == ["y/sl"]


def test_a_stop_may_set_off_the_next(desk: Desk) -> None:
    desk.buy("1", 100, 990)
    desk.buy("2", 100, 980)
    desk.sell("near", 100, stop=995, order_type="STOP")
    desk.sell("far", 100, stop=990, order_type="STOP")
    said = desk.sale(995)
    assert "triggered y/far at 990 MARKET" in said
    assert "trade 2 x/2 buys from y/far 100@980 NONE" in said


def test_stops_may_watch_the_quote_instead_of_the_last_sale(kind: str) -> None:
    desk = Desk(kind, stop_trigger="QUOTE")
    desk.buy("stop", 100, stop=1005, order_type="STOP")
    assert desk.sale(1010) == []
    assert desk.quote(1003, 100, 1005, 100)[0] == "triggered x/stop at 1005 MARKET"
