"""The compatibility check passes exactly what fastavro can read, refuses what it would misread, and names the field."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import compatibility, generator
from schemas.compatibility import Severity, check, compare, present_schemas, release, released_schemas
from schemas.definition import SchemaFault
from tests.schemas.evolution import Schema, changed, samples, schemas

PRICE = {"type": "fixed", "name": "Price", "size": 8, "logicalType": "decimal", "precision": 18, "scale": 8}
SIDE = {"type": "enum", "name": "Side", "symbols": ["NONE", "BUY", "SELL"]}
QUOTE: Schema = {
    "type": "record",
    "name": "Quote",
    "namespace": "tapeline",
    "doc": "A quote.",
    "fields": [
        {"name": "symbol", "type": "string", "key": True},
        {"name": "price", "type": PRICE},
        {"name": "last", "type": "tapeline.Price"},
        {"name": "quantity", "type": "long"},
        {"name": "side", "type": SIDE},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "levels", "type": {"type": "array", "items": {"type": "record", "name": "Level", "fields": [
            {"name": "price", "type": "Price"}, {"name": "quantity", "type": "long"}]}}},
    ],
}  # fmt: skip


def field(schema: Schema, name: str) -> Any:
    return next(item for item in schema["fields"] if item["name"] == name)


def quote(**changes: Any) -> Schema:
    """The quote's schema with other types for some fields; None removes one."""
    schema = copy.deepcopy(QUOTE)
    for name, kind in changes.items():
        field(schema, name)["type"] = kind
    schema["fields"] = [item for item in schema["fields"] if item["type"] is not None]
    return schema


def with_field(**item: Any) -> Schema:
    schema = copy.deepcopy(QUOTE)
    schema["fields"].append(item)
    return schema


def found(reader: Schema, severity: Severity) -> list[str]:
    return [str(finding) for finding in compare(QUOTE, reader) if finding.severity is severity]


def readable(writer: Schema, reader: Schema) -> bool:
    """fastavro reads every sample; where schemas do not fit it fails in many ways."""
    try:
        for value in samples(writer):
            data = io.BytesIO()
            fastavro.schemaless_writer(data, fastavro.parse_schema(writer), value)
            data.seek(0)
            fastavro.schemaless_reader(data, fastavro.parse_schema(writer), fastavro.parse_schema(reader))
    except Exception:
        return False
    return True


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_old_data_is_readable_exactly_when_the_check_says_so(data: st.DataObject) -> None:
    writer = data.draw(schemas())
    reader = data.draw(changed(writer))
    refused = [finding for finding in compare(writer, reader) if finding.severity is Severity.UNREADABLE]
    assert readable(writer, reader) == (refused == []), (writer, reader, refused)


def test_a_schema_is_compatible_with_itself() -> None:
    assert compare(QUOTE, QUOTE) == []


def test_a_changed_type_is_named_with_both_types() -> None:
    assert found(quote(quantity="string"), Severity.UNREADABLE) == [
        "Quote.quantity: the type changed from long to string"
    ]


def test_a_field_without_a_default_cannot_be_added() -> None:
    assert found(with_field(name="score", type="long"), Severity.UNREADABLE) == ["Quote.score: added without a default"]


def test_a_field_with_a_default_can_be_added() -> None:
    assert compare(QUOTE, with_field(name="score", type="long", default=0)) == []


def test_an_enum_symbol_cannot_be_removed() -> None:
    assert found(quote(side=SIDE | {"symbols": ["NONE", "BUY"]}), Severity.UNREADABLE) == ["Side: symbol SELL removed"]


def test_an_enum_symbol_with_a_stand_in_is_misread() -> None:
    shorter = SIDE | {"symbols": ["NONE", "BUY"], "default": "NONE"}
    assert found(quote(side=shorter), Severity.UNSAFE) == ["Side: symbol SELL removed"]


def test_an_enum_symbol_can_be_added_at_the_end() -> None:
    assert compare(QUOTE, quote(side=SIDE | {"symbols": ["NONE", "BUY", "SELL", "CROSS"]})) == []


def test_enum_symbols_keep_their_positions() -> None:
    assert found(quote(side=SIDE | {"symbols": ["BUY", "NONE", "SELL"]}), Severity.UNSAFE) == [
        "Side: symbol NONE moved from position 0 to 1: add symbols at the end",
        "Side: symbol BUY moved from position 1 to 0: add symbols at the end",
    ]


def test_a_removed_field_is_a_warning() -> None:
    assert found(quote(note=None), Severity.WARNING) == [
        "Quote.note: removed: what old data holds there is no longer read"
    ]


def test_a_renamed_field_with_an_alias_is_a_warning() -> None:
    schema = copy.deepcopy(QUOTE)
    field(schema, "quantity").update(name="size", aliases=["quantity"])
    assert [str(finding) for finding in compare(QUOTE, schema)] == [
        "Quote.size: was called quantity: queries by the old name fail"
    ]


def test_a_decimal_keeps_its_scale() -> None:
    assert found(quote(price=PRICE | {"scale": 6}), Severity.UNSAFE) == [
        "Quote.price: the type changed from fixed decimal(18, 8) to fixed decimal(18, 6)",
        "Quote.last: the type changed from fixed decimal(18, 8) to fixed decimal(18, 6)",
        "Level.price: the type changed from fixed decimal(18, 8) to fixed decimal(18, 6)",
    ]


def test_a_widened_number_is_a_warning() -> None:
    assert found(quote(quantity="double"), Severity.WARNING) == ["Quote.quantity: the type changed from long to double"]


