"""Reads one mapping of a document field by field: each field has a type, and what nobody asked for is a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dataflow.document.yaml_tree import Listing, Mapping, Node, Scalar, kind_name
from dataflow.errors import FaultList, Mark, closest, suggestion

UNITS_MS = {
    "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000,
}  # fmt: skip
DURATION = re.compile(r"(\d{1,8})(ms|[smhdwy])")
"""The longest, 99,999,999 years in milliseconds, fits 64 bits."""
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]{0,24})")
LONG_MAX = 2**63 - 1
MISSING = "is missing"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
"""Names become topics and directories: no slash, no blank."""


@dataclass(frozen=True)
class Name:
    """A name as written, and where."""

    text: str
    mark: Mark
    place: str


def is_text(node: Scalar) -> bool:
    return node.substituted or node.kind in ("str", "timestamp")


def integer_of(node: Scalar) -> int | None:
    """The whole number of 64 bits that stands there, or None."""
    readable = node.substituted or node.kind == "int"
    if not readable or not INTEGER.fullmatch(node.text):
        return None
    value = int(node.text.replace("_", ""))
    return value if -LONG_MAX - 1 <= value <= LONG_MAX else None


class Section:
    """A mapping inside the document; `place` is its path there."""

    def __init__(self, node: Mapping, place: str, faults: FaultList) -> None:
        self.node = node
        self.place = place
        self.faults = faults
        self.asked: list[str] = []

    def inside(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name

    def mark(self, name: str) -> Mark:
        """Where the field's value stands, or else the section."""
        node = self.node.entries.get(name)
        return self.node.mark if node is None else node.mark

    def take(self, name: str, required: str = "") -> Node | None:
        """The field's value. `required` is the remedy where it is missing or empty."""
        self.asked.append(name)
        node = self.node.entries.get(name)
        if node is not None and not (isinstance(node, Scalar) and node.kind == "null"):
            return node
        if required:
            fact = MISSING if node is None else "is empty"
            self.faults.add(self.mark(name), self.inside(name), fact, required)
        return None

    def wrong(self, name: str, node: Node, remedy: str) -> None:
        self.faults.add(node.mark, self.inside(name), f"is {kind_name(node)}", remedy)

    def text(self, name: str, required: str = "") -> str | None:
        node = self.take(name, required)
        if node is None:
            return None
        if isinstance(node, Scalar) and is_text(node):
            return node.text
        self.wrong(name, node, "write text; in quotes, if it looks like a number, a date or true/false")
        return None

    def name(self, name: str, required: str = "") -> Name | None:
        """The name of something declared elsewhere."""
        text = self.text(name, required)
        return None if text is None else Name(text, self.mark(name), self.inside(name))

    def names(self, name: str, required: str = "") -> tuple[Name, ...]:
        """A list of names; a single one may stand without brackets. Each may be given once."""
        node = self.take(name, required)
        if node is None:
            return ()
        items = node.items if isinstance(node, Listing) else (node,)
        if required and not items:
            self.faults.add(node.mark, self.inside(name), "the list is empty", required)
        found: dict[str, Name] = {}
        for item in items:
            if not isinstance(item, Scalar) or not is_text(item):
                self.wrong(name, item, "write a list of names: [a, b]")
            elif item.text in found:
                self.faults.add(item.mark, self.inside(name), f"{item.text!r} is listed twice", "keep one of them")
            else:
                found[item.text] = Name(item.text, item.mark, self.inside(name))
        return tuple(found.values())

    def integer(self, name: str, default: int | None, minimum: int) -> int:
        """`default` None: the field must be there."""
        remedy = f"write a whole number of at least {minimum}"
        node = self.take(name, remedy if default is None else "")
        fallback = minimum if default is None else default
        if node is None:
            return fallback
        value = integer_of(node) if isinstance(node, Scalar) else None
        if value is None or value < minimum:
            self.wrong(name, node, remedy)
            return fallback
        return value

    def duration_ms(self, name: str, minimum: int, default: int | None = None) -> int:
        """`default` None: the field must be there."""
        remedy = f"write a whole number and a unit ({', '.join(UNITS_MS)}), for example 24h"
        node = self.take(name, remedy if default is None else "")
        fallback = minimum if default is None else default
        if node is None:
            return fallback
        match = DURATION.fullmatch(node.text) if isinstance(node, Scalar) else None
        if match is None:
            self.wrong(name, node, remedy)
            return fallback
        value = int(match[1]) * UNITS_MS[match[2]]
        if value < minimum:
            self.wrong(name, node, f"write a duration of at least {minimum} ms")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        node = self.take(name)
        if node is None:
            return default
        if isinstance(node, Scalar) and node.text in ("true", "false") and (node.substituted or node.kind == "bool"):
            return node.text == "true"
        self.wrong(name, node, "write true or false")
        return default

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        node = self.take(name)
        if node is None:
            return default
        if isinstance(node, Scalar) and node.text in choices:
            return node.text
        self.wrong(name, node, f"choose one of {', '.join(choices)}")
        return default

    def section(self, name: str, required: str = "") -> Section:
        """A mapping inside; an empty one where there is none."""
        node = self.take(name, required)
        if isinstance(node, Mapping):
            return Section(node, self.inside(name), self.faults)
        if node is not None:
            self.wrong(name, node, "write a mapping: `name: value`")
        return Section(Mapping(self.mark(name)), self.inside(name), self.faults)

    def sections(self) -> Iterator[tuple[Name, Section]]:
        """Every entry as a named section: for mappings of declarations."""
        for key, node in self.node.entries.items():
            self.asked.append(key)
            place = self.inside(key)
            name = Name(key, self.node.keys[key], place)
            if not NAME.fullmatch(key):
                self.faults.add(name.mark, place, f"{key!r} is no name", "use letters, digits, '-', '_' and '.'")
            if isinstance(node, Mapping):
                yield name, Section(node, place, self.faults)
            else:
                self.wrong(key, node, "write a mapping: `name: value`")

    def finish(self) -> None:
        """Every field nobody asked for is a fault; what it was probably meant for is then not missing as well."""
        for key in self.node.entries:
            if key not in self.asked:
                mark = self.node.keys[key]
                self.faults.add(mark, self.inside(key), "there is no such field", suggestion(key, self.asked))
                meant = closest(key, self.asked)
                if meant is not None:
                    self.faults.withdraw(self.inside(meant), MISSING)
