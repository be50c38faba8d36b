"""`tapeline top`: a frame of what a run does, and one clear line where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.live_figures import LIVE_FILE

TREE = Path(__file__).parents[2]
START = (sys.executable, "-P", "-c", "from jobs.cli import main; main()")
VARIABLES = {**os.environ, "TAPELINE_ORDERS": "400", "TAPELINE_ACCOUNTS": "20", "COLUMNS": "110"}
PATIENCE_S = 60
LONG = ("--source", "simulator:seed=2,symbols=3,events=100000", "--rate", "200")


def top(data: Path) -> subprocess.CompletedProcess[str]:
    command = [*START, "top", "--once", "--data", str(data)]
    return subprocess.run(command, cwd=TREE, env=VARIABLES, capture_output=True, text=True, check=False)


def wait_for_figures(process: subprocess.Popen[bytes], data: Path) -> None:
    """Until the second ones, which have rates."""
    deadline = time.monotonic() + PATIENCE_S
    seen: set[bytes] = set()
    while len(seen) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
        if (data / LIVE_FILE).exists():
            seen.add((data / LIVE_FILE).read_bytes())


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The directory of a run that has shown figures, and goes on."""
    command = [*START, "run", "--quiet", "--without", "clickhouse", "--data", str(tmp_path), *LONG]
    process = subprocess.Popen(command, cwd=TREE, env=VARIABLES)
    wait_for_figures(process, tmp_path)
    yield tmp_path
    process.terminate()
    assert process.wait(PATIENCE_S) == 0


def test_a_run_shows_its_sources_and_operators(running: Path) -> None:
    shown = top(running)
    assert shown.returncode == 0, shown.stderr
    for word in ("running for", "market", "normalise", "records/s", "watermark", "of a core", "MiB", "checkpoint"):
        assert word in shown.stdout
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())


def test_figures_that_are_not_renewed_say_since_when(running: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    figures = json.loads((running / LIVE_FILE).read_text())
    (other / LIVE_FILE).write_text(json.dumps({**figures, "at": 1_600_000_000.0}))
    assert "no figures since 2020-09-13 12:26:40 UTC" in top(other).stdout


def test_a_directory_without_a_run_is_a_clear_line(tmp_path: Path) -> None:
    shown = top(tmp_path)
    assert shown.returncode == 1
    assert shown.stderr.startswith(f"tapeline: no job has run in {tmp_path}\n")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"state": "running"}'])
def test_damaged_figures_are_a_clear_line(tmp_path: Path, text: str) -> None:
    (tmp_path / LIVE_FILE).write_text(text)
    shown = top(tmp_path)
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
    assert f"{LIVE_FILE} is damaged" in shown.stderr
