"""What the document declares, field by field, before any name in it is followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dataflow.document.kafka_section import check_streams, read_kafka
from dataflow.document.section import NAME, Name, Section
from dataflow.document.yaml_tree import Listing, Mapping, kind_name
from dataflow.errors import FaultList
from dataflow.graph import KafkaSettings

VERSION = 1
COMPRESSIONS = ("none", "lz4", "snappy", "zstd", "gzip")
EVERYTHING = "*"
"""As the streams of a sink: all that operators write, late records and dead letters included."""


@dataclass(frozen=True)
class StreamDeclaration:
    name: Name
    schemas: tuple[Name, ...]
    key: Name | None
    partitions: int
    retention_ms: int
    compression: str
    min_insync_replicas: int
    linger_ms: int
    doc: str
    planned: bool


@dataclass(frozen=True)
class SourceDeclaration:
    name: Name
    uses: Name | None
    stream: Name | None
    out_of_orderness_ms: int
    idle_after_ms: int
    parameters: Section


@dataclass(frozen=True)
class OperatorDeclaration:
    name: Name
    """Its uid; where it has none, its place in the list."""
    uses: Name | None
    inputs: tuple[Name, ...]
    outputs: tuple[Name, ...]
    key: tuple[Name, ...]
    late: Name | None
    feedback: tuple[Name, ...]
    rekey: Name | None
    """Where `rekey: true` stands."""
    parameters: Section


@dataclass(frozen=True)
class SinkDeclaration:
    name: Name
    uses: Name | None
    streams: tuple[Name, ...]
    everything: bool
    parameters: Section


@dataclass(frozen=True)
class JobDeclaration:
    name: Name
    doc: str
    operators: tuple[Name, ...]
    sinks: tuple[Name, ...]


@dataclass
class Document:
    streams: dict[str, StreamDeclaration] = field(default_factory=dict)
    sources: dict[str, SourceDeclaration] = field(default_factory=dict)
    operators: list[OperatorDeclaration] = field(default_factory=list)
    sinks: dict[str, SinkDeclaration] = field(default_factory=dict)
    jobs: dict[str, JobDeclaration] = field(default_factory=dict)
    dead_letters: Name | None = None
    kafka: KafkaSettings = field(default_factory=KafkaSettings)


def read_document(tree: Mapping, faults: FaultList) -> Document:
    """Adds a fault for everything that is missing, unknown or of the wrong type."""
    top = Section(tree, "", faults)
    _check_version(top)
    document = Document(
        streams={name.text: _stream(name, part) for name, part in top.section("streams", "declare streams").sections()},
        sources={name.text: _source(name, part) for name, part in top.section("sources").sections()},
        operators=list(_operators(top)),
        sinks={name.text: _sink(name, part) for name, part in top.section("sinks").sections()},
        jobs={name.text: _job(name, part) for name, part in top.section("jobs", "declare a job").sections()},
        dead_letters=top.name("dead_letters", "name the stream for input that cannot be read"),
        kafka=read_kafka(top.section("kafka")),
    )
    if "kafka" in tree.entries:
        check_streams(top.section("streams"), document.kafka)
    top.finish()
    return document


def _check_version(top: Section) -> None:
    before = len(top.faults.found)
    version = top.integer("version", None, 0)
    if len(top.faults.found) == before and version != VERSION:
        top.faults.add(top.mark("version"), "version", f"is {version}", f"this release reads version {VERSION}")


def _stream(name: Name, part: Section) -> StreamDeclaration:
    found = StreamDeclaration(
        name=name,
        schemas=part.names("schema", "name the record type, or a list of them"),
        key=part.name("key", "name the field its records are keyed by"),
        partitions=part.integer("partitions", None, 1),
        retention_ms=part.duration_ms("retention", 1),
        compression=part.choice("compression", COMPRESSIONS, "none"),
        min_insync_replicas=part.integer("min_insync_replicas", 1, 1),
        linger_ms=part.duration_ms("linger", 0, 0),
        doc=part.text("doc") or "",
        planned=part.flag("planned"),
    )
    part.finish()
    return found


def _source(name: Name, part: Section) -> SourceDeclaration:
    found = SourceDeclaration(
        name=name,
        uses=part.name("uses", "name its connector"),
        stream=part.name("stream", "name the stream it feeds"),
        out_of_orderness_ms=part.duration_ms("out_of_orderness", 0, 0),
        idle_after_ms=part.duration_ms("idle_after", 1, 60_000),
        parameters=part.section("parameters"),
    )
    part.finish()
    return found


def _operators(top: Section) -> Iterator[OperatorDeclaration]:
    node = top.take("operators", "declare operators")
    if node is None:
        return
    if not isinstance(node, Listing):
        top.wrong("operators", node, "write a list: `- {uid: …, uses: …}`")
        return
    lines: dict[str, int] = {}
    for number, item in enumerate(node.items):
        if isinstance(item, Mapping):
            yield _operator(_uid(Section(item, f"operators[{number}]", top.faults), lines))
        else:
            place = f"operators[{number}]"
            top.faults.add(item.mark, place, f"is {kind_name(item)}", "write a mapping: `uid: …, uses: …`")


def _uid(part: Section, lines: dict[str, int]) -> tuple[Name, Section]:
    """The operator's name, and its section under that name. `lines` holds the line of each uid so far."""
    text = part.text("uid", "give it a stable uid: checkpoints find its state by it")
    mark = part.mark("uid")
    if text is None:
        return Name(part.place, mark, part.place), part
    if text in lines:
        fact = f"the uid {text!r} is taken by the operator on line {lines[text]}"
        part.faults.add(mark, f"operators.{text}.uid", fact, "give each operator a uid of its own")
    if not NAME.fullmatch(text):
        part.faults.add(mark, part.inside("uid"), f"{text!r} is no name", "use letters, digits, '-', '_' and '.'")
    lines.setdefault(text, mark.line)
    named = Section(part.node, f"operators.{text}", part.faults)
    named.asked.append("uid")
    return Name(text, mark, named.place), named


def _operator(named: tuple[Name, Section]) -> OperatorDeclaration:
    name, part = named
    found = OperatorDeclaration(
        name=name,
        uses=part.name("uses", "name an operator of the catalogue"),
        inputs=part.names("inputs", "list the streams it reads"),
        outputs=part.names("outputs"),
        key=part.names("key", "list the key fields"),
        late=part.name("late"),
        feedback=part.names("feedback"),
        rekey=Name("rekey", part.mark("rekey"), part.inside("rekey")) if part.flag("rekey") else None,
        parameters=part.section("parameters"),
    )
    part.finish()
    return found


def _sink(name: Name, part: Section) -> SinkDeclaration:
    streams = part.names("streams", f'list the streams it takes, or "{EVERYTHING}" for all that operators write')
    found = SinkDeclaration(
        name=name,
        uses=part.name("uses", "name its connector"),
        streams=tuple(stream for stream in streams if stream.text != EVERYTHING),
        everything=any(stream.text == EVERYTHING for stream in streams),
        parameters=part.section("parameters"),
    )
    part.finish()
    return found


def _job(name: Name, part: Section) -> JobDeclaration:
    found = JobDeclaration(
        name=name,
        doc=part.text("doc") or "",
        operators=part.names("operators", "list the uids of its operators"),
        sinks=part.names("sinks"),
    )
    part.finish()
    return found
