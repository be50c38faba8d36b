"""Typed parameters: a mapping of the document against the frozen dataclass that declares them.

A field's metadata may bound it: `minimum`, `maximum` (inclusive) and `choices`, for a tuple meant of each item. A
dataclass may refuse a combination by raising ValueError in `__post_init__`.
"""

from __future__ import annotations

import math
import re
import typing
from dataclasses import MISSING, Field, fields
from typing import Any

from dataflow.document.section import Section, integer_of, is_text
from dataflow.document.yaml_tree import Listing, Node, Scalar, kind_name
from dataflow.errors import Mark, suggestion

WRITE = {
    int: "write a whole number",
    float: "write a number",
    bool: "write true or false",
    str: "write text; in quotes, if it looks like a number or true/false",
}

EXPONENT = re.compile(r"[-+]?\d+[eE][-+]?\d+")
"""A number everywhere but in YAML 1.1, which wants a point in it."""


class _Unreadable(Exception):
    """A value that is not what its field takes: (node, fact, remedy)."""


def read_parameters(section: Section, kind: type, mark: Mark) -> Any:
    """An instance of `kind`, or None if there are faults, which are added. `mark` is blamed for what is missing."""
    declared = {item.name: item for item in fields(kind)}
    _refuse_unknown(section, declared)
    values: dict[str, Any] = {}
    whole = not any(name not in declared for name in section.node.entries)
    for name, item in declared.items():
        node = section.node.entries.get(name)
        try:
            if node is not None:
                values[name] = _value(node, item, _type_of(kind, item))
            elif item.default is MISSING and item.default_factory is MISSING:
                whole = False
                remedy = WRITE.get(_type_of(kind, item)[0], "write a list")
                section.faults.add(mark, section.inside(name), "is missing", remedy)
        except _Unreadable as fault:
            whole = False
            place, fact, remedy = fault.args
            section.faults.add(place.mark, section.inside(name), fact, remedy)
    return _make(section, kind, values, mark) if whole else None


def _make(section: Section, kind: type, values: dict[str, Any], mark: Mark) -> Any:
    try:
        return kind(**values)
    except ValueError as error:
        blame(section, mark, error)
        return None


def blame(section: Section, mark: Mark, error: ValueError) -> None:
    """Adds the fault that a dataclass or operator found: at the parameter its sentence begins with, else at `mark`."""
    name = str(error).partition(" ")[0]
    given = name in section.node.entries
    place = section.inside(name) if given else section.place
    at = section.mark(name) if given else mark
    section.faults.add(at, place, str(error), "change the parameters so that they fit together")


def _refuse_unknown(section: Section, declared: dict[str, Field[Any]]) -> None:
    for name in section.node.entries:
        if name not in declared:
            remedy = suggestion(name, declared) if declared else "it takes no parameters"
            section.faults.add(section.node.keys[name], section.inside(name), "there is no such parameter", remedy)


def _type_of(kind: type, item: Field[Any]) -> tuple[type, type]:
    """(type, type of the items if it is a tuple). Compiled, a dataclass says `tuple` alone: the default tells more."""
    annotation = typing.get_type_hints(kind)[item.name]
    origin = typing.get_origin(annotation) or annotation
    if origin is not tuple:
        return (_plain(origin), object)
    arguments = [argument for argument in typing.get_args(annotation) if argument is not Ellipsis]
    if arguments:
        return (tuple, _plain(arguments[0]))
    return (tuple, type(item.default[0]) if item.default is not MISSING and item.default else str)


def _plain(kind: Any) -> type:
    """mypyc's fixed-width integers are integers here."""
    if kind in WRITE:
        return typing.cast("type", kind)
    assert getattr(kind, "__module__", "") == "mypy_extensions", f"a parameter has the type {kind}"
    return int


def _value(node: Node, item: Field[Any], kind: tuple[type, type]) -> Any:
    if kind[0] is not tuple:
        return _bounded(node, _scalar(node, kind[0]), item)
    if not isinstance(node, Listing):
        raise _Unreadable(node, f"is {kind_name(node)}", "write a list: [a, b]")
    return tuple(_bounded(part, _scalar(part, kind[1]), item) for part in node.items)


def _scalar(node: Node, kind: type) -> Any:
    value = None
    if isinstance(node, Scalar):
        value = _READERS[kind](node)
    if value is None:
        raise _Unreadable(node, f"is {kind_name(node)}", WRITE[kind])
    return value


def _float(node: Scalar) -> float | None:
    readable = node.substituted or node.kind in ("int", "float") or EXPONENT.fullmatch(node.text)
    if not readable:
        return None
    try:
        value = float(node.text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _bool(node: Scalar) -> bool | None:
    readable = node.substituted or node.kind == "bool"
    return node.text == "true" if readable and node.text in ("true", "false") else None


def _text(node: Scalar) -> str | None:
    return node.text if is_text(node) else None


_READERS: dict[type, Any] = {int: integer_of, float: _float, bool: _bool, str: _text}


def _bounded(node: Node, value: Any, item: Field[Any]) -> Any:
    metadata = item.metadata
    shown = kind_name(node)
    if "choices" in metadata and value not in metadata["choices"]:
        choices = metadata["choices"]
        remedy = suggestion(value, choices) if isinstance(value, str) else f"one of {', '.join(map(str, choices))}"
        raise _Unreadable(node, f"is {shown}", remedy)
    if "minimum" in metadata and value < metadata["minimum"]:
        raise _Unreadable(node, f"is {shown}", f"write at least {metadata['minimum']}")
    if "maximum" in metadata and value > metadata["maximum"]:
        raise _Unreadable(node, f"is {shown}", f"write at most {metadata['maximum']}")
    return value
