"""pipelines.yaml → a valid graph, or every fault with its line.

Theory of operation. Reading goes in steps, and each adds its faults to one list: the tree (YAML itself), the settings
of the chosen environment, the declarations field by field, the names they follow, the types, the wiring, the
parameters. Only a tree that is no tree ends it early; otherwise all steps run, so that one run of `tapeline lint`
shows everything. A graph is built only if nothing was found.
"""

from __future__ import annotations

import os
from collections.abc import Mapping as Variables
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dataflow.document.declarations import OperatorDeclaration, read_document
from dataflow.document.links import LinkedOperator, Links, follow
from dataflow.document.parameters import blame, read_parameters
from dataflow.document.section import Name, Section
from dataflow.document.settings import DEFAULT_ENVIRONMENT, resolve
from dataflow.document.type_checks import check_types
from dataflow.document.wiring_checks import check_wiring
from dataflow.document.yaml_tree import Listing, Mapping, Scalar, read_tree
from dataflow.errors import FaultList
from dataflow.graph import Catalog, Graph, Job, Operator, Sink, Source, Stream
from dataflow.model import OperatorType


def load_graph(
    path: Path,
    catalog: Catalog,
    environment: str = DEFAULT_ENVIRONMENT,
    variables: Variables[str, str] = os.environ,
) -> Graph:
    """The graph in the file. Raises GraphFaults with everything that is wrong."""
    faults = FaultList(path)
    tree = resolve(read_tree(path), environment, variables, faults)
    links = follow(read_document(tree, faults), catalog, faults)
    check_types(links, faults)
    check_wiring(links, faults)
    builder = _Builder(links, faults)
    builder.read_all_parameters()
    faults.check()
    return builder.graph(environment)


def load_settings(
    path: Path, environment: str = DEFAULT_ENVIRONMENT, variables: Variables[str, str] = os.environ
) -> Mapping:
    """The document as this environment sees it; names and types in it are not checked. Raises GraphFaults."""
    faults = FaultList(path)
    tree = resolve(read_tree(path), environment, variables, faults)
    faults.check()
    return tree


class _Builder:
    """Links without faults → graph."""

    def __init__(self, links: Links, faults: FaultList) -> None:
        self.links = links
        self.document = links.document
        self.faults = faults
        self.parameters: dict[str, Any] = {}
        """By place of the declaration."""
        self.secrets: set[str] = set()

    def read_all_parameters(self) -> None:
        for operator in self.links.operators:
            declaration = operator.declaration
            if operator.type is not None:
                kind = operator.type
                self.read(declaration.name, declaration.parameters, kind.parameters)
                self.try_out(declaration, kind)
        for name, connector in self.links.source_types.items():
            source = self.document.sources[name]
            self.read(source.name, source.parameters, connector.parameters)
        for name, connector in self.links.sink_types.items():
            sink = self.document.sinks[name]
            self.read(sink.name, sink.parameters, connector.parameters)

    def try_out(self, declaration: OperatorDeclaration, kind: OperatorType) -> None:
        """Operators check their parameters against each other when they are made."""
        parameters = self.parameters[declaration.name.place]
        if parameters is None:
            return
        try:
            kind.operator(parameters)
        except ValueError as error:
            blame(declaration.parameters, declaration.name.mark, error)

    def read(self, name: Name, section: Section, kind: type) -> None:
        self.parameters[name.place] = read_parameters(section, kind, name.mark)
        for key, node in section.node.entries.items():
            parts = node.items if isinstance(node, Listing) else (node,)
            if any(isinstance(part, Scalar) and part.secret for part in parts):
                self.secrets.add(section.inside(key))

    def graph(self, environment: str) -> Graph:
        dead_letters = self.links.dead_letters
        assert dead_letters is not None
        return Graph(
            streams={name: self.stream(name) for name in self.document.streams},
            sources={name: self.source(name) for name in self.document.sources},
            operators={item.declaration.name.text: self.operator(item) for item in self.links.operators},
            sinks={name: self.sink(name) for name in self.document.sinks},
            jobs={name: self.job(name) for name in self.document.jobs},
            dead_letters=dead_letters,
            kafka=self.document.kafka,
            environment=environment,
            secrets=frozenset(self.secrets),
        )

    def stream(self, name: str) -> Stream:
        declared = self.document.streams[name]
        assert declared.key is not None
        return Stream(
            name=name,
            schemas=self.links.schemas[name],
            key=declared.key.text,
            partitions=declared.partitions,
            retention_ms=declared.retention_ms,
            compression=declared.compression,
            min_insync_replicas=declared.min_insync_replicas,
            linger_ms=declared.linger_ms,
            doc=declared.doc,
            planned=declared.planned,
        )

    def source(self, name: str) -> Source:
        declared = self.document.sources[name]
        return Source(
            name=name,
            uses=self.links.source_types[name].name,
            stream=self.links.source_streams[name],
            out_of_orderness_ms=declared.out_of_orderness_ms,
            idle_after_ms=declared.idle_after_ms,
            parameters=asdict(self.parameters[declared.name.place]),
        )

    def operator(self, operator: LinkedOperator) -> Operator:
        declared = operator.declaration
        assert operator.type is not None
        return Operator(
            uid=declared.name.text,
            type=operator.type,
            inputs=tuple(operator.inputs),
            outputs=tuple(operator.outputs),
            key=tuple(name.text for name in declared.key),
            late=next(iter(operator.late), None),
            feedback=tuple(name.text for name in declared.feedback),
            parameters=self.parameters[declared.name.place],
        )

    def sink(self, name: str) -> Sink:
        declared = self.document.sinks[name]
        return Sink(
            name=name,
            uses=self.links.sink_types[name].name,
            streams=tuple(self.links.sink_streams[name]),
            parameters=asdict(self.parameters[declared.name.place]),
        )

    def job(self, name: str) -> Job:
        uids = self.links.job_operators[name]
        chosen = [item for item in self.links.operators if item.declaration.name.text in uids]
        read = {stream for item in chosen for stream in item.inputs}
        return Job(
            name=name,
            operators=tuple(item.declaration.name.text for item in chosen),
            sources=tuple(source for source, stream in self.links.source_streams.items() if stream in read),
            sinks=tuple(self.links.job_sinks[name]),
            doc=self.document.jobs[name].doc,
        )
