"""Avro container files: schemas of streams, headers and blocks, held against fastavro."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.avro_container import (
    ContainerFault,
    decode_block_head,
    decode_header,
    encode_block,
    encode_header,
    stream_schema,
    sync_marker,
)
from dataflow.model import RecordType
from schemas.generated.events import PRICE_UPDATED, RECORD_TYPES
from tests.log.streams import stream

IDS = {"type": "fixed", "name": "EventId", "size": 16}
MARKER = sync_marker("market-data")


def record_type(name: str, *fields: Any, **more: Any) -> RecordType:
    """A record of fields a, b, c … of these types."""
    named = [{"name": letter, "type": kind} for letter, kind in zip("abcdef", fields, strict=False)]
    schema = {"type": "record", "name": name, "namespace": "tapeline", "fields": named, **more}
    return RecordType(name, 0, json.dumps(schema), ())


def field_types(schema: dict[str, Any]) -> list[Any]:
    return [field["type"] for field in schema["fields"]]


def test_the_schema_of_one_record_type_is_its_own() -> None:
    assert stream_schema(stream("s", PRICE_UPDATED)) == json.loads(PRICE_UPDATED.schema_json)


def test_the_union_of_all_records_of_this_tree_is_a_schema() -> None:
    union = stream_schema(stream("s", *RECORD_TYPES))

    fastavro.parse_schema(union)
    assert [branch["name"] for branch in union] == [item.name for item in RECORD_TYPES]


def test_a_name_is_defined_once_and_then_used_by_its_full_name() -> None:
    first, second = stream_schema(stream("s", record_type("A", IDS, "EventId"), record_type("B", IDS, "EventId")))

    assert field_types(first) == [IDS, "EventId"]
    assert field_types(second) == ["tapeline.EventId", "EventId"]


def test_names_are_found_inside_arrays_maps_unions_and_nested_records() -> None:
    line = {"type": "record", "name": "Line", "fields": [{"name": "id", "type": IDS}]}
    kinds: list[Any] = [{"type": "array", "items": line}, {"type": "map", "values": IDS}, ["null", IDS], line]

    union = stream_schema(stream("s", record_type("A", IDS), record_type("B", *kinds)))

    items = {"type": "record", "name": "Line", "fields": [{"name": "id", "type": "tapeline.EventId"}]}
    assert field_types(union[1]) == [
        {"type": "array", "items": items},
        {"type": "map", "values": "tapeline.EventId"},
        ["null", "tapeline.EventId"],
        "tapeline.Line",
    ]
    fastavro.parse_schema(union)


def test_equal_names_in_different_namespaces_are_different_types() -> None:
    union = stream_schema(stream("s", record_type("A", IDS), record_type("B", IDS, namespace="other")))

    assert field_types(union[1]) == [IDS]
    fastavro.parse_schema(union)


def test_two_definitions_of_one_name_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"define tapeline\.EventId differently"):
        stream_schema(stream("s", record_type("A", IDS), record_type("B", {**IDS, "size": 8})))


@given(st.lists(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=50), max_size=5))
def test_fastavro_reads_what_is_written(blocks: list[list[int]]) -> None:
    data = encode_header('"long"', {"tapeline.stream": "s"}, MARKER)
    for block in blocks:
        data += encode_block(len(block), b"".join(map(encoded_long, block)), MARKER)

    assert list(fastavro.reader(BytesIO(data))) == [number for block in blocks for number in block]


def encoded_long(number: int) -> bytes:
    buffer = BytesIO()
    fastavro.schemaless_writer(buffer, "long", number)
    return buffer.getvalue()


def test_a_header_cut_short_anywhere_is_none_and_a_whole_one_is_read() -> None:
    data = encode_header('"long"', {"tapeline.stream": "s"}, MARKER)
    header = decode_header(data + b"more")

    assert header is not None
    assert (header.size, header.sync, header.schema_json) == (len(data), MARKER, '"long"')
    assert header.metadata["tapeline.stream"] == "s"
    assert {decode_header(data[:length]) for length in range(len(data))} == {None}


@given(st.binary(max_size=200))
def test_noise_is_no_header(noise: bytes) -> None:
    with pytest.raises(ContainerFault):
        decode_header(b"NOISE" + noise)


def test_a_compressed_file_is_refused() -> None:
    with pytest.raises(ContainerFault, match="a compression"):
        decode_header(encode_header('"long"', {"avro.codec": "deflate"}, MARKER))


@given(st.binary(max_size=40))
def test_a_block_head_is_read_or_none(noise: bytes) -> None:
    head = decode_block_head(noise)

    assert head is None or (head.count > 0 and head.size >= 0 and head.start <= 20)


def test_every_stream_has_its_own_marker_always_the_same() -> None:
    assert sync_marker("market-data").hex() == "09f050bac7717218f92d28e6b079d78d"
    assert sync_marker("order-events") != MARKER
