"""What the codecs of the interpreted mode are made of: tables, and few functions.

Theory of operation. Interpreted, a call costs more than most values take to encode, so the generated codecs of this
mode call as little as they can. A record is one `join` of what its fields encode to: neighbours of fixed size by one
`Struct`, everything else looked up in a `dict` that learns. Reading looks at one byte and at tables. Both know the
usual values only; anything else (a number past 64 bits, an index of two bytes, bytes that are no record) raises, and
the generated code does the whole record again by the codec of `events` or `states`, which compiled code consists of:
that one decides what is refused, and with which words.

Bound: each table that learns holds LEARNT_MAX values of at most LEARNT_BYTES_MAX bytes, then starts anew.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any, Final

from librt.strings import BytesWriter, read_i32_le, read_i64_be

from schemas.wire import read_block, read_long, read_money, write_bytes, write_long, write_money
from schemas.wire_maps import GrowingLongs, write_growing
from schemas.wire_text import write_string

LEARNT_MAX: Final = 32_768
LEARNT_BYTES_MAX: Final = 64
NOT_USUAL: Final = (LookupError, ValueError, OverflowError, struct.error)
"""What the fast codecs raise for a value they do not know."""

join: Final = b"".join
new: Final = object.__new__

ONE_BYTE: Final = tuple(zigzag >> 1 ^ -(zigzag & 1) for zigzag in range(1 << 7))
"""The long that one byte holds."""
TWO_BYTES: Final = tuple(zigzag >> 1 ^ -(zigzag & 1) for zigzag in range(1 << 14))
"""The long that two bytes hold, by their 14 bits."""
SMALL: Final = {number: bytes([2 * number]) for number in range(64)}
"""Encodings of the index of an enum of few symbols, and of small lengths."""
SPAN: Final = {2 * size: 1 + size for size in range(64)}
"""Bytes of a text or of bytes with its length, by the first of them."""
MONEY_SHIFT: Final = {2 * size: 64 - 8 * size for size in range(1, 9)}
"""What eight bytes have too many for money of fewer, by the byte that tells its length."""
MONEY_HEADS: Final = tuple(2 * size << 8 * size for size in range(1, 9))
"""What makes an amount of so many bytes, less one, a number whose bytes are its encoding."""
LARGE_E8: Final = 1 << 32
"""Money from here on seldom comes again."""


class Learning(dict[Any, bytes]):
    """Encodings by value; what is not known yet is encoded by a writer of the other codec, and kept."""

    def __init__(self, write: Callable[[BytesWriter, Any], None], usual: Iterable[Any] = ()) -> None:
        super().__init__()
        self.write = write
        self.usual = {value: self.encoded(value) for value in usual}
        self.update(self.usual)

    def __missing__(self, value: Any) -> bytes:
        encoded = self.encoded(value)
        if len(encoded) <= LEARNT_BYTES_MAX:
            self.learn(value, encoded)
        return encoded

    def encoded(self, value: Any) -> bytes:
        writer = BytesWriter()
        self.write(writer, value)
        return writer.getvalue()

    def learn(self, value: Any, encoded: bytes) -> None:
        if len(self) >= LEARNT_MAX:
            self.clear()
            self.update(self.usual)
        self[value] = encoded


class LearningTexts(Learning):
    """Encodings of texts."""

    def __missing__(self, value: str) -> bytes:
        encoded = value.encode()
        if len(encoded) >= LEARNT_BYTES_MAX:
            return self.encoded(value)
        encoded = SMALL[len(encoded)] + encoded
        self.learn(value, encoded)
        return encoded


class LearningLongs(Learning):
    """Encodings of longs. One of three bytes, as a sequence number, comes but once: it is not learnt. A shorter one may
    be missing, too: while another thread fills the table anew."""

    def __missing__(self, value: int) -> bytes:
        if 1 << 13 <= value < 1 << 20:
            return bytes((value << 1 & 127 | 128, value >> 6 & 127 | 128, value >> 13))
        return super().__missing__(value)


class LearningMoney(Learning):
    """Encodings of money. Only small amounts, as fees, come again: large ones are not learnt."""

    def __missing__(self, value: int) -> bytes:
        if LARGE_E8 <= value < 1 << 63:
            size = value.bit_length() >> 3
            return (MONEY_HEADS[size] + value).to_bytes(size + 2, "big")
        return super().__missing__(value)


class LearningHighs(dict[bytes, int]):
    """The 35 high bits of a time in nanoseconds, in their place, by the last five bytes of its nine: they change about
    seven times a second. -1 where these do not end a number of nine bytes."""

    def __missing__(self, encoded: bytes) -> int:
        *more, last = encoded
        if len(more) != 4 or min(more) < 128 or not 0 < last < 128:
            return -1
        if len(self) >= LEARNT_MAX:
            self.clear()
        high = last << 56
        for place, byte in enumerate(more, 4):
            high |= (byte & 127) << 7 * place
        self[encoded] = high
        return high


class LearningWords(dict[bytes, str]):
    """Words by their encoding, length and all, so that equal words are one object."""

    def __missing__(self, encoded: bytes) -> str:
        if len(self) >= LEARNT_MAX:
            self.clear()
        text = encoded[1:].decode()
        self[encoded] = text
        return text


LONG: Final = LearningLongs(write_long, range(-64, 8192))
MONEY: Final = LearningMoney(write_money)
TEXT: Final = LearningTexts(write_string)
WORD: Final = LearningTexts(write_string)
BYTES: Final = Learning(write_bytes)
WORD_OF: Final = LearningWords()
HIGH_OF: Final = LearningHighs()


def indices(size: int) -> dict[int, int]:
    """The index of an enum symbol by the byte that encodes it."""
    return {2 * index: index for index in range(size)}


def index_of(number: int, size: int) -> int:
    """An index that took more than a byte, checked."""
    if not 0 <= number < size:
        raise ValueError
    return number


def long_at(data: bytes, position: int) -> tuple[int, int]:
    """A long of more than two bytes: three, or any."""
    third = data[position + 2]
    if third < 128:
        bits = data[position] & 127 | (data[position + 1] & 127) << 7 | third << 14
        return bits >> 1 ^ -(bits & 1), position + 3
    return read_long(data, position)


def time_at(data: bytes, position: int) -> tuple[int, int]:
    """A time in nanoseconds, which has nine bytes, or any long. Who reads it will write it: it is learnt."""
    encoded = data[position : position + 9]
    if len(encoded) < 9 or (low := read_i32_le(encoded, 0)) & 0x80808081 != 0x80808080:
        return read_long(data, position)
    high = HIGH_OF[encoded[4:]]
    if high < 0:
        return read_long(data, position)
    low = low & 0x7F007F | low >> 1 & 0x3F803F80
    time_ns = (low & 0x3FFF | low >> 2 & 0xFFFC000 | high) >> 1
    LONG.learn(time_ns, encoded)
    return time_ns, position + 9


def money_at(data: bytes, position: int) -> tuple[int, int]:
    shift = MONEY_SHIFT.get(data[position])
    if shift is None or position + 9 > len(data):
        return read_money(data, position)
    return read_i64_be(data, position + 1) >> shift, position + 9 - (shift >> 3)


def block_at(data: bytes, position: int) -> tuple[int, int]:
    """The number of items in a block that does not end its array or map."""
    count, position = read_block(data, position)
    if count == 0:
        raise ValueError
    return count, position


def growing_bytes(value: GrowingLongs) -> bytes:
    writer = BytesWriter()
    write_growing(writer, value)
    return writer.getvalue()


def take_over() -> None:
    """Make `add` the one of the interpreted mode."""
    setattr(GrowingLongs, "add", add)  # noqa: B010 - mypy refuses an assignment to a method


def add(self: GrowingLongs, key: str, value: int) -> bool:
    """`GrowingLongs.add` of this mode."""
    entries = self.entries
    if key in entries:
        return False
    entries[key] = value
    encoded = key.encode()  # not learnt: most are order ids, which come but once
    size = len(encoded)
    self.fresh.write((SMALL[size] if size < LEARNT_BYTES_MAX else LONG[size]) + encoded + LONG[value])
    return True
