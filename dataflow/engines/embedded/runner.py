"""Runs a job on the embedded engine: reads sources in event-time order, feeds the core, takes checkpoints, fills sinks.

Theory of operation. One thread owns the core. Each source has a lane: its current batch and how much of it was used.
The loop takes records from the lane whose next record is earliest, so the order across bounded sources is a function
of the input alone. Encoded blocks, snapshot chunks and commits go to the worker, which carries them out in order:
everything before a checkpoint is written and synced before its manifest, and its commit follows the manifest.

A checkpoint costs the loop one slice per turn until the snapshot is complete: a tenth of the time that has passed
since the one before, so that records wait little for it.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dataflow.engines.embedded.catch_up import CatchUp, Standby
from dataflow.engines.embedded.checkpoints import CheckpointStore, Manifest, StateFile, StateWriter
from dataflow.engines.embedded.intake import SourceLane, open_intake
from dataflow.engines.embedded.lanes import Lane
from dataflow.engines.embedded.restore import restore, state_header, without_collector
from dataflow.engines.embedded.slices import Slices
from dataflow.engines.embedded.slot_table import SLICE_BYTES
from dataflow.engines.embedded.wiring import Wiring
from dataflow.engines.embedded.worker import Worker
from dataflow.fault_points import reach
from dataflow.ports import Arrivals, Block, Ledger, Sink, Source, Turn

TURNS_KEPT = 100_000
PAUSE_NS_MAX = 30_000_000_000
"""A checkpoint puts the next one off by no more than this, however large it is."""
SWITCH_INTERVAL_S = 0.0005
"""How long loop and writer may keep each other from Python's lock; its default of 5 ms shows in every pause."""


@dataclass(frozen=True)
class Settings:
    """How the loop is paced. None of it changes what comes out."""

    checkpoint_every_ns: int = 1_000_000_000
    checkpoint_bytes_per_s: int = 4 << 20
    """A checkpoint of more bytes puts the next one off, so that no more of them are written a second: what a loop under
    load spends on checkpoints is bounded, whatever its state."""
    checkpoint_every_records: int = 0
    """Take checkpoints by count instead of by the clock (0: by the clock): for runs that must repeat exactly."""
    turn_records: int = 512
    """Records fed between two looks at checkpoints and buffers."""
    slice_slots: int = 20_000
    """Keys encoded per turn while a snapshot is open, at most; by the clock, as many as time allows."""
    block_bytes: int = 65_536
    """A stream's records go to the sinks when so many bytes have gathered, and at each checkpoint."""
    incremental_max: int = 30
    """After so many incremental state files comes a full one."""
    records_per_s: int = 0
    """Hold the loop back to so many records a second (0: as fast as it can)."""
    clock_ns: Callable[[], int] = time.monotonic_ns
    wall_ns: Callable[[], int] = time.time_ns


@dataclass
class Statistics:
    """What a run did and how long it took. Times in nanoseconds."""

    records: int = 0
    checkpoints: int = 0
    last_checkpoint: int = 0
    snapshot_bytes: int = 0
    stall_ns_max: int = 0
    """Longest time the loop spent on outputs and checkpoints between two turns of reading and processing."""
    turn_ns: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=TURNS_KEPT))
    """(duration, records) of the latest turns, reading ahead included: each record is encoded so long after its turn
    began, or sooner."""
    resumed_from: int = 0
    took_over: bool = False
    """From another instance, as its standby."""
    repeated: int = 0
    """Records that were taken in again after the checkpoint, because their transactions had been committed."""
    passed_over: list[str] = field(default_factory=list)
    """Checkpoints that were damaged, and why."""
    ended: bool = False


@dataclass
class _OpenCheckpoint:
    manifest: Manifest
    writer: StateWriter
    full: bool
    slots: int
    began_ns: int
    size: int = 0


