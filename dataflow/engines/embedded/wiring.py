"""Builds a core from a graph: which jobs run here, and what they need to know of records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dataflow.engines.embedded.core import Channel, Core, Node, Partition
from dataflow.engines.embedded.slots import Space
from dataflow.graph import Graph, Operator, Source
from dataflow.model import Record, RecordType

LateLetter = Callable[[Record, str, str, int], Record]
"""(late record, operator uid, key, watermark in ns) → the record for the late stream."""


@dataclass(frozen=True)
class Vocabulary:
    """What the mechanism must know of the business's records. `jobs` gives it."""

    record_types: tuple[RecordType, ...]
    """All record types; a type's number is its index."""
    key_fields: tuple[str, ...]
    """All key fields; a field's number is its index."""
    late_letter: LateLetter


@dataclass(frozen=True)
class Wiring:
    """A core, and what its numbers mean."""

    core: Core
    nodes: dict[str, Node]
    channels: dict[str, Channel]
    sources: tuple[str, ...]
    """Source of each partition number."""
    topology: dict[str, object]


def wire(graph: Graph, jobs: tuple[str, ...], vocabulary: Vocabulary) -> Wiring:
    """The core that runs these jobs of the graph together in one process."""
    return _Builder(graph, jobs, vocabulary).build()


class _Builder:
    def __init__(self, graph: Graph, jobs: tuple[str, ...], vocabulary: Vocabulary) -> None:
        self.graph = graph
        self.vocabulary = vocabulary
        self.uids = tuple(dict.fromkeys(uid for job in jobs for uid in graph.jobs[job].operators))
        self.sources = tuple(dict.fromkeys(name for job in jobs for name in graph.jobs[job].sources))
        self.sinks = tuple(dict.fromkeys(name for job in jobs for name in graph.jobs[job].sinks))
        self.spaces: dict[tuple[str, ...], Space] = {}
        self.channels: dict[str, Channel] = {}

    def build(self) -> Wiring:
        operators = [self.graph.operators[uid] for uid in self.uids]
        nodes = {operator.uid: self.node(operator) for operator in operators}
        for operator in operators:
            self.connect(operator, nodes[operator.uid])
        partitions = [self.partition(self.graph.sources[name]) for name in self.sources]
        core = Core(
            list(nodes.values()),
            list(self.spaces.values()),
            list(self.channels.values()),
            partitions,
            self.vocabulary.late_letter,
        )
        return Wiring(core, nodes, self.channels, self.sources, self.graph.topology(self.uids))

    def node(self, operator: Operator) -> Node:
        kind = operator.type
        return Node(operator.uid, kind.operator(operator.parameters), kind.state, self.space(operator.key))

    def space(self, key: tuple[str, ...]) -> Space:
        space = self.spaces.get(key)
        if space is None:
            numbers = [self.vocabulary.key_fields.index(name) for name in key]
            space = self.spaces[key] = Space(len(self.spaces), numbers)
        return space

    def channel(self, name: str) -> Channel:
        channel = self.channels.get(name)
        if channel is None:
            kept = any(name in self.graph.sinks[sink].streams for sink in self.sinks)
            channel = self.channels[name] = Channel(name, len(self.vocabulary.record_types), kept)
            schemas = self.graph.streams[name].schemas
            if len(schemas) > 1:
                for branch, record_type in enumerate(schemas):
                    channel.branches[record_type.number] = branch
        return channel

    def connect(self, operator: Operator, node: Node) -> None:
        taken = operator.type.inputs
        for stream in operator.inputs:
            routes = self.channel(stream).routes
            for record_type in self.graph.streams[stream].schemas:
                if record_type.name in taken:
                    routes[record_type.number].append(node)
        late = () if operator.late is None else (operator.late,)
        node.targets = self.targets((*operator.outputs, *late))

    def partition(self, source: Source) -> Partition:
        channels = self.targets((source.stream, self.graph.dead_letters))
        return Partition(source.name, channels, source.out_of_orderness_ms * 1_000_000)

    def targets(self, streams: tuple[str, ...]) -> list[Channel | None]:
        """The channel of each record type, among these streams."""
        targets: list[Channel | None] = [None] * len(self.vocabulary.record_types)
        for stream in streams:
            for record_type in self.graph.streams[stream].schemas:
                targets[record_type.number] = self.channel(stream)
        return targets
