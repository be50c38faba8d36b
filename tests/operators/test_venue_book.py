"""The order book of one venue: by hand, against a naive book, and against LOBSTER's snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.testing.harness import OperatorHarness
from operators.message_checks import ACCEPTED
from operators.venue_book import add_order, best_levels, delete_order, reduce_order
from schemas.generated.events import (
    MARKET_DATA_KIND_HIDDEN_EXECUTED,
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_EXECUTED,
    MARKET_DATA_KIND_ORDER_REDUCED,
    MarketDataReceived,
)
from schemas.generated.states import VenueBook
from tests.operators.market_messages import BUY, SELL, e8, normalise, order

ADDED, REDUCED = MARKET_DATA_KIND_ORDER_ADDED, MARKET_DATA_KIND_ORDER_REDUCED
DELETED, EXECUTED = MARKET_DATA_KIND_ORDER_DELETED, MARKET_DATA_KIND_ORDER_EXECUTED
KIND_OF_TYPE = {1: ADDED, 2: REDUCED, 3: DELETED, 4: EXECUTED, 5: MARKET_DATA_KIND_HIDDEN_EXECUTED}
Levels = list[tuple[int, int]]


def apply(book: VenueBook, *messages: MarketDataReceived) -> list[int]:
    changes = {
        ADDED: lambda message: add_order(book, message, 1_000),
        REDUCED: lambda message: reduce_order(book, message),
        EXECUTED: lambda message: reduce_order(book, message),
        DELETED: lambda message: delete_order(book, message),
    }
    return [changes[message.kind](message) for message in messages]


def levels(*amounts: str) -> Levels:
    """Levels as "300 @ 10.01", best first."""
    return [(e8(amount.split(" @ ")[1]), int(amount.split(" @ ")[0])) for amount in amounts]


def test_levels_are_told_best_first() -> None:
    book = VenueBook()
    apply(book, *(order(ADDED, number, BUY, f"100 @ {number}") for number in (3, 1, 2)))
    apply(book, *(order(ADDED, 10 * number, SELL, f"100 @ {number}") for number in (6, 4, 5)))
    assert best_levels(book, BUY, 2) == levels("100 @ 3", "100 @ 2")
    assert best_levels(book, SELL, 9) == levels("100 @ 4", "100 @ 5", "100 @ 6")


def test_orders_at_one_price_are_one_level() -> None:
    book = VenueBook()
    apply(book, order(ADDED, 1, BUY, "100 @ 10"), order(ADDED, 2, BUY, "50 @ 10"), order(REDUCED, 1, BUY, "30 @ 10"))
    assert best_levels(book, BUY, 1) == levels("120 @ 10")


def test_a_level_goes_with_its_last_order() -> None:
    book = VenueBook()
    apply(book, order(ADDED, 1, BUY, "100 @ 10"), order(EXECUTED, 1, BUY, "100 @ 10"))
    assert (best_levels(book, BUY, 1), book.orders) == ([], {})


def test_a_known_order_needs_no_price_and_side_to_be_deleted() -> None:
    book = VenueBook()
    assert apply(book, order(ADDED, 1, BUY, "100 @ 10"), order(DELETED, 1, 0, "0 @ 0")) == [ACCEPTED, ACCEPTED]
    assert best_levels(book, BUY, 1) == []


def test_unknown_orders_take_from_what_a_snapshot_showed() -> None:
    book = VenueBook()
    apply(book, order(ADDED, -1, SELL, "300 @ 10"), order(ADDED, 7, SELL, "50 @ 10"))
    apply(book, order(EXECUTED, 99, SELL, "100 @ 10"), order(DELETED, 98, SELL, "40 @ 10"))
    assert best_levels(book, SELL, 1) == levels("210 @ 10")
    assert book.orders["7"].quantity == 50


def test_unknown_orders_never_take_from_known_ones() -> None:
    book = VenueBook()
    apply(
        book, order(ADDED, -1, SELL, "30 @ 10"), order(ADDED, 7, SELL, "50 @ 10"), order(DELETED, 99, SELL, "40 @ 10")
    )
    assert best_levels(book, SELL, 1) == levels("50 @ 10")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ADDED, ADDED, REDUCED, EXECUTED, DELETED]),
            st.integers(0, 8),
            st.sampled_from([BUY, SELL]),
            st.integers(1, 6),
            st.integers(1, 4),
        ),
        max_size=60,
    )
)
def test_the_book_equals_a_naive_one(steps: list[tuple[int, int, int, int, int]]) -> None:
    book, naive = VenueBook(), NaiveBook()
    messages = [order(kind, number, side, f"{quantity} @ {price}") for kind, number, side, price, quantity in steps]
    taken = [(apply(book, message)[0] == ACCEPTED, book_levels(book)) for message in messages]
    assert taken == [(naive.take(message), naive.levels()) for message in messages]


class NaiveBook:
    """Orders alone; levels are added up when asked for."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}

    def take(self, message: MarketDataReceived) -> bool:
        """Apply the message. False where that cannot be."""
        known = self.orders.get(message.order_id)
        if message.kind == ADDED:
            self.orders.setdefault(message.order_id, [message.side, message.price_e8, message.quantity])
            return known is None
        if known is None or (message.kind != DELETED and known[2] < message.quantity):
            return False
        known[2] -= known[2] if message.kind == DELETED else message.quantity
        self.orders = {number: resting for number, resting in self.orders.items() if resting[2]}
        return True

    def levels(self) -> tuple[Levels, Levels]:
        totals: dict[tuple[int, int], int] = {}
        for side, price, quantity in self.orders.values():
            totals[side, price] = totals.get((side, price), 0) + quantity
        bids = sorted(((price, total) for (side, price), total in totals.items() if side == BUY), reverse=True)
        return bids, sorted((price, total) for (side, price), total in totals.items() if side == SELL)


