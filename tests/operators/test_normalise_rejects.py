"""Normalise by hand: what is rejected, why, and how a venue comes back."""

from __future__ import annotations

import pytest

from schemas.generated.events import (
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_ORDER_REDUCED,
    MarketDataReceived,
)
from tests.operators.market_messages import (
    BUY,
    HOUR,
    SELL,
    best,
    last_best,
    normalise,
    order,
    quote,
    reasons,
    returned,
    status,
    trade,
)

ADDED, REDUCED = MARKET_DATA_KIND_ORDER_ADDED, MARKET_DATA_KIND_ORDER_REDUCED
DELETED, EXECUTED = MARKET_DATA_KIND_ORDER_DELETED, MARKET_DATA_KIND_ORDER_EXECUTED
TOO_MUCH = 10**12


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (quote("N", "100 @ -1", "100 @ 10"), "PRICE_NEGATIVE"),
        (quote("N", "100 @ 9", "100 @ -1"), "PRICE_NEGATIVE"),
        (quote("N", "100 @ 0", "100 @ 10"), "PRICE_ZERO"),
        (quote("N", "100 @ 10", "100 @ 1000000000"), "PRICE_TOO_LARGE"),
        (quote("N", "-100 @ 9", "100 @ 10"), "QUANTITY_NEGATIVE"),
        (quote("N", "100 @ 9", "0 @ 10"), "QUANTITY_ZERO"),
        (quote("N", f"{TOO_MUCH} @ 9", "100 @ 10"), "QUANTITY_TOO_LARGE"),
        (quote("N", "100 @ 10.01", "100 @ 10"), "QUOTE_CROSSED"),
        (quote("N", "", ""), "QUOTE_EMPTY"),
        (quote("N", "100 @ 9", "100 @ 10", suspicious=True), "MARKED_SUSPICIOUS"),
        (quote("N", "100 @ 9", "100 @ 10", symbol=""), "SYMBOL_MISSING"),
        (quote("", "100 @ 9", "100 @ 10"), "VENUE_MISSING"),
        (trade("N", "100 @ -1"), "PRICE_NEGATIVE"),
        (trade("N", "100 @ 0"), "PRICE_ZERO"),
        (trade("N", "100 @ 1000000000"), "PRICE_TOO_LARGE"),
        (trade("N", "-1 @ 10"), "QUANTITY_NEGATIVE"),
        (trade("N", "0 @ 10"), "QUANTITY_ZERO"),
        (trade("N", f"{TOO_MUCH} @ 10"), "QUANTITY_TOO_LARGE"),
        (status("SLEEPING"), "STATUS_UNKNOWN"),
        (order(ADDED, 1, 0, "100 @ 10"), "SIDE_MISSING"),
        (order(ADDED, 1, BUY, "100 @ 0"), "PRICE_ZERO"),
        (order(ADDED, 1, BUY, "0 @ 10"), "QUANTITY_ZERO"),
        (order(REDUCED, 1, BUY, "0 @ 10"), "QUANTITY_ZERO"),
        (order(REDUCED, 1, BUY, "5 @ -10"), "PRICE_NEGATIVE"),
        (order(DELETED, 1, BUY, "-5 @ 10"), "QUANTITY_NEGATIVE"),
        (order(REDUCED, 1, BUY, "5 @ 10"), "ORDER_UNKNOWN"),
        (order(DELETED, 1, BUY, "5 @ 10"), "ORDER_UNKNOWN"),
        (order(EXECUTED, 1, BUY, "5 @ 10"), "ORDER_UNKNOWN"),
        (order(EXECUTED, 1, BUY, "5 @ 0"), "PRICE_ZERO"),
    ],
)
def test_a_bad_message_is_rejected_with_its_reason(bad: MarketDataReceived, reason: str) -> None:
    harness = normalise()
    harness.send(bad)
    assert reasons(harness) == [reason]


def test_a_reject_holds_the_whole_message_and_the_figures() -> None:
    harness = normalise()
    bad = quote("N", "100 @ 10.01", "200 @ 10", venue_sequence=7, conditions="R")
    harness.send(bad)
    rejected = harness.take()[0]
    assert returned(rejected) == bad.to_dict()
    assert rejected.detail == "bid 100 at 10.01, offer 200 at 10"
    assert (rejected.symbol, rejected.venue, rejected.event_time_ns) == ("IBM", "N", bad.event_time_ns)


def test_a_rejected_quote_leaves_the_market_as_it_was() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("N", "100 @ 10.05", "200 @ 10.01"), status("TRADING"))
    assert last_best(harness) == ("300 @ 10.00 N", "200 @ 10.02 N")


# Order of messages


def test_a_number_twice_is_a_duplicate() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10", venue_sequence=7), trade("N", "100 @ 10", venue_sequence=7))
    assert reasons(harness) == ["", "MESSAGE_DUPLICATE"]


def test_a_number_that_goes_back_is_out_of_sequence() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10", venue_sequence=7), trade("N", "100 @ 10", venue_sequence=6))
    rejected = harness.take()[1]
    assert rejected.detail.startswith("message 6 of ")


