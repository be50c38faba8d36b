"""`tapeline top` of a run on a real cluster that has no end."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from dataflow.graph import KafkaSettings
from jobs.live_figures import LIVE_FILE
from tests.kafka.whole_jobs import PATIENCE_S, WholeJobs


@pytest.fixture
def jobs(tmp_path: Path, cluster: KafkaSettings) -> WholeJobs:
    made = WholeJobs(tmp_path, cluster)
    made.make_topics()
    made.feed()
    return made


def wait_for_all(process: subprocess.Popen[str], path: Path) -> dict[str, Any]:
    """The figures of when everything that was fed is read."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
        if path.exists():
            figures: dict[str, Any] = json.loads(path.read_text())
            if all(source["records"] and source["lag"] == 0 for source in figures["sources"]):
                return figures


def test_a_run_without_end_publishes_on_and_on_until_it_has_read_everything(jobs: WholeJobs) -> None:
    process = jobs.run("live")
    figures = wait_for_all(process, jobs.folder / "live" / LIVE_FILE)
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert {source["name"]: source["partitions"] for source in figures["sources"]}["market"] == 3
    assert figures["transactions"]["count"] > 1
    assert figures["transactions"]["commit_p99_ms"] > 0
    stopped = json.loads((jobs.folder / "live" / LIVE_FILE).read_text())
    assert stopped["state"] == "stopped"
    assert stopped["transactions"]["lingering"]["records_waiting"] == 0
    assert stopped["transactions"]["lingering"]["commit_p99_ms"] > 0
