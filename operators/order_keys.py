"""Gives the text by which one order is known in a state that holds those of many accounts: account, U+001F, order id.

An account holds no U+001F (validate sees to it), so the text stands for one pair only. Validate and execution ask for
it several times while they carry one request; it is the same object each time, and so is hashed and encoded once.

Bound: the latest RECENT_SLOTS texts are kept.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64, mypyc_attr

SEPARATOR: Final = "\x1f"
RECENT_SLOTS: Final = 127


@mypyc_attr(acyclic=True, free_list_len=1)
class OrderKey:
    """A text made before, and of what."""

    __slots__ = ("account", "order_id", "text")

    def __init__(self, account: str, order_id: str, text: str) -> None:
        self.account: str = account
        self.order_id: str = order_id
        self.text: str = text


RECENT: Final[list[OrderKey]] = [OrderKey("", "", SEPARATOR)] * RECENT_SLOTS
"""The latest in each slot, by the address of the order id: all that follows from a request holds the same object."""


def order_key(account: str, order_id: str) -> str:
    address: i64 = id(order_id)
    slot: i64 = (address >> 4) % RECENT_SLOTS
    known = RECENT[slot]
    if known.order_id is not order_id or known.account is not account:
        known = OrderKey(account, order_id, f"{account}{SEPARATOR}{order_id}")
        RECENT[slot] = known
    return known.text
