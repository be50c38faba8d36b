"""Reads the state inside checkpoints without running anything: every operator, every key, as plain values."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fastavro

from dataflow.engines.embedded.checkpoints import CheckpointStore, Manifest


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
    newest: dict[tuple[str, str], tuple[str, bytes]] = {}
    for file in manifest.files:
        header, chunks = store.chunks(file)
        for chunk in chunks:
            for space, slot_key, number, data in _split_chunk(chunk):
                entry = header["spaces"][space][number]
                if uid in (None, entry["uid"]) and key in (None, slot_key):
                    newest[entry["uid"], slot_key] = (entry["schema"], data)
    schemas: dict[str, Any] = {}
    for (cell_uid, cell_key), (schema, data) in sorted(newest.items()):
        if schema not in schemas:
            schemas[schema] = fastavro.parse_schema(json.loads(schema))
        yield _cell(cell_uid, cell_key, schemas[schema], data)


def _cell(uid: str, key: str, schema: Any, data: bytes) -> StoredCell:
    count = _integer(data, 8, 4)
    timers = tuple(_integer(data, 12 + 8 * index, 8) for index in range(count))
    state = fastavro.schemaless_reader(io.BytesIO(data[12 + 8 * count :]), schema, None)
    assert isinstance(state, dict)
    return StoredCell(uid, key, _integer(data, 0, 8), tuple(sorted(timers)), state)


def _split_chunk(chunk: bytes) -> Iterator[tuple[int, str, int, bytes]]:
    """(space, key, cell number, cell data after its number) of each cell. The layout is that of `Core.save`."""
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
