"""Rows in ClickHouse exactly once, whatever is killed.

Theory of operation. Only what a durable checkpoint covers is inserted. `prepare` writes the blocks since the last
checkpoint to a spool file and syncs it; once the checkpoint is durable, `commit` inserts them. A crash in between is
made good by `recover`: the restored checkpoint names its spool file, and its rows are inserted again. Each insert is
one block with a token (stream, first record, count, epoch), and ClickHouse drops an insert whose token it has seen, so
repeating one is harmless. A spool file goes only after its rows are in; if it is gone, they are in.

The checkpoint restored may also be older than the newest committed one, if that was damaged later. Then rows beyond it
stand in the tables, and the replay will bring the same records in other blocks. Each row carries its number in the
stream, so rows beyond the checkpoint are deleted; and the epoch, which is part of every token and counted up in a table
of its own before the deletion, keeps a later insert from being taken for one that was deleted.

Invariant: after `commit(n)` the tables hold exactly the records of their streams up to checkpoint n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from dataflow.connectors.clickhouse.client import apply_ddl, sentence
from dataflow.connectors.clickhouse.rows import OFFSET, Insert, inserts, table_names
from dataflow.connectors.clickhouse.spool import Spool
from dataflow.graph import Stream
from dataflow.ports import Block, InputFault, Storage

ONE_BLOCK = {
    "insert_deduplicate": 1,
    "input_format_parallel_parsing": 0,
    "max_insert_threads": 1,
    "min_insert_block_size_rows": 10_000_000,
    "min_insert_block_size_bytes": 4_000_000_000,
    "max_insert_block_size": 10_000_000,
}
"""One insert is one block: ClickHouse takes it whole or not at all."""
EPOCHS = "insert_epochs"


class ClickHouseSink:
    """A sink of streams into tables of the same names (dashes as underscores)."""

    def __init__(self, storage: Storage, streams: Sequence[Stream], connect: Callable[[], Client], ddl: Path) -> None:
        self.spool = Spool(storage)
        self.streams = {stream.name: stream for stream in streams}
        self.connect = connect
        self.ddl = ddl
        self.waiting: list[Block] = []
        self.prepared: list[Block] = []
        self.offsets: dict[str, int] = {}
        self.epoch = 0
        self.path: str | None = None
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = self.connect()
        return self._client

    def recover(self, position: Any | None) -> None:
        """Bring the tables to a checkpoint: insert what it had prepared, delete what came later. Raises InputFault."""
        self._say(lambda: self._recover(position or {"offsets": {}, "spool": None, "epoch": 0}))

    def write(self, block: Block) -> None:
        self.waiting.append(block)
        self.offsets[block.stream] = block.first + block.count

    def prepare(self, checkpoint: int) -> Any:
        self.prepared, self.waiting = _joined(self.waiting), []
        spool = self.spool.write(checkpoint, self.prepared) if self.prepared else None
        self.path = None if spool is None else spool["path"]
        return {"offsets": dict(self.offsets), "spool": spool, "epoch": self.epoch}

    def commit(self, checkpoint: int) -> None:
        self._say(lambda: self._insert(self.prepared, self.epoch))
        self.prepared = []
        self.spool.remove_others(keep=None)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _say(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ClickHouseError as error:
            raise InputFault(f"ClickHouse: {sentence(error)}") from None

    def _recover(self, position: dict[str, Any]) -> None:
        apply_ddl(self.client, self.ddl)
        self.client.command(f"CREATE TABLE IF NOT EXISTS {EPOCHS} (epoch UInt64) ENGINE = MergeTree ORDER BY epoch")
        self.offsets = dict(position["offsets"])
        spool = position["spool"]
        blocks = None if spool is None else self.spool.read(spool)
        if blocks is not None:
            self._insert(blocks, position["epoch"])
        self.epoch = max(position["epoch"], self._newest_epoch())
        if self._beyond():
            self.epoch += 1
            self.client.insert(EPOCHS, [[self.epoch]], column_names=["epoch"])
            for table, offset in self._beyond():
                self.client.command(
                    f"ALTER TABLE {table} DELETE WHERE {OFFSET} >= {offset} SETTINGS mutations_sync = 2"
                )
        self.waiting, self.prepared = [], []
        self.spool.remove_others(keep=None)

    def _newest_epoch(self) -> int:
        return int(self.client.query(f"SELECT max(epoch) FROM {EPOCHS}").result_rows[0][0])  # noqa: S608 - constant

    def _beyond(self) -> list[tuple[str, int]]:
        """(table, offset) where rows stand at or after the offset the checkpoint has reached."""
        found = []
        for stream in self.streams.values():
            offset = self.offsets.get(stream.name, 0)
            for table in table_names(stream).values():
                query = f"SELECT count() FROM {table} WHERE {OFFSET} >= {offset}"  # noqa: S608 - names of the graph
                if self.client.query(query).result_rows[0][0]:
                    found.append((table, offset))
        return found

    def _insert(self, blocks: list[Block], epoch: int) -> None:
        for block in blocks:
            for insert in inserts(self.streams[block.stream], block, epoch):
                self._insert_one(insert)

    def _insert_one(self, insert: Insert) -> None:
        settings = {**ONE_BLOCK, "insert_deduplication_token": insert.token}
        self.client.raw_insert(
            insert.table, column_names=insert.columns, insert_block=insert.container, fmt="Avro", settings=settings
        )


def _joined(blocks: list[Block]) -> list[Block]:
    """Blocks of one stream that follow each other as one, for fewer inserts, up to a size ClickHouse takes at once."""
    by_stream: dict[str, list[Block]] = {}
    for block in blocks:
        by_stream.setdefault(block.stream, []).append(block)
    return [joined for parts in by_stream.values() for joined in _join_run(parts)]


ROWS_MAX = 50_000


def _join_run(parts: list[Block]) -> list[Block]:
    groups: list[list[Block]] = [[parts[0]]]
    for _, block in pairwise(parts):
        rows = sum(item.count for item in groups[-1])
        if rows + block.count > ROWS_MAX:
            groups.append([])
        groups[-1].append(block)
    return [
        Block(
            group[0].stream, group[0].first, sum(item.count for item in group), b"".join(item.payload for item in group)
        )
        for group in groups
    ]
