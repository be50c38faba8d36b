"""Streams, records and blocks to write logs of."""

from __future__ import annotations

from dataflow.blocks import encoded
from dataflow.connectors.log.sink import LogSink
from dataflow.graph import Stream
from dataflow.model import Record, RecordType
from dataflow.ports import Block, Storage
from schemas.generated.events import (
    ALERT_TRIGGERED,
    PRICE_UPDATED,
    RECORD_TYPES,
    AlertTriggered,
    PriceUpdated,
)

TYPES = {item.name: item for item in RECORD_TYPES}
TWO_MINUTES_NS = 120_000_000_000
OPEN_NS = 1_381_152_600_000_000_000
"""2013-10-07 13:30 UTC."""


def stream(name: str, *schemas: RecordType) -> Stream:
    return Stream(name, schemas, "symbol", 8, 86_400_000, "lz4")


PRICES = stream("market-data", PRICE_UPDATED)
BOTH = stream("everything", PRICE_UPDATED, ALERT_TRIGGERED)


def price(number: int) -> PriceUpdated:
    """A price that differs for each number, as do its length and sign of time."""
    record = PriceUpdated(
        event_time_ns=OPEN_NS + number * TWO_MINUTES_NS,
        symbol=("IBM", "AAPL", "BRK.B")[number % 3],
        bid_price_e8=18_000_000_000 + number,
        flags=number**3,
    )
    record.event_id_hi, record.event_id_lo, record.sequence = -5, number, number + 1
    return record


def alert(number: int) -> AlertTriggered:
    return AlertTriggered(event_time_ns=OPEN_NS + number, symbol="IBM", rule_id=f"rule {number}", move_bps=-number)


def mixed(number: int) -> Record:
    """Two prices, then an alert."""
    return alert(number) if number % 3 == 2 else price(number)


def datum(record: Record, of: Stream) -> bytes:
    """The record as it stands in a block of this stream."""
    if len(of.schemas) == 1:
        return encoded(record)
    branch = [item.number for item in of.schemas].index(record.type_id())
    return bytes([branch * 2]) + encoded(record)


def block(of: Stream, first: int, records: list[Record]) -> Block:
    return Block(of.name, first, len(records), b"".join(datum(record, of) for record in records))


def write(sink: LogSink, of: Stream, first: int, last: int, step: int) -> None:
    """Records `first` up to (not with) `last`, in blocks of `step`."""
    make = price if len(of.schemas) == 1 else mixed
    for start in range(first, last, step):
        sink.write(block(of, start, [make(number) for number in range(start, min(start + step, last))]))


def filled(storage: Storage, of: Stream, records: int, step: int = 10, segment_bytes: int = 1 << 20) -> LogSink:
    """A sink over a new log that holds so many records."""
    sink = LogSink(storage, [of], segment_bytes)
    sink.recover(None)
    write(sink, of, 0, records, step)
    return sink
