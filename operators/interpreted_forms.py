"""What few functions are in the interpreted mode: the same values, by as few steps as Python can take.

Compiled, arithmetic in machine words and loops over characters cost nothing, and these would; interpreted, each step of
them is paid for. `operators` puts these in place before any other module has taken a name from theirs.
"""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from typing import Final

from operators import exact_amounts, fee_schedule, order_book, printable_text
from operators.exact_amounts import BPS
from schemas.generated.states import OrderQueue

PRICE_OF: Final = operator.attrgetter("price_e8")


def part(amount_e8: int, bps: int) -> int:
    """`exact_amounts.part` of this mode."""
    return (amount_e8 * bps + (BPS - 1)) // BPS


def part_down(amount_e8: int, bps: int) -> int:
    """`exact_amounts.part_down` of this mode."""
    return amount_e8 * bps // BPS


def row_at(starts_ns: list[int], time_ns: int) -> int:
    """`fee_schedule.row_at` of this mode."""
    return bisect_right(starts_ns, time_ns) - 1


def search(ladder: list[OrderQueue], price_e8: int, sign: int) -> int:
    """`order_book.search` of this mode."""
    if sign > 0:
        return bisect_left(ladder, price_e8, key=PRICE_OF)
    return bisect_left(ladder, -price_e8, key=falling)


def falling(queue: OrderQueue) -> int:
    """What rises along a ladder whose prices fall."""
    return -queue.price_e8


def is_plain(text: str) -> bool:
    """`printable_text.is_plain` of this mode."""
    return text.isascii() and text.isprintable()


def take_over() -> None:
    """Make these the functions of their modules."""
    setattr(exact_amounts, "amount_e8", operator.mul)  # noqa: B010 - mypy refuses an assignment to a function
    for function in (part, part_down):
        setattr(exact_amounts, function.__name__, function)
    setattr(fee_schedule, "row_at", row_at)  # noqa: B010
    setattr(order_book, "search", search)  # noqa: B010
    setattr(printable_text, "is_plain", is_plain)  # noqa: B010
