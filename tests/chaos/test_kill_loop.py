"""A real process, killed again and again, brings out what an undisturbed one does."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.kill_loop import killed, undisturbed


def test_outputs_after_kills_are_those_of_a_run_never_killed(tmp_path: Path) -> None:
    expected = undisturbed(tmp_path / "undisturbed")
    found = killed(tmp_path / "killed", kills=6, seed=2)
    assert found.kills > 0
    assert (found.topics, found.tables) == (expected.topics, expected.tables)
