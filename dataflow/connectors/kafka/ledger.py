"""Makes what a job puts out visible in Kafka, together with how far its inputs are read: exactly once.

Theory of operation. The engine's turns come through a queue to a thread that owns a transactional producer. A
transaction takes the turns that wait, and ends with a record in the application's turns topic: which records each turn
took in and in what order, how many records each stream has now, and up to which offset each input partition is used.
All of that becomes visible in one step or not at all. So the turns topic alone says what was done: to recover, an
engine restores its last checkpoint, does the turns since then again in silence, and goes on; it needs no local file but
the checkpoint, and without one it begins at the first turn.

While one transaction is being committed the next turns gather, so that transactions are as small as the broker lets
them be, and larger under load. Streams that may linger go out after them: see `lingering`.

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

from dataflow.connectors.kafka.ledger_records import TransactionRecord, check_follows, transaction_record, turns_of
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


@dataclass(slots=True)
class _Open:
    """The transaction that is open."""

    began_at: float
    turns: list[Turn] = field(default_factory=list)
    lingering: list[tuple[Post, int]] = field(default_factory=list)
    """What will linger, with the numbers of the posts' last records."""
    marks: dict[str, int] = field(default_factory=dict)
    records: int = 0


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
        self.group = group
        """What offsets are committed for; None where no input is a topic."""
        self.refused = {} if refused is None else refused
        """Messages that the registry's answer made dead letters: see `decoder`."""
        self.instance = uuid.uuid4().hex
        self.key = settings.application.encode()
        own = {**config, "compression.type": settings.compression}
        self.producers = [
            TransactionalProducer(own, f"{settings.transactional_id}-{turn}", settings.timeout_ms, self._shut_out)
            for turn in range(PRODUCERS)
        ]
        self.lingering = LingeringStreams(config, settings, self.instance, self._shut_out)
        self.producer = self.producers[0]
        """That of the next transaction, or of the one that is open."""
        self.statistics = LedgerStatistics()
        self.number = 0
        """Of the last committed transaction."""
        self.offset = 0
        """In the turns topic, after its record."""
        self.totals: dict[str, int] = {}
        self.told_refusals = 0
        self.said_at = 0
        """In the turns topic, after the record by which this instance said who it is."""
        self.unsent: dict[tuple[str, int], int] = {}
        """Offsets that the group has not been told."""
        self.send_at = 0.0
        self.queue: deque[_Entry | _Mark] = deque()
        self.changed = threading.Condition()
        self.pending_marks: dict[int, _Mark] = {}
        self.current: _Open | None = None
        self.told_at = time.monotonic()
        """When it last committed, which tells others that it lives."""
        self.asking = threading.Lock()
        """Held by the thread that finds out who has shut this instance out."""
        self.failure: Exception | None = None
        self.is_stopping = False
        self.thread: threading.Thread | None = None

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
        number, totals = self.number, self.totals
        for _, entry in self.turns.read(self.offset, self.turns.written_end()):
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
        self.told_refusals = len(self.refused)
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
        self._begin(0.0)
        offset = self.producer.post_last(self.turns.topic, self.key, self._record(number, _Open(0.0), totals))
        self.producer.commit()
        self.said_at = offset + 1
        self.current = None

    def _begin_after(self, position: Any | None) -> None:
        if position is not None:
            self.number, self.offset = position["transaction"], position["offset"]
            self.totals = dict(position["totals"])
            self.lingering.begin_after(self.totals)

    def recover(self) -> Iterator[Transaction]:
        for transaction in self._read():
            yield transaction
            reach("during-recovery")
        self.lingering.start(self._fail)
        self.thread = threading.Thread(target=self._work, name="tapeline-kafka-ledger", daemon=True)
        self.thread.start()

    def _read(self) -> Iterator[Transaction]:
        """The transactions that are committed by now and were not read before."""
        for offset, entry in self.turns.read(self.offset, self.said_at):
            if "visible" in entry:
                self.lingering.saw(entry["visible"])
                self.offset = offset + 1
                continue
            check_follows(entry, self.settings, self.number, self.totals)
            self.offset, self.number, self.totals = offset + 1, entry["transaction"], entry["totals"]
            self.refused |= entry["refused"]
            yield Transaction(self.number, turns_of(entry), entry["totals"])

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
        while self.thread is not None and self.thread.is_alive() and not self._is_stuck():
            self.thread.join(JOIN_S)
        self.lingering.close()
        self.turns.close()

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
            while True:
                items = self._next()
                if items is None:
                    return
                for item in items:
                    self._take(item)
                if self.current is not None and self._is_due():
                    self._commit()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        with self.changed:
            self.failure = self.failure or error
            self.changed.notify_all()

    def _next(self) -> list[_Entry | _Mark] | None:
        """What waits; nothing where a commit or a heartbeat is due; None at the end."""
        with self.changed:
            if not self.queue and not self.is_stopping:
                self.changed.wait(self._patience_s())
            if not self.queue and self.is_stopping:
                return None
            items = list(self.queue)
            self.queue.clear()
            self.changed.notify_all()
        if self.current is None and self._heartbeat_in_s() <= 0:
            self._begin(time.monotonic())
        return items

    def _heartbeat_in_s(self) -> float:
        return self.told_at + self.settings.heartbeat_ms / 1_000 - time.monotonic()

    def _patience_s(self) -> float:
        if self.current is None:
            return max(0.0, self._heartbeat_in_s())
        return max(0.0, self.current.began_at + self.settings.commit_ms / 1_000 - time.monotonic())

    def _take(self, item: _Entry | _Mark) -> None:
        if isinstance(item, _Mark):
            self.send_at = 0.0
            if self.current is None and self.unsent:
                self._begin(time.monotonic())
            if self.current is not None:
                self._commit()
            item.position = {"transaction": self.number, "offset": self.offset, "totals": dict(self.totals)}
            self.lingering.flush(item.done)
            return
        if self.current is None:
            self._begin(item.came_at)
        assert self.current is not None
        for post in item.posts:
            if post.stream in self.settings.linger_ms:
                self.current.lingering.append((post, item.totals[post.stream]))
                continue
            self.producer.post(*self.settings.topics[post.stream], post)
            self.current.records += len(post.values)
            reach("between-produces")
        if self.settings.keeps_turns:
            self.current.turns.append(item.turn)
        self.current.marks |= item.marks
        self.totals |= item.totals
        if self.current.records >= self.settings.commit_records:
            self._commit()

    def _is_due(self) -> bool:
        assert self.current is not None
        return time.monotonic() >= self.current.began_at + self.settings.commit_ms / 1_000

    def _begin(self, came_at: float) -> None:
        """Producers take turns: a broker that still marks the end of one's transaction makes its next one wait."""
        self.producer = self.producers[self.producers.index(self.producer) - 1]
        self.producer.begin()
        self.current = _Open(came_at)

    def _commit(self) -> None:
        """Close the open transaction with its record. Raises Interrupted or InputFault."""
        assert self.current is not None
        current, began_at, number = self.current, time.monotonic(), self.number + 1
        reach("before-offsets")
        self._send_offsets(current.marks)
        reach("after-offsets")
        offset = self.producer.post_last(self.turns.topic, self.key, self._record(number, current, self.totals))
        reach("before-commit")
        self.producer.commit()
        reach("after-commit")
        self.current = None
        for post, last in current.lingering:
            self.lingering.hold(post, last)
        self.number, self.offset = number, offset + 1
        self.told_refusals = len(self.refused)
        self.statistics.transactions += 1
        self.statistics.records += current.records
        self.told_at = time.monotonic()
        self.statistics.commit_s.append(self.told_at - began_at)

    def _record(self, number: int, opened: _Open, totals: dict[str, int]) -> bytes:
        refused = dict(list(self.refused.items())[self.told_refusals :])
        record = TransactionRecord(number, self.instance, totals, opened.turns, opened.marks, refused)
        return transaction_record(self.settings, record)

    def _send_offsets(self, marks: dict[str, int]) -> None:
        """Show in the consumer group how far inputs are read, now and then: that takes two more round trips, and
        what recovery goes by is the transaction's own record."""
        inputs = self.settings.inputs
        self.unsent |= {inputs[name]: mark for name, mark in marks.items() if name in inputs}
        now = time.monotonic()
        if self.group is not None and self.unsent and (now >= self.send_at or self.is_stopping):
            self.producer.send_offsets(self.unsent, self.group())
            self.unsent, self.send_at = {}, now + self.settings.offsets_ms / 1_000

    def _shut_out(self) -> Exception:
        """By whom: another instance, which has said so, or the broker, because this one was silent for too long."""
        with self.asking:
            return self._who_shut_out()

    def _who_shut_out(self) -> Exception:
        application, deadline = self.settings.application, time.monotonic() + TAKEOVER_S
        while time.monotonic() < deadline:
            entries = [entry for _, entry in self.turns.read(self.offset)]
            if entries and entries[-1]["instance"] != self.instance:
                return InputFault(
                    f"another instance of application {application} has taken over: this one stops\n"
                    "    nothing is lost or doubled: what this one had not committed, the other does"
                )
            time.sleep(ASK_AGAIN_S)
        return Interrupted(f"the broker ended a transaction of application {application} that was open too long")
