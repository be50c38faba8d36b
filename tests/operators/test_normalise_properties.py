"""Normalise against a naive market, on random messages: good, bad, late, of several venues and kinds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dataflow.testing.harness import OperatorHarness
from schemas.generated.events import (
    MARKET_DATA_KIND_AUCTION,
    MARKET_DATA_KIND_HIDDEN_EXECUTED,
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_ORDER_REDUCED,
    MARKET_DATA_KIND_QUOTE,
    MARKET_DATA_KIND_STATUS,
    MARKET_DATA_KIND_TRADE,
    PRICE_KIND_TRADE,
    MarketDataReceived,
    MarketDataRejected,
    PriceUpdated,
)
from tests.operators.market_messages import HOUR, OPEN_NS, SECOND_NS, message, normalise

KINDS = (
    MARKET_DATA_KIND_QUOTE,
    MARKET_DATA_KIND_TRADE,
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_REDUCED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_HIDDEN_EXECUTED,
    MARKET_DATA_KIND_AUCTION,
    MARKET_DATA_KIND_STATUS,
)
NEAR = st.integers(0, 5).map(lambda steps: 10**9 + steps * 10**6)
SIDES = st.one_of(
    st.tuples(NEAR, st.integers(1, 3).map(lambda lots: lots * 100)),
    st.tuples(NEAR, st.integers(1, 3).map(lambda lots: lots * 100)),
    st.just((0, 0)),
    st.tuples(st.sampled_from([0, -1, 10**7, 2 * 10**9, 10**17]), st.sampled_from([100, 0, -1, 10**12])),
)
"""Price and quantity: mostly good, some none, some bad."""
TIMES = st.sampled_from([OPEN_NS + at * SECOND_NS for at in (*range(5), *range(5), *range(5), 9, 7 * HOUR, 30 * HOUR)])
BIG = st.integers(-(1 << 63), (1 << 63) - 1)


def message_of(
    time_ns: int, bid: tuple[int, int], ask: tuple[int, int], amount: tuple[int, int], **fields: Any
) -> MarketDataReceived:
    sent = message(at=0, **fields)
    sent.event_time_ns = time_ns
    sent.bid_price_e8, sent.bid_quantity = bid
    sent.ask_price_e8, sent.ask_quantity = ask
    sent.price_e8, sent.quantity = amount
    return sent


def messages(sides: st.SearchStrategy[tuple[int, int]], times: st.SearchStrategy[int]) -> Any:
    return st.builds(
        message_of,
        times,
        sides,
        sides,
        sides,
        kind=st.sampled_from([MARKET_DATA_KIND_QUOTE] * 8 + list(KINDS)),
        venue=st.sampled_from(["N", "Q", "P", "K"] * 4 + [""]),
        feed=st.sampled_from(["simulator", "lean"]),
        venue_sequence=st.sampled_from([0] * 9 + [1, 2, 3]),
        side=st.integers(0, 2),
        order_id=st.integers(-3, 5),
        conditions=st.sampled_from(["", "R", "R", "N", "@I", "4", "M", "20", "1"]),
        suspicious=st.sampled_from([False] * 19 + [True]),
        status=st.sampled_from(["HALTED", "TRADING", "?"]),
    )


STREAMS = st.lists(messages(SIDES, TIMES), min_size=1, max_size=30)
PARAMETERS = st.fixed_dictionaries(
    {
        "quote_expires_ms": st.sampled_from([0, 3_000]),
        "emit_unchanged": st.booleans(),
        "max_venues": st.sampled_from([2, 32]),
        "confirm_move_after": st.integers(1, 3),
        "restart_after": st.integers(0, 3),
    }
)


def naive_best(harness: OperatorHarness) -> tuple[tuple[int, int, str], tuple[int, int, str]]:
    """The best bid and offer by a look at all venues: price, quantity, first venue."""
    venues = harness.state("IBM").venues
    bids = [(market.bid_price_e8, market.bid_quantity, market.venue) for market in venues if market.bid_price_e8]
    asks = [(market.ask_price_e8, market.ask_quantity, market.venue) for market in venues if market.ask_price_e8]
    return naive_side(bids, max), naive_side(asks, min)


def naive_side(quotes: list[tuple[int, int, str]], best: Any) -> tuple[int, int, str]:
    if not quotes:
        return 0, 0, ""
    price = best(price for price, _, _ in quotes)
    at_best = [quote for quote in quotes if quote[0] == price]
    return price, sum(quantity for _, quantity, _ in at_best), at_best[0][2]


def kept_best(harness: OperatorHarness) -> tuple[tuple[int, int, str], tuple[int, int, str]]:
    state = harness.state("IBM")
    bid = (state.bid_price_e8, state.bid_quantity, state.bid_venue)
    return bid, (state.ask_price_e8, state.ask_quantity, state.ask_venue)


def told_best(update: PriceUpdated) -> tuple[tuple[int, int, str], tuple[int, int, str]]:
    bid = (update.bid_price_e8, update.bid_quantity, update.bid_venue)
    return bid, (update.ask_price_e8, update.ask_quantity, update.ask_venue)


@given(PARAMETERS, STREAMS)
def test_the_best_quote_is_what_a_look_at_all_venues_gives(
    parameters: dict[str, Any], stream: list[MarketDataReceived]
) -> None:
    kept, naive = zip(*bests(normalise(**parameters), stream), strict=True)
    assert kept == naive


def bests(harness: OperatorHarness, stream: list[MarketDataReceived]) -> Iterator[tuple[Any, Any]]:
    """After each message: the best quote as kept, and by a look at all venues."""
    for sent in stream:
        harness.send(sent)
        yield kept_best(harness), naive_best(harness)


@given(STREAMS)
def test_every_message_is_told_or_rejected(stream: list[MarketDataReceived]) -> None:
    harness = normalise()
    harness.send(*stream)
    assert len(harness.take()) == len(stream)


@given(PARAMETERS, STREAMS)
def test_nothing_but_unchanged_markets_is_left_out(
    parameters: dict[str, Any], stream: list[MarketDataReceived]
) -> None:
    quiet, loud = (
        normalise(**{**parameters, "emit_unchanged": False}),
        normalise(**{**parameters, "emit_unchanged": True}),
    )
    quiet.send(*stream)
    loud.send(*stream)
    assert market_changes(quiet.take()) == market_changes(loud.take())


def market_changes(records: list[Any]) -> list[Any]:
    """The different markets told one after the other."""
    updates = [record for record in records if isinstance(record, PriceUpdated)]
    told = [(told_best(update), update.status, update.last_price_e8, update.cumulative_volume) for update in updates]
    return [after for before, after in pairwise([None, *told]) if after != before]


@given(STREAMS)
def test_the_volume_is_the_sum_of_the_sales_of_the_day(stream: list[MarketDataReceived]) -> None:
    kept, added_up = zip(*volumes(stream), strict=True)
    assert kept == added_up


def volumes(stream: list[MarketDataReceived]) -> Iterator[tuple[int, int]]:
    """After each message: the volume in the state, and the sales told since the trading day began."""
    harness = normalise(restart_after=0)
    total, day_end_ns = 0, 0
    for sent in stream:
        harness.send(sent)
        state = harness.state("IBM")
        total = total if state.day_end_ns == day_end_ns else 0
        day_end_ns = state.day_end_ns
        total += sum(update.trade_quantity for update in harness.take() if isinstance(update, PriceUpdated))
        yield state.cumulative_volume, total


@given(PARAMETERS, STREAMS, st.integers(0, 30))
def test_a_restart_anywhere_changes_nothing(
    parameters: dict[str, Any], stream: list[MarketDataReceived], at: int
) -> None:
    straight, stopped, resumed = normalise(**parameters), normalise(**parameters), normalise(**parameters)
    straight.send(*stream)
    stopped.send(*stream[:at])
    resumed.restore(stopped.snapshot())
    resumed.send(*stream[at:])
    assert resumed.snapshot() == straight.snapshot()
    assert [record.to_dict() for record in stopped.take() + resumed.take()] == [
        record.to_dict() for record in straight.take()
    ]


@given(st.lists(messages(st.tuples(BIG, BIG), BIG), min_size=1, max_size=30))
def test_no_figures_whatever_break_it(stream: list[MarketDataReceived]) -> None:
    harness = normalise()
    harness.send(*stream)
    assert len(harness.take()) == len(stream)


@given(STREAMS)
def test_what_is_told_is_in_bounds(stream: list[MarketDataReceived]) -> None:
    harness = normalise()
    harness.send(*stream)
    updates = [record for record in harness.take() if isinstance(record, PriceUpdated)]
    assert all(0 <= update.bid_price_e8 < 10**17 and 0 <= update.ask_price_e8 < 10**17 for update in updates)
    assert all(0 <= update.flags < 1024 and update.cumulative_volume >= 0 for update in updates)
    assert all((update.trade_price_e8 > 0) == (update.kind == PRICE_KIND_TRADE) for update in updates)


@given(STREAMS)
def test_a_rejected_message_changes_no_market(stream: list[MarketDataReceived]) -> None:
    before, after = zip(*around_rejects(stream), strict=True)
    assert before == after


def around_rejects(stream: list[MarketDataReceived]) -> Iterator[tuple[Any, Any]]:
    """The market before and after each message that was rejected and began no trading day."""
    harness = normalise()
    harness.send(message(MARKET_DATA_KIND_STATUS, "N", 0, status="TRADING"))
    yield None, None
    for sent in stream:
        before = market_of(harness)
        harness.send(sent)
        after = market_of(harness)
        if isinstance(harness.take()[-1], MarketDataRejected) and before[0] == after[0]:
            yield before, after


def market_of(harness: OperatorHarness) -> Any:
    state = harness.state("IBM")
    return state.day_start_ns, kept_best(harness), state.last_price_e8, state.cumulative_volume, state.status
