"""Byte strings for the order stream that are no orders, nearly are, or are extreme ones; and good orders beside them.

Noise has accounts and symbols of its own, so far from those of the good orders that no mutation leads from one to the
other; all else, the tables of the codec included, they share.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from librt.strings import BytesWriter

from dataflow.model import Record, RecordType
from schemas.generated.events import (
    ORDER_CANCEL_REQUESTED,
    ORDER_PLACED,
    ORDER_REPLACE_REQUESTED,
    ORDER_TYPE_LIMIT,
    ORDER_VALIDATED,
    SALE_MARKING_SHORT,
    SIDE_BUY,
    SIDE_SELL,
    TIME_IN_FORCE_DAY,
    OrderCancelRequested,
    OrderPlaced,
    OrderReplaceRequested,
    OrderValidated,
)
from tests.operators.order_requests import CENT, TEN

SCHEMAS: list[RecordType | None] = [None, ORDER_PLACED, ORDER_CANCEL_REQUESTED, ORDER_REPLACE_REQUESTED]
"""What the stream holds, by schema id."""
GOOD_SYMBOLS = ("GOODA", "GOODB")
GOOD_ACCOUNTS = ("GOOD-ACCOUNT-1", "GOOD-ACCOUNT-2", "GOOD-ACCOUNT-3")
NOISE_SYMBOLS = ("z", "zz", "zzz")
"""The last has no reference data."""
NOISE_ACCOUNTS = ("y", "yy", "yyyyyyyy")
"""The last has no terms."""
STEP_NS = 20_000_000
NOISE_STEP_NS = 2_000_000
"""Time between two good orders, and two of noise."""

EDGES = (
    0,
    1,
    -1,
    63,
    64,
    2**31,
    2**53,
    2**62 - 1,
    2**62,
    2**63 - 1,
    -(2**63),
    -(2**62),
    10**12,
    10**12 + 1,
    9 * 10**14,
)
EDGE_TEXTS = ("", "\0", "\x1f", "z\x1f1", "é", "\u202e1", "\U0001f600", "\ufeff", "%s", "1" * 64, "1" * 65, "y" * 40)
LONG_TEXT = "w" * 20_000


def frame(schema_id: int, record: Record) -> bytes:
    """The record as it stands in the stream."""
    writer = BytesWriter()
    record.encode_into(writer)
    return b"\0" + schema_id.to_bytes(4, "big") + writer.getvalue()


def limit_order(at_ns: int, symbol: str, account: str, order_id: str, terms: tuple[int, int, int]) -> OrderPlaced:
    """`terms`: side, shares, cents a share."""
    side, quantity, cents = terms
    order = OrderPlaced(at_ns, symbol, account, order_id, side, SALE_MARKING_SHORT if side == SIDE_SELL else 0)
    order.order_type = ORDER_TYPE_LIMIT
    order.time_in_force = TIME_IN_FORCE_DAY
    order.quantity = quantity
    order.limit_price_e8 = cents * CENT
    return order


class GoodOrders:
    """Orders, replaces and cancels that trade with each other; frames by `next`."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.placed: list[OrderPlaced] = []

    def next(self) -> bytes:
        self.count += 1
        draw = self.random
        at_ns = TEN + self.count * STEP_NS
        kind = draw.randrange(10)
        if self.placed and kind < 2:
            earlier = draw.choice(self.placed[-20:])
            names = (earlier.symbol, earlier.account, earlier.order_id)
            if kind == 0:
                return frame(2, OrderCancelRequested(at_ns, *names, f"c{self.count}"))
            change = OrderReplaceRequested(at_ns, *names, f"r{self.count}", earlier.side)
            change.quantity, change.limit_price_e8 = draw.randint(1, 300), draw.randint(9_997, 10_003) * CENT
            return frame(3, change)
        terms = (draw.choice((SIDE_BUY, SIDE_SELL)), draw.randint(1, 300), draw.randint(9_997, 10_003))
        order = limit_order(at_ns, draw.choice(GOOD_SYMBOLS), draw.choice(GOOD_ACCOUNTS), str(self.count), terms)
        self.placed.append(order)
        return frame(1, order)


