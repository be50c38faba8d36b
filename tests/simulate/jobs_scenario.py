"""All jobs of pipelines.yaml on a small simulated day with a few hundred orders, to be disturbed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from dataflow.connectors.clickhouse.sink import ClickHouseSink
from dataflow.connectors.log.reader import LogReader
from dataflow.connectors.log.segments import logged_streams
from dataflow.connectors.log.sink import LogSink
from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.runner import Edges, Runner, Settings
from dataflow.engines.embedded.wiring import wire
from dataflow.engines.embedded.worker import Worker
from dataflow.graph import Graph
from dataflow.load import load_graph
from dataflow.ports import Batch, Source
from dataflow.testing.faults import SimulatedStorage
from dataflow.testing.simulation import counted_sink, counted_source
from jobs.catalog import catalog
from jobs.feeds.open_source import open_source
from jobs.letters import vocabulary
from tests.simulate.fake_clickhouse import FakeClickHouse

TREE = Path(__file__).parent.parent.parent
MARKET = "seed=5,symbols=4,events=1500"
FLOW = f"{MARKET},accounts=12,orders=400"
SPECIFICATIONS = {
    "market": f"simulator:{MARKET}",
    "alert-rules": "alert_rules:",
    "reference-data": f"reference_data:{MARKET}",
    "accounts": f"accounts:{FLOW}",
    "orders": f"order_flow:{FLOW}",
}
BATCH = 400


class RecordedSource:
    """A source read once and cut into small batches, so that a thousand runs need not generate it again."""

    def __init__(self, source: Source) -> None:
        source.open(None)
        self.records = []
        while (batch := source.read()) is not None:
            self.records += batch.records
        self.next = 0

    def open(self, position: Any | None) -> None:
        self.next = position or 0

    def read(self) -> Batch | None:
        start, self.next = self.next, self.next + BATCH
        records = self.records[start : self.next]
        return Batch(start, records) if records else None

    def expected_records(self) -> int | None:
        return len(self.records)

    def close(self) -> None:
        return


def forgetful(graph: Graph) -> Graph:
    """The graph with operators that remember so few orders that they forget some within the day."""
    validate, execution = graph.operators["validate"], graph.operators["execution"]
    few = replace(validate, parameters=replace(validate.parameters, order_ids_max=60))
    fewer = replace(execution, parameters=replace(execution.parameters, ended_orders_max=20))
    return replace(graph, operators={**graph.operators, "validate": few, "execution": fewer})


class JobsScenario:
    """Implements `dataflow.testing.simulation.Scenario`. One scenario may be run many times, one at a time."""

    def __init__(self) -> None:
        self.graph = forgetful(load_graph(TREE / "pipelines.yaml", catalog()))
        self.sources = {name: RecordedSource(open_source(text, name)) for name, text in SPECIFICATIONS.items()}
        self.tables = [self.graph.streams[name] for name in self.graph.sinks["clickhouse"].streams]
        self.begin()

    def begin(self) -> None:
        """Start with an empty ClickHouse."""
        self.server = FakeClickHouse(self.tables)

    def runner(self, storage: SimulatedStorage, worker: Worker, settings: Settings) -> Runner:
        streams = self.graph.streams
        log, tables = self.graph.sinks["log"].streams, self.graph.sinks["clickhouse"].streams
        client: Any = self.server.client(storage)
        clickhouse = ClickHouseSink(storage, self.tables, lambda: client, TREE / "deploy/clickhouse")
        edges = Edges(
            sources={name: counted_source(source, storage, name) for name, source in self.sources.items()},
            sinks={
                "log": (LogSink(storage, [streams[name] for name in log], segment_bytes=100_000), log),
                "clickhouse": (counted_sink(clickhouse, storage, "clickhouse"), tables),
            },
            specifications=SPECIFICATIONS,
        )
        wiring = wire(self.graph, tuple(self.graph.jobs), vocabulary())
        return Runner(wiring, edges, CheckpointStore(storage), worker, settings)

    def outputs(self, storage: SimulatedStorage) -> dict[str, str]:
        found = {name: LogReader(storage, name).digest() for name in logged_streams(storage)}
        for table, rows in self.server.tables.items():
            ordered = sorted(rows, key=lambda row: row["stream_offset"])
            found[f"table {table}"] = hashlib.sha256(repr(ordered).encode()).hexdigest()
        return found
