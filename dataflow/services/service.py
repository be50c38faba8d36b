"""What a broker and a registry have in common: a Java program that starts, answers, is killed and comes again."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final, Self

from dataflow.ports import InputFault
from dataflow.services import processes
from dataflow.services.addresses import LOOPBACK, is_free
from dataflow.services.artefacts import Artefacts, artefacts, locked

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.05
LOG_LINES: Final = 3
MARK: Final = "-Dtapeline.service="
"""Tells which service a process is, long after it was started: its folder follows."""


class Service(ABC):
    """One Java program with a folder of its own. It comes back on the same ports with the same data.

    It dies with the process `owner`, the current one unless another is named; with None it lives until it is ended.
    """

    name: str
    """How people call it."""
    archive: str
    """File of the artefacts with its classes laid out ready for use, which saves half of the start."""

    def __init__(self, folder: Path, owner: int | None) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / f"{self.name}.log"
        self._owner = owner
        self._process: processes.Process | None = None
        self._flags: tuple[str, ...] = ()

    @property
    @abstractmethod
    def ports(self) -> tuple[int, ...]:
        """Where it listens; the port for clients comes first."""

    @abstractmethod
    def prepare(self, programs: Artefacts) -> None:
        """Bring the folder into the state that the program starts from, if it is not."""

    @abstractmethod
    def arguments(self, programs: Artefacts) -> tuple[str, ...]:
        """Arguments of `java`."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Variables beside those of this process."""

    @abstractmethod
    def answers(self) -> bool:
        """Ask it once, for a part of a second."""

    @abstractmethod
    def like(self, folder: Path) -> Service:
        """Another one of its kind, to learn from what it loads."""

    @property
    def pid(self) -> int:
        """The program's process id; 0 where it does not run."""
        return self._process.pid if self._process is not None and self._process.alive() else 0

    def start(self) -> Self:
        """Start it and wait until it serves. Raises InputFault, and Unavailable where this machine cannot run it."""
        if self.pid:
            return self
        programs = artefacts()
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._flags:
            self._flags = self._archive_flags(programs)
        taken = [port for port in self.ports if not is_free(port)]
        if taken:
            raise InputFault(f"cannot start the {self.name}: port {taken[0]} is taken by another program")
        self.prepare(programs)
        marked = (f"{MARK}{self.folder}", f"-XX:ErrorFile={self.folder}/hs_err_%p.log", "-Djava.awt.headless=true")
        command = (programs.java, *marked, *self._flags, *self.arguments(programs))
        self._process = processes.start(
            processes.Launch(command, {**os.environ, **self.environment()}, self.log), self._owner
        )
        self._wait_until_it_serves()
        return self

    def adopt(self, pid: int) -> bool:
        """Take over a service that another process started; False where that is not this one or has ended."""
        if f"{MARK}{self.folder}" not in processes.command_of(pid):
            return False
        self._process = processes.Process(pid, pid)
        return True

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.end(STOP_TIMEOUT_S)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would, with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> Self:
        """Start it again, on the same ports and the same data; it is killed first if it runs."""
        self.kill()
        return self.start()

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and answers nothing."""
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while not processes.is_stopped(self.pid) and time.monotonic() < deadline:
            time.sleep(POLL_S / 10)

    def resume(self) -> None:
        """SIGCONT: it goes on after a pause."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise InputFault(f"the {self.name} does not run")
        self._process.signal(number)

    def _wait_until_it_serves(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            ended = not self.pid
            if ended or time.monotonic() > deadline:
                self.kill()
                fact = "it ended at once" if ended else f"it does not answer after {START_TIMEOUT_S:.0f} s"
                raise InputFault(f"cannot start the {self.name}: {fact}: {self._last_words()}\n    see {self.log}")
            time.sleep(POLL_S)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.is_file() else []
        telling = [line for line in lines if " ERROR " in line or "Exception" in line or "FATAL" in line]
        return " | ".join(line.strip()[:300] for line in (telling or lines)[-LOG_LINES:]) or "it said nothing"

    def _archive_flags(self, programs: Artefacts) -> tuple[str, ...]:
        """Flags that start from an archive of classes (JDK 13 and later), which is made the first time."""
        archive = programs.folder / self.archive
        if not archive.is_file():
            with locked(archive):
                if not archive.is_file():
                    self._make_archive(archive)
        return (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto") if archive.is_file() else ("-Xshare:auto",)

    def _make_archive(self, archive: Path) -> None:
        """Only a saving of time: where it does not come about, services start without."""
        with tempfile.TemporaryDirectory(prefix="tapeline-") as folder:
            scout = self.like(Path(folder))
            made = Path(folder, archive.name)
            scout._flags = (f"-XX:ArchiveClassesAtExit={made}",)
            try:
                scout.start().stop()
            except InputFault:
                scout.kill()
            if made.is_file():
                part = archive.with_suffix(".part")
                part.write_bytes(made.read_bytes())
                part.rename(archive)


def url(port: int, path: str = "") -> str:
    """An address on loopback."""
    return f"http://{LOOPBACK}:{port}{path}"
