"""The order book as LOBSTER's two files show it together: orders by level, kept equal to the snapshots.

LOBSTER reports only what happens within the depth of its snapshots (ten levels, say). A level that comes into view
again may have changed unseen, and the orders already there at the start were never reported; the snapshot after each
message tells what is there. The difference is what the messages alone do not tell; it is put into orders of our own,
numbered -1, -2, … in order of appearance.

Invariant: after `settle` the levels in view hold exactly the snapshot's quantities.
Bound: one entry per order reported and not yet gone, and per level seen.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from mypy_extensions import i64

from schemas.generated.events import (
    MARKET_DATA_KIND_ORDER_ADDED,
    MARKET_DATA_KIND_ORDER_DELETED,
    MARKET_DATA_KIND_ORDER_REDUCED,
    SIDE_BUY,
)


class Correction:
    """A message LOBSTER does not give: an order of ours appears, or one known is found smaller or gone."""

    def __init__(self, kind: i64, order_id: i64, price: i64, quantity: i64, side: i64) -> None:
        self.kind: i64 = kind
        self.order_id: i64 = order_id
        self.price: i64 = price
        self.quantity: i64 = quantity
        self.side: i64 = side


class BookSide:
    """One side: its levels, each the quantities of its orders by their number, in order of arrival."""

    def __init__(self, side: i64) -> None:
        self.side: i64 = side
        self.levels: dict[int, dict[int, int]] = {}
        self.totals: dict[int, int] = {}
        self.prices: list[int] = []
        """Prices of the levels, ascending."""

    def add(self, price: i64, order_id: i64, quantity: i64) -> None:
        orders = self.levels.get(price)
        if orders is None:
            orders = {}
            self.levels[price] = orders
            self.totals[price] = 0
            insort(self.prices, price)
        orders[order_id] = orders.get(order_id, 0) + quantity
        self.totals[price] += quantity

    def take(self, price: i64, order_id: i64, quantity: i64) -> None:
        """Take shares from an order; if it is not known, from orders of ours at its level."""
        orders = self.levels.get(price)
        if orders is None:
            return
        if order_id in orders:
            self.reduce(price, order_id, quantity)
            return
        for known in list(orders):
            if known < 0 and quantity > 0:
                part: i64 = min(quantity, orders[known])
                self.reduce(price, known, part)
                quantity -= part

    def reduce(self, price: i64, order_id: i64, quantity: i64) -> None:
        orders = self.levels[price]
        held: i64 = orders[order_id]
        if held > quantity:
            orders[order_id] = held - quantity
            self.totals[price] -= quantity
            return
        del orders[order_id]
        self.totals[price] -= held
        if not orders:
            del self.levels[price]
            del self.totals[price]
            del self.prices[bisect_left(self.prices, price)]

    def total(self, price: i64) -> i64:
        return self.totals.get(price, 0)

    def settle(self, snapshot: list[tuple[int, int]], next_order_id: i64) -> list[Correction]:
        """Make the levels in view those of the snapshot: (price, quantity), best first. Returns what it took.

        An empty snapshot says nothing; a level of no quantity says that there are no more.
        """
        corrections: list[Correction] = []
        for price, quantity in snapshot:
            if quantity == 0:
                break
            held = self.total(price)
            if held < quantity:
                self.add(price, next_order_id, quantity - held)
                kind: i64 = MARKET_DATA_KIND_ORDER_ADDED
                corrections.append(Correction(kind, next_order_id, price, quantity - held, self.side))
                next_order_id -= 1
            elif held > quantity:
                self.withdraw(price, held - quantity, corrections)
        if snapshot:
            self.clear(snapshot, corrections)
        return corrections

    def clear(self, snapshot: list[tuple[int, int]], corrections: list[Correction]) -> None:
        """Take away levels that should be in view and are not."""
        shown = {price for price, quantity in snapshot if quantity != 0}
        in_view = self.in_view(snapshot[-1])
        if len(in_view) == len(shown):
            return
        for price in in_view:
            if price not in shown:
                self.withdraw(price, self.total(price), corrections)

    def in_view(self, worst: tuple[int, int]) -> list[int]:
        """Our prices down to the worst level of a snapshot, all of them if that is empty."""
        if worst[1] == 0:
            return list(self.prices)
        if self.side == SIDE_BUY:
            return self.prices[bisect_left(self.prices, worst[0]) :]
        return self.prices[: bisect_right(self.prices, worst[0])]

    def withdraw(self, price: i64, quantity: i64, corrections: list[Correction]) -> None:
        """Take shares from the oldest orders of a level."""
        orders = self.levels[price]
        for order_id in list(orders):
            if quantity > 0:
                held: i64 = orders[order_id]
                part = min(quantity, held)
                kind: i64 = MARKET_DATA_KIND_ORDER_DELETED if part == held else MARKET_DATA_KIND_ORDER_REDUCED
                corrections.append(Correction(kind, order_id, price, part, self.side))
                self.reduce(price, order_id, part)
                quantity -= part
