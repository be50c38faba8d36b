"""Small random schemas, random changes to them, and data that uses every branch and symbol."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

SYMBOLS = ["RED", "GREEN", "BLUE", "GREY"]
PRIMITIVES = ["boolean", "int", "long", "float", "double", "bytes", "string"]
SAMPLES: dict[str, list[Any]] = {
    "null": [None],
    "boolean": [True, False],
    "int": [7, -7],
    "long": [1 << 40, 0],
    "float": [0.5],
    "double": [0.25],
    "bytes": [b"abc", b""],
    "string": ["abc", ""],
}
DEFAULTS: dict[str, Any] = {
    "boolean": True,
    "int": 1,
    "long": 1,
    "float": 1.0,
    "double": 1.0,
    "bytes": "a",
    "string": "a",
    "array": [],
    "map": {},
}


def kinds(name: str) -> st.SearchStrategy[Any]:
    """A type for the field `name`; named types are called after it, so that a later change may meet them again."""
    plain = st.sampled_from(PRIMITIVES)
    simple = plain | enums(f"{name}Colour") | fixed(f"{name}Bytes") | inner_records(f"{name}Part")
    return st.one_of(
        simple,
        simple.map(lambda kind: ["null", kind]),
        simple.map(lambda kind: {"type": "array", "items": kind}),
        simple.map(lambda kind: {"type": "map", "values": kind}),
        simple.map(lambda kind: {"type": "array", "items": ["null", kind]}),
    )


def enums(name: str) -> st.SearchStrategy[Schema]:
    symbols = st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True)
    plain = symbols.map(lambda names: {"type": "enum", "name": name, "symbols": names})
    return plain | symbols.map(lambda names: {"type": "enum", "name": name, "symbols": names, "default": names[0]})


def fixed(name: str) -> st.SearchStrategy[Schema]:
    return st.integers(1, 3).map(lambda size: {"type": "fixed", "name": name, "size": size})


def inner_records(name: str) -> st.SearchStrategy[Schema]:
    inside = st.sampled_from(PRIMITIVES) | enums(f"{name}Shade")
    fields = st.lists(st.tuples(st.sampled_from("xyz"), inside), min_size=1, unique_by=lambda item: item[0])
    return fields.map(lambda items: {"type": "record", "name": name, "fields": distinct(items)})


def distinct(items: list[tuple[str, Any]]) -> list[Schema]:
    """Fields of these names and types, where the second to have an enum refers to the first one's."""
    seen: set[str] = set()
    fields = []
    for name, kind in items:
        known = isinstance(kind, dict) and kind["name"] in seen
        fields.append({"name": name, "type": kind["name"] if known else kind})
        seen |= {kind["name"]} if isinstance(kind, dict) else set()
    return fields


@st.composite
def schemas(draw: Draw) -> Schema:
    names = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True))
    fields = [{"name": name, "type": draw(kinds(name.upper()))} for name in names]
    return {"type": "record", "name": "Root", "fields": fields}


@st.composite
def changed(draw: Draw, schema: Schema) -> Schema:
    """The schema after one to three changes."""
    after = copy.deepcopy(schema)
    for _ in range(draw(st.integers(1, 3))):
        draw(st.sampled_from(CHANGES))(draw, after)
    return after


def add(draw: Draw, schema: Schema) -> None:
    free = [name for name in "abcdefgh" if name not in {field["name"] for field in schema["fields"]}]
    name = draw(st.sampled_from(free))
    schema["fields"].append(with_default(draw, {"name": name, "type": draw(kinds(name.upper()))}))


def with_default(draw: Draw, field: Schema) -> Schema:
    kind = field["type"]
    if draw(st.booleans()):
        if isinstance(kind, list):
            field["default"] = None
        elif (name := kind if isinstance(kind, str) else kind["type"]) in DEFAULTS:
            field["default"] = DEFAULTS[name]
    return field


def remove(draw: Draw, schema: Schema) -> None:
    if len(schema["fields"]) > 1:
        schema["fields"].remove(draw(st.sampled_from(schema["fields"])))


def rename(draw: Draw, schema: Schema) -> None:
    field = draw(st.sampled_from(schema["fields"]))
    old, field["name"] = field["name"], f"{field['name']}_new"
    if draw(st.booleans()):
        field["aliases"] = [old]


def retype(draw: Draw, schema: Schema) -> None:
    field = draw(st.sampled_from(schema["fields"]))
    field.pop("default", None)
    field["type"] = draw(kinds(field["name"].upper()))


def reorder(draw: Draw, schema: Schema) -> None:
    schema["fields"] = draw(st.permutations(schema["fields"]))


def toggle_optional(draw: Draw, schema: Schema) -> None:
    field = draw(st.sampled_from(schema["fields"]))
    field.pop("default", None)
    field["type"] = field["type"][1] if isinstance(field["type"], list) else ["null", field["type"]]


CHANGES = [add, remove, rename, retype, retype, reorder, toggle_optional]


def samples(kind: Any, known: dict[str, Any] | None = None) -> list[Any]:
    """Values that between them use every symbol, branch and item type."""
    known = {} if known is None else known
    if isinstance(kind, str):
        return SAMPLES[kind] if kind in SAMPLES else samples(known[kind], known)
    if isinstance(kind, list):
        return [value for branch in kind for value in samples(branch, known)]
    if "name" in kind:
        known[kind["name"]] = kind
    if kind["type"] == "enum":
        return list(kind["symbols"])
    if kind["type"] == "fixed":
        return [b"z" * kind["size"]]
    if kind["type"] == "array":
        return [[], samples(kind["items"], known)]
    if kind["type"] == "map":
        return [{}, {str(number): value for number, value in enumerate(samples(kind["values"], known))}]
    return record_samples(kind, known)


def record_samples(kind: Schema, known: dict[str, Any]) -> list[Any]:
    columns = {field["name"]: samples(field["type"], known) for field in kind["fields"]}
    longest = max(len(column) for column in columns.values())
    return [{name: column[row % len(column)] for name, column in columns.items()} for row in range(longest)]
