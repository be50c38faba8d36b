"""Orders: Avro frames in, validate, risk, execution, Avro out, with checkpoints. One core, no network."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from measure import cpu_seconds
from order_workload import (
    QUOTES,
    SOURCES,
    TYPES,
    CountingSink,
    Frames,
    FrameSource,
    Size,
    Workload,
    orders_graph,
    orders_wiring,
    saved_frames,
    simulated,
    taken,
)

from dataflow.blocks import records_of
from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.lanes import Lane, LaneHeap
from dataflow.engines.embedded.runner import Edges, Runner
from dataflow.engines.embedded.wiring import Wiring
from dataflow.engines.embedded.worker import ThreadWorker
from dataflow.frames import decode_frames
from dataflow.storage import DirectoryStorage
from operators.execution import ExecutionParameters
from schemas.generated.events import RISK_CHECKED, PriceUpdated, RiskChecked

FULL = Size()
SMALL = Size(20_000, 6_666, symbols=50, accounts=500)
"""For the interpreted mode."""
RUST_PER_CPU_S = 804_000
"""A hand-written chain of the same functions without crates (PERFORMANCE.md): the limit to measure against."""
GROWTH_ORDERS = 100_000
GROWTH_QUOTES = 33_500


@dataclass(frozen=True)
class Carried:
    """One run of the job."""

    orders: int
    cpu_s: float
    records_out: int
    checkpoints: int

    @property
    def per_cpu_s(self) -> float:
        return self.orders / self.cpu_s

    @property
    def out_per_order(self) -> float:
        return self.records_out / self.orders


def carried(work: Frames, sink: CountingSink | None = None) -> Carried:
    """Run the job of pipelines.yaml over these frames, as `tapeline run` does, but for the sink."""
    sink = sink or CountingSink()
    edges = Edges({name: FrameSource(work.frames[name]) for name in SOURCES}, {"log": (sink, taken().streams)})
    with tempfile.TemporaryDirectory() as folder:
        store = CheckpointStore(DirectoryStorage(Path(folder)), keep=2)
        runner = Runner(orders_wiring(), edges, store, ThreadWorker())
        runner.start(resume=False)
        gc.collect()
        gc.freeze()  # what was imported and simulated before is not part of the run
        began = time.process_time()
        statistics = runner.run()
        cpu_s = time.process_time() - began
        runner.worker.close()
    return Carried(work.orders, cpu_s, sink.records, statistics.checkpoints)


def approved(work: Workload) -> tuple[list[RiskChecked], list[PriceUpdated], ExecutionParameters]:
    """What execution gets in this run, and its parameters."""
    sink = CountingSink("risk-events")
    carried(work, sink)
    requests = [record for payload in sink.payloads for record in records_of(payload, (RISK_CHECKED,))]
    return requests, work.quotes, orders_graph().operators["execution"].parameters  # type: ignore[return-value]


def feed(wiring: Wiring, messages: dict[str, list[bytes]], names: tuple[str, ...]) -> None:
    """Decode these sources, carry their records in the order of time, and drop what was encoded."""
    core = wiring.core
    lanes = [Lane(number, number) for number in map(wiring.sources.index, names)]
    for lane, name in zip(lanes, names, strict=True):
        lane.records = decode_frames(messages[name], TYPES, [])
    heap = LaneHeap([lane for lane in lanes if lane.records])
    while heap.lanes:
        core.feed_earliest(heap, 2_048)
        if heap.lanes[0].used == len(heap.lanes[0].records):
            heap.pop()
        for channel in core.channels:
            channel.buffer.truncate(0)


def us_per_order(symbols: int, accounts: int) -> float:
    """Cost of an order where so many symbols and accounts are known, with the quotes between."""
    messages = simulated(Size(GROWTH_ORDERS, GROWTH_QUOTES, symbols, accounts)).frames
    wiring = orders_wiring()
    feed(wiring, messages, SOURCES[:2])
    return cpu_seconds(lambda: feed(wiring, messages, ("orders", QUOTES))) / GROWTH_ORDERS * 1e6


def growth(rounds: int) -> list[float]:
    """How much more an order costs with the most symbols and accounts than with the fewest."""
    few, many = (10, 1_000), (10_000, 1_000_000)
    return [us_per_order(*many) / us_per_order(*few) for _ in range(rounds)]


if __name__ == "__main__":
    run = carried(saved_frames(Path(sys.argv[1])))
    print(run.per_cpu_s, run.out_per_order)
