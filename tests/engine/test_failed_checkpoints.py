"""A checkpoint that cannot be written ends the run, also where nothing else is written to the disk."""

from __future__ import annotations

import pytest

from dataflow.engines.embedded.worker import InlineWorker, Task
from dataflow.ports import InputFault
from dataflow.testing.faults import SimulatedStorage
from dataflow.testing.pipeline import MemorySink
from tests.engine.arriving import Cluster, runner
from tests.engine.small_graph import prices


class FullStorage(SimulatedStorage):
    """A disk that has room for a state file, and none for the manifest after it."""

    def append(self, path: str, data: bytes) -> None:
        if path.endswith(".json.writing"):
            raise InputFault(f"cannot append to {path}: the disk is full")
        super().append(path, data)


class LateWorker(InlineWorker):
    """Tells of a failure as a thread does: to whoever submits or asks next."""

    failure: InputFault | None = None

    def submit(self, task: Task) -> None:
        self.check()
        try:
            task()
        except InputFault as fault:
            self.failure = fault

    def check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def drain(self) -> None:
        self.check()


def test_a_run_that_writes_nothing_but_checkpoints_ends_on_a_full_disk() -> None:
    inputs = [prices(*range(90))]
    run = runner(inputs, Cluster(), FullStorage(0), MemorySink(), (1, True))
    run.sinks = {}
    run.worker = LateWorker()
    run.start(resume=False)
    with pytest.raises(InputFault, match="the disk is full"):
        run.run()
    assert not run.statistics.ended
