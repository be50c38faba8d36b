"""Avro's binary primitives over librt's byte buffers: what the generated codecs are made of.

One source serves both modes: mypyc turns these into a few machine instructions each; interpreted they stay correct and
as fast as it goes, which is why they treat several bytes at once. Each `read_` function takes the data and a position
and gives the value and the position after it; bytes that are none raise ValueError, an end too early IndexError.
Source: Apache Avro 1.12 specification, "Binary Encoding".
"""

from __future__ import annotations

from decimal import Context as DecimalContext
from decimal import Decimal
from typing import Final

from librt.strings import (
    BytesWriter,
    read_i64_be,
    read_i64_le,
    write_i16_be,
    write_i16_le,
    write_i32_be,
    write_i32_le,
    write_i64_be,
    write_i64_le,
)
from mypy_extensions import i16, i32, i64, u8

SEVEN_BYTES: Final[i64] = (1 << 56) - 1

DECIMAL_SCALE: Final = 8
MONEY_SHORT: Final = 1 << 55
"""Money below this takes seven bytes at most."""
MONEY_LIMIT: Final = 10**38
"""Money is below this, in 1e-8 of the currency unit: 38 digits."""
EXACT: Final = DecimalContext(prec=60)
"""Decimal arithmetic wide enough for Avro decimals of precision 38."""


def write_long(writer: BytesWriter, value: i64) -> None:
    """Zigzag varint. Takes the whole signed 64-bit range."""
    zigzag: i64
    if -64 <= value < 64:
        writer.append(u8(value << 1 if value >= 0 else ~(value << 1)))
    elif -8192 <= value < 8192:
        zigzag = value << 1 if value >= 0 else ~(value << 1)
        write_i16_le(writer, i16((zigzag & 0x7F) | 0x80 | (zigzag & 0x3F80) << 1))
    elif -(1 << 61) <= value < 1 << 61:
        write_varint(writer, value << 1 if value >= 0 else ~(value << 1))
    else:
        rest: i64 = value if value >= 0 else ~value
        sign: i64 = 0 if value >= 0 else 1
        write_four(writer, (rest & 0x7FFFFFF) << 1 | sign)
        write_varint(writer, rest >> 27)


def write_four(writer: BytesWriter, bits: i64) -> None:
    """28 bits of a varint that goes on, as four bytes of seven; taken and written inverted, all four go on."""
    gone: i64 = ~bits
    word: int = (gone & 0x7F) | (gone & 0x3F80) << 1 | (gone & 0x1FC000) << 2 | (gone & 0xFE00000) << 3
    write_i32_le(writer, ~word)


def write_eight(writer: BytesWriter, bits: i64) -> None:
    """56 bits of a varint that goes on, as eight bytes of seven; taken and written inverted, all eight go on."""
    gone: i64 = ~bits
    gone = (gone & 0xFFFFFFF) | (gone & 0xFFFFFFF0000000) << 4
    gone = (gone & 0x00003FFF00003FFF) | (gone & 0x0FFFC0000FFFC000) << 2
    gone = (gone & 0x007F007F007F007F) | (gone & 0x3F803F803F803F80) << 1
    write_i64_le(writer, ~gone)


def write_varint(writer: BytesWriter, rest: i64) -> None:
    """A number of up to 63 bits, several bytes at a time; times in nanoseconds take the first branch."""
    word: int
    if rest >= 1 << 56:
        write_eight(writer, rest)
        word = rest >> 56
        writer.append(word)
        return
    while rest >= 1 << 28:
        write_four(writer, rest)
        rest >>= 28
    while rest >= 1 << 14:
        word = ~((~rest & 0x7F) | (~rest & 0x3F80) << 1)
        write_i16_le(writer, word)
        rest >>= 14
    if rest < 0x80:
        word = rest
        writer.append(word)
    else:
        word = (rest & 0x7F) | 0x80 | (rest & 0x3F80) << 1
        write_i16_le(writer, word)


def read_long(data: bytes, position: i64) -> tuple[i64, i64]:
    byte: i64 = data[position]
    if byte < 0x80:
        return byte >> 1 if byte & 1 == 0 else ~(byte >> 1), position + 1
    second: i64 = data[position + 1]
    if second < 0x80:
        rest: i64 = (byte & 0x7F) >> 1 | second << 6
        return rest if byte & 1 == 0 else ~rest, position + 2
    third: i64 = data[position + 2]
    if third < 0x80:
        rest = (byte & 0x7F) >> 1 | (second & 0x7F) << 6 | third << 13
        return rest if byte & 1 == 0 else ~rest, position + 3
    if position + 9 <= len(data):
        return read_nine(data, position)
    return read_varint(data, position)


def read_nine(data: bytes, position: i64) -> tuple[i64, i64]:
    """A zigzag varint of nine bytes at once, as times in nanoseconds have them; others byte by byte."""
    bits: i64 = read_i64_le(data, position)
    last: i64 = data[position + 8]
    if bits >= 0 or bits & 0x0080808080808080 != 0x0080808080808080 or last >= 0x80:
        return read_varint(data, position)
    bits = (bits & 0x007F007F007F007F) | bits >> 1 & 0x3F803F803F803F80
    bits = (bits & 0x00003FFF00003FFF) | bits >> 2 & 0x0FFFC0000FFFC000
    bits = (bits & 0x000000000FFFFFFF) | bits >> 4 & 0x00FFFFFFF0000000 | last << 56
    return bits >> 1 if bits & 1 == 0 else ~(bits >> 1), position + 9