@dataclass(frozen=True)
class Edges:
    """The connectors of a run, by their names in the graph."""

    sources: dict[str, Source]
    sinks: dict[str, tuple[Sink, tuple[str, ...]]]
    """Each sink with the streams it takes."""
    specifications: dict[str, str] = field(default_factory=dict)
    """What each source reads, so that a checkpoint is not continued on other input."""
    ledger: Ledger | None = None
    """Makes the streams that have an outbox visible, with the inputs' positions."""
    arrivals: Arrivals | None = None
    """Where given, sources are read as their records arrive, else in the order of event time."""
    opened: Callable[[], None] | None = None
    """To be called when all sources are open, before the first is read."""


class Runner:
    """One run of a job."""

    def __init__(
        self, wiring: Wiring, edges: Edges, store: CheckpointStore, worker: Worker, settings: Settings | None = None
    ) -> None:
        self.wiring = wiring
        self.core = wiring.core
        self.sources = [
            SourceLane(name, Lane(number, wiring.groups[number]), edges.sources[name])
            for number, name in enumerate(wiring.sources)
        ]
        self.ledger = edges.ledger
        self.opened = edges.opened
        self.may_go_on = edges.arrivals is not None
        """A run that had come to its end may find more when it is resumed."""
        self.posted = [(channel, channel.outbox) for channel in wiring.channels.values() if channel.outbox is not None]
        self.sinks = edges.sinks
        self.store = store
        self.worker = worker
        self.settings = settings or Settings()
        self.intake = open_intake(self.core, self.sources, edges.arrivals)
        self.specifications = edges.specifications
        self.statistics = Statistics()
        self.state_files: list[StateFile] = []
        self.number = 0
        self.open_checkpoint: _OpenCheckpoint | None = None
        self.durable = 0
        self.due_ns = 0
        self.slices = Slices(self.core.table, self.settings.clock_ns)
        self.due_records = 0
        self.stop_asked = False
        self.may_write = False
        """It has started, and is not a standby that was stopped while it followed."""
        self.has_moved = False
        """It is further than the last checkpoint that was begun before this start."""
        self.began_ns = 0

    def start(self, resume: bool, standby: Standby | None = None) -> None:
        """Open everything: at the newest whole checkpoint if `resume`, else at the beginning. A standby first follows
        another instance until that is gone. Raises InputFault."""
        manifest: Manifest | None = None
        if resume:
            manifest, self.statistics.passed_over = self.store.latest()
            reach("checkpoint-read")
        if manifest is not None:
            restore(manifest, self.store, self.wiring, self.specifications)
            self.number = self.durable = manifest.number
            self.state_files = list(manifest.files)
            self.statistics.resumed_from = manifest.number
        reach("restored")
        self.store.discard_after(self.number)
        position = None if manifest is None else manifest.ledger
        if self.ledger is not None and standby is None:
            self.ledger.open(position)
        for name, (sink, _) in self.sinks.items():
            sink.recover(None if manifest is None else manifest.sinks.get(name))
        entries = {} if manifest is None else manifest.sources
        for source in self.sources:
            source.open(entries.get(source.name), self.may_go_on)
        if self.opened is not None:
            self.opened()
        self.intake.start({name: entry["used"] for name, entry in entries.items()})
        self.may_write = self.ledger is None
        if self.ledger is not None:
            with without_collector():
                self._catch_up(self.ledger, position, standby)
        reach("caught-up")
        self.statistics.ended = manifest is not None and manifest.ended and not self.may_go_on
        self._schedule()
        if self.statistics.repeated:
            self.due_ns = 0  # what was done again is not to be done a third time

    def _catch_up(self, ledger: Ledger, position: Any, standby: Standby | None) -> None:
        work = CatchUp(ledger, self.intake, self.posted, lambda: self._hand_over(self.settings.block_bytes))
        if standby is not None:
            self.statistics.took_over = work.follow(position, standby, lambda: self.stop_asked)
        if standby is None or self.statistics.took_over:
            work.finish()
            self.may_write = True
        self.statistics.repeated = work.repeated
        self.has_moved = work.repeated > 0

    def run(self, progress: Callable[[int], None] | None = None) -> Statistics:
        """Run until every source has ended or `stop` is called. `progress` gets the records fed, each turn."""
        if not self.may_write:
            return self.statistics
        self.began_ns = self.settings.clock_ns()
        gc.collect()
        gc.freeze()
        gc.disable()
        interval_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        try:
            while not self.statistics.ended and not self.stop_asked:
                count = self.turn()
                self._hold_back()
                if progress is not None:
                    progress(count)
            self._finish()
        finally:
            sys.setswitchinterval(interval_s)
            gc.enable()
            gc.unfreeze()
        return self.statistics

    def _hold_back(self) -> None:
        rate = self.settings.records_per_s
        if rate:
            ahead_ns = self.statistics.records * 1_000_000_000 // rate - (self.settings.clock_ns() - self.began_ns)
            if ahead_ns > 0:
                time.sleep(ahead_ns / 1e9)

    def stop(self) -> None:
        """Ask the loop to take a last checkpoint and return."""
        self.stop_asked = True

    def close(self) -> None:
        if self.ledger is not None:
            self.ledger.close()
        for source in self.sources:
            source.source.close()
        for sink, _ in self.sinks.values():
            sink.close()

    def turn(self) -> int:
        """Feed up to `turn_records`, and do a share of what else there is to do. Returns the number of records fed."""
        began_ns = self.settings.clock_ns()
        turn = self.intake.take(self.settings.turn_records)
        if turn is None:
            self.statistics.ended = True
            return 0
        count = turn.records()
        self.statistics.records += count
        fed_ns = self.settings.clock_ns()
        if count or turn.idle:
            self.has_moved = True
            self._end_turn(turn)
        self._hand_over(self.settings.block_bytes)
        self._tend_checkpoint()
        done_ns = self.settings.clock_ns()
        if count:
            self.statistics.turn_ns.append((fed_ns - began_ns, count))
        self.statistics.stall_ns_max = max(self.statistics.stall_ns_max, done_ns - fed_ns)
        return count

    # Outputs

    def _end_turn(self, turn: Turn) -> None:
        """Give the ledger what the turn brought out."""
        if self.ledger is not None:
            posts = [outbox.take() for _, outbox in self.posted if outbox.values]
            totals = {channel.name: max(channel.total, outbox.visible) for channel, outbox in self.posted}
            self.ledger.end_turn(turn, posts, self.intake.marks, totals)

    def _hand_over(self, least_bytes: int) -> None:
        """Give to the sinks what each stream has gathered, if it is at least so much."""
        for channel in self.wiring.channels.values():
            if channel.buffered and len(channel.buffer) >= least_bytes:
                block = Block(channel.name, channel.handed_over, channel.buffered, channel.buffer.getvalue())
                channel.buffer.truncate(0)
                channel.handed_over += channel.buffered
                channel.buffered = 0
                for sink, streams in self.sinks.values():
                    if channel.name in streams:
                        self.worker.submit(partial(sink.write, block))

    # Checkpoints

    def _schedule(self) -> None:
        self.due_ns = self.settings.clock_ns() + self.settings.checkpoint_every_ns
        self.due_records = self.statistics.records + self.settings.checkpoint_every_records

    def _is_due(self) -> bool:
        if self.settings.checkpoint_every_records:
            return self.statistics.records >= self.due_records
        return self.settings.clock_ns() >= self.due_ns

    def _tend_checkpoint(self) -> None:
        if self.open_checkpoint is not None:
            self._slice()
        elif self.durable != self.number:
            self.worker.check()
        elif self._is_due():
            self._schedule()
            self._begin_checkpoint(ended=False)

    def _begin_checkpoint(self, ended: bool) -> None:
        self._hand_over(0)
        self.number += 1
        full = not self.state_files or len(self.state_files) > self.settings.incremental_max or self._is_overgrown()
        writer = self.store.state_writer(self.number, state_header(self.wiring), full)
        self.worker.submit(writer.begin)
        manifest = self._manifest(ended)
        if self.ledger is not None:
            self.ledger.mark(self.number)
        self.worker.submit(lambda: self._prepare(manifest))
        self.core.table.begin_snapshot(full)
        began_ns = self.slices.begin()
        self.open_checkpoint = _OpenCheckpoint(manifest, writer, full, self.core.table.pending_end, began_ns)
        self._slice()

    def _is_overgrown(self) -> bool:
        """The incremental files hold more than the full one: a new full one is cheaper to restore."""
        return sum(file.size for file in self.state_files[1:]) > max(self.state_files[0].size, 1 << 22)

    def _manifest(self, ended: bool) -> Manifest:
        return Manifest(
            number=self.number,
            written_at_ns=self.settings.wall_ns(),
            topology=self.wiring.topology,
            watermark_ns=self.core.watermark_ns,
            sources={source.name: self._source_entry(source) for source in self.sources},
            streams={name: channel.total for name, channel in self.wiring.channels.items()},
            operators={
                uid: {"records": node.records, "timers": node.timers, "late": node.late}
                for uid, node in self.wiring.nodes.items()
            },
            ended=ended,
        )

    def _source_entry(self, source: SourceLane) -> dict[str, Any]:
        partition = self.core.partitions[source.lane.number]
        own = {"top_ns": partition.top_ns, "records": partition.records, "idle": partition.idle}
        return {**source.entry(), **own, "specification": self.specifications.get(source.name, "")}

    def _slice(self) -> None:
        checkpoint = self.open_checkpoint
        assert checkpoint is not None
        table = self.core.table
        if self.settings.checkpoint_every_records:
            table.encode_slice(self.settings.slice_slots, SLICE_BYTES)
        else:
            self.slices.encode(self.settings.slice_slots)
        if not table.snapshot_open or len(table.snapshot) >= SLICE_BYTES:
            chunk = table.encoded()
            self.statistics.snapshot_bytes += len(chunk)
            checkpoint.size += len(chunk)
            self.worker.submit(lambda: checkpoint.writer.append(chunk))
        if not table.snapshot_open:
            pause_ns = checkpoint.size * 1_000_000_000 // self.settings.checkpoint_bytes_per_s
            self.due_ns = max(self.due_ns, checkpoint.began_ns + min(pause_ns, PAUSE_NS_MAX))
            self.open_checkpoint = None
            self.worker.submit(lambda: self._make_durable(checkpoint))

    def _prepare(self, manifest: Manifest) -> None:
        """On the worker, before any block of a later record: the sinks' positions at the checkpoint's instant."""
        manifest.sinks = {name: sink.prepare(manifest.number) for name, (sink, _) in self.sinks.items()}
        if self.ledger is not None:
            manifest.ledger = self.ledger.prepare(manifest.number)

    def _make_durable(self, checkpoint: _OpenCheckpoint) -> None:
        """On the worker: finish the state file, write the manifest, commit."""
        manifest = checkpoint.manifest
        file = checkpoint.writer.finish(checkpoint.slots)
        self.state_files = [file] if checkpoint.full else [*self.state_files, file]
        manifest.files = list(self.state_files)
        self.store.write(manifest)
        for sink, _ in self.sinks.values():
            sink.commit(manifest.number)
        self.store.clean()
        self.statistics.checkpoints += 1
        self.statistics.last_checkpoint = manifest.number
        self.durable = manifest.number

    def _finish(self) -> None:
        """The last checkpoint, after which nothing is left to be done."""
        self._complete()
        if self.has_moved or self.durable == 0:
            self._begin_checkpoint(ended=self.statistics.ended)
            self._complete()

    def _complete(self) -> None:
        """Finish the open checkpoint, and wait until all that was submitted is done."""
        while self.open_checkpoint is not None:
            self._slice()
        self.worker.drain()
