"""The jobs of pipelines.yaml on a real cluster: as on files, once, and whoever is killed or shut out."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dataflow.graph import KafkaSettings
from jobs.live_figures import LIVE_FILE, STANDING_BY
from tests.kafka.whole_jobs import INPUT, PATIENCE_S, WRITTEN, WholeJobs

ARRIVAL = ("--order", "arrival")
KILLS = ("between-produces:5", "after-offsets:4", "after-commit:3")


@pytest.fixture
def jobs(tmp_path: Path, cluster: KafkaSettings) -> WholeJobs:
    made = WholeJobs(tmp_path, cluster)
    made.make_topics()
    return made


@pytest.fixture
def other(tmp_path: Path, cluster: KafkaSettings) -> WholeJobs:
    """The same on topics of its own."""
    (tmp_path / "other").mkdir()
    made = WholeJobs(tmp_path / "other", replace(cluster, prefix=f"other-{cluster.prefix}"))
    made.make_topics()
    return made


def wait_for_output(jobs: WholeJobs, process: subprocess.Popen[str]) -> None:
    """Until it has committed something."""
    deadline = time.monotonic() + PATIENCE_S
    while not jobs.messages("order-events"):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.2)


def wait_until_caught_up(jobs: WholeJobs, data: str, standby: subprocess.Popen[str]) -> None:
    """Until the standby has done all that the other instance has."""
    deadline = time.monotonic() + PATIENCE_S
    while not (jobs.folder / data / LIVE_FILE).exists():
        assert time.monotonic() < deadline
        assert standby.poll() is None
        time.sleep(0.05)
    assert json.loads((jobs.folder / data / LIVE_FILE).read_text())["state"] == STANDING_BY


def test_jobs_give_what_the_run_on_files_gives_together_and_each_by_itself(jobs: WholeJobs, other: WholeJobs) -> None:
    for each in (jobs, other):
        each.feed()
    jobs.finish("on-kafka")
    other.finish("market", "--job", "market-data")
    other.finish("orders", "--job", "orders")
    jobs.do(
        "run", "--quiet", "--without", "clickhouse", "--data", str(jobs.folder / "on-files"), *INPUT, TAPELINE_KAFKA=""
    )
    on_topics, on_files = jobs.on_topics(), jobs.in_logs("on-files")
    assert on_topics == on_files
    assert other.on_topics() == on_files
    assert all(on_topics[stream] for stream in WRITTEN)


def test_what_arrives_while_a_job_is_killed_comes_out_once_and_can_be_done_again(jobs: WholeJobs) -> None:
    jobs.feed()
    resume: tuple[str, ...] = ()
    for place in KILLS:
        process = jobs.run("killed", "--checkpoint-ms", "200", *resume, TAPELINE_KILL_AT=place)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -signal.SIGKILL
        resume = ("--resume",)
    jobs.finish("killed", "--resume", *ARRIVAL)
    jobs.finish("again", "--resume", "--with-logs", *ARRIVAL)
    assert jobs.on_topics() == jobs.in_logs("again")
    ids = [name for stream in WRITTEN for name in jobs.event_ids(stream)]
    assert len(ids) == len(set(ids)) > 1_000


def test_a_second_instance_shuts_the_first_out(jobs: WholeJobs) -> None:
    jobs.feed()
    first = jobs.run("first")
    wait_for_output(jobs, first)
    second = jobs.run("second", "--resume")
    _, errors = first.communicate(timeout=PATIENCE_S)
    second.terminate()
    second.communicate(timeout=PATIENCE_S)
    assert (first.returncode, second.returncode) == (1, 0)
    assert "another instance of application tapeline has taken over: this one stops" in errors
    assert "Traceback" not in errors
    jobs.finish("again", "--resume", "--with-logs", *ARRIVAL)
    assert jobs.on_topics() == jobs.in_logs("again")


def test_a_standby_takes_over_from_one_that_sleeps_and_that_one_then_stops(jobs: WholeJobs) -> None:
    jobs.feed()
    first = jobs.run("first")
    wait_for_output(jobs, first)
    standby = jobs.run("standby", "--standby")
    wait_until_caught_up(jobs, "standby", standby)
    first.send_signal(signal.SIGSTOP)
    time.sleep(3)
    first.send_signal(signal.SIGCONT)
    _, errors = first.communicate(timeout=PATIENCE_S)
    standby.terminate()
    _, said = standby.communicate(timeout=PATIENCE_S)
    assert (first.returncode, standby.returncode) == (1, 0)
    assert "has taken over" in errors
    assert "took over after" in said


def test_an_application_that_has_run_is_resumed_or_another(jobs: WholeJobs) -> None:
    jobs.feed()
    jobs.finish("first")
    process = jobs.run("second", "--until", "latest")
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert errors.startswith(
        "tapeline: application tapeline has run on this cluster before\n    --resume goes on with it"
    )
    jobs.finish("third", "--application", "other")


def test_checkpoints_in_a_store_restore_in_another_directory(jobs: WholeJobs) -> None:
    store = ("--checkpoints", f"file://{jobs.folder}/store")
    jobs.feed()
    jobs.finish("here", *store)
    printed = jobs.do(
        "run", "--without", "clickhouse", "--data", str(jobs.folder / "there"), "--until", "latest", "--resume", *store
    )
    assert "resumed from checkpoint" in printed
