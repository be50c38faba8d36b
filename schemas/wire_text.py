"""Strings on the wire. Most were read or written before, and are found again without making or encoding anything.

Words are strings of a small vocabulary: symbols, venues, accounts. What is none (order ids) is written by all the
events that follow from one input, and then soon or never again. As in `wire`, one source serves both modes.

Bound: the tables have a fixed number of slots, the dictionary begins anew at ENCODED_LIMIT; no long string is kept.
"""

from __future__ import annotations

from typing import Final

from librt.strings import BytesWriter, read_i64_le
from mypy_extensions import i64, mypyc_attr

from schemas.wire import SEVEN_BYTES, read_size, write_long

WORD_BYTES_MAX: Final = 15
WORD_SLOTS: Final = 65_521


@mypyc_attr(acyclic=True)
class Word:
    """A string of a small vocabulary (symbol, venue, account) that was read before, and its first and last bytes."""

    __slots__ = ("head", "tail", "text")

    def __init__(self, head: i64, tail: i64, text: str) -> None:
        self.head: i64 = head
        self.tail: i64 = tail
        self.text: str = text


@mypyc_attr(acyclic=True, free_list_len=1)
class Written:
    """A string that was written before, and its bytes."""

    __slots__ = ("encoded", "text")

    def __init__(self, text: str, encoded: bytes) -> None:
        self.text: str = text
        self.encoded: bytes = encoded


WORDS: Final[list[Word]] = [Word(0, 0, "")] * WORD_SLOTS
"""Words read before, the latest in each slot."""
ENCODED: Final[dict[str, bytes]] = {}
"""Words written before, each with its whole encoding, length and all."""
ENCODED_LIMIT: Final = 65_536
"""Past it the table starts anew, so that noise cannot fill memory."""
WRITTEN_SLOTS: Final = 16_381
WRITTEN_WORDS: Final[list[Written]] = [Written("", b"\x00")] * WRITTEN_SLOTS
"""Of the words in `ENCODED` the latest in each slot, by its address: a word that was read is mostly the same object
wherever it is written, and is found here without a look into the dictionary."""


@mypyc_attr(acyclic=True, free_list_len=1)
class Named:
    """Names that were written one after the other (symbol, account, order), and their bytes."""

    __slots__ = ("encoded", "first", "second", "third")

    def __init__(self, first: str, second: str, third: str, encoded: bytes) -> None:
        self.first: str = first
        self.second: str = second
        self.third: str = third
        self.encoded: bytes = encoded


KEPT_CHARACTERS_MAX: Final = 64
"""Longer strings are in no table."""
RECENT_SLOTS: Final = 127
"""What has no vocabulary is written again soon or never: by the events that follow from one input."""
RECENT_STRINGS: Final[list[Written]] = [Written("", b"\x00")] * RECENT_SLOTS
RECENT_NAMES: Final[list[Named]] = [Named("", "", "", b"\x00\x00\x00")] * RECENT_SLOTS
"""The latest in each slot, by address, as in `WRITTEN_WORDS`."""


def write_string(writer: BytesWriter, value: str) -> None:
    encoded = value.encode()
    write_long(writer, len(encoded))
    writer.write(encoded)


def write_recent(writer: BytesWriter, value: str) -> None:
    """A string of no vocabulary that other events repeat: one just written is found by its address."""
    if not value:
        writer.append(0)
        return
    if len(value) > KEPT_CHARACTERS_MAX:
        write_string(writer, value)
        return
    address: i64 = id(value)
    slot: i64 = (address >> 4) % RECENT_SLOTS
    written = RECENT_STRINGS[slot]
    if written.text is not value:
        written = Written(value, value.encode())
        RECENT_STRINGS[slot] = written
    write_long(writer, len(written.encoded))
    writer.write(written.encoded)


def write_names(writer: BytesWriter, first: str, second: str, third: str) -> None:
    """Two words and a string, as all events of one order have them; those just written are written at once."""
    address: i64 = id(third)
    slot: i64 = (address >> 4) % RECENT_SLOTS
    named = RECENT_NAMES[slot]
    if named.third is not third or named.second is not second or named.first is not first:
        own = BytesWriter()
        write_word(own, first)
        write_word(own, second)
        write_recent(own, third)
        named = Named(first, second, third, own.getvalue())
        if len(named.encoded) <= 3 * KEPT_CHARACTERS_MAX:
            RECENT_NAMES[slot] = named
    writer.write(named.encoded)


def write_word(writer: BytesWriter, value: str) -> None:
    """A string of a small vocabulary."""
    if len(value) > KEPT_CHARACTERS_MAX:
        write_string(writer, value)
        return
    address: i64 = id(value)
    slot: i64 = (address >> 4) % WRITTEN_SLOTS
    written = WRITTEN_WORDS[slot]
    if written.text is not value:
        written = Written(value, ENCODED.get(value) or encoded_word(value))
        WRITTEN_WORDS[slot] = written
    writer.write(written.encoded)


def encoded_word(value: str) -> bytes:
    """The whole encoding of a string of a small vocabulary, kept for the next time."""
    writer = BytesWriter()
    write_string(writer, value)
    if len(ENCODED) >= ENCODED_LIMIT:
        ENCODED.clear()
    encoded = writer.getvalue()
    ENCODED[value] = encoded
    return encoded


def read_string(data: bytes, position: i64) -> tuple[str, i64]:
    start, end = read_size(data, position)
    return data[start:end].decode(), end


def read_word(data: bytes, position: i64) -> tuple[str, i64]:
    """A string of a small vocabulary: the one read before, found by its bytes without making anything.

    The first byte, twice the length, and up to seven more are one 64-bit number, the last eight of a longer word a
    second one.
    """
    size: i64 = data[position]
    if size == 0:
        return "", position + 1
    if size > 2 * WORD_BYTES_MAX or position + 8 > len(data):
        return read_string(data, position)
    head: i64 = read_i64_le(data, position)
    tail: i64 = 0
    if size < 16:
        if size < 13:
            head &= SEVEN_BYTES >> 48 - 4 * size  # no shifted 1 here: mypyc writes it as C's int, of 32 bits
    else:
        tail = read_i64_le(data, position + (size >> 1) - 7)
    slot: i64 = (head ^ tail) % WORD_SLOTS
    word = WORDS[slot]
    if word.head == head and word.tail == tail:
        return word.text, position + 1 + (size >> 1)
    text, end = read_string(data, position)
    WORDS[slot] = Word(head, tail, text)
    return text, end
