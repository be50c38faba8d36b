"""Market data: decode, normalise, bars and indicators, encode. One core, no I/O."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from measure import cpu_seconds

from dataflow.engines.embedded.wiring import Wiring, wire
from dataflow.frames import decode_frames
from dataflow.load import load_graph
from jobs.catalog import catalog
from jobs.feeds.open_source import open_source
from jobs.letters import vocabulary
from schemas.confluent import frame
from schemas.generated.events import MARKET_DATA_RECEIVED, RECORD_TYPES

TREE = Path(__file__).parent.parent.parent
BATCH = 2_048


def frames(events: int, symbols: int) -> list[bytes]:
    """Simulated market data as Kafka would deliver it."""
    source = open_source(f"simulator:seed=3,symbols={symbols},events={events}", "market")
    source.open(None)
    made: list[bytes] = []
    while (batch := source.read()) is not None:
        made += [frame(MARKET_DATA_RECEIVED.number, record) for record in batch.records]
    return made


def job() -> Wiring:
    """Normalise and indicators of pipelines.yaml, alone in memory; every stream a sink would take is encoded."""
    graph = load_graph(TREE / "pipelines.yaml", catalog())
    job = replace(graph.jobs["market-data"], operators=("normalise", "indicators"), sources=("market",))
    return wire(replace(graph, jobs={"market-data": job}), ("market-data",), vocabulary())


def carry(wiring: Wiring, batches: list[list[bytes]]) -> int:
    """Feed all batches; returns the bytes that came out."""
    types = list(RECORD_TYPES)
    bad: list[tuple[int, int, str]] = []
    core = wiring.core
    size = 0
    for number in range(1, len(core.partitions)):
        core.mark_idle(number)
    for batch in batches:
        records = decode_frames(batch, types, bad)
        core.feed(0, records, 0, len(records))
        for channel in core.channels:
            size += len(channel.buffer)
            channel.buffer.truncate(0)
    return size


def events_per_cpu_s(events: int, symbols: int = 5) -> float:
    """About as many events per symbol as IBM's tape has in a day, so that bars close as often as they really do."""
    made = frames(events, symbols)
    batches = [made[start : start + BATCH] for start in range(0, len(made), BATCH)]
    wiring = job()
    return len(made) / cpu_seconds(lambda: carry(wiring, batches))


if __name__ == "__main__":
    print(events_per_cpu_s(int(sys.argv[1])))
