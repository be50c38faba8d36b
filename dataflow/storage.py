"""Files of one directory with the durability of POSIX, and the lock that keeps a second run out of it.

Theory of operation. Bytes go to the kernel unbuffered, so a `kill -9` loses nothing that `append` has returned from; a
power failure loses what was not followed by `sync` (bytes, lengths) or `sync_directory` (names). Folders are made
durable as they are made. After a failed sync the kernel may have dropped the very pages it could not write, so a retry
that succeeds proves nothing: the storage then refuses every further write.

Bound: at most `open_files` descriptors are kept open; one that has unsynced bytes is synced before it is closed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Final

from dataflow.ports import InputFault

SPACE = "free some space there and go on with --resume, or choose another directory"
RIGHTS = "give this user the right to it, or choose another directory"
FACTS: Final = {
    errno.ENOSPC: ("the disk is full", SPACE),
    errno.EDQUOT: ("the disk quota is used up", SPACE),
    errno.EFBIG: ("the file would be larger than this process may write", "raise the limit on file sizes (ulimit -f)"),
    errno.EACCES: ("permission denied", RIGHTS),
    errno.EPERM: ("permission denied", RIGHTS),
    errno.EROFS: ("the file system is read-only", "mount it writable, or choose another directory"),
    errno.EMFILE: ("this process has too many open files", "raise the limit on open files (ulimit -n)"),
    errno.ENFILE: ("this machine has too many open files", "close some, or raise the limit of the system"),
    errno.ENOENT: ("no such file", ""),
    errno.ENOTDIR: (
        "a part of the path is a file, not a directory",
        "move that file, or choose another directory",
    ),
    errno.EISDIR: ("it is a directory", "move it away, or choose another directory"),
    errno.EIO: ("the disk reports an input/output error", "check the disk; nothing after the last checkpoint is safe"),
}

LOST_WRITES: Final = (errno.EIO, errno.ENOSPC, errno.EDQUOT)


def storage_fault(number: int, action: str, path: str) -> InputFault:
    """The fault for an `errno`, for example "cannot append to topics/a: the disk is full" and the remedy."""
    fact, remedy = FACTS.get(number, (os.strerror(number).lower(), ""))
    return InputFault(f"cannot {action} {path or 'the directory'}: {fact}" + (f"\n    {remedy}" if remedy else ""))


def checked_path(path: str) -> str:
    """The path, if it stays below the root. Raises ValueError."""
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ValueError(f"not a path below the root: {path!r}")
    return path


@contextmanager
def _as_faults(action: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_fault(error.errno or errno.EIO, action, path) from error


class _OpenFile:
    __slots__ = ("descriptor", "unsynced", "users")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.unsynced = False
        self.users = 0


class DirectoryStorage:
    """`dataflow.ports.Storage` over a real directory, which is made with the first file. Threads may share it, as long
    as no file is written by two at once."""

    def __init__(self, root: Path, open_files: int = 64) -> None:
        self.root = root
        self.open_files = open_files
        self._files: dict[str, _OpenFile] = {}
        self._lock = Lock()
        self._broken: InputFault | None = None

    def append(self, path: str, data: bytes) -> None:
        """See `Storage.append`. A fault may leave a part of the data at the end of the file."""
        with self._writing("append to", path, os.O_CREAT) as file:
            rest = memoryview(data)
            file.unsynced = True
            while rest:
                rest = rest[os.write(file.descriptor, rest) :]

    def sync(self, path: str) -> None:
        with self._writing("sync", path, 0) as file, self._breaking():
            os.fdatasync(file.descriptor)
            file.unsynced = False

    def sync_directory(self, path: str) -> None:
        with _as_faults("sync", path), self._breaking():
            _sync_folder(self.root / checked_path(path))

    def rename(self, source: str, target: str) -> None:
        """Atomic; replaces a file that is there. Files only."""
        with self._changing("rename", source):
            self._drop(checked_path(target))
            if (self.root / source).is_dir():
                raise IsADirectoryError(errno.EISDIR, "")
            (self.root / source).replace(self.root / target)

    def read(self, path: str) -> bytes:
        with _as_faults("read", path):
            return (self.root / checked_path(path)).read_bytes()

    def read_range(self, path: str, start: int, size: int) -> bytes:
        """As many of the `size` bytes from `start` on as there are."""
        with _as_faults("read", path), (self.root / checked_path(path)).open("rb", buffering=0) as file:
            parts = []
            while size > 0 and (part := os.pread(file.fileno(), size, start)):
                parts.append(part)
                start += len(part)
                size -= len(part)
            return b"".join(parts)

    def size(self, path: str) -> int:
        with _as_faults("read", path):
            try:
                status = (self.root / checked_path(path)).stat()
            except (FileNotFoundError, NotADirectoryError):
                return -1
            return -1 if stat.S_ISDIR(status.st_mode) else status.st_size

    def truncate(self, path: str, size: int) -> None:
        """Shorten the file to `size` bytes; `sync` makes it last. Raises ValueError where that would lengthen it."""
        with self._changing("truncate", path):
            if 0 <= self.size(path) < size:
                raise ValueError(f"{path} has fewer than {size} bytes")
            os.truncate(self.root / path, size)

    def remove(self, path: str) -> None:
        with self._changing("remove", path):
            (self.root / path).unlink()

    def list(self, path: str) -> list[str]:
        with _as_faults("list", path):
            try:
                return sorted(os.listdir(self.root / checked_path(path)))
            except FileNotFoundError:
                return []

    def close(self) -> None:
        """Close every file, without syncing."""
        with self._lock:
            for path in tuple(self._files):
                self._drop(path)

    @contextmanager
    def _writing(self, action: str, path: str, flags: int) -> Iterator[_OpenFile]:
        """The open file, kept open until the block is left and usually longer."""
        with _as_faults(action, path):
            with self._lock:
                self._refuse_if_broken()
                file = self._files.pop(path, None) or _OpenFile(self._open(checked_path(path), flags))
                self._files[path] = file
                file.users += 1
                self._close_oldest()
            try:
                yield file
            finally:
                with self._lock:
                    file.users -= 1

    @contextmanager
    def _changing(self, action: str, path: str) -> Iterator[None]:
        """Closes the file, then does what changes its name or length while no other file is opened or closed."""
        with _as_faults(action, path), self._lock:
            self._refuse_if_broken()
            self._drop(checked_path(path))
            yield

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """Remembers that the disk failed a sync."""
        try:
            yield
        except OSError as error:
            if error.errno in LOST_WRITES:
                self._broken = storage_fault(error.errno or errno.EIO, "go on in", str(self.root))
            raise

    def _refuse_if_broken(self) -> None:
        if self._broken is not None:
            raise self._broken

    def _open(self, path: str, flags: int) -> int:
        flags |= os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        try:
            return os.open(self.root / path, flags, 0o644)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
        _make_folder((self.root / path).parent)
        return os.open(self.root / path, flags, 0o644)

    def _close_oldest(self) -> None:
        idle = [path for path, file in self._files.items() if file.users == 0]
        for path in idle[: max(0, len(self._files) - self.open_files)]:
            if self._files[path].unsynced:
                with self._breaking():
                    os.fdatasync(self._files[path].descriptor)
            self._drop(path)

    def _drop(self, path: str) -> None:
        file = self._files.pop(path, None)
        if file is not None:
            os.close(file.descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it, durably."""
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


class StateLock:
    """Keeps a directory to one run: held while the process lives, gone with it however it ends.

    with StateLock(folder): …
    """

    FILE = "lock"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor = -1

    def acquire(self) -> None:
        """Raises InputFault with the number of the process that holds the directory."""
        with _as_faults("lock", str(self.folder)):
            _make_folder(self.folder.absolute())
            descriptor = os.open(self.folder / self.FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._take(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Releasing twice, or what was never acquired, does nothing."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "starting or ending"
            raise InputFault(
                f"{self.folder} is in use by another run (process {holder})\n"
                "    wait for it to end, or choose another directory"
            ) from None
        except OSError as error:
            raise storage_fault(error.errno or errno.EIO, "lock", str(self.folder)) from error
        with suppress(OSError):  # on a full disk the lock holds all the same; it only cannot say whose it is
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def __enter__(self) -> StateLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
