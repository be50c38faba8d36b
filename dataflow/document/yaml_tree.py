"""YAML as a tree in which every value knows its line and column; malformed YAML is a fault, not an exception."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from dataflow.errors import TOP, FaultList, Mark

NODES_MAX = 100_000
"""Values in one document, aliases counted as often as they are used: a few lines of aliases could mean billions."""
TAG = "tag:yaml.org,2002:"
KINDS = ("str", "int", "float", "bool", "null", "timestamp")
MERGE_KEY = "<<"


@dataclass(frozen=True)
class Scalar:
    """A single value, as written. `kind` is YAML's own reading of it: str, int, float, bool, null or timestamp."""

    mark: Mark
    text: str
    kind: str
    substituted: bool = False
    """The text holds values of environment variables: it is read as whatever its place asks for."""
    secret: bool = False
    """Never to be shown."""

    @property
    def shown(self) -> str:
        return "***" if self.secret else repr(self.text)


@dataclass(frozen=True)
class Listing:
    mark: Mark
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Mapping:
    mark: Mark
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Mark] = field(default_factory=dict)
    """Where each key stands."""


Node = Scalar | Listing | Mapping


def kind_name(node: Node) -> str:
    """What a person calls this kind of value."""
    if isinstance(node, Mapping):
        return "a mapping"
    return "a list" if isinstance(node, Listing) else node.shown if node.kind != "null" else "empty"


def read_tree(path: Path) -> Mapping:
    """The document in the file. Raises GraphFaults: no file, not YAML, no mapping, keys given twice."""
    faults = FaultList(path)
    text = _text(path, faults)
    faults.check()
    root = _compose(text, faults)
    faults.check()
    if root is None:
        faults.add(TOP, "", "the file is empty", "declare at least version, streams, sources, operators and jobs")
    elif not isinstance(root, yaml.MappingNode):
        fact = "the document is a list" if isinstance(root, yaml.SequenceNode) else "the document is a single value"
        faults.add(_mark(root.start_mark), "", fact, "it must be a mapping: `key: value`")
    faults.check()
    assert isinstance(root, yaml.MappingNode)
    tree = _Converter(faults).mapping(root, "")
    faults.check()
    return tree


def _text(path: Path, faults: FaultList) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        fact = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        faults.add(TOP, "", fact, "name another one with --pipelines or --examples")
        return ""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", errors="replace")
        faults.add(_end(before), "", f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8")
        return ""


def _compose(text: str, faults: FaultList) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        character = f"U+{ord(error.character) if isinstance(error.character, str) else error.character:04X}"
        faults.add(_end(text[: error.position]), "", f"the character {character} is not allowed in YAML", "remove it")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.add(TOP if mark is None else _mark(mark), "", f"not YAML: {_problem(error)}", _yaml_remedy(error))
    except RecursionError:
        faults.add(TOP, "", "values are nested too deeply", "a graph needs five levels")
    return None


def _problem(error: yaml.MarkedYAMLError) -> str:
    context = f" {error.context}" if error.context else ""
    return f"{error.problem}{context}"


def _yaml_remedy(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "'\\t'" in problem:
        return "YAML is indented with spaces: replace the tab"
    if "another document" in problem:
        return "keep one document in a file: remove the second `---`"
    if "undefined alias" in problem:
        return "define the anchor (&name) above its first use (*name)"
    if "mapping values are not allowed" in problem:
        return "put text that contains ': ' in quotes, and check the indentation"
    if "found duplicate anchor" in problem:
        return "give each anchor its own name"
    return "check indentation, brackets and quotes here and on the line before"


def _mark(mark: yaml.Mark) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _end(text: str) -> Mark:
    return Mark(text.count("\n") + 1, len(text) - text.rfind("\n"))


class _Converter:
    """yaml.Node → Node, with the faults YAML itself does not mind."""

    def __init__(self, faults: FaultList) -> None:
        self.faults = faults
        self.open: set[int] = set()
        self.count = 0

    def node(self, node: yaml.Node, place: str) -> Node:
        self.count += 1
        mark = _mark(node.start_mark)
        if id(node) in self.open:
            self.faults.add(mark, place, "an alias stands inside its own anchor", "write the value out")
            return Scalar(mark, "", "null")
        if self.count > NODES_MAX:
            if self.count == NODES_MAX + 1:
                self.faults.add(mark, place, f"more than {NODES_MAX:,} values", "write fewer aliases")
            return Scalar(mark, "", "null")
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, mark, place)
        self.open.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            found: Node = Listing(mark, tuple(self.node(item, f"{place}[{i}]") for i, item in enumerate(node.value)))
        else:
            assert isinstance(node, yaml.MappingNode)
            found = self.mapping(node, place)
        self.open.discard(id(node))
        return found

    def scalar(self, node: yaml.ScalarNode, mark: Mark, place: str) -> Scalar:
        kind = node.tag.removeprefix(TAG)
        if kind not in KINDS:
            self.faults.add(
                mark, place, f"the tag {node.tag!r} is not read here", "remove it, or put the value in quotes"
            )
            kind = "str"
        return Scalar(mark, node.value, kind)

    def mapping(self, node: yaml.MappingNode, place: str) -> Mapping:
        found = Mapping(_mark(node.start_mark))
        for key, value in node.value:
            mark = _mark(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                self.faults.add(mark, place, "a key is no single word", "a key must be plain text")
                continue
            inside = f"{place}.{key.value}" if place else key.value
            if key.value == MERGE_KEY:
                self.faults.add(mark, inside, "merge keys are not read here", "write the values out")
            elif key.value in found.entries:
                first = found.keys[key.value].line
                self.faults.add(mark, inside, f"the key is given twice, first on line {first}", "keep one of them")
            else:
                found.entries[key.value] = self.node(value, inside)
                found.keys[key.value] = mark
        return found
