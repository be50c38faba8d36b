"""The header row of a CSV file: which column holds what."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from dataflow.ports import InputFault

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
LOOKALIKE: Final = 0.75


def split_line(line: bytes) -> list[bytes]:
    """The fields of one line, quotes taken off; a quoted field does not reach over a line end. Raises ValueError."""
    line = line.removesuffix(b"\r")
    if b'"' not in line:
        return line.split(b",")
    text = line.decode("utf-8")
    if "\r" in text or "\n" in text:
        raise ValueError("a line end within a line")
    try:
        return [field.encode() for field in next(csv.reader([text], strict=True))]
    except csv.Error as error:
        raise ValueError(f"wrong quotes: {error}") from None


class Columns:
    """Where the columns of a file are. `place_of` gives -1 for one that is not there."""

    def __init__(self, path: Path, header: bytes, known: Iterable[str]) -> None:
        """Raises InputFault for a column that is there twice, or whose name nearly is that of a known one."""
        self.path: Path = path
        self.known: Final[tuple[str, ...]] = tuple(known)
        self.names: Final[list[str]] = self._names(header.removeprefix(BYTE_ORDER_MARK))
        for name in self.names:
            if self.names.count(name) > 1:
                raise InputFault(f"{path}:1: two columns are called '{name}'\n    rename or remove one")
            if name not in self.known:
                self._refuse_misspelt(name)

    def place_of(self, name: str) -> int:
        return self.names.index(name) if name in self.names else -1

    def require(self, *names: str) -> None:
        """Raises InputFault for one that is not there."""
        missing = [name for name in names if name not in self.names]
        if missing:
            fact = f"{self.path}:1: no column {', '.join(missing)} in the header {', '.join(self.names)[:80]}"
            raise InputFault(f"{fact}\n    columns are: {', '.join(self.known)}")

    def _names(self, header: bytes) -> list[str]:
        try:
            return [field.decode("utf-8").strip().lower() for field in split_line(header)]
        except ValueError as error:
            fact = f"{self.path}:1: the first line is no header ({error})"
            raise InputFault(f"{fact}\n    name the columns there: {', '.join(self.known)}") from None

    def _refuse_misspelt(self, name: str) -> None:
        absent = [known for known in self.known if known not in self.names]
        close = get_close_matches(name, absent, 1, LOOKALIKE)
        if close:
            raise InputFault(f"{self.path}:1: no column is called '{name}'\n    did you mean '{close[0]}'?")
