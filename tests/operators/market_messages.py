"""Messages of venues as a test writes them: prices in currency units as text, times in seconds from the open."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.normalise import NormaliseParameters
from schemas.generated.events import (
    MARKET_DATA_KIND_QUOTE,
    MARKET_DATA_KIND_STATUS,
    MARKET_DATA_KIND_TRADE,
    MARKET_DATA_RECEIVED,
    MARKET_DATA_REJECT_REASON_SYMBOLS,
    SIDE_BUY,
    SIDE_SELL,
    MarketDataReceived,
    MarketDataRejected,
    PriceUpdated,
)
from schemas.wire import e8_of

OPEN_NS = 1_795_185_000_000_000_000
"""Friday 2026-11-20, 09:30 in New York."""
SECOND_NS = 1_000_000_000
HOUR = 3_600
BUY, SELL = SIDE_BUY, SIDE_SELL


def normalise(**parameters: Any) -> OperatorHarness:
    return OperatorHarness(OPERATORS["normalise"], NormaliseParameters(**parameters))


def e8(price: str) -> int:
    return e8_of(Decimal(price))


def message(kind: int, venue: str, at: float, **fields: Any) -> MarketDataReceived:
    """A message `at` seconds after the open."""
    time_ns = OPEN_NS + int(at * SECOND_NS)
    values = {"symbol": "IBM", "feed": "simulator", **fields}
    return MarketDataReceived(event_time_ns=time_ns, kind=kind, venue=venue, **values)


def quote(venue: str, bid: str, ask: str, at: float = 0, **fields: Any) -> MarketDataReceived:
    """Sides as "300 @ 10.01"; "" is none."""
    bid_quantity, bid_price = side(bid)
    ask_quantity, ask_price = side(ask)
    values = {
        "bid_price_e8": bid_price,
        "bid_quantity": bid_quantity,
        "ask_price_e8": ask_price,
        "ask_quantity": ask_quantity,
        **fields,
    }
    return message(MARKET_DATA_KIND_QUOTE, venue, at, **values)


def trade(venue: str, amount: str, conditions: str = "@", at: float = 0, **fields: Any) -> MarketDataReceived:
    """An amount as "300 @ 10.01"."""
    quantity, price_e8 = side(amount)
    values = {"quantity": quantity, "price_e8": price_e8, "conditions": conditions, **fields}
    return message(MARKET_DATA_KIND_TRADE, venue, at, **values)


def order(kind: int, order_id: int, side_number: int, amount: str, at: float = 0, **fields: Any) -> MarketDataReceived:
    quantity, price_e8 = side(amount)
    values = {"order_id": order_id, "side": side_number, "quantity": quantity, "price_e8": price_e8, **fields}
    return message(kind, fields.pop("venue", "XNAS"), at, **values)


def status(text: str, at: float = 0) -> MarketDataReceived:
    return message(MARKET_DATA_KIND_STATUS, "N", at, status=text)


def side(text: str) -> tuple[int, int]:
    """Quantity and price of "300 @ 10.01"."""
    quantity, _, price = text.partition(" @ ")
    return (int(quantity), e8(price)) if text else (0, 0)


def best(update: PriceUpdated) -> tuple[str, str]:
    """The best bid and offer as "300 @ 10.01 N"; "" is none."""
    bid = shown(update.bid_quantity, update.bid_price_e8, update.bid_venue)
    return bid, shown(update.ask_quantity, update.ask_price_e8, update.ask_venue)


def shown(quantity: int, price_e8: int, venue: str) -> str:
    return f"{quantity} @ {Decimal(price_e8) / 10**8:.2f} {venue}" if price_e8 else ""


def last_best(harness: OperatorHarness) -> tuple[str, str]:
    """The best bid and offer of the last update."""
    return best(harness.take()[-1])


def reasons(harness: OperatorHarness) -> list[str]:
    """What came out since last time: reject reasons, and "" for an update."""
    return [
        MARKET_DATA_REJECT_REASON_SYMBOLS[record.reason] if isinstance(record, MarketDataRejected) else ""
        for record in harness.take()
    ]


def returned(rejected: MarketDataRejected) -> dict[str, Any]:
    """The message inside a reject."""
    return MARKET_DATA_RECEIVED.decode(rejected.message, 0).to_dict()
