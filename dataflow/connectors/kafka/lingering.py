"""Makes streams visible that may linger: later than the turns that their records are of, in larger transactions.

Theory of operation. What a transaction costs is set by the partitions that it touches, each about a millisecond of the
broker's time, and all streams of all partitions in each small transaction are more than a broker can bear. So a stream
may have a `linger`: once the transaction with its turns is committed, its records go out in a transaction of a producer
of their own, which stays open for so long. It is filled little by little, and ends with a record in the turns topic
which says how many records of each such stream are visible now.

Nothing is visible whose turns are not committed, so what is lost in a crash can be made again: the turns since the last
checkpoint are done again, and of what they put into these streams that goes out whose number is past what is visible.
A checkpoint waits until all that came before it is visible.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from dataflow.connectors.kafka.ledger_records import visible_record
from dataflow.connectors.kafka.ledger_settings import LedgerSettings, LedgerStatistics
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.fault_points import reach
from dataflow.ports import Post

STEP_S: Final = 0.02
"""So often what waits is produced: all at once, at the end, would keep the next turns waiting for a processor."""
BATCH_BYTES: Final = 32_768
"""So much of a partition is sent at once: all of it at the end would keep the broker from what is waited for."""
RUN: Final = 1_000
"""After so many records that were produced in one go,"""
RUN_REST_S: Final = 0.003
"""Python's lock is left to the others for a while: what has come during a commit may be ten times as many."""
HELD_MAX: Final = 100_000
"""Records that may wait; then they go out, whatever their linger."""
HELD_FULL: Final = 2 * HELD_MAX
"""At so many the engine waits."""


