"""A run in a process of its own that kills itself: `python -m tests.clickhouse.killed_run FOLDER OPERATION DELAY_MS`.

It goes on from where the run before it was killed. At the operation with that number (from 1; 0: never) SIGKILL comes
DELAY_MS after it began; a negative delay is before it, so that nothing of it happened.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dataflow.connectors.clickhouse.client import open_embedded
from dataflow.storage import DirectoryStorage
from tests.clickhouse.small_run import SmallRun, WatchedClient

TOTAL = 21_000
PER_CHECKPOINT = 3_000


class KillingStorage(DirectoryStorage):
    def __init__(self, root: Path, operation: int, delay_ms: float) -> None:
        super().__init__(root)
        self.kill_at = operation
        self.delay_s = delay_ms / 1_000
        self.operations = 0

    @contextmanager
    def operation(self, action: str, name: str) -> Iterator[None]:
        self.operations += 1
        if self.operations == self.kill_at and self.delay_s < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.operations == self.kill_at:
            print(f"{action} {name}", flush=True)
            threading.Thread(target=self._kill, daemon=True).start()
        yield

    def _kill(self) -> None:
        time.sleep(self.delay_s)
        os.kill(os.getpid(), signal.SIGKILL)


class StoredPositions(list[Any]):
    """Checkpoints' positions in a file that is replaced atomically."""

    def __init__(self, path: Path) -> None:
        super().__init__(json.loads(path.read_text()) if path.exists() else [])
        self.path = path

    def append(self, position: Any) -> None:
        super().append(position)
        temporary = self.path.with_suffix(".writing")
        temporary.write_text(json.dumps(self))
        temporary.replace(self.path)


class LargeRun(SmallRun):
    def _cuts(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        yield start, end


def main() -> None:
    folder, operation, delay_ms = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    run = LargeRun(folder / "ddl", TOTAL, PER_CHECKPOINT)
    run.positions = StoredPositions(folder / "positions.json")
    storage = KillingStorage(folder, operation, delay_ms)
    client = open_embedded(folder / "clickhouse")
    run.go_on(storage, WatchedClient(client, storage))
    client.close()


if __name__ == "__main__":
    main()
