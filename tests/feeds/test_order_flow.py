from __future__ import annotations

import hashlib
import tracemalloc
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.feeds.open_source import open_source
from jobs.feeds.order_faults import FAULT_KINDS
from schemas.generated.events import (
    ORDER_SESSION_SYMBOLS,
    ORDER_TYPE_SYMBOLS,
    SALE_MARKING_LONG,
    SALE_MARKING_SYMBOLS,
    SELF_TRADE_PREVENTION_SYMBOLS,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_SYMBOLS,
    OrderCancelRequested,
    OrderPlaced,
    OrderReplaceRequested,
    PriceUpdated,
)
from tests.feeds.order_desk import OrderDesk, day_of
from tests.feeds.reading import data_of, read, rests_differ

MARKET = "seed=7,symbols=20,events=20000"
FLOW = f"order_flow:{MARKET},accounts=1000,orders=20000"
SMALL = f"order_flow:{MARKET},orders=3000"
TINY = "symbols=3,events=500"
SECOND = 1_000_000_000
HALTS = {"SYMBOL_HALTED", "SYMBOL_PAUSED", "ORDER_ALREADY_REJECTED"}
"""What a request may meet that has no fault: the symbol does not trade just then."""


@pytest.fixture(scope="module")
def flow() -> list[Any]:
    """A flow without faults."""
    return read(f"{FLOW},faults=0")


@pytest.fixture(scope="module")
def orders(flow: list[Any]) -> list[Any]:
    return of(flow, OrderPlaced)


@pytest.fixture(scope="module")
def judged() -> OrderDesk:
    """A flow without faults, held against the rules of instruments and market."""
    return OrderDesk("validate").run(day_of(MARKET, "accounts=1000", "orders=20000,faults=0"))


def of(records: list[Any], kind: type) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def share(part: list[Any], whole: list[Any]) -> float:
    return len(part) / len(whole)


def test_two_runs_give_the_same_bytes() -> None:
    assert data_of(read(SMALL)) == data_of(read(SMALL))


@pytest.mark.parametrize(
    "other", ["seed=8", "symbols=21", "events=20016", "date=2026-11-19", "accounts=500", "orders=3016", "cancels=300"]
)
def test_other_parameters_give_other_bytes(other: str) -> None:
    parts = {"seed": "7", "symbols": "20", "events": "20000", "date": "2026-11-20", "accounts": "1000"}
    parts |= {"orders": "3000", "cancels": "220"}
    changed = parts | dict([other.split("=")])
    texts = [",".join(f"{name}={value}" for name, value in each.items()) for each in (parts, changed)]
    assert data_of(read(f"order_flow:{texts[0]}")) != data_of(read(f"order_flow:{texts[1]}"))


def test_any_position_gives_the_same_rest() -> None:
    assert rests_differ(f"{FLOW},faults=100") == []


def test_the_end_of_a_huge_day_is_reached_at_once() -> None:
    source = open_source("order_flow:symbols=500,events=10000000000,accounts=10000000,orders=4000000000", "orders")
    source.open({"batch": 4_000_000_000 // 4096})
    batch = source.read()
    assert batch is not None
    assert batch.records[-1].sequence == 4_000_000_000
    assert source.read() is None


@pytest.mark.parametrize("numbers", ["orders=1", "orders=17", "symbols=1,events=1,accounts=1,orders=500"])
def test_small_flows_have_all_their_requests(numbers: str) -> None:
    assert len(read(f"order_flow:{numbers}")) == int(numbers.rpartition("=")[2])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 59), st.integers(1, 60), st.integers(1, 4_000), st.integers(1, 5_000), st.integers(1, 700))
def test_any_flow_has_prices_on_ticks_and_times_in_order(
    seed: int, symbols: int, events: int, accounts: int, requests: int
) -> None:
    numbers = f"seed={seed},symbols={symbols},events={events},accounts={accounts},orders={requests},faults=0"
    records = read(f"order_flow:{numbers}")
    prices = [record.limit_price_e8 for record in records if not isinstance(record, OrderCancelRequested)]
    prices += [record.stop_price_e8 for record in records if not isinstance(record, OrderCancelRequested)]
    assert len(records) == requests
    assert [price for price in prices if price < 0 or price % (1_000_000 if price >= 10**8 else 10_000) != 0] == []
    assert min(record.quantity for record in of(records, OrderPlaced)) > 0
    assert [pair for pair in pairwise(records) if pair[0].event_time_ns > pair[1].event_time_ns] == []


def test_every_request_is_numbered_and_counted(flow: list[Any]) -> None:
    assert [record.sequence for record in flow] == list(range(1, 20_001))
    assert len({record.event_id_hi for record in flow}) == 20_000
    assert open_source(FLOW, "orders").expected_records() == 20_000


def test_requests_come_in_order_of_time(flow: list[Any]) -> None:
    assert [pair for pair in pairwise(flow) if pair[0].event_time_ns > pair[1].event_time_ns] == []


