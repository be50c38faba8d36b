"""Checks that data written with any released schema can be read with the present one, and releases new versions.

`python -m schemas.compatibility --check` fails with every fault at once; `--release` writes the next version of each
schema that has changed; `--release --rewrite` overwrites first versions that nobody outside has seen yet.

Theory of operation. Released versions lie as `released/<Name>/v<N>.json`. Each present schema is the reader, each of
its released versions a writer (BACKWARD_TRANSITIVE), and both are walked side by side by Avro's rules of schema
resolution. Some changes that Avro would read are refused all the same, since the generated code or the meaning of
stored numbers hangs on them: another order of enum symbols, another scale of a decimal.
Source: Apache Avro 1.12 specification, "Schema Resolution".
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from schemas.definition import FOLDER, SchemaFault, load_events, load_states

RELEASED = Path(__file__).parent / "released"

Schema = dict[str, Any]
Node = dict[str, Any] | list[Any]
"""One type with references resolved: a complex or primitive type as a dict, a union as a list."""

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
PROMOTIONS = {
    ("int", "long"), ("int", "float"), ("int", "double"), ("long", "float"), ("long", "double"), ("float", "double"),
    ("string", "bytes"), ("bytes", "string"),
}  # fmt: skip
NAMED = ("record", "enum", "fixed")


class Severity(Enum):
    UNREADABLE = "Avro cannot read old data"
    UNSAFE = "Avro reads old data, but not as it was meant"
    UNRELEASED = "no released version says this yet"
    WARNING = "allowed; mind who else reads it"


@dataclass(frozen=True)
class Finding:
    place: str
    """Record and field, or the named type."""
    fact: str
    severity: Severity

    def __str__(self) -> str:
        return f"{self.place}: {self.fact}"


def compare(writer: Schema, reader: Schema) -> list[Finding]:
    """What stands between data of the schema `writer` and the schema `reader`, each finding once."""
    comparison = _Comparison(writer, reader)
    comparison.resolve(writer, reader, reader["name"])
    return list(dict.fromkeys(comparison.findings))


def check(present: dict[str, Schema], released: dict[str, list[Schema]]) -> list[Finding]:
    """All findings on the present schemas, by name, against their released versions, oldest first."""
    findings: list[Finding] = []
    for name, schema in present.items():
        versions = released.get(name, [])
        own = [finding for version in versions for finding in compare(version, schema)]
        findings += own
        if not versions:
            findings.append(Finding(name, "not released yet", Severity.UNRELEASED))
        elif without_docs(versions[-1]) != without_docs(schema):
            fact = f"changed since v{len(versions)} and not released"
            findings.append(Finding(name, fact, Severity.UNRELEASED))
    for name in released.keys() - present.keys():
        fact = "released, but its .avsc is gone: nothing can read its data"
        findings.append(Finding(name, fact, Severity.UNREADABLE))
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.severity.name, finding.place))


def without_docs(schema: Any) -> Any:
    """The schema as far as it says what bytes mean: two schemas that differ in words only are one version."""
    if isinstance(schema, list):
        return [without_docs(item) for item in schema]
    if isinstance(schema, dict):
        return {key: without_docs(value) for key, value in schema.items() if key != "doc"}
    return schema


class _Comparison:
    """One walk over a writer's and a reader's schema."""

    def __init__(self, writer: Schema, reader: Schema) -> None:
        self.writer_types = _named_types(writer)
        self.reader_types = _named_types(reader)
        self.findings: list[Finding] = []
        self.walked: set[tuple[str, str]] = set()

    def note(self, severity: Severity, place: str, fact: str) -> None:
        self.findings.append(Finding(place, fact, severity))

    def resolve(self, writer: Any, reader: Any, place: str) -> None:
        writer, reader = _node(writer, self.writer_types), _node(reader, self.reader_types)
        if isinstance(writer, list) or isinstance(reader, list):
            self.union(writer, reader, place)
        elif (writer["type"], reader["type"]) in PROMOTIONS:
            self.promotion(writer, reader, place)
        elif writer["type"] != reader["type"] or not _same_name(writer, reader):
            self.changed(writer, reader, place)
        else:
            self.same_kind(writer, reader, place)

    def changed(self, writer: Schema, reader: Schema, place: str) -> None:
        fact = f"the type changed from {describe(writer)} to {describe(reader)}"
        self.note(Severity.UNREADABLE, place, fact)

    def promotion(self, writer: Schema, reader: Schema, place: str) -> None:
        lossy = writer["type"] == "bytes" or "logicalType" in writer or "logicalType" in reader
        severity = Severity.UNSAFE if lossy else Severity.WARNING
        self.note(severity, place, f"the type changed from {describe(writer)} to {describe(reader)}")

    def same_kind(self, writer: Schema, reader: Schema, place: str) -> None:
        kind = reader["type"]
        if _decimal(writer) != _decimal(reader):
            fact = f"the type changed from {describe(writer)} to {describe(reader)}"
            self.note(Severity.UNSAFE, place, fact)
        if kind == "record":
            self.record(writer, reader)
        elif kind == "enum":
            self.enum(writer, reader)
        elif kind == "fixed" and writer["size"] != reader["size"]:
            fact = f"{reader['name']} changed from {writer['size']} to {reader['size']} bytes"
            self.note(Severity.UNREADABLE, place, fact)
        elif kind == "array":
            self.resolve(writer["items"], reader["items"], place)
        elif kind == "map":
            self.resolve(writer["values"], reader["values"], place)

    def union(self, writer: Node, reader: Node, place: str) -> None:
        targets = [_node(item, self.reader_types) for item in (reader if isinstance(reader, list) else [reader])]
        for item in writer if isinstance(writer, list) else [writer]:
            branch = _node(item, self.writer_types)
            target = next((target for target in targets if _matches(branch, target)), None)
            if target is not None:
                self.resolve(branch, target, place)
            elif _is(branch, "null"):
                self.note(Severity.UNREADABLE, place, "no longer allows null, which old data may hold")
            else:
                fact = f"the type changed from {describe(branch)} to {describe(reader)}"
                self.note(Severity.UNREADABLE, place, fact)

    def enum(self, writer: Schema, reader: Schema) -> None:
        name, old, new = reader["name"], writer["symbols"], reader["symbols"]
        severity = Severity.UNSAFE if "default" in reader else Severity.UNREADABLE
        for symbol in old:
            if symbol not in new:
                self.note(severity, name, f"symbol {symbol} removed")
        for position, symbol in enumerate(old):
            if symbol in new and new.index(symbol) != position:
                fact = f"symbol {symbol} moved from position {position} to {new.index(symbol)}: add symbols at the end"
                self.note(Severity.UNSAFE, name, fact)

    def record(self, writer: Schema, reader: Schema) -> None:
        name = reader["name"]
        if (writer["name"], name) in self.walked:
            return
        self.walked.add((writer["name"], name))
        old = {field["name"]: field for field in writer["fields"]}
        names = {field["name"] for field in reader["fields"]}
        for field in reader["fields"]:
            place = f"{name}.{field['name']}"
            aliases = [alias for alias in _names(field)[1:] if alias not in names]
            source = next((old.pop(known) for known in (field["name"], *aliases) if known in old), None)
            if source is not None:
                self.field(source, field, place)
            elif "default" not in field:
                self.note(Severity.UNREADABLE, place, "added without a default")
        for gone in old:
            self.note(Severity.WARNING, f"{name}.{gone}", "removed: what old data holds there is no longer read")

    def field(self, writer: Schema, reader: Schema, place: str) -> None:
        if writer["name"] != reader["name"]:
            self.note(Severity.WARNING, place, f"was called {writer['name']}: queries by the old name fail")
        if bool(writer.get("key")) != bool(reader.get("key")):
            fact = "is no key any more: streams keyed by it fail" if writer.get("key") else "has become a key"
            self.note(Severity.WARNING, place, fact)
        self.resolve(writer["type"], reader["type"], place)


def _node(schema: Any, types: dict[str, Schema]) -> Node:
    if isinstance(schema, str):
        return {"type": schema} if schema in PRIMITIVES else types[schema.rpartition(".")[2]]
    if isinstance(schema, dict) and isinstance(schema["type"], (dict, list)):
        return _node(schema["type"], types)
    if isinstance(schema, dict) and schema["type"] not in (*PRIMITIVES, *NAMED, "array", "map"):
        return _node(schema["type"], types)
    assert isinstance(schema, (dict, list))
    return schema


def _named_types(schema: Any) -> dict[str, Schema]:
    """Every named type defined in the schema, by its name without namespace."""
    found: dict[str, Schema] = {}
    if isinstance(schema, list):
        for item in schema:
            found |= _named_types(item)
    elif isinstance(schema, dict):
        if schema.get("type") in NAMED:
            found[schema["name"]] = schema
        for part in (schema.get("type"), schema.get("items"), schema.get("values"), schema.get("fields")):
            if isinstance(part, (dict, list)):
                found |= _named_types(part)
    return found


def _names(item: Schema) -> list[str]:
    return [item["name"], *item.get("aliases", [])]


def _same_name(writer: Schema, reader: Schema) -> bool:
    """Types without a name have the same."""
    return "name" not in reader or writer.get("name") in _names(reader)


def _is(node: Node, kind: str) -> bool:
    return isinstance(node, dict) and node["type"] == kind


def _decimal(schema: Schema) -> tuple[Any, ...]:
    return schema.get("logicalType"), schema.get("precision"), schema.get("scale")


def _matches(writer: Node, reader: Node) -> bool:
    """The reader's branch is the one for this branch of the writer, whatever may be wrong further inside."""
    assert isinstance(writer, dict)
    assert isinstance(reader, dict)
    same = writer["type"] == reader["type"] and _same_name(writer, reader)
    return same or (writer["type"], reader["type"]) in PROMOTIONS


