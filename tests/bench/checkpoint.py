"""Checkpoints of many keys through the real run loop and disk: how long they take, stop the loop, take to restore."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphs import chain

from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.restore import restore
from dataflow.engines.embedded.runner import SWITCH_INTERVAL_S, Edges, Runner, Settings
from dataflow.engines.embedded.worker import ThreadWorker
from dataflow.model import Record
from dataflow.ports import Batch
from dataflow.storage import DirectoryStorage
from schemas.generated.events import PriceUpdated

MANUAL = Settings(checkpoint_every_ns=1 << 60)
BATCH = 4_096


@dataclass(frozen=True)
class CheckpointTimes:
    """Seconds and milliseconds as the names say."""

    full_s: float
    incremental_ms: float
    longest_stall_ms: float
    restore_s: float
    full_bytes: int


class PriceSource:
    """One update of each symbol, made beforehand, again and again."""

    def __init__(self, symbols: int) -> None:
        records: list[Record] = [PriceUpdated(1_000, f"SYM{number:07}") for number in range(symbols)]
        self.batches = [Batch(start, records[start : start + BATCH]) for start in range(0, symbols, BATCH)]
        self.next = 0

    def open(self, position: Any | None) -> None:
        self.next = position or 0

    def read(self) -> Batch | None:
        batch = self.batches[self.next % len(self.batches)]
        self.next += 1
        return batch

    def expected_records(self) -> int | None:
        return None

    def close(self) -> None:
        return


def measure(keys: int, dirty: int, folder: Path) -> CheckpointTimes:
    """A full checkpoint of `keys` keys, one after `dirty` of them changed, and a restore, while the loop goes on."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as in the run of a job, which this drives turn by turn
    wiring = chain(1, forward=False)
    storage = DirectoryStorage(folder)
    store = CheckpointStore(storage, keep=10)
    runner = Runner(wiring, Edges({"prices": PriceSource(keys)}, {}), store, ThreadWorker(), MANUAL)
    runner.start(resume=False)
    runner.settings = replace(MANUAL, turn_records=1_000)
    advance(runner, keys)
    full_s, stall = checkpoint(runner)
    runner._begin_checkpoint(ended=False)
    runner._complete()
    advance(runner, dirty)
    incremental_s, stall_again = checkpoint(runner)
    runner.worker.close()
    manifest, _ = store.latest()
    assert manifest is not None
    fresh = chain(1, forward=False)
    began = time.perf_counter()
    restore(manifest, store, fresh, {})
    restore_s = time.perf_counter() - began
    size = manifest.files[0].size
    return CheckpointTimes(full_s, incremental_s * 1e3, max(stall, stall_again) * 1e3, restore_s, size)


def advance(runner: Runner, records: int) -> None:
    goal = runner.statistics.records + records
    while runner.statistics.records < goal:
        runner.turn()


def checkpoint(runner: Runner) -> tuple[float, float]:
    """(seconds until it is durable, longest time the loop stood still), the loop going on meanwhile."""
    wanted = runner.number + 1
    runner.statistics.stall_ns_max = 0
    began = time.perf_counter()
    runner._begin_checkpoint(ended=False)
    begun = time.perf_counter() - began
    while runner.durable < wanted:
        runner.turn()
    elapsed = time.perf_counter() - began
    return elapsed, max(begun, runner.statistics.stall_ns_max / 1e9)
