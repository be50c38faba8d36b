"""Topic logs: what Avro tools read, what our reader reads, and what a crash leaves of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.connectors.log.reader import LogReader, Size
from dataflow.connectors.log.segments import logged_streams
from dataflow.connectors.log.sink import LogSink
from dataflow.ports import InputFault, Storage
from dataflow.storage import DirectoryStorage
from dataflow.testing.faults import Crash, Faults, SimulatedStorage
from schemas.generated.events import ANALYTICS_CALCULATED, PRICE_UPDATED
from tests.log.streams import BOTH, PRICES, TYPES, block, filled, mixed, price, stream, write

LOG = "topics/market-data"


def with_fastavro(folder: Path) -> list[Any]:
    records: list[Any] = []
    for path in sorted(folder.glob("*.avro")):
        with path.open("rb") as file:
            records += fastavro.reader(file, return_record_name=True, return_record_name_override=True)
    return records


def numbers(reader: LogReader, first: int = 0) -> list[int]:
    return [entry.number for entry in reader.read(first)]


def payload(records: int) -> bytes:
    return block(PRICES, 0, [price(number) for number in range(records)]).payload


def test_any_avro_tool_reads_a_log_of_one_record_type(tmp_path: Path) -> None:
    filled(DirectoryStorage(tmp_path), PRICES, 25, segment_bytes=1_500)

    assert with_fastavro(tmp_path / LOG) == [price(number).to_dict() for number in range(25)]
    assert len(list((tmp_path / LOG).iterdir())) > 1


def test_any_avro_tool_reads_a_log_of_several_record_types(tmp_path: Path) -> None:
    filled(DirectoryStorage(tmp_path), BOTH, 25)

    found = with_fastavro(tmp_path / "topics/everything")

    assert [fields for _, fields in found] == [mixed(number).to_dict() for number in range(25)]
    assert [name for name, _ in found[:3]] == [
        "tapeline.PriceUpdated",
        "tapeline.PriceUpdated",
        "tapeline.AlertTriggered",
    ]


def test_the_header_tells_what_the_log_is() -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 1)

    metadata = LogReader(storage, "market-data").metadata()

    assert {name: text for name, text in metadata.items() if name != "avro.schema"} == {
        "avro.codec": "null",
        "tapeline.stream": "market-data",
        "tapeline.first": "0",
        "tapeline.key": "symbol",
        "tapeline.partitions": "8",
    }


def test_typed_records_are_those_that_were_written() -> None:
    storage = SimulatedStorage()
    filled(storage, BOTH, 25)

    typed = LogReader(storage, "everything").read_typed(TYPES, 5)

    assert [record.to_dict() for record in typed] == [mixed(number).to_dict() for number in range(5, 25)]


def test_segments_roll_before_they_pass_their_size_and_are_named_by_their_first_record() -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 100, step=5, segment_bytes=6_000)
    names = storage.list(LOG)
    lengths = [storage.size(f"{LOG}/{name}") for name in names]

    assert names[0] == "00000000000000000000.avro"
    assert [int(name.removesuffix(".avro")) % 5 for name in names] == [0] * len(names)
    assert len(names) > 2
    assert max(lengths) <= 6_000
    assert numbers(LogReader(storage, "market-data")) == list(range(100))


def test_a_block_larger_than_a_segment_has_a_segment_of_its_own() -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 30, step=10, segment_bytes=1)

    assert storage.list(LOG) == [f"{first:020d}.avro" for first in (0, 10, 20)]
    assert numbers(LogReader(storage, "market-data")) == list(range(30))


@given(first=st.integers(0, 120), step=st.integers(1, 40), segment_bytes=st.integers(1, 20_000))
@settings(max_examples=40, deadline=None)
def test_reading_starts_at_any_record_wherever_blocks_and_segments_are_cut(
    first: int, step: int, segment_bytes: int
) -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 100, step, segment_bytes)
    reader = LogReader(storage, "market-data")

    assert numbers(reader, first) == list(range(first, 100))
    assert [entry.number for entry in reader.tail(first)] == list(range(max(0, 100 - first), 100))
    assert reader.records() == 100
    assert reader.digest() == hashlib.sha256(payload(100)).hexdigest()
    assert reader.verify() == []


def test_a_tail_counts_only_what_it_keeps() -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 100, step=5, segment_bytes=3_000)

    found = LogReader(storage, "market-data").tail(3, lambda entry: entry.fields["symbol"] == "AAPL")

    assert [entry.number for entry in found] == [91, 94, 97]


def test_the_same_blocks_give_the_same_files() -> None:
    one, other = SimulatedStorage(1), SimulatedStorage(2)
    filled(one, PRICES, 50, segment_bytes=3_000)
    filled(other, PRICES, 50, segment_bytes=3_000)

    assert contents(one, LOG) == contents(other, LOG)


def contents(storage: Storage, folder: str) -> dict[str, bytes]:
    return {name: storage.read(f"{folder}/{name}") for name in storage.list(folder)}


def test_a_log_that_is_not_there_is_empty() -> None:
    reader = LogReader(SimulatedStorage(), "nothing")

    assert reader.size() == Size(0, 0, 0)
    assert reader.tail(10) == []
    assert reader.metadata() == {}
    assert reader.digest() == hashlib.sha256(b"").hexdigest()


def test_the_position_names_segment_length_and_records() -> None:
    storage = SimulatedStorage()
    sink = filled(storage, PRICES, 100, step=5, segment_bytes=10_000)
    position = sink.prepare(1)
    newest = storage.list(LOG)[-1]

    assert position == {
        "market-data": {"segment": newest, "bytes": storage.size(f"{LOG}/{newest}"), "records": 100},
    }


def test_what_was_prepared_survives_a_crash_and_the_rest_is_cut_at_recovery() -> None:
    storage = SimulatedStorage(3)
    sink = filled(storage, PRICES, 40, segment_bytes=3_000)
    position = sink.prepare(1)
    write(sink, PRICES, 40, 90, 10)

    after = storage.crash()
    LogSink(after, [PRICES]).recover(position)

    assert numbers(LogReader(after, "market-data")) == list(range(40))
    assert LogReader(after, "market-data").digest() == hashlib.sha256(payload(40)).hexdigest()


def test_recovery_works_from_every_length_a_crash_can_leave(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)
    sink = filled(storage, PRICES, 6, step=3)
    position = sink.prepare(1)
    write(sink, PRICES, 6, 9, 3)
    path = f"{LOG}/{position['market-data']['segment']}"
    whole, safe = storage.read(path), position["market-data"]["bytes"]

    outcomes = [recovered_at(storage, path, whole[:length], position) for length in range(safe, len(whole) + 1)]

    assert len(outcomes) > 100
    assert set(outcomes) == {(6, 6, whole)}


def recovered_at(storage: Storage, path: str, left: bytes, position: Any) -> tuple[int, int, bytes]:
    """What a reader sees (6 at most), what is there after recovery, and the bytes once the rest is written again."""
    storage.remove(path)
    storage.append(path, left)
    seen = min(LogReader(storage, "market-data").records(), 6)
    sink = LogSink(storage, [PRICES])
    sink.recover(position)
    recovered = LogReader(storage, "market-data").records()
    write(sink, PRICES, 6, 9, 3)
    return seen, recovered, storage.read(path)


def test_a_log_shorter_than_the_checkpoint_says_is_a_fault_at_every_length() -> None:
    storage = SimulatedStorage()
    position = filled(storage, PRICES, 6, step=3).prepare(1)
    path = f"{LOG}/{position['market-data']['segment']}"
    whole = storage.read(path)

    refusals = [refusal(storage, path, whole[:length], position) for length in range(len(whole))]

    assert {text.partition(":")[0] for text in refusals} == {path}
    assert all("the log of stream market-data is shorter than the checkpoint says" in text for text in refusals)


def refusal(storage: Storage, path: str, left: bytes, position: Any) -> str:
    """The fault that recovery finds in a segment that holds `left`."""
    storage.remove(path)
    storage.append(path, left)
    with pytest.raises(InputFault) as caught:
        LogSink(storage, [PRICES]).recover(position)
    assert storage.read(path) == left
    return str(caught.value)


def test_damage_inside_what_the_checkpoint_covers_is_a_fault_and_nothing_is_cut() -> None:
    storage = SimulatedStorage()
    sink = filled(storage, PRICES, 6, step=3)
    position = sink.prepare(1)
    write(sink, PRICES, 6, 9, 3)
    path = f"{LOG}/{position['market-data']['segment']}"
    whole, safe = storage.read(path), position["market-data"]["bytes"]

    assert "is damaged: whole blocks up to record 3" in refusal(
        storage, path, whole[: safe - 40] + bytes(40) + whole[safe:], position
    )
    assert "is no segment of a topic log" in refusal(storage, path, bytes(safe), position)


def test_a_log_of_another_stream_is_a_fault() -> None:
    storage = SimulatedStorage()
    position = filled(storage, PRICES, 6).prepare(1)
    filled(storage, stream("other", PRICE_UPDATED), 6)
    path = f"{LOG}/{position['market-data']['segment']}"

    foreign = storage.read(path.replace("market-data", "other")) + bytes(100)

    assert f"{path} is not a log of stream market-data" in refusal(storage, path, foreign, position)


def test_a_stream_that_the_checkpoint_does_not_know_is_emptied() -> None:
    storage = SimulatedStorage()
    sink = LogSink(storage, [PRICES, BOTH])
    sink.recover(None)
    write(sink, PRICES, 0, 10, 5)
    position = sink.prepare(1)
    write(sink, BOTH, 0, 10, 5)

    LogSink(storage, [PRICES, BOTH]).recover(position)

    assert logged_streams(storage) == ["market-data"]


def test_recovering_twice_is_recovering_once() -> None:
    storage = SimulatedStorage()
    sink = filled(storage, PRICES, 40, segment_bytes=3_000)
    position = sink.prepare(1)
    write(sink, PRICES, 40, 90, 10)

    LogSink(storage, [PRICES]).recover(position)
    once = contents(storage, LOG)
    LogSink(storage, [PRICES]).recover(position)

    assert contents(storage, LOG) == once


def test_recovery_and_replay_survive_a_crash_at_every_operation() -> None:
    operations = lives_until_done(SimulatedStorage(0), faults_of_life=[])[1]

    digests = {lives_until_done(SimulatedStorage(seed), crash_twice(seed, operations))[0] for seed in range(150)}

    assert operations > 20
    assert digests == {hashlib.sha256(payload(60)).hexdigest()}


def crash_twice(seed: int, operations: int) -> list[Faults]:
    first, second = seed % operations + 1, seed * 7 % operations + 1
    return [Faults(crash_before=first), Faults(crash_after=second)]


def lives_until_done(storage: SimulatedStorage, faults_of_life: list[Faults]) -> tuple[str, int]:
    """Write 60 records, a checkpoint every 20, crashing as told. Gives the log's digest and the operations taken."""
    position: Any = None
    for faults in [*faults_of_life, Faults()]:
        storage = storage.crash(faults)
        position = one_life(storage, position)
    return LogReader(storage, "market-data").digest(), storage.operations


