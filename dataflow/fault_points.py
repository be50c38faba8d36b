"""Named places at which a test may end the process, or stop it, and a benchmark may see when it came there: nothing
happens there unless one of them says so.

`TAPELINE_KILL_AT=NAME:COUNT` kills the process (SIGKILL, as a failing machine would) when it comes to the place for the
COUNT-th time; `NAME:COUNT:STOP` sends another signal. `NAME+MICROSECONDS:COUNT` kills it so long after it has come
there, whatever it does by then: within a call that this program cannot look into.

`TAPELINE_TIMES=FILE` appends a line when the process first comes to each place: its name, and the machine's monotonic
time in seconds.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Final

VARIABLE: Final = "TAPELINE_KILL_AT"
TIMES_VARIABLE: Final = "TAPELINE_TIMES"


class _Plan:
    def __init__(self, text: str) -> None:
        place, _, rest = text.partition(":")
        count, _, name = rest.partition(":")
        self.name, _, delay_us = place.partition("+")
        self.delay_s = int(delay_us) / 1e6 if delay_us else -1.0
        self.left = int(count or 1)
        self.signal = signal.Signals[f"SIG{name or 'KILL'}"]

    def carry_out(self) -> None:
        """A signal to this very thread, which does nothing more then: one to the process may find another thread, and
        this one goes on until that has a processor."""
        if self.delay_s < 0:
            signal.pthread_kill(threading.get_ident(), self.signal)
        else:
            threading.Thread(target=self._later, daemon=True).start()

    def _later(self) -> None:
        time.sleep(self.delay_s)
        os.kill(os.getpid(), self.signal)


class _Times:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: set[str] = set()

    def note(self, name: str) -> None:
        if name not in self.seen:
            self.seen.add(name)
            with self.path.open("a") as file:
                file.write(f"{name} {time.monotonic():.4f}\n")


_PLANS: Final[list[_Plan]] = []
"""One, or none."""
_TIMES: Final = [_Times(Path(path)) for path in [os.environ.get(TIMES_VARIABLE, "")] if path]
"""One, or none."""


def plan(text: str) -> None:
    """Do what the text says, written as in the variable; nothing where it is empty."""
    _PLANS[:] = [_Plan(text)] if text else []


plan(os.environ.get(VARIABLE, ""))


def reach(name: str) -> None:
    """The process has come to the place of this name."""
    for each in _PLANS:
        if each.name == name:
            each.left -= 1
            if each.left == 0:
                each.carry_out()
    for times in _TIMES:
        times.note(name)
