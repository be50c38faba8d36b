"""Reads a stream's topic log: from any record on, from its end, or only its digest.

Whole blocks are skipped by their counts. Bytes behind the last whole block of the last segment, as a crash leaves them
or a run is just writing them, are not read; anywhere else they are damage, and a fault.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from fastavro import parse_schema, schemaless_reader
from fastavro.schema import SchemaParseException

from dataflow.avro_container import Header, stream_schema
from dataflow.blocks import records_of
from dataflow.connectors.log.segments import (
    FIRST,
    STREAM,
    LogBlock,
    first_record,
    read_header,
    segment_names,
    stream_folder,
    walk,
)
from dataflow.graph import Stream
from dataflow.model import Record, RecordType
from dataflow.ports import InputFault, Storage

NO_SCHEMA: Final = (SchemaParseException, ValueError, TypeError, KeyError)
"""What damaged schemas raise."""
NO_RECORD: Final = (EOFError, IndexError, ValueError, TypeError, KeyError, OverflowError, MemoryError)
"""What damaged data raise, and data that were written with a damaged schema."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a log under its Avro field names, with fastavro's values."""

    number: int
    """Place in the stream, from 0."""
    type: str
    """Record type, without namespace."""
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    segments: int
    bytes: int
    records: int


class _Segment:
    """One segment and the schema it was written with."""

    def __init__(self, storage: Storage, path: str, header: Header) -> None:
        self.storage = storage
        self.path = path
        self.header = header
        self.first = first_record(path.rpartition("/")[2])
        try:
            schema = json.loads(header.schema_json)
            self.schema = parse_schema(schema)
            self.single: str = "" if isinstance(schema, list) else schema["name"]
            records = [schema] if self.single else schema
            self.fields = {field["name"] for record in records for field in record["fields"]}
            self.names = [record["name"] for record in records]
        except NO_SCHEMA as error:
            raise InputFault(f"{path}: the schema in its header is damaged: {error}") from None

    def is_of(self, kinds: tuple[RecordType, ...]) -> bool:
        """Whether these records, as they are now, are what it was written with."""
        if len(kinds) != len(self.names):
            return False
        now = stream_schema(Stream("", kinds, key="", partitions=0, retention_ms=0, compression=""))
        return self.header.schema_json == json.dumps(now, separators=(",", ":"))

    def blocks(self) -> Iterator[LogBlock]:
        return walk(self.storage, self.path, self.header)

    def payload(self, block: LogBlock) -> bytes:
        return self.storage.read_range(self.path, block.start, block.size)

    def entries(self, block: LogBlock) -> Iterator[Entry]:
        """The block's records. Raises InputFault where its data is not that of so many records."""
        buffer = BytesIO(self.payload(block))
        for number in range(block.first, block.first + block.count):
            yield self._entry(number, buffer)
        if buffer.tell() != block.size:
            raise InputFault(
                f"{self.path}: the block of record {block.first} holds more than its {block.count} records"
            )

    def _entry(self, number: int, buffer: BytesIO) -> Entry:
        try:
            datum: Any = schemaless_reader(
                buffer, self.schema, None, return_record_name=True, return_record_name_override=True
            )
        except NO_RECORD as error:
            raise InputFault(f"{self.path}: record {number} cannot be decoded: {error}") from None
        name, fields = (self.single, datum) if self.single else datum
        return Entry(number, name.rpartition(".")[2], fields)


