"""What a checkpoint has prepared for ClickHouse and may still have to insert, in one durable file per checkpoint."""

from __future__ import annotations

import json
import zlib
from typing import Any

from dataflow.ports import Block, InputFault, Storage

FOLDER = "spool"


class Spool:
    """Spool files under one storage root."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def write(self, checkpoint: int, blocks: list[Block]) -> dict[str, Any]:
        """Make the blocks durable; what it returns finds them again."""
        path = f"{FOLDER}/{checkpoint:010d}.blocks"
        if self.storage.size(path) >= 0:
            self.storage.remove(path)
        heads = [{"stream": block.stream, "first": block.first, "count": block.count} for block in blocks]
        sizes = [len(block.payload) for block in blocks]
        head = json.dumps([{**entry, "size": size} for entry, size in zip(heads, sizes, strict=True)]).encode() + b"\n"
        data = head + b"".join(block.payload for block in blocks)
        self.storage.append(path, data)
        self.storage.sync(path)
        self.storage.sync_directory(FOLDER)
        return {"path": path, "size": len(data), "crc": zlib.crc32(data)}

    def read(self, entry: dict[str, Any]) -> list[Block] | None:
        """The blocks; None where the file is gone, which it only is after they were inserted. Raises InputFault."""
        path = entry["path"]
        if self.storage.size(path) < 0:
            return None
        data = self.storage.read(path)
        if len(data) != entry["size"] or zlib.crc32(data) != entry["crc"]:
            raise InputFault(f"{path} is damaged\n    it holds rows for ClickHouse of the checkpoint to be restored")
        position = data.index(b"\n") + 1
        blocks = []
        for head in json.loads(data[:position]):
            payload = data[position : position + head["size"]]
            blocks.append(Block(head["stream"], head["first"], head["count"], payload))
            position += head["size"]
        return blocks

    def remove_others(self, keep: str | None) -> None:
        """Remove every spool file but one."""
        for name in self.storage.list(FOLDER):
            path = f"{FOLDER}/{name}"
            if path != keep:
                self.storage.remove(path)
