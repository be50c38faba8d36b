"""The operator execution behind the face of the naive book: commands in, lines of text out."""

from __future__ import annotations

from typing import Any

from librt.strings import BytesWriter

from dataflow.model import Cell, Context, Record, State, StateType
from operators.execution import Execution, ExecutionParameters
from operators.order_book import NO_PLACE
from schemas.generated.events import (
    ORDER_ACTION_SYMBOLS,
    ORDER_TYPE_SYMBOLS,
    PRICE_KIND_QUOTE,
    PRICE_KIND_TRADE,
    SELF_TRADE_PREVENTION_SYMBOLS,
    SIDE_SYMBOLS,
    TIME_IN_FORCE_SYMBOLS,
    TRADING_STATUS_SYMBOLS,
    PriceUpdated,
    RiskChecked,
    TradingStatusChanged,
)
from schemas.generated.states import EXECUTION_STATE, ORDER_STATE_SYMBOLS, ExecutionState, OpenOrder, OrderQueue
from tests.reference.commands import CENT_E8, BookOptions, Command

SYMBOL = "ACME"


class RealBook:
    """Takes commands; `lines` says what happened. `records` keeps the events of the last command."""

    def __init__(self, options: BookOptions) -> None:
        self.operator = Execution(
            ExecutionParameters(
                liquidity=options.liquidity,
                protect_quotes=options.protect_quotes,
                stop_trigger=options.stop_trigger,
                session_hours="STATUS",
                open_orders_max=options.open_orders_max,
                ended_orders_max=1 << 40,
            )
        )
        self.state = ExecutionState()
        self.context = Context()
        self.context.key = SYMBOL
        self.context.cell = Cell(self.state)
        self.lines: list[str] = []
        self.records: list[Any] = []

    def send(self, command: Command) -> None:
        record = record_of(command)
        self.context.cause_time_ns = record.event_time_ns
        self.operator.on_record(self.state, record, self.context)
        self.records = list(self.context.emitted)
        self.context.emitted.clear()
        self.context.new_timers.clear()
        self.lines += [line for line in map(line_of, self.records) if line]

    def restore(self) -> None:
        """Save the state and go on with what its codec gives back."""
        writer = BytesWriter()
        self.state.encode_into(writer)
        kind: StateType = EXECUTION_STATE
        restored: State = kind.decode(writer.getvalue(), 0)
        assert isinstance(restored, ExecutionState)
        self.state = restored

    def holdings(self) -> list[str]:
        state = self.state
        ladders = [
            ("BOOK", state.bids),
            ("BOOK", state.asks),
            ("ALL_OR_NONE", state.all_or_none_bids),
            ("ALL_OR_NONE", state.all_or_none_asks),
            ("STOP", state.buy_stops),
            ("STOP", state.sell_stops),
            ("WAITING", [state.waiting]),
            ("OPENING", [state.opening]),
            ("CLOSING", [state.closing]),
        ]
        return [f"{name} {describe(o)}" for name, ladder in ladders for q in reversed(ladder) for o in self.orders(q)]

    def orders(self, queue: OrderQueue) -> list[OpenOrder]:
        """The orders of a queue; fails if links or sums are not as they should be."""
        found: list[OpenOrder] = []
        place = queue.first
        before = NO_PLACE
        while place != NO_PLACE:
            order = self.state.orders[place]
            assert (order.place, order.previous) == (place, before)
            found.append(order)
            before, place = place, order.next
        assert queue.last == before
        assert queue.quantity == sum(order.leaves_quantity for order in found)
        return found


def cents(price_e8: int) -> int:
    return price_e8 // CENT_E8


def describe(o: OpenOrder) -> str:
    return (
        f"{o.account}/{o.order_id} #{o.venue_order_id} {SIDE_SYMBOLS[o.side]} {o.leaves_quantity}/{o.quantity}"
        f"@{cents(o.limit_price_e8)} stop {cents(o.stop_price_e8)} shows {o.shown_quantity}"
        f" {ORDER_STATE_SYMBOLS[o.state]}"
    )


def record_of(command: Command) -> Record:
    """The record that carries the command."""
    if command.kind == "STATUS":
        return TradingStatusChanged(command.time_ns, SYMBOL, TRADING_STATUS_SYMBOLS.index(command.status))
    if command.kind in ("QUOTE", "SALE"):
        price = PriceUpdated(command.time_ns, SYMBOL, PRICE_KIND_QUOTE if command.kind == "QUOTE" else PRICE_KIND_TRADE)
        price.bid_price_e8 = command.bid * CENT_E8
        price.bid_quantity = command.bid_size
        price.ask_price_e8 = command.ask * CENT_E8
        price.ask_quantity = command.ask_size
        price.last_price_e8 = command.last * CENT_E8
        return price
    request = RiskChecked(command.time_ns, SYMBOL, command.account, command.order_id)
    request.action = ORDER_ACTION_SYMBOLS.index(command.kind)
    request.request_id = "r"
    request.side = SIDE_SYMBOLS.index(command.side)
    request.order_type = ORDER_TYPE_SYMBOLS.index(command.order_type)
    request.time_in_force = TIME_IN_FORCE_SYMBOLS.index(command.time_in_force)
    request.quantity = command.quantity
    request.display_quantity = command.display
    request.limit_price_e8 = command.limit * CENT_E8
    request.stop_price_e8 = command.stop * CENT_E8
    request.expire_time_ns = command.expire_ns
    request.post_only = command.post_only
    request.all_or_none = command.all_or_none
    request.self_trade_prevention = SELF_TRADE_PREVENTION_SYMBOLS.index(command.self_trade)
    request.instrument_type = 1
    request.multiplier = 1
    return request


def line_of(record: Any) -> str:
    """What an event says, in one line."""
    event = {name: value for name, value in record.to_dict().items() if name not in ("event_id", "cause_id")}
    event = {name: int(value * 100) if name.endswith("price") else value for name, value in event.items()}
    event["name"] = f"{event.get('account')}/{event.get('order_id')}"
    if "trade_id" in event and "buy_account" in event:
        for side in ("buy", "sell"):
            account = event[f"{side}_account"]
            event[side] = f"{account}/{event[f'{side}_order_id']}" if account else "market"
    if "priority_kept" in event:
        event["priority"] = "kept" if event["priority_kept"] else "lost"
    return LINES[type(record).__name__].format(**event)


LINES = {
    "OrderAccepted": "accepted {name} #{venue_order_id}",
    "OrderSuspended": "suspended {name} {reason}",
    "OrderTriggered": "triggered {name} at {trigger_price} {order_type}",
    "TradeExecuted": "trade {trade_id} {buy} buys from {sell} {quantity}@{price} {auction}",
    "OrderExecuted": "filled {name} {quantity}@{price} left {leaves_quantity} {liquidity}",
    "OrderCancelled": "cancelled {name} {cancelled_quantity} {reason}",
    "OrderExpired": "expired {name} {expired_quantity} {reason}",
    "OrderReplaced": "replaced {name} {quantity}@{limit_price} left {leaves_quantity} {priority}",
    "OrderRejected": "rejected {name} {reason}",
    "OrderReplaceRejected": "replace rejected {name} {reason}",
    "OrderCancelRejected": "cancel rejected {name} {reason}",
    "OrderTransitionRefused": "refused {name} {state}",
    "AuctionCompleted": "auction {auction} {quantity}@{price} imbalance {imbalance_side} {imbalance_quantity}",
}
