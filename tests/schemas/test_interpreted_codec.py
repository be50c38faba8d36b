"""The codecs of the interpreted mode do what those of `events` and `states` do: same bytes, records, refusals.

(`test_codec` compares with fastavro whichever codec is in use.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from librt.strings import BytesWriter

from dataflow.model import Record, RecordType, State, StateType
from schemas import interpreted_wire, wire, wire_maps, wire_text
from schemas.generated import events, interpreted_events, interpreted_states, states
from tests.schemas.values import LONGS, records_of

pytestmark = pytest.mark.skipif(not str(events.__file__).endswith(".py"), reason="compiled: these codecs are not used")

TYPES: list[RecordType | StateType] = [*events.RECORD_TYPES, *states.STATE_TYPES]
EVERY_TYPE = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
FEW = settings(max_examples=8, deadline=None)
PAST_64_BITS = [1 << 63, -(1 << 63) - 1, 1 << 64, -(1 << 70)]


def codec(kind: RecordType | StateType, name: str) -> Callable[..., Any]:
    """A function of the generated module of this type: write_, decode_ are fast, WRITE_ and DECODE_ the references."""
    module = interpreted_events if isinstance(kind, RecordType) else interpreted_states
    found: Callable[..., Any] = getattr(module, f"{name}_{kind.name}")
    return found


def outcome(function: Callable[..., Any], *arguments: object) -> object:
    """What it gives, or how it refuses."""
    try:
        return function(*arguments)
    except (ValueError, IndexError, OverflowError, TypeError) as error:
        return type(error), str(error)


def written(write: Callable[..., Any], record: Record | State) -> object:
    writer = BytesWriter()
    return outcome(write, record, writer), writer.getvalue()


def read(decode: Callable[..., Any], kind: RecordType | StateType, data: bytes, position: int = 0) -> object:
    """The record's fields and where it ended, or how it was refused."""
    found: Any = outcome(decode, kind, data, position)
    return (repr(found[0].to_dict()), found[1]) if isinstance(found[0], Record | State) else found


def both(kind: RecordType | StateType, data: bytes, position: int = 0) -> tuple[object, object]:
    fast, reference = codec(kind, "decode"), codec(kind, "DECODE")
    return read(fast, kind, data, position), read(reference, kind, data, position)


def encoded(kind: RecordType | StateType, fields: dict[str, Any]) -> bytes:
    writer = BytesWriter()
    codec(kind, "WRITE")(kind.from_dict(fields), writer)
    return writer.getvalue()


@EVERY_TYPE
def test_the_codecs_of_this_mode_are_in_use(kind: RecordType | StateType) -> None:
    assert type(kind).decode_next is codec(kind, "decode")
    assert type(kind.new()).encode_into is codec(kind, "write")


@EVERY_TYPE
@given(data=st.data())
@FEW
def test_a_record_has_the_same_bytes_twice(kind: RecordType | StateType, data: st.DataObject) -> None:
    fields = data.draw(records_of(kind.name))
    reference = written(codec(kind, "WRITE"), kind.from_dict(fields))
    assert written(codec(kind, "write"), kind.from_dict(fields)) == reference
    assert written(codec(kind, "write"), kind.from_dict(fields)) == reference


@EVERY_TYPE
@given(data=st.data())
@FEW
def test_a_record_is_read_alike_wherever_it_stands(kind: RecordType | StateType, data: st.DataObject) -> None:
    before, after = data.draw(st.binary(max_size=20)), data.draw(st.binary(max_size=20))
    message = before + encoded(kind, data.draw(records_of(kind.name))) + after
    fast, reference = both(kind, message, len(before))
    assert fast == reference


@EVERY_TYPE
@given(data=st.data())
@settings(max_examples=3, deadline=None)
def test_a_record_cut_short_anywhere_is_refused_alike(kind: RecordType | StateType, data: st.DataObject) -> None:
    message = encoded(kind, data.draw(records_of(kind.name)))
    outcomes = [both(kind, message[:size]) for size in range(len(message) + 1)]
    assert [fast for fast, _ in outcomes] == [reference for _, reference in outcomes]


@EVERY_TYPE
@given(noise=st.binary(max_size=400))
@settings(max_examples=40, deadline=None)
def test_random_bytes_are_read_or_refused_alike(kind: RecordType | StateType, noise: bytes) -> None:
    fast, reference = both(kind, noise)
    assert fast == reference


@EVERY_TYPE
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_record_with_changed_bytes_is_read_or_refused_alike(
    kind: RecordType | StateType, data: st.DataObject
) -> None:
    message = bytearray(encoded(kind, data.draw(records_of(kind.name))))
    for place in data.draw(st.lists(st.integers(0, len(message) - 1), min_size=1, max_size=6)):
        message[place] = data.draw(st.sampled_from([0x00, 0x01, 0x02, 0x7F, 0x80, 0x81, 0xFE, 0xFF]))
    fast, reference = both(kind, bytes(message))
    assert fast == reference


