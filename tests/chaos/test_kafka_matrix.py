"""A small fault matrix: a job on a real broker, killed at every named point, and what foreign witnesses read then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.kafka_cluster_faults import CLUSTER_FAULTS
from tests.chaos.kafka_disk_faults import disk_faults
from tests.chaos.kafka_faults import Fault, point_faults
from tests.chaos.kafka_matrix import Matrix
from tests.chaos.kafka_report import Report
from tests.chaos.kafka_world import Day

DAY = Day(seed=5, events=4_000, orders=1_200, accounts=40)
OTHERS = ("SIGKILL of the broker", "SIGSTOP", "two instances", "truncated", "read-only from the start")
REACHED_MIN = 8
"""Of twelve points: a slow machine may not come to all of them in time."""


def faults(folder: Path) -> list[Fault]:
    """The named points beside the feed, some other faults in the order of event time."""
    others = [fault for fault in (*CLUSTER_FAULTS, *disk_faults(folder)) if any(name in fault.name for name in OTHERS)]
    by_arrival = [replace(fault, orders=("arrival",)) for fault in point_faults()]
    return by_arrival + [replace(fault, orders=("time",)) for fault in others]


@pytest.fixture(scope="module")
def report(kafka_class_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """Of a matrix on a broker of its own, which is killed too."""
    folder = tmp_path_factory.mktemp("matrix")
    matrix = Matrix(folder, 5, DAY)
    yield matrix.run(faults(folder))
    matrix.close()


def test_every_event_is_read_once_and_as_without_faults(report: Report) -> None:
    assert report.failures == []


def test_lives_were_killed_at_their_points(report: Report) -> None:
    reached = [name for name, row in report.rows.items() if "SIGKILL" in name and row.runs]
    assert len(reached) >= REACHED_MIN


def test_every_fault_struck(report: Report) -> None:
    assert [name for name, row in report.rows.items() if not row.runs + row.elsewhere] == []
