"""What arrives in no order comes out exactly once, whatever is killed when; what was done can be done again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from random import Random

import pytest

from dataflow.engines.embedded.catch_up import Standby
from dataflow.model import END_OF_TIME, Record
from dataflow.ports import InputFault, Transaction, Turn
from dataflow.testing.faults import SimulatedStorage
from dataflow.testing.pipeline import MemorySink
from dataflow.testing.simulation import state_digest
from tests.engine.arriving import Cluster, MemoryLedger, runner
from tests.engine.small_graph import prices

PARTITIONS = 5
LIVES_MAX = 6


def inputs(seed: int) -> list[list[Record]]:
    random = Random(seed)
    return [
        prices(*sorted(random.uniform(0, 90) for _ in range(random.randint(0, 40))), symbol=f"S{number}")
        for number in range(PARTITIONS)
    ]


def killed(seed: int, cluster: Cluster, by_arrival: bool = True) -> tuple[int, str, bytes]:
    """A run that is stopped dead after some turns, again and again, and then left in peace: how many lives it had, its
    state, and what a sink beside the cluster has in the end."""
    random = Random(seed)
    storage, sink = SimulatedStorage(0), MemorySink()
    for life in range(LIVES_MAX):
        run = runner(inputs(seed), cluster, storage, sink, (random.randrange(1 << 30), by_arrival))
        run.start(resume=True)
        turns = random.randint(0, 25) if life < LIVES_MAX - 1 else 1 << 30
        while turns and not run.statistics.ended:
            run.turn()
            turns -= 1
        if run.statistics.ended:
            run.run()
            return life + 1, state_digest(run.core), sink.payloads["out"]
    raise AssertionError("the last life ends by itself")


@pytest.mark.parametrize("lingering", [(), ("out",)])
@pytest.mark.parametrize("seed", range(40))
def test_what_was_committed_is_what_a_run_from_the_recorded_turns_brings_out(
    seed: int, lingering: tuple[str, ...]
) -> None:
    cluster = Cluster(lingering)
    lives, state, beside = killed(seed, cluster)
    sink = MemorySink()
    again = runner(inputs(seed), cluster, SimulatedStorage(0), sink, (seed, True))
    again.start(resume=False)
    again.run()
    assert lives >= 1
    visible = [value.removeprefix(b"\0frame") for value in cluster.messages["out"]]
    assert sink.payloads["out"] == beside == b"".join(visible)
    assert state_digest(again.core) == state
    assert cluster.offsets == {f"in-0/{number}": len(items) for number, items in enumerate(inputs(seed)) if items}


@pytest.mark.parametrize("lingering", [(), ("out",)])
@pytest.mark.parametrize("seed", range(40))
def test_in_event_time_order_what_is_visible_is_that_of_a_run_never_killed(
    seed: int, lingering: tuple[str, ...]
) -> None:
    cluster, undisturbed = Cluster(lingering), Cluster()
    _, state, beside = killed(seed, cluster, by_arrival=False)
    run = runner(inputs(seed), undisturbed, SimulatedStorage(0), MemorySink(), (seed, False))
    run.start(resume=False)
    run.run()
    assert cluster.messages == undisturbed.messages
    assert (state, beside) == (state_digest(run.core), b"".join(undisturbed.messages["out"]).replace(b"\0frame", b""))


def records_taken(cluster: Cluster) -> int:
    return sum(turn.records() for transaction in cluster.transactions for turn in transaction.turns)


def test_what_lingered_when_a_run_was_killed_lingers_again_though_nothing_comes_after() -> None:
    cluster, storage, sink = Cluster(("out",)), SimulatedStorage(0), MemorySink()
    killed_run = runner(inputs(4), cluster, storage, sink, (1, True))
    killed_run.start(resume=True)
    while records_taken(cluster) < sum(len(items) for items in inputs(4)):
        killed_run.turn()
    total = cluster.transactions[-1].totals["out"]
    assert cluster.visible["out"] < total
    again = runner(inputs(4), cluster, storage, sink, (5, True))
    again.start(resume=True)
    ledger = again.ledger
    assert isinstance(ledger, MemoryLedger)
    ledger.release(len(ledger.held))
    assert cluster.visible["out"] == len(cluster.messages["out"]) == total


def test_every_record_is_counted_once_however_often_the_run_is_killed() -> None:
    cluster = Cluster()
    lives, _, _ = killed(3, cluster)
    assert lives > 1
    assert records_taken(cluster) == sum(len(items) for items in inputs(3))


def test_a_replay_that_gives_something_else_stops_the_run() -> None:
    cluster = Cluster()
    killed(1, cluster)
    first = cluster.transactions[-1]
    cluster.transactions[-1] = Transaction(first.number, first.turns, {"out": first.totals["out"] + 1})
    run = runner(inputs(1), cluster, SimulatedStorage(0), MemorySink(), (1, True))
    with pytest.raises(InputFault, match="again gave something else: out has"):
        run.start(resume=False)


def test_a_replay_whose_input_was_cut_stops_the_run() -> None:
    cluster = Cluster()
    cluster.transactions.append(Transaction(1, [Turn([(0, 10_000)], [])], {"out": 0}))
    run = runner(inputs(1), cluster, SimulatedStorage(0), MemorySink(), (1, True))
    with pytest.raises(InputFault, match="gives fewer records than before"):
        run.start(resume=False)


def test_a_run_that_had_come_to_its_end_goes_on_with_what_came_later() -> None:
    cluster, storage, sink = Cluster(), SimulatedStorage(0), MemorySink()
    whole = inputs(4)
    for given in ([items[: len(items) // 2] for items in whole], whole):
        run = runner(given, cluster, storage, sink, (4, True))
        run.start(resume=True)
        run.run()
    assert records_taken(cluster) == sum(len(items) for items in whole)
    assert run.core.watermark_ns < END_OF_TIME


def test_a_standby_keeps_the_collector_away_from_what_it_follows() -> None:
    cluster, collects = Cluster(), set[bool]()
    killed(1, cluster)
    run = runner(inputs(1), cluster, SimulatedStorage(0), MemorySink(), (1, True))
    ledger = run.ledger
    assert isinstance(ledger, MemoryLedger)
    recover = ledger.recover

    def noting() -> Iterator[Transaction]:
        for transaction in recover():
            yield transaction
            collects.add(gc.isenabled())

    ledger.recover = noting  # type: ignore[method-assign] - the test looks in between two transactions
    run.start(resume=True, standby=Standby(0.0, lambda: None))
    assert (run.statistics.took_over, collects) == (True, {False})
