"""Every generated codec equals fastavro byte for byte, takes what fastavro writes, and refuses what is no record."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from fastavro.types import Schema
from hypothesis import given, settings
from hypothesis import strategies as st
from librt.strings import BytesWriter

from dataflow.model import Record, RecordType, State, StateType
from schemas.generated import events, states
from schemas.generated.events import ORDER_PLACED, PRICE_UPDATED, PriceUpdated
from schemas.generated.states import STATE_TYPES
from tests.schemas.values import records_of

TYPES: list[RecordType | StateType] = [*events.RECORD_TYPES, *STATE_TYPES]
SCHEMAS: dict[str, Schema] = {kind.name: fastavro.parse_schema(json.loads(kind.schema_json)) for kind in TYPES}
EVERY_TYPE = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
FEW = settings(max_examples=12, deadline=None)


def ours(record: Record | State) -> bytes:
    writer = BytesWriter()
    record.encode_into(writer)
    return writer.getvalue()


def theirs(kind: RecordType | StateType, fields: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    fastavro.schemaless_writer(target, SCHEMAS[kind.name], fields)
    return target.getvalue()


def end_of(kind: RecordType | StateType, data: bytes, position: int) -> int:
    """Where the generated reader stops."""
    module = events if isinstance(kind, RecordType) else states
    end: int = getattr(module, f"read_{kind.name}")(data, position)[1]
    return end


def decoded_or_refused(kind: RecordType | StateType, data: bytes) -> Record | State | None:
    try:
        return kind.decode(data, 0)
    except ValueError:
        return None


@EVERY_TYPE
@given(data=st.data())
@FEW
def test_our_bytes_are_fastavros_bytes(kind: RecordType | StateType, data: st.DataObject) -> None:
    fields = data.draw(records_of(kind.name))
    assert ours(kind.from_dict(fields)) == theirs(kind, fields)


@EVERY_TYPE
@given(data=st.data())
@FEW
def test_what_fastavro_writes_we_read_to_its_last_byte_and_no_further(
    kind: RecordType | StateType, data: st.DataObject
) -> None:
    fields = data.draw(records_of(kind.name))
    before, after = data.draw(st.binary(max_size=20)), data.draw(st.binary(max_size=20))
    message = before + theirs(kind, fields) + after
    assert kind.decode(message, len(before)).to_dict() == fields
    assert end_of(kind, message, len(before)) == len(message) - len(after)


@pytest.mark.parametrize("kind", events.RECORD_TYPES, ids=lambda kind: kind.name)
def test_compiled_codes_mark_of_a_missing_integer_is_a_number_like_others(kind: RecordType) -> None:
    """mypyc marks an integer attribute that was never set by -113."""
    record = kind.from_dict({"sequence": -113, "event_time_ns": -113})
    again = kind.decode(ours(record), 0)
    assert (again.sequence, again.event_time_ns) == (-113, -113)
    assert again.to_dict() == record.to_dict()


@EVERY_TYPE
@given(data=st.data())
@FEW
def test_a_record_survives_its_dictionary(kind: RecordType | StateType, data: st.DataObject) -> None:
    record = kind.from_dict(data.draw(records_of(kind.name)))
    assert ours(kind.from_dict(record.to_dict())) == ours(record)


@EVERY_TYPE
@given(data=st.data())
@settings(max_examples=3, deadline=None)
def test_a_record_cut_short_anywhere_is_refused(kind: RecordType | StateType, data: st.DataObject) -> None:
    encoded = theirs(kind, data.draw(records_of(kind.name)))
    assert [size for size in range(len(encoded)) if decoded_or_refused(kind, encoded[:size])] == []


@EVERY_TYPE
@given(noise=st.binary(max_size=400))
@settings(max_examples=40, deadline=None)
def test_random_bytes_are_a_record_or_refused(kind: RecordType | StateType, noise: bytes) -> None:
    record = decoded_or_refused(kind, noise)
    assert record is None or kind.from_dict(record.to_dict()) is not record


@EVERY_TYPE
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_record_with_changed_bytes_is_a_record_or_refused(kind: RecordType | StateType, data: st.DataObject) -> None:
    encoded = bytearray(theirs(kind, data.draw(records_of(kind.name))))
    for place in data.draw(st.lists(st.integers(0, len(encoded) - 1), min_size=1, max_size=6)):
        encoded[place] = data.draw(st.sampled_from([0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF]))
    record = decoded_or_refused(kind, bytes(encoded))
    assert record is None or kind.from_dict(record.to_dict()) is not record


@EVERY_TYPE
def test_a_new_record_is_one_from_no_fields(kind: RecordType | StateType) -> None:
    assert ours(kind.new()) == ours(kind.from_dict({}))


@EVERY_TYPE
def test_a_field_of_another_schema_is_refused(kind: RecordType | StateType) -> None:
    with pytest.raises(ValueError, match="has no field 'colour'"):
        kind.from_dict({"colour": "red"})


def test_a_refusal_names_the_record() -> None:
    with pytest.raises(ValueError, match=r"^no PriceUpdated: "):
        PRICE_UPDATED.decode(b"\x00" * 12, 0)


def test_prices_at_the_edges_of_64_bits_survive() -> None:
    record = PriceUpdated(bid_price_e8=-(1 << 63), ask_price_e8=(1 << 63) - 1)
    again = PRICE_UPDATED.decode(ours(record), 0)
    assert isinstance(again, PriceUpdated)
    assert (again.bid_price_e8, again.ask_price_e8) == (-(1 << 63), (1 << 63) - 1)


def test_not_a_number_survives() -> None:
    kind = events.ANALYTICS_CALCULATED
    fields = kind.decode(ours(kind.from_dict({"vwap": float("nan"), "rsi": float("nan")})), 0).to_dict()
    assert str((fields["vwap"], fields["rsi"])) == "(nan, nan)"


def test_a_price_finer_than_its_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 8 decimals"):
        PRICE_UPDATED.from_dict({"bid_price": Decimal("0.000000001")})


def test_an_unknown_enum_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match="index"):
        ORDER_PLACED.from_dict({"side": "SIDEWAYS"})


def test_an_enum_index_past_the_last_symbol_is_refused() -> None:
    encoded = ours(events.OrderPlaced(side=events.SIDE_SELL, marking=0))
    assert ORDER_PLACED.decode(encoded, 0).to_dict()["side"] == "SELL"
    place = encoded.index(2 * events.SIDE_SELL, 32)
    with pytest.raises(ValueError, match="an index of 3 where 3 are known"):
        ORDER_PLACED.decode(encoded[:place] + b"\x06" + encoded[place + 1 :], 0)


def test_records_under_different_types_never_share_a_name() -> None:
    assert len({kind.name for kind in TYPES}) == len(TYPES)
