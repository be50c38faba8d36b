"""Reads the state inside checkpoints without running anything: every operator, every key, as plain values."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import fastavro

from dataflow.engines.embedded.checkpoints import CheckpointStore, Manifest
from dataflow.engines.embedded.restore import growing_fields


@dataclass(frozen=True)
class StoredCell:
    """The state of one operator for one key."""

    uid: str
    key: str
    """Composite keys are joined by U+001F."""
    sequence: int
    """Events it has emitted."""
    timers: tuple[int, ...]
    state: dict[str, Any]


def stored_cells(
    store: CheckpointStore, manifest: Manifest, uid: str | None = None, key: str | None = None
) -> Iterator[StoredCell]:
    """The cells of a checkpoint, ordered by operator and key, of one operator or key where given."""
    stored: dict[tuple[str, str], list[tuple[str, bytes]]] = {}
    for file in manifest.files:
        header, chunks = store.chunks(file)
        for chunk in chunks:
            for space, slot_key, number, data in _split_chunk(chunk):
                entry = header["spaces"][space][number]
                if uid in (None, entry["uid"]) and key in (None, slot_key):
                    cells = stored.setdefault((entry["uid"], slot_key), [])
                    if not any(_kept(data)):
                        cells.clear()
                    cells.append((entry["schema"], data))
    for (cell_uid, cell_key), cells in sorted(stored.items()):
        yield _joined([_cell(cell_uid, cell_key, schema, data) for schema, data in cells], cells)


def _joined(read: list[StoredCell], cells: list[tuple[str, bytes]]) -> StoredCell:
    """The last of the cells, its growing maps with what the cells before it hold."""
    joined = read[0]
    for cell, (schema, data) in zip(read[1:], cells[1:], strict=True):
        for name, kept in zip(growing_fields(schema), _kept(data), strict=True):
            if kept:
                cell.state[name] = joined.state[name] | cell.state[name]
        joined = cell
    return joined


def _cell(uid: str, key: str, schema: str, data: bytes) -> StoredCell:
    count = _integer(data, 8, 4)
    timers = tuple(_integer(data, 12 + 8 * index, 8) for index in range(count))
    start = 16 + 8 * count + 8 * len(_kept(data))
    state = fastavro.schemaless_reader(io.BytesIO(data[start:]), _parsed(schema), None)
    assert isinstance(state, dict)
    return StoredCell(uid, key, _integer(data, 0, 8), tuple(sorted(timers)), state)


@cache
def _parsed(schema: str) -> Any:
    return fastavro.parse_schema(json.loads(schema))


def _kept(data: bytes) -> list[int]:
    """Of each growing map, how many entries earlier cells hold; empty where the cell holds all."""
    start = 12 + 8 * _integer(data, 8, 4)
    return [_integer(data, start + 4 + 8 * index, 8) for index in range(_integer(data, start, 4))]


def _split_chunk(chunk: bytes) -> Iterator[tuple[int, str, int, bytes]]:
    """(space, key, cell number, cell data after its number) of each cell. The layout is that of `slot_format`."""
    position = 0
    while position < len(chunk):
        end = position + 4 + _integer(chunk, position, 4)
        space = _integer(chunk, position + 4, 4)
        start = position + 12 + _integer(chunk, position + 8, 4)
        key = chunk[position + 12 : start].decode()
        while start < end:
            size = _integer(chunk, start, 4)
            yield space, key, _integer(chunk, start + 4, 4), chunk[start + 8 : start + 4 + size]
            start += 4 + size
        position = end


def _integer(data: bytes, start: int, size: int) -> int:
    return int.from_bytes(data[start : start + size], "big", signed=True)
