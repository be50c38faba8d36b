"""A whole simulated day of orders in memory, through all operators of pipelines.yaml, and what is left at its end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from dataflow.blocks import records_of
from dataflow.graph import Job
from dataflow.load import load_graph
from dataflow.model import Record
from dataflow.testing.pipeline import PipelineDriver
from jobs.catalog import catalog
from jobs.feeds.open_source import open_source
from jobs.letters import vocabulary
from jobs.order_life import Life, life_of
from jobs.order_search import WAY
from schemas.generated.states import ExecutionState, RiskState

TREE = Path(__file__).parent.parent.parent
SOURCES = {
    "raw-market-data": "simulator",
    "reference-data": "reference_data",
    "account-events": "accounts",
    "order-requests": "order_flow",
}
MARKET = ("seed", "symbols", "events", "date")
TAKES = {"simulator": MARKET, "reference_data": MARKET, "accounts": (*MARKET, "accounts", "orders")}


def day_inputs(**options: Any) -> list[tuple[str, Record]]:
    """(stream, record) of the market, its reference data, accounts and orders with these options."""
    found: list[tuple[str, Record]] = []
    for stream, kind in SOURCES.items():
        own = {name: value for name, value in options.items() if name in TAKES.get(kind, options)}
        source = open_source(f"{kind}:" + ",".join(f"{name}={value}" for name, value in own.items()), stream)
        source.open(None)
        while (batch := source.read()) is not None:
            found += [(stream, record) for record in batch.records]
    return found


class OrdersDay:
    """The day after it has ended."""

    def __init__(self, inputs: list[tuple[str, Record]]) -> None:
        graph = load_graph(TREE / "pipelines.yaml", catalog())
        whole = Job("day", tuple(graph.operators), tuple(graph.sources), ())
        driver = PipelineDriver(replace(graph, jobs={"day": whole}), "day", vocabulary())
        runner = driver.runner(inputs)
        runner.start(resume=False)
        runner.run()
        payloads, streams = driver.sink.payloads, graph.streams
        self.streams: dict[str, list[Any]] = {
            name: list(records_of(payloads.get(name, b""), streams[name].schemas)) for name in streams
        }
        states = [cell.state for slot in runner.core.table.unpacked() for cell in slot.cells if cell is not None]
        self.accounts = [state for state in states if isinstance(state, RiskState)]
        self.books = [state for state in states if isinstance(state, ExecutionState)]

    def all(self, kind: str) -> list[Any]:
        """Every record of a type."""
        records = [record for name in (*WAY, "trades") for record in self.streams[name]]
        return [record for record in records if type(record).__name__ == kind]

    def lives(self) -> list[Life]:
        """Of every order that has a name."""
        found: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for stream in WAY:
            for record in self.streams[stream]:
                found[record.account, record.order_id].append(record)
        return [life_of(*key, records) for key, records in found.items() if key[1]]
