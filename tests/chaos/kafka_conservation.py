"""What must be conserved, counted from what the witness has read and from the state of the last checkpoint."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any, Final

from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.offline import stored_cells
from dataflow.ports import Storage
from tests.chaos.kafka_witness import Streams

OUTSIDE: Final = ""
"""Account of the market outside."""


def records_of(streams: Streams, kind: str) -> list[dict[str, Any]]:
    return [each.fields for seen in streams.values() for each in seen if each.type == kind]


def share_faults(streams: Streams) -> list[str]:
    """Shares, and the cash paid for them, that appear or vanish."""
    fills, trades = records_of(streams, "OrderExecuted"), records_of(streams, "TradeExecuted")
    by_fills, by_trades = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        by_fills[fill["account"], fill["side"]] += fill["quantity"]
        paid[fill["side"]] += fill["price"] * fill["quantity"]
    for trade in trades:
        for account, side in ((trade["buy_account"], "BUY"), (trade["sell_account"], "SELL")):
            if account == OUTSIDE:
                paid[side] += trade["price"] * trade["quantity"]
            else:
                by_trades[account, side] += trade["quantity"]
    faults = [] if by_fills == by_trades else ["fills of accounts and trades of the book differ"]
    if paid["BUY"] != paid["SELL"]:
        faults.append(f"{paid['BUY']} was paid, {paid['SELL']} received")
    if not fills:
        faults.append("no order was filled: the run shows nothing")
    return faults


def order_faults(streams: Streams, storage: Storage) -> list[str]:
    """Orders that were neither accepted nor rejected, and reservations for orders that are not open."""
    manifest, passed = CheckpointStore(storage).latest()
    if manifest is None:
        return ["there is no checkpoint at the end", *passed]
    books, accounts = [], []
    for cell in stored_cells(CheckpointStore(storage), manifest):
        if cell.uid == "execution":
            books.append(cell.state)
        elif cell.uid == "risk":
            accounts.append((cell.key, cell.state))
    faults = answer_faults(streams, books)
    open_orders = sum(book["open_orders"] for book in books)
    reserved_orders = sum(len(state["orders"]) for _, state in accounts)
    if open_orders != reserved_orders:
        faults.append(f"{open_orders} orders are open, risk knows {reserved_orders}")
    faults += [
        f"account {key} has {state['reserved']} reserved for no order"
        for key, state in accounts
        if state["reserved"] and not state["orders"]
    ]
    return faults + holding_faults(records_of(streams, "OrderExecuted"), dict(accounts))


def answer_faults(streams: Streams, books: list[dict[str, Any]]) -> list[str]:
    placed = len(records_of(streams, "OrderPlaced"))
    accepted = sum(book["orders_accepted"] for book in books)
    told = {(each["account"], each["order_id"]) for each in records_of(streams, "OrderAccepted")}
    rejected = len(records_of(streams, "OrderRejected"))
    twice = sum(each["step"] == "EXECUTION" for each in records_of(streams, "OrderTransitionRefused"))
    faults = []
    if placed != accepted + rejected + twice:
        faults.append(f"{placed} orders were placed; {accepted} accepted, {rejected} rejected, {twice} known before")
    if len(told) != accepted:
        faults.append(f"{accepted} orders were accepted, {len(told)} were told so")
    return faults


def holding_faults(fills: list[dict[str, Any]], accounts: dict[str, dict[str, Any]]) -> list[str]:
    """Positions of risk that are not the sum of the account's fills."""
    held = Counter[tuple[str, str]]()
    for fill in fills:
        held[fill["account"], fill["symbol"]] += fill["quantity"] if fill["side"] == "BUY" else -fill["quantity"]
    known = {
        (account, symbol): holding["quantity"]
        for account, state in accounts.items()
        for symbol, holding in state["holdings"].items()
    }
    places = sorted(held.keys() | known.keys())
    return [
        f"account {account} holds {known.get((account, symbol), 0)} of {symbol}, its fills say {held[account, symbol]}"
        for account, symbol in places
        if known.get((account, symbol), 0) != held[account, symbol]
    ][:3]
