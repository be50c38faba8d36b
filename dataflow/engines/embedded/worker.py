"""Where writes, syncs and commits happen: beside the loop in a thread, or at once for simulation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

Task = Callable[[], None]


class Worker(Protocol):
    """Carries out tasks one after the other, in the order submitted."""

    def submit(self, task: Task) -> None:
        """Raises what an earlier task raised; waits where too many tasks are waiting already."""

    def check(self) -> None:
        """Raises what an earlier task raised: where nothing is submitted for long, somebody must ask."""

    def drain(self) -> None:
        """Return when all tasks are done. Raises what one of them raised."""

    def close(self) -> None: ...


class InlineWorker:
    """Carries out each task at once: one thread, one order, every run the same."""

    def submit(self, task: Task) -> None:
        task()

    def check(self) -> None:
        return

    def drain(self) -> None:
        return

    def close(self) -> None:
        return


class ThreadWorker:
    """One thread. After a failure no further task is begun, and the failure is raised to the submitter."""

    def __init__(self, waiting_max: int = 256) -> None:
        self._queue: SimpleQueue[Task | threading.Event | None] = SimpleQueue()
        """Tasks; events to be set when reached; None to end."""
        self._room = threading.Semaphore(waiting_max)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="tapeline-writer", daemon=True)
        self._thread.start()

    def submit(self, task: Task) -> None:
        self.check()
        self._room.acquire()
        self._queue.put(task)

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def drain(self) -> None:
        done = threading.Event()
        self._queue.put(done)
        done.wait()
        self.check()

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            else:
                self._carry_out(item)
                self._room.release()

    def _carry_out(self, task: Task) -> None:
        if self._failure is None:
            try:
                task()
            except BaseException as failure:
                self._failure = failure
