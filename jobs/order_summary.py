"""The orders of a run, for a person at the terminal: what was asked, what was answered, and whether it adds up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rich.table import Table

from jobs.order_totals import OrderTotals

REASONS_SHOWN: Final = 10
DIFFERS: Final = "[bold red]DIFFERS[/] "


def order_tables(totals: OrderTotals) -> Iterator[Table]:
    """Figures, and reasons of refusals."""
    yield _figures(totals)
    yield _reasons(totals)


def _figures(totals: OrderTotals) -> Table:
    records = totals.records
    table = Table(show_header=False, title="Orders", title_justify="left")
    placed = f"{records['OrderPlaced']:,}"
    asked = f"{records['OrderCancelRequested']:,} cancels, {records['OrderReplaceRequested']:,} replaces"
    table.add_row("requests", f"{placed} orders, {asked}")
    twice = f" + {totals.twice:,} known already" if totals.twice else ""
    answered = f"{totals.accepted:,} accepted + {totals.refused():,} rejected{twice}"
    table.add_row("orders in = out", f"{_mark(totals.are_answered())}{placed} = {answered}")
    ended = f"{totals.filled:,} filled, {records['OrderCancelled']:,} cancelled, {records['OrderExpired']:,} expired"
    table.add_row("accepted orders", f"{ended}, {totals.open_orders:,} open; {records['OrderReplaced']:,} replaces")
    table.add_row("executions", f"{records['OrderExecuted']:,} fills in {records['TradeExecuted']:,} trades")
    bought, sold = totals.bought + totals.market_bought, totals.sold + totals.market_sold
    market = f"of these by the market outside {totals.market_bought:,} and {totals.market_sold:,}"
    table.add_row("shares bought = sold", f"{_mark(totals.are_balanced())}{bought:,} = {sold:,}; {market}")
    reserved = f"{Decimal(totals.reserved_e8).scaleb(-8):,.2f} for {totals.reserved_orders:,} open orders"
    table.add_row("reserved", f"{reserved}, {totals.accounts:,} accounts")
    table.add_row("impossible transitions", f"{records['OrderTransitionRefused']:,}")
    return table


def _mark(is_right: bool) -> str:
    return "" if is_right else DIFFERS


def _reasons(totals: OrderTotals) -> Table:
    table = Table("refused", "reason", "requests", title="Refused requests of clients", title_justify="left")
    table.columns[2].justify = "right"
    common = totals.reasons.most_common(REASONS_SHOWN)
    for (asked, reason), count in common:
        table.add_row(asked, reason, f"{count:,}")
    rest = totals.reasons.total() - sum(count for _, count in common)
    if rest:
        table.add_row("", f"{len(totals.reasons) - len(common)} other reasons", f"{rest:,}")
    return table
