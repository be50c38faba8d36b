"""A disk in memory that crashes, forgets and fills up, deterministically from a seed.

Theory of operation. Every call is one numbered operation; a plan of `Faults` says before or after which one the machine
crashes, and from which one on the disk is full. What a crash leaves is what POSIX allows and no more:

- Bytes and lengths: a file keeps what its last `sync` covered. Of the appends and truncations since, in their order,
  any prefix happened; the last append of it may be cut anywhere, and everything unsynced behind some point may read
  as zeros or noise, as blocks do that were allocated and never written.
- Names: creations, renames and removals in one directory happened in their order up to some point at or after its last
  `sync_directory`. A rename is atomic, also between directories. A name and the bytes under it are independent: a
  renamed file may be found empty.
- Folders last as soon as they are made, as `DirectoryStorage` sees to it.

Invariant: without faults every operation does what `DirectoryStorage` does.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from random import Random
from threading import RLock

from dataflow.storage import checked_path, storage_fault


class Crash(BaseException):
    """The simulated machine stopped. No handler of ordinary errors may catch it."""


@dataclass(frozen=True)
class Faults:
    """What goes wrong, by operation number (from 1)."""

    crash_before: int = 0
    crash_after: int = 0
    full_from: int = 0
    """From this operation on nothing can be appended: the disk is full."""


NO_FAULTS = Faults()


class _File:
    """One file: what the disk holds for sure, and the appends and truncations it may have lost."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.kept = len(data)
        """Length of the prefix that was synced and is still as it was."""
        self.shortened = b""
        """Synced bytes behind it that were truncated since."""
        self.unsynced: list[bytes | int] = []
        """Bytes appended, or lengths truncated to, since the last sync."""

    def append(self, data: bytes) -> None:
        self.data += data
        self.unsynced.append(data)

    def truncate(self, size: int) -> None:
        if size < self.kept:
            self.shortened = bytes(self.data[size : self.kept]) + self.shortened
            self.kept = size
        del self.data[size:]
        self.unsynced.append(size)

    def sync(self) -> None:
        self.kept, self.shortened, self.unsynced = len(self.data), b"", []

    def survivor(self, random: Random) -> bytes:
        """What a crash leaves of it."""
        content = self.data[: self.kept] + self.shortened
        safe = len(content)
        for change in self.unsynced[: random.randint(0, len(self.unsynced))]:
            if isinstance(change, int):
                safe = min(safe, change)
                del content[change:]
            else:
                content += change
        end = random.randint(safe, len(content))
        torn = random.randint(safe, end)
        tail = (content[torn:end], bytes(end - torn), random.randbytes(end - torn))[random.randrange(3)]
        return bytes(content[:torn] + tail)


@dataclass(frozen=True, eq=False)
class _NameChange:
    """A creation (no source), removal (no target) or rename that is not yet certain."""

    source: str
    target: str
    file: _File

    def folders(self) -> set[str]:
        return {_folder(path) for path in (self.source, self.target) if path}

    def apply(self, names: dict[str, _File]) -> None:
        if self.source:
            names.pop(self.source)
        if self.target:
            names[self.target] = self.file


def _folder(path: str) -> str:
    parent = str(PurePosixPath(path).parent)
    return "" if parent == "." else parent


