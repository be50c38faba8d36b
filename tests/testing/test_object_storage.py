"""Checkpoints lie as well in a store that knows only whole objects."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from dataflow.engines.embedded.checkpoints import CheckpointStore, Manifest
from dataflow.object_storage import ObjectStorage
from dataflow.ports import InputFault


@pytest.fixture(params=["memory", "file"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStorage:
    place = f"memory://{uuid.uuid4().hex}" if request.param == "memory" else f"file://{tmp_path}/store"
    return ObjectStorage(place)


def checkpoint(storage: ObjectStorage, number: int, chunks: list[bytes]) -> Manifest:
    store = CheckpointStore(storage)
    writer = store.state_writer(number, {"spaces": []}, full=True)
    writer.begin()
    for chunk in chunks:
        writer.append(chunk)
    manifest = Manifest(number, 0, {}, 0, {}, {}, {}, ended=False, files=[writer.finish(len(chunks))])
    store.write(manifest)
    store.clean()
    return manifest


def test_a_checkpoint_is_found_again(storage: ObjectStorage) -> None:
    written = checkpoint(storage, 1, [b"one", b"two"])
    found, passed = CheckpointStore(storage).latest()
    assert (found, passed) == (written, [])
    assert list(CheckpointStore(storage).chunks(written.files[0])[1]) == [b"one", b"two"]


def test_another_process_sees_what_was_synced_and_nothing_else(storage: ObjectStorage) -> None:
    other = ObjectStorage(storage.url)
    storage.append("checkpoints/a", b"half")
    assert (other.size("checkpoints/a"), other.list("checkpoints")) == (-1, [])
    storage.append("checkpoints/a", b" and half")
    storage.sync("checkpoints/a")
    assert (other.read("checkpoints/a"), other.list("checkpoints")) == (b"half and half", ["a"])


def test_old_checkpoints_go_and_a_damaged_one_is_passed_over(storage: ObjectStorage) -> None:
    written = [checkpoint(storage, number, [bytes([number]) * 100]) for number in range(1, 6)]
    assert CheckpointStore(storage).numbers() == [3, 4, 5]
    storage.truncate("checkpoints/state-0000000005.full", 40)
    storage.sync("checkpoints/state-0000000005.full")
    found, passed = CheckpointStore(storage).latest()
    assert found is not None
    assert found.number == 4
    assert passed == [f"checkpoint 5: state-0000000005.full is not {written[4].files[0].size} bytes long"]


def test_reading_a_part_and_appending_to_what_is_there(storage: ObjectStorage) -> None:
    storage.append("a/b", b"0123456789")
    assert storage.read_range("a/b", 2, 3) == b"234"
    storage.sync("a/b")
    storage.append("a/b", b"x")
    storage.sync("a/b")
    assert (storage.read_range("a/b", 9, 5), storage.size("a/b")) == (b"9x", 11)
    storage.rename("a/b", "a/c")
    storage.remove("a/c")
    assert storage.list("a") == []


def test_a_store_that_cannot_be_reached_is_one_line() -> None:
    with pytest.raises(InputFault, match=r"^cannot open nosuchprotocol://x: "):
        ObjectStorage("nosuchprotocol://x")
