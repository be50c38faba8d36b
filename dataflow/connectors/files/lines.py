"""Reads the lines of one file, and starts again at any line by a small position.

Theory of operation. A position counts bytes and lines of the unpacked text. A plain file is opened there at once; a
packed one is unpacked from its beginning and thrown away up to there, since deflate cannot be entered in the middle.
Bound: a line is at most LINE_BYTES_MAX long, so that a file without line ends cannot fill memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from dataflow.connectors.files.streams import DAMAGED, file_fault, open_stream, unpacked_size
from dataflow.ports import InputFault

CHUNK_BYTES: Final = 1 << 18
LINE_BYTES_MAX: Final = 1 << 20
SAMPLE_BYTES: Final = 1 << 15


@dataclass(frozen=True, slots=True)
class LinePosition:
    """A place between two lines: unpacked bytes and lines before it."""

    offset: int = 0
    line: int = 0


START: Final = LinePosition()


class LineFile:
    """One open file. `position` is where the next `read` begins."""

    def __init__(self, path: Path, position: LinePosition = START) -> None:
        """Open it at a position. Raises InputFault."""
        self.path = path
        self._stream: IO[bytes] = open_stream(path)
        self._offset = position.offset
        self._line = position.line
        self._lines: list[bytes] = []
        """Whole lines read but not yet given out, from `_next` on."""
        self._next = 0
        self._tail = b""
        """Bytes after the last line end read."""
        self._ended = False
        self._skip(position.offset)

    @property
    def position(self) -> LinePosition:
        return LinePosition(self._offset, self._line)

    def read(self, limit: int) -> list[bytes]:
        """Up to `limit` lines without their line feed, fewer only at the end of the file; none after it.

        Raises InputFault where the file is damaged.
        """
        lines: list[bytes] = []
        while len(lines) < limit and self._fill():
            taken = self._lines[self._next : self._next + limit - len(lines)]
            self._next += len(taken)
            lines += taken
        self._line += len(lines)
        self._offset += sum(map(len, lines)) + len(lines)
        return lines

    def close(self) -> None:
        self._stream.close()

    def _fill(self) -> bool:
        """True once there is a line to give out, False at the end of the file."""
        while self._next >= len(self._lines):
            if self._ended:
                return False
            chunk = self._chunk(CHUNK_BYTES)
            if not chunk:
                self._ended = True
                self._lines = [self._tail] if self._tail else []
                self._tail = b""
            else:
                self._lines = (self._tail + chunk).split(b"\n")
                self._tail = self._lines.pop()
            self._next = 0
            if len(self._tail) > LINE_BYTES_MAX:
                self.close()
                place = f"{self.path}:{self._line + len(self._lines) + 1}"
                raise InputFault(f"{place}: a line of more than {LINE_BYTES_MAX:,} bytes\n    is this a text file?")
        return True

    def _skip(self, size: int) -> None:
        if self.path.suffix not in (".gz", ".zip"):
            self._stream.seek(size)
            return
        while size > 0:
            chunk = self._chunk(min(size, CHUNK_BYTES))
            if not chunk:
                self.close()
                raise InputFault(f"{self.path}: is shorter than when it was read\n    put the same file back")
            size -= len(chunk)

    def _chunk(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except (OSError, RuntimeError, *DAMAGED) as error:
            self.close()
            raise file_fault(self.path, error) from None


def estimated_lines(path: Path) -> int:
    """About how many lines the file has, from its size and its first lines. Raises InputFault."""
    stream = open_stream(path)
    try:
        sample = stream.read(SAMPLE_BYTES)
    except (OSError, RuntimeError, *DAMAGED) as error:
        raise file_fault(path, error) from None
    finally:
        stream.close()
    lines = sample.count(b"\n")
    if len(sample) < SAMPLE_BYTES or lines == 0:
        return lines + (not sample.endswith(b"\n") and bool(sample))
    return unpacked_size(path) * lines // (sample.rindex(b"\n") + 1)