class SimulatedStorage:
    """`dataflow.ports.Storage` in memory.

    storage = SimulatedStorage(seed, Faults(crash_before=17))
    with pytest.raises(Crash): use(storage)
    storage = storage.crash()       # what is on the disk when the machine comes up again
    """

    def __init__(self, seed: int | Random = 0, faults: Faults = NO_FAULTS) -> None:
        self.faults = faults
        self.operations = 0
        """Operations begun so far."""
        self.trace: list[str] = []
        """One line an operation, oldest first."""
        self._random = seed if isinstance(seed, Random) else Random(seed)
        self._names: dict[str, _File] = {}
        self._durable: dict[str, _File] = {}
        self._changes: list[_NameChange] = []
        self._folders = {""}
        self._crashed = False
        self._lock = RLock()

    def crash(self, faults: Faults = NO_FAULTS) -> SimulatedStorage:
        """Stop the machine. Returns the disk as it is found afterwards, everything on it durable; whoever still holds
        the old one gets `Crash` from each operation."""
        with self._lock:
            self._crashed = True
            after = SimulatedStorage(self._random, faults)
            after._folders = set(self._folders)
            names = dict(self._durable)
            for change in self._surviving_changes():
                change.apply(names)
            after._names = {path: _File(file.survivor(self._random)) for path, file in sorted(names.items())}
            after._durable = dict(after._names)
            return after

    def append(self, path: str, data: bytes) -> None:
        with self._operation("append to", path, f"{len(data)} bytes"):
            if path not in self._names:
                self._make_file(path)
            if data and self._is_full():
                self._names[path].append(data[: self._random.randint(0, len(data) - 1)])
                raise storage_fault(errno.ENOSPC, "append to", path)
            self._names[path].append(data)

    def sync(self, path: str) -> None:
        with self._operation("sync", path):
            self._file("sync", path).sync()

    def sync_directory(self, path: str) -> None:
        with self._operation("sync directory", path):
            if path not in self._folders:
                raise storage_fault(errno.ENOTDIR if path in self._names else errno.ENOENT, "sync", path)
            self._make_names_last(path)

    def rename(self, source: str, target: str) -> None:
        with self._operation("rename", source, f"to {target}"):
            file = self._file("rename", source)
            checked_path(target)
            if target in self._folders or _folder(target) not in self._folders:
                raise storage_fault(errno.EISDIR if target in self._folders else errno.ENOENT, "rename", source)
            if source != target:
                self._change(_NameChange(source, target, file))

    def read(self, path: str) -> bytes:
        with self._operation("read", path):
            return bytes(self._file("read", path).data)

    def read_range(self, path: str, start: int, size: int) -> bytes:
        with self._operation("read", path, f"{size} bytes from {start}"):
            return bytes(self._file("read", path).data[start : start + size])

    def size(self, path: str) -> int:
        with self._operation("size of", path):
            return len(self._names[path].data) if path in self._names else -1

    def truncate(self, path: str, size: int) -> None:
        with self._operation("truncate", path, f"to {size} bytes"):
            file = self._file("truncate", path)
            if len(file.data) < size:
                raise ValueError(f"{path} has fewer than {size} bytes")
            file.truncate(size)

    def remove(self, path: str) -> None:
        with self._operation("remove", path):
            self._change(_NameChange(path, "", self._file("remove", path)))

    def list(self, path: str) -> list[str]:
        with self._operation("list", path):
            if path in self._names:
                raise storage_fault(errno.ENOTDIR, "list", path)
            entries = [entry for entry in (*self._names, *self._folders) if entry and _folder(entry) == path]
            return sorted(PurePosixPath(entry).name for entry in entries)

    def close(self) -> None:
        """Nothing is open."""

    @contextmanager
    def operation(self, action: str, name: str) -> Iterator[None]:
        """Count something that is no file operation (a read of a source, a commit elsewhere) as a place to crash at."""
        with self._operation(action, name):
            yield

    @contextmanager
    def _operation(self, action: str, path: str, detail: str = "") -> Iterator[None]:
        with self._lock:
            if self._crashed:
                raise Crash(f"the machine has stopped: no {action} {path}")
            self.operations += 1
            self.trace.append(f"{self.operations} {action} {path or '.'} {detail}".rstrip())
            self._crash_if(self.faults.crash_before, "before")
            checked_path(path)
            try:
                yield
            finally:
                self._crash_if(self.faults.crash_after, "after")

    def _crash_if(self, number: int, side: str) -> None:
        if number == self.operations:
            self._crashed = True
            self.trace.append(f"crash {side} {self.trace[-1]}")
            raise Crash(self.trace[-1])

    def _is_full(self) -> bool:
        return 0 < self.faults.full_from <= self.operations

    def _file(self, action: str, path: str) -> _File:
        if path in self._folders:
            raise storage_fault(errno.EISDIR, action, path)
        if path not in self._names:
            below_file = any(str(parent) in self._names for parent in PurePosixPath(path).parents)
            raise storage_fault(errno.ENOTDIR if below_file else errno.ENOENT, action, path)
        return self._names[path]

    def _make_file(self, path: str) -> None:
        above = ["" if str(parent) == "." else str(parent) for parent in PurePosixPath(path).parents]
        if path in self._folders:
            raise storage_fault(errno.EISDIR, "append to", path)
        if any(folder in self._names for folder in above):
            raise storage_fault(errno.ENOTDIR, "append to", path)
        self._folders.update(above)
        self._change(_NameChange("", path, _File(b"")))

    def _change(self, change: _NameChange) -> None:
        change.apply(self._names)
        self._changes.append(change)

    def _make_names_last(self, folder: str) -> None:
        """Apply the changes of the folder, and those that went before them in folders they share."""
        folders, certain = {folder}, []
        for change in reversed(self._changes):
            if change.folders() & folders:
                folders |= change.folders()
                certain.append(change)
        for change in reversed(certain):
            change.apply(self._durable)
            self._changes.remove(change)

    def _surviving_changes(self) -> Iterator[_NameChange]:
        """The name changes that a crash leaves: in each folder those up to some point."""
        closed: set[str] = set()
        chance = self._random.random()
        for change in self._changes:
            if change.folders() & closed or self._random.random() > chance:
                closed |= change.folders()
            else:
                yield change