def test_each_venue_numbers_its_own_messages() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10", venue_sequence=7), trade("Q", "100 @ 10", venue_sequence=6))
    assert reasons(harness) == ["", ""]


def test_messages_without_numbers_are_not_compared() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10", venue_sequence=7), trade("N", "100 @ 10"), trade("N", "100 @ 10"))
    assert reasons(harness) == ["", "", ""]


def test_a_message_far_behind_its_venue_is_stale() -> None:
    harness = normalise(stale_after_ms=1_000)
    harness.send(*(trade("N", "100 @ 10", at=at) for at in (10, 9, 8.9)))
    assert reasons(harness) == ["", "", "MESSAGE_STALE"]


def test_a_venue_may_be_behind_another() -> None:
    harness = normalise(stale_after_ms=1_000)
    harness.send(trade("N", "100 @ 10", at=10), trade("Q", "100 @ 10", at=2))
    assert reasons(harness) == ["", ""]


def test_a_message_of_yesterday_is_stale() -> None:
    harness = normalise(stale_after_ms=0)
    harness.send(trade("N", "100 @ 10", at=24 * HOUR), trade("Q", "100 @ 10", at=0), trade("N", "1 @ 10", at=24 * HOUR))
    assert reasons(harness) == ["", "MESSAGE_STALE", ""]


@pytest.mark.parametrize("time_ns", [-1, 1 << 62])
def test_a_time_that_cannot_be_is_rejected(time_ns: int) -> None:
    harness = normalise()
    bad = trade("N", "100 @ 10")
    bad.event_time_ns = time_ns
    harness.send(bad, trade("N", "100 @ 10"))
    assert reasons(harness) == ["MESSAGE_STALE", ""]


def test_a_venue_that_numbers_from_one_again_is_heard_after_some_messages() -> None:
    harness = normalise(restart_after=3)
    harness.send(trade("N", "100 @ 10", venue_sequence=900))
    harness.send(*(trade("N", "100 @ 10", at=number, venue_sequence=number) for number in (1, 2, 3, 4)))
    refused = "MESSAGE_OUT_OF_SEQUENCE"
    assert reasons(harness) == ["", refused, refused, "", ""]


def test_a_repetition_is_no_new_start_however_long() -> None:
    harness = normalise(restart_after=3)
    numbers = (1, 2, 3, 4, 5)
    first = [trade("N", "100 @ 10", at=number, venue_sequence=number) for number in numbers]
    harness.send(*first, *first[:-1])
    assert reasons(harness)[5:] == ["MESSAGE_OUT_OF_SEQUENCE"] * 4


def test_one_message_of_the_future_does_not_silence_its_venue() -> None:
    harness = normalise(stale_after_ms=1_000, restart_after=3)
    harness.send(trade("N", "100 @ 10", at=3 * HOUR), *(trade("N", "100 @ 10", at=at) for at in (1, 2, 3, 4)))
    assert reasons(harness) == ["", "MESSAGE_STALE", "MESSAGE_STALE", "", ""]


def test_one_message_of_next_week_does_not_silence_its_symbol() -> None:
    harness = normalise(restart_after=3)
    harness.send(trade("N", "100 @ 10", at=168 * HOUR), *(trade("Q", "100 @ 10", at=at) for at in (1, 2, 3, 4)))
    assert reasons(harness) == ["", "MESSAGE_STALE", "MESSAGE_STALE", "", ""]


# Prices far from the market


@pytest.mark.parametrize(
    "bad",
    [
        quote("Q", "100 @ 11.10", "100 @ 11.12"),
        quote("Q", "100 @ 8.90", "100 @ 8.92"),
        quote("Q", "", "100 @ 1.00"),
        trade("Q", "100 @ 11.10"),
        trade("Q", "100 @ 8.90"),
    ],
)
def test_a_price_that_would_move_the_market_far_is_rejected(bad: MarketDataReceived) -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), bad)
    rejected = harness.take()[1]
    assert rejected.detail.endswith(", market at 10.01")


def test_a_stub_far_behind_the_market_is_a_quote() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("Q", "100 @ 0.01", "100 @ 199999.00"))
    assert reasons(harness) == ["", ""]


def test_the_first_price_has_no_market_to_be_far_from() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10"))
    assert reasons(harness) == [""]


def test_a_wide_market_is_no_measure() -> None:
    harness = normalise()
    harness.send(quote("N", "100 @ 0.01", "100 @ 199999.00"), trade("Q", "100 @ 10"))
    assert reasons(harness) == ["", ""]


def test_a_far_price_under_special_conditions_moves_nothing_and_is_taken() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10"), trade("N", "100 @ 20", "W"), trade("N", "100 @ 10"))
    assert reasons(harness) == ["", "", ""]


def test_when_the_market_has_really_moved_it_is_followed() -> None:
    harness = normalise(confirm_move_after=3)
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"))
    moved = [quote(venue, "300 @ 15.00", "200 @ 15.02") for venue in ("N", "Q", "P")]
    harness.send(*moved, *moved)
    assert reasons(harness) == ["", "PRICE_FAR_FROM_MARKET", "PRICE_FAR_FROM_MARKET", "", "", "", ""]