def one_life(storage: SimulatedStorage, position: Any) -> Any:
    """Write on from `position`, to the end or to a crash. Gives the last position that was prepared."""
    sink = LogSink(storage, [PRICES], segment_bytes=4_000)
    try:
        sink.recover(position)
        done = position["market-data"]["records"] if position else 0
        for start in range(done, 60, 20):
            write(sink, PRICES, start, start + 20, 4)
            position = sink.prepare(start)
    except Crash:
        return position
    return position


def test_a_torn_block_at_the_end_is_not_read_but_reported() -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 6, step=3)
    path = f"{LOG}/{storage.list(LOG)[-1]}"
    storage.truncate(path, storage.size(path) - 1)
    reader = LogReader(storage, "market-data")

    assert numbers(reader) == [0, 1, 2]
    assert reader.records() == 3
    assert len(reader.verify()) == 1
    assert "are no whole block; a resumed run removes them" in reader.verify()[0]


def test_damage_before_the_end_is_a_fault_not_a_gap() -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 30, step=5, segment_bytes=1)
    path = f"{LOG}/{storage.list(LOG)[2]}"
    storage.truncate(path, storage.size(path) - 1)
    reader = LogReader(storage, "market-data")

    with pytest.raises(InputFault, match="the log of stream market-data lacks the records from 10 to 14"):
        numbers(reader)
    assert any("begins with record 15 where 10 is due" in fault for fault in reader.verify())


