"""What connectors must offer to an engine. Engines and connectors know these ports and never each other.

Theory of operation. An engine owns the order of things: it reads batches from sources, and from time to time takes a
checkpoint. A checkpoint holds, for each source, the position of a batch and how many of its records were used; for
each sink, how far its streams had got. After a crash the engine opens sources at those positions, tells sinks to
forget what came later, and goes on: state, consumed position and visible output move together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from dataflow.model import Record


class InputFault(Exception):
    """A source, sink or state directory cannot be used. The text is one or two lines for the person at the terminal."""


@dataclass(slots=True)
class Batch:
    """Records of one source in reading order; malformed input stands among them as dead letters.

    `position` is a small JSON-ready value: opening the source there and reading once gives this same batch again.
    """

    position: Any
    records: list[Record] = field(default_factory=list)


class Source(Protocol):
    """Reads one input. The same position always gives the same batch: sizes of batches depend on nothing else.

    A source numbers what it reads: it sets `sequence` (from 1) and `event_id` (first half: `hash_text(source name)`
    permuted by the position; second half: 0) of each record, so that a replay gives the same ids.
    """

    def open(self, position: Any | None) -> None:
        """Start at a position that `Batch.position` gave, or at the beginning. Raises InputFault."""

    def read(self) -> Batch | None:
        """The next batch, some thousand records; None at the end of a bounded source."""

    def expected_records(self) -> int | None:
        """About how many records there are in all, for the progress bar; None if unknown."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive records of one stream, encoded: `payload` is their Avro data, one after the other.

    In a stream of several record types each datum is preceded by its union branch. `first` is the number of the first
    record in its stream, from 0.
    """

    stream: str
    first: int
    count: int
    payload: bytes


class Sink(Protocol):
    """Takes streams out. All calls come from one thread, and never from the engine's own.

    `write` may stage; `prepare` makes all that was written durable and returns the position that goes into the
    checkpoint; `commit` follows once that checkpoint is durable, and makes the records visible where they were not
    before. After a crash `recover` gets the position of the restored checkpoint: what was written later goes, what was
    prepared but not yet committed is committed, however often this happens.
    """

    def recover(self, position: Any | None) -> None: ...

    def write(self, block: Block) -> None: ...

    def prepare(self, checkpoint: int) -> Any: ...

    def commit(self, checkpoint: int) -> None: ...

    def close(self) -> None: ...


class Storage(Protocol):
    """The file operations a durable component may use, by path relative to one root. The fault simulator has its own.

    Durability is as POSIX has it: bytes last after `sync`, names last after `sync_directory`.
    """

    def append(self, path: str, data: bytes) -> None:
        """Write at the end of the file, creating it (and its folders) if need be."""

    def sync(self, path: str) -> None: ...

    def sync_directory(self, path: str) -> None: ...

    def rename(self, source: str, target: str) -> None: ...

    def read(self, path: str) -> bytes: ...

    def read_range(self, path: str, start: int, size: int) -> bytes: ...

    def size(self, path: str) -> int:
        """Length in bytes; -1 where there is no such file."""

    def truncate(self, path: str, size: int) -> None: ...

    def remove(self, path: str) -> None: ...

    def list(self, path: str) -> list[str]:
        """Names in a directory, sorted; none where there is no such directory."""