class LogReader:
    """One stream's log. It may be read while a run writes it."""

    def __init__(self, storage: Storage, stream: str) -> None:
        self.storage = storage
        self.stream = stream

    def size(self) -> Size:
        """What there is: segments, bytes on disk, whole records."""
        names = segment_names(self.storage, self.stream)
        length = sum(self.storage.size(f"{stream_folder(self.stream)}/{name}") for name in names)
        return Size(len(names), length, self.records())

    def records(self) -> int:
        """Number of whole records, from the first of the stream on."""
        names = segment_names(self.storage, self.stream)
        if not names:
            return 0
        segment = self._open(names[-1])
        ends = [block.first + block.count for block in segment.blocks()] if segment else []
        return ends[-1] if ends else first_record(names[-1])

    def fields(self) -> set[str]:
        """Names of the fields that the newest segment's records have, all types together."""
        names = segment_names(self.storage, self.stream)
        segment = self._open(names[-1]) if names else None
        return segment.fields if segment is not None else set()

    def metadata(self) -> dict[str, str]:
        """Metadata of the newest segment: what the stream is called, its key, its partitions; empty without one."""
        for name in reversed(segment_names(self.storage, self.stream)):
            header = read_header(self.storage, f"{stream_folder(self.stream)}/{name}")
            if header is not None:
                return header.metadata
        return {}

    def read(self, first: int = 0) -> Iterator[Entry]:
        """The records from number `first` on, in order."""
        for segment, block in self._blocks(first):
            for entry in segment.entries(block):
                if entry.number >= first:
                    yield entry

    def read_typed(self, types: Mapping[str, RecordType], first: int = 0) -> Iterator[Record]:
        """The same as typed records. Raises InputFault where `types` lacks one, or its schema has changed too much."""
        return self._typed(self.read(first), types)

    def _typed(self, entries: Iterable[Entry], types: Mapping[str, RecordType]) -> Iterator[Record]:
        for entry in entries:
            try:
                yield types[entry.type].from_dict(entry.fields)
            except (KeyError, ValueError, TypeError) as error:
                raise InputFault(
                    f"record {entry.number} of stream {self.stream} is no {entry.type} as known here: {error}"
                ) from None

    def read_records(self, types: Mapping[str, RecordType]) -> Iterator[Record]:
        """All records as typed ones; what was written with the schemas that `types` has now is decoded by their codecs,
        many times faster than the rest. Raises InputFault as `read_typed` does."""
        newest: _Segment | None = None
        is_known = False
        kinds: tuple[RecordType, ...] = ()
        for segment, block in self._blocks(0):
            if segment is not newest:
                newest, kinds = segment, tuple(types[name] for name in segment.names if name in types)
                is_known = segment.is_of(kinds)
            if is_known:
                yield from records_of(segment.payload(block), kinds)
            else:
                yield from self._typed(segment.entries(block), types)

    def search(self, text: str) -> Iterator[Entry]:
        """The records of the blocks in whose data this text stands: all that hold it in a field, and some others."""
        sought = text.encode()
        for segment, block in self._blocks(0):
            if sought in segment.payload(block):
                yield from segment.entries(block)

    def tail(self, count: int, keep: Callable[[Entry], bool] | None = None) -> list[Entry]:
        """The last `count` records (of those that `keep` accepts), in their order."""
        found: list[Entry] = []
        for segment, block in self._blocks_backwards():
            if len(found) >= count:
                break
            entries = [entry for entry in segment.entries(block) if keep is None or keep(entry)]
            found = entries + found
        return found[max(0, len(found) - count) :]

    def digest(self) -> str:
        """SHA-256 of the records' data, in hexadecimal: equal for equal streams, wherever their blocks are cut."""
        total = hashlib.sha256()
        for segment, block in self._blocks(0):
            total.update(segment.payload(block))
        return total.hexdigest()

    def verify(self) -> list[str]:
        """Every fault of the log, one line each; none where each record can be read and none is missing."""
        faults: list[str] = []
        due: int | None = None
        for name in segment_names(self.storage, self.stream):
            path = f"{stream_folder(self.stream)}/{name}"
            if due is not None and due != first_record(name):
                faults.append(f"{path}: begins with record {first_record(name)} where {due} is due")
            try:
                due = self._verify_segment(name, faults)
            except InputFault as fault:
                faults.append(str(fault))
                due = None
        return faults

    def _verify_segment(self, name: str, faults: list[str]) -> int:
        """Number of the record after the segment's last."""
        segment = self._open(name)
        path = f"{stream_folder(self.stream)}/{name}"
        if segment is None:
            faults.append(f"{path}: cut short in its header")
            return first_record(name)
        metadata = segment.header.metadata
        if (metadata.get(STREAM), metadata.get(FIRST)) != (self.stream, str(segment.first)):
            faults.append(f"{path}: its header says stream {metadata.get(STREAM)}, record {metadata.get(FIRST)}")
        end, due = segment.header.size, segment.first
        for block in segment.blocks():
            for _ in segment.entries(block):
                due += 1
            end = block.end
        rest = self.storage.size(path) - end
        if rest > 0:
            faults.append(
                f"{path}: {rest} bytes behind record {due - 1} are no whole block; a resumed run removes them"
            )
        return due

    def _open(self, name: str) -> _Segment | None:
        """A segment; None where it ends inside its header."""
        path = f"{stream_folder(self.stream)}/{name}"
        header = read_header(self.storage, path)
        return _Segment(self.storage, path, header) if header is not None else None

    def _blocks(self, first: int) -> Iterator[tuple[_Segment, LogBlock]]:
        """The blocks from that of record `first` on. Raises InputFault where records are missing between segments."""
        names = segment_names(self.storage, self.stream)
        earlier = [name for name in names if first_record(name) <= first]
        names = names[max(0, len(earlier) - 1) :]
        due = first_record(names[0]) if names else 0
        for name in names:
            if first_record(name) != due:
                raise InputFault(
                    f"the log of stream {self.stream} lacks the records from {due} to {first_record(name) - 1}"
                )
            segment = self._open(name)
            for block in segment.blocks() if segment else ():
                due = block.first + block.count
                if segment is not None and due > first:
                    yield segment, block

    def _blocks_backwards(self) -> Iterator[tuple[_Segment, LogBlock]]:
        for name in reversed(segment_names(self.storage, self.stream)):
            segment = self._open(name)
            if segment is not None:
                for block in reversed(list(segment.blocks())):
                    yield segment, block
