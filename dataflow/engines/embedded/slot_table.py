"""All slots of one engine, found by key, and snapshots of them while they go on changing.

Theory of operation. A snapshot begins by counting the epoch up. A slot remembers the epoch in which it was last touched
and the one in which it was last saved. `slice` saves those still to be saved, some at a time; a slot that is about to
change before its turn is saved first (copy on write), so all are saved as they were when the snapshot began.

What was loaded is decoded when it is first needed: a run begins before it has decoded all of a large state.
"""

from __future__ import annotations

from typing import Final

from librt.strings import BytesWriter, read_i32_be
from mypy_extensions import i64

from dataflow.engines.embedded.slot_format import can_wait, load_cells, save_slot, unpack
from dataflow.engines.embedded.slots import KEY_SEPARATOR, Slot, Space, StoredCells, StoredSpace
from dataflow.model import Record

SLICE_BYTES: Final[i64] = 262_144
"""A slice of a snapshot ends once so much is encoded: few large states stop the loop no longer than many small ones. So
much, or the rest, goes to the state file at once."""


class SlotTable:
    """The slots of all spaces."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.dirty: list[Slot] = []
        self.epoch: i64 = 1
        self.pending: list[Slot] = []
        self.pending_next: i64 = 0
        self.pending_end: i64 = 0
        self.snapshot_full: bool = False
        self.snapshot_open: bool = False
        self.snapshot: BytesWriter = BytesWriter()

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

    def touch(self, slot: Slot) -> None:
        """Note that a slot is about to change; if the open snapshot still needs it, encode it first."""
        unpack(slot)
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
        """Encode up to so many of the slots still to be saved (fewer where they are large) and return what there is;
        `snapshot_open` tells if more is to come."""
        self.encode_slice(slots, SLICE_BYTES)
        return self.encoded()

    def encode_slice(self, slots: i64, least_bytes: i64) -> None:
        """Encode up to so many of the slots still to be saved, fewer where so many bytes are reached."""
        goal: i64 = len(self.snapshot) + least_bytes
        end: i64 = min(self.pending_next + slots, self.pending_end)
        index: i64 = self.pending_next
        pending = self.pending
        while index < end and len(self.snapshot) < goal:
            slot = pending[index]
            if slot.saved != self.epoch:
                self.save(slot)
            index += 1
        self.pending_next = index
        if index == self.pending_end:
            self.snapshot_open = False
            self.pending = []

    def encoded(self) -> bytes:
        """What was encoded since the last call."""
        chunk = self.snapshot.getvalue()
        self.snapshot.truncate(0)
        return chunk

    def unpacked(self) -> list[Slot]:
        """All slots, with their cells."""
        for slot in self.slots:
            unpack(slot)
        return self.slots

    def save(self, slot: Slot) -> None:
        unpack(slot)
        slot.saved = self.epoch
        save_slot(self.snapshot, slot, self.snapshot_full)

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
                self.load_slot(self.slot_by_key(space, key), StoredCells(chunk, position + 12 + size, end, stored))
                count += 1
            position = end
        return count

    def load_slot(self, slot: Slot, stored: StoredCells) -> None:
        """A later file's cells take the place of an earlier one's, or go on from them."""
        if can_wait(stored):
            slot.stored = stored
            return
        unpack(slot)
        load_cells(slot, stored)

    def loaded(self) -> None:
        """Take all that was loaded as saved."""
        self.epoch += 1
        for slot in self.slots:
            slot.saved = self.epoch - 1
            slot.touched = self.epoch - 2
        self.dirty = []
