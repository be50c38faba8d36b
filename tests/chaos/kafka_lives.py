"""Lives of `tapeline`: processes that a launcher has forked, and this one may kill, stop and wait for."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dataflow.fault_points import VARIABLE
from tests.chaos.kafka_processes import start

TREE: Final = Path(__file__).parent.parent.parent
END_S: Final = 120.0
"""Within this an undisturbed life ends."""
POLL_S: Final = 0.02


class Launcher:
    """The process that forks lives. Close it; its lives end with it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.count = 0
        variables = {name: value for name, value in os.environ.items() if name != VARIABLE}
        self.process = start([sys.executable, "-m", "tests.chaos.kafka_launcher"], TREE, variables)

    def ask(self, request: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self, arguments: list[str], variables: Mapping[str, str]) -> Life:
        self.count += 1
        errors = self.folder / f"life-{self.count}.txt"
        pid = self.ask({"arguments": arguments, "variables": dict(variables), "errors": str(errors)})
        return Life(self, pid, errors)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@dataclass
class Life:
    """One process."""

    launcher: Launcher
    pid: int
    errors: Path
    code: int | None = None
    """How it has ended."""

    def lives(self) -> bool:
        if self.code is None:
            self.code = self.launcher.ask({"ended": self.pid})
        return self.code is None

    def end(self, timeout_s: float) -> int | None:
        """Its exit code, negative for a signal; None where it lives on."""
        deadline = time.monotonic() + timeout_s
        while self.lives() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return self.code

    def send(self, number: signal.Signals) -> None:
        if self.lives():
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.end(END_S)

    def is_stopped(self) -> bool:
        """By a signal, and not gone on."""
        if not self.lives():
            return False
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"

    def said(self) -> str:
        """What it has written to its errors, on one line."""
        return " ".join(self.errors.read_text(errors="replace").split())


def check_ended(life: Life, what: str) -> None:
    """Raises RuntimeError where it does not end, or not well."""
    code = life.end(END_S)
    if code != 0:
        life.kill()
        raise RuntimeError(f"{what} ended with {code}: {life.said()}")