class LingeringStreams:
    """What waits, and the thread that makes it visible."""

    def __init__(
        self, config: dict[str, Any], settings: LedgerSettings, instance: str, shut_out: Callable[[], Exception]
    ) -> None:
        self.settings = settings
        self.instance = instance
        self.key = settings.application.encode()
        open_ms = min([settings.timeout_ms // 2, *settings.linger_ms.values()])
        self.open_s = open_ms / 1_000
        """How long a transaction stays open: a stream's records are produced so long before they are due."""
        gentle = {"max.in.flight": 1, "linger.ms": open_ms, "batch.size": BATCH_BYTES}  # nobody waits for it
        self.producer = TransactionalProducer(
            {**config, **gentle, "compression.type": settings.lingering_compression},
            f"{settings.transactional_id}-lingering",
            settings.timeout_ms,
            shut_out,
        )
        self.visible = dict.fromkeys(settings.linger_ms, 0)
        """Records of each stream that are visible."""
        self.held: dict[str, deque[tuple[Post, int]]] = {stream: deque() for stream in settings.linger_ms}
        """What waits, with the numbers of the posts' last records."""
        self.since: dict[str, float] = {}
        """When the first of what waits in a stream came."""
        self.records = 0
        """That wait."""
        self.open: dict[str, int] = {}
        """The number of the last record of each stream in the open transaction; empty while none is open."""
        self.open_records = 0
        self.ends_at = math.inf
        """When the open transaction is committed: the first of its records is due then."""
        self.stepped_at = 0.0
        self.flushes: list[threading.Event] = []
        """To be set when all that waits now is visible."""
        self.statistics = LedgerStatistics()
        self.changed = threading.Condition()
        self.is_stopping = False
        self.fail: Callable[[Exception], None] = _nobody
        self.thread: threading.Thread | None = None

    def begin_after(self, totals: dict[str, int]) -> None:
        """A checkpoint had these totals: all of it is visible."""
        self.saw({stream: totals.get(stream, 0) for stream in self.visible})

    def saw(self, visible: dict[str, int]) -> None:
        """So many records are visible: those need not go out again."""
        for stream, number in visible.items():
            self.visible[stream] = max(self.visible.get(stream, 0), number)
            held = self.held.setdefault(stream, deque())
            while held and held[0][1] <= number:
                self.records -= len(held.popleft()[0].values)
            if held:
                post, last = held[0]
                held[0] = (_after(post, len(post.values) - (last - number)), last)
                self.records -= len(post.values) - len(held[0][0].values)
            else:
                self.since.pop(stream, None)

    def hold(self, post: Post, last: int) -> None:
        """Its turns are committed: it may go out. `last` is the number of its last record."""
        with self.changed:
            self.held[post.stream].append((post, last))
            self.records += len(post.values)
            if post.stream not in self.since or self.records >= HELD_MAX:
                self.since.setdefault(post.stream, time.monotonic())
                self.changed.notify()

    def flush(self, done: threading.Event) -> None:
        """Make all visible that waits now, whatever its linger, then set the event."""
        with self.changed:
            self.flushes.append(done)
            self.changed.notify()

    def is_full(self) -> bool:
        return self.records + self.open_records >= HELD_FULL

    def start(self, fail: Callable[[Exception], None]) -> None:
        """`fail` is told what ends the thread before its time."""
        self.fail = fail
        self.thread = threading.Thread(target=self._work, name="tapeline-kafka-lingering", daemon=True)
        self.thread.start()

    def close(self) -> None:
        """What still waits does not go out: a run that goes on makes it again."""
        with self.changed:
            self.is_stopping = True
            self.changed.notify()
        if self.thread is not None:
            self.thread.join()

    # The thread

    def _work(self) -> None:
        try:
            while not self.is_stopping:
                posts, flushes = self._next()
                self._produce(posts)
                if self.open and (flushes or self.open_records >= HELD_MAX or self.ends_at <= time.monotonic()):
                    self._commit()
                for done in flushes:
                    done.set()
            if self.open:
                self.producer.abandon()
        except Exception as error:
            self.fail(error)

    def _next(self) -> tuple[list[tuple[Post, int]], list[threading.Event]]:
        """Wait for the next step, and take what is to be produced."""
        with self.changed:
            while not (self.is_stopping or self.flushes or self.records >= HELD_MAX or self._in_s() <= 0):
                self.changed.wait(self._in_s())
            self.stepped_at = time.monotonic()
            takes_all = bool(self.flushes) or self.records >= HELD_MAX
            flushes, self.flushes = self.flushes, []
            return ([], []) if self.is_stopping else (self._take(takes_all), flushes)

    def _in_s(self) -> float:
        """Until something is to be produced, or the open transaction is over."""
        first = min((self._due(stream) - self.open_s for stream in self.since), default=math.inf)
        wanted = max(min(first, self.ends_at), self.stepped_at + STEP_S)
        return min(wanted - time.monotonic(), threading.TIMEOUT_MAX)

    def _due(self, stream: str) -> float:
        return self.since[stream] + self.settings.linger_ms[stream] / 1_000

    def _take(self, takes_all: bool) -> list[tuple[Post, int]]:
        latest = time.monotonic() + self.open_s
        chosen = [stream for stream in self.since if takes_all or self._due(stream) <= latest]
        taken = [item for stream in chosen for item in self.held[stream]]
        for stream in chosen:
            self.ends_at = min(self.ends_at, self._due(stream))
            self.held[stream].clear()
            del self.since[stream]
        self.records -= sum(len(post.values) for post, _ in taken)
        return taken

    def _produce(self, posts: list[tuple[Post, int]]) -> None:
        run = 0
        for post, last in posts:
            if run >= RUN and self.records < HELD_MAX // 2:
                time.sleep(RUN_REST_S)
                run = 0
            if not self.open:
                self.producer.begin()
            self.producer.post(*self.settings.topics[post.stream], post)
            self.open[post.stream] = last
            self.open_records += len(post.values)
            run += len(post.values)

    def _commit(self) -> None:
        """The record goes into the turns topic last: what is behind it there, the ledger's own transactions, nobody
        can read until this one is committed."""
        began_at, producer = time.monotonic(), self.producer
        producer.flush()
        reach("lingering-before-commit")
        self.visible |= self.open
        producer.post_last(self.settings.turns_topic, self.key, visible_record(self.instance, self.visible))
        producer.commit()
        reach("lingering-after-commit")
        self.statistics.transactions += 1
        self.statistics.records += self.open_records
        self.statistics.commit_s.append(time.monotonic() - began_at)
        self.open, self.open_records, self.ends_at = {}, 0, math.inf


def _nobody(error: Exception) -> None:
    raise error


def _after(post: Post, count: int) -> Post:
    """Without its first records."""
    if count <= 0:
        return post
    return Post(post.stream, post.keys[count:], post.values[count:], post.event_ids[count:], post.cause_ids[count:])
