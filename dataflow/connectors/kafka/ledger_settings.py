"""How an application's transactions are made, and what is counted of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LedgerSettings:
    """How an application's transactions are made."""

    application: str
    transactional_id: str
    """What the producers' ids begin with."""
    turns_topic: str
    topics: dict[str, tuple[str, int]]
    """Topic and partitions of each stream."""
    inputs: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Topic and partition of each source that has them."""
    sources: tuple[str, ...] = ()
    """All sources by number."""
    must_be_new: bool = False
    """Refuse an application that has transactions already."""
    keeps_turns: bool = True
    """Write down what each turn took in: where the order of inputs depends on their arrival."""
    linger_ms: dict[str, int] = field(default_factory=dict)
    """Streams that may become visible so long after the turns that their records are of."""
    compression: str = "none"
    """That of the messages that the transactions hold,"""
    lingering_compression: str = "none"
    """and that of the messages that linger."""
    commit_records: int = 10_000
    """A transaction is closed when it holds so many records,"""
    commit_ms: int = 0
    """or when it is so old. Turns that come while one is committed wait for the next, so 0 makes no small ones under
    load."""
    timeout_ms: int = 60_000
    """The broker ends a transaction that is open for so long."""
    offsets_ms: int = 200
    """How often the consumer group's offsets go with a transaction."""
    heartbeat_ms: int = 250
    """Without turns for so long, an empty transaction tells others that this instance lives."""


@dataclass
class LedgerStatistics:
    """What was committed, for people. Times in seconds."""

    transactions: int = 0
    records: int = 0
    commit_s: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))
    """From the beginning of each commit to its end."""
