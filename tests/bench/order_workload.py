"""Orders, quotes and reference data of one simulated day as Avro frames, and the job that carries them."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from dataflow.blocks import records_of
from dataflow.engines.embedded.wiring import Wiring, wire
from dataflow.frames import decode_frames
from dataflow.graph import Graph, Sink, Source
from dataflow.load import load_graph
from dataflow.model import Record
from dataflow.ports import Batch, Block
from jobs.catalog import catalog
from jobs.feeds.open_source import open_source
from jobs.letters import vocabulary
from schemas.confluent import frame
from schemas.generated.events import PRICE_UPDATED, RECORD_TYPES

TREE = Path(__file__).parent.parent.parent
DATE = "date=2026-11-20"
BATCH = 512
"""Records in a batch, as many as a turn takes: what was decoded is still in the caches when it is carried."""
TYPES = [None, *RECORD_TYPES]
"""Record type of each schema id."""
QUOTES = "conflated"
SOURCES = ("reference-data", "accounts", "orders", QUOTES)
OPERATORS = ("validate", "risk", "execution")


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    orders: int = 300_000
    quotes: int = 100_500
    symbols: int = 500
    accounts: int = 5_000

    @property
    def market(self) -> str:
        return f"seed=1,symbols={self.symbols},events={self.quotes},{DATE}"


@cache
def pipeline() -> Graph:
    return load_graph(TREE / "pipelines.yaml", catalog())


def orders_graph() -> Graph:
    """Validate, risk and execution of pipelines.yaml, the streams kept that a run keeps; quotes come conflated."""
    graph = pipeline()
    quotes = Source(QUOTES, "frames", "conflated-quotes", 0, 0)
    job = replace(graph.jobs["orders"], operators=OPERATORS, sources=SOURCES, sinks=("log",))
    return replace(graph, jobs={"orders": job}, sources={**graph.sources, QUOTES: quotes})


def orders_wiring() -> Wiring:
    return wire(orders_graph(), ("orders",), vocabulary())


def taken(sink: str = "log") -> Sink:
    return pipeline().sinks[sink]


def records(specification: str, name: str) -> list[Record]:
    """All that a feed brings."""
    source = open_source(specification, name)
    source.open(None)
    found: list[Record] = []
    while (batch := source.read()) is not None:
        found += batch.records
    source.close()
    return found


def conflated_quotes(size: Size) -> list[Record]:
    """What normalise and conflate make of the simulated market, run once beforehand."""
    graph = pipeline()
    job = replace(graph.jobs["orders"], operators=("normalise", "conflate"), sources=("market",), sinks=("log",))
    wiring = wire(replace(graph, jobs={"orders": job}), ("orders",), vocabulary())
    messages = records(f"simulator:{size.market}", "market")
    wiring.core.feed(0, messages, 0, len(messages))
    wiring.core.mark_idle(0)
    return list(records_of(wiring.channels["conflated-quotes"].buffer.getvalue(), (PRICE_UPDATED,)))


def frames(found: list[Record]) -> list[bytes]:
    """The records as Kafka would deliver them."""
    return [frame(record.type_id() + 1, record) for record in found]


@dataclass(frozen=True)
class Frames:
    """What each source brings: all that a job sees of a workload."""

    orders: int
    frames: dict[str, list[bytes]]

    def save(self, path: Path) -> None:
        """For a process that runs the job and does nothing else: making a workload leaves its memory in pieces."""
        path.write_bytes(pickle.dumps((self.orders, self.frames)))


def saved_frames(path: Path) -> Frames:
    return Frames(*pickle.loads(path.read_bytes()))


@dataclass(frozen=True)
class Workload(Frames):
    """A simulated day, with the quotes as records too."""

    quotes: list[Record]


def simulated(size: Size) -> Workload:
    accounts = f"accounts={size.accounts},orders={size.orders}"
    quotes = conflated_quotes(size)
    found = {
        "reference-data": frames(records(f"reference_data:{size.market}", "reference-data")),
        "accounts": frames(records(f"accounts:{size.market},{accounts}", "accounts")),
        "orders": frames(records(f"order_flow:{size.market},{accounts}", "orders")),
        QUOTES: frames(quotes),
    }
    return Workload(size.orders, found, quotes)


class FrameSource:
    """Decodes frames as a consumer of Kafka would."""

    def __init__(self, messages: list[bytes]) -> None:
        self.messages = messages
        self.next = 0
        self.bad: list[tuple[int, int, str]] = []

    def open(self, position: Any | None) -> None:
        self.next = 0 if position is None else position

    def read(self) -> Batch | None:
        start, self.next = self.next, self.next + BATCH
        chunk = self.messages[start : self.next]
        return Batch(start, decode_frames(chunk, TYPES, self.bad)) if chunk else None

    def expected_records(self) -> int | None:
        return len(self.messages)

    def close(self) -> None:
        return


class CountingSink:
    """Takes blocks of encoded records and counts them; keeps what one stream holds, if asked to."""

    def __init__(self, kept: str = "") -> None:
        self.records = 0
        self.bytes = 0
        self.kept = kept
        self.payloads: list[bytes] = []

    def recover(self, position: Any | None) -> None:
        return

    def write(self, block: Block) -> None:
        self.records += block.count
        self.bytes += len(block.payload)
        if block.stream == self.kept:
            self.payloads.append(block.payload)

    def prepare(self, checkpoint: int) -> Any:
        return None

    def commit(self, checkpoint: int) -> None:
        return

    def close(self) -> None:
        return