def book_levels(book: VenueBook) -> tuple[Levels, Levels]:
    return best_levels(book, BUY, 1_000), best_levels(book, SELL, 1_000)


# LOBSTER: the first 999 messages of AAPL on 21 June 2012, and ten levels on each side after each of them


@pytest.fixture(scope="module")
def lobster(market_data_folder: Path) -> list[tuple[MarketDataReceived, Levels, Levels]]:
    """Messages, each with the bids and asks after it."""
    names = [f"AAPL_2012-06-21_34200000_57600000_{part}_10.csv" for part in ("message", "orderbook")]
    messages, books = ((market_data_folder / "lobster/data" / name).read_text().splitlines() for name in names)
    return [lobster_step(*lines) for lines in zip(messages, books, strict=True)]


def lobster_step(message_line: str, book_line: str) -> tuple[MarketDataReceived, Levels, Levels]:
    time, kind, number, size, price, direction = message_line.split(",")
    side = BUY if direction == "1" else SELL
    at = float(time) - 34_200
    message = order(KIND_OF_TYPE[int(kind)], int(number), side, "0 @ 0", at, symbol="AAPL", feed="lobster")
    message.quantity, message.price_e8 = int(size), int(price) * 10_000
    values = [int(value) for value in book_line.split(",")]
    asks, bids = (
        [(price * 10_000, size) for price, size in zip(values[first::4], values[first + 1 :: 4], strict=True)]
        for first in (0, 2)
    )
    return message, bids, asks


def seeds(symbol: str, bids: Levels, asks: Levels) -> Iterator[MarketDataReceived]:
    """A snapshot, as a reader sends it: one order with a number below 0 for each level."""
    for side, shown in ((BUY, bids), (SELL, asks)):
        for number, (price_e8, quantity) in enumerate(shown, 1):
            seed = order(ADDED, -number, side, "0 @ 0", symbol=symbol, feed="lobster")
            seed.price_e8, seed.quantity = price_e8, quantity
            yield seed


def book_of(harness: OperatorHarness, symbol: str, count: int) -> tuple[Levels, Levels]:
    book = harness.state(symbol).venues[0].book
    return best_levels(book, BUY, count), best_levels(book, SELL, count)


def after_one_message(step: int, lobster: list[tuple[MarketDataReceived, Levels, Levels]]) -> tuple[Levels, Levels]:
    """The best nine levels after a message applied to the snapshot before it, through the operator."""
    harness = normalise()
    _, bids, asks = lobster[step - 1]
    harness.send(*seeds("AAPL", bids, asks), lobster[step][0])
    return book_of(harness, "AAPL", 9)


def test_each_of_lobsters_messages_leads_from_its_snapshot_to_the_next(
    lobster: list[tuple[MarketDataReceived, Levels, Levels]],
) -> None:
    steps = range(1, len(lobster))
    assert [after_one_message(step, lobster) for step in steps] == [
        (bids[:9], asks[:9]) for _, bids, asks in lobster[1:]
    ]
    assert len(lobster) == 999


class Horizon:
    """How deep the book is known when it was seeded once. Messages tell only what happens within ten levels; what comes
    into view from beyond was never told. So only prices that were in view all the time are known."""

    def __init__(self, bids: Levels, asks: Levels) -> None:
        self.worst_bid, self.worst_ask = bids[-1][0], asks[-1][0]

    def narrow(self, bids: Levels, asks: Levels) -> None:
        self.worst_bid, self.worst_ask = max(self.worst_bid, bids[-1][0]), min(self.worst_ask, asks[-1][0])

    def visible(self, bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
        known_bids = [level for level in bids if level[0] >= self.worst_bid]
        return known_bids[:10], [level for level in asks if level[0] <= self.worst_ask][:10]


def compared(lobster: list[tuple[MarketDataReceived, Levels, Levels]]) -> Iterator[tuple[object, object]]:
    """The book kept from message to message, and LOBSTER's, as deep as it can be known."""
    harness = normalise()
    _, bids, asks = lobster[0]
    harness.send(*seeds("AAPL", bids, asks))
    horizon = Horizon(bids, asks)
    for message, bids, asks in lobster[1:]:
        harness.send(message)
        yield horizon.visible(*book_of(harness, "AAPL", 1_000)), horizon.visible(bids, asks)
        horizon.narrow(bids, asks)


def test_lobsters_messages_alone_keep_the_book_as_deep_as_they_tell_of_it(
    lobster: list[tuple[MarketDataReceived, Levels, Levels]],
) -> None:
    ours, theirs = zip(*compared(lobster), strict=True)
    assert list(ours) == list(theirs)
    assert sum(len(bids) + len(asks) for bids, asks in theirs) > 5 * len(theirs)
