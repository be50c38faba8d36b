"""Avro's primitives at their edges, in the mode that is installed: interpreted or compiled."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from librt.strings import BytesWriter

from schemas import wire, wire_maps, wire_text
from tests.schemas.values import LONGS, TEXTS, exact

EDGES = sorted({sign * (1 << bits) + near for bits in range(63) for near in (-1, 0, 1) for sign in (1, -1)})
EXTREMES = [-(1 << 63), -(1 << 63) + 1, (1 << 63) - 1, *EDGES]


def varint(value: int) -> bytes:
    """The naive encoding of the specification."""
    rest = value << 1 if value >= 0 else (-value << 1) - 1
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def written(write: Callable[[BytesWriter, Any], None], value: Any) -> bytes:
    writer = BytesWriter()
    write(writer, value)
    return writer.getvalue()


def test_a_long_is_written_as_the_specification_says() -> None:
    assert [written(wire.write_long, value) for value in EXTREMES] == [varint(value) for value in EXTREMES]


def test_a_long_is_read_whatever_follows_it() -> None:
    tails = (b"", b"\x00", b"\xff" * 12, b"\x7f" * 12)
    expected = [(value, len(varint(value))) for value in EXTREMES for tail in tails]
    assert [wire.read_long(varint(value) + tail, 0) for value in EXTREMES for tail in tails] == expected


@given(LONGS, st.binary(max_size=12), st.binary(max_size=12))
def test_a_long_is_read_wherever_it_stands(value: int, before: bytes, after: bytes) -> None:
    encoded = written(wire.write_long, value)
    assert encoded == varint(value)
    assert wire.read_long(before + encoded + after, len(before)) == (value, len(before) + len(encoded))


@pytest.mark.parametrize("size", range(10))
def test_a_long_that_does_not_end_is_refused(size: int) -> None:
    with pytest.raises(IndexError):
        wire.read_long(b"\x80" * size, 0)


@pytest.mark.parametrize("last", [b"\x02", b"\x7f", b"\x80\x01", b"\xff" * 5])
def test_a_long_of_more_than_64_bits_is_refused(last: bytes) -> None:
    with pytest.raises(ValueError, match="more than 64 bits"):
        wire.read_long(b"\xff" * 9 + last, 0)


@pytest.mark.parametrize("size", range(2, 10))
def test_a_zero_of_too_many_bytes_is_still_zero(size: int) -> None:
    assert wire.read_long(b"\x80" * (size - 1) + b"\x00", 0) == (0, size)


@pytest.mark.parametrize("read", [wire.read_bytes, wire_text.read_string, wire_text.read_word, wire.read_money])
@pytest.mark.parametrize("size", [-1, -(1 << 63), 9, 64, 8192, 1 << 31, (1 << 63) - 1])
def test_a_length_below_zero_or_past_the_end_is_refused(read: Callable[..., Any], size: int) -> None:
    with pytest.raises((ValueError, IndexError), match=r"a length of|out of range"):
        read(varint(size) + b"12345678", 0)


@given(TEXTS, st.binary(max_size=12), st.binary(max_size=12))
def test_a_word_is_the_string_it_encodes(text: str, before: bytes, after: bytes) -> None:
    encoded = written(wire_text.write_string, text)
    assert wire_text.encoded_word(text) == encoded
    assert wire_text.read_word(before + encoded + after, len(before)) == (text, len(before) + len(encoded))
    assert wire_text.read_word(before + encoded + after, len(before)) == (text, len(before) + len(encoded))
    assert wire_text.read_string(before + encoded + after, len(before)) == (text, len(before) + len(encoded))


def test_words_that_share_a_slot_are_told_apart() -> None:
    words = [f"{first}{number}" for first in "ABCDEFGHIJ" for number in range(10_000)]
    encoded = [written(wire_text.write_string, word) + b"12345678" for word in words]
    assert [wire_text.read_word(data, 0)[0] for data in encoded] == words
    assert [wire_text.read_word(data, 0)[0] for data in encoded] == words


@pytest.mark.parametrize("length", range(17))
def test_a_word_of_each_length_is_read_twice_with_equal_result(length: int) -> None:
    data = written(wire_text.write_string, "W" * length) + b"\xff" * 8
    assert wire_text.read_word(data, 0) == wire_text.read_word(data, 0) == ("W" * length, length + 1)


def test_noise_does_not_fill_memory() -> None:
    for number in range(wire_text.ENCODED_LIMIT + 10):
        wire_text.encoded_word(f"noise{number}")
    assert len(wire_text.ENCODED) <= wire_text.ENCODED_LIMIT


def test_recent_strings_that_share_a_slot_are_told_apart() -> None:
    texts = ["", *(f"order-{number}" for number in range(1_000)), "\u00e9", "x" * 300]
    encoded = [written(wire_text.write_string, text) for text in texts]
    assert [written(wire_text.write_recent, text) for text in texts] == encoded
    again = [text for text in texts for _ in range(2)]
    assert [written(wire_text.write_recent, text) for text in again] == [data for data in encoded for _ in range(2)]


def test_long_strings_are_written_and_not_kept() -> None:
    long = "L" * (wire_text.KEPT_CHARACTERS_MAX + 1)
    encoded = written(wire_text.write_string, long)
    assert written(wire_text.write_recent, long) == written(wire_text.write_word, long) == encoded
    writer = BytesWriter()
    wire_text.write_names(writer, long, long, long)
    assert writer.getvalue() == 3 * encoded
    assert long not in wire_text.ENCODED
    assert all(one.text != long for one in [*wire_text.RECENT_STRINGS, *wire_text.WRITTEN_WORDS])
    assert all(one.third != long for one in wire_text.RECENT_NAMES)


def test_names_that_share_an_order_id_or_a_slot_are_told_apart() -> None:
    ids = [f"order-{number}" for number in range(300)]
    names = [(symbol, account, order_id) for order_id in ids for symbol in ("", "IBM") for account in ("A1", "A2")]
    for first, second, third in [*names, *names]:
        writer = BytesWriter()
        wire_text.write_names(writer, first, second, third)
        assert writer.getvalue() == b"".join(written(wire_text.write_string, text) for text in (first, second, third))


@pytest.mark.parametrize("read", [wire_text.read_string, wire_text.read_word])
def test_a_string_that_is_not_utf8_is_refused(read: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="utf-8"):
        read(b"\x04\xff\xfe12345678", 0)
    with pytest.raises(ValueError, match="utf-8"):
        read(b"\x04\xff\xfe12345678", 0)


@pytest.mark.parametrize("index", [-1, 3, 64, 1 << 40, -(1 << 63)])
def test_an_index_that_is_none_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match=f"an index of {index} where 3 are known"):
        wire.read_index(varint(index), 0, 3)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_an_index_of_a_symbol_is_read(index: int) -> None:
    assert wire.read_index(varint(index), 0, 3) == (index, 1)


@given(st.integers(-(10**38) + 1, 10**38 - 1) | LONGS, st.binary(max_size=12))
def test_money_takes_the_bytes_of_its_magnitude_and_sign_and_comes_back(value: int, after: bytes) -> None:
    encoded = written(wire.write_money, value)
    size = len(f"{abs(value):b}") // 8 + 1
    assert encoded == varint(size) + value.to_bytes(size, "big", signed=True)
    assert wire.read_money(encoded + after, 0) == (value, len(encoded))


EDGES_OF_MONEY = [sign * (1 << bits) + near for bits in range(7, 120, 8) for near in (-1, 0, 1) for sign in (1, -1)]


def test_money_at_the_edge_of_each_byte_comes_back() -> None:
    assert [wire.read_money(written(wire.write_money, value), 0)[0] for value in EDGES_OF_MONEY] == EDGES_OF_MONEY


def test_money_at_the_edge_of_each_byte_is_written_as_fastavro_does() -> None:
    assert [written(wire.write_money, value) for value in EDGES_OF_MONEY] == [fastavros(v) for v in EDGES_OF_MONEY]


def fastavros(value: int) -> bytes:
    target = io.BytesIO()
    schema = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 8}
    fastavro.schemaless_writer(target, schema, exact(value))
    return target.getvalue()


@pytest.mark.parametrize("raw", [(10**38).to_bytes(16, "big"), (-(10**38)).to_bytes(16, "big", signed=True)])
def test_money_that_cannot_be_written_is_not_read(raw: bytes) -> None:
    with pytest.raises(ValueError, match="more than 38 digits"):
        wire.read_money(written(wire.write_bytes, raw), 0)


def test_money_of_no_bytes_is_nothing() -> None:
    assert wire.read_money(b"\x00", 0) == (0, 1)


@pytest.mark.parametrize("value", [10**38, -(10**38), 1 << 200])
def test_money_of_more_than_38_digits_is_not_written(value: int) -> None:
    with pytest.raises(ValueError, match="more than 38 digits"):
        written(wire.write_money, value)


def test_money_of_too_many_bytes_is_not_read() -> None:
    with pytest.raises(ValueError, match="money of 17 bytes"):
        wire.read_money(varint(17) + b"\x01" * 17, 0)


@pytest.mark.parametrize("count", [10, -10, 1 << 40, -(1 << 40), (1 << 63) - 1, -(1 << 63)])
def test_a_block_of_more_items_than_bytes_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"a block of {count} items past the end of the data"):
        wire.read_block(varint(count) + b"\x02" * 9, 0)


def test_a_block_may_tell_its_size() -> None:
    assert wire.read_block(varint(-3) + varint(3) + b"\x02\x04\x06", 0) == (3, 2)


def test_the_bytes_of_an_id_are_its_halves() -> None:
    assert wire.id_bytes(-1, 1 << 62) == struct.pack(">qq", -1, 1 << 62)


@given(st.lists(st.tuples(TEXTS, LONGS), unique_by=lambda entry: entry[0]), st.integers(0, 10), st.integers(0, 10))
def test_a_growing_map_is_a_map_in_all_its_stages(entries: list[tuple[str, int]], first: int, second: int) -> None:
    growing = wire_maps.GrowingLongs()
    for place, (key, value) in enumerate(entries):
        assert growing.add(key, value)
        if place in (first, second):
            growing.saved(whole=place == second)
    encoded = written(wire_maps.write_growing, growing)
    schema = {"type": "map", "values": "long"}
    assert list(fastavro.schemaless_reader(io.BytesIO(encoded), schema, None).items()) == entries
    read, end = wire_maps.read_growing(encoded + b"\xff", 0)
    assert (list(read.entries.items()), end) == (entries, len(encoded))
    assert written(wire_maps.write_growing, read) == encoded


def test_a_growing_map_is_read_from_several_blocks_and_sized_ones() -> None:
    encoded = b"\x02\x02a\x02" + b"\x03\x0c\x02b\x04\x02c\x06" + b"\x00"
    read, end = wire_maps.read_growing(encoded, 0)
    assert (read.entries, end) == ({"a": 1, "b": 2, "c": 3}, len(encoded))
    assert written(wire_maps.write_growing, read) == b"\x06\x02a\x02\x02b\x04\x02c\x06\x00"


def test_a_growing_map_that_holds_a_key_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="a map of 2 entries, of which 1 have keys of their own"):
        wire_maps.read_growing(b"\x04\x02a\x02\x02a\x04\x00", 0)
