"""A snapshot is encoded in slices of bounded time, and a checkpoint of many bytes puts the next one off."""

from __future__ import annotations

import pytest

from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.runner import Edges, Runner, Settings
from dataflow.engines.embedded.slices import SLICE_NS_MAX, SLICE_NS_MIN, Slices
from dataflow.engines.embedded.wiring import Wiring
from dataflow.engines.embedded.worker import InlineWorker
from dataflow.testing.faults import SimulatedStorage
from dataflow.testing.pipeline import ListSource
from tests.engine.small_graph import SECOND, Windows, prices, wired

LOOK_NS = 100_000


class Clock:
    """Goes on by a tenth of a millisecond each time somebody looks."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        self.now_ns += LOOK_NS
        return self.now_ns


def snapshot_of(slots: int) -> tuple[Wiring, Slices, Clock]:
    """A snapshot that has just begun."""
    wiring, clock = wired(Windows), Clock()
    for number in range(slots):
        wiring.core.feed(0, prices(number * 1e-6, symbol=f"S{number}"), 0, 1)
    wiring.core.table.begin_snapshot(full=True)
    slices = Slices(wiring.core.table, clock)
    slices.begin()
    return wiring, slices, clock


@pytest.mark.parametrize("since_ns", [0, 5_000_000, 10**9])
def test_a_slice_takes_a_tenth_of_the_time_since_the_last_within_bounds(since_ns: int) -> None:
    _, slices, clock = snapshot_of(5_000)
    clock.now_ns += since_ns
    began_ns = clock.now_ns
    slices.encode(5_000)
    bound_ns = min(max(since_ns // 10, SLICE_NS_MIN), SLICE_NS_MAX)
    assert bound_ns <= clock.now_ns - began_ns <= bound_ns + 2 * LOOK_NS


def test_slices_encode_the_whole_snapshot_and_nothing_twice() -> None:
    wiring, slices, _ = snapshot_of(5_000)
    pieces = [b""]
    while wiring.core.table.snapshot_open:
        slices.encode(5_000)
        pieces.append(wiring.core.table.encoded())
    assert len(pieces) > 10
    other, _, _ = snapshot_of(5_000)
    assert b"".join(pieces) == other.core.table.snapshot_slice(1 << 40)


def test_a_slice_is_of_no_more_keys_than_it_may_be() -> None:
    wiring, slices, clock = snapshot_of(5_000)
    clock.now_ns += SECOND
    slices.encode(100)
    assert wiring.core.table.pending_next == 100


def checkpoints(bytes_per_s: int) -> int:
    """How many a run takes that could take one each turn."""
    settings = Settings(checkpoint_every_ns=1, checkpoint_bytes_per_s=bytes_per_s, turn_records=1, clock_ns=Clock())
    source = {"in-0": ListSource("in-0", prices(*range(90)))}
    store = CheckpointStore(SimulatedStorage(0))
    run = Runner(wired(Windows), Edges(source, {}), store, InlineWorker(), settings)
    run.start(resume=False)
    return run.run().checkpoints


def test_a_checkpoint_of_many_bytes_puts_the_next_one_off() -> None:
    assert checkpoints(bytes_per_s=1 << 30) > 30
    assert checkpoints(bytes_per_s=1) == 2  # the first, and the one at the end
