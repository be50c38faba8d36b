"""The engine's inner loop of the interpreted mode: what `Core` does with a record in seven functions, done in one.

Theory of operation. Interpreted, a call costs more than most steps of the loop, so `carry` holds what `Core.drain`,
`dispatch`, `call`, `collect` and `route` do, and `emit` holds `derive_id`; compiled code has them apart, where the
compiler joins them. Both do the same steps in the same order. What happens seldom (a key's first record, late records,
timers) is left to the functions of `Core`. `dataflow.engines.embedded` puts these in place where the core is not
compiled.

Invariant: when `carry` returns, nothing is emitted that was not carried, and `routed` is 0.
"""

from __future__ import annotations

from dataflow import frames
from dataflow.engines.embedded import slot_format
from dataflow.engines.embedded.channels import Channel
from dataflow.engines.embedded.core import Core, cell_of
from dataflow.model import LANE, LANE_BITS, Context, Record


def carry(self: Core, record: Record, channel: Channel, index: int = 0) -> None:  # noqa: C901 - to be one is its point
    """`Core.carry` of this mode. `index`: of the record that comes next, among those emitted."""
    context, targets, table = self.context, self.targets, self.table
    emitted = context.emitted
    routed = self.routed
    context.watermark_ns = self.watermark_ns
    while True:
        channel.total += 1
        route = channel.routes[record.type_id()]
        if channel.outbox is not None:
            channel.outbox.put(record, channel.total, route.branch)
        if channel.kept:
            if route.branch >= 0:
                channel.buffer.append(route.branch << 1)
            record.encode_into(channel.buffer)
            channel.buffered += 1
        for node in route.readers:
            space = node.space
            slot = space.slots.get(record.key(space.first)) if space.second < 0 else None
            if slot is None or slot.touched != table.epoch:
                slot = table.slot_of(space, record)
            cell = slot.cells[node.cell_number] or cell_of(slot, node)
            node.records += 1
            context.key = slot.key
            context.cell = cell
            context.salt = node.salt
            context.ordinal = 0
            context.cause_hi = record.event_id_hi
            context.cause_lo = record.event_id_lo
            context.cause_time_ns = record.event_time_ns
            node.operator.on_record(cell.state, record, context)
            if context.late:
                self.collect_late(node, slot)
            if routed < len(emitted):
                for made in emitted[routed:]:
                    target = node.targets[made.type_id()]
                    if target is None:
                        name = type(made).__name__
                        raise ValueError(f"operator {node.uid} emits a {name}, which none of its output streams holds")
                    targets.append(target)
                routed = len(emitted)
            if context.new_timers or context.deleted_timers:
                self.collect_timers(node, slot, cell)
        if index == routed:
            break
        record, channel = emitted[index], targets[index]
        index += 1
    emitted.clear()
    targets.clear()
    self.routed = 0


def drain(self: Core) -> None:
    """`Core.drain` of this mode: carry what a timer has emitted."""
    if self.routed:
        carry(self, self.context.emitted[0], self.targets[0], 1)


def emit(self: Context, record: Record) -> None:
    """`Context.emit` of this mode."""
    cell = self.cell
    assert cell is not None
    self.ordinal = ordinal = self.ordinal + 1
    record.event_id_hi = record.cause_id_hi = self.cause_hi
    record.cause_id_lo = parent = self.cause_lo
    lane = LANE
    mixed = parent ^ self.salt + ordinal
    low = mixed & lane
    high = mixed >> LANE_BITS & lane
    high ^= (low ^ low >> 15) * 0x2C1B3C6D & lane
    low ^= (high ^ high >> 14) * 0x297A2D39 & lane
    high ^= (low ^ low >> 16) * 0x45D9F3B & lane
    low ^= (high ^ high >> 13) * 0x5BD1E995 & lane
    record.event_id_lo = high << LANE_BITS | low
    cell.sequence = record.sequence = cell.sequence + 1
    if record.event_time_ns == 0:
        record.event_time_ns = self.cause_time_ns
    self.emitted.append(record)


def take_over() -> None:
    """Make these the functions of `Core` and `Context`, and what converts to machine words do nothing quickly."""
    for function in (carry, drain):
        setattr(Core, function.__name__, function)
    setattr(Context, "emit", emit)  # noqa: B010 - mypy refuses an assignment to a method
    for module, words in ((frames, ("i64",)), (slot_format, ("i64", "i32", "u8"))):
        for word in words:
            setattr(module, word, int)
