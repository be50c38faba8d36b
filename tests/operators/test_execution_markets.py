"""Quotes, halts and auctions by hand: each test runs on the naive book and on the operator's."""

from __future__ import annotations

import pytest

from tests.reference.desk import Desk


@pytest.fixture(params=["naive", "real"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_no_trade_goes_through_a_better_quote(kind: str) -> None:
    desk = Desk(kind)
    desk.sell("s", 100, 1005)
    desk.quote(1000, 100, 1003, 100)
    assert desk.buy("b", 100, 1005)[-1] == "cancelled x/b 100 TRADE_THROUGH_PREVENTED"


def test_a_trade_at_the_quote_is_no_trade_through(kind: str) -> None:
    desk = Desk(kind)
    desk.sell("s", 100, 1003)
    desk.quote(1000, 100, 1003, 100)
    assert "trade 1 x/b buys from y/s 100@1003 NONE" in desk.buy("b", 100, 1005)


def test_a_crossed_market_protects_no_quote(kind: str) -> None:
    desk = Desk(kind)
    desk.sell("s", 100, 1005)
    desk.quote(1004, 100, 1003, 100)
    assert "trade 1 x/b buys from y/s 100@1005 NONE" in desk.buy("b", 100, 1005)


def test_an_order_takes_the_quote_up_to_its_displayed_size(kind: str) -> None:
    desk = Desk(kind, liquidity="QUOTES")
    desk.quote(1000, 300, 1003, 60)
    assert desk.buy("b", 100, 1003) == [
        "accepted x/b #1",
        "trade 1 x/b buys from market 60@1003 NONE",
        "filled x/b 60@1003 left 40 ROUTED_AWAY",
    ]
    assert desk.holds() == ["x/b"]


def test_a_new_quote_fills_what_rests_within_it(kind: str) -> None:
    desk = Desk(kind, liquidity="QUOTES")
    desk.buy("b", 100, 1003)
    assert desk.quote(1000, 300, 1002, 60)[0] == "trade 1 x/b buys from market 60@1002 NONE"
    assert desk.sale(1002) == []
    assert desk.quote(1000, 300, 1002, 60)[0] == "trade 2 x/b buys from market 40@1002 NONE"


def test_with_both_sources_the_better_price_comes_first_and_the_book_on_a_tie(kind: str) -> None:
    desk = Desk(kind, liquidity="BOOK_AND_QUOTES")
    desk.quote(990, 100, 1002, 50)
    desk.sell("same", 50, 1002)
    desk.sell("worse", 50, 1003)
    assert [line for line in desk.buy("b", 150, 1003) if line.startswith("trade")] == [
        "trade 1 x/b buys from y/same 50@1002 NONE",
        "trade 2 x/b buys from market 50@1002 NONE",
        "trade 3 x/b buys from y/worse 50@1003 NONE",
    ]


@pytest.mark.parametrize("status", ["HALTED", "PAUSED"])
def test_a_halt_stops_matching_and_allows_cancels(kind: str, status: str) -> None:
    desk = Desk(kind)
    desk.buy("b", 100, 1000)
    desk.status(status)
    assert desk.sell("s", 100, 1000) == ["accepted y/s #2"]
    assert desk.cancel("x/b") == ["cancelled x/b 100 BY_CLIENT"]
    assert desk.buy("i", 100, 1000, time_in_force="IMMEDIATE_OR_CANCEL") == [f"rejected x/i SYMBOL_{status}"]


def test_trading_resumes_with_an_auction(kind: str) -> None:
    desk = Desk(kind)
    desk.status("HALTED")
    desk.buy("b", 100, 1005)
    desk.sell("s", 60, 1001)
    desk.sale(1003)
    assert desk.status("TRADING") == [
        "auction REOPENING 60@1003 imbalance BUY 40",
        "trade 1 x/b buys from y/s 60@1003 REOPENING",
        "filled x/b 60@1003 left 40 AUCTION",
        "filled y/s 60@1003 left 0 AUCTION",
    ]


def test_a_market_order_waits_out_the_halt_and_trades_in_the_auction(kind: str) -> None:
    desk = Desk(kind)
    desk.status("HALTED")
    assert desk.buy("m", 100)[-1] == "suspended x/m SYMBOL_HALTED"
    desk.sell("s", 60, 1000)
    said = desk.status("TRADING")
    assert said[0] == "auction REOPENING 60@1000 imbalance BUY 40"
    assert said[-1] == "cancelled x/m 40 MARKET_ORDER_UNFILLABLE"


def test_the_opening_auction_serves_orders_at_the_open_and_expires_the_rest(kind: str) -> None:
    desk = Desk(kind)
    desk.status("PRE_OPEN")
    assert desk.buy("moo", 100, time_in_force="AT_THE_OPEN")[-1] == "suspended x/moo AUCTION_NOT_YET"
    desk.sell("s", 60, 1000)
    said = desk.status("TRADING")
    assert said[0] == "auction OPENING 60@1000 imbalance BUY 40"
    assert said[-1] == "expired x/moo 40 AUCTION_UNMATCHED"
    assert desk.buy("late", 100, time_in_force="AT_THE_OPEN") == ["rejected x/late TOO_LATE_FOR_OPENING_AUCTION"]


def test_the_closing_auction_serves_orders_at_the_close(kind: str) -> None:
    desk = Desk(kind)
    desk.buy("loc", 100, 1001, time_in_force="AT_THE_CLOSE")
    desk.sell("s", 100, 1000)
    desk.sale(1000)
    assert "trade 1 x/loc buys from y/s 100@1000 CLOSING" in desk.status("CLOSED")


def test_an_auction_takes_the_price_at_which_most_trades(kind: str) -> None:
    desk = Desk(kind)
    desk.status("PRE_OPEN")
    desk.buy("b1", 100, 1005)
    desk.buy("b2", 100, 1003)
    desk.sell("s1", 100, 1001)
    desk.sell("s2", 100, 1003)
    assert desk.status("TRADING")[0] == "auction OPENING 200@1003 imbalance NONE 0"


def test_of_equal_volumes_an_auction_takes_the_least_imbalance(kind: str) -> None:
    desk = Desk(kind)
    desk.status("PRE_OPEN")
    desk.buy("b1", 100, 1005)
    desk.sell("s1", 100, 1000)
    desk.sell("s2", 100, 1004)
    assert desk.status("TRADING")[0] == "auction OPENING 100@1000 imbalance NONE 0"


def test_of_equal_imbalances_an_auction_takes_the_price_nearest_the_reference(kind: str) -> None:
    desk = Desk(kind)
    desk.sale(1007)
    desk.status("PRE_OPEN")
    desk.buy("b", 100, 1005)
    desk.sell("s", 100, 1000)
    assert desk.status("TRADING")[0] == "auction OPENING 100@1005 imbalance NONE 0"


def test_an_auction_fills_market_orders_first_then_price_then_time(kind: str) -> None:
    desk = Desk(kind)
    desk.status("PRE_OPEN")
    desk.buy("limit", 100, 1005)
    desk.buy("better", 100, 1006)
    desk.buy("market", 100)
    desk.sell("s", 250, 1000)
    assert [line.split()[2] for line in desk.status("TRADING") if line.startswith("trade")] == [
        "x/market",
        "x/better",
        "x/limit",
    ]


def test_an_auction_without_a_cross_has_no_price(kind: str) -> None:
    desk = Desk(kind)
    desk.status("PRE_OPEN")
    desk.buy("b", 100, 1000)
    assert desk.status("TRADING") == ["auction OPENING 0@0 imbalance NONE 0"]


def test_an_iceberg_at_the_open_keeps_its_turn_in_the_auction(kind: str) -> None:
    desk = Desk(kind)
    desk.status("PRE_OPEN")
    desk.sell("ice", 100, 1000, display=10, time_in_force="AT_THE_OPEN")
    desk.sell("plain", 100, 1001, time_in_force="AT_THE_OPEN")
    desk.buy("b", 60, 1000)
    assert desk.status("TRADING")[-2:] == [
        "expired y/ice 40 AUCTION_UNMATCHED",
        "expired y/plain 100 AUCTION_UNMATCHED",
    ]


def test_before_the_first_sale_the_reference_is_the_middle_of_the_quote_in_whole_cents(kind: str) -> None:
    desk = Desk(kind)
    desk.quote(1000, 100, 1005, 100)
    desk.status("PRE_OPEN")
    desk.buy("b", 100)
    desk.sell("s", 100)
    assert desk.status("TRADING")[0] == "auction OPENING 100@1002 imbalance NONE 0"
