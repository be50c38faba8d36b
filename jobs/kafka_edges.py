"""Connects a run to Kafka: topics in the place of sources and of topic logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from dataflow.connectors.kafka.clients import client_config, open_admin
from dataflow.connectors.kafka.decoder import Decoder, Reading, Unread
from dataflow.connectors.kafka.ledger import KafkaLedger
from dataflow.connectors.kafka.ledger_settings import LedgerSettings
from dataflow.connectors.kafka.reader import Input, KafkaReader
from dataflow.connectors.kafka.turns import TurnsTopic, make_own_topic
from dataflow.connectors.kafka.until import ends
from dataflow.engines.embedded.outbox import Outbox
from dataflow.engines.embedded.wiring import Wiring
from dataflow.fault_points import reach
from dataflow.graph import Graph, Job, KafkaSettings, Source, Stream
from dataflow.model import Record
from jobs.kafka_start import StreamSchemas, checked_schemas
from schemas.generated.events import KEY_FIELDS, DeadLetter

KAFKA: Final = "kafka"
"""What a source that is a topic uses."""
FEED: Final = "feed"
"""The job that carries sources into topics."""


@dataclass(frozen=True)
class KafkaRun:
    """How a run uses Kafka."""

    settings: KafkaSettings
    application: str
    until: str = ""
    """Empty: for ever."""
    resume: bool = False
    """Go on with the application; else it must be new."""
    standby: bool = False
    """Follow another instance first."""
    with_logs: bool = False
    """Fill the local topic logs too."""
    by_arrival: bool = True
    """Take records as they arrive; else in the order of event time, which needs inputs that end."""
    transaction_timeout_ms: int = LedgerSettings.timeout_ms


@dataclass(frozen=True)
class KafkaEdges:
    """The connections of one run."""

    reader: KafkaReader | None
    """None where no source is a topic."""
    ledger: KafkaLedger
    schemas: StreamSchemas

    def close(self) -> None:
        if self.reader is not None:
            self.reader.close()
        self.schemas.close()


def reading_topics(graph: Graph, given: tuple[str, ...]) -> Graph:
    """The graph with topics in the place of its sources, but for those that the user has named. A stream that an
    operator of another job writes is a topic too."""
    running = {uid for job in graph.jobs.values() for uid in job.operators}
    written = {stream for uid in running for stream in graph.operators[uid].outputs}
    needed = dict.fromkeys(
        stream for uid in graph.operators if uid in running for stream in graph.operators[uid].inputs
    )
    fed = {source.stream: source for source in graph.sources.values()}
    sources: dict[str, Source] = {}
    for stream in needed:
        if stream not in written:
            source = fed.get(stream) or _made(graph, stream)
            sources[source.name] = source if source.name in given else replace(source, uses=KAFKA, parameters={})
    jobs = {name: replace(job, sources=_of(graph, job.operators, sources)) for name, job in graph.jobs.items()}
    return replace(graph, sources=sources, jobs=jobs)


def feeding(graph: Graph) -> Graph:
    """The graph of a run that only carries sources into their topics."""
    return replace(graph, operators={}, jobs={FEED: Job(FEED, (), tuple(graph.sources), ())})


def _of(graph: Graph, uids: tuple[str, ...], sources: dict[str, Source]) -> tuple[str, ...]:
    read = {stream for uid in uids for stream in graph.operators[uid].inputs}
    return tuple(name for name, source in sources.items() if source.stream in read)


def _made(graph: Graph, stream: str) -> Source:
    """A source for what another job writes: as patient as the most patient source it descends from."""
    above = _sources_above(graph, stream, set())
    disorder = max((source.out_of_orderness_ms for source in above), default=0)
    return Source(stream, KAFKA, stream, disorder, max((source.idle_after_ms for source in above), default=1_000))


def _sources_above(graph: Graph, stream: str, seen: set[str]) -> list[Source]:
    if stream in seen:
        return []
    seen.add(stream)
    found = [source for source in graph.sources.values() if source.stream == stream]
    for operator in graph.operators.values():
        if stream in operator.outputs:
            found += [source for name in operator.inputs for source in _sources_above(graph, name, seen)]
    return found


def partitions(graph: Graph) -> dict[str, int]:
    """Partitions of each source that is a topic."""
    return {name: graph.streams[item.stream].partitions for name, item in graph.sources.items() if item.uses == KAFKA}


def connect(graph: Graph, wiring: Wiring, run: KafkaRun) -> KafkaEdges:
    """Connect, and let the wiring's streams make messages. Raises InputFault."""
    settings = run.settings
    used = dict.fromkeys((*wiring.channels, *(source.stream for source in graph.sources.values())))
    streams = [graph.streams[name] for name in used]
    schemas = checked_schemas(settings, streams)
    reach("checked")
    make_own_topic(open_admin(settings), settings.turns_topic(run.application), settings.replication)
    config: dict[str, Any] = client_config(settings)
    refused: dict[str, str] = {}
    inputs = [_input(graph, source, run, schemas, refused) for source in graph.sources.values() if source.uses == KAFKA]
    consumer = {**config, "group.id": f"{settings.prefix}tapeline-{run.application}"}
    reader = KafkaReader(consumer, inputs, is_patient=not run.by_arrival) if inputs else None
    posted = _post(graph, wiring, schemas)
    topics = {name: (settings.topic(name), graph.streams[name].partitions) for name in posted}
    places = (
        {} if reader is None else {name: (p.place.topic, p.place.partition) for name, p in reader.partitions.items()}
    )
    written = [graph.streams[name] for name in posted]
    ledger_settings = LedgerSettings(
        run.application,
        f"{settings.prefix}tapeline-{run.application}",
        settings.turns_topic(run.application),
        topics,
        places,
        wiring.sources,
        must_be_new=not run.resume and not run.standby,
        keeps_turns=run.by_arrival,
        linger_ms={stream.name: stream.linger_ms for stream in written if stream.linger_ms},
        compression=compression_of(stream for stream in written if not stream.linger_ms),
        lingering_compression=compression_of(stream for stream in written if stream.linger_ms),
        timeout_ms=run.transaction_timeout_ms,
    )
    turns = TurnsTopic(config, settings.turns_topic(run.application), f"tapeline-{run.application}-turns")
    group = None if reader is None else reader.group
    return KafkaEdges(reader, KafkaLedger(config, ledger_settings, turns, group, refused), schemas)


