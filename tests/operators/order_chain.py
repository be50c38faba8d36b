"""Validate, risk and execution as pipelines.yaml wires them, fed with frames as they stand in a stream.

As in a run, what cannot be decoded becomes a dead letter where it stood, and everything goes through in its order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dataflow.blocks import records_of
from dataflow.engines.embedded.wiring import wire
from dataflow.frames import decode_frames
from dataflow.graph import Graph, Source
from dataflow.load import load_graph
from dataflow.model import Record, RecordType
from jobs.catalog import catalog
from jobs.letters import vocabulary
from schemas.generated.events import DeadLetter

TREE = Path(__file__).parent.parent.parent
OPERATORS = ("validate", "risk", "execution")
SOURCES = ("reference-data", "accounts", "orders", "quotes")


def orders_graph() -> Graph:
    """The job without conflation: a source brings the quotes."""
    graph = load_graph(TREE / "pipelines.yaml", catalog())
    job = replace(graph.jobs["orders"], operators=OPERATORS, sources=SOURCES, sinks=("log",))
    quotes = Source("quotes", "list", "conflated-quotes", 0, 0)
    return replace(graph, jobs={"orders": job}, sources={**graph.sources, "quotes": quotes})


class OrderChain:
    """A core with the three operators. `schemas` holds the record type of each schema id."""

    def __init__(self, schemas: list[RecordType | None]) -> None:
        self.graph = orders_graph()
        self.wiring = wire(self.graph, ("orders",), vocabulary())
        self.schemas = schemas

    def tell(self, source: str, *records: Record) -> None:
        """Feed records of a source."""
        self.wiring.core.feed(SOURCES.index(source), list(records), 0, len(records))

    def end(self, *sources: str) -> None:
        """These sources bring nothing more."""
        for source in sources:
            self.wiring.core.mark_idle(SOURCES.index(source))

    def send(self, frames: Sequence[tuple[int, bytes]]) -> None:
        """Feed frames, each with the first half of the event id that its record, or its dead letter, gets."""
        bad: list[tuple[int, int, str]] = []
        decoded = iter(decode_frames([data for _, data in frames], self.schemas, bad))
        faults = {index: (schema_id, message) for index, schema_id, message in bad}
        records: list[Record] = []
        for index, (number, data) in enumerate(frames):
            fault = faults.get(index)
            record = next(decoded) if fault is None else dead_letter(number, data, fault)
            record.event_id_hi, record.event_id_lo = number, 0
            records.append(record)
        self.tell("orders", *records)

    def take(self) -> dict[str, list[Record]]:
        """What came out since the last call, by stream."""
        taken: dict[str, list[Record]] = defaultdict(list)
        for name, channel in self.wiring.channels.items():
            if channel.buffered:
                taken[name] += records_of(channel.buffer.getvalue(), self.graph.streams[name].schemas)
                channel.buffer.truncate(0)
                channel.buffered = 0
        return taken


def dead_letter(number: int, data: bytes, fault: tuple[int, str]) -> Record:
    """The letter for a frame that is no record; `fault` holds schema id and reason."""
    return DeadLetter(
        source="orders", place=str(number), error="ValueError", message=fault[1], schema_id=fault[0], raw=data
    )
