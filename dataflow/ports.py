"""What connectors must offer to an engine. Engines and connectors know these ports and never each other.

Theory of operation. An engine owns the order of things: it reads batches from sources, and from time to time takes a
checkpoint. A checkpoint holds, for each source, the position of a batch and how many of its records were used; for
each sink, how far its streams had got. After a crash the engine opens sources at those positions, tells sinks to
forget what came later, and goes on: state, consumed position and visible output move together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from dataflow.model import Record


class InputFault(Exception):
    """A source, sink or state directory cannot be used. The text is one or two lines for the person at the terminal."""


class Interrupted(Exception):
    """What a run stood on has gone for the moment: it can begin again from its last checkpoint. The text says why."""


@dataclass(slots=True)
class Batch:
    """Records of one source in reading order; malformed input stands among them as dead letters.

    `position` is a small JSON-ready value: opening the source there gives the same records again.
    """

    position: Any
    records: list[Record] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    """How far the outside takes the source to be read after each record (a Kafka offset); empty where nobody asks."""


class Source(Protocol):
    """Reads one input, one ordered sequence of records. The same position always gives the same records.

    A source numbers what it reads: it sets `sequence` (from 1) and `event_id` (first half: `hash_text(source name)`
    permuted by the position; second half: 0) of each record, so that a replay gives the same ids.
    """

    def open(self, position: Any | None) -> None:
        """Start at a position that `Batch.position` gave, or at the beginning. Raises InputFault."""

    def read(self) -> Batch | None:
        """The next batch, some thousand records; None at the end of a bounded source. A source of `Arrivals` does not
        wait: its batch is empty where nothing has come yet."""

    def expected_records(self) -> int | None:
        """About how many records there are in all, for the progress bar; None if unknown."""

    def close(self) -> None: ...


class Arrivals(Protocol):
    """Sources that one connection reads side by side, without end and in no order among them.

    Names are those of the sources. What has come and is not yet read waits in a bounded room; beyond that the
    connection is not read.
    """

    def wait(self, timeout_s: float) -> list[str]:
        """Sources that have records to read, at the latest after so long; none where nothing came."""

    def fell_silent(self) -> list[str]:
        """Sources that are read to their end and have brought nothing for as long as they may, since last asked."""


@dataclass(slots=True)
class Turn:
    """What one turn of the loop took in: with the inputs themselves, all that is needed to do it again."""

    taken: list[tuple[int, int]] = field(default_factory=list)
    """(number of the source, records taken from it), each source once."""
    idle: list[int] = field(default_factory=list)
    """Numbers of sources that no longer hold the watermark back."""

    def records(self) -> int:
        """Taken in all."""
        return sum(count for _, count in self.taken)


@dataclass(slots=True)
class Post:
    """Consecutive records of one stream, each a message by itself: four lists of one length."""

    stream: str
    keys: list[str] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    """In Confluent's wire format."""
    event_ids: list[str] = field(default_factory=list)
    """32 hexadecimal digits."""
    cause_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What became visible in one step."""

    number: int
    """From 1."""
    turns: list[Turn]
    totals: dict[str, int]
    """Records ever put into each stream, up to its end."""


class Ledger(Protocol):
    """Makes outputs visible together with how far the inputs are read, in transactions, ahead of checkpoints.

    Streams that may linger become visible after the turns that their records are of, never before: `visible` and `hold`
    are of these.

    `mark` and `end_turn` are called by the engine's thread and do not wait, but for room; `prepare` by the thread of
    the sinks. All raise what has gone wrong: InputFault where another instance has taken over, Interrupted where the
    engine must begin again.
    """

    def follow(self, position: Any | None, silence_s: float) -> Iterator[Transaction | None]:
        """What another instance commits after the position, as it does (None: nothing new at the moment), until it has
        been silent for so long. `open` then goes on from there."""

    def open(self, position: Any | None) -> None:
        """Shut out any other instance. Sources are opened after this. Raises InputFault, Interrupted."""

    def recover(self) -> Iterator[Transaction]:
        """The transactions that were committed after the position; when they are read, turns may end."""

    def visible(self) -> dict[str, int]:
        """Streams that linger, with how many records of each are known to be visible; all are once it is open."""

    def hold(self, posts: list[Post], totals: dict[str, int]) -> None:
        """What turns that were done again put into streams that linger: it becomes visible where it is not. `totals`
        are the numbers of the posts' last records."""

    def end_turn(self, turn: Turn, posts: list[Post], marks: dict[str, int], totals: dict[str, int]) -> None:
        """A turn is over: what it put into streams, how far sources are read, and how far these streams are now."""

    def mark(self, checkpoint: int) -> None:
        """Close the transaction here: a checkpoint has its instant after the last turn."""

    def prepare(self, checkpoint: int) -> Any:
        """Wait until that transaction is committed; the position for the checkpoint."""

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
