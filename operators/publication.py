"""What normalise puts out: the market after a message, or the message itself with the reason why it was not used.

Invariant: the sum of `trade_quantity` over a trading day is the `cumulative_volume` told with its last sale.
"""

from __future__ import annotations

from typing import Final

from librt.strings import BytesWriter
from mypy_extensions import i64

from dataflow.model import Context
from operators.conditions import (
    FLAG_CLOSING,
    FLAG_CROSSED,
    FLAG_LOCKED,
    FLAG_NOT_LAST,
    FLAG_ONE_SIDED,
    FLAG_OPENING,
    FLAG_OUTSIDE_HOURS,
    LAST_IF_FIRST,
    NO_VOLUME,
    PUBLIC_FLAGS,
)
from schemas.generated.events import PRICE_KIND_TRADE, MarketDataReceived, MarketDataRejected, PriceUpdated
from schemas.generated.states import NormaliseState

TRADING: Final = "TRADING"
REFUSED: Final[i64] = -1
"""Instead of a venue's number: its message was rejected."""


def record_sale(state: NormaliseState, message: MarketDataReceived, flags: i64, context: Context) -> None:
    """Take an accepted sale into last price and volume, and tell it."""
    if flags & LAST_IF_FIRST != 0 and state.sold_today:
        flags |= FLAG_NOT_LAST
    if flags & FLAG_NOT_LAST == 0:
        state.last_price_e8 = message.price_e8
        state.last_quantity = message.quantity
        state.last_venue = message.venue
        state.sold_today = True
        if flags & LAST_IF_FIRST == 0:
            state.reference_price_e8 = message.price_e8
    if flags & NO_VOLUME == 0:
        state.cumulative_volume += message.quantity
    publish(state, message, PRICE_KIND_TRADE, flags, context)


def publish(state: NormaliseState, message: MarketDataReceived, kind: i64, flags: i64, context: Context) -> None:
    """Tell the market as it is now. `flags` are those of the sale, if it is one."""
    bid_e8 = state.bid_price_e8
    ask_e8 = state.ask_price_e8
    time_ns = message.event_time_ns
    price_e8: i64 = 0
    quantity: i64 = 0
    if kind == PRICE_KIND_TRADE:
        price_e8 = message.price_e8
        quantity = message.quantity if flags & NO_VOLUME == 0 else 0
    if bid_e8 == 0 or ask_e8 == 0:
        flags |= FLAG_ONE_SIDED
    elif bid_e8 >= ask_e8:
        flags |= FLAG_LOCKED if bid_e8 == ask_e8 else FLAG_CROSSED
    if (time_ns < state.open_ns or time_ns >= state.close_ns) and flags & (FLAG_OPENING | FLAG_CLOSING) == 0:
        flags |= FLAG_OUTSIDE_HOURS
    state.untold = False
    context.emit(
        PriceUpdated(
            event_time_ns=time_ns,
            symbol=message.symbol,
            kind=kind,
            bid_price_e8=bid_e8,
            bid_quantity=state.bid_quantity,
            bid_venue=state.bid_venue,
            ask_price_e8=ask_e8,
            ask_quantity=state.ask_quantity,
            ask_venue=state.ask_venue,
            last_price_e8=state.last_price_e8,
            last_quantity=state.last_quantity,
            last_venue=state.last_venue,
            trade_price_e8=price_e8,
            trade_quantity=quantity,
            cumulative_volume=state.cumulative_volume,
            status=state.status if len(state.status) != 0 else TRADING,
            flags=flags & PUBLIC_FLAGS,
        )
    )


def reject(message: MarketDataReceived, reason: i64, detail: str, context: Context) -> None:
    """Put a message out whole, with the reason why it was not used."""
    writer = BytesWriter()
    message.encode_into(writer)
    context.emit(
        MarketDataRejected(
            event_time_ns=message.event_time_ns,
            symbol=message.symbol,
            venue=message.venue,
            reason=reason,
            detail=detail,
            message=writer.getvalue(),
        )
    )


def refuse(message: MarketDataReceived, reason: i64, detail: str, context: Context) -> i64:
    """`reject`, and REFUSED for its caller."""
    reject(message, reason, detail, context)
    return REFUSED
