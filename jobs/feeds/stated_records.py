"""A source over records as people write them: a YAML file, its fields named and written as in examples.

    records:
      - schema: AccountChanged
        event_time_ns: 2026-11-20T08:00:00Z
        account: A1
        account_kind: CASH
        cash: 10000

`schema` may be left out for the first of the source's types. Fields that are not given are 0, empty or false. A file
with faults is refused, all of them told with their lines.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from dataflow.document.section import Section
from dataflow.document.yaml_tree import Listing, Mapping, Node, Scalar, kind_name, read_tree
from dataflow.errors import FaultList, suggestion
from dataflow.field_values import RecordFields, Unreadable
from dataflow.model import Record, RecordType
from dataflow.ports import InputFault
from jobs.feeds.record_list import RecordList
from jobs.feeds.specification import Specification
from schemas.generated.events import RECORD_TYPES

SCHEMA: Final = "schema"
YAML_SUFFIXES: Final[tuple[str, ...]] = (".yaml", ".yml")


class StatedRecords(RecordList):
    """The records of one file, of these types."""

    def __init__(self, name: str, path: Path, types: tuple[str, ...]) -> None:
        super().__init__(name, str(path), "records")
        self.path: Path = path
        self.types: dict[str, RecordType] = {each.name: each for each in RECORD_TYPES if each.name in types}
        self.usual: str = types[0]
        """The type of records that name none."""

    def made(self) -> list[Record]:
        faults = FaultList(self.path)
        top = Section(read_tree(self.path), "", faults)
        node = top.take("records", "list the records: `- {event_time_ns: …, …}`")
        records: list[Record] = []
        if isinstance(node, Listing):
            for number, item in enumerate(node.items):
                try:
                    records.append(self.record(item))
                except Unreadable as fault:
                    faults.add(fault.node.mark, f"records[{number}]", fault.fact, fault.remedy)
        elif node is not None:
            top.wrong("records", node, "write a list")
        top.finish()
        faults.check()
        return records

    def record(self, node: Node) -> Record:
        """Raises Unreadable."""
        if not isinstance(node, Mapping):
            raise Unreadable(node, f"is {kind_name(node)}", "write a mapping of its fields")
        record_type = self.type_of(node)
        entries = {name: value for name, value in node.entries.items() if name != SCHEMA}
        if "event_time_ns" not in entries:
            raise Unreadable(node, "has no event_time_ns", "say when it happens, as 2026-11-20T14:30:00Z")
        return record_type.from_dict(RecordFields(record_type).read(replace(node, entries=entries)))

    def type_of(self, node: Mapping) -> RecordType:
        given = node.entries.get(SCHEMA)
        if given is None:
            return self.types[self.usual]
        if isinstance(given, Scalar) and given.text in self.types:
            return self.types[given.text]
        fact = f"the source holds no {kind_name(given)}"
        raise Unreadable(given, fact, suggestion(given.text if isinstance(given, Scalar) else "", self.types))


def stated_records(specification: Specification, name: str, types: tuple[str, ...]) -> StatedRecords:
    """The source for a specification that names a file. Raises InputFault."""
    specification.known(())
    path = Path(specification.place)
    if path.suffix not in YAML_SUFFIXES:
        raise InputFault(f"{specification.kind}: {path}: is no .yaml\n    name a file with `records:` in it")
    return StatedRecords(name, path, types)
