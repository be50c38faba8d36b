"""A few seeds of the simulation; `make simulate SEEDS=1000` runs more."""

from __future__ import annotations

from tests.simulate.run import run


def test_ten_runs_through_crashes_come_out_as_the_undisturbed_one() -> None:
    assert run(first=1, seeds=10) == []
