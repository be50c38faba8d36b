"""Reads alert rules from a YAML file: a list of mappings, their fields as in `alert_rule`.

Numbers are taken as they are written, never through a float. An entry that is no rule becomes a dead letter with its
text and line; a file that is no YAML is refused.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from dataflow.connectors.files.streams import file_fault
from dataflow.model import Record
from dataflow.ports import InputFault
from jobs.feeds.alert_rule import FIELDS, alert_rule
from jobs.feeds.malformed import dead_letter
from jobs.feeds.specification import suggestion
from jobs.feeds.timestamps import Clock


def read_rules(source: str, path: Path, clock: Clock) -> list[Record]:
    """All rules of the file, dead letters among them. Raises InputFault."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise file_fault(path, error) from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InputFault(f"{path}{place_of(error)}: is no YAML\n    {' '.join(str(error).split())[:160]}") from None
    except RecursionError:
        raise InputFault(f"{path}: is nested too deeply\n    write a list of mappings") from None
    if root is None:
        return []
    if not isinstance(root, yaml.SequenceNode):
        raise InputFault(f"{path}:{root.start_mark.line + 1}: is no list of rules\n    begin each rule with '- time:'")
    records: list[Record] = []
    time_ns = 0
    for node in root.value:
        try:
            record: Record = alert_rule(fields_of(node), clock)
            time_ns = record.event_time_ns
        except ValueError as error:
            raw = text[node.start_mark.index : node.end_mark.index].encode()
            record = dead_letter(source, f"{path.name}:{node.start_mark.line + 1}", error, raw, time_ns)
        records.append(record)
    return records


def fields_of(node: yaml.Node) -> dict[str, bytes]:
    """The texts of a mapping's values by name. Raises ValueError."""
    if not isinstance(node, yaml.MappingNode):
        raise ValueError("a rule is a mapping")  # noqa: TRY004 - the input is wrong, not a type of ours
    fields: dict[str, bytes] = {}
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            line = name.start_mark.line + 1
            raise ValueError(f"line {line}: no name and single value")  # noqa: TRY004 - the input is wrong
        if name.value not in FIELDS:
            raise ValueError(f"no field is called {name.value[:40]!r}: {suggestion(name.value[:40], FIELDS)}")
        if name.value in fields:
            raise ValueError(f"the field {name.value} is there twice")
        fields[name.value] = b"" if value.tag == "tag:yaml.org,2002:null" else value.value.encode()
    return fields


def place_of(error: yaml.YAMLError) -> str:
    """`:line:column` of a syntax error, where it tells."""
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
