"""Faults in what a user declares: all of them at once, each with place, fact and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dataflow.ports import InputFault

NAMES_SHOWN = 12
"""Names a remedy lists at most."""


@dataclass(frozen=True, order=True)
class Mark:
    """A place in a file, both from 1."""

    line: int
    column: int


TOP = Mark(1, 1)


@dataclass(frozen=True)
class Fault:
    path: Path
    line: int
    column: int
    place: str
    """Path inside the document, for example `operators.minute_bars.uses`; empty for the document as a whole."""
    fact: str
    remedy: str = ""

    def __str__(self) -> str:
        where = ": ".join(part for part in (f"{self.path}:{self.line}:{self.column}", self.place) if part)
        return f"{where}: {self.fact}" + (f"\n    {self.remedy}" if self.remedy else "")


class GraphFaults(InputFault):
    """Everything that is wrong with a file, by line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults), key=lambda fault: (fault.line, fault.column, fault.place, fault.fact)))
        super().__init__()

    def lines(self) -> str:
        """The faults alone, as an editor reads them."""
        return "\n".join(map(str, self.faults))

    def __str__(self) -> str:
        count = len(self.faults)
        return f"{count} {'fault' if count == 1 else 'faults'} in {self.faults[0].path}\n{self.lines()}"


@dataclass
class FaultList:
    """Collects faults of one file while it is read on."""

    path: Path
    found: list[Fault] = field(default_factory=list)

    def add(self, mark: Mark, place: str, fact: str, remedy: str = "") -> None:
        self.found.append(Fault(self.path, mark.line, mark.column, place, fact, remedy))

    def withdraw(self, place: str, fact: str) -> None:
        """Forget a fault that another one explains."""
        self.found = [fault for fault in self.found if (fault.place, fault.fact) != (place, fact)]

    def check(self) -> None:
        """Raises GraphFaults if there are any."""
        if self.found:
            raise GraphFaults(self.found)


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    by_shape = {_shape(candidate): candidate for candidate in known}
    longer = [candidate for shape, candidate in by_shape.items() if len(name) >= 3 and shape.startswith(_shape(name))]
    if len(longer) == 1:
        return longer[0]
    matches = difflib.get_close_matches(_shape(name), by_shape, n=1, cutoff=0.6)
    return by_shape[matches[0]] if matches else None


def _shape(name: str) -> str:
    return name.lower().replace("_", "-")


def suggestion(name: str, known: Iterable[str]) -> str:
    """A remedy for a name that is not known: the one that was probably meant, or those there are."""
    names = sorted(known)
    match = closest(name, names)
    if match is not None:
        return f"did you mean {match!r}?"
    if not names:
        return "there are none"
    more = f", … ({len(names)} in all)" if len(names) > NAMES_SHOWN else ""
    return f"known: {', '.join(names[:NAMES_SHOWN])}{more}"
