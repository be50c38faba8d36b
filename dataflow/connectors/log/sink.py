"""Writes streams to local topic logs, exactly once.

Theory of operation. Every block of records becomes one block of the stream's current segment. `prepare` syncs what was
written and says how long each log was; `recover` cuts the logs back to what a checkpoint says, so that what follows
from a replay is written once. Records are visible to readers as soon as they are written: what a crash leaves beyond
the last checkpoint goes in `recover`, and comes again, equal, from the replay.

Invariant: the data of a stream's blocks, one after the other, is a function of the input alone; where blocks and
segments are cut is not.
Bound: none on disk. A stream's `retention_ms` is what brokers are told; a local log is kept whole, so that a run can be
compared and replayed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from dataflow.avro_container import encode_block, encode_header, stream_schema, sync_marker
from dataflow.connectors.log.segments import (
    FIRST,
    KEY,
    PARTITIONS,
    STREAM,
    first_record,
    read_header,
    segment_name,
    segment_names,
    stream_folder,
    walk,
)
from dataflow.graph import Stream
from dataflow.ports import Block, InputFault, Storage

SEGMENT_BYTES: Final = 64 * 1024 * 1024
REMEDY: Final = "resume from an earlier checkpoint, or start anew without --resume"


class _Log:
    """How far one stream's log is written."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.schema_json = json.dumps(stream_schema(stream), separators=(",", ":"))
        self.sync = sync_marker(stream.name)
        self.folder = stream_folder(stream.name)
        self.segment = ""
        """File name of the current segment; empty before the first."""
        self.bytes = 0
        """Length of the current segment."""
        self.records = 0
        """Records in all segments."""
        self.unsynced = False
        self.ends_here = False
        """The next block begins a segment, because the schema is another one now."""

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.segment}"

    def header(self) -> bytes:
        metadata = {
            STREAM: self.stream.name,
            FIRST: str(self.records),
            KEY: self.stream.key,
            PARTITIONS: str(self.stream.partitions),
        }
        return encode_header(self.schema_json, metadata, self.sync)

    def position(self) -> dict[str, Any]:
        return {"segment": self.segment, "bytes": self.bytes, "records": self.records}


class LogSink:
    """`dataflow.ports.Sink` over topic logs. Call `recover` before the first `write`."""

    def __init__(self, storage: Storage, streams: Sequence[Stream], segment_bytes: int = SEGMENT_BYTES) -> None:
        self.storage = storage
        self.segment_bytes = segment_bytes
        self._logs = {stream.name: _Log(stream) for stream in streams}

    def recover(self, position: Any | None) -> None:
        """Cut the logs back to `position`, as `prepare` gave it; a stream that is not in it is emptied. Raises
        InputFault where a log is shorter than that, or another one."""
        checkpoint = position or {}
        for name, log in self._logs.items():
            if name in checkpoint:
                self._check(log, checkpoint[name])
        for name, log in self._logs.items():
            self._cut(log, checkpoint.get(name))

    def write(self, block: Block) -> None:
        log = self._logs[block.stream]
        if block.first != log.records:
            raise ValueError(f"{block.stream}: record {block.first} was written where {log.records} was due")
        if block.count == 0:
            return
        data = encode_block(block.count, block.payload, log.sync)
        if not log.segment or log.ends_here or log.bytes + len(data) > self.segment_bytes:
            self._begin_segment(log)
        self.storage.append(log.path, data)
        log.unsynced = True
        log.bytes += len(data)
        log.records += block.count

    def prepare(self, checkpoint: int) -> dict[str, Any]:
        for log in self._logs.values():
            self._sync(log)
        return {name: log.position() for name, log in self._logs.items() if log.segment}

    def commit(self, checkpoint: int) -> None:
        """Nothing to do: what was written is visible."""

    def close(self) -> None:
        """The storage belongs to who gave it."""

    def _begin_segment(self, log: _Log) -> None:
        """The segment before is synced first: only the last one may be torn."""
        self._sync(log)
        segment = segment_name(log.records)
        header = log.header()
        if self.storage.size(f"{log.folder}/{segment}") >= 0:
            raise ValueError(f"{log.folder}/{segment} is there already: the log was not recovered")
        self.storage.append(f"{log.folder}/{segment}", header)
        self.storage.sync_directory(log.folder)
        log.segment, log.bytes, log.unsynced, log.ends_here = segment, len(header), True, False

    def _sync(self, log: _Log) -> None:
        if log.unsynced:
            self.storage.sync(log.path)
            log.unsynced = False

    def _check(self, log: _Log, at: dict[str, Any]) -> None:
        """The log holds what the position says, in whole blocks."""
        path, name = f"{log.folder}/{at['segment']}", log.stream.name
        length = self.storage.size(path)
        if length < at["bytes"]:
            raise InputFault(
                f"{path}: the log of stream {name} is shorter than the checkpoint says: "
                f"{max(length, 0)} of {at['bytes']} bytes\n    {REMEDY}"
            )
        header = read_header(self.storage, path)
        if header is None or header.metadata.get(STREAM) != name or header.sync != log.sync:
            raise InputFault(f"{path} is not a log of stream {name}\n    {REMEDY}")
        end, records = header.size, first_record(at["segment"])
        for block in walk(self.storage, path, header):
            if block.end > at["bytes"]:
                break
            end, records = block.end, block.first + block.count
        if (end, records) != (at["bytes"], at["records"]):
            raise InputFault(
                f"{path}: the log of stream {name} is damaged: whole blocks up to record {records} and byte {end}, "
                f"where the checkpoint says record {at['records']} and byte {at['bytes']}\n    {REMEDY}"
            )

    def _cut(self, log: _Log, at: dict[str, Any] | None) -> None:
        """Newest segment first, so that a crash on the way leaves a log that is only longer."""
        segments = segment_names(self.storage, log.stream.name)
        newer = [name for name in segments if at is None or name > at["segment"]]
        for name in reversed(newer):
            self.storage.remove(f"{log.folder}/{name}")
        log.segment, log.bytes, log.records = (at["segment"], at["bytes"], at["records"]) if at else ("", 0, 0)
        log.unsynced = log.ends_here = False
        if at is not None:
            self._cut_segment(log)
        if newer:
            self.storage.sync_directory(log.folder)

    def _cut_segment(self, log: _Log) -> None:
        if self.storage.size(log.path) > log.bytes:
            self.storage.truncate(log.path, log.bytes)
            self.storage.sync(log.path)
        header = read_header(self.storage, log.path)
        log.ends_here = header is not None and header.schema_json != log.schema_json