class Noise:
    """Frames by `next`, each of a kind drawn anew."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.kinds: tuple[Callable[[], bytes], ...] = (
            self.bytes_of_any_kind,
            self.bytes_behind_a_header,
            self.wrong_schema,
            self.flipped,
            self.flipped,
            self.cut,
            self.spliced,
            self.extreme,
            self.extreme,
            self.extreme,
            self.plausible,
        )

    def next(self) -> bytes:
        self.count += 1
        return self.random.choice(self.kinds)()

    def now_ns(self) -> int:
        """As late as good orders are, give or take a second."""
        return TEN + self.count * NOISE_STEP_NS + self.random.randrange(10**9)

    def bytes_of_any_kind(self) -> bytes:
        return self.random.randbytes(self.random.randrange(120))

    def bytes_behind_a_header(self) -> bytes:
        return b"\0\0\0\0" + bytes([self.random.randint(1, 3)]) + self.bytes_of_any_kind()

    def wrong_schema(self) -> bytes:
        """A record that must not come from outside, under an id unknown here or that of another."""
        forged = OrderValidated(TEN, "z", "y", str(self.count))
        return frame(self.random.choice((1, 2, 3, ORDER_VALIDATED.number, 2**31 - 1)), forged)

    def plausible(self) -> bytes:
        """A request that may well be accepted."""
        draw = self.random
        at_ns, symbol, account = self.now_ns(), draw.choice(NOISE_SYMBOLS), draw.choice(NOISE_ACCOUNTS)
        order_id = str(draw.randrange(2 * self.count))
        if draw.randrange(8) == 0:
            return frame(2, OrderCancelRequested(at_ns, symbol, account, order_id, f"c{self.count}"))
        terms = (draw.choice((SIDE_BUY, SIDE_SELL)), draw.randint(1, 300), draw.randint(9_997, 10_003))
        return frame(1, limit_order(at_ns, symbol, account, order_id, terms))

    def flipped(self) -> bytes:
        data = bytearray(self.plausible())
        for _ in range(self.random.randint(1, 4)):
            data[self.random.randrange(len(data))] = self.random.choice((0, 1, 0x7F, 0x80, 0xFF, 0x55))
        return bytes(data)

    def cut(self) -> bytes:
        data = self.plausible()
        return data[: self.random.randrange(len(data))]

    def spliced(self) -> bytes:
        head, tail = self.plausible(), self.extreme()
        return head[: self.random.randrange(len(head))] + tail[self.random.randrange(len(tail)) :]

    def extreme(self) -> bytes:
        """A record any of whose fields may be at the edge of what can be written."""
        schema_id = self.random.choice((1, 1, 3))
        record = OrderReplaceRequested() if schema_id == 3 else OrderPlaced()
        self.fill(record)
        return frame(schema_id, record)

    def fill(self, record: OrderPlaced | OrderReplaceRequested) -> None:
        draw = self.random
        record.event_time_ns = self.number(self.now_ns())
        record.symbol = self.text(draw.choice(NOISE_SYMBOLS))
        record.account = self.text(draw.choice(NOISE_ACCOUNTS))
        record.order_id = self.text(str(draw.randrange(2 * self.count)))
        record.side = draw.randrange(3)
        record.quantity = self.number(draw.randint(1, 300))
        record.display_quantity = self.number(0)
        record.limit_price_e8 = self.number(draw.randint(9_997, 10_003) * CENT)
        record.stop_price_e8 = self.number(0)
        record.expire_time_ns = self.number(0)
        if isinstance(record, OrderReplaceRequested):
            record.request_id = self.text(f"r{self.count}")
            return
        record.marking, record.order_type = draw.randrange(4), draw.randrange(5)
        record.time_in_force, record.session = draw.randrange(8), draw.randrange(4)
        record.post_only, record.all_or_none = draw.random() < 0.1, draw.random() < 0.1
        record.self_trade_prevention = draw.randrange(5)

    def number(self, plausible: int) -> int:
        draw = self.random.randrange(8)
        if draw > 1:
            return plausible
        edge = self.random.choice(EDGES)
        return edge if draw == 0 else min(max(edge + self.random.randint(-2, 2), -(2**63)), 2**63 - 1)

    def text(self, plausible: str) -> str:
        draw = self.random.randrange(200)
        if draw > 20:
            return plausible
        if draw == 0:
            return LONG_TEXT
        return self.random.choice(EDGE_TEXTS) + (plausible if draw < 10 else "")