def test_two_thirds_are_new_orders_a_fifth_cancels_and_a_tenth_replaces(flow: list[Any]) -> None:
    assert 0.64 < share(of(flow, OrderPlaced), flow) < 0.76
    assert 0.16 < share(of(flow, OrderCancelRequested), flow) < 0.23
    assert 0.08 < share(of(flow, OrderReplaceRequested), flow) < 0.12


def test_the_mix_can_be_steered() -> None:
    kinds = Counter(type(record).__name__ for record in read(f"{SMALL},cancels=0,replaces=0,faults=0"))
    assert kinds == {"OrderPlaced": 3000}
    kinds = Counter(type(record).__name__ for record in read(f"{SMALL},cancels=100,replaces=400"))
    assert kinds["OrderReplaceRequested"] > 2 * kinds["OrderCancelRequested"] > 0


def test_all_types_times_sessions_and_instructions_are_there(orders: list[Any]) -> None:
    assert {ORDER_TYPE_SYMBOLS[order.order_type] for order in orders} == {*ORDER_TYPE_SYMBOLS} - {"NONE"}
    assert {TIME_IN_FORCE_SYMBOLS[order.time_in_force] for order in orders} == {*TIME_IN_FORCE_SYMBOLS} - {"NONE"}
    assert {ORDER_SESSION_SYMBOLS[order.session] for order in orders} == {*ORDER_SESSION_SYMBOLS}
    assert {SALE_MARKING_SYMBOLS[order.marking] for order in orders} == {*SALE_MARKING_SYMBOLS}
    assert {SELF_TRADE_PREVENTION_SYMBOLS[order.self_trade_prevention] for order in orders} == {
        *SELF_TRADE_PREVENTION_SYMBOLS
    }
    assert min(sum(getattr(order, name) for order in orders) for name in ("post_only", "all_or_none")) > 100
    assert sum(0 < order.display_quantity < order.quantity for order in orders) > 100


def test_a_few_accounts_and_symbols_have_most_of_the_orders(orders: list[Any]) -> None:
    accounts = [count for _, count in Counter(order.account for order in orders).most_common()]
    symbols = [count for _, count in Counter(order.symbol for order in orders).most_common()]
    assert len(accounts) > 800
    assert sum(accounts[:100]) > 0.4 * len(orders)
    assert symbols[0] > 3 * symbols[10]


def test_names_and_ids_are_within_what_validate_takes(flow: list[Any], orders: list[Any]) -> None:
    assert max(len(record.account) for record in flow) <= 40
    assert max(len(record.order_id) for record in flow) <= 64
    assert len({(order.account, order.order_id) for order in orders}) == len(orders)


def test_cancels_and_replaces_are_of_orders_placed_before_by_the_same_account(flow: list[Any]) -> None:
    placed: dict[str, Any] = {}
    strange = []
    for record in flow:
        if isinstance(record, OrderPlaced):
            placed[record.order_id] = record
        else:
            order = placed.get(record.order_id)
            if order is None or (order.account, order.symbol) != (record.account, record.symbol):
                strange.append(record)
    assert strange == []


def test_few_orders_are_cancelled_twice(flow: list[Any]) -> None:
    cancelled = Counter(record.order_id for record in of(flow, OrderCancelRequested))
    assert sum(count - 1 for count in cancelled.values()) < 0.02 * len(cancelled)


def test_long_sales_close_what_the_account_has_bought(orders: list[Any]) -> None:
    bought: Counter[tuple[str, str]] = Counter()
    uncovered = sales = 0
    for order in orders:
        if order.side == SIDE_BUY:
            bought[order.account, order.symbol] += order.quantity
        elif order.marking == SALE_MARKING_LONG:
            sales += 1
            uncovered += bought[order.account, order.symbol] < order.quantity
    assert sales > 0.03 * len(orders)
    assert uncovered < 0.06 * sales


def test_every_order_of_a_flow_without_faults_passes_validate(judged: OrderDesk) -> None:
    assert set(judged.refusals("VALIDATE")) - HALTS == set()
    assert judged.refused.total() < 0.03 * 20_000
    assert judged.given["OrderValidated"] + judged.refused.total() == 20_000


@pytest.mark.parametrize(
    ("market", "accounts"),
    [
        ("seed=1,symbols=3,events=3000", "accounts=5"),
        ("seed=2,symbols=200,events=20000,date=2026-11-27", "accounts=100000"),
        ("seed=3,symbols=40,events=1000,date=2026-03-09", "accounts=200"),
    ],
)
def test_flows_of_other_markets_pass_validate_too(market: str, accounts: str) -> None:
    desk = OrderDesk("validate").run(day_of(market, accounts, "orders=4000,faults=0"))
    far = {"PRICE_OUTSIDE_COLLAR", "STOP_PRICE_ON_WRONG_SIDE"}
    assert set(desk.refusals("VALIDATE")) - HALTS - far == set()
    assert desk.refused.total() < 0.05 * 4000


