"""Records and states as plain dictionaries under their Avro field names, as fastavro takes and gives them, and back.

Decimals are `Decimal`, enums their symbols, ids 16 bytes. It works from the schema, not from generated code: it is for
people, examples and tests, never for the hot path. fastavro and this module share no line, so each checks the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from librt.strings import read_i64_be

from schemas.definition import SchemaSet, Type, parse
from schemas.wire import bytes_of, decimal_of, e8_of, id_bytes
from schemas.wire_maps import GrowingLongs

Convert = Callable[[Any], Any]
Classes = Mapping[str, Callable[[], Any]]
"""Constructor of each record that may stand inside another, by its name."""


@dataclass(frozen=True)
class PlainField:
    """How one field goes into a dictionary."""

    attribute: str
    is_id: bool
    to_plain: Convert
    type: Type


@dataclass(frozen=True)
class PlainSchema:
    """All records of one schema: the fields of each, by name."""

    name: str
    records: dict[str, dict[str, PlainField]]
    schemas: SchemaSet


def to_dict(record: object, schema_json: str) -> dict[str, Any]:
    """The record under its Avro field names."""
    schema = plain_schema(schema_json)
    return _dict_of(record, schema, schema.name)


def from_dict(record: Any, fields: dict[str, Any], schema_json: str, classes: Classes) -> None:
    """Set the record's fields; those that are not named keep their value. Raises ValueError for an unknown field or
    value."""
    schema = plain_schema(schema_json)
    _fill(record, fields, schema, schema.name, classes)


@cache
def plain_schema(schema_json: str) -> PlainSchema:
    schemas = parse(schema_json)
    plain = PlainSchema(schemas.tops[0].name, {}, schemas)
    for record in schemas.records.values():
        plain.records[record.name] = {
            field.name: PlainField(field.attribute, field.type.kind == "id", _writer(field.type, plain), field.type)
            for field in record.fields
        }
    return plain


def _dict_of(record: object, schema: PlainSchema, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field_name, field in schema.records[name].items():
        if field.is_id:
            high, low = getattr(record, f"{field_name}_hi"), getattr(record, f"{field_name}_lo")
            made[field_name] = id_bytes(high, low)
        else:
            made[field_name] = field.to_plain(getattr(record, field.attribute))
    return made


def _writer(kind: Type, schema: PlainSchema) -> Convert:
    """How a value of this type goes into a dictionary."""
    if kind.kind in ("price", "money"):
        return decimal_of
    if kind.kind == "enum":
        return schema.schemas.enums[kind.name].symbols.__getitem__
    if kind.kind == "record":
        return lambda value: _dict_of(value, schema, kind.name)
    if kind.kind == "growing":
        return lambda value: dict(value.entries)
    if kind.item is None:
        return _same
    item = _writer(kind.item, schema)
    if kind.kind == "optional":
        return lambda value: None if value is None else item(value)
    if kind.kind == "array":
        return lambda value: [item(one) for one in value]
    return lambda value: {key: item(one) for key, one in value.items()}


def _same(value: object) -> object:
    return value


def _fill(record: Any, fields: dict[str, Any], schema: PlainSchema, name: str, classes: Classes) -> None:
    known = schema.records[name]
    for field_name, value in fields.items():
        field = known.get(field_name)
        if field is None:
            raise ValueError(f"{name} has no field {field_name!r}")
        if field.is_id:
            setattr(record, f"{field_name}_hi", read_i64_be(value, 0))
            setattr(record, f"{field_name}_lo", read_i64_be(value, 8))
        else:
            setattr(record, field.attribute, _value_of(value, field.type, schema, classes))


def _value_of(value: Any, kind: Type, schema: PlainSchema, classes: Classes) -> Any:
    """The value as the record's attribute holds it."""
    if kind.kind in ("price", "money"):
        return e8_of(value)
    if kind.kind == "bytes":
        return bytes_of(value)
    if kind.kind == "enum":
        return schema.schemas.enums[kind.name].symbols.index(value)
    if kind.kind == "record":
        made = classes[kind.name]()
        _fill(made, value, schema, kind.name, classes)
        return made
    if kind.kind == "growing":
        return _growing(value)
    if kind.item is None or value is None:
        return value
    if kind.kind == "array":
        return [_value_of(one, kind.item, schema, classes) for one in value]
    if kind.kind == "map":
        return {key: _value_of(one, kind.item, schema, classes) for key, one in value.items()}
    return _value_of(value, kind.item, schema, classes)


def _growing(entries: dict[str, int]) -> GrowingLongs:
    """As if read from checkpoints."""
    made = GrowingLongs()
    for key, value in entries.items():
        made.add(key, value)
    made.saved(whole=False)
    return made
