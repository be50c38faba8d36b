"""Runs a whole job in memory: records in by stream, records out by stream. The same engine, the same order.

driver = PipelineDriver(graph, "market-data", vocabulary)
outputs = driver.run([("raw-market-data", quote), ("raw-market-data", trade)])
assert outputs["market-data"][0].bid_price_e8 == 187_45000000
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from dataflow.blocks import records_of
from dataflow.connectors.identity import source_prefix, stamp
from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.runner import Edges, Runner, Settings
from dataflow.engines.embedded.wiring import Vocabulary, wire
from dataflow.engines.embedded.worker import InlineWorker
from dataflow.graph import Graph, Sink
from dataflow.model import Record
from dataflow.ports import Batch, Block, Storage
from dataflow.testing.faults import SimulatedStorage


class ListSource:
    """A source over a list. Numbers the records and gives them ids, as every source does."""

    def __init__(self, name: str, records: Iterable[Record], batch_records: int = 1_000) -> None:
        self.records = list(records)
        self.batch_records = batch_records
        self.next = 0
        prefix = source_prefix(name)
        for number, record in enumerate(self.records, start=1):
            stamp(record, prefix, number)

    def open(self, position: Any | None) -> None:
        self.next = 0 if position is None else position

    def read(self) -> Batch | None:
        start, self.next = self.next, self.next + self.batch_records
        records = self.records[start : self.next]
        return Batch(start, records) if records else None

    def expected_records(self) -> int | None:
        return len(self.records)

    def close(self) -> None:
        return


class MemorySink:
    """Keeps what streams hold, up to the last commit or beyond, as bytes."""

    def __init__(self) -> None:
        self.payloads: dict[str, bytes] = {}

    def recover(self, position: Any | None) -> None:
        lengths = position or {}
        self.payloads = {stream: data[: lengths.get(stream, 0)] for stream, data in self.payloads.items()}

    def write(self, block: Block) -> None:
        self.payloads[block.stream] = self.payloads.get(block.stream, b"") + block.payload

    def prepare(self, checkpoint: int) -> Any:
        return {stream: len(data) for stream, data in self.payloads.items()}

    def commit(self, checkpoint: int) -> None:
        return

    def close(self) -> None:
        return


class PipelineDriver:
    """One job of a graph over lists of records."""

    def __init__(self, graph: Graph, job: str, vocabulary: Vocabulary, storage: Storage | None = None) -> None:
        streams = tuple(graph.streams)
        everything = Sink("memory", "memory", streams)
        whole = replace(graph.jobs[job], sinks=("memory",))
        self.graph = replace(graph, sinks={"memory": everything}, jobs={job: whole})
        self.job = whole
        self.vocabulary = vocabulary
        self.storage = storage or SimulatedStorage(0)
        self.sink = MemorySink()

    def run(self, inputs: Sequence[tuple[str, Record]]) -> dict[str, list[Record]]:
        """Feed the inputs to the sources of their streams, merged by event time, to the end of time.

        Returns every stream's records but those of the input streams. Raises KeyError for a stream without source.
        """
        runner = self.runner(inputs)
        runner.start(resume=False)
        runner.run()
        fed = {stream for stream, _ in inputs}
        return {stream: self._records(stream) for stream in self.graph.streams if stream not in fed}

    def runner(self, inputs: Sequence[tuple[str, Record]], settings: Settings | None = None) -> Runner:
        """The runner over these inputs, not yet started: for tests that stop, restart or look inside."""
        wiring = wire(self.graph, (self.job.name,), self.vocabulary)
        source_of = {self.graph.sources[name].stream: name for name in wiring.sources}
        records: dict[str, list[Record]] = {name: [] for name in wiring.sources}
        for stream, record in inputs:
            records[source_of[stream]].append(record)
        edges = Edges(
            sources={name: ListSource(name, items) for name, items in records.items()},
            sinks={"memory": (self.sink, tuple(self.graph.streams))},
        )
        return Runner(wiring, edges, CheckpointStore(self.storage), InlineWorker(), settings)

    def _records(self, stream: str) -> list[Record]:
        return list(records_of(self.sink.payloads.get(stream, b""), self.graph.streams[stream].schemas))
