"""Tells whether a text can stand in reports and composite keys: printable ASCII only."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

SPACE: Final[i64] = 0x20
TILDE: Final[i64] = 0x7E
"""The first and the last printable character of ASCII."""


def is_plain(text: str) -> bool:
    """Printable ASCII only; the empty text is."""
    for place in range(len(text)):
        code: i64 = ord(text[place])
        if code < SPACE or code > TILDE:
            return False
    return True