def test_bytes_do_not_become_text() -> None:
    writer = with_field(name="raw", type="bytes")
    reader = with_field(name="raw", type="string")
    assert [(str(item), item.severity) for item in compare(writer, reader)] == [
        ("Quote.raw: the type changed from bytes to string", Severity.UNSAFE)
    ]


def test_an_optional_field_does_not_become_required() -> None:
    assert found(quote(note="string"), Severity.UNREADABLE) == [
        "Quote.note: no longer allows null, which old data may hold"
    ]


def test_a_required_field_may_become_optional() -> None:
    assert compare(QUOTE, quote(quantity=["null", "long"])) == []


def test_a_fault_in_a_nested_record_is_named_there() -> None:
    schema = copy.deepcopy(QUOTE)
    field(schema, "levels")["type"]["items"]["fields"][1]["type"] = "string"
    assert found(schema, Severity.UNREADABLE) == ["Level.quantity: the type changed from long to string"]


def test_a_renamed_type_is_refused() -> None:
    assert found(quote(side=SIDE | {"name": "Direction"}), Severity.UNREADABLE) == [
        "Quote.side: the type changed from enum Side to enum Direction"
    ]


def test_a_key_that_is_none_any_more_is_a_warning() -> None:
    schema = copy.deepcopy(QUOTE)
    del field(schema, "symbol")["key"]
    assert found(schema, Severity.WARNING) == ["Quote.symbol: is no key any more: streams keyed by it fail"]


def test_words_alone_make_no_new_version() -> None:
    assert check({"Quote": QUOTE | {"doc": "Better said."}}, {"Quote": [QUOTE]}) == []


def test_a_compatible_change_must_be_released() -> None:
    wider = with_field(name="score", type="long", default=0)
    assert [str(item) for item in check({"Quote": wider}, {"Quote": [QUOTE]})] == [
        "Quote: changed since v1 and not released"
    ]
    assert check({"Quote": wider}, {"Quote": [QUOTE, wider]}) == []


def test_a_new_schema_must_be_released() -> None:
    assert [str(item) for item in check({"Quote": QUOTE}, {})] == ["Quote: not released yet"]


def test_a_released_schema_must_not_vanish() -> None:
    findings = check({}, {"Quote": [QUOTE]})
    assert [(item.place, item.severity) for item in findings] == [("Quote", Severity.UNREADABLE)]


def test_every_version_counts_and_not_only_the_last() -> None:
    first = with_field(name="score", type="string")
    second = QUOTE
    third = with_field(name="score", type="long", default=0)
    assert [str(item) for item in check({"Quote": third}, {"Quote": [first, second, third]})] == [
        "Quote.score: the type changed from string to long"
    ]


def test_all_faults_are_found_at_once() -> None:
    schema = quote(quantity="string", side=SIDE | {"symbols": ["NONE", "BUY"]}, note="string")
    schema["fields"].append({"name": "score", "type": "long"})
    assert [finding.place for finding in compare(QUOTE, schema)] == [
        "Quote.quantity", "Side", "Quote.note", "Quote.score",
    ]  # fmt: skip


def test_the_first_release_writes_version_1_of_everything_and_the_second_nothing(tmp_path: Path) -> None:
    assert release(tmp_path, rewrite=False) == [f"{name} v1" for name in sorted(present_schemas(), key=order)]
    assert check(present_schemas(), released_schemas(tmp_path)) == []
    assert release(tmp_path, rewrite=False) == []


def order(name: str) -> tuple[bool, str]:
    """Events come before states, as their folders do."""
    return name.endswith("State"), name


def test_a_compatible_change_is_released_as_the_next_version(tmp_path: Path) -> None:
    release(tmp_path, rewrite=False)
    narrower = present_schemas()["LateEvent"]
    (tmp_path / "LateEvent/v1.json").write_text(json.dumps(narrower | {"fields": narrower["fields"][:-1]}))
    with pytest.raises(SchemaFault, match=r"LateEvent.payload: added without a default"):
        release(tmp_path, rewrite=False)
    assert release(tmp_path, rewrite=True)[0] == "AccountChanged v1"
    wider = narrower["fields"] + [{"name": "gone", "type": "long", "doc": "Gone."}]
    (tmp_path / "LateEvent/v1.json").write_text(json.dumps(narrower | {"fields": wider}))
    assert release(tmp_path, rewrite=False) == ["LateEvent v2"]
    assert len(released_schemas(tmp_path)["LateEvent"]) == 2


def test_a_version_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    release(tmp_path, rewrite=False)
    (tmp_path / "LateEvent/v1.json").rename(tmp_path / "LateEvent/v2.json")
    with pytest.raises(SchemaFault, match=r"released/LateEvent: v1.json is missing"):
        released_schemas(tmp_path)


def test_the_schemas_of_this_tree_are_released_and_break_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert compatibility.main(["--check"]) == 0, capsys.readouterr().err


def test_an_incompatible_change_fails_the_build_and_names_the_field(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    schemas_now = present_schemas()
    field(schemas_now["PriceUpdated"], "bid_quantity")["type"] = "string"
    monkeypatch.setattr(compatibility, "present_schemas", lambda: schemas_now)
    assert compatibility.main(["--check"]) == 1
    assert "PriceUpdated.bid_quantity: the type changed from long to string" in capsys.readouterr().err


def test_the_generated_code_is_what_the_schemas_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert generator.main(["--check"]) == 0, capsys.readouterr().out
