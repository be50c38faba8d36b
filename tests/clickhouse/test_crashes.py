"""The sink is stopped at every operation on disk and database, once and twice, and continued."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from clickhouse_connect.driver import Client

from dataflow.connectors.clickhouse import rows as chunking
from dataflow.testing.faults import Crash, Faults, SimulatedStorage
from tests.clickhouse.small_run import SmallRun, WatchedClient, all_rows, drop_tables, expected_rows

TOTAL = 60
PER_CHECKPOINT = 40
SHARES = 3
"""The operations are shared out among so many tests."""


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "CHUNK_ROWS", 25)


def run_with_crashes(client: Client, ddl: Path, seed: int, crashes: tuple[int, ...]) -> Any:
    """Run to the end, crashing before these operations, one a start; returns the rows."""
    drop_tables(client)
    run = SmallRun(ddl, TOTAL, PER_CHECKPOINT)
    plans = iter(crashes)
    storage = SimulatedStorage(seed, Faults(crash_before=next(plans, 0)))
    while True:
        try:
            run.go_on(storage, WatchedClient(client, storage))
        except Crash:
            storage = storage.crash(Faults(crash_before=next(plans, 0)))
        else:
            return all_rows(client)


def operations(client: Client, ddl: Path) -> int:
    """How many operations a run has that is not stopped."""
    drop_tables(client)
    storage = SimulatedStorage()
    SmallRun(ddl, TOTAL, PER_CHECKPOINT).go_on(storage, WatchedClient(client, storage))
    return storage.operations


def failures(client: Client, ddl: Path, plans: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The plans after which the tables hold something else than they should."""
    expected = expected_rows(TOTAL)
    return [plan for plan in plans if run_with_crashes(client, ddl, sum(plan), plan) != expected]


def test_a_run_that_is_not_stopped_writes_every_record_once(client: Client, ddl: Path) -> None:
    assert run_with_crashes(client, ddl, 0, ()) == expected_rows(TOTAL)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_crash_before_any_operation_changes_nothing(client: Client, ddl: Path, share: int) -> None:
    count = operations(client, ddl)
    plans = [(number,) for number in range(1 + share, count + 1, SHARES)]
    assert len(plans) > 10
    assert failures(client, ddl, plans) == []


def test_a_second_crash_while_recovering_changes_nothing(client: Client, ddl: Path) -> None:
    count = operations(client, ddl)
    random = Random(3)
    plans = [(random.randint(count // 3, count), random.randint(1, 20)) for _ in range(8)]
    assert failures(client, ddl, plans) == []
