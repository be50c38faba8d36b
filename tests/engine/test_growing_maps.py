"""Maps that only grow: incremental checkpoints hold what is new in them, and a restore puts them together again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.engines.embedded.checkpoints import CheckpointStore, Manifest, StateFile
from dataflow.engines.embedded.offline import stored_cells
from dataflow.engines.embedded.restore import restore, state_header
from dataflow.engines.embedded.wiring import Wiring, wire
from dataflow.model import Context, KeyedOperator, NoParameters, Record
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage
from dataflow.testing.simulation import state_digest
from jobs.letters import vocabulary
from operators.order_book import ended_state, remember_ended
from schemas.generated.events import PriceUpdated
from schemas.generated.states import EXECUTION_STATE, ExecutionState
from schemas.wire_maps import GrowingLongs
from tests.engine.small_graph import graph

GENERATION = 3


class Remembers(KeyedOperator[ExecutionState]):
    """Remembers numbers in two generations of limited size, as execution does with ended orders."""

    def __init__(self, parameters: NoParameters) -> None:
        del parameters

    def on_record(self, state: ExecutionState, record: Record, context: Context) -> None:
        assert isinstance(record, PriceUpdated)
        number = record.cumulative_volume
        if ended_state(state, f"number {number}") == 0:
            remember_ended(state, f"number {number}", number, GENERATION)


def remembering() -> Wiring:
    plain = graph(Remembers)
    node = plain.operators["under-test"]
    kind = replace(node.type, state=EXECUTION_STATE)
    return wire(replace(plain, operators={node.uid: replace(node, type=kind)}), ("test",), vocabulary())


def feed(wiring: Wiring, numbers: list[int]) -> None:
    records: list[Record] = [PriceUpdated(1, f"S{number % 3}", cumulative_volume=number) for number in numbers]
    wiring.core.feed(0, records, 0, len(records))


def checkpoint(wiring: Wiring, store: CheckpointStore, files: list[StateFile], during: list[int]) -> Manifest:
    """Take a checkpoint after these files while numbers come in."""
    number = len(files) + 1
    writer = store.state_writer(number, state_header(wiring), full=not files)
    writer.begin()
    table = wiring.core.table
    table.begin_snapshot(full=not files)
    slots = table.pending_end
    for one in during:
        feed(wiring, [one])
        writer.append(table.snapshot_slice(1) if table.snapshot_open else b"")
    while table.snapshot_open:
        writer.append(table.snapshot_slice(1))
    files.append(writer.finish(slots))
    manifest = Manifest(number, 0, wiring.topology, 1, {}, {}, {}, ended=False, files=list(files))
    store.write(manifest)
    return manifest


def loaded(manifest: Manifest, store: CheckpointStore) -> Wiring:
    wiring = remembering()
    restore(manifest, store, wiring, {})
    return wiring


Numbers = st.lists(st.integers(1, 60), max_size=12)


@settings(deadline=None)
@given(st.lists(st.tuples(Numbers, Numbers), min_size=1, max_size=5))
def test_each_checkpoint_of_a_chain_restores_its_instant(steps: list[tuple[list[int], list[int]]]) -> None:
    running, twin = remembering(), remembering()
    files: list[StateFile] = []
    with TemporaryDirectory() as folder:
        store = CheckpointStore(DirectoryStorage(Path(folder)), keep=10)
        for before, during in steps:
            feed(running, before)
            feed(twin, before)
            manifest = checkpoint(running, store, files, during)
            found = loaded(manifest, store)
            known = {slot.key: slot.cells[0].state.to_dict() for slot in twin.core.table.slots if slot.cells[0]}
            assert {cell.key: cell.state for cell in stored_cells(store, manifest)} == known
            assert state_digest(found.core) == state_digest(twin.core)
            feed(twin, during)


@settings(deadline=None)
@given(Numbers, Numbers, Numbers)
def test_a_restored_core_continues_the_chain_it_came_from(
    before: list[int], between: list[int], after: list[int]
) -> None:
    first = remembering()
    files: list[StateFile] = []
    with TemporaryDirectory() as folder:
        store = CheckpointStore(DirectoryStorage(Path(folder)), keep=10)
        feed(first, before)
        checkpoint(first, store, files, [])
        feed(first, between)
        second = loaded(checkpoint(first, store, files, []), store)
        feed(first, after)
        feed(second, after)
        third = loaded(checkpoint(second, store, files, []), store)
        assert state_digest(third.core) == state_digest(first.core)


def test_an_incremental_checkpoint_holds_only_what_is_new(tmp_path: Path) -> None:
    running, store = remembering(), CheckpointStore(DirectoryStorage(tmp_path))
    files: list[StateFile] = []
    feed(running, [3, 6])
    checkpoint(running, store, files, [])
    feed(running, [9])
    checkpoint(running, store, files, [])
    written = (tmp_path / "checkpoints" / files[1].name).read_bytes()
    assert (b"number 3" in written, b"number 6" in written, b"number 9" in written) == (False, False, True)


def test_a_file_that_continues_a_map_which_is_not_there_is_refused(tmp_path: Path) -> None:
    running, store = remembering(), CheckpointStore(DirectoryStorage(tmp_path))
    files: list[StateFile] = []
    feed(running, [3, 6])
    checkpoint(running, store, files, [])
    feed(running, [9])
    manifest = checkpoint(running, store, files, [])
    manifest.files = manifest.files[1:]
    with pytest.raises(ValueError, match="continues a map of 2 entries, of which 0 are there"):
        restore(manifest, store, remembering(), {})


def test_a_checkpoint_of_another_format_is_passed_over_and_named(tmp_path: Path) -> None:
    store = CheckpointStore(DirectoryStorage(tmp_path))
    checkpoint(remembering(), store, [], [])
    path = tmp_path / "checkpoints" / "checkpoint-0000000001.json"
    path.write_text(path.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(InputFault, match="checkpoint 1 is of format 1; this program reads format 2"):
        store.read(1)
    assert store.latest()[0] is None


def test_a_known_key_is_not_added_again() -> None:
    growing = GrowingLongs()
    assert growing.add("a", 1)
    assert not growing.add("a", 2)
    assert growing.entries == {"a": 1}
