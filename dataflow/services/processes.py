"""Processes of services: started in a session of their own, ended, paused, gone with their owner if they have one."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dataflow.ports import InputFault

KEEPER: Final = Path(__file__).with_name("keeper.py")
PROCESSES: Final = Path("/proc")
GONE: Final = ("", "Z", "X")
POLL_S: Final = 0.02
KILL_TIMEOUT_S: Final = 10.0

Action = tuple[int, int, str, int, int] | tuple[int, int, int]
"""Something that `posix_spawn` does to the files of the program it starts."""


@dataclass(frozen=True)
class Launch:
    """What to run: an absolute program with its arguments, its environment, and the file its output is added to."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path


@dataclass(frozen=True)
class Process:
    """A running service. `pid` is the program's own; `waited` is our child to wait for: its keeper, or itself."""

    pid: int
    waited: int

    def alive(self) -> bool:
        """Whether the program runs. A zombie does not."""
        _reap(self.waited)
        return runs(self.pid)

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self, patience_s: float) -> bool:
        """Ask it to end, kill it after `patience_s`. True if it ended by itself."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        if self.wait(patience_s):
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone with all that it held."""
        self.signal(signal.SIGKILL)
        self.wait(KILL_TIMEOUT_S)

    def wait(self, timeout_s: float) -> bool:
        """True once the program has ended, False after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        ended = all(_ended(pid, deadline - time.monotonic()) for pid in (self.pid, self.waited))
        _reap(self.waited)
        return ended


def start(launch: Launch, owner: int | None) -> Process:
    """Start a program that dies with the process `owner`; without one it lives until it is ended."""
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    if owner is None:
        pid = _spawn(launch, launch.command, ())
        return Process(pid, pid)
    if not hasattr(os, "pidfd_open"):
        raise InputFault("services of a test run need Linux\n    start them with `tapeline services up`")
    reads, writes = os.pipe()
    command = (sys.executable, "-I", "-S", str(KEEPER), str(owner), *launch.command)
    try:
        keeper = _spawn(launch, command, [(os.POSIX_SPAWN_DUP2, writes, 1)])
    finally:
        os.close(writes)
    with os.fdopen(reads) as said:
        answer = said.readline()
    if not answer:
        _reap(keeper, wait=True)
        raise InputFault(f"cannot start {launch.command[0]}: the process that wants it has ended")
    return Process(int(answer), keeper)


def runs(pid: int) -> bool:
    """Whether there is such a process, zombies left out."""
    if not PROCESSES.is_dir():
        return _exists(pid)
    return _state(PROCESSES / str(pid) / "stat") not in GONE


def is_stopped(pid: int) -> bool:
    """Whether SIGSTOP has come to all its threads."""
    threads = (PROCESSES / str(pid) / "task").glob("*/stat")
    return all(_state(thread) in ("T", *GONE) for thread in threads)


def command_of(pid: int) -> list[str]:
    """The arguments a process was started with; none where it is gone or cannot be seen."""
    try:
        return (PROCESSES / str(pid) / "cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def resident_bytes(pid: int) -> int:
    """Memory in use; 0 where it cannot be seen."""
    try:
        return int((PROCESSES / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _spawn(launch: Launch, command: tuple[str, ...], more: Sequence[Action]) -> int:
    out = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions: list[Action] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(launch.log), out, 0o600),
        (os.POSIX_SPAWN_DUP2, 2, 1),
        *more,
    ]
    return os.posix_spawn(command[0], command, launch.environment, file_actions=actions, setsid=True)


def _state(stat: Path) -> str:
    """The letter the kernel has for what a process or thread does; none where there is none."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _ended(pid: int, timeout_s: float) -> bool:
    """Wait for a process that need not be our child."""
    if not hasattr(os, "pidfd_open"):
        return _polled(pid, timeout_s)
    try:
        end = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        watch = select.poll()
        watch.register(end, select.POLLIN)
        return bool(watch.poll(max(0.0, timeout_s) * 1000))
    finally:
        os.close(end)


def _polled(pid: int, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while runs(pid):
        _reap(pid)
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _reap(pid: int, wait: bool = False) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, 0 if wait else os.WNOHANG)
