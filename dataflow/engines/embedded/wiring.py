"""Builds a core from a graph: which jobs run here, and what they need to know of records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dataflow.engines.embedded.channels import Channel, Node, Partition
from dataflow.engines.embedded.core import Core
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
    """Name of each partition: the source's, or `SOURCE/PARTITION` where it is read as several."""
    groups: tuple[int, ...]
    """Number of each partition's source."""
    topology: dict[str, object]


def wire(
    graph: Graph, jobs: tuple[str, ...], vocabulary: Vocabulary, partitions: Mapping[str, int] = MappingProxyType({})
) -> Wiring:
    """The core that runs these jobs of the graph together in one process. `partitions` names the sources that are read
    as several ordered sequences, and how many."""
    return _Builder(graph, jobs, vocabulary, partitions).build()


class _Builder:
    def __init__(
        self, graph: Graph, jobs: tuple[str, ...], vocabulary: Vocabulary, partitions: Mapping[str, int]
    ) -> None:
        self.graph = graph
        self.vocabulary = vocabulary
        self.partitions = partitions
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
        names = {name: self.partition_names(name) for name in self.sources}
        partitions = [self.partition(self.graph.sources[name], own) for name in self.sources for own in names[name]]
        core = Core(
            list(nodes.values()),
            list(self.spaces.values()),
            list(self.channels.values()),
            partitions,
            self.vocabulary.late_letter,
        )
        groups = tuple(number for number, name in enumerate(self.sources) for _ in names[name])
        flat = tuple(own for name in self.sources for own in names[name])
        return Wiring(core, nodes, self.channels, flat, groups, self.graph.topology(self.uids))

    def partition_names(self, source: str) -> list[str]:
        count = self.partitions.get(source)
        return [source] if count is None else [f"{source}/{number}" for number in range(count)]

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
                    channel.routes[record_type.number].branch = branch
        return channel

    def connect(self, operator: Operator, node: Node) -> None:
        taken = operator.type.inputs
        for stream in operator.inputs:
            routes = self.channel(stream).routes
            for record_type in self.graph.streams[stream].schemas:
                if record_type.name in taken:
                    routes[record_type.number].readers.append(node)
        late = () if operator.late is None else (operator.late,)
        node.targets = self.targets((*operator.outputs, *late))

    def partition(self, source: Source, name: str) -> Partition:
        channels = self.targets((source.stream, self.graph.dead_letters))
        return Partition(name, channels, source.out_of_orderness_ms * 1_000_000)

    def targets(self, streams: tuple[str, ...]) -> list[Channel | None]:
        """The channel of each record type, among these streams."""
        targets: list[Channel | None] = [None] * len(self.vocabulary.record_types)
        for stream in streams:
            for record_type in self.graph.streams[stream].schemas:
                targets[record_type.number] = self.channel(stream)
        return targets
