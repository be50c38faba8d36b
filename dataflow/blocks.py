"""Takes blocks of encoded records apart again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from librt.strings import BytesWriter

from dataflow.model import Record, RecordType


def records_of(payload: bytes, schemas: Sequence[RecordType]) -> Iterator[Record]:
    """The records of a stream of these types from its encoded data, in order."""
    position = 0
    while position < len(payload):
        branch = 0
        if len(schemas) > 1:
            branch = payload[position] >> 1
            position += 1
        record, position = schemas[branch].decode_next(payload, position)
        yield record


def encoded(record: Record) -> bytes:
    """The record's Avro data alone."""
    writer = BytesWriter()
    record.encode_into(writer)
    return writer.getvalue()
