"""Sends orders to a book by hand, and reads what it says."""

from __future__ import annotations

from typing import Any

from tests.reference.commands import START_NS, BookOptions, Command
from tests.reference.naive_book import NaiveBook
from tests.reference.real_book import RealBook


class Desk:
    """A book of either kind. Buyers are of account `x`, sellers of `y`, unless told; prices in cents."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.book: NaiveBook | RealBook = (NaiveBook if kind == "naive" else RealBook)(BookOptions(**options))
        self.now_ns = START_NS

    def send(self, command: Command) -> list[str]:
        """What the book says to one command."""
        said = len(self.book.lines)
        self.now_ns += 1
        command.time_ns = self.now_ns
        self.book.send(command)
        return self.book.lines[said:]

    def buy(self, order_id: str, quantity: int, limit: int = 0, account: str = "x", **terms: Any) -> list[str]:
        return self.send(Command("NEW", account, order_id, "BUY", quantity, limit, **priced(limit, terms)))

    def sell(self, order_id: str, quantity: int, limit: int = 0, account: str = "y", **terms: Any) -> list[str]:
        return self.send(Command("NEW", account, order_id, "SELL", quantity, limit, **priced(limit, terms)))

    def replace(self, name: str, side: str, quantity: int, limit: int, **terms: Any) -> list[str]:
        account, order_id = name.split("/")
        return self.send(Command("REPLACE", account, order_id, side, quantity, limit, **terms))

    def cancel(self, name: str) -> list[str]:
        account, order_id = name.split("/")
        return self.send(Command("CANCEL", account, order_id))

    def quote(self, bid: int, bid_size: int, ask: int, ask_size: int) -> list[str]:
        return self.send(Command("QUOTE", bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size))

    def sale(self, price: int) -> list[str]:
        return self.send(Command("SALE", last=price))

    def status(self, status: str) -> list[str]:
        return self.send(Command("STATUS", status=status))

    def wait(self, nanoseconds: int) -> list[str]:
        """Let time pass; the next input says so."""
        self.now_ns += nanoseconds
        return self.send(Command("SALE"))

    def holds(self) -> list[str]:
        """Names of the open orders, in the order in which they would trade."""
        return [line.split()[1] for line in self.book.holdings()]


def priced(limit: int, terms: dict[str, Any]) -> dict[str, Any]:
    """Terms with the order type that the price suggests, where none is told."""
    return {"order_type": "LIMIT" if limit else "MARKET"} | terms
