"""`tapeline lag` on a real cluster."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from dataflow.graph import KafkaSettings
from tests.kafka.whole_jobs import PARTITIONS, PATIENCE_S, WholeJobs


@pytest.fixture
def jobs(tmp_path: Path, cluster: KafkaSettings) -> WholeJobs:
    made = WholeJobs(tmp_path, cluster)
    made.make_topics()
    return made


def ask(jobs: WholeJobs, *options: str) -> subprocess.CompletedProcess[str]:
    process = jobs.begin("lag", *options, COLUMNS="110")
    output, errors = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess([], process.returncode, output, errors)


def test_an_application_that_nobody_has_run_is_a_clear_line(jobs: WholeJobs) -> None:
    answer = ask(jobs, "--application", "nobody")
    assert answer.returncode == 1, answer.stderr
    assert answer.stderr.startswith("tapeline: the application 'nobody' has read nothing on this cluster")
    assert answer.stdout == ""


def test_lag_is_what_the_group_has_not_read_partition_by_partition(jobs: WholeJobs) -> None:
    jobs.feed()
    jobs.finish("data")
    topic = jobs.settings.topic("raw-market-data")
    before = json.loads(ask(jobs, "--json").stdout)
    jobs.do("feed", "--quiet", "--data", str(jobs.folder / "more"), "--application", "more",
            "--source", "market=simulator:seed=6,symbols=4,events=1000",
            "--source", "orders=order_flow:accounts=20,orders=100",
            "--source", "accounts=accounts:accounts=20,orders=100")  # fmt: skip
    after = json.loads(ask(jobs, "--json").stdout)
    own = [item for item in after["partitions"] if item["topic"] == topic]
    assert [item["partition"] for item in own] == list(range(PARTITIONS))
    assert all(item["end"] - item["committed"] == item["lag"] for item in own if item["committed"] is not None)
    assert after["lag"] == sum(item["lag"] for item in after["partitions"])
    assert after["lag"] >= before["lag"] + 1000
    table = ask(jobs, "--max", str(after["lag"] - 1))
    assert table.returncode == 1
    assert f"{after['lag']:,}" in table.stdout
    assert table.stderr == f"tapeline: tapeline is {after['lag']:,} behind, more than {after['lag'] - 1:,}\n"
    assert ask(jobs, "--max", str(after["lag"])).returncode == 0