def test_prices_are_near_the_simulated_market() -> None:
    normalise = OrderDesk("normalise").harnesses["normalise"]
    market: dict[str, Any] = {}
    distances = []
    for record in day_of(MARKET, "accounts=1000", "orders=20000,faults=0"):
        if type(record).__name__ == "MarketDataReceived":
            normalise.send(record)
            market |= {update.symbol: update for update in normalise.take() if isinstance(update, PriceUpdated)}
        elif isinstance(record, OrderPlaced) and record.limit_price_e8 > 0 and record.symbol in market:
            last = market[record.symbol].last_price_e8 or record.limit_price_e8
            distances.append(abs(record.limit_price_e8 - last) / last)
    distances.sort()
    assert distances[len(distances) // 2] < 0.005
    assert distances[len(distances) * 99 // 100] < 0.05


def test_a_million_accounts_take_no_more_memory_than_ten() -> None:
    peaks = [peak_of(f"order_flow:{TINY},orders=4096,accounts={accounts}") for accounts in (10, 1_000_000)]
    assert peaks[1] < 1.1 * peaks[0]


def test_memory_does_not_grow_with_the_orders() -> None:
    peaks = [peak_of(f"order_flow:{TINY},accounts=1000,orders={orders}") for orders in (8192, 20_000)]
    assert peaks[1] < 1.1 * peaks[0]


def peak_of(specification: str) -> int:
    """Most memory in use while a source is read, each batch forgotten before the next."""
    source = open_source(specification, "orders")
    tracemalloc.start()
    source.open(None)
    while source.read() is not None:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_faults_are_refused_each_with_its_own_reason() -> None:
    desk = OrderDesk("risk").run(day_of(MARKET, "accounts=1000", "orders=8000,faults=300,self_trades=0"))
    reasons = {reason for _, reason in desk.refused}
    assert reasons >= {
        *("PRICE_OUTSIDE_COLLAR", "QUANTITY_ABOVE_LIMIT", "QUANTITY_NOT_POSITIVE", "LIMIT_PRICE_NOT_ON_TICK"),
        *("LIMIT_PRICE_MISSING", "LIMIT_PRICE_NOT_POSITIVE", "SIDE_MISSING", "MARKING_MISSING", "MARKING_NOT_ALLOWED"),
        *("ORDER_TYPE_MISSING", "TIME_IN_FORCE_MISSING", "EXPIRY_MISSING", "EXPIRY_IN_THE_PAST", "SYMBOL_UNKNOWN"),
        *("STOP_PRICE_ON_WRONG_SIDE", "POST_ONLY_CONTRADICTS_TIME_IN_FORCE", "DISPLAY_QUANTITY_ABOVE_QUANTITY"),
        *("ACCOUNT_UNKNOWN", "ACCOUNT_MISSING", "ORDER_ID_MISSING", "ORDER_ID_DUPLICATE", "SALE_ABOVE_POSITION"),
        *("SHORT_SALE_NOT_SHORTABLE", "SHORT_SALE_NOT_PERMITTED"),
    }
    assert FAULT_KINDS == 25
    assert 0.2 * 8000 < desk.refused.total() < 0.45 * 8000


def test_the_day_ends_as_a_day_does() -> None:
    """Most orders are accepted, half are filled, and no event is impossible."""
    desk = OrderDesk().run(day_of(MARKET, "accounts=1000", "orders=10000"))
    placed = desk.taken["OrderPlaced"]
    filled = sum(left == 0 for left in desk.left.values())
    assert 0.95 * placed < desk.given["OrderAccepted"] + desk.given["OrderSuspended"]
    assert 0.4 * placed < filled < 0.75 * placed
    assert desk.given["OrderRejected"] < 0.06 * placed
    assert desk.given["OrderCancelRejected"] < 0.4 * desk.taken["OrderCancelRequested"]
    assert min(desk.given[name] for name in ("OrderExpired", "OrderTriggered", "OrderReplaced", "AuctionCompleted")) > 0
    assert desk.given["OrderTransitionRefused"] == 0


def test_some_orders_would_trade_with_their_own_account() -> None:
    plain, selves = read(f"{SMALL},self_trades=0,faults=0"), read(f"{SMALL},self_trades=200,faults=0")
    assert crossings(selves) > crossings(plain) + 100


def crossings(records: list[Any]) -> int:
    """Orders at the same price as one of the other side of the same account within a second before."""
    found = 0
    recent: dict[tuple[str, str, int], Any] = {}
    for order in of(records, OrderPlaced):
        opposite = SIDE_SELL if order.side == SIDE_BUY else SIDE_BUY
        other = recent.get((order.account, order.symbol, opposite))
        found += other is not None and order.event_time_ns - other.event_time_ns < 3 * SECOND
        recent[order.account, order.symbol, order.side] = order
    return found


def test_the_bytes_are_those_of_every_machine_and_release() -> None:
    digest = hashlib.sha256(data_of(read("order_flow:seed=1,symbols=50,events=10000,orders=5000,faults=50", "orders")))
    assert digest.hexdigest() == "6d2ac377e7b180ce90649cc3d1b215e9030ab8644fa259cadc62720c94d57218"
