from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.feeds.market_day import MarketDayPlan
from jobs.feeds.open_source import open_source
from jobs.feeds.simulator import Simulator
from schemas.generated.events import MARKET_DATA_KIND_QUOTE, MARKET_DATA_KIND_STATUS, MARKET_DATA_KIND_TRADE
from tests.feeds.reading import batches_of, data_of, read, records_of, rests_differ

QUOTE, TRADE, STATUS = MARKET_DATA_KIND_QUOTE, MARKET_DATA_KIND_TRADE, MARKET_DATA_KIND_STATUS
DAY = "simulator:seed=7,symbols=20,events=100000"
CLEAN = f"{DAY},bad_ticks=0"
SECOND = 1_000_000_000
OPEN_NS = int(datetime(2026, 11, 20, 9, 30, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND
CLOSE_NS = int(datetime(2026, 11, 20, 16, 0, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND
HALF_HOUR = 1800 * SECOND


@pytest.fixture(scope="module")
def day() -> list[Any]:
    """A day without bad ticks."""
    return read(CLEAN)


@pytest.fixture(scope="module")
def bad_day() -> list[Any]:
    """A day with 500 bad ticks of each kind in 100,000 events."""
    return read(f"{DAY},bad_ticks=500")


def between(records: list[Any], start_ns: int, end_ns: int) -> int:
    return sum(start_ns <= record.event_time_ns < end_ns for record in records)


def prints(records: list[Any], condition: str) -> list[Any]:
    return [record for record in records if record.conditions == condition]


def fields_of(record: Any) -> list[Any]:
    """What a message says, whatever else its schema may come to hold."""
    quote = [record.bid_price_e8, record.bid_quantity, record.ask_price_e8, record.ask_quantity]
    rest = [record.side, record.conditions, record.status, record.venue_sequence]
    return [record.symbol, record.venue, record.kind, *quote, record.price_e8, record.quantity, *rest]


def spreads_in_ticks(records: list[Any]) -> list[float]:
    """Best offer less best bid over all venues, after each quote that is no bad tick."""
    quotes: dict[str, dict[str, Any]] = defaultdict(dict)
    spreads = []
    for record in records:
        if record.kind == QUOTE and 0 < record.bid_price_e8 < record.ask_price_e8:
            venues = quotes[record.symbol]
            venues[record.venue] = record
            best = max(quote.bid_price_e8 for quote in venues.values())
            spread = min(quote.ask_price_e8 for quote in venues.values()) - best
            spreads.append(spread / (1_000_000 if best >= 100_000_000 else 10_000))
    return spreads


def test_two_runs_give_the_same_bytes() -> None:
    specification = "simulator:seed=3,symbols=30,events=9000"
    assert data_of(read(specification)) == data_of(read(specification))


@pytest.mark.parametrize("other", ["seed=4", "symbols=31", "date=2026-11-19"])
def test_other_parameters_give_other_bytes(other: str) -> None:
    parts = {"seed": "3", "symbols": "30", "events": "500", "date": "2026-11-20"}
    changed = parts | dict([other.split("=")])
    texts = [",".join(f"{name}={value}" for name, value in each.items()) for each in (parts, changed)]
    assert data_of(read(f"simulator:{texts[0]}")) != data_of(read(f"simulator:{texts[1]}"))


def test_the_bytes_are_those_of_every_machine_and_release() -> None:
    digest = hashlib.sha256()
    for record in read("simulator:seed=1,symbols=100,events=20000,date=2026-11-20"):
        digest.update(repr([record.event_id_hi, record.event_time_ns, *fields_of(record)]).encode())
    assert digest.hexdigest() == "c4355ead36b57b6ab02cfc474f35b9469c0c11fd38f1deba1a864941bfa6122c"


def test_any_position_gives_the_same_rest() -> None:
    assert rests_differ("simulator:symbols=10,events=18000") == []


def test_the_end_of_a_huge_day_is_reached_at_once() -> None:
    source = open_source("simulator:symbols=500,events=10000000000", "market")
    source.open({"batch": 10_000_000_000 // 4096})
    batch = source.read()
    assert batch is not None
    assert batch.records[-1].sequence == 10_000_000_000
    assert source.read() is None


def test_every_event_is_numbered_and_counted(day: list[Any]) -> None:
    assert [record.sequence for record in day] == list(range(1, 100_001))
    assert len({record.event_id_hi for record in day}) == 100_000
    assert open_source(DAY, "market").expected_records() == 100_000


@pytest.mark.parametrize("numbers", ["symbols=1,events=1", "symbols=1,events=17", "symbols=1000,events=100"])
def test_small_days_have_all_their_events(numbers: str) -> None:
    assert len(read(f"simulator:{numbers}")) == int(numbers.rpartition("=")[2])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 59), st.integers(1, 60), st.integers(1, 4_000))
def test_any_plan_gives_sound_events_in_time(seed: int, symbols: int, events: int) -> None:
    plan = MarketDayPlan(seed, symbols, events, OPEN_NS, CLOSE_NS, bad_ticks=0)
    records = records_of(batches_of(Simulator("market", plan)))
    assert len(records) == events
    assert between(records, OPEN_NS - 3 * HALF_HOUR - SECOND, CLOSE_NS + 2 * HALF_HOUR) == events
    assert [r for r in records if r.kind == QUOTE and not 0 < r.bid_price_e8 < r.ask_price_e8 < 10**12] == []
    assert [r for r in records if r.kind == TRADE and (r.price_e8 <= 0 or r.quantity <= 0)] == []


def test_activity_is_a_u(day: list[Any]) -> None:
    opening, midday, closing = (
        between(day, start, start + HALF_HOUR) for start in (OPEN_NS, OPEN_NS + 6 * HALF_HOUR, CLOSE_NS - HALF_HOUR)
    )
    assert opening > 1.7 * midday
    assert closing > 1.7 * midday


def test_a_little_happens_before_and_after_regular_hours(day: list[Any]) -> None:
    assert 0.02 < between(day, 0, OPEN_NS) / len(day) < 0.04
    assert 0.01 < between(day, CLOSE_NS + 3 * SECOND, 1 << 62) / len(day) < 0.03


def test_activity_comes_in_bursts(day: list[Any]) -> None:
    seconds = Counter(record.event_time_ns // SECOND for record in day if OPEN_NS <= record.event_time_ns < CLOSE_NS)
    counts = [seconds[second] for second in range(OPEN_NS // SECOND, CLOSE_NS // SECOND)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert variance > 10 * mean


def test_a_few_symbols_have_most_of_the_activity(day: list[Any]) -> None:
    counts = [count for _, count in Counter(record.symbol for record in day).most_common()]
    assert len(counts) == 20
    assert counts[0] > 4 * counts[10]


def test_a_fifth_to_a_third_of_the_events_are_trades(day: list[Any]) -> None:
    assert 0.18 < sum(record.kind == TRADE for record in day) / len(day) < 0.33


def test_all_venues_quote(day: list[Any]) -> None:
    quotes = Counter(record.venue for record in day if record.kind == QUOTE)
    assert sorted(quotes) == ["ARCX", "BATS", "EDGX", "IEXG", "XNAS", "XNYS"]
    assert min(quotes.values()) > 0.1 * sum(quotes.values())


def test_the_spread_is_a_tick_or_more_but_for_moments(day: list[Any]) -> None:
    spreads = spreads_in_ticks(day)
    assert 0 < sum(spread == 0 for spread in spreads) < 0.005 * len(spreads)
    assert 0 < sum(spread < 0 for spread in spreads) < 0.005 * len(spreads)


def test_the_spread_is_narrow_for_the_most_active_symbol(day: list[Any]) -> None:
    busiest = Counter(record.symbol for record in day).most_common(1)[0][0]
    regular = [r for r in day if r.symbol == busiest and OPEN_NS + 2 * HALF_HOUR < r.event_time_ns < CLOSE_NS]
    assert sorted(spreads_in_ticks(regular))[len(regular) // 3] <= 5


def test_quotes_are_on_ticks_of_a_cent_and_below_a_dollar_of_a_hundredth(day: list[Any]) -> None:
    prices = [record.bid_price_e8 for record in day if record.kind == QUOTE]
    low = [price for price in prices if price < 100_000_000]
    assert [price % 10_000 for price in low] == [0] * len(low)
    assert [price for price in prices if price >= 100_000_000 and price % 1_000_000 != 0] == []
    assert 0 < len(low) < len(prices) // 5


def test_trades_are_at_the_quotes_or_between(day: list[Any]) -> None:
    bids: dict[str, int] = {}
    asks: dict[str, int] = {}
    outside = trades = 0
    for record in day:
        if record.kind == QUOTE:
            bids[record.symbol + record.venue] = record.bid_price_e8
            asks[record.symbol + record.venue] = record.ask_price_e8
        elif record.kind == TRADE and record.conditions not in ("O", "6", "5"):
            venue = record.symbol + record.venue
            trades += 1
            outside += not bids.get(venue, 0) - 1 <= record.price_e8 <= asks.get(venue, 1 << 62) + 1
    assert outside < 0.02 * trades


def test_buyers_and_sellers_come_in_runs(day: list[Any]) -> None:
    sides: dict[str, list[int]] = defaultdict(list)
    for record in day:
        if record.kind == TRADE and record.side != 0:
            sides[record.symbol].append(record.side)
    same = [first == second for each in sides.values() for first, second in pairwise(each)]
    assert 0.58 < sum(same) / len(same) < 0.85


def test_sizes_are_odd_lots_round_lots_and_a_heavy_tail(day: list[Any]) -> None:
    sizes = [record.quantity for record in day if record.kind == TRADE and record.conditions not in ("O", "6", "5")]
    assert 0.35 < sum(size < 100 for size in sizes) / len(sizes) < 0.55
    assert 0.15 < sum(size == 100 for size in sizes) / len(sizes) < 0.35
    assert sorted(sizes)[len(sizes) // 2] == 100
    assert max(sizes) == 6000


def test_odd_lots_and_trades_outside_hours_are_marked(day: list[Any]) -> None:
    trades = [record for record in day if record.kind == TRADE and record.conditions not in ("O", "6", "5")]
    assert [trade for trade in trades if ("I" in trade.conditions) != (trade.quantity < 100)] == []
    outside = [trade for trade in trades if "T" in trade.conditions]
    assert between(outside, OPEN_NS, CLOSE_NS) == 0


def test_volatility_has_regimes(day: list[Any]) -> None:
    busiest = Counter(record.symbol for record in day).most_common(1)[0][0]
    prices = [r.price_e8 for r in day if r.symbol == busiest and r.kind == TRADE]
    moves = [abs(later - price) / price for price, later in pairwise(prices[::4])]
    size = len(moves) // 12
    means = [sum(moves[at : at + size]) / size for at in range(0, size * 12, size)]
    assert max(means) > 1.5 * min(means)


def test_each_symbol_opens_and_closes_once_on_its_listing_venue(day: list[Any]) -> None:
    opening, closing = prints(day, "O"), prints(day, "6")
    symbols = {record.symbol for record in day}
    assert len(opening) == len(closing) == len({print_.symbol for print_ in opening}) == len(symbols)
    assert [(first.symbol, first.venue) for first in opening] == [(last.symbol, last.venue) for last in closing]
    assert between(opening, OPEN_NS, OPEN_NS + 2 * SECOND) == len(opening)
    assert between(closing, CLOSE_NS, CLOSE_NS + 2 * SECOND) == len(closing)


def test_a_halt_is_told_and_nothing_trades_in_it_but_the_reopening_print(day: list[Any]) -> None:
    halted: dict[str, str] = {}
    story: dict[str, list[str]] = defaultdict(list)
    for record in day:
        if record.kind == STATUS:
            halted[record.symbol] = record.status
            story[record.symbol].append(record.status)
        elif record.kind == TRADE and halted.get(record.symbol, "TRADING") != "TRADING":
            story[record.symbol].append(record.conditions)
    assert list(story.values()) == [["HALTED", "QUOTING", "5", "TRADING"]] * len(story)
    assert len(story) > 0


def test_events_are_out_of_order_by_at_most_fifty_milliseconds(day: list[Any]) -> None:
    latest = 0
    behind = []
    for record in day:
        behind.append(latest - record.event_time_ns)
        latest = max(latest, record.event_time_ns)
    assert max(behind) <= 50_000_000
    assert 0.01 < sum(each > 0 for each in behind) / len(day) < 0.2


def test_each_venues_own_messages_are_in_order(day: list[Any]) -> None:
    venues: dict[str, list[Any]] = defaultdict(list)
    for record in day:
        if record.conditions not in ("O", "6"):
            venues[record.venue].append(record)
    pairs = [pair for messages in venues.values() for pair in pairwise(messages)]
    assert [pair for pair in pairs if pair[0].event_time_ns > pair[1].event_time_ns] == []
    assert [pair for pair in pairs if pair[0].venue_sequence >= pair[1].venue_sequence] == []


def bad_ticks(records: list[Any]) -> Counter[str]:
    """Bad ticks by kind, as a reader of the feed can tell them."""
    found: Counter[str] = Counter()
    last_sequence: dict[str, int] = {}
    for earlier, record in pairwise(records):
        found["zero price"] += record.kind == TRADE and record.price_e8 == 0
        found["negative size"] += record.quantity < 0
        found["late"] += record.conditions == "Z"
        found["crossed"] += record.kind == QUOTE and record.bid_price_e8 > record.ask_price_e8
        found["empty"] += record.kind == QUOTE and record.ask_price_e8 == 0
        found["repeated"] += record.venue_sequence == earlier.venue_sequence
        found["old"] += record.venue_sequence < last_sequence.get(record.venue, 0)
        last_sequence[record.venue] = max(record.venue_sequence, last_sequence.get(record.venue, 0))
    return found


def test_each_kind_of_bad_tick_has_its_share(bad_day: list[Any]) -> None:
    found = bad_ticks(bad_day)
    assert len(found) == 7
    assert [kind for kind, count in found.items() if not 350 < count < 650] == []


def test_some_trades_are_far_off_the_market(bad_day: list[Any]) -> None:
    usual: dict[str, int] = {}
    off = 0
    for record in bad_day:
        if record.kind == TRADE and record.price_e8 > 0:
            price = usual.setdefault(record.symbol, record.price_e8)
            off += not 0.6 < record.price_e8 / price < 1.45
    assert 300 < off < 700


def test_bad_ticks_can_be_left_out(day: list[Any]) -> None:
    assert +bad_ticks(day) == Counter()


def test_late_trades_are_later_than_any_disorder(bad_day: list[Any]) -> None:
    latest = 0
    lateness = []
    for record in bad_day:
        if record.conditions == "Z":
            lateness.append(latest - record.event_time_ns)
        latest = max(latest, record.event_time_ns)
    assert min(lateness) > 29 * SECOND


def test_an_early_close_is_kept() -> None:
    records = read("simulator:symbols=5,events=5000,date=2026-11-27,bad_ticks=0")
    closing = int(datetime(2026, 11, 27, 13, 0, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND
    assert between(prints(records, "6"), closing, closing + 2 * SECOND) == 5


@pytest.mark.parametrize(("date", "utc_hour"), [("2026-10-30", 13), ("2026-11-02", 14)])
def test_the_session_follows_new_yorks_clock(date: str, utc_hour: int) -> None:
    opening = prints(read(f"simulator:symbols=1,events=500,date={date}"), "O")[0]
    assert opening.event_time_ns // (3600 * SECOND) % 24 == utc_hour
