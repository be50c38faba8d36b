"""Follows every name of the document to what it names; a name that leads nowhere is a fault.

A misspelt name is followed to the one that was probably meant, so that one typing error is one fault and not also a
stream without consumer and an operator out of reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from dataflow.document.declarations import Document, JobDeclaration, OperatorDeclaration, SinkDeclaration
from dataflow.document.section import Name
from dataflow.errors import FaultList, closest, suggestion
from dataflow.graph import Catalog, ConnectorType
from dataflow.model import OperatorType, RecordType

T = TypeVar("T")


@dataclass(frozen=True)
class LinkedOperator:
    """An operator's declaration with its names followed: stream → the name as written."""

    declaration: OperatorDeclaration
    type: OperatorType | None
    inputs: dict[str, Name]
    outputs: dict[str, Name]
    late: dict[str, Name]
    """At most one."""

    def written(self) -> list[str]:
        return [*self.outputs, *self.late]


@dataclass
class Links:
    document: Document
    catalog: Catalog
    schemas: dict[str, tuple[RecordType, ...]] = field(default_factory=dict)
    """Record types of each stream, those that are known."""
    operators: list[LinkedOperator] = field(default_factory=list)
    source_types: dict[str, ConnectorType] = field(default_factory=dict)
    """By name of the source."""
    source_streams: dict[str, str] = field(default_factory=dict)
    sink_types: dict[str, ConnectorType] = field(default_factory=dict)
    sink_streams: dict[str, dict[str, Name]] = field(default_factory=dict)
    """By name of the sink: streams it takes."""
    job_operators: dict[str, dict[str, Name]] = field(default_factory=dict)
    """By name of the job: uids."""
    job_sinks: dict[str, dict[str, Name]] = field(default_factory=dict)
    dead_letters: str | None = None

    def written(self) -> list[str]:
        """Streams that operators write, in the order of the file, and the dead letters."""
        names = dict.fromkeys(stream for operator in self.operators for stream in operator.written())
        dead = () if self.dead_letters is None else (self.dead_letters,)
        return list(dict.fromkeys((*names, *dead)))


def follow(document: Document, catalog: Catalog, faults: FaultList) -> Links:
    """Adds a fault for each name that is not known."""
    return _Follower(document, catalog, faults).links()


class _Follower:
    def __init__(self, document: Document, catalog: Catalog, faults: FaultList) -> None:
        self.document = document
        self.catalog = catalog
        self.faults = faults

    def links(self) -> Links:
        links = Links(self.document, self.catalog)
        for name, stream in self.document.streams.items():
            known = self.all(stream.schemas, self.catalog.records, "schema")
            links.schemas[name] = tuple(self.catalog.records[schema] for schema in known)
        links.operators = [self.operator(declaration) for declaration in self.document.operators]
        self.sources(links)
        links.dead_letters = self.stream(self.document.dead_letters)
        for name, sink in self.document.sinks.items():
            self.sink(links, name, sink)
        for name, job in self.document.jobs.items():
            self.job(links, name, job)
        return links

    def operator(self, declaration: OperatorDeclaration) -> LinkedOperator:
        streams = self.document.streams
        inputs = self.all(declaration.inputs, streams, "stream")
        for name in declaration.feedback:
            if name.text not in inputs and name.text not in {item.text for item in declaration.inputs}:
                remedy = suggestion(name.text, inputs)
                self.faults.add(name.mark, name.place, f"{name.text!r} is none of its inputs", remedy)
        late = () if declaration.late is None else (declaration.late,)
        return LinkedOperator(
            declaration,
            self.entry(declaration.uses, self.catalog.operators, "operator"),
            inputs,
            self.all(declaration.outputs, streams, "stream"),
            self.all(late, streams, "stream"),
        )

    def sources(self, links: Links) -> None:
        for name, source in self.document.sources.items():
            connector = self.entry(source.uses, self.catalog.sources, "source connector")
            stream = self.stream(source.stream)
            if connector is not None:
                links.source_types[name] = connector
            if stream is not None:
                links.source_streams[name] = stream

    def sink(self, links: Links, name: str, sink: SinkDeclaration) -> None:
        connector = self.entry(sink.uses, self.catalog.sinks, "sink connector")
        if connector is not None:
            links.sink_types[name] = connector
        taken = dict.fromkeys(links.written(), sink.name) if sink.everything else {}
        links.sink_streams[name] = taken | self.all(sink.streams, self.document.streams, "stream")

    def job(self, links: Links, name: str, job: JobDeclaration) -> None:
        uids = {operator.name.text for operator in self.document.operators}
        links.job_operators[name] = self.all(job.operators, uids, "operator")
        links.job_sinks[name] = self.all(job.sinks, self.document.sinks, "sink")

    def stream(self, name: Name | None) -> str | None:
        return None if name is None else self.target(name, self.document.streams, "stream")

    def entry(self, name: Name | None, table: Mapping[str, T], what: str) -> T | None:
        """The named entry itself: a type that was only probably meant would bring its own faults with it."""
        if name is None or self.target(name, table, what) != name.text:
            return None
        return table[name.text]

    def all(self, names: Iterable[Name], known: Iterable[str], what: str) -> dict[str, Name]:
        found = {self.target(name, known, what): name for name in names}
        return {target: name for target, name in found.items() if target is not None}

    def target(self, name: Name, known: Iterable[str], what: str) -> str | None:
        """The name if it is known; else, after a fault, what was probably meant."""
        names = list(known)
        if name.text in names:
            return name.text
        self.faults.add(name.mark, name.place, f"no {what} is called {name.text!r}", suggestion(name.text, names))
        return closest(name.text, names)
