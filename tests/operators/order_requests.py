"""Orders, reference data and a market to hold orders against, for tests; all at ten in the morning of one day."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dataflow.testing.harness import OperatorHarness
from operators.catalog import VALIDATE
from operators.validate import ValidateParameters
from schemas.generated.events import (
    EXERCISE_STYLE_AMERICAN,
    INSTRUMENT_TYPE_FUTURE,
    INSTRUMENT_TYPE_OPTION,
    INSTRUMENT_TYPE_STOCK,
    OPTION_RIGHT_CALL,
    ORDER_REJECT_REASON_SYMBOLS,
    ORDER_TYPE_LIMIT,
    SIDE_BUY,
    TIME_IN_FORCE_DAY,
    TRADING_STATUS_TRADING,
    InstrumentChanged,
    OrderCancelRequested,
    OrderPlaced,
    OrderReplaceRequested,
    PriceUpdated,
    TickStep,
    TradingStatusChanged,
)

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
CENT = 1_000_000
DOLLAR = 100 * CENT
NEW_YORK = ZoneInfo("America/New_York")


def at(local: str) -> int:
    """A local time in New York, as 2025-07-16T10:00: nanoseconds since the epoch, UTC."""
    return int(datetime.fromisoformat(local).replace(tzinfo=NEW_YORK).timestamp()) * SECOND


TEN = at("2025-07-16T10:00")
"""A Wednesday without anything special."""


def order(**changes: Any) -> OrderPlaced:
    """A buy of 100 A at $100.00 or better, good for the day, with changes."""
    made = OrderPlaced(TEN, "A", "ACC-1", "order-1", SIDE_BUY)
    made.order_type = ORDER_TYPE_LIMIT
    made.time_in_force = TIME_IN_FORCE_DAY
    made.quantity = 100
    made.limit_price_e8 = 100 * DOLLAR
    return changed(made, changes)


def replace(**changes: Any) -> OrderReplaceRequested:
    """The same order with another price, with changes."""
    made = OrderReplaceRequested(TEN + SECOND, "A", "ACC-1", "order-1", "request-1", SIDE_BUY)
    made.quantity = 100
    made.limit_price_e8 = 99 * DOLLAR
    return changed(made, changes)


def cancel(**changes: Any) -> OrderCancelRequested:
    return changed(OrderCancelRequested(TEN + SECOND, "A", "ACC-1", "order-1", "request-2"), changes)


def stock(**changes: Any) -> InstrumentChanged:
    """A stock, with a collar of 10 % and the ticks of Rule 612."""
    made = InstrumentChanged(TEN - DAY, "A", instrument_type=INSTRUMENT_TYPE_STOCK, currency="USD")
    made.lot_quantity = 100
    made.order_multiple = 1
    made.multiplier = 1
    made.collar_bps = 1_000
    made.shortable = True
    return changed(made, changes)


def option(**changes: Any) -> InstrumentChanged:
    made = stock(instrument_type=INSTRUMENT_TYPE_OPTION, multiplier=100, underlying_symbol="U")
    made.strike_price_e8 = 90 * DOLLAR
    made.option_right = OPTION_RIGHT_CALL
    made.exercise_style = EXERCISE_STYLE_AMERICAN
    made.expiry_ns = TEN + 30 * DAY
    made.underlying_price_e8 = 190 * DOLLAR
    return changed(made, changes)


def future(**changes: Any) -> InstrumentChanged:
    made = stock(instrument_type=INSTRUMENT_TYPE_FUTURE, multiplier=50, underlying_symbol="U")
    made.expiry_ns = TEN + 30 * DAY
    made.initial_margin_e8 = 10_000 * DOLLAR
    made.tick_table = [TickStep(0, 25 * CENT)]
    return changed(made, changes)


def market(**changes: Any) -> PriceUpdated:
    """Bid $99.98, offer $100.02, last sale $100.00."""
    made = PriceUpdated(TEN - SECOND, "A", status="TRADING")
    made.bid_price_e8 = 9_998 * CENT
    made.ask_price_e8 = 10_002 * CENT
    made.last_price_e8 = 100 * DOLLAR
    return changed(made, changes)


def status(**changes: Any) -> TradingStatusChanged:
    return changed(TradingStatusChanged(TEN - SECOND, "A", TRADING_STATUS_TRADING), changes)


def changed(record: Any, changes: dict[str, Any]) -> Any:
    """The record with attributes set; a misspelt one is an error."""
    for name, value in changes.items():
        assert hasattr(record, name), name
        setattr(record, name, value)
    return record


def validator(**parameters: Any) -> OperatorHarness:
    """Validate, before anything is known."""
    return OperatorHarness(VALIDATE, ValidateParameters(**parameters))


def open_market(*before: Any, **parameters: Any) -> OperatorHarness:
    """Validate with the stock and the market told, and whatever else."""
    harness = validator(**parameters)
    harness.send(stock(), market(), *before, key="A")
    return harness


def reason_of(harness: OperatorHarness, request: Any) -> str:
    """Why the request is refused, or the name of what else comes of it; it is one event."""
    harness.take()
    harness.send(request, key="A")
    (outcome,) = harness.take()
    return ORDER_REJECT_REASON_SYMBOLS[outcome.reason] if hasattr(outcome, "reason") else type(outcome).__name__
