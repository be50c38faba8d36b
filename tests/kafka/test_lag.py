"""How far behind an application is, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dataflow.graph import KafkaSettings
from tests.kafka.whole_jobs import WholeJobs

MARKET = ("--job", "market-data", "--order", "arrival")


@pytest.fixture
def jobs(tmp_path: Path, cluster: KafkaSettings) -> WholeJobs:
    made = WholeJobs(tmp_path, cluster)
    made.make_topics()
    return made


def test_lag_is_none_after_a_run_to_the_end_and_grows_with_what_comes(jobs: WholeJobs) -> None:
    jobs.feed()
    jobs.finish("data", *MARKET)
    asked = ("lag", "--application", "market-data")
    assert json.loads(jobs.do(*asked, "--json"))["lag"] <= 2 * 3
    jobs.feed("--application", "more", "--data", str(jobs.folder / "more"))
    told = json.loads(jobs.do(*asked, "--json"))
    topic = jobs.settings.topic("raw-market-data")
    assert sum(item["lag"] for item in told["partitions"] if item["topic"] == topic) >= 6_000
    assert topic in jobs.do(*asked)
    process = jobs.begin(*asked, "--max", "100")
    process.communicate()
    assert process.returncode == 1


def test_an_application_that_nobody_has_run_is_one_line(jobs: WholeJobs) -> None:
    process = jobs.begin("lag", "--application", "nobody")
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.startswith("tapeline: group ")
    assert "has committed no offsets" in errors
