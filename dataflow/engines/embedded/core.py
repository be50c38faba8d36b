"""The deterministic heart of the embedded engine: records in, operators called, encoded records and state out.

Theory of operation. The core reads no clock and does no I/O. It is fed records of one source partition at a time;
what happens depends only on the records and their order, never on how they were cut into batches:

- Each record is carried through the whole graph before the next one (first in, first out within one input), so a
  feedback edge is just an edge.
- The watermark moves before each record, by that record's own time: it is the least, over all partitions that are not
  idle, of the latest event time seen or promised, less the partition's out-of-orderness. Due timers fire in the order
  of (time, operator, key), and while a timer of time T fires the watermark reads T: what it emits is not late further
  down, however far the watermark jumped.
- A record of no time (NO_WATERMARK: a dead letter that cannot know one) moves nothing. It comes right after what stands
  before it in its partition, and takes the latest time there.
- Operators with the same key share a `Slot` per key value; `SlotTable` finds them and takes snapshots.

Invariant: state, timers and record counts at a snapshot are those after a whole number of input records.
Bound: one slot per key value, one timer entry per (operator, key, time).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from mypy_extensions import i64, u8

from dataflow.engines.embedded.channels import Channel, Node, Partition
from dataflow.engines.embedded.lanes import Lane, LaneHeap
from dataflow.engines.embedded.slot_format import timers_of, unpack
from dataflow.engines.embedded.slot_table import SlotTable
from dataflow.engines.embedded.slots import Slot, Space
from dataflow.engines.embedded.watermarks import Watermarks
from dataflow.model import (
    END_OF_TIME,
    NO_WATERMARK,
    Cell,
    Context,
    Record,
    derive_id,
    hash_text,
)

NEVER: Final[i64] = (1 << 62) + 1
EMITTED_KEPT: Final[i64] = 16
"""The list of emitted records is emptied once so many in it were carried."""
CARRIED: Final = Record()
"""Stands in it for one that was."""


class Core:
    """Runs operators over records. See the head of the file; `wiring` builds one from a graph."""

    def __init__(
        self,
        nodes: list[Node],
        spaces: list[Space],
        channels: list[Channel],
        partitions: list[Partition],
        late_letter: Callable[[Record, str, str, int], Record],
    ) -> None:
        self.nodes: list[Node] = nodes
        for number, node in enumerate(nodes):
            node.number = number
        self.spaces: list[Space] = spaces
        self.channels: list[Channel] = channels
        self.partitions: list[Partition] = partitions
        self.watermarks: Watermarks = Watermarks(len(partitions))
        self.late_letter: Callable[[Record, str, str, int], Record] = late_letter
        self.context: Context = Context()
        self.watermark_ns: i64 = NO_WATERMARK
        self.next_timer_ns: i64 = NEVER
        self.timers: list[tuple[int, int, str, Slot]] = []
        self.targets: list[Channel] = []
        """Channels of the records in `context.emitted`; longer than these where there have been more at once."""
        self.routed: i64 = 0
        """So many records of `context.emitted` have a channel."""
        self.carried: i64 = 0
        """So many of them have been put into it; all, where nothing is being carried."""
        self.table: SlotTable = SlotTable()

    # Feeding

    def feed_earliest(self, heap: LaneHeap, most: i64) -> i64:
        """Feed from several lanes in order, up to `most` records or until the lane on top of the heap is used up: it is
        left there, to be filled or taken away. Returns how many. Where it stops does not change the order."""
        count: i64 = 0
        while count < most and len(heap.lanes) > 0:
            lane = heap.lanes[0]
            start: i64 = lane.used
            end: i64 = min(len(lane.records), start + most - count)
            lane.used = lane.run_end(end, heap.rival())
            self.feed(lane.number, lane.records, start, lane.used)
            count += lane.used - start
            if lane.used == len(lane.records):
                return count
            heap.moved()
            self.promise(lane.number, lane.head_ns)
        return count

    def feed_turn(self, lanes: list[Lane]) -> i64:
        """Feed what has arrived: of each lane the records up to its limit, in order among them. Returns how many."""
        heap = LaneHeap(lanes)
        for lane in lanes:
            self.promise(lane.number, lane.head_ns)
        count: i64 = 0
        while len(heap.lanes) > 0:
            lane = heap.lanes[0]
            start: i64 = lane.used
            lane.used = lane.run_end(lane.limit, heap.rival())
            self.feed(lane.number, lane.records, start, lane.used)
            count += lane.used - start
            if lane.used == lane.limit:
                heap.pop()
            else:
                heap.moved()
                self.promise(lane.number, lane.head_ns)
        return count

    def feed(self, number: i64, records: list[Record], start: i64, end: i64) -> None:
        """Carry records[start:end] of one partition through the graph."""
        partition = self.partitions[number]
        delay_ns: i64 = partition.delay_ns
        top_ns: i64 = partition.top_ns
        others_ns: i64 = self.watermarks.least_of_others(number)
        without_time: i64 = 0
        index: i64 = start
        while index < end:
            record = records[index]
            index += 1
            channel = partition.channels[record.type_id()]
            if channel is None:
                raise ValueError(f"source {partition.name} brought a record of a type its stream does not hold")
            time_ns: i64 = record.event_time_ns
            if time_ns > top_ns:
                top_ns = time_ns
                watermark_ns: i64 = min(time_ns - delay_ns, others_ns)
                if watermark_ns > self.watermark_ns:
                    self.advance(watermark_ns)
            elif time_ns == NO_WATERMARK:
                record.event_time_ns = max(top_ns, 0)
                without_time += 1
            self.carry(record, channel)
        partition.records += end - start
        if top_ns > partition.top_ns or partition.idle:
            partition.top_ns = top_ns
            partition.idle = partition.idle and without_time == end - start
            self.watermarks.place(number, partition.watermark())

    def promise(self, number: i64, time_ns: i64) -> None:
        """Tell that the partition's next record is of this time: it no longer holds the watermark back before that."""
        partition = self.partitions[number]
        if time_ns > partition.top_ns:
            partition.top_ns = time_ns
        elif not partition.idle or time_ns == NO_WATERMARK:
            return
        partition.idle = False
        self.watermarks.place(number, partition.watermark())
        self.follow()

    def mark_idle(self, number: i64) -> None:
        """Take a partition that has ended out of the watermark; once all have, it is the end of time."""
        self.partitions[number].idle = True
        self.watermarks.place(number, END_OF_TIME)
        self.follow()

    def fall_silent(self, number: i64) -> None:
        """Take a partition that may bring more out of the watermark, until it is promised to. When all are silent,
        nothing is known of the time, and the watermark stays."""
        self.partitions[number].idle = True
        self.watermarks.place(number, END_OF_TIME)
        if self.watermarks.least() < END_OF_TIME:
            self.follow()

    def follow(self) -> None:
        """Move to the least of the partitions' watermarks, if that is later."""
        watermark_ns: i64 = self.watermarks.least()
        if watermark_ns > self.watermark_ns:
            self.advance(watermark_ns)

    def carry(self, record: Record, channel: Channel) -> None:
        """Put one record into a channel, and all that follows from it through the graph."""
        self.dispatch(record, channel)
        if self.carried < self.routed:
            self.drain()

    def drain(self) -> None:
        """Carry what operators have emitted, in order. The list is emptied now and then: each time takes longer."""
        emitted = self.context.emitted
        index: i64 = self.carried
        while index < self.routed:
            self.dispatch(emitted[index], self.targets[index])
            emitted[index] = CARRIED  # frees the record: the next of its type takes its place in memory
            index += 1
        if index >= EMITTED_KEPT:
            emitted.clear()
            index = 0
            self.routed = 0
        self.carried = index

    def dispatch(self, record: Record, channel: Channel) -> None:
        """Keep the record for the sinks and call the operators that read it."""
        channel.total += 1
        route = channel.routes[record.type_id()]
        branch: i64 = route.branch
        outbox = channel.outbox
        if outbox is not None:
            outbox.put(record, channel.total, branch)
        if channel.kept:
            if branch >= 0:
                channel.buffer.append(u8(branch << 1))
            record.encode_into(channel.buffer)
            channel.buffered += 1
        for node in route.readers:
            self.call(node, record)

    def call(self, node: Node, record: Record) -> None:
        slot = self.table.slot_of(node.space, record)
        cell = cell_of(slot, node)
        node.records += 1
        context = self.context
        context.key = slot.key
        context.watermark_ns = self.watermark_ns
        context.cell = cell
        context.salt = node.salt
        context.ordinal = 0
        context.cause_hi = record.event_id_hi
        context.cause_lo = record.event_id_lo
        context.cause_time_ns = record.event_time_ns
        node.operator.on_record(cell.state, record, context)
        self.collect(node, slot, cell)

    def collect(self, node: Node, slot: Slot, cell: Cell) -> None:
        """Carry out the effects that the operator recorded."""
        context = self.context
        if len(context.late) > 0:
            self.collect_late(node, slot)
        if self.routed < len(context.emitted):
            self.route(node)
        if len(context.new_timers) > 0 or len(context.deleted_timers) > 0:
            self.collect_timers(node, slot, cell)

    def route(self, node: Node) -> None:
        """Find the channels of what the operator has emitted."""
        emitted = self.context.emitted
        targets = self.targets
        index: i64 = self.routed
        while index < len(emitted):
            record = emitted[index]
            target = node.targets[record.type_id()]
            if target is None:
                name = type(record).__name__
                raise ValueError(f"operator {node.uid} emits a {name}, which none of its output streams holds")
            if index < len(targets):
                targets[index] = target
            else:
                targets.append(target)
            index += 1
        self.routed = index

    def collect_late(self, node: Node, slot: Slot) -> None:
        context = self.context
        for record in context.late:
            node.late += 1
            context.emit(self.late_letter(record, node.uid, slot.key, self.watermark_ns))
        context.late.clear()

    # Time

    def advance(self, watermark_ns: i64) -> None:
        """Move the watermark, firing the timers on the way."""
        while self.next_timer_ns <= watermark_ns:
            at_ns, number, _, slot = heapq.heappop(self.timers)
            self.next_timer_ns = self.timers[0][0] if len(self.timers) > 0 else NEVER
            self.watermark_ns = max(self.watermark_ns, at_ns)
            self.fire(self.nodes[number], slot, at_ns)
        self.watermark_ns = watermark_ns

    def fire(self, node: Node, slot: Slot, at_ns: i64) -> None:
        unpack(slot)
        cell = slot.cells[node.cell_number]
        if cell is None:
            return
        set_timers = cell.timers
        if set_timers is None or at_ns not in set_timers:
            return
        if slot.touched != self.table.epoch:
            self.table.touch(slot)
        set_timers.remove(at_ns)
        node.timers += 1
        context = self.context
        context.key = slot.key
        context.watermark_ns = self.watermark_ns
        context.cell = cell
        context.salt = node.salt
        context.ordinal = 0
        context.cause_hi = derive_id(node.timer_cause, hash_text(slot.key))
        context.cause_lo = at_ns & END_OF_TIME - 1
        context.cause_time_ns = at_ns
        node.operator.on_timer(cell.state, at_ns, context)
        self.collect(node, slot, cell)
        self.drain()

    def collect_timers(self, node: Node, slot: Slot, cell: Cell) -> None:
        context = self.context
        set_timers = cell.timers
        if set_timers is None:
            set_timers = []
            cell.timers = set_timers
        for at_ns in context.new_timers:
            if at_ns not in set_timers:
                set_timers.append(at_ns)
                self.push_timer(at_ns, node, slot)
        for at_ns in context.deleted_timers:
            if at_ns in set_timers:
                set_timers.remove(at_ns)
        context.new_timers.clear()
        context.deleted_timers.clear()

    def push_timer(self, at_ns: i64, node: Node, slot: Slot) -> None:
        heapq.heappush(self.timers, (at_ns, node.number, slot.key, slot))
        self.next_timer_ns = min(self.next_timer_ns, at_ns)

    def restored(self, watermark_ns: i64) -> None:
        """Finish a restore: rebuild the timers of what was loaded into the table, and what partitions let pass."""
        self.watermark_ns = watermark_ns
        for number, partition in enumerate(self.partitions):
            self.watermarks.place(number, partition.watermark())
        nodes = {(node.space.number, node.cell_number): node.number for node in self.nodes}
        self.timers = []
        for slot in self.table.slots:
            for cell_number, at_ns in timers_of(slot):
                self.timers.append((at_ns, nodes[slot.space.number, cell_number], slot.key, slot))
        heapq.heapify(self.timers)
        self.next_timer_ns = self.timers[0][0] if len(self.timers) > 0 else NEVER
        self.table.loaded()


def cell_of(slot: Slot, node: Node) -> Cell:
    cell = slot.cells[node.cell_number]
    if cell is None:
        cell = Cell(node.state_type.new())
        slot.cells[node.cell_number] = cell
    return cell
