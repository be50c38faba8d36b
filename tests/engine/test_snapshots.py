"""Snapshots: one instant, whatever happens while they are taken; restore brings exactly it back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dataflow.engines.embedded.slots import StoredSpace
from dataflow.engines.embedded.wiring import Wiring
from dataflow.testing.simulation import state_digest
from schemas.generated.states import PASSAGE_STATE
from tests.engine.small_graph import Windows, prices, wired


def restored(chunks: list[bytes], watermark_ns: int) -> Wiring:
    wiring = wired(Windows)
    stored = StoredSpace(wiring.core.spaces[0], [0], [PASSAGE_STATE], [[]], [True])
    for chunk in chunks:
        wiring.core.table.load(chunk, [stored])
    wiring.core.restored(watermark_ns)
    return wiring


def feed(wiring: Wiring, numbers: list[int]) -> None:
    for number in numbers:
        wiring.core.feed(0, prices(number * 1.5, symbol=f"S{number % 7}"), 0, 1)


Numbers = st.lists(st.integers(0, 40), max_size=25)


@given(Numbers, Numbers, Numbers, st.integers(1, 3))
def test_a_snapshot_is_of_the_instant_it_was_begun(
    before: list[int], between: list[int], during: list[int], slots: int
) -> None:
    wiring = wired(Windows)
    feed(wiring, before)
    wiring.core.table.begin_snapshot(full=True)
    chunks = [wiring.core.table.snapshot_slice(1_000)]
    feed(wiring, between)
    expected = wired(Windows)
    feed(expected, before)
    feed(expected, between)
    wiring.core.table.begin_snapshot(full=False)
    for number in during:
        feed(wiring, [number])
        if wiring.core.table.snapshot_open:
            chunks.append(wiring.core.table.snapshot_slice(slots))
    while wiring.core.table.snapshot_open:
        chunks.append(wiring.core.table.snapshot_slice(slots))
    again = restored(chunks, expected.core.watermark_ns)
    assert state_digest(again.core) == state_digest(expected.core)


@given(Numbers, Numbers)
def test_a_restored_core_goes_on_as_the_first_would_have(before: list[int], after: list[int]) -> None:
    first = wired(Windows)
    feed(first, before)
    first.core.table.begin_snapshot(full=True)
    second = restored([first.core.table.snapshot_slice(1_000)], first.core.watermark_ns)
    for partition, other in zip(second.core.partitions, first.core.partitions, strict=True):
        partition.top_ns = other.top_ns
    second.core.restored(first.core.watermark_ns)
    first.channels["out"].buffer.truncate(0)
    feed(first, after)
    feed(second, after)
    first.core.mark_idle(0)
    second.core.mark_idle(0)
    assert first.channels["out"].buffer.getvalue() == second.channels["out"].buffer.getvalue()
    assert state_digest(first.core) == state_digest(second.core)


def test_a_slice_ends_when_much_is_encoded_however_many_slots_it_may_take() -> None:
    wiring = wired(Windows)
    for number in range(9_000):
        wiring.core.feed(0, prices(number * 1.5, symbol=f"a symbol with a long name, {number}"), 0, 1)
    wiring.core.table.begin_snapshot(full=True)
    chunks = [wiring.core.table.snapshot_slice(1_000_000)]
    assert wiring.core.table.snapshot_open
    while wiring.core.table.snapshot_open:
        chunks.append(wiring.core.table.snapshot_slice(1_000_000))
    assert max(map(len, chunks)) < 300_000
    assert state_digest(restored(chunks, wiring.core.watermark_ns).core) == state_digest(wiring.core)
