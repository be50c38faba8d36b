"""`tapeline orders`: the whole life of one order, or where the last ones stand, from the topic logs of a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dataflow.model import Record
from dataflow.ports import InputFault
from jobs.data_option import DATA_OPTION
from jobs.feeds.new_york import NEW_YORK
from jobs.order_life import Life, Step, charges_of, life_of, other_side
from jobs.order_search import TRADES, all_lives, open_logs, records_about
from jobs.plain_values import clock, line, plain
from schemas.generated.events import (
    LIQUIDITY_FLAG_SYMBOLS,
    ORDER_TYPE_SYMBOLS,
    SIDE_SYMBOLS,
    TIME_IN_FORCE_SYMBOLS,
    OrderExecuted,
    TradeExecuted,
)
from schemas.generated.states import ORDER_STATE_SYMBOLS

ORDERS_SHOWN: Final = 20
PIPE_COLUMNS: Final = 200
UNSAID: Final = {"event_id", "cause_id", "sequence", "event_time_ns", "symbol", "account", "order_id"}
"""Fields that a line about an order need not repeat."""
SAID: Final = {
    "OrderValidated": {"action", "request_id", "reference_price", "bid_price", "ask_price"},
    "RiskChecked": {"action", "request_id", "reservation", "buying_power_before", "buying_power_after"},
    "OrderAccepted": {"venue_order_id", "bid_price", "ask_price"},
    "OrderExecuted": {
        "trade_id",
        "price",
        "quantity",
        "cumulative_quantity",
        "leaves_quantity",
        "liquidity",
        "bid_price",
        "ask_price",
    },
}
"""Of these records, the fields that are not the order's own terms, and stand nowhere else."""


@click.command()
@click.argument("order_id", required=False)
@click.option("--account", help="The order's account, where several have orders of this id; or orders of it alone.")
@click.option("--symbol", help="Without ORDER_ID: orders in this symbol alone.")
@click.option(
    "--state", type=click.Choice(ORDER_STATE_SYMBOLS[1:]), help="Without ORDER_ID: orders in this state alone."
)
@click.option(
    "-n", "count", type=click.IntRange(min=1), default=ORDERS_SHOWN, show_default=True, help="So many orders."
)
@click.option("--json", "as_json", is_flag=True, help="JSON, one order a line, with everything.")
@DATA_OPTION
def orders(order_id: str | None, data: Path, as_json: bool, **options: Any) -> None:
    """The life of ORDER_ID: each event with its time, what it changed, its figures and its cause; fills and trades.

    Without ORDER_ID the last orders placed, and how many are in which state.
    """
    if order_id is not None:
        _show_one(data, order_id, options["account"], as_json)
        return
    choice = _Choice(options["account"], options["symbol"], options["state"], options["count"])
    _show_last(data, choice, as_json)


# One order


def _show_one(data: Path, order_id: str, account: str | None, as_json: bool) -> None:
    """Raises InputFault where there is no such order, or several."""
    found = list(records_about(open_logs(data), order_id))
    accounts = sorted({record.account for stream, record in found if stream != TRADES})
    if not accounts:
        raise InputFault(f"{data} holds no order {order_id!r}\n    `tapeline orders --data {data}` lists the last ones")
    if account is not None and account not in accounts:
        raise InputFault(f"the account {account!r} has no order {order_id!r}\n    it is of {_listed(accounts)}")
    if account is None and len(accounts) > 1:
        raise InputFault(f"{len(accounts)} accounts have an order {order_id!r}\n    add --account: {_listed(accounts)}")
    chosen = account if account is not None else accounts[0]
    life = life_of(chosen, order_id, [one for stream, one in found if stream != TRADES and one.account == chosen])
    trades = [one for stream, one in found if stream == TRADES and (chosen, order_id) in _sides(one)]
    if as_json:
        click.echo(json.dumps(_as_json(life, trades)))
    else:
        _print_life(life, trades)


def _sides(trade: TradeExecuted) -> set[tuple[str, str]]:
    return {(trade.buy_account, trade.buy_order_id), (trade.sell_account, trade.sell_order_id)}


def _listed(words: list[str]) -> str:
    return ", ".join(words[:10]) + (", …" if len(words) > 10 else "")


def _as_json(life: Life, trades: list[TradeExecuted]) -> dict[str, Any]:
    events = [
        {
            "type": type(step.record).__name__,
            "from": ORDER_STATE_SYMBOLS[step.before],
            "to": ORDER_STATE_SYMBOLS[step.after],
            "record": plain(step.record.to_dict()),
        }
        for step in life.steps
    ]
    return {**_terms(life), "events": events, "trades": [plain(trade.to_dict()) for trade in trades]}


def _terms(life: Life) -> dict[str, Any]:
    return {
        "account": life.account,
        "order_id": life.order_id,
        "symbol": life.symbol,
        "side": SIDE_SYMBOLS[life.side],
        "order_type": ORDER_TYPE_SYMBOLS[life.order_type],
        "time_in_force": TIME_IN_FORCE_SYMBOLS[life.time_in_force],
        "quantity": life.quantity,
        "limit_price": _money(life.limit_price_e8),
        "state": ORDER_STATE_SYMBOLS[life.state],
        "filled_quantity": life.filled_quantity,
        "average_price": _money(life.average_price_e8),
        "charges": _money(life.charges_e8),
    }


