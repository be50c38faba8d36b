"""Examples beside the graph: input records and the records they must become, in YAML, run by `tapeline test`.

examples:
  - name: a crossed quote is refused
    job: market-data                  # or operators: [normalise], to feed these alone
    inputs:
      raw-market-data:
        - {symbol: AAPL, kind: QUOTE, bid_price: 10.02, ask_price: 10.01}
    outputs:
      market-data-rejects:            # only the fields given are compared; so many records, in this order
        - {reason: QUOTE_CROSSED}
    exactly: true                     # false: other records may stand before, between and after them

Streams that are not listed under `outputs` are not looked at; an empty list says that nothing comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from dataflow.document.section import Name, Section
from dataflow.document.yaml_tree import Listing, Mapping, Node, Scalar, kind_name, read_tree
from dataflow.errors import FaultList, Mark, suggestion
from dataflow.field_values import RecordFields, Unreadable, fits, shown
from dataflow.graph import Graph, Job, Source
from dataflow.model import Record, RecordType

SCHEMA = "schema"
"""Names the type of a record, in streams that hold several."""
EXAMPLE_JOB = "example"


class Driver(Protocol):
    """Runs a job over records in memory."""

    def run(self, inputs: Sequence[tuple[str, Record]]) -> dict[str, list[Record]]: ...


Drive = Callable[[Graph, str], Driver]
"""(graph, name of a job) → a driver of that job."""


@dataclass(frozen=True)
class GivenRecord:
    """A record as the example gives it: all of an input, or what is expected of an output."""

    type: RecordType
    fields: dict[str, Any]
    mark: Mark


@dataclass(frozen=True)
class Example:
    name: str
    mark: Mark
    job: str | None
    operators: tuple[str, ...]
    """Run alone, if no job is named."""
    inputs: dict[str, list[GivenRecord]] = field(default_factory=dict)
    outputs: dict[str, list[GivenRecord]] = field(default_factory=dict)
    exactly: bool = True


def read_examples(path: Path, graph: Graph) -> list[Example]:
    """Raises GraphFaults with everything that is wrong."""
    faults = FaultList(path)
    top = Section(read_tree(path), "", faults)
    node = top.take("examples", "list examples: `- {name: …, job: …, inputs: …, outputs: …}`")
    found: list[Example] = []
    if isinstance(node, Listing):
        found = [example for n, item in enumerate(node.items) for example in _example(item, n, graph, faults)]
    elif node is not None:
        top.wrong("examples", node, "write a list")
    top.finish()
    faults.check()
    return found


def _example(node: Node, number: int, graph: Graph, faults: FaultList) -> Iterator[Example]:
    if not isinstance(node, Mapping):
        faults.add(node.mark, f"examples[{number}]", f"is {kind_name(node)}", "write a mapping: `name: …, job: …`")
        return
    part = Section(node, f"examples[{number}]", faults)
    job, uids = _what_runs(part, graph)
    scope = _Scope(graph, faults, uids)
    yield Example(
        name=part.text("name", "say in a sentence what it shows") or "",
        mark=node.mark,
        job=job,
        operators=uids,
        inputs=scope.records(part.section("inputs", "give input records"), scope.read(job), "feeds"),
        outputs=scope.records(part.section("outputs", "give expected records"), scope.written(), "writes"),
        exactly=part.flag("exactly", default=True),
    )
    part.finish()


def _what_runs(part: Section, graph: Graph) -> tuple[str | None, tuple[str, ...]]:
    """(job, or None where operators are named; the operators)."""
    uids = part.names("operators")
    job = part.name("job", "" if uids else "name a job, or `operators`")
    for uid in uids:
        _known(uid, list(graph.operators), "operator", part.faults)
    if job is None or not _known(job, list(graph.jobs), "job", part.faults):
        return None, tuple(uid.text for uid in uids if uid.text in graph.operators)
    if uids:
        part.faults.add(job.mark, job.place, "stands beside `operators`", "keep one of them")
    return job.text, graph.jobs[job.text].operators


def _known(name: Name, known: list[str], what: str, faults: FaultList) -> bool:
    if name.text not in known:
        faults.add(name.mark, name.place, f"no {what} is called {name.text!r}", suggestion(name.text, known))
    return name.text in known


class _Scope:
    """The part of the graph that an example runs."""

    def __init__(self, graph: Graph, faults: FaultList, uids: tuple[str, ...]) -> None:
        self.graph = graph
        self.faults = faults
        self.operators = [graph.operators[uid] for uid in uids]

    def read(self, job: str | None) -> list[str]:
        """Streams that can be fed."""
        if job is not None:
            return [self.graph.sources[source].stream for source in self.graph.jobs[job].sources]
        return list(dict.fromkeys(stream for operator in self.operators for stream in operator.inputs))

    def written(self) -> list[str]:
        late = [operator.late for operator in self.operators if operator.late is not None]
        return [*(stream for operator in self.operators for stream in operator.outputs), *late, self.graph.dead_letters]

    def records(self, part: Section, streams: list[str], verb: str) -> dict[str, list[GivenRecord]]:
        found: dict[str, list[GivenRecord]] = {}
        if not self.operators:
            return found  # what runs is not known, and a fault already
        for stream, node in part.node.entries.items():
            place = part.inside(stream)
            if stream not in streams:
                fact = f"this example {verb} no stream {stream!r}"
                self.faults.add(part.node.keys[stream], place, fact, suggestion(stream, streams) if streams else "")
            elif not isinstance(node, Listing):
                self.faults.add(node.mark, place, f"is {kind_name(node)}", "write a list of records; [] for none")
            else:
                items = enumerate(node.items)
                found[stream] = [one for n, item in items for one in self.record(item, stream, f"{place}[{n}]")]
        return found

    def record(self, node: Node, stream: str, place: str) -> Iterator[GivenRecord]:
        try:
            if not isinstance(node, Mapping):
                raise Unreadable(node, f"is {kind_name(node)}", "write a mapping of its fields")
            record = self.type_of(node, stream)
            rest = {name: value for name, value in node.entries.items() if name != SCHEMA}
            yield GivenRecord(record, RecordFields(record).read(replace(node, entries=rest)), node.mark)
        except Unreadable as fault:
            self.faults.add(fault.node.mark, place, fault.fact, fault.remedy)

    def type_of(self, node: Mapping, stream: str) -> RecordType:
        types = {record.name: record for record in self.graph.streams[stream].schemas}
        given = node.entries.get(SCHEMA)
        if given is None and len(types) == 1:
            return next(iter(types.values()))
        if isinstance(given, Scalar) and given.text in types:
            return types[given.text]
        fact = "names no schema" if given is None else f"the stream holds no {kind_name(given)}"
        raise Unreadable(given or node, fact, f"write `schema:` and one of {', '.join(types)}")


def run_example(example: Example, graph: Graph, drive: Drive) -> list[str]:
    """What came out otherwise than expected, line by line; nothing if all is well."""
    whole = graph if example.job is not None else _alone(graph, example)
    inputs = [(stream, one.type.from_dict(one.fields)) for stream, given in example.inputs.items() for one in given]
    outputs = drive(whole, example.job or EXAMPLE_JOB).run(inputs)
    compare = _compare_all if example.exactly else _compare_some
    return [
        f"{stream}: {line}"
        for stream, expected in example.outputs.items()
        for line in compare(expected, outputs.get(stream, []))
    ]


def _alone(graph: Graph, example: Example) -> Graph:
    """The graph with a job of these operators, and a source for each stream that is fed."""
    delay_ms = max((source.out_of_orderness_ms for source in graph.sources.values()), default=0)
    sources = {name: Source(name, EXAMPLE_JOB, name, delay_ms, 1) for name in example.inputs}
    job = Job(EXAMPLE_JOB, example.operators, tuple(sources), ())
    return replace(graph, sources=sources, jobs={EXAMPLE_JOB: job})


def _compare_all(expected: Sequence[GivenRecord], actual: Sequence[Record]) -> Iterator[str]:
    for number, (given, record) in enumerate(zip(expected, actual, strict=False), start=1):
        yield from _differences(number, given, record)
    for number, given in enumerate(expected[len(actual) :], start=len(actual) + 1):
        yield f"record {number} is missing: {_named(given.type.name, given.fields)}"
    for number, record in enumerate(actual[len(expected) :], start=len(expected) + 1):
        yield f"record {number} was not expected: {_whole(record)}"


def _compare_some(expected: Sequence[GivenRecord], actual: Sequence[Record]) -> Iterator[str]:
    """Each expected record must come, after the one expected before it."""
    start = 0
    for number, given in enumerate(expected, start=1):
        rest = actual[start:]
        match = next((n for n, record in enumerate(rest) if not list(_differences(number, given, record))), None)
        if match is not None:
            start += match + 1
            continue
        yield f"record {number} did not come: {_named(given.type.name, given.fields)}"
        if rest:
            nearest = min(rest, key=lambda record: len(list(_differences(0, given, record))))
            yield f"    the nearest of {len(rest)}: {_whole(nearest)}"


def _differences(number: int, given: GivenRecord, record: Record) -> Iterator[str]:
    if type(record).__name__ != given.type.name:
        yield f"record {number} is a {type(record).__name__}, expected {given.type.name}"
        return
    actual = record.to_dict()
    for name, value in given.fields.items():
        if not fits(value, actual[name]):
            yield f"record {number}: {name}: expected {shown(name, value)}, got {shown(name, actual[name])}"


def _named(name: str, fields: dict[str, Any]) -> str:
    return f"{name} {shown('', fields)}"


def _whole(record: Record) -> str:
    """Every field that is not empty, but for the envelope's ids."""
    fields = {name: value for name, value in record.to_dict().items() if value and not name.endswith("_id")}
    return _named(type(record).__name__, fields)
