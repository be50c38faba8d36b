"""Field values as people write them in examples, against the Avro schema of their record: exact, with faults in words.

Decimals are numbers or text and never pass through a float; times (`*_ns`) are integers or ISO 8601 with a zone;
enums are their symbols; bytes are text, or hexadecimal after 0x.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from dataflow.document.section import integer_of, is_text
from dataflow.document.yaml_tree import Listing, Mapping, Node, Scalar, kind_name
from dataflow.errors import suggestion
from dataflow.model import RecordType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
TIME = "write nanoseconds since the epoch, or 2026-11-20T14:30:00.000000001Z"
EXACT = Context(prec=60)
"""Wide enough for every Avro decimal here."""


class Unreadable(Exception):
    """A value that its field cannot take."""

    def __init__(self, node: Node, fact: str, remedy: str) -> None:
        super().__init__(fact)
        self.node = node
        self.fact = fact
        self.remedy = remedy


class RecordFields:
    """Reads the fields of one record type."""

    def __init__(self, record: RecordType) -> None:
        self.named: dict[str, dict[str, Any]] = {}
        self.schema = json.loads(record.schema_json)
        self._learn(self.schema)

    def _learn(self, schema: Any) -> None:
        """Named types are defined where they first stand, and named ever after."""
        if isinstance(schema, list):
            for branch in schema:
                self._learn(branch)
        if not isinstance(schema, dict):
            return
        if "name" in schema:
            self.named[schema["name"]] = schema
        for part in (*(field["type"] for field in schema.get("fields", ())), schema.get("items"), schema.get("values")):
            self._learn(part)
        self._learn(schema["type"])

    def read(self, node: Mapping) -> dict[str, Any]:
        """Values under their field names, as fastavro takes them. Raises Unreadable."""
        return self._record(node, self.schema)

    def _record(self, node: Node, schema: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            raise Unreadable(node, f"is {kind_name(node)}", "write a mapping of its fields")
        types = {field["name"]: field["type"] for field in schema["fields"]}
        for name in node.entries:
            if name not in types:
                at = Scalar(node.keys[name], name, "str")
                raise Unreadable(at, f"{schema['name']} has no field {name!r}", suggestion(name, types))
        return {name: self._value(value, types[name], name) for name, value in node.entries.items()}

    def _value(self, node: Node, schema: Any, name: str) -> Any:
        if isinstance(schema, list):
            if isinstance(node, Scalar) and node.kind == "null":
                return None
            return self._value(node, next(branch for branch in schema if branch != "null"), name)
        if isinstance(schema, str):
            known = self.named.get(schema.rpartition(".")[2])
            return self._primitive(node, schema, name) if known is None else self._complex(node, known, name)
        return self._complex(node, schema, name)

    def _complex(self, node: Node, schema: dict[str, Any], name: str) -> Any:
        kind = schema["type"]
        if schema.get("logicalType") == "decimal":
            return _decimal(node, schema)
        if kind == "record":
            return self._record(node, schema)
        if kind == "enum":
            return _symbol(node, schema["symbols"])
        if kind == "fixed":
            return _fixed(node, schema["size"])
        if kind == "array":
            if not isinstance(node, Listing):
                raise Unreadable(node, f"is {kind_name(node)}", "write a list")
            return [self._value(item, schema["items"], name) for item in node.items]
        if kind == "map":
            if not isinstance(node, Mapping):
                raise Unreadable(node, f"is {kind_name(node)}", "write a mapping")
            return {key: self._value(item, schema["values"], name) for key, item in node.entries.items()}
        return self._value(node, kind, name)

    def _primitive(self, node: Node, kind: str, name: str) -> Any:
        if not isinstance(node, Scalar):
            raise Unreadable(node, f"is {kind_name(node)}", "write a single value")
        if kind in ("long", "int"):
            return _instant(node) if name.endswith("_ns") else _long(node)
        if kind in ("double", "float"):
            return _double(node)
        if kind == "boolean":
            return _boolean(node)
        if not is_text(node):
            raise Unreadable(
                node, f"is {kind_name(node)}", "write text; in quotes, if it looks like a number or true/false"
            )
        return _bytes(node) if kind == "bytes" else node.text


def _long(node: Scalar) -> int:
    value = integer_of(node)
    if value is None:
        raise Unreadable(node, f"is {kind_name(node)}", "write a whole number of 64 bits")
    return value


def _instant(node: Scalar) -> int:
    match = INSTANT.fullmatch(node.text)
    if match is None:
        if integer_of(node) is None:
            raise Unreadable(node, f"is {kind_name(node)}", TIME)
        return _long(node)
    try:
        moment = datetime.fromisoformat(match[1] + match[3])
    except ValueError:
        raise Unreadable(node, f"{node.text!r} is no time", TIME) from None
    seconds = (moment - EPOCH) // timedelta(seconds=1)
    return seconds * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))


def _double(node: Scalar) -> float:
    try:
        return float(node.text)
    except ValueError:
        raise Unreadable(node, f"is {kind_name(node)}", "write a number") from None


def _boolean(node: Scalar) -> bool:
    if node.text not in ("true", "false"):
        raise Unreadable(node, f"is {kind_name(node)}", "write true or false")
    return node.text == "true"


def _decimal(node: Node, schema: dict[str, Any]) -> Decimal:
    text = node.text.replace("_", "") if isinstance(node, Scalar) else ""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Unreadable(node, f"is {kind_name(node)}", "write a number, for example 187.45") from None
    scale, whole_digits = schema["scale"], schema["precision"] - schema["scale"]
    exponent = value.normalize(EXACT).as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -scale or value.adjusted() >= whole_digits:
        remedy = f"write a number of at most {whole_digits} digits before the point and {scale} after it"
        raise Unreadable(node, f"is {kind_name(node)}", remedy)
    return value


def _symbol(node: Node, symbols: list[str]) -> str:
    if not isinstance(node, Scalar) or node.text not in symbols:
        text = node.text if isinstance(node, Scalar) else ""
        raise Unreadable(node, f"is {kind_name(node)}", suggestion(text, symbols))
    return node.text


def _fixed(node: Node, size: int) -> bytes:
    text = node.text if isinstance(node, Scalar) else ""
    if not re.fullmatch(rf"[0-9a-fA-F]{{{size * 2}}}", text):
        raise Unreadable(node, f"is {kind_name(node)}", f"write {size * 2} hexadecimal digits")
    return bytes.fromhex(text)


def _bytes(node: Scalar) -> bytes:
    if not node.text.startswith("0x"):
        return node.text.encode()
    try:
        return bytes.fromhex(node.text[2:])
    except ValueError:
        raise Unreadable(node, f"is {kind_name(node)}", "write an even number of hexadecimal digits after 0x") from None


def fits(expected: Any, actual: Any) -> bool:
    """Whether a value is as expected: a record where each field that is expected fits, a float but for rounding."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(name in actual and fits(value, actual[name]) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(fits, expected, actual))
    if isinstance(expected, float) and isinstance(actual, float):
        return math.isclose(expected, actual, rel_tol=1e-9, abs_tol=1e-12)
    return bool(expected == actual)


def shown(name: str, value: Any) -> str:
    """A value as an example would write it."""
    if isinstance(value, int) and name.endswith("_ns") and value > 10**15:
        seconds, rest = divmod(value, 1_000_000_000)
        return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    if isinstance(value, Decimal):
        return f"{value.normalize(EXACT):f}"
    if isinstance(value, bool | type(None)):
        return json.dumps(value)
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(key, item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(shown(name, item) for item in value) + "]" if isinstance(value, list) else str(value)
