"""Validate by hand: one case a reason, and what a good order carries on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from operators.reject_rules import CHAPTERS, reject_reasons_page
from operators.validate import ValidateParameters
from schemas.generated.events import (
    INSTRUMENT_ACTION_DELISTED,
    ORDER_REJECT_REASON_SYMBOLS,
    ORDER_SESSION_ALL_DAY,
    ORDER_SESSION_POST_MARKET,
    ORDER_SESSION_PRE_MARKET,
    ORDER_TYPE_MARKET,
    ORDER_TYPE_STOP,
    ORDER_TYPE_STOP_LIMIT,
    SALE_MARKING_LONG,
    SALE_MARKING_SHORT,
    SIDE_NONE,
    SIDE_SELL,
    TIME_IN_FORCE_AT_THE_CLOSE,
    TIME_IN_FORCE_AT_THE_OPEN,
    TIME_IN_FORCE_FILL_OR_KILL,
    TIME_IN_FORCE_GOOD_TILL_CANCELLED,
    TIME_IN_FORCE_GOOD_TILL_DATE,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    TIME_IN_FORCE_NONE,
    TRADING_STATUS_AUCTION,
    TRADING_STATUS_CLOSED,
    TRADING_STATUS_HALTED,
    TRADING_STATUS_PAUSED,
    TRADING_STATUS_PRE_OPEN,
    TRADING_STATUS_QUOTING,
    TRADING_STATUS_REASON_LULD_PAUSE,
    TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_1,
    TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_3,
    TRADING_STATUS_REASON_NEWS_PENDING,
    TickStep,
)
from tests.operators.order_requests import (
    CENT,
    DAY,
    DOLLAR,
    SECOND,
    TEN,
    at,
    cancel,
    future,
    market,
    open_market,
    option,
    order,
    reason_of,
    replace,
    status,
    stock,
    validator,
)

I64_MAX = 2**63 - 1
I64_MIN = -(2**63)
GTC = {"time_in_force": TIME_IN_FORCE_GOOD_TILL_CANCELLED}
GTD = {"time_in_force": TIME_IN_FORCE_GOOD_TILL_DATE}
IOC = {"time_in_force": TIME_IN_FORCE_IMMEDIATE_OR_CANCEL}
AT_MARKET = {"order_type": ORDER_TYPE_MARKET, "limit_price_e8": 0}
AT_OPEN = {"time_in_force": TIME_IN_FORCE_AT_THE_OPEN}
AT_CLOSE = {"time_in_force": TIME_IN_FORCE_AT_THE_CLOSE}
STOP = {"order_type": ORDER_TYPE_STOP, "limit_price_e8": 0, "stop_price_e8": 101 * DOLLAR}
STOP_LIMIT = {"order_type": ORDER_TYPE_STOP_LIMIT, "stop_price_e8": 101 * DOLLAR, "limit_price_e8": 102 * DOLLAR}
SALE = {"side": SIDE_SELL, "marking": SALE_MARKING_LONG}
REJECTED = order(quantity=0)
HALT = {"status": TRADING_STATUS_HALTED}

Case = tuple[str, tuple[Any, ...], Any]
CASES: list[Case] = [
    ("REQUEST_ID_MISSING", (), cancel(request_id="")),
    ("REQUEST_ID_MISSING", (order(),), replace(request_id="")),
    ("REQUEST_ID_MALFORMED", (), cancel(request_id="r" * 65)),
    ("REQUEST_ID_MALFORMED", (order(),), replace(request_id="r\n")),
    ("EVENT_TIME_OUT_OF_RANGE", (), order(event_time_ns=0)),
    ("EVENT_TIME_OUT_OF_RANGE", (), order(event_time_ns=I64_MIN)),
    ("EVENT_TIME_OUT_OF_RANGE", (), order(event_time_ns=I64_MAX)),
    ("EVENT_TIME_OUT_OF_RANGE", (), cancel(event_time_ns=at("2036-01-01T00:00"))),
    ("SYMBOL_MISSING", (), order(symbol="")),
    ("ACCOUNT_MISSING", (), order(account="")),
    ("ACCOUNT_MALFORMED", (), order(account="A" * 41)),
    ("ACCOUNT_MALFORMED", (), order(account="ACC\x1f1")),
    ("ACCOUNT_MALFORMED", (), order(account="ÄCC")),
    ("ORDER_ID_MISSING", (), order(order_id="")),
    ("ORDER_ID_TOO_LONG", (), order(order_id="o" * 65)),
    ("ORDER_ID_MALFORMED", (), order(order_id="order\x1f1")),
    ("ORDER_ID_MALFORMED", (), order(order_id="order\x7f")),
    ("ORDER_ID_DUPLICATE", (order(),), order(quantity=200)),
    ("ORDER_ID_DUPLICATE", (REJECTED,), order()),
    ("REQUEST_ID_DUPLICATE", (order(), replace()), replace(limit_price_e8=98 * DOLLAR)),
    ("ORDER_ALREADY_REJECTED", (REJECTED,), replace()),
    ("ORDER_ALREADY_REJECTED", (REJECTED,), cancel()),
    ("REPLACE_CHANGES_SIDE", (order(),), replace(side=SIDE_SELL)),
    ("REPLACE_CHANGES_TYPE", (order(),), replace(limit_price_e8=0)),
    ("REPLACE_CHANGES_TYPE", (order(),), replace(stop_price_e8=98 * DOLLAR)),
    ("SIDE_MISSING", (), order(side=SIDE_NONE)),
    ("SIDE_MISSING", (), order(side=I64_MAX)),
    ("ORDER_TYPE_MISSING", (), order(order_type=0)),
    ("TIME_IN_FORCE_MISSING", (), order(time_in_force=TIME_IN_FORCE_NONE)),
    ("QUANTITY_NOT_POSITIVE", (), order(quantity=0)),
    ("QUANTITY_NOT_POSITIVE", (), order(quantity=I64_MIN)),
    ("QUANTITY_ABOVE_LIMIT", (), order(quantity=I64_MAX)),
    ("QUANTITY_ABOVE_LIMIT", (), order(quantity=10_000_001)),
    ("QUANTITY_ABOVE_LIMIT", (stock(order_quantity_max=500),), order(quantity=501)),
    ("QUANTITY_ABOVE_LIMIT", (order(),), replace(quantity=I64_MAX)),
    ("LIMIT_PRICE_NOT_POSITIVE", (), order(limit_price_e8=-1)),
    ("LIMIT_PRICE_NOT_POSITIVE", (), order(limit_price_e8=I64_MIN)),
    ("STOP_PRICE_NOT_POSITIVE", (), order(**{**STOP, "stop_price_e8": -DOLLAR})),
    ("PRICE_ABOVE_LIMIT", (), order(limit_price_e8=I64_MAX)),
    ("PRICE_ABOVE_LIMIT", (), order(**{**STOP, "stop_price_e8": I64_MAX})),
    ("LIMIT_PRICE_MISSING", (), order(limit_price_e8=0)),
    ("LIMIT_PRICE_NOT_ALLOWED", (), order(order_type=ORDER_TYPE_MARKET)),
    ("STOP_PRICE_MISSING", (), order(**{**STOP, "stop_price_e8": 0})),
    ("STOP_PRICE_NOT_ALLOWED", (), order(stop_price_e8=DOLLAR)),
    ("STOP_AND_LIMIT_CONTRADICT", (), order(**{**STOP_LIMIT, "limit_price_e8": 100 * DOLLAR})),
    ("STOP_AND_LIMIT_CONTRADICT", (), order(**{**STOP_LIMIT, **SALE, "stop_price_e8": 99 * DOLLAR})),
    ("TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE", (), order(**AT_MARKET, **GTC)),
    ("TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE", (), order(**STOP, **IOC)),
    ("TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE", (), order(**STOP_LIMIT, **AT_OPEN)),
    ("EXPIRY_MISSING", (), order(**GTD)),
    ("EXPIRY_NOT_ALLOWED", (), order(expire_time_ns=TEN + DAY)),
    ("EXPIRY_IN_THE_PAST", (), order(**GTD, expire_time_ns=TEN)),
    ("EXPIRY_IN_THE_PAST", (), order(**GTD, expire_time_ns=I64_MIN)),
    ("EXPIRY_TOO_FAR", (), order(**GTD, expire_time_ns=TEN + 365 * DAY + 1)),
    ("EXPIRY_TOO_FAR", (), order(**GTD, expire_time_ns=I64_MAX)),
    ("MARKET_ORDER_OUTSIDE_REGULAR_HOURS", (), order(**AT_MARKET, session=ORDER_SESSION_ALL_DAY)),
    ("MARKET_ORDER_OUTSIDE_REGULAR_HOURS", (), order(**STOP, session=ORDER_SESSION_PRE_MARKET)),
    ("POST_ONLY_CONTRADICTS_TYPE", (), order(**AT_MARKET, post_only=True)),
    ("POST_ONLY_CONTRADICTS_TIME_IN_FORCE", (), order(**IOC, post_only=True)),
    ("POST_ONLY_CONTRADICTS_TIME_IN_FORCE", (), order(**AT_CLOSE, post_only=True)),
    ("DISPLAY_QUANTITY_NEGATIVE", (), order(display_quantity=-1)),
    ("DISPLAY_QUANTITY_ABOVE_QUANTITY", (), order(display_quantity=101)),
    ("DISPLAY_QUANTITY_NOT_ALLOWED", (), order(**AT_MARKET, display_quantity=50)),
    ("DISPLAY_QUANTITY_NOT_ALLOWED", (), order(**IOC, display_quantity=50)),
    ("ALL_OR_NONE_NOT_ALLOWED", (), order(all_or_none=True, post_only=True)),
    ("ALL_OR_NONE_NOT_ALLOWED", (), order(all_or_none=True, display_quantity=50)),
    ("ALL_OR_NONE_NOT_ALLOWED", (), order(**AT_CLOSE, all_or_none=True)),
    ("MARKING_NOT_ALLOWED", (), order(marking=SALE_MARKING_LONG)),
    ("MARKING_NOT_ALLOWED", (option(),), order(side=SIDE_SELL, marking=SALE_MARKING_SHORT)),
    ("INSTRUMENT_DATA_INVALID", (stock(order_multiple=0),), order()),
    ("INSTRUMENT_DATA_INVALID", (stock(instrument_type=0),), order()),
    ("INSTRUMENT_DATA_INVALID", (stock(multiplier=100),), order()),
    ("INSTRUMENT_DATA_INVALID", (stock(collar_bps=-1),), order()),
    ("INSTRUMENT_DATA_INVALID", (stock(tick_table=[TickStep(0, 0)]),), order()),
    ("INSTRUMENT_DATA_INVALID", (stock(tick_table=[TickStep(DOLLAR, CENT)]),), order()),
    ("INSTRUMENT_DATA_INVALID", (option(strike_price_e8=0),), order()),
    ("INSTRUMENT_DATA_INVALID", (option(option_right=0),), order()),
    ("INSTRUMENT_DATA_INVALID", (option(expiry_ns=0),), order()),
    ("INSTRUMENT_DATA_INVALID", (future(initial_margin_e8=0),), order()),
    ("INSTRUMENT_DATA_INVALID", (future(tick_table=[]),), order()),
    ("INSTRUMENT_NOT_YET_LISTED", (stock(listed_from_ns=TEN + 1),), order()),
    ("INSTRUMENT_EXPIRED", (option(expiry_ns=TEN),), order()),
    ("INSTRUMENT_EXPIRED", (future(expiry_ns=TEN),), order()),
    ("INSTRUMENT_DELISTED", (stock(listed_to_ns=TEN),), order()),
    ("INSTRUMENT_DELISTED", (stock(action=INSTRUMENT_ACTION_DELISTED),), order()),
    ("MARKING_MISSING", (), order(side=SIDE_SELL)),
    ("TIME_IN_FORCE_NOT_ALLOWED_FOR_INSTRUMENT", (option(),), order(**AT_CLOSE)),
    ("SESSION_NOT_ALLOWED", (option(),), order(session=ORDER_SESSION_ALL_DAY)),
    ("QUANTITY_NOT_IN_LOTS", (stock(order_multiple=100),), order(quantity=150)),
    ("DISPLAY_QUANTITY_NOT_IN_LOTS", (stock(order_multiple=100),), order(quantity=200, display_quantity=50)),
    ("LIMIT_PRICE_NOT_ON_TICK", (), order(limit_price_e8=100 * DOLLAR + CENT // 2)),
    ("LIMIT_PRICE_NOT_ON_TICK", (), order(limit_price_e8=CENT // 1000)),
    ("LIMIT_PRICE_NOT_ON_TICK", (option(),), order(limit_price_e8=100 * DOLLAR + 5 * CENT)),
    ("STOP_PRICE_NOT_ON_TICK", (), order(**{**STOP, "stop_price_e8": 101 * DOLLAR + 1})),
    ("MARKET_HALTED", (status(**HALT, reason=TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_1),), order()),
    ("MARKET_HALTED", (status(**HALT, reason=TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_3),), order()),
    ("SYMBOL_HALTED", (status(**HALT, reason=TRADING_STATUS_REASON_NEWS_PENDING),), order()),
    ("SYMBOL_HALTED", (market(status="HALTED"),), order()),
    ("SYMBOL_HALTED", (order(), status(**HALT)), replace()),
    ("SYMBOL_PAUSED", (status(status=TRADING_STATUS_PAUSED, reason=TRADING_STATUS_REASON_LULD_PAUSE),), order(**IOC)),
    ("SYMBOL_PAUSED", (status(status=TRADING_STATUS_QUOTING),), order(time_in_force=TIME_IN_FORCE_FILL_OR_KILL)),
    ("SYMBOL_PAUSED", (status(status=TRADING_STATUS_AUCTION),), order(**IOC)),
    ("SYMBOL_PAUSED", (market(status="PAUSED"),), order(**IOC)),
    ("SYMBOL_PAUSED", (market(status="QUOTING"),), order(**IOC)),
    ("SESSION_CLOSED", (), order(event_time_ns=at("2025-07-04T10:00"))),
    ("SESSION_CLOSED", (), order(event_time_ns=at("2025-07-19T10:00"))),
    ("SESSION_CLOSED", (), order(event_time_ns=at("2025-07-16T03:59:59"))),
    ("SESSION_CLOSED", (), order(event_time_ns=at("2025-07-16T20:00"))),
    ("SESSION_CLOSED", (status(status=TRADING_STATUS_CLOSED),), order()),
    ("SESSION_NOT_ALLOWED", (status(status=TRADING_STATUS_PRE_OPEN),), order(**IOC)),
    ("SESSION_NOT_ALLOWED", (), order(event_time_ns=at("2025-07-16T08:00"), **IOC)),
    ("SESSION_NOT_ALLOWED", (), order(event_time_ns=at("2025-07-16T16:00"))),
    ("SESSION_NOT_ALLOWED", (), order(event_time_ns=at("2025-07-16T17:00"), session=ORDER_SESSION_PRE_MARKET)),
    ("TOO_LATE_FOR_OPENING_AUCTION", (), order(event_time_ns=at("2025-07-16T09:28"), **AT_OPEN)),
    ("TOO_LATE_FOR_CLOSING_AUCTION", (), order(event_time_ns=at("2025-07-16T15:50"), **AT_CLOSE)),
    ("TOO_LATE_FOR_CLOSING_AUCTION", (), order(event_time_ns=at("2025-07-03T12:50"), **AT_CLOSE)),
    ("PRICE_OUTSIDE_COLLAR", (), order(limit_price_e8=110 * DOLLAR + CENT)),
    ("PRICE_OUTSIDE_COLLAR", (), order(**SALE, limit_price_e8=90 * DOLLAR - CENT)),
    ("PRICE_OUTSIDE_COLLAR", (), order(**{**STOP_LIMIT, "limit_price_e8": 112 * DOLLAR})),
    ("PRICE_OUTSIDE_COLLAR", (order(),), replace(limit_price_e8=111 * DOLLAR)),
    ("PRICE_OUTSIDE_LULD_BANDS", (status(upper_band_e8=105 * DOLLAR),), order(limit_price_e8=105 * DOLLAR + CENT)),
    ("PRICE_OUTSIDE_LULD_BANDS", (status(lower_band_e8=95 * DOLLAR),), order(**SALE, limit_price_e8=94 * DOLLAR)),
    ("STOP_PRICE_ON_WRONG_SIDE", (), order(**{**STOP, "stop_price_e8": 100 * DOLLAR})),
    ("STOP_PRICE_ON_WRONG_SIDE", (), order(**{**STOP, **SALE, "stop_price_e8": 100 * DOLLAR})),
    ("NOTIONAL_ABOVE_LIMIT", (stock(order_notional_max_e8=9_999 * DOLLAR),), order()),
    ("NOTIONAL_ABOVE_LIMIT", (option(order_notional_max_e8=999_999 * DOLLAR),), order()),
    ("NOTIONAL_ABOVE_LIMIT", (), order(quantity=10_000_000, limit_price_e8=101 * DOLLAR)),
]


@pytest.mark.parametrize(
    ("reason", "before", "request_"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_request_is_refused_for_the_first_reason_there_is(
    reason: str, before: tuple[Any, ...], request_: Any
) -> None:
    assert reason_of(open_market(*before), request_) == reason


def test_a_symbol_without_reference_data_takes_no_orders() -> None:
    assert reason_of(validator(), order()) == "SYMBOL_UNKNOWN"


def test_a_market_order_wants_a_price_to_be_judged_by() -> None:
    harness = validator()
    harness.send(stock())
    assert reason_of(harness, order(**AT_MARKET)) == "REFERENCE_PRICE_MISSING"
    assert reason_of(harness, order(order_id="order-2")) == "REFERENCE_PRICE_MISSING"


def test_a_new_listing_without_collar_takes_limit_orders_before_its_first_price() -> None:
    harness = validator()
    harness.send(stock(collar_bps=0))
    assert reason_of(harness, order()) == "OrderValidated"


def test_an_account_sends_so_many_orders_a_second_and_no_more() -> None:
    harness = open_market(order(), replace(event_time_ns=TEN), orders_per_second_max=2)
    assert reason_of(harness, order(order_id="order-2")) == "ORDER_RATE_ABOVE_LIMIT"
    assert reason_of(harness, order(order_id="order-2", account="ACC-2")) == "OrderValidated"
    assert reason_of(harness, cancel(event_time_ns=TEN)) == "OrderValidated"
    assert reason_of(harness, order(order_id="order-2", event_time_ns=TEN + SECOND)) == "OrderValidated"


def test_every_reason_of_the_table_is_shown_by_a_case() -> None:
    shown = {reason for reason, _, _ in CASES} | {"SYMBOL_UNKNOWN", "REFERENCE_PRICE_MISSING", "ORDER_RATE_ABOVE_LIMIT"}
    table = [ORDER_REJECT_REASON_SYMBOLS[reason] for _, rules in CHAPTERS for reason, _, _ in rules]
    assert sorted(shown) == sorted(table)
    assert len(set(table)) == len(table) >= 40


def test_the_page_of_reasons_is_drawn_from_the_table() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "reject-reasons.md"
    assert page.read_text() == reject_reasons_page()


GOOD = {
    "limit": order(),
    "at the collar": order(limit_price_e8=110 * DOLLAR),
    "a buy far below the market": order(limit_price_e8=CENT),
    "a sale far above": order(**SALE, limit_price_e8=1_000 * DOLLAR),
    "a fraction of a cent below a dollar": order(limit_price_e8=CENT // 100),
    "market": order(**AT_MARKET),
    "stop": order(**STOP),
    "stop limit": order(**STOP_LIMIT),
    "sell stop": order(**{**STOP, **SALE, "stop_price_e8": 99 * DOLLAR}),
    "good till cancelled": order(**GTC),
    "good till date": order(**GTD, expire_time_ns=TEN + 365 * DAY),
    "immediate or cancel": order(**IOC),
    "fill or kill, all or none": order(time_in_force=TIME_IN_FORCE_FILL_OR_KILL, all_or_none=True),
    "post only": order(post_only=True),
    "iceberg": order(display_quantity=10),
    "short": order(side=SIDE_SELL, marking=SALE_MARKING_SHORT),
    "at the close, just in time": order(event_time_ns=at("2025-07-16T15:49:59"), **AT_CLOSE),
    "at the open, just in time": order(event_time_ns=at("2025-07-16T09:27:59"), **AT_OPEN),
    "market order that waits for the open": order(event_time_ns=at("2025-07-16T04:00"), **AT_MARKET),
    "at once in the pre-market": order(event_time_ns=at("2025-07-16T08:00"), session=ORDER_SESSION_PRE_MARKET, **IOC),
    "in the post-market": order(event_time_ns=at("2025-07-16T19:59:59"), session=ORDER_SESSION_POST_MARKET),
    "for another day, in the post-market": order(event_time_ns=at("2025-07-16T19:59:59"), **GTC),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD.keys())
def test_a_good_order_passes_whole(good: Any) -> None:
    harness = open_market(good)
    (passed,) = harness.take()
    taken = good.to_dict()
    envelope = ("event_id", "cause_id", "sequence")
    assert {name: passed.to_dict()[name] for name in taken if name not in envelope} == {
        name: value for name, value in taken.items() if name not in envelope
    }


@pytest.mark.parametrize("name", ["PAUSED", "QUOTING"])
def test_orders_that_can_wait_are_taken_in_a_pause(name: str) -> None:
    assert reason_of(open_market(market(status=name)), order()) == "OrderValidated"


def test_a_validated_order_carries_the_facts_of_instrument_and_market() -> None:
    harness = validator()
    harness.send(option(), market(last_price_e8=50 * DOLLAR), status(short_restricted=True), order())
    (passed,) = harness.take()
    assert (passed.instrument_type, passed.multiplier, passed.option_right) == (3, 100, 1)
    assert (passed.strike_price_e8, passed.underlying_price_e8) == (90 * DOLLAR, 190 * DOLLAR)
    assert (passed.bid_price_e8, passed.ask_price_e8) == (9_998 * CENT, 10_002 * CENT)
    assert passed.reference_price_e8 == 100 * DOLLAR  # the middle of the quote, not the last sale
    assert (passed.shortable, passed.short_restricted) == (True, True)


def test_a_future_carries_its_margin_and_trades_at_night() -> None:
    harness = open_market(future(), order(event_time_ns=at("2025-07-15T20:00")))
    assert harness.take()[0].contract_margin_e8 == 10_000 * DOLLAR
    assert reason_of(harness, order(order_id="order-2", event_time_ns=at("2025-07-16T17:30"))) == "SESSION_CLOSED"


@pytest.mark.parametrize(
    ("prices", "reference"),
    [
        ({}, 100 * DOLLAR),
        ({"last_price_e8": 0}, 100 * DOLLAR),
        ({"last_price_e8": 99 * DOLLAR}, 99 * DOLLAR),
        ({"last_price_e8": 0, "bid_price_e8": 0}, 98 * DOLLAR),
        ({"last_price_e8": I64_MAX, "bid_price_e8": I64_MIN}, 98 * DOLLAR),
    ],
)
def test_orders_are_judged_by_last_sale_then_quote_then_previous_close(prices: dict[str, int], reference: int) -> None:
    harness = validator()
    harness.send(stock(previous_close_price_e8=98 * DOLLAR), market(**prices), order())
    assert harness.take()[0].reference_price_e8 == reference


@pytest.mark.parametrize(
    ("refused", "figure", "limit"),
    [
        (order(quantity=I64_MAX), str(I64_MAX), "10000000"),
        (order(limit_price_e8=100 * DOLLAR + 1), "100.00000001", "0.01"),
        (order(limit_price_e8=111 * DOLLAR), "111", "110"),
        (order(**SALE, limit_price_e8=89 * DOLLAR), "89", "90"),
        (order(order_id="o" * 70), "70", "64"),
        (order(account="a" * 41), "41", "40"),
        (order(**GTD, expire_time_ns=TEN + 730 * DAY), "730", "365"),
        (order(quantity=10_000_000, limit_price_e8=101 * DOLLAR), "1010000000", "1000000000"),
        (order(display_quantity=101), "101", "100"),
        (order(**{**STOP, "stop_price_e8": 99 * DOLLAR}), "99", "100"),
        (order(side=SIDE_NONE), "0", "0"),
    ],
)
def test_a_reject_tells_the_figure_and_the_limit(refused: Any, figure: str, limit: str) -> None:
    harness = open_market(refused)
    rejected = harness.take()[0].to_dict()
    assert (rejected["figure"], rejected["limit"]) == (Decimal(figure), Decimal(limit))


def test_reference_data_that_contradicts_itself_stops_orders_until_better_comes() -> None:
    harness = open_market(stock(order_multiple=-1))
    assert reason_of(harness, order()) == "INSTRUMENT_DATA_INVALID"
    harness.send(stock())
    assert reason_of(harness, order(order_id="order-2")) == "OrderValidated"


def test_what_is_told_for_an_earlier_time_comes_too_late() -> None:
    late = [stock(event_time_ns=TEN - 2 * DAY, collar_bps=0), status(event_time_ns=TEN - 2 * DAY, **HALT)]
    harness = open_market(status(), *late)
    assert harness.late == late
    assert reason_of(harness, order()) == "OrderValidated"


def test_the_tick_of_a_stock_is_that_of_the_day() -> None:
    sixteenth = {"event_time_ns": at("1999-07-16T10:00"), "limit_price_e8": 100 * DOLLAR + DOLLAR // 16}
    harness = validator()
    harness.send(stock(event_time_ns=at("1999-07-15T10:00")), market())
    assert reason_of(harness, order(**sixteenth)) == "OrderValidated"
    assert reason_of(harness, order(**{**sixteenth, "event_time_ns": TEN}, account="B")) == "LIMIT_PRICE_NOT_ON_TICK"


def test_own_ticks_come_before_the_general_ones() -> None:
    half_penny = stock(tick_table=[TickStep(0, CENT // 2)])
    assert reason_of(open_market(half_penny), order(limit_price_e8=100 * DOLLAR + CENT // 2)) == "OrderValidated"


def test_where_status_opens_and_closes_the_night_is_no_reason() -> None:
    harness = open_market(session_hours="STATUS")
    assert reason_of(harness, order(event_time_ns=at("2025-07-19T03:00"))) == "OrderValidated"
    harness.send(status(status=TRADING_STATUS_CLOSED))
    assert reason_of(harness, order(order_id="order-2")) == "SESSION_CLOSED"


def test_a_day_may_be_closed_by_a_parameter() -> None:
    assert reason_of(open_market(closed_days=(2025_07_16,)), order()) == "SESSION_CLOSED"
    early = {"event_time_ns": at("2025-07-16T13:00")}
    assert reason_of(open_market(early_close_days=(2025_07_16,)), order(**early)) == "SESSION_NOT_ALLOWED"


@pytest.mark.parametrize(
    "parameters",
    [
        {"order_ids_max": 1},
        {"quantity_max": 0},
        {"notional_max": 46_000_000_001},
        {"expiry_days_max": 0},
        {"orders_per_second_max": -1},
        {"closing_cutoff_s": 100_000},
        {"session_hours": "ALWAYS"},
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(parameters))):
        ValidateParameters(**parameters)
