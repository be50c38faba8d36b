"""The simulated disk: without faults it is the real one, and after a crash it keeps what was promised."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.ports import InputFault, Storage
from dataflow.storage import DirectoryStorage
from dataflow.testing.faults import Crash, Faults, SimulatedStorage

PATHS = st.sampled_from(["a", "a/x", "b/x", "b/y", "b/c/z", "d"])
DATA = st.binary(max_size=20)
SIZES = st.integers(0, 30)
OPERATIONS = st.one_of(
    st.tuples(st.just("append"), PATHS, DATA),
    st.tuples(st.just("sync"), PATHS),
    st.tuples(st.just("sync_directory"), st.sampled_from(["", "a", "b", "b/c", "e"])),
    st.tuples(st.just("rename"), PATHS, PATHS),
    st.tuples(st.just("read"), PATHS),
    st.tuples(st.just("read_range"), PATHS, SIZES, SIZES),
    st.tuples(st.just("size"), PATHS),
    st.tuples(st.just("truncate"), PATHS, SIZES),
    st.tuples(st.just("remove"), PATHS),
    st.tuples(st.just("list"), st.sampled_from(["", "a", "b", "b/c", "e"])),
)
APPENDS = st.lists(st.binary(min_size=1, max_size=50), max_size=8)


def outcome(storage: Storage, operation: tuple[object, ...]) -> object:
    """What the operation returns, or the kind of its refusal."""
    name, *arguments = operation
    try:
        return getattr(storage, str(name))(*arguments)
    except (InputFault, ValueError) as error:
        return type(error)


def outcomes(storage: Storage, operations: list[tuple[object, ...]]) -> list[object]:
    return [outcome(storage, operation) for operation in operations]


def append_all(storage: Storage, path: str, parts: list[bytes]) -> None:
    for part in parts:
        storage.append(path, part)


def make_durable(storage: Storage, path: str, data: bytes) -> None:
    storage.append(path, data)
    storage.sync(path)
    storage.sync_directory("")


def survivors(prepare: SimulatedStorage, path: str, crashes: int) -> set[bytes | None]:
    """The contents (None: no such file) that crashes from one and the same moment leave."""
    found: set[bytes | None] = set()
    for _ in range(crashes):
        after = prepare.crash()
        found.add(after.read(path) if after.size(path) >= 0 else None)
    return found


@given(st.lists(OPERATIONS, max_size=40))
def test_without_faults_it_behaves_as_a_real_directory(operations: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder:
        real = DirectoryStorage(Path(folder), open_files=2)

        assert outcomes(SimulatedStorage(0), operations) == outcomes(real, operations)

        real.close()


@given(st.integers(0, 10_000), APPENDS, APPENDS)
def test_synced_bytes_survive_every_crash(seed: int, synced: list[bytes], unsynced: list[bytes]) -> None:
    storage = SimulatedStorage(seed)
    make_durable(storage, "a", b"".join(synced))
    append_all(storage, "a", unsynced)

    after = storage.crash().read("a")

    assert after.startswith(b"".join(synced))
    assert len(after) <= len(b"".join(synced + unsynced))


def test_unsynced_bytes_may_survive_whole_in_part_or_not_at_all() -> None:
    storage = SimulatedStorage(1)
    make_durable(storage, "a", b"safe")
    storage.append("a", b"12")

    assert {b"safe", b"safe1", b"safe12", b"safe\0", b"safe\0\0", b"safe1\0"} <= survivors(storage, "a", 300)


def test_an_unsynced_truncation_may_be_undone_and_what_followed_it_may_be_torn() -> None:
    storage = SimulatedStorage(1)
    make_durable(storage, "a", b"123456")
    storage.truncate("a", 2)
    storage.append("a", b"xy")

    found = survivors(storage, "a", 300)

    assert {b"123456", b"12", b"12x", b"12xy"} <= found
    assert all(content is not None and content.startswith(b"12") for content in found)


def test_a_synced_truncation_lasts() -> None:
    storage = SimulatedStorage(1)
    make_durable(storage, "a", b"123456")
    storage.truncate("a", 2)
    storage.sync("a")

    assert survivors(storage, "a", 50) == {b"12"}


def test_a_new_file_may_vanish_until_its_directory_is_synced() -> None:
    storage = SimulatedStorage(1)
    storage.append("a", b"1")
    storage.sync("a")

    assert survivors(storage, "a", 50) == {None, b"1"}
    assert survivors_after_directory_sync() == {b"1"}


def survivors_after_directory_sync() -> set[bytes | None]:
    storage = SimulatedStorage(1)
    make_durable(storage, "a", b"1")
    return survivors(storage, "a", 50)


def test_a_rename_is_atomic_and_replaces_its_target_or_does_not_happen() -> None:
    storage = SimulatedStorage(1)
    make_durable(storage, "old", b"old")
    make_durable(storage, "new", b"new")
    storage.rename("new", "old")

    states = {(*after.list(""), after.read("old")) for after in (storage.crash() for _ in range(50))}

    assert states == {("new", "old", b"old"), ("old", b"new")}


def test_a_rename_between_directories_never_loses_or_doubles_the_file() -> None:
    storage = SimulatedStorage(1)
    storage.append("b/other", b"")
    make_durable(storage, "a/x", b"1")
    storage.sync_directory("a")
    storage.rename("a/x", "b/x")

    states = {(after.size("a/x"), after.size("b/x")) for after in (storage.crash() for _ in range(50))}

    assert states == {(1, -1), (-1, 1)}


def test_name_changes_of_one_directory_survive_in_their_order() -> None:
    storage = SimulatedStorage(1)
    append_all_files(storage, ["1", "2", "3"])
    storage.remove("1")

    states = {tuple(after.list("")) for after in (storage.crash() for _ in range(200))}

    assert states == {(), ("1",), ("1", "2"), ("1", "2", "3"), ("2", "3")}


def append_all_files(storage: Storage, paths: list[str]) -> None:
    for path in paths:
        storage.append(path, b"")


def test_a_crash_before_an_operation_leaves_it_undone_and_stops_the_machine() -> None:
    storage = SimulatedStorage(1, Faults(crash_before=2))
    storage.append("a", b"1")

    with pytest.raises(Crash, match="crash before 2 append to a 1 bytes"):
        storage.append("a", b"2")
    with pytest.raises(Crash, match="the machine has stopped"):
        storage.read("a")
    assert storage.trace == ["1 append to a 1 bytes", "2 append to a 1 bytes", "crash before 2 append to a 1 bytes"]


def test_a_crash_after_an_operation_leaves_it_done() -> None:
    storage = SimulatedStorage(1, Faults(crash_after=3))
    storage.append("a", b"1")
    storage.sync("a")

    with pytest.raises(Crash):
        storage.sync_directory("")
    assert survivors(storage, "a", 20) == {b"1"}


def test_a_full_disk_takes_part_of_the_data_at_most_and_says_so_as_a_real_one() -> None:
    storage = SimulatedStorage(1, Faults(full_from=2))
    storage.append("a", b"safe")

    with pytest.raises(InputFault, match="cannot append to a: the disk is full"):
        storage.append("a", b"more")
    assert storage.read("a") in {b"safe", b"safem", b"safemo", b"safemor"}


def test_the_same_seed_leaves_the_same_disk() -> None:
    assert seeded_survivor(7) == seeded_survivor(7)
    assert len({seeded_survivor(seed) for seed in range(20)}) > 1


def seeded_survivor(seed: int) -> tuple[tuple[str, bytes], ...]:
    storage = SimulatedStorage(seed)
    append_all(storage, "a", [b"123", b"456"])
    append_all(storage, "b", [b"123", b"456"])
    after = storage.crash()
    return tuple((path, after.read(path)) for path in after.list(""))
