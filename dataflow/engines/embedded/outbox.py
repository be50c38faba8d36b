"""Turns the records of a stream into messages, one by one, for a ledger.

Theory of operation. Records are numbered within their stream. Those up to `visible` are visible outside already, from
before a restart, and are only counted. In `silence` none is kept: the engine does again what was committed.
"""

from __future__ import annotations

from librt.strings import BytesWriter, write_i64_be
from mypy_extensions import i64, u8

from dataflow.model import Record
from dataflow.ports import Post


class Outbox:
    """Messages of one stream since the last `take`."""

    def __init__(self, stream: str, frame: bytes, key_field: i64) -> None:
        self.stream: str = stream
        self.frame: bytes = frame
        """What each value begins with: the wire format's header."""
        self.key_field: i64 = key_field
        self.visible: i64 = 0
        self.silence: bool = False
        self.writer: BytesWriter = BytesWriter()
        self.keys: list[str] = []
        self.values: list[bytes] = []
        self.event_ids: list[str] = []
        self.cause_ids: list[str] = []

    def put(self, record: Record, number: i64, branch: i64) -> None:
        """Keep the stream's record of this number, from 1; `branch` is its union branch, or -1."""
        if self.silence or number <= self.visible:
            return
        writer = self.writer
        writer.truncate(0)
        writer.write(self.frame)
        if branch >= 0:
            writer.append(u8(branch << 1))
        record.encode_into(writer)
        self.keys.append(record.key(self.key_field))
        self.values.append(writer.getvalue())
        self.event_ids.append(hexadecimal(writer, record.event_id_hi, record.event_id_lo))
        self.cause_ids.append(hexadecimal(writer, record.cause_id_hi, record.cause_id_lo))

    def take(self) -> Post:
        """All messages there are, which are then gone from here."""
        post = Post(self.stream, self.keys, self.values, self.event_ids, self.cause_ids)
        self.keys = []
        self.values = []
        self.event_ids = []
        self.cause_ids = []
        return post


def hexadecimal(writer: BytesWriter, high: i64, low: i64) -> str:
    """An id as 32 digits."""
    writer.truncate(0)
    write_i64_be(writer, high)
    write_i64_be(writer, low)
    return writer.getvalue().hex()
