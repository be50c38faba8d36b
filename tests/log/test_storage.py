"""The real directory: its faults in words, its descriptors bounded, one run at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage, StateLock

ON_A_LIMITED_DISK = """
import resource, sys
from pathlib import Path
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
storage = DirectoryStorage(Path(sys.argv[1]))
storage.append("kept", b"12345678")
try:
    storage.append("kept", b"12345678")
except InputFault as fault:
    print(fault)
    print(storage.size("kept"))
"""

AS_NOBODY = """
import os, sys
from pathlib import Path
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage
os.chdir(sys.argv[1]); os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    DirectoryStorage(Path()).append("topics/a", b"1")
except InputFault as fault:
    print(fault)
"""

HOLDER = """
import sys
from pathlib import Path
from dataflow.storage import StateLock
StateLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def in_another_process(script: str, folder: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True
    ).stdout


def test_a_full_disk_is_one_clear_fault_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "topics").mkdir()
    (tmp_path / "topics/full").symlink_to("/dev/full")

    with pytest.raises(InputFault) as caught:
        DirectoryStorage(tmp_path).append("topics/full", b"data")

    assert str(caught.value).splitlines() == [
        "cannot append to topics/full: the disk is full",
        "    free some space there and go on with --resume, or choose another directory",
    ]


def test_a_write_that_only_half_fits_is_a_fault_not_a_short_file(tmp_path: Path) -> None:
    printed = in_another_process(ON_A_LIMITED_DISK, tmp_path)

    assert "cannot append to kept: the file would be larger than this process may write" in printed
    assert printed.endswith("\n10\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_directory_of_another_user_is_a_fault(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    assert "cannot append to topics/a: permission denied" in in_another_process(AS_NOBODY, tmp_path)


def test_a_file_in_the_place_of_a_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "topics").write_text("")

    with pytest.raises(InputFault, match="a part of the path is a file"):
        DirectoryStorage(tmp_path).append("topics/a", b"1")


def test_a_missing_file_has_no_size_and_cannot_be_read(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path / "absent")

    assert storage.size("a") == -1
    assert storage.list("") == []
    with pytest.raises(InputFault, match="cannot read a: no such file"):
        storage.read("a")


def test_a_path_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a path below the root"):
        DirectoryStorage(tmp_path).append("../a", b"1")


def test_more_files_than_descriptors_are_written_all_the_same(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path, open_files=3)
    paths = [f"folder/{number}" for number in range(50)]
    append_in_turns(storage, paths, turns=3)

    assert {storage.read(path) for path in paths} == {b"012"}
    assert open_descriptors(tmp_path) == 3
    storage.close()
    assert open_descriptors(tmp_path) == 0


def append_in_turns(storage: DirectoryStorage, paths: list[str], turns: int) -> None:
    for turn in range(turns):
        for path in paths:
            storage.append(path, str(turn).encode())


def open_descriptors(folder: Path) -> int:
    links = [os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return sum(link.startswith(str(folder)) for link in links)


def test_appends_after_a_truncation_or_replacement_go_to_the_file_of_that_name(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)
    storage.append("a", b"123456")
    storage.truncate("a", 2)
    storage.append("a", b"x")
    storage.append("b", b"new")
    storage.rename("b", "a")
    storage.append("a", b"er")

    assert storage.read("a") == b"newer"
    assert storage.list("") == ["a"]


def test_after_a_failed_sync_nothing_more_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = DirectoryStorage(tmp_path)
    storage.append("a", b"1")
    monkeypatch.setattr(os, "fdatasync", failing_sync)
    with pytest.raises(InputFault, match="cannot sync a: the disk reports an input/output error"):
        storage.sync("a")
    monkeypatch.undo()

    with pytest.raises(InputFault, match="the disk reports an input/output error"):
        storage.sync("a")
    with pytest.raises(InputFault, match="the disk reports an input/output error"):
        storage.append("b", b"1")


def failing_sync(descriptor: int) -> None:
    raise OSError(5, "Input/output error")


def test_a_directory_in_use_by_another_run_names_its_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"

        with pytest.raises(InputFault, match=rf"is in use by another run \(process {holder.pid}\)"):
            StateLock(tmp_path).acquire()

        holder.kill()
        holder.wait()
        with StateLock(tmp_path):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    lock = StateLock(tmp_path / "new" / "folder")
    with lock, pytest.raises(InputFault, match="in use by another run"):
        StateLock(tmp_path / "new" / "folder").acquire()

    with lock:
        lock.release()
    lock.release()
