"""`tapeline run` as its user meets it: results, restarts, and every bad input in one or two clear lines."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dataflow.storage import StateLock

TREE = Path(__file__).parent.parent.parent
SMALL = "simulator:seed=2,symbols=3,events=3000"
CSV = "symbol,time,bid,ask\nIBM,1381152600,10.01,10.02\n"
FEW = {**os.environ, "TAPELINE_ORDERS": "400", "TAPELINE_ACCOUNTS": "20"}
"""A flow of orders as small as the market."""


def tapeline(*arguments: str, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", "from jobs.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=TREE, env=FEW, capture_output=True, text=True, check=False, preexec_fn=before)


def run(data: Path, *options: str, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    return tapeline("run", "--data", str(data), "--without", "clickhouse", *options, before=before)


def fault(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of a failure that is told as one."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(("tapeline:", "    "))]
    assert 1 <= len(lines) <= 3
    return lines


def test_a_run_says_what_it_did_and_what_to_try_next(tmp_path: Path) -> None:
    done = tapeline("run", "--data", str(tmp_path / "data"), "--source", SMALL)
    assert done.returncode == 0, done.stderr
    for word in ("analytics", "normalise", "p99", "watermark", "checkpoints", "tapeline query", "orders in = out"):
        assert word in done.stdout


def test_a_second_run_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    run(tmp_path, "--source", SMALL)
    assert "holds an earlier run" in fault(run(tmp_path, "--source", SMALL))[0]


def test_a_run_that_had_ended_is_resumed_without_doing_anything_again(tmp_path: Path) -> None:
    run(tmp_path, "--source", SMALL)
    first = tapeline("topics", "digest", "--data", str(tmp_path)).stdout
    done = run(tmp_path, "--source", SMALL, "--resume")
    assert done.returncode == 0, done.stderr
    assert tapeline("topics", "digest", "--data", str(tmp_path)).stdout == first


def test_a_checkpoint_of_other_input_is_refused_naming_the_difference(tmp_path: Path) -> None:
    run(tmp_path, "--source", SMALL)
    done = run(tmp_path, "--source", "simulator:seed=9,symbols=3,events=3000", "--resume")
    assert done.returncode == 1
    assert "seed=2" in done.stderr
    assert "seed=9" in done.stderr


def test_a_checkpoint_of_another_topology_is_refused_naming_the_difference(tmp_path: Path) -> None:
    run(tmp_path / "data", "--source", SMALL)
    shutil.copytree(TREE / "deploy", tmp_path / "deploy")
    text = (TREE / "pipelines.yaml").read_text()
    changed = text.replace("uid: price-alerts", "uid: alerts-by-price").replace("price-alerts]", "alerts-by-price]")
    (tmp_path / "pipelines.yaml").write_text(changed)
    pipelines = str(tmp_path / "pipelines.yaml")
    done = run(tmp_path / "data", "--source", SMALL, "--resume", "--pipelines", pipelines)
    assert done.returncode == 1
    assert "operator price-alerts is in the checkpoint and not in the graph" in done.stderr


def test_a_torn_newest_checkpoint_is_passed_over_and_said_so(tmp_path: Path) -> None:
    run(tmp_path, "--source", SMALL, "--checkpoint-ms", "1")
    digest = tapeline("topics", "digest", "--data", str(tmp_path)).stdout
    newest = max((tmp_path / "checkpoints").glob("checkpoint-*.json"))
    newest.write_bytes(newest.read_bytes()[:-40])
    done = run(tmp_path, "--source", SMALL, "--resume")
    assert done.returncode == 0, done.stderr
    assert "passed over" in done.stderr
    assert tapeline("topics", "digest", "--data", str(tmp_path)).stdout == digest


def test_a_directory_in_use_names_who_uses_it(tmp_path: Path) -> None:
    with StateLock(tmp_path):
        assert "process" in " ".join(fault(run(tmp_path, "--source", SMALL)))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("lean:nowhere", "nowhere"),
        ("leen:folder", "lean"),
        ("csv:missing.csv", "missing.csv"),
        ("simulator:seed=x", "seed"),
        ("simulator:date=2026-12-25", "do not trade"),
    ],
)
def test_a_source_that_cannot_be_read_is_named(tmp_path: Path, source: str, said: str) -> None:
    assert said in " ".join(fault(run(tmp_path, "--source", source)))


def test_a_truncated_archive_is_named_and_nothing_is_corrupted(tmp_path: Path) -> None:
    folder = tmp_path / "tick" / "ibm"
    folder.mkdir(parents=True)
    archive = folder / "20131007_trade.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("20131007_ibm_trade.csv", "\n".join(f"{n},1800000,100,P,0,0" for n in range(50_000)))
    archive.write_bytes(archive.read_bytes()[:20_000])
    lines = fault(run(tmp_path / "data", "--source", f"lean:{tmp_path / 'tick'}"))
    assert "20131007_trade.zip" in " ".join(lines)


def test_a_full_disk_stops_the_run_clearly_and_it_can_go_on_later(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    options = ("--source", SMALL, "--checkpoint-ms", "1")
    fault(run(tmp_path / "data", *options, before=limit))
    assert run(tmp_path / "data", *options, "--resume").returncode == 0
    run(tmp_path / "other", *options)
    digests = [tapeline("topics", "digest", "--data", str(tmp_path / name)).stdout for name in ("data", "other")]
    assert digests[0] == digests[1]


def test_an_unknown_job_sink_or_source_is_named(tmp_path: Path) -> None:
    assert "nightly" in fault(run(tmp_path, "--job", "nightly"))[0]
    assert "printer" in fault(run(tmp_path, "--without", "printer"))[0]
    assert "moon" in fault(run(tmp_path, "--source", "moon=lean:x"))[0]


def test_a_job_without_the_job_that_feeds_it_is_refused_naming_that(tmp_path: Path) -> None:
    assert "--job market-data" in fault(run(tmp_path, "--job", "orders"))[1]


def test_in_a_market_that_is_not_simulated_there_are_no_orders(tmp_path: Path) -> None:
    (tmp_path / "ticks.csv").write_text(CSV)
    done = run(tmp_path / "data", "--source", f"csv:{tmp_path / 'ticks.csv'}")
    assert done.returncode == 0, done.stderr
    assert "orders from none" in " ".join(done.stdout.split())


def test_malformed_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "pipelines.yaml").write_text("streams:\n  a: [1\n")
    done = tapeline("run", "--pipelines", str(tmp_path / "pipelines.yaml"), "--data", str(tmp_path))
    assert done.returncode == 1
    assert "pipelines.yaml:" in done.stderr
    assert "Traceback" not in done.stderr


def test_checkpoints_are_listed_and_read_as_json(tmp_path: Path) -> None:
    run(tmp_path, "--source", SMALL)
    assert "yes" in tapeline("checkpoints", "list", "--data", str(tmp_path)).stdout
    state = tapeline("checkpoints", "inspect", "--operator", "indicators", "--limit", "1", "--data", str(tmp_path))
    assert state.stdout.startswith('{"operator": "indicators"')
