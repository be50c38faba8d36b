"""The order in which validate looks for reasons: an order with every fault is mended one fault at a time."""

from __future__ import annotations

from typing import Any

from operators.reject_rules import CHAPTERS
from schemas.generated.events import (
    ORDER_REJECT_REASON_SYMBOLS,
    ORDER_SESSION_REGULAR,
    ORDER_TYPE_STOP_LIMIT,
    SALE_MARKING_LONG,
    SALE_MARKING_NONE,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_GOOD_TILL_DATE,
    TIME_IN_FORCE_IMMEDIATE_OR_CANCEL,
    TRADING_STATUS_HALTED,
    TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_1,
    TRADING_STATUS_TRADING,
)
from tests.operators.order_requests import (
    DAY,
    DOLLAR,
    TEN,
    at,
    market,
    order,
    reason_of,
    status,
    stock,
    validator,
)

NIGHT = at("2025-07-17T02:00")
FAULTY = {
    "event_time_ns": 0,
    "symbol": "",
    "account": "",
    "order_id": "",
    "side": 0,
    "order_type": 0,
    "time_in_force": 0,
    "session": 9,
    "quantity": -5,
    "display_quantity": -1,
    "limit_price_e8": -1,
    "stop_price_e8": -1,
    "expire_time_ns": -1,
    "post_only": True,
    "all_or_none": True,
    "marking": SALE_MARKING_LONG,
}
UNSOUND = {"order_multiple": 0, "listed_from_ns": NIGHT + 1}
MARKET_WIDE = {"status": TRADING_STATUS_HALTED, "reason": TRADING_STATUS_REASON_MARKET_WIDE_LEVEL_1}

Step = tuple[str, dict[str, Any], tuple[Any, ...]]
STEPS: list[Step] = [
    # what is found, what is then mended in the order, what is then told of instrument and market
    ("EVENT_TIME_OUT_OF_RANGE", {"event_time_ns": NIGHT}, ()),
    ("SYMBOL_MISSING", {"symbol": "A"}, ()),
    ("ACCOUNT_MISSING", {"account": "\x1f"}, ()),
    ("ACCOUNT_MALFORMED", {"account": "ACC-1"}, ()),
    ("ORDER_ID_MISSING", {"order_id": "\n" * 65}, ()),
    ("ORDER_ID_TOO_LONG", {"order_id": "\n"}, ()),
    ("ORDER_ID_MALFORMED", {"order_id": "order"}, ()),
    ("SYMBOL_UNKNOWN", {}, (stock(**UNSOUND), status(**MARKET_WIDE), market(status="HALTED", last_price_e8=DOLLAR))),
    ("SIDE_MISSING", {"side": SIDE_BUY}, ()),
    ("ORDER_TYPE_MISSING", {"order_type": ORDER_TYPE_STOP_LIMIT}, ()),
    ("TIME_IN_FORCE_MISSING", {"time_in_force": TIME_IN_FORCE_IMMEDIATE_OR_CANCEL}, ()),
    ("QUANTITY_NOT_POSITIVE", {"quantity": 2**62}, ()),
    ("QUANTITY_ABOVE_LIMIT", {"quantity": 2_000_003}, ()),
    ("LIMIT_PRICE_NOT_POSITIVE", {"limit_price_e8": 0}, ()),
    ("STOP_PRICE_NOT_POSITIVE", {"stop_price_e8": 2**62}, ()),
    ("PRICE_ABOVE_LIMIT", {"stop_price_e8": 0}, ()),
    ("LIMIT_PRICE_MISSING", {"limit_price_e8": 500 * DOLLAR + 1}, ()),
    ("STOP_PRICE_MISSING", {"stop_price_e8": 600 * DOLLAR + 1}, ()),
    ("STOP_AND_LIMIT_CONTRADICT", {"stop_price_e8": 400 * DOLLAR + 1}, ()),
    ("TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE", {"order_type": 2, "stop_price_e8": 0}, ()),
    ("EXPIRY_NOT_ALLOWED", {"time_in_force": TIME_IN_FORCE_GOOD_TILL_DATE}, ()),
    ("EXPIRY_IN_THE_PAST", {"expire_time_ns": NIGHT + 366 * DAY}, ()),
    ("EXPIRY_TOO_FAR", {"expire_time_ns": NIGHT + DAY}, ()),
    ("DISPLAY_QUANTITY_NEGATIVE", {"display_quantity": 2_000_004}, ()),
    ("DISPLAY_QUANTITY_ABOVE_QUANTITY", {"display_quantity": 2_000_001}, ()),
    ("ALL_OR_NONE_NOT_ALLOWED", {"all_or_none": False}, ()),
    ("MARKING_NOT_ALLOWED", {"side": SIDE_SELL, "marking": SALE_MARKING_NONE}, ()),
    ("INSTRUMENT_DATA_INVALID", {}, (stock(listed_from_ns=NIGHT + 1, listed_to_ns=TEN, order_multiple=2),)),
    ("INSTRUMENT_NOT_YET_LISTED", {}, (stock(listed_to_ns=TEN, order_multiple=2),)),
    ("INSTRUMENT_DELISTED", {}, (stock(order_multiple=2, order_quantity_max=2_000_002),)),
    ("MARKING_MISSING", {"side": SIDE_BUY}, ()),
    ("QUANTITY_ABOVE_LIMIT", {}, (stock(order_multiple=2),)),
    ("QUANTITY_NOT_IN_LOTS", {"quantity": 2_000_002}, ()),
    ("DISPLAY_QUANTITY_NOT_IN_LOTS", {"display_quantity": 0}, ()),
    ("LIMIT_PRICE_NOT_ON_TICK", {"limit_price_e8": 501 * DOLLAR}, ()),
    ("MARKET_HALTED", {}, (status(status=TRADING_STATUS_TRADING, upper_band_e8=400 * DOLLAR),)),
    ("SYMBOL_HALTED", {}, (market(last_price_e8=0, bid_price_e8=0),)),
    ("SESSION_CLOSED", {"event_time_ns": TEN}, ()),
    ("SESSION_NOT_ALLOWED", {"session": ORDER_SESSION_REGULAR}, ()),
    ("REFERENCE_PRICE_MISSING", {}, (market(last_price_e8=DOLLAR),)),
    ("PRICE_OUTSIDE_COLLAR", {}, (market(last_price_e8=500 * DOLLAR),)),
    ("PRICE_OUTSIDE_LULD_BANDS", {}, (status(status=TRADING_STATUS_TRADING),)),
    ("NOTIONAL_ABOVE_LIMIT", {"quantity": 2}, ()),
    ("OrderValidated", {}, ()),
]


def reasons_while_mending() -> list[str]:
    """What is found at each step; from the first known symbol on, each attempt has an order id of its own."""
    harness = validator()
    fields = dict(FAULTY)
    found = []
    for number, (_, mended, told) in enumerate(STEPS):
        name = f"order-{number}" if fields["order_id"] == "order" else fields["order_id"]
        found.append(reason_of(harness, order(**{**fields, "order_id": name})))
        fields |= mended
        harness.send(*told)
    return found


def test_reasons_are_found_in_one_order() -> None:
    assert reasons_while_mending() == [reason for reason, _, _ in STEPS]


def test_that_order_is_the_one_of_the_table() -> None:
    table = [ORDER_REJECT_REASON_SYMBOLS[reason] for _, rules in CHAPTERS for reason, _, _ in rules]
    first_looks = list(dict.fromkeys(reason for reason, _, _ in STEPS[:-1]))
    assert first_looks == [reason for reason in table if reason in first_looks]
