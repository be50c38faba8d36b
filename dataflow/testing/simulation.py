"""Runs a job to its end through crashes chosen by a seed, and compares with the run that was never disturbed.

    report = simulate(seed, scenario)
    assert report.differences == []

Theory of operation. A `Scenario` makes a runner over a simulated disk. Each life of a run is given a plan: after so
many operations (reads of sources, appends, syncs, renames, commits, each counted) the machine stops, before or after
one of them; the disk forgets what was not synced; the next life resumes. Pacing (records per turn, keys per slice,
bytes per block, when checkpoints are taken, how far the writer lags behind) is drawn from the seed too, and differs
between lives: none of it may show in what comes out.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from dataflow.engines.embedded.core import Core
from dataflow.engines.embedded.runner import Runner, Settings
from dataflow.engines.embedded.worker import Task, Worker
from dataflow.ports import Batch, InputFault, Sink, Source
from dataflow.testing.faults import NO_FAULTS, Crash, Faults, SimulatedStorage

LIVES_MAX = 12
"""After so many crashes a run is left in peace, so that every simulation ends."""
FULL_DISK_CHANCE = 0.1


class Scenario(Protocol):
    """A job to be disturbed."""

    def runner(self, storage: SimulatedStorage, worker: Worker, settings: Settings) -> Runner:
        """A runner over this disk, not yet started. Its sources and sinks should be wrapped by `counted_source`,
        `counted_sink`, so that their calls are places to crash at."""

    def outputs(self, storage: SimulatedStorage) -> dict[str, str]:
        """What the run brought out, as a digest per name."""


@dataclass(frozen=True)
class Outcome:
    outputs: dict[str, str]
    state: str
    """Digest of all operators' state, timers and sequences."""
    operations: int


@dataclass(frozen=True)
class Report:
    seed: int
    lives: int
    crashes: list[str]
    """Where each life ended, in words."""
    differences: list[str]
    """What came out otherwise than in the undisturbed run; empty is a pass."""


class LaggingWorker:
    """Carries tasks out late: each submission runs a random number of those that wait, in order."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.waiting: deque[Task] = deque()

    def submit(self, task: Task) -> None:
        self.waiting.append(task)
        for _ in range(self.random.randint(0, 3)):
            if self.waiting:
                self.waiting.popleft()()

    def check(self) -> None:
        return

    def drain(self) -> None:
        while self.waiting:
            self.waiting.popleft()()

    def close(self) -> None:
        return


def undisturbed(scenario: Scenario) -> Outcome:
    """The run without faults, at the usual pace."""
    storage = SimulatedStorage(0)
    runner = scenario.runner(storage, LaggingWorker(Random(0)), _pace(Random(0)))
    runner.start(resume=False)
    runner.run()
    return Outcome(scenario.outputs(storage), state_digest(runner.core), storage.operations)


def simulate(seed: int, scenario: Scenario, expected: Outcome) -> Report:
    """One run through crashes. `expected` is the outcome of `undisturbed` for the same scenario."""
    random = Random(seed)
    storage = SimulatedStorage(random.randrange(1 << 30), _plan(random, expected.operations))
    crashes: list[str] = []
    while True:
        runner = scenario.runner(storage, LaggingWorker(random), _pace(random))
        try:
            runner.start(resume=True)
            runner.run()
        except (Crash, InputFault) as end:
            crashes.append(f"operation {storage.operations}: {end}")
            faults = _plan(random, expected.operations) if len(crashes) < LIVES_MAX else NO_FAULTS
            storage = storage.crash(faults)
            continue
        break
    storage.faults = NO_FAULTS
    found = Outcome(scenario.outputs(storage), state_digest(runner.core), storage.operations)
    return Report(seed, len(crashes) + 1, crashes, _differences(expected, found))


def _plan(random: Random, operations: int) -> Faults:
    """Where the next life ends. The first of a run's lives are often short, so that recovery itself is hit."""
    span = operations if random.random() < 0.5 else max(4, operations // 20)
    at = random.randint(1, span)
    if random.random() < FULL_DISK_CHANCE:
        return Faults(full_from=at)
    return Faults(crash_before=at) if random.random() < 0.5 else Faults(crash_after=at)


def _pace(random: Random) -> Settings:
    return Settings(
        checkpoint_every_records=random.randint(20, 800),
        turn_records=random.randint(1, 200),
        slice_slots=random.randint(1, 4),
        block_bytes=random.choice((1, 500, 5_000, 50_000)),
        incremental_max=random.randint(0, 6),
        clock_ns=lambda: 0,
        wall_ns=lambda: 0,
    )


def _differences(expected: Outcome, found: Outcome) -> list[str]:
    names = sorted(expected.outputs.keys() | found.outputs.keys())
    lines = [f"{name} differs" for name in names if expected.outputs.get(name) != found.outputs.get(name)]
    return lines + (["the state differs"] if expected.state != found.state else [])


def state_digest(core: Core) -> str:
    """SHA-256 over every slot of a core that has no open snapshot, in the order of its keys."""
    core.table.begin_snapshot(full=True)
    chunk = core.table.snapshot_slice(1 << 40)
    slots: list[bytes] = []
    position = 0
    while position < len(chunk):
        end = position + 4 + int.from_bytes(chunk[position : position + 4], "big")
        slots.append(chunk[position:end])
        position = end
    digest = hashlib.sha256()
    for slot in sorted(slots):
        digest.update(slot)
    return digest.hexdigest()


def counted_source(source: Source, storage: SimulatedStorage, name: str) -> Source:
    """The source, its reads being operations of the simulated machine."""
    return _CountedSource(source, storage, name)


def counted_sink(sink: Sink, storage: SimulatedStorage, name: str) -> Sink:
    """The sink, its commits being operations of the simulated machine."""
    return _CountedSink(sink, storage, name)


class _CountedSource:
    def __init__(self, source: Source, storage: SimulatedStorage, name: str) -> None:
        self.source = source
        self.storage = storage
        self.name = name

    def open(self, position: Any | None) -> None:
        self.source.open(position)

    def read(self) -> Batch | None:
        with self.storage.operation("read of source", self.name):
            return self.source.read()

    def expected_records(self) -> int | None:
        return self.source.expected_records()

    def close(self) -> None:
        self.source.close()


class _CountedSink:
    def __init__(self, sink: Sink, storage: SimulatedStorage, name: str) -> None:
        self.sink = sink
        self.storage = storage
        self.name = name
        self.recover: Callable[[Any | None], None] = sink.recover
        self.write = sink.write
        self.prepare = sink.prepare
        self.close = sink.close

    def commit(self, checkpoint: int) -> None:
        with self.storage.operation("commit of sink", self.name):
            self.sink.commit(checkpoint)
