"""What a run of the matrix found, and the document that says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.kafka_faults import End, Fault

HEAD: Final = """\
# Faults on Kafka

Written by `python tests/chaos/kafka_matrix.py --kills {kills} --seed {seed} --table docs/faults.md`. The same runs with
`make chaos KILLS=… SEED=…`.

Each *world* is a simulated market day with orders, in topics of its own on a real broker. One job with all operators of
pipelines.yaml is struck by one fault after another, at moments that the seed draws, goes on each time, and then comes
to its end. Some worlds are read as records arrive, beside their feed; some complete, in the order of event time.

After each world, without exception:

- a plain consumer (confluent-kafka and fastavro, none of our code, `read_committed`) reads every topic: each `event_id`
  once, the records of each operator and key in rising order, each key in one partition, all of the input there;
- Kafka's own Java console consumer (`read_committed`) reads one topic, another each time, and finds the same ids;
- the records are those of the undisturbed run, field by field, in order per key: of the run on files where event time
  decides; of doing all recorded turns again from nothing where arrival does;
- what accounts bought was sold, and what was paid received; each order was accepted or rejected; each account holds
  what its fills brought; risk reserves for just the orders that are open in the book.
"""


@dataclass
class Row:
    """What the table says of a fault."""

    must: str
    runs: int = 0
    elsewhere: int = 0
    late: int = 0
    failed: int = 0


@dataclass
class Report:
    """What a matrix found."""

    seed: int
    rows: dict[str, Row] = field(default_factory=dict)
    worlds: Counter[str] = field(default_factory=Counter)
    lives: int = 0
    events: int = 0
    """Read by the witnesses."""
    wall_s: float = 0.0
    failures: list[str] = field(default_factory=list)

    def strikes(self) -> int:
        return sum(row.runs + row.elsewhere for row in self.rows.values())

    def note(self, fault: Fault, end: End) -> None:
        row = self.rows[fault.name]
        self.lives += 1
        row.runs += end is End.DONE
        row.elsewhere += end is End.ELSEWHERE
        row.late += end is End.TOO_LATE


def table(report: Report, kills: int) -> str:
    """The document, in Markdown."""
    lines = [HEAD.format(kills=kills, seed=report.seed)]
    worlds = ", ".join(f"{count} by {kind}" for kind, count in sorted(report.worlds.items()))
    verdict = f"**{len(report.failures)} failed**" if report.failures else "no world failed"
    lines.append(
        f"Seed {report.seed}: {report.strikes()} faults in {sum(report.worlds.values())} worlds ({worlds}), "
        f"{report.events:,} records read by the witnesses, in {report.wall_s / 60:.0f} minutes: {verdict}.\n"
    )
    lines.append("| fault | runs | what becomes of the life | result |")
    lines.append("|---|---|---|---|")
    lines += [f"| {name} | {row.runs} | {row.must} | {_result(row)} |" for name, row in report.rows.items()]
    lines.append("")
    lines += [f"- {failure}" for failure in report.failures]
    return "\n".join(lines).rstrip() + "\n"


def _result(row: Row) -> str:
    parts = [f"{row.failed} failed"] if row.failed else ["as it must" if row.runs else "not run"]
    if row.elsewhere:
        parts.append(f"{row.elsewhere} more did not come to the point in time and were killed where they were")
    if row.late:
        parts.append(f"{row.late} found no input left")
    return "; ".join(parts)
