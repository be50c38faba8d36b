"""A schema file that breaks a rule of this tree is refused with file, record and field; defaults are honoured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.definition import SchemaFault, SchemaSet, load
from schemas.generator import ClassWriter

PRICE = {"type": "fixed", "name": "Price", "size": 8, "logicalType": "decimal", "precision": 18, "scale": 8}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 8}
SIDE = {"type": "enum", "name": "Side", "doc": "Side.", "symbols": ["NONE", "BUY"]}


def loaded(folder: Path, *fields: dict[str, Any], **changes: Any) -> SchemaSet:
    schema = {"type": "record", "name": "Sample", "doc": "A sample.", "fields": list(fields)} | changes
    (folder / "Sample.avsc").write_text(json.dumps(schema))
    return load(folder)


def parameter(folder: Path, kind: Any, default: Any) -> str:
    """The constructor's parameter for a field of this type and default."""
    item = {"name": "field_a", "type": kind, "doc": "A field.", "default": default}
    record = loaded(folder, item).tops[0]
    return ClassWriter(record, "State", [], 0).parameter(record.fields[0])


@pytest.mark.parametrize(
    ("kind", "default", "expected"),
    [
        ("long", 7, "i64 = 7"),
        ("long", -(1 << 63), f"i64 = {-(1 << 63)}"),
        ("double", 0.5, "float = 0.5"),
        ("boolean", True, "bool = True"),
        ("string", "XNAS", "str = 'XNAS'"),
        ("bytes", "\u00ff", "bytes = b'\\xff'"),
        (PRICE, "\u0000" * 7 + "\u0001", "i64 = 1"),
        (PRICE, "\u00ff" * 8, "i64 = -1"),
        (MONEY, "\u0001\u0000", "int = 256"),
        (SIDE, "BUY", "i64 = SIDE_BUY"),
        (["null", "long"], None, "int | None = None"),
        ({"type": "array", "items": "long"}, [], "list[int] | None = None"),
        ({"type": "map", "values": "long"}, {}, "dict[str, int] | None = None"),
    ],
)
def test_a_default_becomes_the_default_of_the_record(tmp_path: Path, kind: Any, default: Any, expected: str) -> None:
    assert parameter(tmp_path, kind, default) == expected


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("long", 1.5),
        ("long", True),
        ("long", 1 << 63),
        ("double", "1"),
        ("boolean", 0),
        ("string", 0),
        ("bytes", "\u0100"),
        (PRICE, "\u0000"),
        (PRICE, 0),
        (MONEY, ""),
        (MONEY, "\u0001" * 17),
        (SIDE, "SELL"),
        (["null", "long"], 7),
        ({"type": "array", "items": "long"}, [1]),
        ({"type": "map", "values": "long"}, {"a": 1}),
    ],
)
def test_a_default_that_code_cannot_honour_is_refused(tmp_path: Path, kind: Any, default: Any) -> None:
    with pytest.raises(SchemaFault, match=r"Sample.avsc: Sample.field_a: .* cannot be the default"):
        parameter(tmp_path, kind, default)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"name": "a", "type": "long"}, "Sample.a: no doc"),
        ({"name": "value", "type": "long", "doc": "A."}, "Sample.value: the name is taken"),
        ({"name": "a", "type": "long", "doc": "A.", "key": True}, "Sample.a: a key is a string"),
        ({"name": "a", "type": "long", "doc": "A.", "grows": True}, "Sample.a: what only grows is a map of longs"),
        ({"name": "a", "type": ["long", "null"], "doc": "A."}, "Sample.a: the only unions"),
        ({"name": "a", "type": "int", "doc": "A."}, "Sample.a: type 'int' is not defined"),
        ({"name": "a", "type": "Side", "doc": "A."}, "Sample.a: type 'Side' is not defined"),
        ({"name": "a", "type": PRICE | {"scale": 2}, "doc": "A."}, "Sample.a: a decimal is fixed"),
        ({"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["X"]}, "doc": "A."}, "enum E has no doc"),
    ],
)
def test_a_field_that_breaks_a_rule_is_refused(tmp_path: Path, item: dict[str, Any], reason: str) -> None:
    with pytest.raises(SchemaFault, match=reason):
        loaded(tmp_path, item)


def test_a_record_without_doc_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaFault, match="record Sample has no doc"):
        loaded(tmp_path, doc="")


def test_file_and_record_share_one_name(tmp_path: Path) -> None:
    with pytest.raises(SchemaFault, match="file and record share one name"):
        loaded(tmp_path, name="Other")


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Sample.avsc").write_text("{")
    with pytest.raises(SchemaFault, match=r"Sample.avsc: not JSON"):
        load(tmp_path)


def test_an_enum_is_the_same_wherever_it_stands(tmp_path: Path) -> None:
    other = SIDE | {"symbols": ["NONE", "SELL"]}
    fields = [{"name": "a", "type": SIDE, "doc": "A."}]
    loaded(tmp_path, *fields)
    schema = {"type": "record", "name": "Zebra", "doc": "Z.", "fields": [{"name": "a", "type": other, "doc": "A."}]}
    (tmp_path / "Zebra.avsc").write_text(json.dumps(schema))
    with pytest.raises(SchemaFault, match="Side is defined differently elsewhere"):
        load(tmp_path)


def test_a_key_that_is_no_small_vocabulary_is_not_kept(tmp_path: Path) -> None:
    key = {"name": "order_id", "type": "string", "doc": "An id.", "key": True}
    assert [loaded(tmp_path, key | more).tops[0].fields[0].interned for more in ({}, {"vocabulary": False})] == [
        True,
        False,
    ]
