"""Confluent's wire format: what is framed is parsed, what is malformed is refused with its reason."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.compatibility import present_schemas
from schemas.confluent import LocalRegistry, fingerprint, frame, parse, registry_of_this_tree
from schemas.generated.events import PRICE_UPDATED, RECORD_TYPES, PriceUpdated
from schemas.generated.states import STATE_TYPES

QUOTE = PriceUpdated(event_time_ns=1, symbol="AAPL", bid_price_e8=18912_000000)


@given(st.integers(1, (1 << 31) - 1))
def test_a_framed_record_is_parsed(schema_id: int) -> None:
    message = frame(schema_id, QUOTE)
    assert message[:5] == struct.pack(">bi", 0, schema_id)
    assert parse(message) == (schema_id, 5)
    assert PRICE_UPDATED.decode(message, 5).to_dict() == QUOTE.to_dict()


@pytest.mark.parametrize("schema_id", [0, -1, 1 << 31, 1 << 40])
def test_an_id_that_no_registry_gives_is_not_framed(schema_id: int) -> None:
    with pytest.raises(ValueError, match=f"not {schema_id}"):
        frame(schema_id, QUOTE)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "an empty message"),
        (b"\x01\x00\x00\x00\x01\x02", "the first byte is 1, not the magic byte 0"),
        (b'{"symbol":"AAPL"}', "this looks like JSON"),
        (b"\x00", "1 bytes end within the schema id"),
        (b"\x00\x00\x00\x01", "4 bytes end within the schema id"),
        (b"\x00\x00\x00\x00\x00\x02", "schema id 0 is none that a registry gives"),
        (b"\x00\xff\xff\xff\xff\x02", "schema id -1 is none that a registry gives"),
        (b"\x00\x00\x00\x00\x07", "no datum after schema id 7"),
    ],
)
def test_a_malformed_message_is_refused_with_its_reason(message: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(message)


@given(st.binary(max_size=12))
def test_any_bytes_are_parsed_or_refused(message: bytes) -> None:
    try:
        schema_id, position = parse(message)
    except ValueError:
        return
    assert message[:position] == struct.pack(">bi", 0, schema_id)


def test_the_same_schema_has_the_same_id_in_every_registry() -> None:
    text = PRICE_UPDATED.schema_json
    spaced = json.dumps(json.loads(text), indent=2, sort_keys=True)
    assert LocalRegistry().register(text) == LocalRegistry([kind.schema_json for kind in RECORD_TYPES]).register(spaced)


def test_words_do_not_change_the_id_but_meaning_does() -> None:
    schema = present_schemas()["PriceUpdated"]
    flat = json.dumps(schema).replace('"scale": 8', '"scale": 6')
    assert fingerprint(json.dumps(schema | {"doc": "Other words."})) == fingerprint(json.dumps(schema))
    assert fingerprint(flat) != fingerprint(json.dumps(schema))


def test_a_registered_schema_is_given_back() -> None:
    registry = LocalRegistry()
    schema_id = registry.register(PRICE_UPDATED.schema_json)
    assert registry.schema(schema_id) == PRICE_UPDATED.schema_json


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(ValueError, match="schema id 7 is not registered"):
        LocalRegistry().schema(7)


def test_the_registry_of_this_tree_knows_every_schema() -> None:
    registry = registry_of_this_tree()
    texts = [kind.schema_json for kind in RECORD_TYPES] + [kind.schema_json for kind in STATE_TYPES]
    known = [registry.schema(LocalRegistry().register(text)) for text in texts]
    assert [fingerprint(text) for text in known] == [fingerprint(text) for text in texts]
