"""Opens a file, plain or packed (.gz, .zip), as one stream of bytes; what is wrong with it becomes an InputFault."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final, cast

from dataflow.ports import InputFault

DAMAGED: Final = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)
"""What reading a packed file that is cut short or overwritten raises."""
GZIP_SIZE_BYTES: Final = 4


def file_fault(path: Path, error: Exception) -> InputFault:
    """The fault for what went wrong with this file: place, fact and remedy."""
    if isinstance(error, FileNotFoundError):
        return InputFault(f"{path}: no such file\n    check the path")
    if isinstance(error, IsADirectoryError):
        return InputFault(f"{path}: is a folder, not a file\n    name a file in it")
    if isinstance(error, PermissionError):
        return InputFault(f"{path}: may not be read by this user\n    give this user the right to read it")
    if isinstance(error, DAMAGED):
        return InputFault(f"{path}: the archive is damaged or cut short ({error})\n    fetch the file again")
    if isinstance(error, RuntimeError | NotImplementedError):
        return InputFault(f"{path}: the archive cannot be unpacked ({error})\n    pack it again, without encryption")
    return InputFault(f"{path}: cannot be read ({error})")


def open_stream(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked. Raises InputFault."""
    try:
        if path.suffix == ".zip":
            return _open_zip(path)
        if path.suffix == ".gz":
            path.stat()
            return cast("IO[bytes]", gzip.open(path, "rb"))
        return path.open("rb")
    except (OSError, RuntimeError, *DAMAGED) as error:
        raise file_fault(path, error) from None


def unpacked_size(path: Path) -> int:
    """Bytes `open_stream` will give; for .gz what its last four bytes claim. Raises InputFault."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return archive.getinfo(_member(path, archive)).file_size
        size = path.stat().st_size
        if path.suffix != ".gz" or size < GZIP_SIZE_BYTES:
            return size
        with path.open("rb") as file:
            file.seek(-GZIP_SIZE_BYTES, 2)
            return int.from_bytes(file.read(GZIP_SIZE_BYTES), "little")
    except (OSError, RuntimeError, *DAMAGED) as error:
        raise file_fault(path, error) from None


def _open_zip(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    try:
        return archive.open(_member(path, archive))
    finally:
        archive.close()  # the stream keeps the file open for itself


def _member(path: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) == 1:
        return names[0]
    held = ", ".join(names[:3]) or "nothing"
    raise InputFault(f"{path}: the archive holds {len(names)} files ({held}), not one\n    pack each file by itself")
