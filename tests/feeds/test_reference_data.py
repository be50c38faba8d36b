from __future__ import annotations

from typing import Any

import pytest

from schemas.generated.events import (
    MARKET_DATA_KIND_STATUS,
    TRADING_STATUS_SYMBOLS,
    InstrumentChanged,
    TradingStatusChanged,
)
from tests.feeds.order_desk import OrderDesk, day_of
from tests.feeds.reading import data_of, read, rests_differ

MARKET = "seed=7,symbols=80,events=100000"


@pytest.fixture(scope="module")
def told() -> list[Any]:
    return read(f"reference_data:{MARKET}", "reference-data")


@pytest.fixture(scope="module")
def market() -> list[Any]:
    return read(f"simulator:{MARKET},bad_ticks=0")


def of(records: list[Any], kind: type) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def test_each_symbol_of_the_market_is_told_once_before_anything_happens(told: list[Any], market: list[Any]) -> None:
    instruments = of(told, InstrumentChanged)
    assert len(instruments) == 80
    assert {each.symbol for each in instruments} == {record.symbol for record in market}
    assert max(each.event_time_ns for each in instruments) < min(record.event_time_ns for record in market)
    assert told[:80] == instruments


def test_previous_closes_are_near_the_first_prices_and_on_ticks(told: list[Any], market: list[Any]) -> None:
    first = {record.symbol: record.bid_price_e8 for record in reversed(market) if record.bid_price_e8 > 0}
    closes = {each.symbol: each.previous_close_price_e8 for each in of(told, InstrumentChanged)}
    assert max(abs(closes[symbol] - price) / price for symbol, price in first.items()) < 0.02
    assert [close for close in closes.values() if close % (1_000_000 if close >= 10**8 else 10_000) != 0] == []


def test_most_symbols_are_easy_to_borrow_and_few_are_restricted(told: list[Any]) -> None:
    assert sum(each.shortable for each in of(told, InstrumentChanged)) == 70
    restricted = [each.symbol for each in of(told, TradingStatusChanged) if each.short_restricted]
    assert len(restricted) == 2


def test_halts_are_told_when_the_venues_tell_them(told: list[Any], market: list[Any]) -> None:
    by_venues = sorted((r.event_time_ns, r.symbol, r.status) for r in market if r.kind == MARKET_DATA_KIND_STATUS)
    changes = [each for each in of(told, TradingStatusChanged) if each.event_time_ns >= market[0].event_time_ns]
    assert [(r.event_time_ns, r.symbol, TRADING_STATUS_SYMBOLS[r.status]) for r in changes] == by_venues
    assert len(changes) > 3


def test_records_come_in_order_of_time_and_are_numbered(told: list[Any]) -> None:
    assert told == sorted(told, key=lambda record: record.event_time_ns)
    assert [record.sequence for record in told] == list(range(1, len(told) + 1))


def test_two_runs_give_the_same_bytes_from_any_position() -> None:
    assert data_of(read(f"reference_data:{MARKET}")) == data_of(read(f"reference_data:{MARKET}"))
    assert rests_differ("reference_data:symbols=3000,events=200000") == []


def test_validate_finds_all_of_it_sound() -> None:
    day = day_of("seed=7,symbols=80,events=2000", "accounts=10", "orders=1")
    desk = OrderDesk("validate").run(day)
    states = [desk.harnesses["validate"].state(symbol) for symbol in desk.harnesses["validate"].keys]
    assert [state.instrument.sound for state in states] == [True] * 80
