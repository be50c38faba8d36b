"""Normalise on real market data, through the readers that feed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from dataflow.ports import Source
from dataflow.testing.harness import OperatorHarness
from jobs.feeds import lean, lobster
from jobs.feeds.specification import Specification
from operators.conditions import FLAG_CROSSED, FLAG_NOT_LAST, FLAG_OUTSIDE_HOURS
from operators.venue_book import best_levels
from schemas.generated.events import MARKET_DATA_KIND_QUOTE, MarketDataReceived, PriceUpdated
from tests.operators.market_messages import BUY, SELL, normalise, reasons, trade

MONDAY_NS = 1_381_118_400_000_000_000
"""Midnight in New York, 7 October 2013."""
MIDNIGHT_NS = {f"201310{7 + day:02}": MONDAY_NS + day * 86_400_000_000_000 for day in range(5)}
LOBSTER = "AAPL_2012-06-21_34200000_57600000"
DEPTH = 10


def records(source: Source) -> Iterator[MarketDataReceived]:
    source.open(None)
    while (batch := source.read()) is not None:
        for record in batch.records:
            assert isinstance(record, MarketDataReceived)
            yield record
    source.close()


def ibm(folder: Path, day: str) -> Source:
    options = {"symbols": "IBM", "days": day}
    return lean.open_feed(Specification("lean", str(folder / "lean/Data/equity/usa/tick"), options), "ibm")


@pytest.fixture(scope="module")
def friday(market_data_folder: Path) -> tuple[list[MarketDataReceived], OperatorHarness]:
    """IBM on 11 October 2013, sent to an operator."""
    sent = list(records(ibm(market_data_folder, "20131011")))
    harness = normalise()
    harness.send(*sent)
    return sent, harness


Friday = tuple[list[MarketDataReceived], OperatorHarness]


def updates(harness: OperatorHarness) -> list[PriceUpdated]:
    return [record for record in harness.emitted if isinstance(record, PriceUpdated)]


def test_a_real_day_has_no_rejects(friday: Friday) -> None:
    sent, harness = friday
    assert (len(updates(harness)), len(harness.emitted)) == (len(sent), len(sent))
    assert len(sent) == 119_116


def test_the_best_quote_is_the_consolidated_one(friday: Friday) -> None:
    sent, harness = friday
    told = [
        (update.bid_price_e8, update.bid_quantity, update.ask_price_e8, update.ask_quantity)
        for update in updates(harness)
    ]
    assert [best for best, message in zip(told, sent, strict=True) if message.kind == MARKET_DATA_KIND_QUOTE] == [
        (message.bid_price_e8, message.bid_quantity, message.ask_price_e8, message.ask_quantity)
        for message in sent
        if message.kind == MARKET_DATA_KIND_QUOTE
    ]


def test_the_real_market_is_hardly_ever_crossed(friday: Friday) -> None:
    _, harness = friday
    crossed = sum(1 for update in updates(harness) if update.flags & FLAG_CROSSED)
    assert 0 < crossed < len(harness.emitted) // 500


def daily_bars(folder: Path) -> dict[str, list[int]]:
    """Open, high, low, close and volume of IBM, by date."""
    with ZipFile(folder / "lean/Data/equity/usa/daily/ibm.zip") as archive:
        lines = archive.read("ibm.csv").decode().splitlines()
    rows = [line.split(",") for line in lines]
    return {row[0][:8]: [int(value) for value in row[1:]] for row in rows}


def sales_of(folder: Path, day: str) -> Iterator[MarketDataReceived]:
    """IBM's sales alone: milliseconds since midnight, price in 1/10,000 dollars, shares, venue, conditions, flag."""
    with ZipFile(folder / f"lean/Data/equity/usa/tick/ibm/{day}_trade.zip") as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    for time, price, quantity, venue, conditions, _ in (line.split(",") for line in lines):
        sent = trade(venue, "1 @ 1", conditions, feed="lean")
        sent.event_time_ns = MIDNIGHT_NS[day] + int(time) * 1_000_000
        sent.price_e8, sent.quantity = int(price) * 10_000, int(quantity)
        yield sent


def day_of_sales(folder: Path, day: str) -> tuple[int, int]:
    """Last price of the day in 1/10,000 dollars, and shares sold in regular hours."""
    harness = normalise()
    harness.send(*sales_of(folder, day))
    sales = updates(harness)
    volume = sum(sale.trade_quantity for sale in sales if not sale.flags & FLAG_OUTSIDE_HOURS)
    return sales[-1].last_price_e8 // 10_000, volume


@pytest.mark.parametrize("day", MIDNIGHT_NS)
def test_the_last_eligible_sale_is_the_close_of_the_day(market_data_folder: Path, day: str) -> None:
    close, volume = day_of_sales(market_data_folder, day)
    bar = daily_bars(market_data_folder)[day]
    assert close == bar[3]
    assert volume == pytest.approx(bar[4], rel=0.02)


def test_sales_outside_regular_hours_never_set_the_last_price(friday: Friday) -> None:
    _, harness = friday
    outside = [update for update in updates(harness) if update.trade_price_e8 and update.flags & FLAG_OUTSIDE_HOURS]
    assert Counter(bool(update.flags & FLAG_NOT_LAST) for update in outside) == {True: len(outside)}
    assert len(outside) > 50


# LOBSTER, messages and what its reader adds to them


def lobster_books(folder: Path) -> list[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    """Bids and asks after each message, best first."""
    text = (folder / "lobster/data" / f"{LOBSTER}_orderbook_{DEPTH}.csv").read_text()
    rows = [[int(value) for value in line.split(",")] for line in text.splitlines()]
    return [(pairs(row[2::4], row[3::4]), pairs(row[0::4], row[1::4])) for row in rows]


def pairs(prices: list[int], sizes: list[int]) -> list[tuple[int, int]]:
    return [(price * 10_000, size) for price, size in zip(prices, sizes, strict=True)]


def replayed_books(
    folder: Path, harness: OperatorHarness
) -> Iterator[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    """Our book after each message of LOBSTER's and the orders its reader adds after it (their numbers are below 0, or
    they take away known orders at the time of the message)."""
    source = lobster.open_feed(Specification("lobster", str(folder / "lobster/data")), "lobster")
    expected = iter(lobster_books(folder))
    book = next(expected)
    for record in records(source):
        harness.send(record)
        if harness.state("AAPL").venues[0].book is not None and our_book(harness) == book:
            yield book
            book = next(expected, ([], []))


def our_book(harness: OperatorHarness) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    book = harness.state("AAPL").venues[0].book
    return best_levels(book, BUY, DEPTH), best_levels(book, SELL, DEPTH)


def test_lobsters_reader_and_the_book_give_all_levels_of_every_snapshot(market_data_folder: Path) -> None:
    harness = normalise()
    assert list(replayed_books(market_data_folder, harness)) == lobster_books(market_data_folder)
    assert set(reasons(harness)) == {""}


def test_state_survives_its_codec_in_the_middle_of_a_real_book(market_data_folder: Path) -> None:
    harness = normalise()
    books = list(replayed_books(market_data_folder, harness))
    restored = normalise()
    restored.restore(harness.snapshot())
    assert our_book(restored) == books[-1]
