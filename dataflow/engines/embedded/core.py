"""The deterministic heart of the embedded engine: records in, operators called, encoded records and state out.

Theory of operation. The core reads no clock and does no I/O. It is fed records of one source partition at a time;
what happens depends only on the records and their order, never on how they were cut into batches:

- Each record is carried through the whole graph before the next one (first in, first out within one input), so a
  feedback edge is just an edge.
- The watermark moves before each record, by that record's own time: it is the least, over all partitions that are not
  idle, of the latest event time seen or promised, less the partition's out-of-orderness. Due timers fire in the order
  of (time, operator, key), and while a timer of time T fires the watermark reads T: what it emits is not late further
  down, however far the watermark jumped.
- Operators with the same key share a `Slot` per key value. A slot is marked when touched; a snapshot encodes the
  marked slots in slices between batches, and a slot that is about to change before its turn is encoded first (copy on
  write). So a snapshot is of one instant, and the loop never waits for it.

Invariant: state, timers and record counts at a snapshot are those after a whole number of input records.
Bound: one slot per key value, one timer entry per (operator, key, time).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, Final

from librt.strings import BytesWriter, read_i32_be, read_i64_be, write_i32_be, write_i64_be
from mypy_extensions import i32, i64, u8

from dataflow.model import (
    END_OF_TIME,
    NO_WATERMARK,
    Cell,
    Context,
    KeyedOperator,
    Record,
    StateType,
    derive_id,
    hash_text,
)

KEY_SEPARATOR: Final = "\x1f"
NEVER: Final[i64] = (1 << 62) + 1


class Slot:
    """All that one key value has: a cell for each operator with this key. `key` joins composite keys by U+001F."""

    __slots__ = ("cells", "key", "saved", "space", "touched")

    def __init__(self, key: str, space: Space, epoch: i64) -> None:
        self.key: str = key
        self.space: Space = space
        self.cells: list[Cell | None] = [None] * space.width
        self.touched: i64 = epoch
        self.saved: i64 = epoch


class Space:
    """The slots of one key: `fields` are one or two numbers of key fields."""

    def __init__(self, number: i64, fields: list[int]) -> None:
        self.number: i64 = number
        self.first: i64 = fields[0]
        self.second: i64 = fields[1] if len(fields) > 1 else -1
        self.width: i64 = 0
        self.slots: dict[str, Slot] = {}
        self.nested: dict[str, dict[str, Slot]] = {}
        self.last_key: str = ""
        self.last: Slot | None = None


class Channel:
    """A stream inside the engine: who reads it, and the encoded records not yet handed to the sinks."""

    def __init__(self, name: str, types: i64, kept: bool) -> None:
        self.name: str = name
        self.kept: bool = kept
        self.branches: list[int] = [-1] * types
        """Union branch of each record type, or -1 where the stream has just one type."""
        self.routes: list[list[Node]] = [[] for _ in range(types)]
        self.buffer: BytesWriter = BytesWriter()
        self.buffered: i64 = 0
        self.total: i64 = 0
        """Records ever put into the stream."""
        self.handed_over: i64 = 0
        """Records already handed to the sinks."""


class Node:
    """One operator in its place in the engine."""

    def __init__(self, uid: str, operator: KeyedOperator[Any], state_type: StateType, space: Space) -> None:
        self.uid: str = uid
        self.number: i64 = 0
        """Index among the nodes: the order in which timers of one instant fire."""
        self.operator: KeyedOperator[Any] = operator
        self.state_type: StateType = state_type
        self.space: Space = space
        self.cell_number: i64 = space.width
        space.width += 1
        self.salt: i64 = hash_text(uid) & ~0xFFFF
        self.timer_cause: i64 = hash_text(uid)
        self.targets: list[Channel | None] = []
        """Output channel of each record type."""
        self.records: i64 = 0
        self.timers: i64 = 0
        self.late: i64 = 0


class Partition:
    """A source partition as the watermark sees it."""

    def __init__(self, name: str, channels: list[Channel | None], delay_ns: i64) -> None:
        self.name: str = name
        self.channels: list[Channel | None] = channels
        """Channel of each record type it may bring: its stream, and dead letters."""
        self.delay_ns: i64 = delay_ns
        self.top_ns: i64 = NO_WATERMARK
        self.idle: bool = False
        self.records: i64 = 0


class Lane:
    """The records of one partition that wait to be fed: those of `records` from `used` on, none where `ended`."""

    def __init__(self, number: i64) -> None:
        self.number: i64 = number
        self.records: list[Record] = []
        self.used: i64 = 0
        self.ended: bool = False

    def next_ns(self) -> i64:
        """Event time of the next record."""
        return END_OF_TIME if self.ended else self.records[self.used].event_time_ns


class StoredSpace:
    """How the numbers in a state file map to this core: its space, and per stored cell number the cell number here (-1
    where the operator is gone) and the type to decode it with."""

    def __init__(self, space: Space | None, cells: list[int], types: list[StateType]) -> None:
        self.space: Space | None = space
        self.cells: list[int] = cells
        self.types: list[StateType] = types


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
        self.late_letter: Callable[[Record, str, str, int], Record] = late_letter
        self.context: Context = Context()
        self.watermark_ns: i64 = NO_WATERMARK
        self.next_timer_ns: i64 = NEVER
        self.timers: list[tuple[int, int, str, Slot]] = []
        self.queue: list[Record] = []
        self.queue_channels: list[Channel] = []
        self.slots: list[Slot] = []
        self.dirty: list[Slot] = []
        self.epoch: i64 = 1
        self.pending: list[Slot] = []
        self.pending_next: i64 = 0
        self.pending_end: i64 = 0
        self.snapshot_full: bool = False
        self.snapshot_open: bool = False
        self.snapshot: BytesWriter = BytesWriter()
        self.current: Node | None = None
        self.current_key: str = ""

    # Feeding

    def feed_earliest(self, lanes: list[Lane], most: i64) -> i64:
        """Feed from several lanes in the order of event time (the earlier lane where equal), up to `most` records or
        until a lane is used up. Returns how many. Where it stops does not change the order."""
        count: i64 = 0
        while count < most:
            lane = earliest(lanes)
            if lane.ended:
                return count
            end: i64 = min(len(lane.records), lane.used + most - count)
            start: i64 = lane.used
            lane.used = run_end(lane.records, start, end, turn_of(lanes, lane))
            self.feed(lane.number, lane.records, start, lane.used)
            count += lane.used - start
            if lane.used == len(lane.records):
                return count
            self.promise(lane.number, lane.next_ns())
        return count

    def feed(self, number: i64, records: list[Record], start: i64, end: i64) -> None:
        """Carry records[start:end] of one partition through the graph."""
        partition = self.partitions[number]
        delay_ns: i64 = partition.delay_ns
        top_ns: i64 = partition.top_ns
        others_ns: i64 = self.others_watermark(number)
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
            self.carry(record, channel)
        partition.top_ns = top_ns
        partition.records += end - start

    def others_watermark(self, number: i64) -> i64:
        """The watermark as far as the other partitions let it come."""
        least: i64 = END_OF_TIME
        for index, partition in enumerate(self.partitions):
            if index != number and not partition.idle:
                own: i64 = NO_WATERMARK
                if partition.top_ns != NO_WATERMARK:
                    own = partition.top_ns - partition.delay_ns
                least = min(least, own)
        return least

    def promise(self, number: i64, time_ns: i64) -> None:
        """Tell that the partition's next record is of this time: it no longer holds the watermark back before that."""
        partition = self.partitions[number]
        partition.idle = False
        if time_ns > partition.top_ns:
            partition.top_ns = time_ns
            self.recompute()

    def mark_idle(self, number: i64) -> None:
        """Take a partition that has ended or fallen silent out of the watermark, until it is fed again."""
        self.partitions[number].idle = True
        self.recompute()

    def recompute(self) -> None:
        watermark_ns = self.others_watermark(-1)
        if watermark_ns > self.watermark_ns:
            self.advance(watermark_ns)

    def carry(self, record: Record, channel: Channel) -> None:
        """Put one record into a channel, and all that follows from it through the graph."""
        self.dispatch(record, channel)
        if len(self.queue) > 0:
            self.drain()

    def drain(self) -> None:
        queue = self.queue
        channels = self.queue_channels
        index: i64 = 0
        while index < len(queue):
            self.dispatch(queue[index], channels[index])
            index += 1
        queue.clear()
        channels.clear()

    def dispatch(self, record: Record, channel: Channel) -> None:
        """Keep the record for the sinks and call the operators that read it."""
        number: i64 = record.type_id()
        channel.total += 1
        if channel.kept:
            branch: i64 = channel.branches[number]
            if branch >= 0:
                channel.buffer.append(u8(branch << 1))
            record.encode_into(channel.buffer)
            channel.buffered += 1
        for node in channel.routes[number]:
            self.call(node, record)

    def call(self, node: Node, record: Record) -> None:
        slot = self.slot_of(node.space, record)
        cell = self.cell_of(slot, node)
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
        self.current = node
        node.operator.on_record(cell.state, record, context)
        self.collect(node, slot, cell)

    def collect(self, node: Node, slot: Slot, cell: Cell) -> None:
        """Carry out the effects that the operator recorded."""
        context = self.context
        if len(context.late) > 0:
            self.collect_late(node, slot)
        emitted = context.emitted
        if len(emitted) > 0:
            for record in emitted:
                target = node.targets[record.type_id()]
                if target is None:
                    name = type(record).__name__
                    raise ValueError(f"operator {node.uid} emits a {name}, which none of its output streams holds")
                self.queue.append(record)
                self.queue_channels.append(target)
            emitted.clear()
        if len(context.new_timers) > 0 or len(context.deleted_timers) > 0:
            self.collect_timers(node, slot, cell)

    def collect_late(self, node: Node, slot: Slot) -> None:
        context = self.context
        for record in context.late:
            node.late += 1
            context.emit(self.late_letter(record, node.uid, slot.key, self.watermark_ns))
        context.late.clear()

    # Keys

    def slot_of(self, space: Space, record: Record) -> Slot:
        key = record.key(space.first)
        if space.second >= 0:
            return self.nested_slot(space, key, record.key(space.second))
        slot = space.last
        if slot is None or key is not space.last_key:
            slot = space.slots.get(key)
            if slot is None:
                slot = self.new_slot(space, key)
                space.slots[key] = slot
            space.last_key = key
            space.last = slot
        if slot.touched != self.epoch:
            self.touch(slot)
        return slot

    def nested_slot(self, space: Space, first: str, second: str) -> Slot:
        table = space.nested.get(first)
        if table is None:
            table = {}
            space.nested[first] = table
        slot = table.get(second)
        if slot is None:
            slot = self.new_slot(space, first + KEY_SEPARATOR + second)
            table[second] = slot
        if slot.touched != self.epoch:
            self.touch(slot)
        return slot

    def new_slot(self, space: Space, key: str) -> Slot:
        slot = Slot(key, space, self.epoch)
        self.slots.append(slot)
        self.dirty.append(slot)
        return slot

    def slot_by_key(self, space: Space, key: str) -> Slot:
        """The slot of a joined key, made if need be."""
        table = space.slots
        own = key
        if space.second >= 0:
            first, _, own = key.partition(KEY_SEPARATOR)
            table = space.nested.setdefault(first, {})
        slot = table.get(own)
        if slot is None:
            slot = self.new_slot(space, key)
            table[own] = slot
        return slot

    def cell_of(self, slot: Slot, node: Node) -> Cell:
        cell = slot.cells[node.cell_number]
        if cell is None:
            cell = Cell(node.state_type.new())
            slot.cells[node.cell_number] = cell
        return cell

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
        cell = slot.cells[node.cell_number]
        if cell is None:
            return
        set_timers = cell.timers
        if set_timers is None or at_ns not in set_timers:
            return
        if slot.touched != self.epoch:
            self.touch(slot)
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
        self.current = node
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

    # Snapshots

    def touch(self, slot: Slot) -> None:
        """Note that a slot is about to change; if the open snapshot still needs it, encode it first."""
        if self.snapshot_open and slot.saved != self.epoch and (self.snapshot_full or slot.touched == self.epoch - 1):
            self.save(slot)
        slot.touched = self.epoch
        self.dirty.append(slot)

    def begin_snapshot(self, full: bool) -> None:
        """Fix the instant of a snapshot: all slots, or those touched since the last one."""
        if self.snapshot_open:
            raise ValueError("a snapshot is still open")
        self.epoch += 1
        self.snapshot_open = True
        self.snapshot_full = full
        self.pending = self.slots if full else self.dirty
        self.pending_next = 0
        self.pending_end = len(self.pending)
        self.dirty = []

    def snapshot_slice(self, slots: i64) -> bytes:
        """Encode up to so many of the slots still to be saved, and return what there is; `snapshot_open` tells if more
        is to come."""
        end: i64 = min(self.pending_next + slots, self.pending_end)
        index: i64 = self.pending_next
        pending = self.pending
        while index < end:
            slot = pending[index]
            if slot.saved != self.epoch:
                self.save(slot)
            index += 1
        self.pending_next = index
        if index == self.pending_end:
            self.snapshot_open = False
            self.pending = []
        chunk = self.snapshot.getvalue()
        self.snapshot.truncate(0)
        return chunk

    def save(self, slot: Slot) -> None:
        slot.saved = self.epoch
        writer = self.snapshot
        start: i64 = len(writer)
        write_i32_be(writer, 0)
        key = slot.key.encode()
        write_i32_be(writer, i32(slot.space.number))
        write_i32_be(writer, i32(len(key)))
        writer.write(key)
        for number, cell in enumerate(slot.cells):
            if cell is not None:
                save_cell(writer, number, cell)
        patch_size(writer, start)

    def load(self, chunk: bytes, spaces: list[StoredSpace]) -> i64:
        """Restore the slots of one chunk, whose space numbers are indices into `spaces`. Returns how many they were."""
        position: i64 = 0
        count: i64 = 0
        while position < len(chunk):
            end: i64 = position + 4 + i64(read_i32_be(chunk, position))
            stored = spaces[i64(read_i32_be(chunk, position + 4))]
            size: i64 = i64(read_i32_be(chunk, position + 8))
            key = chunk[position + 12 : position + 12 + size].decode()
            space = stored.space
            if space is not None:
                load_cells(self.slot_by_key(space, key), chunk, position + 12 + size, end, stored)
                count += 1
            position = end
        return count

    def restored(self, watermark_ns: i64) -> None:
        """Finish a restore: rebuild the timers, and take what was loaded as saved."""
        self.watermark_ns = watermark_ns
        self.timers = []
        for node in self.nodes:
            for slot in self.slots:
                if slot.space is node.space:
                    cell = slot.cells[node.cell_number]
                    if cell is not None and cell.timers is not None:
                        for at_ns in cell.timers:
                            self.timers.append((at_ns, node.number, slot.key, slot))
        heapq.heapify(self.timers)
        self.next_timer_ns = self.timers[0][0] if len(self.timers) > 0 else NEVER
        self.epoch += 1
        for slot in self.slots:
            slot.saved = self.epoch - 1
            slot.touched = self.epoch - 2
        self.dirty = []


