"""Normalise by hand: which sales set the last price, high and low, and count as volume."""

from __future__ import annotations

import pytest

from operators.conditions import IF_FIRST, NEITHER, ODD_LOT, OFFICIAL, REGULAR, sale_flags
from schemas.generated.events import (
    MARKET_DATA_KIND_AUCTION,
    MARKET_DATA_KIND_HIDDEN_EXECUTED,
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
)
from tests.operators.market_messages import BUY, HOUR, SELL, best, e8, message, normalise, order, quote, trade


def test_a_sale_is_told_with_the_market_around_it() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), trade("Q", "100 @ 10.01"))
    update = harness.take()[-1]
    assert best(update) == ("300 @ 10.00 N", "200 @ 10.02 N")
    assert (update.trade_price_e8, update.trade_quantity) == (e8("10.01"), 100)
    assert (update.last_price_e8, update.last_quantity, update.last_venue) == (e8("10.01"), 100, "Q")


def test_a_quote_tells_no_sale_but_the_last_one() -> None:
    harness = normalise()
    harness.send(trade("Q", "100 @ 10.01"), quote("N", "300 @ 10.00", "200 @ 10.02"))
    update = harness.take()[-1]
    assert (update.trade_price_e8, update.trade_quantity, update.last_price_e8) == (0, 0, e8("10.01"))


@pytest.mark.parametrize("conditions", ["C", "N", "B", "W", "V", "7", "H", "@I", "T", "@FT", "U"])
def test_a_sale_under_special_conditions_sets_no_last_price_but_counts_as_volume(conditions: str) -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10.00"), trade("N", "40 @ 10.40", conditions))
    update = harness.take()[-1]
    assert update.flags & 96 == 96
    assert (update.last_price_e8, update.cumulative_volume) == (e8("10.00"), 140)


@pytest.mark.parametrize("conditions", ["4", "Z", "P", "R", "L", "G"])
def test_a_late_sale_sets_the_last_price_only_as_the_first_of_the_day(conditions: str) -> None:
    harness = normalise()
    harness.send(
        trade("N", "100 @ 10.00", conditions), trade("N", "100 @ 10.10"), trade("N", "100 @ 10.20", conditions)
    )
    updates = harness.take()
    assert [update.last_price_e8 for update in updates] == [e8("10.00"), e8("10.10"), e8("10.10")]
    assert [update.flags & 32 for update in updates] == [0, 0, 32]


@pytest.mark.parametrize(("conditions", "flag"), [("@O", 128), ("@6", 256), ("@I", 112), ("@T", 104), ("@F", 0)])
def test_conditions_are_told_as_flags(conditions: str, flag: int) -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10.00", conditions))
    assert harness.take()[0].flags & ~4 == flag


def test_a_closing_print_after_four_is_of_the_regular_day() -> None:
    harness = normalise()
    harness.send(
        trade("N", "5000 @ 10.00", "6", at=6.5 * HOUR + 60), trade("N", "100 @ 10.00", "@T", at=6.5 * HOUR + 60)
    )
    assert [update.flags & 264 for update in harness.take()] == [256, 8]


@pytest.mark.parametrize("conditions", ["M", "Q"])
def test_an_official_price_is_no_sale(conditions: str) -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10.00"), trade("N", "64 @ 10.05", conditions))
    update = harness.take()[-1]
    assert (update.trade_price_e8, update.trade_quantity, update.cumulative_volume) == (e8("10.05"), 0, 100)
    assert (update.last_price_e8, update.flags & 96) == (e8("10.00"), 96)


def test_an_official_price_may_have_no_quantity() -> None:
    harness = normalise()
    harness.send(trade("N", "0 @ 10.05", "M"))
    assert harness.take()[0].trade_price_e8 == e8("10.05")


def test_a_corrected_close_is_the_last_price_without_volume() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10.00"), trade("N", "100 @ 10.05", "9"))
    update = harness.take()[-1]
    assert (update.last_price_e8, update.cumulative_volume, update.flags & 96) == (e8("10.05"), 100, 0)


@pytest.mark.parametrize(
    ("bits", "flags"),
    [
        ("1", REGULAR),
        ("20000020", REGULAR),
        ("20002020", 104),
        ("100000", NEITHER),
        ("4800", IF_FIRST),
        ("20000200", IF_FIRST),
        ("40", 128),
        ("80", 256),
        ("4000000", OFFICIAL),
        ("80000001", ODD_LOT),
        ("", REGULAR),
        ("no hex", REGULAR),
    ],
)
def test_lean_writes_conditions_as_bits(bits: str, flags: int) -> None:
    assert sale_flags(bits, "lean") == flags


def test_the_same_text_means_another_thing_in_another_feed() -> None:
    assert (sale_flags("4", "lean"), sale_flags("4", "simulator")) == (NEITHER, IF_FIRST)


def test_an_execution_of_an_order_is_a_sale() -> None:
    harness = normalise()
    harness.send(order(MARKET_DATA_KIND_ORDER_ADDED, 1, BUY, "300 @ 10.00"))
    harness.send(order(MARKET_DATA_KIND_ORDER_EXECUTED, 1, BUY, "100 @ 10.00"))
    update = harness.take()[-1]
    assert best(update) == ("200 @ 10.00 XNAS", "")
    assert (update.trade_quantity, update.last_price_e8, update.cumulative_volume) == (100, e8("10.00"), 100)
    assert update.flags == 4


def test_an_execution_below_a_round_lot_is_an_odd_lot() -> None:
    harness = normalise()
    harness.send(order(MARKET_DATA_KIND_ORDER_ADDED, 1, SELL, "300 @ 10.00"))
    harness.send(order(MARKET_DATA_KIND_ORDER_EXECUTED, 1, SELL, "99 @ 10.00"))
    update = harness.take()[-1]
    assert (update.flags, update.last_price_e8, update.cumulative_volume) == (4 | 112, 0, 99)


def test_a_hidden_execution_is_a_sale_that_leaves_the_book_alone() -> None:
    harness = normalise()
    harness.send(order(MARKET_DATA_KIND_ORDER_ADDED, 1, BUY, "300 @ 10.00"))
    harness.send(order(MARKET_DATA_KIND_HIDDEN_EXECUTED, 0, BUY, "500 @ 10.01"))
    update = harness.take()[-1]
    assert best(update) == ("300 @ 10.00 XNAS", "")
    assert (update.flags, update.last_price_e8) == (4 | 512, e8("10.01"))


def test_auctions_open_and_close_the_day() -> None:
    harness = normalise()
    times = (1, HOUR, 6.5 * HOUR + 1)
    harness.send(*(message(MARKET_DATA_KIND_AUCTION, "N", at, price_e8=e8("10.00"), quantity=900) for at in times))
    assert [update.flags for update in harness.take()] == [4 | 128, 4, 4 | 256]


def test_an_auction_that_names_its_condition_is_taken_by_it() -> None:
    harness = normalise()
    harness.send(message(MARKET_DATA_KIND_AUCTION, "N", 1, price_e8=e8("10.00"), quantity=900, conditions="5"))
    assert harness.take()[0].flags == 4
