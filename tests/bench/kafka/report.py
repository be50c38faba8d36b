"""What the benchmarks on Kafka say: a table a topic, on the terminal and in docs/benchmarks-kafka.md, and the figures
for build/bench.json.

A run of some parts replaces these parts' sections and figures, and leaves the others as they were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

from tests.bench.measure import Figure, machine, number

HEADING = re.compile(r"^## ", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One topic."""

    title: str
    how: str
    """How it was measured."""
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    figures: dict[str, Figure] = field(default_factory=dict)
    skipped: str = ""
    """What could not be measured here, and why."""

    def table(self) -> Table:
        shown = Table(*self.columns, title=self.title, title_justify="left")
        for row in self.rows:
            shown.add_row(*row)
        return shown

    def markdown(self, when: str) -> str:
        lines = [f"## {self.title}", "", f"{self.how} {when}", ""]
        lines += [_row(self.columns), _row(tuple("---" for _ in self.columns)), *map(_row, self.rows), ""]
        if self.figures:
            lines += ["| figure | value | unit | wanted | runs |", "|---|---:|---|---|---|"]
            lines += [_row(_figure(name, item)) for name, item in self.figures.items()]
            lines += [""]
        return "\n".join([*lines, *([self.skipped, ""] if self.skipped else [])])


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(name: str, item: Figure) -> tuple[str, ...]:
    return f"`{name}`", number(item.value), item.unit, item.target, " · ".join(number(run) for run in item.runs)


def preamble() -> str:
    """Where it was measured, and what holds for all of it."""
    return f"""# Benchmarks on Kafka

`make bench-kafka` on {machine()}.
Some parts only: `make bench-kafka PARTS="latency throughput"`.

Broker (Apache Kafka, one node, 512 MB of heap), job, and the programs around it share these cores: machines differ,
trust ratios. A broker's first half minute is several times slower than what follows, so it does half a minute of the
same work before the first part, and each part begins with some that does not count. A figure is the median of its runs.

"""


def joined(document: str, sections: dict[str, str]) -> str:
    """The document with these sections, by title, in the place of its own of the same title, or after them."""
    _, *old = HEADING.split(document)
    found = {text.partition("\n")[0]: f"## {text.rstrip()}\n" for text in old}
    found |= {title: f"{text.rstrip()}\n" for title, text in sections.items()}
    return preamble() + "\n".join(found.values())