def _print_life(life: Life, trades: list[TradeExecuted]) -> None:
    console = _console()
    terms = _terms(life)
    limit = f" at {terms['limit_price']}" if life.limit_price_e8 else ""
    what = f"{terms['side']} {life.quantity:,} {life.symbol} {terms['order_type']}{limit} {terms['time_in_force']}"
    console.print(f"[bold]{life.order_id}[/] of {life.account}: {what}", highlight=False)
    filled = f"{life.filled_quantity:,} filled"
    if life.filled_quantity:
        filled += f" at {terms['average_price']} on average, charges {terms['charges']}"
    console.print(f"[bold]{terms['state']}[/], {filled}", highlight=False)
    console.print(_steps(life))
    fills = [step.record for step in life.steps if isinstance(step.record, OrderExecuted)]
    if fills:
        console.print(_fills(life, fills, trades))


def _steps(life: Life) -> Table:
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True)
    table.add_column("#", justify="right", no_wrap=True)
    for title in ("New York", "UTC", "event", "state"):
        table.add_column(title, no_wrap=title in ("New York", "event"))
    table.add_column("figures", ratio=1, overflow="fold")
    table.add_column("cause", overflow="fold")
    numbers: dict[bytes, int] = {}
    for number, step in enumerate(life.steps, start=1):
        fields = step.record.to_dict()
        numbers[fields["event_id"]] = number
        name = type(step.record).__name__
        at_ns = step.record.event_time_ns
        cause = _cause(fields["cause_id"], numbers)
        utc = clock(at_ns, UTC).partition(" ")[2]
        table.add_row(
            str(number), clock(at_ns, NEW_YORK), utc, name, _change(step), Text(_figures(name, fields)), cause
        )
    return table


def _change(step: Step) -> str:
    if step.before == step.after:
        return ""
    return f"{ORDER_STATE_SYMBOLS[step.before]} → {ORDER_STATE_SYMBOLS[step.after]}"


def _figures(name: str, fields: dict[str, Any]) -> str:
    chosen = SAID.get(name, fields.keys() - UNSAID)
    return line({field: value for field, value in fields.items() if field in chosen and value != "NONE"})


def _cause(cause: bytes, numbers: dict[bytes, int]) -> str:
    """The number of the line that tells the cause; the id of an event elsewhere; `client` where nothing here is."""
    if cause in numbers:
        return f"# {numbers[cause]}"
    return cause.hex() if any(cause) else "client"


def _fills(life: Life, fills: list[OrderExecuted], trades: list[TradeExecuted]) -> Table:
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True, title="Fills and trades", title_justify="left")
    for title in ("trade", "quantity", "price", "left", "improvement", "charges"):
        table.add_column(title, justify="right")
    for title in ("liquidity", "with", "New York"):
        table.add_column(title)
    others = {trade.trade_id: other_side(trade, life) for trade in trades}
    for fill in fills:
        account, order_id = others.get(fill.trade_id, ("?", "?"))
        table.add_row(
            str(fill.trade_id),
            f"{fill.quantity:,}",
            _money(fill.price_e8),
            f"{fill.leaves_quantity:,}",
            _money(fill.price_improvement_e8),
            _money(charges_of(fill)),
            LIQUIDITY_FLAG_SYMBOLS[fill.liquidity],
            f"{order_id} of {account}" if account else f"the market at {fill.venue}",
            clock(fill.event_time_ns, NEW_YORK),
        )
    return table


# Many orders


@dataclass(frozen=True)
class _Choice:
    account: str | None
    symbol: str | None
    state: str | None
    count: int

    def holds(self, life: Life) -> bool:
        return (
            self.account in (None, life.account)
            and self.symbol in (None, life.symbol)
            and self.state in (None, ORDER_STATE_SYMBOLS[life.state])
        )


def _show_last(data: Path, choice: _Choice, as_json: bool) -> None:
    lives = [life for life in all_lives(open_logs(data)).values() if life.state and choice.holds(life)]
    lives.sort(key=_placed_ns)
    last = lives[-choice.count :]
    if as_json:
        for life in last:
            click.echo(json.dumps(_terms(life)))
        return
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True)
    for title in ("placed, New York", "account", "order", "symbol", "side", "type", "time in force"):
        table.add_column(title, no_wrap=True)
    for title in ("quantity", "limit", "filled", "average"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("last event")
    for life in last:
        table.add_row(*_row(life))
    console = _console()
    console.print(table)
    counts = Counter(ORDER_STATE_SYMBOLS[life.state] for life in lives)
    shares = ", ".join(f"{count:,} {state}" for state, count in counts.most_common())
    console.print(f"{len(last):,} of {len(lives):,} orders{': ' if shares else ''}{shares}", highlight=False)


def _placed_ns(life: Life) -> int:
    return int(life.steps[0].record.event_time_ns)


def _row(life: Life) -> Iterator[str]:
    terms = _terms(life)
    yield clock(_placed_ns(life), NEW_YORK)
    for name in ("account", "order_id", "symbol", "side", "order_type", "time_in_force"):
        yield str(terms[name])
    yield f"{life.quantity:,}"
    yield terms["limit_price"] if life.limit_price_e8 else ""
    yield f"{life.filled_quantity:,}" if life.filled_quantity else ""
    yield terms["average_price"] if life.filled_quantity else ""
    yield terms["state"]
    yield _last_event(life.steps[-1].record)


def _last_event(record: Record) -> str:
    fields = record.to_dict()
    reason = fields.get("reason")
    return f"{type(record).__name__} {reason}" if reason else type(record).__name__


def _money(amount_e8: int) -> str:
    return f"{Decimal(amount_e8).scaleb(-8).normalize():,f}"


def _console() -> Console:
    """As wide as the terminal; wide in a pipe, so that lines stay whole."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_COLUMNS)
