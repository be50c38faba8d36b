"""Orders at a fixed rate, whatever the job does: from each one's scheduled arrival to its encoded execution.

Arrivals are scheduled beforehand and never wait for the job: an order that waits behind a slow one counts its wait
(no coordinated omission). Checkpoints are taken meanwhile. The orders are those of a simulated day from after the
opening until before the close: at these two moments all that waits or is still open ends at once.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import percentile
from order_workload import BATCH, SOURCES, TYPES, CountingSink, FrameSource, orders_wiring, taken

from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.runner import Edges, Runner, Settings
from dataflow.engines.embedded.worker import ThreadWorker
from dataflow.frames import decode_frames
from dataflow.ports import Batch
from dataflow.storage import DirectoryStorage

HOUR_NS = 3_600_000_000_000
MIDNIGHT_NS = 1_795_150_800_000_000_000
"""2026-11-20 00:00 in New York."""
FIRST_NS = MIDNIGHT_NS + HOUR_NS * 575 // 60
LAST_NS = MIDNIGHT_NS + HOUR_NS * 955 // 60
WAIT_S = 20e-6
"""The loop looks so often whether something has arrived."""


def in_regular_hours(messages: list[bytes]) -> list[bytes]:
    """Those from 09:35 to 15:55 in New York."""
    times = [record.event_time_ns for record in decode_frames(messages, TYPES, [])]
    return [data for data, at_ns in zip(messages, times, strict=True) if FIRST_NS <= at_ns < LAST_NS]


class PacedSource(FrameSource):
    """Gives what has arrived by now. It is asked again once all it gave was carried through and encoded."""

    def __init__(self, messages: list[bytes], rate: int) -> None:
        super().__init__(messages)
        self.gap_ns = 1_000_000_000 / rate
        self.began_ns = 0
        self.done: list[tuple[int, int]] = []
        """(when, how many orders were done by then)."""

    def arrival_ns(self, number: int) -> int:
        return self.began_ns + int(number * self.gap_ns)

    def read(self) -> Batch | None:
        start = self.next
        if start == 0:
            self.next = 1  # the first brings instruments and accounts before it; time begins when it is done
            return Batch(0, decode_frames(self.messages[:1], TYPES, self.bad))
        now_ns = time.perf_counter_ns()
        if self.began_ns == 0:
            self.began_ns = now_ns - int(self.gap_ns)
        self.done.append((now_ns, start))
        if start == len(self.messages):
            return None
        while now_ns < self.arrival_ns(start):
            time.sleep(WAIT_S)
            now_ns = time.perf_counter_ns()
        due = int((now_ns - self.began_ns) / self.gap_ns) + 1
        self.next = min(max(due, start + 1), start + BATCH, len(self.messages))
        return Batch(start, decode_frames(self.messages[start : self.next], TYPES, self.bad))

    def latencies_ns(self) -> list[int]:
        """Of every order but the first, sorted."""
        found = []
        before = 1
        for at_ns, count in self.done:
            found += [at_ns - self.arrival_ns(number) for number in range(before, count)]
            before = max(before, count)
        return sorted(found)


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    p50: float
    p99: float
    p999: float
    longest: float


def latency(messages: dict[str, list[bytes]], rate: int) -> Latency:
    """At so many orders a second."""
    orders = PacedSource(in_regular_hours(messages["orders"]), rate)
    sources: dict[str, Any] = {name: FrameSource(messages[name]) for name in SOURCES}
    edges = Edges({**sources, "orders": orders}, {"log": (CountingSink(), taken().streams)})
    with tempfile.TemporaryDirectory() as folder:
        store = CheckpointStore(DirectoryStorage(Path(folder)), keep=2)
        runner = Runner(orders_wiring(), edges, store, ThreadWorker(), Settings())
        runner.start(resume=False)
        runner.run()
        runner.worker.close()
    found = orders.latencies_ns()
    shares = (percentile(found, share) / 1e6 for share in (0.5, 0.99, 0.999, 1.0))
    return Latency(*shares)
