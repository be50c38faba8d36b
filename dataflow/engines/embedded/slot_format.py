"""How a slot stands in a state file: its space, its key, and each of its cells with sequence, timers and state.

A cell of an incremental file tells of each map of its state that only grows how many entries earlier files hold; its
state then holds only the others. All numbers are big endian; every slot and cell is preceded by its length in bytes, so
that a reader that does not know an operator's state passes over it. `offline` reads the same layout.
"""

from __future__ import annotations

from librt.strings import BytesWriter, read_i32_be, read_i64_be, write_i32_be, write_i64_be
from mypy_extensions import i32, i64, u8

from dataflow.engines.embedded.slots import Slot, StoredCells
from dataflow.model import Cell, GrowingMap


def save_slot(writer: BytesWriter, slot: Slot, whole: bool) -> None:
    """Append the slot: all of it, or of maps that only grow what has come since it was last saved."""
    start: i64 = len(writer)
    write_i32_be(writer, 0)
    key = slot.key.encode()
    write_i32_be(writer, i32(slot.space.number))
    write_i32_be(writer, i32(len(key)))
    writer.write(key)
    for number, cell in enumerate(slot.cells):
        if cell is not None:
            save_cell(writer, number, cell, whole)
    patch_size(writer, start)


def save_cell(writer: BytesWriter, number: i64, cell: Cell, whole: bool) -> None:
    start: i64 = len(writer)
    write_i32_be(writer, 0)
    write_i32_be(writer, i32(number))
    write_i64_be(writer, cell.sequence)
    timers = cell.timers
    write_i32_be(writer, i32(len(timers)) if timers is not None else 0)
    if timers is not None:
        for at_ns in timers:
            write_i64_be(writer, at_ns)
    maps = cell.state.growing_maps()
    write_i32_be(writer, 0 if whole else i32(len(maps)))
    if not whole:
        for growing in maps:
            write_i64_be(writer, growing.kept)
            growing.brief = True
    cell.state.encode_into(writer)
    for growing in maps:
        growing.saved(whole)
    patch_size(writer, start)


def patch_size(writer: BytesWriter, start: i64) -> None:
    """Fill the four bytes at `start` with the number of bytes that follow them."""
    size: i64 = len(writer) - start - 4
    writer[start] = u8((size >> 24) & 0xFF)
    writer[start + 1] = u8((size >> 16) & 0xFF)
    writer[start + 2] = u8((size >> 8) & 0xFF)
    writer[start + 3] = u8(size & 0xFF)


def unpack(slot: Slot) -> None:
    """Decode the cells that it has stored, if it has any."""
    stored = slot.stored
    if stored is not None:
        slot.stored = None
        load_cells(slot, stored)


def load_cells(slot: Slot, stored: StoredCells) -> None:
    space, chunk = stored.space, stored.chunk
    position: i64 = stored.start
    while position < stored.end:
        size: i64 = i64(read_i32_be(chunk, position))
        number: i64 = i64(read_i32_be(chunk, position + 4))
        own: i64 = space.cells[number]
        if own >= 0:
            timers = numbers_at(chunk, position + 16)
            after: i64 = position + 20 + 8 * len(timers)
            counts = numbers_at(chunk, after)
            cell = Cell(space.types[number].decode(chunk, after + 4 + 8 * len(counts)))
            if len(counts) > 0:
                rejoin(cell, slot.cells[own], counts, space.maps[number])
            cell.sequence = read_i64_be(chunk, position + 8)
            if len(timers) > 0:
                cell.timers = timers
            slot.cells[own] = cell
        position += 4 + size


def numbers_at(chunk: bytes, position: i64) -> list[int]:
    """Those behind their count."""
    count: i64 = i64(read_i32_be(chunk, position))
    return [read_i64_be(chunk, position + 4 + 8 * index) for index in range(count)]


def can_wait(stored: StoredCells) -> bool:
    """Nothing of earlier files, nor another schema, is needed to decode these: that may be done later."""
    chunk = stored.chunk
    position: i64 = stored.start
    while position < stored.end:
        if not stored.space.is_current[i64(read_i32_be(chunk, position + 4))]:
            return False
        after: i64 = position + 20 + 8 * i64(read_i32_be(chunk, position + 16))
        for index in range(i64(read_i32_be(chunk, after))):
            if read_i64_be(chunk, after + 4 + 8 * index) > 0:
                return False
        position += 4 + i64(read_i32_be(chunk, position))
    return True


def timers_of(slot: Slot) -> list[tuple[int, int]]:
    """(cell number, time) of each timer that is set, whether the cells are decoded or not."""
    if slot.stored is not None:
        return stored_timers(slot.stored)
    found: list[tuple[int, int]] = []
    for number, cell in enumerate(slot.cells):
        if cell is not None and cell.timers is not None:
            found += [(number, at_ns) for at_ns in cell.timers]
    return found


def stored_timers(stored: StoredCells) -> list[tuple[int, int]]:
    """The same of cells that are not decoded."""
    chunk = stored.chunk
    found: list[tuple[int, int]] = []
    position: i64 = stored.start
    while position < stored.end:
        own: i64 = stored.space.cells[i64(read_i32_be(chunk, position + 4))]
        if own >= 0:
            found += [(own, at_ns) for at_ns in numbers_at(chunk, position + 16)]
        position += 4 + i64(read_i32_be(chunk, position))
    return found


def rejoin(cell: Cell, earlier: Cell | None, counts: list[int], places: list[int]) -> None:
    """Put before the entries of each growing map those that earlier files hold. `places` are the maps' indices now."""
    for count, place in zip(counts, places, strict=True):
        if count > 0 and place >= 0:
            before = GrowingMap() if earlier is None else earlier.state.growing_maps()[place]
            known = len(before.entries)
            if known != count:
                raise ValueError(f"a state file continues a map of {count} entries, of which {known} are there")
            cell.state.growing_maps()[place].follow(before)
