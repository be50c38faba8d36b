"""Avro's binary primitives over librt's byte buffers: what the generated codecs are made of.

One source serves both modes: mypyc turns these into a few machine instructions each; interpreted they stay correct.
Source: Apache Avro 1.12 specification, "Binary Encoding".
"""

from __future__ import annotations

from decimal import Context as DecimalContext
from decimal import Decimal
from typing import Final

from librt.strings import BytesWriter, read_f64_le, read_i64_be, write_f64_le, write_i64_be
from mypy_extensions import i64, u8

INTERN_LIMIT: Final = 65_536
"""Distinct strings kept by `read_interned`; past it the table starts anew, so noise cannot fill memory."""

INTERNED: Final[dict[bytes, str]] = {}

DECIMAL_SCALE: Final = 8
EXACT: Final = DecimalContext(prec=60)
"""Decimal arithmetic wide enough for Avro decimals of precision 38."""


class Reader:
    """A cursor over one encoded datum. Reading past the end raises ValueError or IndexError."""

    __slots__ = ("data", "position")

    def __init__(self, data: bytes, position: i64) -> None:
        self.data: bytes = data
        self.position: i64 = position


def write_long(writer: BytesWriter, value: i64) -> None:
    """Zigzag varint. Takes the whole signed 64-bit range."""
    if 0 <= value < 64:
        writer.append(u8(value << 1))
        return
    rest: i64 = value if value >= 0 else ~value
    sign: i64 = 0 if value >= 0 else 1
    low: i64 = ((rest & 0x3F) << 1) | sign
    rest >>= 6
    while rest != 0:
        writer.append(u8(low | 0x80))
        low = rest & 0x7F
        rest >>= 7
    writer.append(u8(low))


def read_long(reader: Reader) -> i64:
    data = reader.data
    position = reader.position
    byte: i64 = data[position]
    position += 1
    if byte < 0x80:
        reader.position = position
        return (byte >> 1) ^ -(byte & 1)
    sign: i64 = byte & 1
    rest: i64 = (byte & 0x7F) >> 1
    shift: i64 = 6
    while byte >= 0x80:
        if shift > 62:
            raise ValueError("a varint of more than 64 bits")
        byte = data[position]
        position += 1
        if shift == 62 and byte > 1:
            raise ValueError("a varint of more than 64 bits")
        rest |= (byte & 0x7F) << shift
        shift += 7
    reader.position = position
    return ~rest if sign != 0 else rest


def write_bool(writer: BytesWriter, value: bool) -> None:
    writer.append(1 if value else 0)


def read_bool(reader: Reader) -> bool:
    byte: i64 = reader.data[reader.position]
    reader.position += 1
    return byte != 0


def write_string(writer: BytesWriter, value: str) -> None:
    encoded = value.encode()
    write_long(writer, len(encoded))
    writer.write(encoded)


def read_span(reader: Reader) -> bytes:
    """Length-prefixed bytes."""
    size = read_long(reader)
    start = reader.position
    end = start + size
    if size < 0 or end > len(reader.data):
        raise ValueError(f"a length of {size} past the end of the data")
    reader.position = end
    return reader.data[start:end]


def read_string(reader: Reader) -> str:
    return read_span(reader).decode()


def read_interned(reader: Reader) -> str:
    """A string of a small vocabulary (symbols, venues, accounts): equal bytes give the same object."""
    span = read_span(reader)
    text = INTERNED.get(span)
    if text is None:
        text = span.decode()
        if len(INTERNED) >= INTERN_LIMIT:
            INTERNED.clear()
        INTERNED[span] = text
    return text


def write_bytes(writer: BytesWriter, value: bytes) -> None:
    write_long(writer, len(value))
    writer.write(value)


def read_bytes(reader: Reader) -> bytes:
    return read_span(reader)


def write_double(writer: BytesWriter, value: float) -> None:
    write_f64_le(writer, value)


def read_double(reader: Reader) -> float:
    value = read_f64_le(reader.data, reader.position)
    reader.position += 8
    return value


def write_fixed8(writer: BytesWriter, value: i64) -> None:
    """Eight bytes, big-endian two's complement: an Avro decimal on fixed(8), or half an event id."""
    write_i64_be(writer, value)


def read_fixed8(reader: Reader) -> i64:
    value = read_i64_be(reader.data, reader.position)
    reader.position += 8
    return value


def id_bytes(high: i64, low: i64) -> bytes:
    """The 16 bytes of an event id."""
    writer = BytesWriter()
    write_i64_be(writer, high)
    write_i64_be(writer, low)
    return writer.getvalue()


def write_money(writer: BytesWriter, value: int) -> None:
    """An unbounded integer as Avro decimal on bytes: the fewest bytes of big-endian two's complement."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    write_bytes(writer, value.to_bytes(size, "big", signed=True))


def read_money(reader: Reader) -> int:
    return int.from_bytes(read_span(reader), "big", signed=True)


def check_index(index: i64, size: i64) -> i64:
    """The index of an enum symbol or union branch, checked."""
    if index < 0 or index >= size:
        raise ValueError(f"an index of {index} where {size} are known")
    return index


def read_block_count(reader: Reader) -> i64:
    """The number of items in the next block of an array or map; 0 ends it. A negative count is followed by a size."""
    count = read_long(reader)
    if count < 0:
        read_long(reader)
        count = -count
    if count > len(reader.data) - reader.position:
        raise ValueError(f"a block of {count} items past the end of the data")
    return count


def decimal_of(value: int) -> Decimal:
    """The exact decimal of an integer in 1e-8."""
    return EXACT.scaleb(Decimal(value), -DECIMAL_SCALE)


def e8_of(value: Decimal) -> int:
    """The integer in 1e-8 of a decimal. Raises ValueError if it is not exact."""
    scaled = EXACT.scaleb(value, DECIMAL_SCALE)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{value} has more than {DECIMAL_SCALE} decimals")
    return whole
