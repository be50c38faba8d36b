"""What checkpoints have prepared for ClickHouse and may still have to insert: one durable file of chunks each."""

from __future__ import annotations

import zlib
from typing import Any

from dataflow.connectors.clickhouse.rows import Chunk
from dataflow.ports import InputFault, Storage


class Spool:
    """Numbered files of chunks in one folder of a storage; one of them is being written.

    A position is JSON-ready: the number of the newest file, and for each chunk in it that the checkpoint prepared the
    table, the range of records, the rows, and the place and CRC-32 of its bytes. The chunks describe themselves (Avro
    containers with their schema), so they can be inserted by a later version of the program.
    """

    def __init__(self, storage: Storage, folder: str) -> None:
        self.storage = storage
        self.folder = folder
        self.number = 1
        """The file being written."""
        self.size = 0
        self.chunks: list[dict[str, Any]] = []

    def path(self, number: int) -> str:
        return f"{self.folder}/{number:010d}.chunks"

    def append(self, chunk: Chunk) -> None:
        self.storage.append(self.path(self.number), chunk.container)
        size, crc = len(chunk.container), zlib.crc32(chunk.container)
        place = {"start": self.size, "size": size, "crc": crc}
        self.chunks.append({"table": chunk.table, "first": chunk.first, "end": chunk.end, "rows": chunk.rows, **place})
        self.size += size

    def seal(self) -> dict[str, Any]:
        """Make the file durable and begin the next; returns the position. Where nothing was written it names the file
        before, and no chunks."""
        position = {"number": self.number if self.chunks else self.number - 1, "chunks": self.chunks}
        if self.chunks:
            self.storage.sync(self.path(self.number))
            self.storage.sync_directory(self.folder)
            self._begin(self.number + 1)
        return position

    def resume(self, position: dict[str, Any]) -> None:
        """Go on behind the file of a restored checkpoint: every other file goes."""
        self.keep(position["number"])
        self._begin(position["number"] + 1)

    def keep(self, number: int) -> None:
        """Remove all files but this one."""
        kept = self.path(number).rpartition("/")[2]
        for name in self.storage.list(self.folder):
            if name != kept:
                self.storage.remove(f"{self.folder}/{name}")

    def holds(self, position: dict[str, Any]) -> bool:
        return self.storage.size(self.path(position["number"])) >= 0

    def read(self, position: dict[str, Any], chunk: dict[str, Any]) -> bytes:
        """The container of a chunk. Raises InputFault where the file is damaged."""
        path = self.path(position["number"])
        data = self.storage.read_range(path, chunk["start"], chunk["size"])
        if len(data) != chunk["size"] or zlib.crc32(data) != chunk["crc"]:
            raise InputFault(
                f"{path} is damaged: it holds rows for the table {chunk['table']} that are not there yet\n"
                "    resume from an earlier checkpoint, or start anew without --resume"
            )
        return data

    def _begin(self, number: int) -> None:
        self.number, self.size, self.chunks = number, 0, []