@pytest.mark.parametrize("attribute", ["sequence", "event_time_ns", "side", "limit_price_e8", "quantity"])
@pytest.mark.parametrize("value", [*PAST_64_BITS, -1, 63, 64, 127, 128, 1 << 40])
def test_numbers_that_no_field_should_hold_are_written_or_refused_alike(attribute: str, value: int) -> None:
    order = events.OrderPlaced()
    setattr(order, attribute, value)
    assert written(interpreted_events.write_OrderPlaced, order) == written(interpreted_events.WRITE_OrderPlaced, order)


@pytest.mark.parametrize("value", [10**38, -(10**38), 1 << 63, -(1 << 63), 10**38 - 1, 127, 128, -128, -129, 0])
def test_money_of_any_size_is_written_or_refused_alike(value: int) -> None:
    order = events.OrderRejected(figure_e8=value)
    fast, reference = interpreted_events.write_OrderRejected, interpreted_events.WRITE_OrderRejected
    assert written(fast, order) == written(reference, order)


def test_a_text_that_is_not_unicode_is_refused_alike() -> None:
    order = events.OrderPlaced(order_id="\ud800", symbol="\udfff")
    assert written(interpreted_events.write_OrderPlaced, order) == written(interpreted_events.WRITE_OrderPlaced, order)


@given(LONGS, st.binary(max_size=12), st.binary(max_size=12))
def test_longs_are_read_by_each_function_alike(value: int, before: bytes, after: bytes) -> None:
    writer = BytesWriter()
    wire.write_long(writer, value)
    message = before + b"\xff\xff" + writer.getvalue() + after
    place = len(before) + 2
    assert interpreted_wire.LONG[value] == writer.getvalue()
    assert interpreted_wire.time_at(message, place) == wire.read_long(message, place)


@pytest.mark.parametrize("zero", [b"\x80" * size + b"\x00" for size in range(2, 9)])
def test_a_long_of_more_bytes_than_it_needs_is_read_but_not_written_so(zero: bytes) -> None:
    after = b"\xff" * 9
    assert interpreted_wire.long_at(zero + after, 0) == wire.read_long(zero + after, 0)
    assert interpreted_wire.time_at(zero + after, 0) == wire.read_long(zero + after, 0)
    assert interpreted_wire.LONG[0] == b"\x00"


def test_a_long_that_an_emptied_table_lacks_is_written_as_ever() -> None:
    numbers = [*range(-9_000, 9_000), *(1 << bits for bits in range(14, 62))]
    empty = interpreted_wire.LearningLongs(wire.write_long)
    for value in numbers:
        writer = BytesWriter()
        wire.write_long(writer, value)
        assert empty[value] == writer.getvalue()


@pytest.mark.parametrize("table", [interpreted_wire.LONG, interpreted_wire.MONEY])
def test_noise_does_not_fill_memory(table: interpreted_wire.Learning) -> None:
    for number in range(interpreted_wire.LEARNT_MAX + 10):
        assert len(table[number + 1 << 16]) > 1
    assert len(table) <= interpreted_wire.LEARNT_MAX
    assert table.usual.items() <= table.items()


def test_words_that_are_noise_do_not_fill_memory() -> None:
    for number in range(interpreted_wire.LEARNT_MAX + 10):
        assert len(interpreted_wire.TEXT[f"noise{number}"]) > 5
        assert interpreted_wire.WORD_OF[b"\x0e%07d" % number] == f"{number:07}"
    assert len(interpreted_wire.TEXT) <= interpreted_wire.LEARNT_MAX
    assert len(interpreted_wire.WORD_OF) <= interpreted_wire.LEARNT_MAX


def test_large_values_are_not_kept() -> None:
    text = "x" * interpreted_wire.LEARNT_BYTES_MAX
    assert interpreted_wire.TEXT[text] == b"\x80\x01" + text.encode()
    assert text not in interpreted_wire.TEXT


@given(st.lists(st.tuples(st.text(max_size=8), LONGS), max_size=8))
def test_a_growing_map_grows_as_it_does_compiled(entries: list[tuple[str, int]]) -> None:
    growing, reference = wire_maps.GrowingLongs(), BytesWriter()
    known: dict[str, int] = {}
    for key, value in entries:
        assert growing.add(key, value) == (key not in known)
        known.setdefault(key, value)
    for key, value in known.items():
        wire_text.write_string(reference, key)
        wire.write_long(reference, value)
    assert growing.entries == known
    assert growing.fresh.getvalue() == reference.getvalue()