def compression_of(streams: Iterable[Stream]) -> str:
    """What most partitions of these streams declare: a broker compresses again what comes compressed otherwise, and a
    producer compresses everything in one way."""
    partitions: Counter[str] = Counter()
    for stream in streams:
        partitions[stream.compression] += stream.partitions
    return max(partitions, key=partitions.__getitem__, default="none")


def begin(edges: KafkaEdges, run: KafkaRun) -> None:
    """All sources are open: begin to read."""
    reader = edges.reader
    if reader is not None:
        found = ends(open_admin(run.settings), list(reader.by_place), run.until) if run.until else None
        reader.begin(found)


def _post(graph: Graph, wiring: Wiring, schemas: StreamSchemas) -> list[str]:
    """Give an outbox to every stream that is not read from its topic."""
    read = {source.stream for source in graph.sources.values() if source.uses == KAFKA}
    posted = [name for name in wiring.channels if name not in read]
    for name in posted:
        stream = graph.streams[name]
        frame = b"\0" + schemas.ids[name].to_bytes(4, "big")
        wiring.channels[name].outbox = Outbox(name, frame, KEY_FIELDS.index(stream.key))
    return posted


def _input(graph: Graph, source: Source, run: KafkaRun, schemas: StreamSchemas, refused: dict[str, str]) -> Input:
    stream = graph.streams[source.stream]
    reading = Reading(
        source.name, stream, schemas.ids[stream.name], KEY_FIELDS.index(stream.key), unread_letter, refused
    )
    topic = run.settings.topic(stream.name)
    return Input(source.name, topic, stream.partitions, source.idle_after_ms / 1_000, Decoder(reading, schemas))


def unread_letter(unread: Unread) -> Record:
    """The dead letter of a message that is no record."""
    return DeadLetter(
        source=unread.source,
        place=unread.place,
        error=unread.error,
        message=unread.message,
        schema_id=unread.schema_id,
        raw=unread.raw,
    )
