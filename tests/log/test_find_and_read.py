"""Finding records in a log by a text they hold, and reading them all as typed records."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dataflow.connectors.log.reader import LogReader
from dataflow.connectors.log.sink import LogSink
from dataflow.model import RecordType
from dataflow.ports import InputFault
from dataflow.testing.faults import SimulatedStorage
from schemas.generated.events import ALERT_TRIGGERED, PRICE_UPDATED
from tests.log.streams import BOTH, PRICES, TYPES, filled, mixed, price, stream, write

OLDER = RecordType(
    "PriceUpdated", PRICE_UPDATED.number, PRICE_UPDATED.schema_json.replace("What changed.", "What."), ()
)
"""A schema that says the same in other words."""
REVERSED = stream("everything", ALERT_TRIGGERED, PRICE_UPDATED)
"""The same types in another order: another schema of the log, under the same name."""


def dicts(reader: LogReader, types: Mapping[str, RecordType] = TYPES) -> list[dict[str, object]]:
    return [record.to_dict() for record in reader.read_records(types)]


def test_a_search_finds_every_record_that_holds_the_text() -> None:
    storage = SimulatedStorage(0)
    filled(storage, BOTH, 300)
    found = [entry.number for entry in LogReader(storage, "everything").search("rule 14")]
    assert set(found) >= {14, 140, 143, 146, 149}


def test_a_search_does_not_decode_blocks_without_the_text() -> None:
    storage = SimulatedStorage(0)
    filled(storage, BOTH, 300)
    assert {entry.number // 10 for entry in LogReader(storage, "everything").search("rule 299")} == {29}


def test_all_records_are_read_as_they_were_written() -> None:
    storage = SimulatedStorage(0)
    filled(storage, PRICES, 100)
    assert dicts(LogReader(storage, "market-data")) == [price(number).to_dict() for number in range(100)]


def test_segments_of_different_schemas_are_read_each_as_it_was_written() -> None:
    storage = SimulatedStorage(0)
    position = filled(storage, BOTH, 50).prepare(1)
    later = LogSink(storage, [REVERSED])
    later.recover(position)
    write(later, REVERSED, 50, 90, 10)
    assert dicts(LogReader(storage, "everything")) == [mixed(number).to_dict() for number in range(90)]


def test_what_was_written_with_an_older_schema_is_read_all_the_same() -> None:
    storage = SimulatedStorage(0)
    filled(storage, stream("market-data", OLDER), 30)
    assert dicts(LogReader(storage, "market-data")) == [price(number).to_dict() for number in range(30)]


def test_a_type_that_the_stream_does_not_hold_is_named() -> None:
    storage = SimulatedStorage(0)
    filled(storage, BOTH, 20)
    with pytest.raises(InputFault, match="record 2 of stream everything is no AlertTriggered as known here"):
        dicts(LogReader(storage, "everything"), {"PriceUpdated": PRICE_UPDATED})
