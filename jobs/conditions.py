"""Conditions on records, `FIELD=VALUE` as typed at a terminal."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from dataflow.ports import InputFault
from jobs.plain_values import plain


@dataclass(frozen=True)
class Condition:
    field: str
    value: str

    def holds(self, kind: str, fields: dict[str, Any]) -> bool:
        """Whether a record of this type with these fields has the value."""
        if self.field not in fields:
            return self.field == "type" and kind == self.value
        found = plain(fields[self.field])
        return _text(found) == self.value or _same_number(found, self.value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _same_number(found: Any, value: str) -> bool:
    """187.45 is 187.45000000."""
    try:
        return not isinstance(found, bool | None) and Decimal(str(found)) == Decimal(value)
    except InvalidOperation:
        return False


def read_conditions(texts: tuple[str, ...], known: Collection[str]) -> list[Condition]:
    """Raises InputFault for a text of another form, or a field that is not among those known (if any are)."""
    conditions = []
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise InputFault(f"--where {text}: not of the form FIELD=VALUE")
        if known and name not in known:
            raise InputFault(
                f"--where {text}: no record of the stream has a field {name!r}\n    {suggested(name, known)}"
            )
        conditions.append(Condition(name, value))
    return conditions


def suggested(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or all of them."""
    known = sorted(known)
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
