"""Makes what a job puts out visible in Kafka, together with how far its inputs are read: exactly once.

Theory of operation. The engine's turns come through a queue to a thread that owns a transactional producer. A
transaction takes the turns that wait, and ends with a record in the application's turns topic: which records each turn
took in and in what order, how many records each stream has now, and up to which offset each input partition is used.
All of that becomes visible in one step or not at all. So the turns topic alone says what was done: to recover, an
engine restores its last checkpoint, does the turns since then again in silence, and goes on; it needs no local file but
the checkpoint, and without one it begins at the first turn.

While one transaction is being committed the next takes the turns that come, with a producer of its own, so that
transactions are as small as the broker lets them be, and larger under load: see `committer`. Streams that may linger go
out after them: see `lingering`.

One writer: `open` takes the transactional id, which shuts out whoever had it; each instance begins with a
transaction of its own, so that one that is shut out finds by whom. A broker also shuts out an instance that slept
through its transaction's timeout; then nobody else has written, and it begins again from its checkpoint.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from dataflow.connectors.kafka.committer import Committer, OpenTransaction
from dataflow.connectors.kafka.ledger_records import check_follows, turns_of
from dataflow.connectors.kafka.ledger_settings import LedgerSettings, LedgerStatistics
from dataflow.connectors.kafka.lingering import LingeringStreams
from dataflow.connectors.kafka.transactions import TransactionalProducer
from dataflow.connectors.kafka.turns import TurnsTopic
from dataflow.fault_points import reach
from dataflow.ports import InputFault, Interrupted, Post, Transaction, Turn

PRODUCERS: Final = 2
WAITING_MAX: Final = 512
"""Turns that may wait for the thread; then the engine waits."""
FOLLOW_S: Final = 0.02
"""How often a standby looks for what was committed."""
ASK_AGAIN_S: Final = 0.2
JOIN_S: Final = 0.1
TAKEOVER_S: Final = 4.0
"""Within this an instance that has taken over has said so."""


@dataclass(slots=True)
class _Entry:
    turn: Turn
    posts: list[Post]
    marks: dict[str, int]
    totals: dict[str, int]
    came_at: float


@dataclass(slots=True)
class _Mark:
    checkpoint: int
    done: threading.Event = field(default_factory=threading.Event)
    position: Any = None


class KafkaLedger:
    """`dataflow.ports.Ledger` in Kafka."""

    def __init__(
        self,
        config: dict[str, Any],
        settings: LedgerSettings,
        turns: TurnsTopic,
        group: Callable[[], Any] | None = None,
        refused: dict[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.turns = turns
        self.refused = {} if refused is None else refused
        """Messages that the registry's answer made dead letters: see `decoder`."""
        self.instance = uuid.uuid4().hex
        own = {**config, "compression.type": settings.compression}
        self.producers = [
            TransactionalProducer(own, f"{settings.transactional_id}-{turn}", settings.timeout_ms, self._shut_out)
            for turn in range(PRODUCERS)
        ]
        self.lingering = LingeringStreams(config, settings, self.instance, self._shut_out)
        self.producer = self.producers[0]
        """That of the next transaction, or of the one that is open."""
        self.totals: dict[str, int] = {}
        """Records of each stream up to the last turn that was taken."""
        self.said_at = 0
        """In the turns topic, after the record by which this instance said who it is."""
        self.queue: deque[_Entry | _Mark] = deque()
        self.changed = threading.Condition()
        self.committer = Committer(settings, self.instance, group, self.refused, self.changed)
        self.pending_marks: dict[int, _Mark] = {}
        self.current: OpenTransaction | None = None
        self.asking = threading.Lock()
        """Held by the thread that finds out who has shut this instance out."""
        self.failure: Exception | None = None
        self.is_stopping = False
        self.thread: threading.Thread | None = None

    @property
    def statistics(self) -> LedgerStatistics:
        """Of the transactions with turns."""
        return self.committer.statistics

    # The engine's side

    def follow(self, position: Any | None, silence_s: float) -> Iterator[Transaction | None]:
        self._begin_after(position)
        heard_at = time.monotonic()
        while time.monotonic() - heard_at < silence_s:
            for transaction in self._read():
                yield transaction
                heard_at = time.monotonic()
            yield None
            time.sleep(FOLLOW_S)

    def open(self, position: Any | None) -> None:
        self._begin_after(position)
        reach("silent")
        self._take_ids()
        reach("ids-taken")
        number, totals = self.committer.number, self.totals
        for _, entry in self.turns.read(self.committer.offset, self.turns.written_end()):
            if "visible" in entry:
                self.lingering.saw(entry["visible"])
                continue
            if self.settings.must_be_new:
                raise InputFault(
                    f"application {self.settings.application} has run on this cluster before\n"
                    "    --resume goes on with it, --application NAME starts another from the beginning of its topics"
                )
            self.refused |= entry["refused"]
            number, totals = entry["transaction"], entry["totals"]
        self.committer.told_refusals = len(self.refused)
        self._say_who(number + 1, totals)
        reach("owner")

    def _take_ids(self) -> None:
        """Whoever had them is shut out. Taking one can last a second, where a transaction has to be ended."""
        producers = (*self.producers, self.lingering.producer)
        with ThreadPoolExecutor(len(producers)) as threads:
            for taken in [threads.submit(producer.init) for producer in producers]:
                taken.result()

    def _say_who(self, number: int, totals: dict[str, int]) -> None:
        """A transaction without turns, by which one that is shut out sees who has taken over."""
        greeting = self._begin(0.0)
        greeting.totals = totals
        self.said_at = self.committer.write(number, greeting) + 1
        greeting.producer.commit()
        self.current = None

    def _begin_after(self, position: Any | None) -> None:
        if position is not None:
            self.committer.number, self.committer.offset = position["transaction"], position["offset"]
            self.totals = dict(position["totals"])
            self.lingering.begin_after(self.totals)

    def recover(self) -> Iterator[Transaction]:
        for transaction in self._read():
            yield transaction
            reach("during-recovery")
        self.lingering.start(self._fail)
        self.committer.start(self.lingering.hold, self._fail)
        self.thread = threading.Thread(target=self._work, name="tapeline-kafka-ledger", daemon=True)
        self.thread.start()

    def _read(self) -> Iterator[Transaction]:
        """The transactions that are committed by now and were not read before."""
        done = self.committer
        for offset, entry in self.turns.read(done.offset, self.said_at):
            done.offset = offset + 1
            if "visible" in entry:
                self.lingering.saw(entry["visible"])
                continue
            check_follows(entry, self.settings, done.number, self.totals)
            done.number, self.totals = entry["transaction"], entry["totals"]
            self.refused |= entry["refused"]
            yield Transaction(done.number, turns_of(entry), entry["totals"])

    def visible(self) -> dict[str, int]:
        return dict(self.lingering.visible)

    def hold(self, posts: list[Post], totals: dict[str, int]) -> None:
        for post in posts:
            self.lingering.hold(post, totals[post.stream])

    def end_turn(self, turn: Turn, posts: list[Post], marks: dict[str, int], totals: dict[str, int]) -> None:
        entry = _Entry(turn, posts, marks, totals, time.monotonic())
        with self.changed:
            while self._is_full() and not self._has_failed():
                self.changed.wait(0.1)
            self._raise()
            self.queue.append(entry)
            self.changed.notify_all()

    def mark(self, checkpoint: int) -> None:
        mark = self.pending_marks[checkpoint] = _Mark(checkpoint)
        with self.changed:
            self._raise()
            self.queue.append(mark)
            self.changed.notify_all()

    def prepare(self, checkpoint: int) -> Any:
        mark = self.pending_marks.pop(checkpoint)
        while not mark.done.wait(0.1):
            with self.changed:
                self._raise()
        with self.changed:
            self._raise()
        return mark.position

    def close(self) -> None:
        with self.changed:
            self.is_stopping = True
            self.changed.notify_all()
        self._join(self.thread)
        self.committer.stop()
        self._join(self.committer.thread)
        if self.current is not None:
            self.current.producer.abandon(JOIN_S)
        self.lingering.close()
        self.turns.close()

    def _join(self, thread: threading.Thread | None) -> None:
        while thread is not None and thread.is_alive() and not self._is_stuck():
            thread.join(JOIN_S)

    def waiting(self) -> int:
        """Turns that wait for their transaction."""
        return len(self.queue)

    def _is_full(self) -> bool:
        return len(self.queue) >= WAITING_MAX or self.lingering.is_full()

    def _has_failed(self) -> bool:
        if self.failure is None and self._is_stuck():
            self.failure = Interrupted("sending offsets has not ended: Kafka's group coordinator is away")
        return self.failure is not None

    def _is_stuck(self) -> bool:
        return any(producer.is_stuck() for producer in self.producers)

    def _raise(self) -> None:
        if self._has_failed():
            assert self.failure is not None
            raise self.failure

    # The thread

    def _work(self) -> None:
        try:
            while (items := self._next()) is not None:
                for item in items:
                    self._take(item)
                if self.current is not None and self._patience_s() <= 0:
                    self._close()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        with self.changed:
            self.failure = self.failure or error
            self.changed.notify_all()

    def _next(self) -> list[_Entry | _Mark] | None:
        """What waits; nothing where a transaction or a heartbeat is due; None at the end, or after a failure."""
        with self.changed:
            while not (self.queue or self.is_stopping or self.failure):
                patience_s = self._patience_s()
                if patience_s <= 0:
                    break
                self.changed.wait(patience_s)
            if self.failure or (self.is_stopping and not self.queue):
                return None
            items = list(self.queue)
            self.queue.clear()
            self.changed.notify_all()
        if self.current is None and self._patience_s() <= 0:
            self._begin(time.monotonic())
        return items

    def _patience_s(self) -> float:
        """Until there is something to do even if no turn comes. Whatever is being committed has to end first."""
        if self.committer.taken is not None:
            return JOIN_S
        if self.current is None:
            return self.committer.told_at + self.settings.heartbeat_ms / 1_000 - time.monotonic()
        due_at = max(self.current.began_at + self.settings.commit_ms / 1_000, self.committer.next_at)
        return due_at - time.monotonic()

    def _take(self, item: _Entry | _Mark) -> None:
        if isinstance(item, _Mark):
            self._take_mark(item)
            return
        current = self.current or self._begin(item.came_at)
        for post in item.posts:
            if post.stream in self.settings.linger_ms:
                current.lingering.append((post, item.totals[post.stream]))
                continue
            current.producer.post(*self.settings.topics[post.stream], post)
            current.records += len(post.values)
            reach("between-produces")
        if self.settings.keeps_turns:
            current.turns.append(item.turn)
        current.marks |= item.marks
        self.totals |= item.totals
        if current.records >= self.settings.commit_records:
            self._close()

    def _take_mark(self, mark: _Mark) -> None:
        """Commit all that came before it, and tell the consumer group how far that is."""
        done = self.committer
        self._wait_for_commit()
        done.send_at = 0.0
        if self.current is None and done.unsent:
            self._begin(time.monotonic())
        if self.current is not None:
            self._close()
            self._wait_for_commit()
        mark.position = {"transaction": done.number, "offset": done.offset, "totals": dict(self.totals)}
        self.lingering.flush(mark.done)

    def _begin(self, came_at: float) -> OpenTransaction:
        """Producers take turns: one may still be committing, and a broker that still marks the end of one's
        transaction makes its next one wait."""
        self.producer = self.producers[self.producers.index(self.producer) - 1]
        self.producer.begin()
        self.current = OpenTransaction(self.producer, came_at)
        return self.current

    def _close(self) -> None:
        """Have the open transaction committed."""
        current = self.current
        assert current is not None
        current.totals = dict(self.totals)
        self._wait_for_commit()
        if self.is_stopping:
            self.committer.send_at = 0.0
        self.committer.close(current)
        self.current = None

    def _wait_for_commit(self) -> None:
        """Until nothing is being committed. Raises what has ended the committer."""
        with self.changed:
            while self.committer.taken is not None:
                self._raise()
                self.changed.wait(JOIN_S)

    def _shut_out(self) -> Exception:
        """By whom: another instance, which has said so, or the broker, because this one was silent for too long."""
        with self.asking:
            return self._who_shut_out()

    def _who_shut_out(self) -> Exception:
        application, deadline = self.settings.application, time.monotonic() + TAKEOVER_S
        while time.monotonic() < deadline:
            entries = [entry for _, entry in self.turns.read(self.committer.offset)]
            if entries and entries[-1]["instance"] != self.instance:
                return InputFault(
                    f"another instance of application {application} has taken over: this one stops\n"
                    "    nothing is lost or doubled: what this one had not committed, the other does"
                )
            time.sleep(ASK_AGAIN_S)
        return Interrupted(f"the broker ended a transaction of application {application} that was open too long")
