"""The commands on the real pipelines.yaml, with the real catalogue."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from dataflow.load import load_graph
from jobs.catalog import catalog
from jobs.graph_commands import draw, echo, lint, run_examples, show_plan

TREE = Path(__file__).parent.parent.parent
PIPELINES = str(TREE / "pipelines.yaml")


def tapeline(*arguments: str, **environment: str) -> Result:
    group = click.Group(
        commands={str(command.name): command for command in (lint, draw, show_plan, echo, run_examples)}
    )
    return CliRunner(env={"TAPELINE_ENVIRONMENT": None, **environment}).invoke(group, arguments)


@pytest.mark.parametrize("environment", ["default", "development", "production"])
def test_the_graph_of_this_tree_has_no_faults(environment: str) -> None:
    graph = load_graph(TREE / "pipelines.yaml", catalog(), environment, {})
    assert graph.jobs["market-data"].operators == ("normalise", "indicators", "price-alerts")
    assert graph.jobs["market-data"].sources == ("market", "alert-rules")


def test_every_topic_of_the_design_is_declared_with_its_figures() -> None:
    streams = load_graph(TREE / "pipelines.yaml", catalog(), "default", {}).streams
    day_ms = 86_400_000
    figures = {name: (s.partitions, s.key, s.retention_ms // day_ms, s.compression) for name, s in streams.items()}
    assert figures["market-data"] == (100, "symbol", 1, "lz4")
    assert figures["order-events"] == (50, "account", 30, "snappy")
    assert figures["trade-events"] == (50, "account", 365, "snappy")
    assert figures["position-events"] == (20, "account", 365, "none")
    assert figures["risk-events"] == (10, "account", 30, "none")


def test_lint_says_that_there_are_no_faults() -> None:
    result = tapeline("lint", "--pipelines", PIPELINES)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{PIPELINES}: no faults (")


def test_lint_prints_all_faults_to_standard_error_and_exits_with_1(tmp_path: Path) -> None:
    text = Path(PIPELINES).read_text().replace("uses: indicators", "uses: indicater").replace("lz4", "lz5", 1)
    path = tmp_path / "pipelines.yaml"
    path.write_text(text)
    result = tapeline("lint", "--pipelines", str(path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count(f"{path}:") == 2
    assert "no operator is called 'indicater'\n    did you mean 'indicators'?" in result.stderr


def test_the_environment_may_come_from_a_variable() -> None:
    result = tapeline("lint", "--pipelines", PIPELINES, TAPELINE_ENVIRONMENT="productoin")
    assert result.exit_code == 1
    assert "no environment is called 'productoin'\n    did you mean 'production'?" in result.stderr


def test_a_wrong_option_exits_with_2() -> None:
    assert tapeline("graph", "--format", "picture").exit_code == 2


@pytest.mark.parametrize(
    ("form", "begins"), [("mermaid", "flowchart LR"), ("dot", "digraph tapeline {"), ("json", "{")]
)
def test_graph_draws_in_every_format(form: str, begins: str) -> None:
    result = tapeline("graph", "--pipelines", PIPELINES, "--format", form, "--job", "market-data")
    assert result.exit_code == 0
    assert result.stdout.startswith(begins)


def test_the_json_of_a_job_leaves_planned_streams_out() -> None:
    drawn = json.loads(tapeline("graph", "--pipelines", PIPELINES, "--format", "json", "--job", "market-data").stdout)
    assert [stream["name"] for stream in drawn["streams"] if stream["planned"]] == []


def test_plan_says_where_state_lives(tmp_path: Path) -> None:
    result = tapeline("plan", "--pipelines", PIPELINES, "--data", "/srv/tape")
    assert result.exit_code == 0
    assert "/srv/tape/checkpoints" in result.stdout
    assert "IndicatorsState" in result.stdout
    assert "exactly once" in result.stdout


def test_echo_prints_a_document_that_loads_as_the_same_graph(tmp_path: Path) -> None:
    result = tapeline("echo", "--pipelines", PIPELINES, "--environment", "production")
    path = tmp_path / "pipelines.yaml"
    path.write_text(result.stdout)
    shown = load_graph(path, catalog(), "default", {})
    assert shown.streams == load_graph(TREE / "pipelines.yaml", catalog(), "production", {}).streams
    assert yaml.safe_load(result.stdout)["streams"]["market-data"]["min_insync_replicas"] == 2


def test_every_example_of_this_tree_holds() -> None:
    result = tapeline("test", "--pipelines", PIPELINES)
    assert result.exit_code == 0, result.stdout
    passed = re.findall(r"^passed", result.stdout, re.MULTILINE)
    assert f"{len(passed)} of {len(passed)} examples passed" in result.stdout


def test_an_example_that_does_not_hold_is_shown_and_exits_with_1(tmp_path: Path) -> None:
    examples = Path(PIPELINES).with_suffix(".examples.yaml").read_text()
    path = tmp_path / "examples.yaml"
    path.write_text(examples.replace("reason: QUOTE_CROSSED", "reason: PRICE_ZERO"))
    result = tapeline("test", "--pipelines", PIPELINES, "--examples", str(path), "crossed")
    assert result.exit_code == 1
    assert "market-data-rejects: record 1: reason: expected PRICE_ZERO, got QUOTE_CROSSED" in result.stdout
    assert "0 of 1 examples passed" in result.stdout