def save_cell(writer: BytesWriter, number: i64, cell: Cell) -> None:
    start: i64 = len(writer)
    write_i32_be(writer, 0)
    write_i32_be(writer, i32(number))
    write_i64_be(writer, cell.sequence)
    timers = cell.timers
    write_i32_be(writer, i32(len(timers)) if timers is not None else 0)
    if timers is not None:
        for at_ns in timers:
            write_i64_be(writer, at_ns)
    cell.state.encode_into(writer)
    patch_size(writer, start)


def patch_size(writer: BytesWriter, start: i64) -> None:
    """Fill the four bytes at `start` with the number of bytes that follow them."""
    size: i64 = len(writer) - start - 4
    writer[start] = u8((size >> 24) & 0xFF)
    writer[start + 1] = u8((size >> 16) & 0xFF)
    writer[start + 2] = u8((size >> 8) & 0xFF)
    writer[start + 3] = u8(size & 0xFF)


def load_cells(slot: Slot, chunk: bytes, start: i64, end: i64, stored: StoredSpace) -> None:
    position: i64 = start
    while position < end:
        size: i64 = i64(read_i32_be(chunk, position))
        number: i64 = i64(read_i32_be(chunk, position + 4))
        own: i64 = stored.cells[number]
        timers: i64 = i64(read_i32_be(chunk, position + 16))
        if own >= 0:
            cell = Cell(stored.types[number].decode(chunk, position + 20 + 8 * timers))
            cell.sequence = read_i64_be(chunk, position + 8)
            if timers > 0:
                cell.timers = [read_i64_be(chunk, position + 20 + 8 * index) for index in range(timers)]
            slot.cells[own] = cell
        position += 4 + size


def earliest(lanes: list[Lane]) -> Lane:
    """The lane whose next record comes first."""
    best = lanes[0]
    best_ns: i64 = best.next_ns()
    for lane in lanes:
        next_ns = lane.next_ns()
        if next_ns < best_ns:
            best = lane
            best_ns = next_ns
    return best


def turn_of(lanes: list[Lane], own: Lane) -> i64:
    """Last event time up to which it is this lane's turn, as the other lanes stand."""
    until_ns: i64 = END_OF_TIME
    before = True
    for lane in lanes:
        if lane is own:
            before = False
        else:
            limit_ns: i64 = lane.next_ns() - 1 if before else lane.next_ns()
            until_ns = min(until_ns, limit_ns)
    return until_ns


def run_end(records: list[Record], start: i64, end: i64, until_ns: i64) -> i64:
    """Index of the first record after `start` that is later than `until_ns`, or `end`."""
    index: i64 = start + 1
    while index < end and records[index].event_time_ns <= until_ns:
        index += 1
    return index
