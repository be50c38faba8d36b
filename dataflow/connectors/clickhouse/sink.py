"""Rows in ClickHouse exactly once, whatever is killed.

Theory of operation. Only what a durable checkpoint covers is inserted. `write` cuts blocks into chunks, each an Avro
container of one table, and appends them to a spool file; `prepare` syncs it and puts its place and its chunks' ranges
into the checkpoint; `commit` inserts the chunks. A chunk is one insert of one block, with a token: ClickHouse drops an
insert whose token it has seen, so that a lost answer may be met by asking again.

`recover` makes the tables agree with the restored checkpoint, in two steps that may be repeated at will:

1. Each chunk the checkpoint had prepared is looked for. Whole: nothing to do. Missing: inserted from the spool, under
   its old token, so that an insert of the dead process that a server is still working on is not doubled. In part (a
   chunk that spans partitions is not atomic): its rows are deleted and inserted again. Then it is looked for again.
2. Rows beyond the checkpoint are deleted. They exist where the restored checkpoint is not the newest that was
   committed, because the newest was damaged later; the replay brings the same records, cut into other chunks. That is
   why each row carries the number of its record in its stream, and not only a token.

Deleted rows leave their tokens behind, and a replayed chunk may have the same range as one that was deleted. So every
life of the sink draws its own prefix for tokens, and the checkpoint keeps the prefix its chunks were prepared under.

A spool file is removed by the commit after its own, so that rows of the last commit can be inserted again even if the
machine lost power before ClickHouse had written them (the tables ask for fsync besides).

Invariant: after `commit(n)` and after `recover` to n the tables hold exactly the records of their streams up to n, but
for those whose TTL has passed.
Bound: memory, one chunk per table (50,000 rows or 16 MB); disk, the spool of two checkpoints.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from dataflow.connectors.clickhouse.client import sentence
from dataflow.connectors.clickhouse.migrations import apply_ddl, is_new
from dataflow.connectors.clickhouse.rows import Chunker, columns_of
from dataflow.connectors.clickhouse.spool import Spool
from dataflow.connectors.clickhouse.tables import Tables
from dataflow.graph import Stream
from dataflow.ports import Block, InputFault, Storage

SPOOL: Final = "spool"
ONE_BLOCK: Final = {
    "insert_deduplicate": 1,
    "input_format_parallel_parsing": 0,
    "max_insert_threads": 1,
    "max_insert_block_size": 10_000_000,
    "min_insert_block_size_rows": 10_000_000,
    "min_insert_block_size_bytes": 4_000_000_000,
    "max_partitions_per_insert_block": 0,
    "async_insert": 0,
}
"""One insert is one block, and its answer means that the rows are there."""
NOTHING: Final[dict[str, Any]] = {"streams": {}, "tokens": "", "spool": {"number": 0, "chunks": []}}
"""The position before the first checkpoint."""
PAUSES_S: Final = (0.1, 0.5, 2.0, 5.0)
"""Between attempts to reach a server that does not answer."""


class ClickHouseSink:
    """`dataflow.ports.Sink` over tables named after the streams. Call `recover` before the first `write`.

    `is_shared`: others may have filled the tables of this database; they are then never emptied for a run that begins.
    """

    def __init__(
        self,
        storage: Storage,
        streams: Sequence[Stream],
        connect: Callable[[], Client],
        ddl: Path,
        is_shared: bool = False,
    ) -> None:
        self.streams = {stream.name: stream for stream in streams}
        self.connect = connect
        self.ddl = ddl
        self.is_shared = is_shared
        self._spool = Spool(storage, SPOOL)
        self._chunkers = {stream.name: Chunker(stream) for stream in streams}
        self._ends: dict[str, int] = {}
        """Per stream the number of the record that comes next."""
        self._prefix = ""
        self._prepared: dict[str, Any] = NOTHING["spool"]
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = self.connect()
        return self._client

    def recover(self, position: Any | None) -> None:
        """Bring the tables to the checkpoint. Raises InputFault where ClickHouse, the DDL or the spool prevents it."""
        try:
            self._recover(position)
        except ClickHouseError as error:
            raise InputFault(f"ClickHouse: {sentence(error)}") from None

    def write(self, block: Block) -> None:
        if block.first != self._ends.get(block.stream, block.first):
            due = self._ends[block.stream]
            raise ValueError(f"{block.stream}: record {block.first} was written where {due} was due")
        for chunk in self._chunkers[block.stream].add(block):
            self._spool.append(chunk)
        self._ends[block.stream] = block.first + block.count

    def prepare(self, checkpoint: int) -> Any:
        for chunker in self._chunkers.values():
            for chunk in chunker.rest():
                self._spool.append(chunk)
        self._prepared = self._spool.seal()
        return {"streams": dict(self._ends), "tokens": self._prefix, "spool": self._prepared}

    def commit(self, checkpoint: int) -> None:
        """Insert what was prepared. Raises InputFault; a later `recover` completes it."""
        spool, self._prepared = self._prepared, NOTHING["spool"]
        try:
            for chunk in spool["chunks"]:
                self._insert(chunk, self._spool.read(spool, chunk), _token(self._prefix, chunk))
        except ClickHouseError as error:
            raise InputFault(f"ClickHouse: {sentence(error)}\n    go on with --resume: nothing is lost") from None
        if spool["chunks"]:
            self._spool.keep(spool["number"])

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _recover(self, position: Any | None) -> None:
        checkpoint = position or NOTHING
        if checkpoint["streams"] and is_new(self.client):
            raise InputFault(
                "ClickHouse holds nothing of the run that is to be resumed\n"
                "    bring its tables back, or start anew without --resume"
            )
        apply_ddl(self.client, self.ddl)
        tables = Tables(self.client, list(self.streams.values()))
        tables.check_columns()
        if self._spool.holds(checkpoint["spool"]):  # else they are there: the file goes with a later commit
            for chunk in checkpoint["spool"]["chunks"]:
                self._complete(tables, checkpoint, chunk)
        self._cut(tables, checkpoint["streams"])
        self._spool.resume(checkpoint["spool"])
        self._chunkers = {name: Chunker(stream) for name, stream in self.streams.items()}
        self._ends = dict(checkpoint["streams"])
        self._prefix = secrets.token_hex(8)
        self._prepared = NOTHING["spool"]

    def _complete(self, tables: Tables, checkpoint: dict[str, Any], chunk: dict[str, Any]) -> None:
        """See that the rows of a chunk are there, each once."""
        table, first, end = chunk["table"], chunk["first"], chunk["end"]
        for prefix in (checkpoint["tokens"], secrets.token_hex(8)):
            found = tables.count(table, first, end)
            if found == chunk["rows"]:
                return
            if found:
                tables.delete(table, first, end)
            self._insert(chunk, self._spool.read(checkpoint["spool"], chunk), _token(prefix, chunk))
        found = tables.count(table, first, end)
        if found != chunk["rows"]:
            raise InputFault(
                f"the table {table} holds {found:,} rows of the records {first} to {end - 1}, not {chunk['rows']:,}\n"
                "    something else writes to it: give this run a database of its own"
            )

    def _cut(self, tables: Tables, ends: dict[str, int]) -> None:
        """Delete the rows beyond the checkpoint."""
        for stream, table in tables.names():
            beyond = tables.count(table, ends.get(stream, 0))
            if beyond and self.is_shared and stream not in ends:
                raise InputFault(
                    f"the table {table} holds {beyond:,} rows of an earlier run, which this one does not continue\n"
                    f"    empty it (TRUNCATE TABLE {table}) or name another database"
                )
            if beyond:
                tables.delete(table, ends.get(stream, 0))

    def _insert(self, chunk: dict[str, Any], container: bytes, token: str) -> None:
        """Insert a chunk, once: a server that does not answer is asked again under the same token."""
        settings = {**ONE_BLOCK, "insert_deduplication_token": token}
        for pause_s in (*PAUSES_S, None):
            try:
                self.client.raw_insert(chunk["table"], columns_of(container), container, settings, fmt="Avro")
            except OperationalError:
                if pause_s is None:
                    raise
                time.sleep(pause_s)
            else:
                return


def _token(prefix: str, chunk: dict[str, Any]) -> str:
    return f"{prefix}:{chunk['table']}:{chunk['first']}-{chunk['end']}"
