"""Users' price alerts: from a CSV or YAML file, or the built-in ones of a simulated market."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dataflow.model import Record
from dataflow.ports import InputFault, Source
from jobs.feeds.alert_rule import FIELDS, REQUIRED, alert_rule
from jobs.feeds.columns import Columns
from jobs.feeds.csv_lines import CsvLines, LineParser
from jobs.feeds.market_rules import market_rules, rules_expected
from jobs.feeds.record_list import RecordList
from jobs.feeds.simulator import OPTIONS, plan_of
from jobs.feeds.specification import Specification
from jobs.feeds.timestamps import Clock
from jobs.feeds.yaml_rules import read_rules

NONE: Final = "none"
"""Place of a source without rules."""
YAML_SUFFIXES: Final[tuple[str, ...]] = (".yaml", ".yml")
CSV_SUFFIXES: Final[tuple[str, ...]] = (".csv", ".gz", ".zip")


class RuleParser(LineParser):
    """One line of a CSV file, one change of a rule."""

    def __init__(self, clock: Clock) -> None:
        self.clock: Clock = clock
        self.names: list[str] = []

    def columns(self) -> tuple[str, ...]:
        return FIELDS

    def use(self, columns: Columns) -> None:
        columns.require(*REQUIRED)
        self.names = columns.names

    def parse(self, fields: list[bytes]) -> Record:
        return alert_rule({name: fields[place].strip() for place, name in enumerate(self.names)}, self.clock)


class RuleList(RecordList):
    """Rules that are no CSV file's."""

    def __init__(self, name: str, specification: Specification) -> None:
        super().__init__(name, specification.place, "rules")
        self.specification: Final[Specification] = specification

    def made(self) -> list[Record]:
        return rules_of(self.specification, self.name)

    def expected_records(self) -> int | None:
        return len(self.made()) if self.place else rules_expected(self.specification)


def rules_of(specification: Specification, name: str) -> list[Record]:
    """All rules of a source that is no CSV file. Raises InputFault."""
    if specification.place == NONE:
        return []
    if specification.place:
        return read_rules(name, Path(specification.place), Clock(None))
    return market_rules(plan_of(specification))


def open_feed(specification: Specification, name: str) -> Source:
    """The source for `alert_rules:FILE` (.csv, .csv.gz, .zip, .yaml), `alert_rules:none`, or, for the simulated market
    with the same options, `alert_rules:?seed=7&symbols=50`. Raises InputFault."""
    if not specification.place:
        specification.known(OPTIONS)
        return RuleList(name, specification)
    specification.known(())
    path = Path(specification.place)
    if specification.place == NONE or path.suffix in YAML_SUFFIXES:
        return RuleList(name, specification)
    if path.suffix in CSV_SUFFIXES:
        return CsvLines(name, path, RuleParser(Clock(None)))
    raise InputFault(f"alert_rules: {path}: neither .csv nor .yaml\n    rename the file, or say alert_rules:none")
