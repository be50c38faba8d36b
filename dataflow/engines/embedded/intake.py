"""Brings the records of sources to the core: in event-time order where inputs end, as they arrive where they do not.

Theory of operation. Each source has a lane: its current batch and how much of it was used. `OrderedIntake` always
feeds from the lane whose next record is earliest, and waits for a lane that has run dry: what comes out is a function
of the inputs alone. `ArrivalIntake` never waits for a lane: a turn takes what has come, in order among itself, and
what it took is told in a `Turn`, so that the same turn can be done again.
"""

from __future__ import annotations

import time
from typing import Any, Final, Protocol

from dataflow.engines.embedded.core import Core
from dataflow.engines.embedded.lanes import Lane, LaneHeap
from dataflow.ports import Arrivals, InputFault, Source, Turn

REPLAY_WAIT_S: Final = 30.0
"""How long records that were read before a restart may take to come again."""
ARRIVAL_WAIT_S = 0.05
"""How long a turn waits for records to arrive before the loop looks at checkpoints."""


class SourceLane:
    """One source, and the lane of the core that it keeps filled."""

    def __init__(self, name: str, lane: Lane, source: Source) -> None:
        self.name = name
        self.source = source
        self.lane = lane
        self.position: Any = None
        self.marks: list[int] = []
        self.ended = False

    def fill(self) -> None:
        """Read on where the batch is used up: afterwards there may be a next record, or an end, or nothing as yet."""
        lane = self.lane
        if not self.ended and lane.used == len(lane.records):
            batch = self.source.read()
            lane.used = lane.limit = 0
            lane.records = [] if batch is None else batch.records
            if batch is None:
                self.ended = True
                self.position, self.marks = (self.marks[-1] if self.marks else self.position), []
            else:
                self.position, self.marks = batch.position, batch.marks

    def settle(self) -> None:
        """Read on until there is a next record or an end."""
        self.fill()
        while not self.ended and not self.waiting():
            self.fill()

    def waiting(self) -> int:
        """Records that are there and not used."""
        return len(self.lane.records) - self.lane.used

    def mark(self) -> int | None:
        """How far the outside may take the source to be read."""
        return self.marks[self.lane.used - 1] if self.marks and self.lane.used else None

    def entry(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        mark = self.mark()
        position, used = (self.position, self.lane.used) if mark is None else (mark, 0)
        return {"position": position, "used": used, "ended": self.ended}

    def open(self, stored: dict[str, Any] | None, may_go_on: bool) -> None:
        """Start at the beginning, or where a checkpoint's entry says. Where it `may_go_on`, what had ended may have
        more now. Raises InputFault."""
        self.position = None if stored is None else stored["position"]
        self.source.open(self.position)
        self.ended = stored is not None and stored["ended"] and not may_go_on

    def skip(self, used: int) -> None:
        """Pass over the records that were used before the restart. Raises InputFault."""
        while not self.ended and used:
            self.fill()
            step = min(used, self.waiting())
            self.lane.used += step
            used -= step
        if used and self.position is not None:
            raise InputFault(f"source {self.name} gives other records than before the restart: was its input changed?")


class Intake(Protocol):
    """Feeds the core from sources."""

    marks: dict[str, int]
    """How far the sources that were read in the last turn may be taken to be read; see `dataflow.ports.Batch`."""

    def start(self, used: dict[str, int]) -> None:
        """Sources are open: pass over what was used of their first batches."""

    def take(self, most: int) -> Turn | None:
        """Feed up to so many records; None where every source has ended."""

    def repeat(self, turn: Turn) -> None:
        """Feed what an earlier run took in this turn."""


class OrderedIntake:
    """Takes records in the order of event time across all sources."""

    def __init__(self, core: Core, sources: list[SourceLane]) -> None:
        self.core = core
        self.sources = sources
        self.heap = LaneHeap([])
        self.marks: dict[str, int] = {}

    def start(self, used: dict[str, int]) -> None:
        for source in self.sources:
            source.skip(used.get(source.name, 0))
            source.lane.limit = source.lane.used
            source.settle()
        self.heap = LaneHeap([source.lane for source in self.sources if not source.ended])
        for source in self.sources:
            self._tell(source)

    def take(self, most: int) -> Turn | None:
        heap, room = self.heap, most
        if not heap.lanes:
            return None
        self.marks, taken = {}, dict[int, int]()
        while room and heap.lanes:
            room -= self.core.feed_earliest(heap, room)
            lane = heap.lanes[0]
            if lane.used == len(lane.records):
                self._note(self.sources[lane.number], taken)
                self._next_batch(self.sources[lane.number])
        for lane in heap.lanes:
            self._note(self.sources[lane.number], taken)
        return Turn(list(taken.items()))

    def repeat(self, turn: Turn) -> None:
        raise ValueError("what is read in the order of event time needs no record of its turns")

    def _note(self, source: SourceLane, taken: dict[int, int]) -> None:
        """What was taken from it since last noted: from `limit` on."""
        lane = source.lane
        if lane.used > lane.limit:
            taken[lane.number] = taken.get(lane.number, 0) + lane.used - lane.limit
            lane.limit = lane.used
            mark = source.mark()
            if mark is not None:
                self.marks[source.name] = mark

    def _next_batch(self, source: SourceLane) -> None:
        """The lane on top is used up: fill it, and tell the core what comes next in it."""
        source.settle()
        if source.ended:
            self.heap.pop()
        else:
            self.heap.moved()
        self._tell(source)

    def _tell(self, source: SourceLane) -> None:
        if source.ended:
            self.core.mark_idle(source.lane.number)
        else:
            self.core.promise(source.lane.number, source.lane.head_ns)


class ArrivalIntake:
    """Takes records as they arrive."""

    def __init__(self, core: Core, sources: list[SourceLane], arrivals: Arrivals, wait_s: float) -> None:
        self.core = core
        self.sources = sources
        self.arrivals = arrivals
        self.wait_s = wait_s
        """How long a turn waits for something to come."""
        self.numbers = {source.name: number for number, source in enumerate(sources)}
        self.ready: dict[int, None] = {}
        """Numbers of sources that may have records, the longest waiting first."""
        self.marks: dict[str, int] = {}

    def start(self, used: dict[str, int]) -> None:
        for source in self.sources:
            if source.ended:
                self.core.fall_silent(source.lane.number)

    def take(self, most: int) -> Turn | None:
        turn = Turn(idle=[self.numbers[name] for name in self.arrivals.fell_silent()])
        self._hear(0.0 if self.ready or turn.idle else self.wait_s)
        room = most
        for number in list(self.ready):
            if not room:
                break
            step = self._step(self.sources[number], room, turn)
            room -= step
        if not turn.taken and not turn.idle:
            return None if all(source.ended for source in self.sources) else turn
        self._feed(turn)
        return turn

    def _hear(self, timeout_s: float) -> None:
        for name in self.arrivals.wait(timeout_s):
            self.ready[self.numbers[name]] = None

    def repeat(self, turn: Turn) -> None:
        for number, count in turn.taken:
            self._gather(self.sources[number], count)
        self._feed(turn)

    def _step(self, source: SourceLane, room: int, turn: Turn) -> int:
        """Plan what to take of a source: no more than has come."""
        had_ended, number = source.ended, source.lane.number
        source.fill()
        step = min(room, source.waiting())
        if step:
            turn.taken.append((number, step))
        else:
            del self.ready[number]
        if source.ended and not had_ended:
            turn.idle.append(number)
        return step

    def _feed(self, turn: Turn) -> None:
        lanes: list[Lane] = []
        for number, count in turn.taken:
            lane = self.sources[number].lane
            lane.limit = lane.used + count
            lanes.append(lane)
        for number in turn.idle:
            self.core.fall_silent(number)
        self.core.feed_turn(lanes)
        self.marks = {}
        for number, _ in turn.taken:
            mark = self.sources[number].mark()
            if mark is not None:
                self.marks[self.sources[number].name] = mark

    def _gather(self, source: SourceLane, count: int) -> None:
        """Read until so many records are there. Raises InputFault where they do not come."""
        lane, deadline = source.lane, time.monotonic() + REPLAY_WAIT_S
        while source.waiting() < count:
            batch = source.source.read()
            if batch is None or time.monotonic() > deadline:
                raise InputFault(f"source {source.name} gives fewer records than before the restart: was it cut?")
            if batch.records:
                lane.records = lane.records[lane.used :] + batch.records
                source.marks = source.marks[lane.used :] + batch.marks
                lane.used = lane.limit = 0
            else:
                self._hear(0.1)


def open_intake(core: Core, sources: list[SourceLane], arrivals: Arrivals | None) -> Intake:
    """How a run takes its records: in the order of event time, or where there are arrivals as they come."""
    if arrivals is None:
        return OrderedIntake(core, sources)
    return ArrivalIntake(core, sources, arrivals, ARRIVAL_WAIT_S)