def test_a_fall_is_followed_too() -> None:
    harness = normalise(confirm_move_after=3)
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), *(trade("N", "100 @ 5") for _ in range(4)))
    assert reasons(harness) == ["", "PRICE_FAR_FROM_MARKET", "PRICE_FAR_FROM_MARKET", "", ""]


def test_far_prices_that_do_not_agree_confirm_nothing() -> None:
    harness = normalise(confirm_move_after=2)
    harness.send(trade("N", "100 @ 10"), *(trade("N", f"100 @ {price}") for price in (20, 2, 30, 3)))
    assert reasons(harness) == [""] + ["PRICE_FAR_FROM_MARKET"] * 4


def test_a_good_price_in_between_begins_the_count_anew() -> None:
    harness = normalise(confirm_move_after=2)
    harness.send(*(trade("N", f"100 @ {price}") for price in (10, 20, 10, 20, 10, 20)))
    assert reasons(harness) == ["", "PRICE_FAR_FROM_MARKET"] * 3


def test_the_measure_can_be_switched_off() -> None:
    harness = normalise(max_move_bps=0)
    harness.send(trade("N", "100 @ 10"), trade("N", "100 @ 1000"), quote("N", "1 @ 0.01", "1 @ 0.02"))
    assert reasons(harness) == ["", "", ""]


def test_a_measure_beyond_its_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="max_move_bps is 5001; it lies between 0 and 5000"):
        normalise(max_move_bps=5_001)


# Orders and bounds


def test_an_order_number_twice_is_a_duplicate() -> None:
    harness = normalise()
    harness.send(order(ADDED, 1, BUY, "100 @ 10"), order(ADDED, 1, BUY, "100 @ 10"))
    assert reasons(harness) == ["", "ORDER_DUPLICATE"]


@pytest.mark.parametrize("kind", [REDUCED, EXECUTED])
def test_more_than_an_order_has_cannot_go(kind: int) -> None:
    harness = normalise()
    harness.send(order(ADDED, 1, BUY, "100 @ 10"), order(kind, 1, BUY, "101 @ 10"), order(kind, 1, BUY, "100 @ 10"))
    assert reasons(harness) == ["", "ORDER_OVERFILLED", ""]


def test_an_order_across_its_own_book_is_wrong_while_the_market_trades() -> None:
    harness = normalise()
    harness.send(order(ADDED, 1, SELL, "100 @ 10"), order(ADDED, 2, BUY, "100 @ 10.01"))
    harness.send(order(ADDED, 3, BUY, "100 @ 9.99"), order(ADDED, 4, SELL, "100 @ 9.98"))
    assert reasons(harness) == ["", "QUOTE_CROSSED", "", "QUOTE_CROSSED"]


def test_in_a_halt_orders_may_cross() -> None:
    harness = normalise()
    harness.send(status("HALTED"), order(ADDED, 1, SELL, "100 @ 10"), order(ADDED, 2, BUY, "100 @ 10.01"))
    assert harness.take()[-1].flags == 2


def test_an_unknown_order_without_side_is_unknown() -> None:
    harness = normalise()
    harness.send(order(ADDED, -1, SELL, "100 @ 10"), order(DELETED, 5, 0, "100 @ 10"))
    assert reasons(harness) == ["", "ORDER_UNKNOWN"]


def test_orders_are_bounded() -> None:
    harness = normalise(max_orders=2)
    harness.send(*(order(ADDED, number, BUY, "100 @ 10") for number in (1, 2, 3)))
    harness.send(order(DELETED, 1, BUY, "100 @ 10"), order(ADDED, 4, BUY, "100 @ 10"))
    assert reasons(harness) == ["", "", "TOO_MANY_ORDERS", "", ""]


def test_levels_of_snapshots_are_bounded() -> None:
    harness = normalise(max_orders=2)
    harness.send(*(order(ADDED, -number, BUY, f"100 @ {number}") for number in (1, 2, 3)))
    assert reasons(harness) == ["", "", "TOO_MANY_ORDERS"]


def test_venues_are_bounded() -> None:
    harness = normalise(max_venues=2)
    harness.send(*(quote(venue, "100 @ 10", "100 @ 11") for venue in ("N", "Q", "P", "N")))
    assert reasons(harness) == ["", "", "TOO_MANY_VENUES", ""]


def test_volume_is_bounded() -> None:
    harness = normalise()
    harness.send(trade("N", "999999999999 @ 10"))
    harness.state("IBM").cumulative_volume = 10**18 - 50
    harness.send(trade("N", "100 @ 10"), trade("N", "49 @ 10"))
    assert reasons(harness) == ["", "QUANTITY_TOO_LARGE", ""]


def test_a_reject_is_told_before_the_book_changes() -> None:
    harness = normalise()
    harness.send(order(ADDED, 1, BUY, "100 @ 10"), order(EXECUTED, 1, BUY, "500 @ 10"), status("TRADING"))
    assert best(harness.take()[-1]) == ("100 @ 10.00 XNAS", "")
