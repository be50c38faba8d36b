"""One partition of a topic as a source: what the connection has read of it and the engine has not."""

from __future__ import annotations

import time
from threading import Condition
from typing import Any, Final

from dataflow.connectors.kafka.decoder import Decoder, Message, Place
from dataflow.model import NO_WATERMARK, Record
from dataflow.ports import Batch

FROM_START: Final = -2
"""librdkafka's offset for the first message there is."""
ROOM: Final = 20_000
"""Records of one partition that may wait for the engine; then the partition is paused."""


class KafkaPartition:
    """`dataflow.ports.Source` over one partition. `reader` is the connection; what it changes, it changes under
    `arrived`, which is notified of whatever `read` may wait for."""

    def __init__(self, name: str, place: Place, decoder: Decoder, arrived: Condition, is_patient: bool) -> None:
        self.name = name
        self.place = place
        self.decoder = decoder
        self.arrived = arrived
        self.is_patient = is_patient
        """`read` waits for records."""
        self.start = FROM_START
        self.next = FROM_START
        """Offset after the last message that was received."""
        self.end: int | None = None
        """Offset at which a bounded run ends."""
        self.records: list[Record] = []
        self.marks: list[int] = []
        self.position = FROM_START
        """Offset that `records` begin at, or after it."""
        self.has_ended = False
        self.at_end = False
        """The broker has no more at the moment."""
        self.heard_at = time.monotonic()
        self.is_silent = False
        self.is_paused = False
        self.failure: list[Exception] = []
        """Shared by all partitions of a connection: why it ended."""

    # The engine's side

    def open(self, position: Any | None) -> None:
        if position is not None:
            self.start = self.next = self.position = position

    def read(self) -> Batch | None:
        with self.arrived:
            while not self.records:
                if self.failure:
                    raise self.failure[0]
                if self.has_ended:
                    return None
                if not self.is_patient:
                    return Batch(self.position)
                self.arrived.wait(0.5)
            batch = Batch(self.position, self.records, self.marks)
            self.records, self.marks, self.position = [], [], self.next
            return batch

    def expected_records(self) -> int | None:
        """Messages that lie before the end of a bounded run, markers of transactions among them."""
        return None if self.end is None else max(0, self.end - max(0, self.start))

    def close(self) -> None:
        """The connection belongs to all partitions."""

    # The connection's side

    def decode(self, messages: list[tuple[int, Message]]) -> None:
        """Take (offset, message) that came, up to the end of the run."""
        records: list[Record] = []
        marks: list[int] = []
        for offset, message in messages:
            if self.end is not None and offset >= self.end:
                break
            self.place.offset = offset
            records.append(self.decoder.record(self.place, message))
            marks.append(offset + 1)
        with self.arrived:
            self.records += records
            self.marks += marks
            self.reached(messages[-1][0] + 1)
            self.at_end = False
            if any(record.event_time_ns != NO_WATERMARK for record in records):
                self.is_silent = False
                self.heard_at = time.monotonic()

    def reached(self, offset: int) -> None:
        """All before this offset was received."""
        self.next = offset
        if self.end is not None and offset >= self.end:
            self.has_ended = True

    def end_at(self, offset: int) -> None:
        """The broker has nothing more from this offset on."""
        with self.arrived:
            self.at_end = True
            self.reached(offset)

    def is_full(self) -> bool:
        return len(self.records) > ROOM
