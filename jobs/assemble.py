"""Puts a run together: the graph's jobs, the connectors they name, and the engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from dataflow.connectors.log.sink import LogSink
from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.runner import Edges, Runner, Settings
from dataflow.engines.embedded.wiring import Wiring, wire
from dataflow.engines.embedded.worker import ThreadWorker, Worker
from dataflow.graph import Graph, Job
from dataflow.graph import Sink as SinkDeclaration
from dataflow.ports import InputFault, Sink, Source, Storage
from jobs.kafka_edges import KafkaEdges, KafkaRun, begin, connect, feeding, partitions, reading_topics
from jobs.letters import vocabulary
from jobs.matched_sources import matched_specifications, open_matched
from jobs.on_demand import loaded


@dataclass(frozen=True)
class RunRequest:
    """What the user asked for, beyond the graph."""

    jobs: tuple[str, ...] = ()
    """Empty: all."""
    sources: tuple[str, ...] = ()
    """`[NAME=]SPEC` each."""
    without: tuple[str, ...] = ()
    """Sinks to leave out."""
    data: Path = Path("data")
    tree: Path = Path()
    """Directory of pipelines.yaml, which its relative paths start from."""
    kafka: KafkaRun | None = None
    """Topics are read and written, in the place of sources and logs."""
    checkpoints: str = ""
    """URL of a store for checkpoints; empty: the data directory."""
    is_feed: bool = False
    """Only carry sources into their topics."""


@dataclass
class Assembly:
    """A run ready to start, and afterwards what it did."""

    graph: Graph
    jobs: tuple[str, ...]
    wiring: Wiring
    runner: Runner
    worker: Worker
    sources: dict[str, Source]
    specifications: dict[str, str]
    kafka: KafkaEdges | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    started_with: int = field(default=0)

    def records_before(self) -> int:
        """Records that were read before this start."""
        return sum(partition.records for partition in self.wiring.core.partitions)

    def expected_records(self) -> int | None:
        counts = [source.expected_records() for source in self.sources.values()]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def run(self, progress: Callable[[int], None]) -> None:
        self.started_with = self.records_before()
        wall, cpu = time.perf_counter(), time.process_time()
        self.runner.run(progress)
        self.wall_s, self.cpu_s = time.perf_counter() - wall, time.process_time() - cpu

    def close(self) -> None:
        self.worker.close()
        self.runner.close()
        if self.kafka is not None:
            self.kafka.close()


def assemble(graph: Graph, request: RunRequest, storage: Storage, settings: Settings) -> Assembly:
    """Raises InputFault for a job, source or sink that is not there."""
    chosen = _without(graph, _jobs(graph, request.jobs), request.without)
    if request.kafka is not None:
        return _on_kafka(chosen, request, request.kafka, storage, settings)
    _check_inputs(graph, chosen)
    wiring = wire(chosen, tuple(chosen.jobs), vocabulary())
    specifications = matched_specifications(chosen, wiring.sources, request.sources)
    sources = {name: open_matched(specifications[name], name) for name in wiring.sources}
    edges = Edges(sources, _sinks(chosen, storage, request), specifications)
    worker = ThreadWorker()
    runner = Runner(wiring, edges, _checkpoints(request, storage), worker, settings)
    return Assembly(chosen, tuple(chosen.jobs), wiring, runner, worker, sources, specifications)


def _on_kafka(graph: Graph, request: RunRequest, run: KafkaRun, storage: Storage, settings: Settings) -> Assembly:
    """The same with topics for sources, and a ledger for the topic logs."""
    if request.is_feed:
        chosen = feeding(graph)
    else:
        given = tuple(text.partition("=")[0] for text in request.sources)
        chosen = reading_topics(_without(graph, graph.jobs, () if run.with_logs else _logs(graph)), given)
    sinks = _sinks(chosen, storage, request)
    if sinks and run.standby:
        options = " ".join(f"--without {name}" for name in sinks)
        raise InputFault(
            f"a standby follows what is in Kafka, and fills no other sink: {', '.join(sinks)}\n    {options}"
        )
    wiring = wire(chosen, tuple(chosen.jobs), vocabulary(), partitions(chosen))
    kafka = connect(chosen, wiring, run)
    sources: dict[str, Source] = {} if kafka.reader is None else dict(kafka.reader.partitions)
    places = {} if kafka.reader is None else kafka.reader.partitions
    specifications = {name: f"kafka:{item.place.topic}/{item.place.partition}" for name, item in places.items()}
    files = tuple(name for name in wiring.sources if name not in sources)
    if files:
        specifications |= matched_specifications(chosen, files, request.sources)
        sources |= {name: open_matched(specifications[name], name) for name in files}
    edges = Edges(
        sources,
        sinks,
        specifications,
        kafka.ledger,
        kafka.reader if run.by_arrival else None,
        lambda: begin(kafka, run),
    )
    worker = ThreadWorker()
    runner = Runner(wiring, edges, _checkpoints(request, storage), worker, settings)
    return Assembly(chosen, tuple(chosen.jobs), wiring, runner, worker, sources, specifications, kafka)


def _checkpoints(request: RunRequest, storage: Storage) -> CheckpointStore:
    if not request.checkpoints:
        return CheckpointStore(storage)
    return CheckpointStore(loaded("dataflow.object_storage:ObjectStorage")(request.checkpoints))


def _logs(graph: Graph) -> tuple[str, ...]:
    """Sinks whose place topics take."""
    return tuple(name for name, sink in graph.sinks.items() if sink.uses == "log")


def _sinks(graph: Graph, storage: Storage, request: RunRequest) -> dict[str, tuple[Sink, tuple[str, ...]]]:
    names = dict.fromkeys(name for job in graph.jobs.values() for name in job.sinks)
    declarations = [graph.sinks[name] for name in names]
    return {item.name: (_sink(graph, item, storage, request), item.streams) for item in declarations}


def _jobs(graph: Graph, names: tuple[str, ...]) -> dict[str, Job]:
    unknown = [name for name in names if name not in graph.jobs]
    if unknown:
        raise InputFault(f"there is no job {unknown[0]!r}\n    jobs: {', '.join(graph.jobs)}")
    return {name: graph.jobs[name] for name in names or graph.jobs}


def _check_inputs(graph: Graph, chosen: Graph) -> None:
    """Raises InputFault where a job reads what an operator of a job writes that is not run."""
    running = {uid for job in chosen.jobs.values() for uid in job.operators}
    written = {stream for uid in running for stream in graph.operators[uid].outputs}
    fed = {source.stream for source in graph.sources.values()}
    for uid in sorted(running):
        for stream in graph.operators[uid].inputs:
            if stream not in written | fed:
                writers = [item.uid for item in graph.operators.values() if stream in item.outputs]
                jobs = [name for name, job in graph.jobs.items() if set(writers) & set(job.operators)]
                fact = f"the operator {uid!r} reads {stream!r}, which the job {' or '.join(map(repr, jobs))} writes"
                raise InputFault(f"{fact}\n    run it beside: add --job {jobs[0]}")


def _without(graph: Graph, jobs: dict[str, Job], without: tuple[str, ...]) -> Graph:
    unknown = [name for name in without if name not in graph.sinks]
    if unknown:
        raise InputFault(f"there is no sink {unknown[0]!r}\n    sinks: {', '.join(graph.sinks)}")
    kept = {
        name: replace(job, sinks=tuple(sink for sink in job.sinks if sink not in without)) for name, job in jobs.items()
    }
    return replace(graph, jobs=kept)


def _sink(graph: Graph, declaration: SinkDeclaration, storage: Storage, request: RunRequest) -> Sink:
    streams = [graph.streams[name] for name in declaration.streams]
    if declaration.uses == "log":
        return LogSink(storage, streams, **declaration.parameters)
    if declaration.uses == "clickhouse":
        make = loaded("jobs.clickhouse_sink:clickhouse_sink")
        sink: Sink = make(declaration.parameters, streams, storage, request.data, request.tree)
        return sink
    raise InputFault(f"sink {declaration.name}: the embedded engine has no connector {declaration.uses!r}")
