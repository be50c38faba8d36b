"""Asks ClickHouse, read-only, and gives the answer as exact plain values: as ClickHouse writes them, none rounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from dataflow.connectors.clickhouse.client import sentence
from dataflow.ports import InputFault

FORMAT: Final = "JSONCompactEachRowWithNamesAndTypes"
EXACT: Final = {
    "output_format_json_quote_decimals": 1,
    "output_format_json_quote_denormals": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0,
}
OWN_FORMAT: Final = re.compile(r"\bFORMAT\s+\w+$", re.IGNORECASE)
READ_ONLY: Final = 2
"""ClickHouse's `readonly`: reading and settings, no writing."""


@dataclass(frozen=True)
class Answer:
    """`rows` may be walked once. Decimals and times are text; bytes that are no text are in hexadecimal."""

    names: list[str]
    types: list[str]
    rows: Iterator[list[Any]]


def ask(client: Client, sql: str, rows_max: int = 0) -> Answer:
    """Carry out one statement that reads; `rows_max` 0 is no limit. Raises InputFault with what ClickHouse says."""
    statement = sql.strip().rstrip("; \n")
    if not statement:
        raise InputFault("there is no statement to carry out")
    if OWN_FORMAT.search(statement):
        raise InputFault(
            "the statement ends with a FORMAT of its own\n    leave it out: --format chooses table, json or csv"
        )
    settings: dict[str, int] = {**EXACT, **({"limit": rows_max} if rows_max else {}), "readonly": READ_ONLY}
    try:
        data = client.raw_query(statement, fmt=FORMAT, settings=settings)
    except ClickHouseError as error:
        fact = sentence(error)
        if "readonly mode" in fact:
            raise InputFault("the statement would change something, and here tables can only be read") from None
        raise InputFault(f"ClickHouse: {fact.replace(f' FORMAT {FORMAT}', '').removesuffix(': ')}") from None
    lines = iter(data.decode(errors="surrogateescape").split("\n"))
    names, types = next(lines, ""), next(lines, "")
    if not types:
        return Answer([], [], iter(()))
    kinds: list[str] = json.loads(types)
    rows = (
        [_value(value, kind) for value, kind in zip(json.loads(line), kinds, strict=True)] for line in lines if line
    )
    return Answer(json.loads(names), kinds, rows)


def _value(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return [_value(item, kind) for item in value]
    if isinstance(value, dict):
        return {name: _value(item, kind) for name, item in value.items()}
    if isinstance(value, str):
        return _text(value, kind)
    return value


def _text(value: str, kind: str) -> str:
    """Text as it is; ids, and bytes that are no text, in hexadecimal."""
    data = value.encode(errors="surrogateescape")
    if "FixedString" in kind:
        return data.hex()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.hex()
    is_text = all(character.isprintable() or character in "\n\r\t" for character in text)
    return text if is_text else data.hex()
