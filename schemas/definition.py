"""Reads the Avro schemas in `avsc/` into typed definitions, and refuses any that break the rules of this tree.

The rules, beyond Avro's own: every record and field has a doc; an event opens with the common envelope; decimals are
exact (a price is `fixed(8)` of precision 18, money is `bytes` of precision 38, both of scale 8); a field marked
`"key": true` is a string that streams may be keyed by; one of a state marked `"grows": true` is a map of longs whose
entries are never changed or removed one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.wire import DECIMAL_SCALE

FOLDER = Path(__file__).parent / "avsc"
TAKEN = ("data", "encode_into", "fields", "key", "name", "position", "record", "to_dict", "type_id", "value", "writer")
"""Names the generated code uses itself."""
ENVELOPE = ("event_id", "cause_id", "sequence", "event_time_ns")

PLAIN_DEFAULTS: dict[str, type] = {"double": float, "boolean": bool, "string": str}
BYTES_OF_DEFAULT = {"bytes": (0, 1 << 20), "price": (8, 8), "money": (1, 16)}


class SchemaFault(ValueError):
    """A schema file breaks a rule. The text names file, record and field."""


@dataclass(frozen=True)
class Type:
    """One Avro type as this tree uses it.

    `kind` is one of long, double, boolean, string, bytes, money, price, id, enum, record, array, map, growing (a map of
    longs that only grows), optional.
    """

    kind: str
    name: str = ""
    item: Type | None = None
    symbols: int = 0
    """How many an enum has."""


@dataclass(frozen=True)
class Field:
    name: str
    type: Type
    doc: str
    is_key: bool
    interned: bool
    default: Any
    """The Avro default, or None where there is none (null defaults need none: an optional starts as None)."""

    @property
    def attribute(self) -> str:
        """The Python attribute: decimals carry their unit, since Python holds the integer."""
        return f"{self.name}_e8" if self.type.kind in ("price", "money") else self.name


@dataclass(frozen=True)
class RecordDefinition:
    name: str
    doc: str
    fields: tuple[Field, ...]
    schema: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class EnumDefinition:
    name: str
    doc: str
    symbols: tuple[str, ...]


@dataclass
class SchemaSet:
    """All schemas of one folder, and the named types defined inside them."""

    tops: list[RecordDefinition]
    records: dict[str, RecordDefinition]
    enums: dict[str, EnumDefinition]


def load(folder: Path) -> SchemaSet:
    """Every .avsc of the folder, by name. Raises SchemaFault."""
    reader = _Reader()
    tops = [reader.top(path) for path in sorted(folder.glob("*.avsc"))]
    return SchemaSet(tops, reader.records, reader.enums)


def parse(schema_json: str) -> SchemaSet:
    """One schema, which is `tops[0]`, with the records and enums inside it. Raises SchemaFault."""
    reader = _Reader()
    schema = json.loads(schema_json)
    reader.record(schema, schema["name"])
    return SchemaSet([reader.records[schema["name"]]], reader.records, reader.enums)


def load_events() -> SchemaSet:
    events = load(FOLDER / "event")
    for record in events.tops:
        names = tuple(field.name for field in record.fields[: len(ENVELOPE)])
        if names != ENVELOPE:
            raise SchemaFault(f"{record.name}: an event opens with {', '.join(ENVELOPE)}, not {', '.join(names)}")
    return events


def load_states() -> SchemaSet:
    return load(FOLDER / "state")


class _Reader:
    def __init__(self) -> None:
        self.records: dict[str, RecordDefinition] = {}
        self.enums: dict[str, EnumDefinition] = {}
        self.local: dict[str, Type] = {}

    def top(self, path: Path) -> RecordDefinition:
        try:
            schema = json.loads(path.read_text())
        except ValueError as error:
            raise SchemaFault(f"{path.name}: not JSON: {error}") from None
        if schema.get("name") != path.stem:
            raise SchemaFault(f"{path.name}: holds the record {schema.get('name')!r}; file and record share one name")
        self.local = {}
        self.record(schema, path.name)
        return self.records[path.stem]

    def record(self, schema: dict[str, Any], place: str) -> Type:
        name = schema["name"]
        if not schema.get("doc"):
            raise SchemaFault(f"{place}: record {name} has no doc")
        self.local[name] = Type("record", name)
        fields = tuple(self.field(item, f"{place}: {name}.{item.get('name')}") for item in schema["fields"])
        self._define(self.records, name, RecordDefinition(name, schema["doc"], fields, schema), place)
        return self.local[name]

    def field(self, item: dict[str, Any], place: str) -> Field:
        if not item.get("doc"):
            raise SchemaFault(f"{place}: no doc (state unit and meaning)")
        if item["name"] in TAKEN:
            raise SchemaFault(f"{place}: the name is taken by generated code; choose another")
        kind = self.type(item["type"], place)
        if item.get("grows"):
            if kind != Type("map", item=Type("long")):
                raise SchemaFault(f"{place}: what only grows is a map of longs")
            kind = Type("growing", "GrowingLongs", kind.item)
        is_key = bool(item.get("key"))
        if is_key and kind.kind != "string":
            raise SchemaFault(f"{place}: a key is a string")
        interned = bool(item.get("vocabulary", is_key))
        default = item.get("default")
        if default is not None and not self.fits(kind, default):
            raise SchemaFault(f"{place}: {default!r} cannot be the default of a {kind.kind} here")
        return Field(item["name"], kind, item["doc"], is_key, interned, default)

    def fits(self, kind: Type, default: Any) -> bool:
        """The generated code can honour it. Containers start empty and optionals as null; ids and records have none.

        Bytes stand in JSON as a string of one character a byte.
        """
        if kind.kind == "enum":
            return default in self.enums[kind.name].symbols
        if kind.kind == "long":
            return type(default) is int and -(1 << 63) <= default < 1 << 63
        if kind.kind in BYTES_OF_DEFAULT:
            least, most = BYTES_OF_DEFAULT[kind.kind]
            return type(default) is str and least <= len(default) <= most and all(c <= "\xff" for c in default)
        if kind.kind in ("array", "map", "growing"):
            return bool(default == ([] if kind.kind == "array" else {}))
        return kind.kind in PLAIN_DEFAULTS and isinstance(default, PLAIN_DEFAULTS[kind.kind])

    def type(self, schema: Any, place: str) -> Type:
        if isinstance(schema, list):
            if len(schema) != 2 or schema[0] != "null":
                raise SchemaFault(f'{place}: the only unions are ["null", T]')
            return Type("optional", item=self.type(schema[1], place))
        if isinstance(schema, str):
            return self.by_name(schema, place)
        return self.complex(schema, place)

    def by_name(self, name: str, place: str) -> Type:
        if name in ("long", "double", "boolean", "string", "bytes"):
            return Type(name)
        local = self.local.get(name.removeprefix("tapeline."))
        if local is None:
            raise SchemaFault(f"{place}: type {name!r} is not defined before this field, or is not used here")
        return local

    def complex(self, schema: dict[str, Any], place: str) -> Type:
        kind = schema["type"]
        if kind in ("array", "map"):
            return Type(kind, item=self.type(schema["items" if kind == "array" else "values"], place))
        if kind == "record":
            return self.record(schema, place)
        if kind == "enum":
            return self.enum(schema, place)
        if schema.get("logicalType") == "decimal":
            return self.decimal(schema, place)
        if kind == "fixed" and schema["size"] == 16:
            self.local[schema["name"]] = Type("id", schema["name"])
            return self.local[schema["name"]]
        return self.by_name(kind, place)

    def enum(self, schema: dict[str, Any], place: str) -> Type:
        if not schema.get("doc"):
            raise SchemaFault(f"{place}: enum {schema['name']} has no doc")
        definition = EnumDefinition(schema["name"], schema["doc"], tuple(schema["symbols"]))
        self._define(self.enums, schema["name"], definition, place)
        self.local[schema["name"]] = Type("enum", schema["name"], symbols=len(definition.symbols))
        return self.local[schema["name"]]

    def decimal(self, schema: dict[str, Any], place: str) -> Type:
        shape = (schema["type"], schema.get("size"), schema["precision"], schema.get("scale"))
        if shape == ("bytes", None, 38, DECIMAL_SCALE):
            return Type("money")
        if shape == ("fixed", 8, 18, DECIMAL_SCALE):
            self.local[schema["name"]] = Type("price", schema["name"])
            return self.local[schema["name"]]
        raise SchemaFault(f"{place}: a decimal is fixed(8) of precision 18 or bytes of precision 38, of scale 8")

    @staticmethod
    def _define(table: dict[str, Any], name: str, definition: Any, place: str) -> None:
        known = table.setdefault(name, definition)
        if known != definition:
            raise SchemaFault(f"{place}: {name} is defined differently elsewhere")


def key_fields(events: SchemaSet) -> list[str]:
    """All key fields of all events, sorted: their index is the number that `Record.key` takes."""
    return sorted({field.name for record in events.tops for field in record.fields if field.is_key})


def nested(record: RecordDefinition, schemas: SchemaSet) -> Iterator[RecordDefinition]:
    """The records used inside `record`, innermost first."""
    for item in record.fields:
        kind: Type | None = item.type
        while kind is not None:
            if kind.kind == "record":
                yield from nested(schemas.records[kind.name], schemas)
                yield schemas.records[kind.name]
            kind = kind.item