def test_a_block_whose_data_is_not_its_records_is_a_fault() -> None:
    storage = SimulatedStorage()
    sink = LogSink(storage, [PRICES])
    sink.recover(None)
    sink.write(block(PRICES, 0, [price(0)]))
    good = block(PRICES, 1, [price(1)])
    sink.write(type(good)(good.stream, good.first, good.count, good.payload + b"x"))
    reader = LogReader(storage, "market-data")

    assert reader.verify() == [f"{LOG}/00000000000000000000.avro: the block of record 1 holds more than its 1 records"]


def spoil(storage: Storage, path: str, damage: list[tuple[int, int]]) -> None:
    """Put bytes in other places than they were; nothing else."""
    data = bytearray(storage.read(path))
    for place, byte in damage:
        data[place % len(data)] = byte
    storage.remove(path)
    storage.append(path, bytes(data))


def refused(use: Callable[[], Any]) -> type[Exception] | None:
    try:
        use()
    except InputFault as fault:
        return type(fault)
    return None


def test_a_damaged_schema_is_a_fault_that_names_the_file() -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 6)
    path = f"{LOG}/{storage.list(LOG)[-1]}"
    damaged = storage.read(path).replace(b'"long"', b'"lang"')
    storage.remove(path)
    storage.append(path, damaged)

    with pytest.raises(InputFault, match=f"{path}: the schema in its header is damaged: tapeline.lang"):
        numbers(LogReader(storage, "market-data"))


