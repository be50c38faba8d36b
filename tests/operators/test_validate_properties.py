"""Properties of validate: one outcome for any request whatsoever; a restart anywhere changes nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.testing.harness import OperatorHarness
from operators.reject_rules import CHAPTERS
from schemas.generated.events import (
    INSTRUMENT_CHANGED,
    ORDER_CANCEL_REQUESTED,
    ORDER_PLACED,
    ORDER_REPLACE_REQUESTED,
    PRICE_UPDATED,
    TRADING_STATUS_CHANGED,
    InstrumentChanged,
    OrderCancelRequested,
    OrderPlaced,
    OrderReplaceRequested,
    PriceUpdated,
    TickStep,
    TradingStatusChanged,
)
from tests.operators.order_requests import (
    CENT,
    DAY,
    DOLLAR,
    HOUR,
    SECOND,
    TEN,
    market,
    open_market,
    option,
    order,
    replace,
    stock,
    validator,
)

TABLE = {reason for _, rules in CHAPTERS for reason, _, _ in rules}
NOTIONAL_BOUND = 2**62

LONGS = st.integers(-(2**63), 2**63 - 1)
EDGES = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 2**62, 2**53, 900_000_000_000_000, 10**12])
PRICES = st.sampled_from([100 * DOLLAR, 99 * DOLLAR, 101 * DOLLAR, CENT]) | EDGES | LONGS
QUANTITIES = st.integers(1, 1_000) | EDGES | LONGS
TIMES = st.integers(TEN - 2 * DAY, TEN + 2 * DAY) | st.integers(TEN, TEN + HOUR) | EDGES | LONGS
NAMES = st.sampled_from(["A", "B"]) | st.text(max_size=70)
BOOLEANS = st.booleans()


def enum(size: int) -> st.SearchStrategy[int]:
    return st.integers(0, size - 1)


ORDERS = st.builds(
    OrderPlaced, TIMES, NAMES, NAMES, NAMES, enum(3), enum(4), enum(5), enum(8), enum(4), QUANTITIES, QUANTITIES,
    PRICES, PRICES, TIMES, BOOLEANS, BOOLEANS, enum(5),
)  # fmt: skip
PLAUSIBLE = st.builds(
    OrderPlaced, st.integers(TEN, TEN + 3 * SECOND), st.just("A"), NAMES, NAMES, enum(3), enum(2), enum(5), enum(8),
    enum(2), st.sampled_from([1, 100, 1_000_000]), st.sampled_from([0, 0, 1]), st.sampled_from([0, 99 * DOLLAR]),
    st.sampled_from([0, 101 * DOLLAR]), st.sampled_from([0, 0, TEN + DAY]), BOOLEANS, BOOLEANS, enum(5),
)  # fmt: skip
REPLACES = st.builds(
    OrderReplaceRequested, TIMES, NAMES, NAMES, NAMES, NAMES, enum(3), QUANTITIES, EDGES | QUANTITIES, PRICES, PRICES,
    TIMES,
)  # fmt: skip
CANCELS = st.builds(OrderCancelRequested, TIMES, NAMES, NAMES, NAMES, NAMES)
TICK_TABLES = st.just([]) | st.lists(st.builds(TickStep, EDGES | PRICES, EDGES | PRICES), max_size=40)
MONEY = st.integers(-(10**38) + 1, 10**38 - 1) | st.just(0)
INSTRUMENTS = st.builds(
    InstrumentChanged, event_time_ns=TIMES, symbol=NAMES, action=enum(3), instrument_type=enum(5),
    tick_table=TICK_TABLES, order_multiple=EDGES, multiplier=EDGES, listed_from_ns=EDGES, listed_to_ns=EDGES,
    expiry_ns=TIMES, underlying_symbol=NAMES, strike_price_e8=PRICES, option_right=enum(3), initial_margin_e8=PRICES,
    previous_close_price_e8=PRICES, order_quantity_max=QUANTITIES, order_notional_max_e8=MONEY, collar_bps=EDGES,
    underlying_price_e8=PRICES,
)  # fmt: skip
STATUSES = st.builds(
    TradingStatusChanged, event_time_ns=TIMES, status=enum(7), reason=enum(11), lower_band_e8=PRICES,
    upper_band_e8=PRICES, short_restricted=BOOLEANS,
)  # fmt: skip
UPDATES = st.builds(
    PriceUpdated, event_time_ns=TIMES, bid_price_e8=PRICES, ask_price_e8=PRICES, last_price_e8=PRICES,
    status=st.sampled_from(["TRADING", "HALTED", "PAUSED", "QUOTING", "", "?"]),
)  # fmt: skip
GOOD = st.sampled_from([stock(), option(), market(), order(), replace()])
RECORDS = ORDERS | PLAUSIBLE | REPLACES | CANCELS | INSTRUMENTS | STATUSES | UPDATES | GOOD
TYPES = {
    record_type.name: record_type
    for record_type in (
        ORDER_PLACED,
        ORDER_REPLACE_REQUESTED,
        ORDER_CANCEL_REQUESTED,
        INSTRUMENT_CHANGED,
        TRADING_STATUS_CHANGED,
        PRICE_UPDATED,
    )
}


def outcomes(harness: OperatorHarness, *records: Any) -> list[dict[str, Any]]:
    """What comes of the records, all under one key, with envelope."""
    harness.send(*records, key="A")
    return [record.to_dict() for record in harness.take()]


@settings(max_examples=400, deadline=None)
@given(ORDERS | PLAUSIBLE)
def test_any_order_is_validated_or_rejected_once(any_order: OrderPlaced) -> None:
    harness = open_market()
    harness.send(any_order, key="A")
    (outcome,) = harness.take()
    assert type(outcome).__name__ in ("OrderValidated", "OrderRejected")
    assert (outcome.account, outcome.order_id) == (any_order.account, any_order.order_id)
    assert getattr(outcome, "reason", min(TABLE)) in TABLE


@settings(max_examples=400, deadline=None)
@given(INSTRUMENTS, STATUSES, UPDATES, ORDERS | PLAUSIBLE)
def test_no_reference_data_or_market_makes_an_order_fail(
    instrument: InstrumentChanged, told: TradingStatusChanged, update: PriceUpdated, any_order: OrderPlaced
) -> None:
    assert len(outcomes(validator(), instrument, told, update, any_order)) == 1


@settings(max_examples=250, deadline=None)
@given(REPLACES | CANCELS)
def test_any_request_is_validated_or_rejected_once(request_: Any) -> None:
    assert len(outcomes(open_market(order()), request_)) == 2


@settings(max_examples=250, deadline=None)
@given(st.lists(INSTRUMENTS | UPDATES, max_size=4), QUANTITIES, PRICES)
def test_what_passes_stays_below_2_62_in_every_product_of_quantity_multiplier_and_price(
    told: list[Any], quantity: int, price_e8: int
) -> None:
    harness = open_market(stock(collar_bps=0), *told, order(quantity=quantity, limit_price_e8=price_e8))
    passed = [record for record in harness.take() if type(record).__name__ == "OrderValidated"]
    highest = [max(record.limit_price_e8, record.reference_price_e8) for record in passed]
    assert all(
        record.quantity * record.multiplier * price < NOTIONAL_BOUND
        for record, price in zip(passed, highest, strict=True)
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(RECORDS, max_size=20), st.integers(0, 20))
def test_a_restart_anywhere_changes_nothing(records: list[Any], place: int) -> None:
    through = open_market(order_ids_max=4)
    stopped = open_market(order_ids_max=4)
    expected = outcomes(through, *records)
    before = outcomes(stopped, *records[:place])
    resumed = validator(order_ids_max=4)
    resumed.restore(stopped.snapshot())
    assert before + outcomes(resumed, *records[place:]) == expected
    assert resumed.snapshot() == through.snapshot()


@settings(max_examples=100, deadline=None)
@given(st.lists(RECORDS, max_size=10))
def test_records_that_went_through_avro_have_the_same_outcome(records: list[Any]) -> None:
    decoded = [TYPES[type(record).__name__].from_dict(record.to_dict()) for record in records]
    assert outcomes(open_market(), *decoded) == outcomes(open_market(), *records)


@settings(max_examples=150, deadline=None)
@given(st.lists(PLAUSIBLE, max_size=40))
def test_an_id_is_accepted_once_a_day(orders: list[OrderPlaced]) -> None:
    passed = [outcome for outcome in outcomes(open_market(), *orders) if "action" in outcome]
    ids = [(outcome["account"], outcome["order_id"]) for outcome in passed]
    assert len(set(ids)) == len(ids)
