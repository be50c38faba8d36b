"""What a core carries records through: channels, the nodes that read them, the partitions they come from."""

from __future__ import annotations

from typing import Any

from librt.strings import BytesWriter
from mypy_extensions import i64

from dataflow.engines.embedded.outbox import Outbox
from dataflow.engines.embedded.slots import Space
from dataflow.model import END_OF_TIME, NO_WATERMARK, KeyedOperator, StateType, hash_text


class Route:
    """What a channel does with the records of one type."""

    def __init__(self) -> None:
        self.branch: i64 = -1
        """Its union branch, or -1 where the stream has just one type."""
        self.readers: list[Node] = []


class Channel:
    """A stream inside the engine: who reads it, and the encoded records not yet handed to the sinks."""

    def __init__(self, name: str, types: i64, kept: bool) -> None:
        self.name: str = name
        self.kept: bool = kept
        self.routes: list[Route] = [Route() for _ in range(types)]
        """By number of the record type."""
        self.buffer: BytesWriter = BytesWriter()
        self.buffered: i64 = 0
        self.total: i64 = 0
        """Records ever put into the stream."""
        self.handed_over: i64 = 0
        """Records already handed to the sinks."""
        self.outbox: Outbox | None = None
        """Where its records become messages for a ledger."""


class Node:
    """One operator in its place in the engine."""

    def __init__(self, uid: str, operator: KeyedOperator[Any], state_type: StateType, space: Space) -> None:
        self.uid: str = uid
        self.number: i64 = 0
        """Index among the nodes: the order in which timers of one instant fire."""
        self.operator: KeyedOperator[Any] = operator
        self.state_type: StateType = state_type
        self.space: Space = space
        self.cell_number: i64 = space.width
        space.width += 1
        self.salt: i64 = hash_text(uid) & ~0xFFFF
        self.timer_cause: i64 = hash_text(uid)
        self.targets: list[Channel | None] = []
        """Output channel of each record type."""
        self.records: i64 = 0
        self.timers: i64 = 0
        self.late: i64 = 0


class Partition:
    """A source partition as the watermark sees it."""

    def __init__(self, name: str, channels: list[Channel | None], delay_ns: i64) -> None:
        self.name: str = name
        self.channels: list[Channel | None] = channels
        """Channel of each record type it may bring: its stream, and dead letters."""
        self.delay_ns: i64 = delay_ns
        self.top_ns: i64 = NO_WATERMARK
        self.idle: bool = False
        self.records: i64 = 0

    def watermark(self) -> i64:
        """As far as this partition lets the watermark come."""
        if self.idle:
            return END_OF_TIME
        return NO_WATERMARK if self.top_ns == NO_WATERMARK else self.top_ns - self.delay_ns
