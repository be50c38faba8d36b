"""What one can ask of a book, in plain words: the input of both the naive and the real one."""

from __future__ import annotations

from dataclasses import dataclass

START_NS = 1_790_000_000_000_000_000
CENT_E8 = 1_000_000


@dataclass
class Command:
    """One input. `kind` is NEW, REPLACE, CANCEL, QUOTE, SALE or STATUS; prices are in cents; 0 is none."""

    kind: str
    account: str = ""
    order_id: str = ""
    side: str = "NONE"
    quantity: int = 0
    limit: int = 0
    stop: int = 0
    order_type: str = "LIMIT"
    time_in_force: str = "DAY"
    display: int = 0
    expire_ns: int = 0
    post_only: bool = False
    all_or_none: bool = False
    self_trade: str = "NONE"
    bid: int = 0
    bid_size: int = 0
    ask: int = 0
    ask_size: int = 0
    last: int = 0
    status: str = "TRADING"
    time_ns: int = START_NS


@dataclass
class BookOptions:
    """How a book trades; the same words as the parameters of execution."""

    liquidity: str = "BOOK"
    protect_quotes: bool = True
    stop_trigger: str = "LAST"
    open_orders_max: int = 100_000