def test_a_type_that_is_not_known_here_is_a_fault() -> None:
    storage = SimulatedStorage()
    filled(storage, BOTH, 6)

    with pytest.raises(InputFault, match="record 2 of stream everything is no AlertTriggered as known here"):
        list(LogReader(storage, "everything").read_typed({"PriceUpdated": PRICE_UPDATED}))


@given(seed=st.integers(0, 1 << 30), damage=st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_damaged_log_is_read_or_refused_by_a_fault(seed: int, damage: list[tuple[int, int]]) -> None:
    storage = SimulatedStorage(seed)
    filled(storage, BOTH, 30, step=5, segment_bytes=6_000)
    spoil(storage, f"topics/everything/{storage.list('topics/everything')[seed % 2]}", damage)
    reader = LogReader(storage, "everything")

    uses = [reader.size, lambda: list(reader.read()), reader.digest, reader.fields, lambda: reader.tail(3)]

    assert {refused(use) for use in uses} <= {None, InputFault}


def test_records_written_out_of_turn_are_a_programmers_error() -> None:
    sink = filled(SimulatedStorage(), PRICES, 10)

    with pytest.raises(ValueError, match="record 11 was written where 10 was due"):
        sink.write(block(PRICES, 11, [price(11)]))


def test_a_log_that_was_not_recovered_is_not_written_over() -> None:
    storage = SimulatedStorage()
    filled(storage, PRICES, 10)

    with pytest.raises(ValueError, match="the log was not recovered"):
        LogSink(storage, [PRICES]).write(block(PRICES, 0, [price(0)]))


def test_after_a_change_of_schema_the_log_goes_on_in_a_new_segment() -> None:
    storage = SimulatedStorage()
    position = filled(storage, PRICES, 10).prepare(1)
    wider = stream("market-data", PRICE_UPDATED, ANALYTICS_CALCULATED)

    sink = LogSink(storage, [wider])
    sink.recover(position)
    sink.write(block(wider, 10, [price(10)]))

    assert storage.list(LOG) == ["00000000000000000000.avro", "00000000000000000010.avro"]
    assert numbers(LogReader(storage, "market-data")) == list(range(11))
    assert LogReader(storage, "market-data").verify() == []


def test_a_full_disk_is_a_fault_and_the_log_recovers_from_it() -> None:
    storage = SimulatedStorage(5)
    sink = filled(storage, PRICES, 20)
    position = sink.prepare(1)
    storage.faults = Faults(full_from=1)

    with pytest.raises(InputFault, match="the disk is full"):
        write(sink, PRICES, 20, 30, 10)

    storage.faults = Faults()
    again = LogSink(storage, [PRICES])
    again.recover(position)
    write(again, PRICES, 20, 30, 10)
    assert LogReader(storage, "market-data").digest() == hashlib.sha256(payload(30)).hexdigest()
