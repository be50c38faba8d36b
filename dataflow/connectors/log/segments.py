"""Where a stream's log lies, and how a segment is walked block by block without decoding a record.

A log is the files `topics/<stream>/<number of its first record, 20 digits>.avro`. A segment is complete before the next
one is begun, so only the last one can end in a torn block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dataflow.avro_container import (
    BLOCK_HEAD_BYTES_MAX,
    SYNC_BYTES,
    ContainerFault,
    Header,
    decode_block_head,
    decode_header,
)
from dataflow.ports import InputFault, Storage

TOPICS: Final = "topics"
SEGMENT_NAME: Final = re.compile(r"\d{20}\.avro")
HEADER_READ_BYTES: Final = 64 * 1024
WALK_READ_BYTES: Final = 16 * 1024

STREAM: Final = "tapeline.stream"
FIRST: Final = "tapeline.first"
KEY: Final = "tapeline.key"
PARTITIONS: Final = "tapeline.partitions"


@dataclass(frozen=True, slots=True)
class LogBlock:
    """One whole block of a segment."""

    path: str
    first: int
    """Number of its first record in the stream, from 0."""
    count: int
    start: int
    """Where its data begins in the file."""
    size: int
    """Bytes of data."""

    @property
    def end(self) -> int:
        """Where the next block begins in the file."""
        return self.start + self.size + SYNC_BYTES


def stream_folder(stream: str) -> str:
    return f"{TOPICS}/{stream}"


def segment_name(first: int) -> str:
    return f"{first:020d}.avro"


def first_record(segment: str) -> int:
    """Number of the first record of the segment with this name."""
    return int(segment.removesuffix(".avro"))


def segment_names(storage: Storage, stream: str) -> list[str]:
    """The segments of a stream's log, oldest first."""
    return [name for name in storage.list(stream_folder(stream)) if SEGMENT_NAME.fullmatch(name)]


def logged_streams(storage: Storage) -> list[str]:
    """Streams that have a log, sorted."""
    return [name for name in storage.list(TOPICS) if segment_names(storage, name)]


def read_header(storage: Storage, path: str) -> Header | None:
    """The header of a segment; None where it was cut short by a crash. Raises InputFault where it is something else."""
    size = HEADER_READ_BYTES
    while True:
        data = storage.read_range(path, 0, size)
        try:
            header = decode_header(data)
        except ContainerFault as fault:
            raise InputFault(f"{path} is no segment of a topic log: {fault}") from None
        if header is not None or len(data) < size:
            return header
        size *= 4


class _Window:
    """Reads a file front to back in small pieces with few calls."""

    def __init__(self, storage: Storage, path: str) -> None:
        self.storage = storage
        self.path = path
        self.start = 0
        self.data = b""

    def read(self, start: int, size: int) -> bytes:
        if not self.start <= start <= start + size <= self.start + len(self.data):
            self.data = self.storage.read_range(self.path, start, WALK_READ_BYTES)
            self.start = start
        return self.data[start - self.start : start - self.start + size]


def walk(storage: Storage, path: str, header: Header) -> Iterator[LogBlock]:
    """The whole blocks of a segment in order, up to its end or to the first bytes that are none."""
    window = _Window(storage, path)
    first = first_record(path.rpartition("/")[2])
    position = header.size
    while (head := decode_block_head(window.read(position, BLOCK_HEAD_BYTES_MAX))) is not None:
        block = LogBlock(path, first, head.count, position + head.start, head.size)
        if window.read(block.start + block.size, SYNC_BYTES) != header.sync:
            return
        yield block
        first += block.count
        position = block.end