def read_varint(data: bytes, position: i64) -> tuple[i64, i64]:
    """A zigzag varint of any length, byte by byte."""
    byte: i64 = data[position]
    sign: i64 = byte & 1
    rest: i64 = (byte & 0x7F) >> 1
    shift: i64 = 6
    while byte >= 0x80:
        position += 1
        byte = data[position]
        if shift > 55 and (shift > 62 or byte > 1):
            raise ValueError("a varint of more than 64 bits")
        rest |= (byte & 0x7F) << shift
        shift += 7
    return rest if sign == 0 else ~rest, position + 1


def read_index(data: bytes, position: i64, size: i64) -> tuple[i64, i64]:
    """The index of an enum symbol or union branch, checked."""
    index: i64 = data[position]
    if index & 0x81 == 0:
        index >>= 1
        position += 1
    else:
        index, position = read_long(data, position)
    if index < 0 or index >= size:
        raise ValueError(f"an index of {index} where {size} are known")
    return index, position


def read_size(data: bytes, position: i64) -> tuple[i64, i64]:
    """Start and end of length-prefixed bytes."""
    size, start = read_long(data, position)
    if size < 0 or size > len(data) - start:
        raise ValueError(f"a length of {size} past the end of the data")
    return start, start + size


def read_bytes(data: bytes, position: i64) -> tuple[bytes, i64]:
    start, end = read_size(data, position)
    return data[start:end], end


def write_bytes(writer: BytesWriter, value: bytes) -> None:
    write_long(writer, len(value))
    writer.write(value)


def id_bytes(high: i64, low: i64) -> bytes:
    """The 16 bytes of an event id."""
    writer = BytesWriter()
    write_i64_be(writer, high)
    write_i64_be(writer, low)
    return writer.getvalue()


def write_money(writer: BytesWriter, value: int) -> None:
    """An integer of up to 38 digits as Avro decimal on bytes: big-endian two's complement.

    As many bytes as fastavro takes: the fewest, but one more for -128, -32768 and so on.
    """
    if value == 0:
        write_i16_le(writer, 2)  # a length of one, and that byte
        return
    if -MONEY_SHORT < value < MONEY_SHORT:
        write_short_money(writer, value)
        return
    if not -MONEY_LIMIT < value < MONEY_LIMIT:
        raise ValueError(f"money of {value} has more than 38 digits")
    size = value.bit_length() // 8 + 1
    write_bytes(writer, value.to_bytes(size, "big", signed=True))


def write_short_money(writer: BytesWriter, number: i64) -> None:
    """Length and bytes of an amount of up to seven bytes, two to eight of them at a time. Avro has the
    lowest last, so the parts are taken from the top; the lower ones are made signed, as their writers want them."""
    magnitude: i64 = number if number >= 0 else -number
    if magnitude < 1 << 31:
        if magnitude < 1 << 15:
            if magnitude < 1 << 7:
                write_i16_be(writer, i16(0x200 | number & 0xFF))
            else:
                writer.append(4)
                write_i16_be(writer, i16(number))
        elif magnitude < 1 << 23:
            write_i32_be(writer, i32(0x6000000 | number & 0xFFFFFF))
        else:
            writer.append(8)
            write_i32_be(writer, i32(number))
    elif magnitude < 1 << 39:
        write_i16_be(writer, i16(0xA00 | number >> 32 & 0xFF))
        write_i32_be(writer, i32((number & 0xFFFFFFFF ^ 0x80000000) - 0x80000000))
    elif magnitude < 1 << 47:
        writer.append(12)
        write_i32_be(writer, i32(number >> 16))
        write_i16_be(writer, i16((number & 0xFFFF ^ 0x8000) - 0x8000))
    else:
        write_i64_be(writer, 14 << 56 | number & SEVEN_BYTES)


def read_money(data: bytes, position: i64) -> tuple[int, i64]:
    start, end = read_size(data, position)
    if start + 8 <= len(data) and start < end <= start + 8:
        return read_i64_be(data, start) >> (64 - 8 * (end - start)), end
    if end > start + 16:
        raise ValueError(f"money of {end - start} bytes")
    value = int.from_bytes(data[start:end], "big", signed=True)
    if not -MONEY_LIMIT < value < MONEY_LIMIT:
        raise ValueError("money of more than 38 digits")
    return value, end


def read_block(data: bytes, position: i64) -> tuple[i64, i64]:
    """The number of items in the next block of an array or map; 0 ends it. A negative count is followed by a size."""
    count, position = read_long(data, position)
    left: i64 = len(data) - position
    if count > left or count < -left:
        raise ValueError(f"a block of {count} items past the end of the data")
    if count >= 0:
        return count, position
    _, position = read_long(data, position)
    return -count, position


def decimal_of(value: int) -> Decimal:
    """The exact decimal of an integer in 1e-8."""
    return EXACT.scaleb(Decimal(value), -DECIMAL_SCALE)


def e8_of(value: Decimal | str) -> int:
    """The integer in 1e-8 of a decimal, or of a schema's default as Avro writes it: a string, one character a byte.

    Raises ValueError if it is not exact.
    """
    if isinstance(value, str):
        return int.from_bytes(bytes_of(value), "big", signed=True)
    scaled = EXACT.scaleb(value, DECIMAL_SCALE)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{value} has more than {DECIMAL_SCALE} decimals")
    return whole


def bytes_of(value: bytes | str) -> bytes:
    """Bytes, or a schema's default for them as Avro writes it: a string, one character a byte."""
    return value.encode("latin-1") if isinstance(value, str) else value