def describe(schema: Any) -> str:
    """A type in a few words: long, optional Price, array of string, decimal(38, 8)."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return " or ".join(describe(item) for item in schema)
    if schema.get("logicalType") == "decimal":
        return f"{schema['type']} decimal({schema['precision']}, {schema.get('scale', 0)})"
    if schema["type"] in NAMED:
        return f"{schema['type']} {schema['name']}"
    inside = schema.get("items", schema.get("values"))
    return f"{schema['type']} of {describe(inside)}" if inside is not None else str(schema["type"])


def present_schemas() -> dict[str, Schema]:
    """Every schema of this tree by name. Raises SchemaFault."""
    events, states = load_events().tops, load_states().tops
    schemas = {record.name: record.schema for record in (*events, *states)}
    if len(schemas) < len(events) + len(states):
        raise SchemaFault("an event and a state share one name")
    return schemas


def released_schemas(folder: Path) -> dict[str, list[Schema]]:
    """Every released version by name, v1 first. Raises SchemaFault where one is missing in between."""
    released = {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []:
        versions = len(list(place.glob("v*.json")))
        paths = [place / f"v{number}.json" for number in range(1, versions + 1)]
        if missing := [path.name for path in paths if not path.exists()]:
            raise SchemaFault(f"released/{place.name}: {', '.join(missing)} is missing, but later versions are there")
        released[place.name] = [json.loads(path.read_text()) for path in paths]
    return released


def release(folder: Path, rewrite: bool) -> list[str]:
    """Write the next version of each schema that has changed; says which. Raises SchemaFault.

    `rewrite` takes back schemas that have one version only: before the first public release nobody holds their data.
    """
    released, present = released_schemas(folder), present_schemas()
    forgotten = [name for name, versions in released.items() if rewrite and len(versions) == 1]
    for name in forgotten:
        del released[name]
    broken = [item for item in check(present, released) if item.severity in (Severity.UNREADABLE, Severity.UNSAFE)]
    if broken:
        raise SchemaFault("\n".join(str(item) for item in broken))
    for name in forgotten:
        shutil.rmtree(folder / name)
    return _write_versions(folder, present, released)


def _write_versions(folder: Path, present: dict[str, Schema], released: dict[str, list[Schema]]) -> list[str]:
    done = []
    for source in sorted(FOLDER.glob("*/*.avsc")):
        versions = released.get(source.stem, [])
        if versions and without_docs(versions[-1]) == without_docs(present[source.stem]):
            continue
        target = folder / source.stem / f"v{len(versions) + 1}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text())
        done.append(f"{source.stem} v{len(versions) + 1}")
    return done


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m schemas.compatibility", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="the default: fail on what breaks or is not released")
    parser.add_argument("--release", action="store_true", help="write the next version of what has changed")
    parser.add_argument("--rewrite", action="store_true", help="with --release: overwrite first versions")
    options = parser.parse_args(arguments)
    try:
        if options.release:
            print("\n".join(release(RELEASED, options.rewrite)) or "nothing to release")
        findings = check(present_schemas(), released_schemas(RELEASED))
    except SchemaFault as fault:
        print(fault, file=sys.stderr)
        return 1
    return report(findings)


def report(findings: list[Finding]) -> int:
    """Print the findings under their severities; the exit code."""
    for severity in Severity:
        own = [finding for finding in findings if finding.severity is severity]
        if own:
            print(f"{severity.name.lower()} ({severity.value}):", file=sys.stderr)
            print("\n".join(f"    {finding}" for finding in own), file=sys.stderr)
    if any(finding.severity is Severity.UNRELEASED for finding in findings):
        print("release with: python -m schemas.compatibility --release", file=sys.stderr)
    return int(any(finding.severity is not Severity.WARNING for finding in findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
