"""`tapeline lint`, `graph`, `plan`, `echo` and `test`: what can be known of pipelines.yaml without running a job."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sized
from pathlib import Path
from typing import Any

import click
import yaml
from rich.console import Console

from dataflow.document.settings import DEFAULT_ENVIRONMENT, without_secrets
from dataflow.errors import GraphFaults, suggestion
from dataflow.examples import Driver, read_examples, run_example
from dataflow.graph import Graph
from dataflow.load import load_graph, load_settings
from dataflow.plan import EngineFacts, plan
from dataflow.ports import InputFault
from dataflow.render import FORMATS, render
from dataflow.testing.pipeline import PipelineDriver
from jobs.catalog import catalog
from jobs.letters import vocabulary

PLAN_WIDTH_MIN = 120
"""Columns of a plan where there is no terminal to fit it to."""
GUARANTEES = (
    ("results", "exactly once: state, source positions and visible output move together in each checkpoint"),
    ("replay", "the same input gives the same bytes, however often it is stopped, killed and resumed"),
    ("order", "sources merged by event time; each record goes through the whole graph before the next"),
    ("lateness", "late records go whole to the operator's late stream, unreadable input to the dead letters"),
    ("rescaling", "one process, one writer; 1,024 key groups are fixed so that other engines can spread the keys"),
)


def embedded(data: Path) -> EngineFacts:
    """What a plan says of the embedded engine, keeping its state under `data`."""
    lives = f"in memory, per operator and key; checkpoints in {data / 'checkpoints'} (incremental, every second)"
    return EngineFacts("embedded", lives, GUARANTEES)


def graph_options(command: Callable[..., None]) -> Callable[..., None]:
    """--pipelines and --environment; faults go to standard error, one after the other, and the exit code is 1."""

    @click.option("--pipelines", type=click.Path(path_type=Path), default=Path("pipelines.yaml"), show_default=True)
    @click.option(
        "--environment", default=DEFAULT_ENVIRONMENT, envvar="TAPELINE_ENVIRONMENT", show_default=True,
        help="Overlay of pipelines.yaml.",
    )  # fmt: skip
    @functools.wraps(command)
    def guarded(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except GraphFaults as faults:
            click.echo(faults.lines(), err=True)
            sys.exit(1)

    return guarded


job_option = click.option("--job", help="This job alone (default: all).")


def _load(pipelines: Path, environment: str, job: str | None = None) -> Graph:
    graph = load_graph(pipelines, catalog(), environment)
    if job is not None and job not in graph.jobs:
        raise InputFault(f"{pipelines}: no job is called {job!r}\n    {suggestion(job, graph.jobs)}")
    return graph


@click.command()
@graph_options
def lint(pipelines: Path, environment: str) -> None:
    """Check pipelines.yaml: every fault at once, with line, column and remedy."""
    graph = _load(pipelines, environment)
    tables: dict[str, Sized] = {
        "stream": graph.streams, "source": graph.sources, "operator": graph.operators, "sink": graph.sinks,
        "job": graph.jobs,
    }  # fmt: skip
    counts = [f"{len(table)} {what}{'' if len(table) == 1 else 's'}" for what, table in tables.items()]
    click.echo(f"{pipelines}: no faults ({', '.join(counts)})")


@click.command("graph")
@graph_options
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@job_option
def draw(pipelines: Path, environment: str, form: str, job: str | None) -> None:
    """Draw the graph: Mermaid, DOT or JSON."""
    click.echo(render(_load(pipelines, environment, job), form, job))


@click.command("plan")
@graph_options
@job_option
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("data"), envvar="TAPELINE_DATA_DIR", show_default=True,
    help="Directory the run would use.",
)  # fmt: skip
def show_plan(pipelines: Path, environment: str, job: str | None, data: Path) -> None:
    """Show what would run, with which parameters, and where state would live."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=max(console.width, PLAN_WIDTH_MIN))
    console.print(plan(_load(pipelines, environment, job), job, embedded(data)))


@click.command()
@graph_options
def echo(pipelines: Path, environment: str) -> None:
    """Print pipelines.yaml as this environment resolves it, without secrets."""
    tree = without_secrets(load_settings(pipelines, environment))
    click.echo(yaml.serialize(tree, allow_unicode=True, width=120), nl=False)


@click.command("test")
@graph_options
@click.option(
    "--examples",
    type=click.Path(path_type=Path),
    help="File of examples (default: beside --pipelines, *.examples.yaml).",
)
@click.argument("words", nargs=-1)
def run_examples(pipelines: Path, environment: str, examples: Path | None, words: tuple[str, ...]) -> None:
    """Run the examples beside the graph; with WORDS only those whose name holds them all."""
    graph = _load(pipelines, environment)
    path = examples or pipelines.with_suffix(f".examples{pipelines.suffix}")
    chosen = [one for one in read_examples(path, graph) if all(word.lower() in one.name.lower() for word in words)]
    if not chosen:
        raise InputFault(
            f"{path}: no example {'holds these words' if words else 'is there'}\n    tapeline test runs them"
        )
    failed = 0
    for example in chosen:
        differences = run_example(example, graph, _drive)
        failed += bool(differences)
        click.echo(f"{'FAILED' if differences else 'passed'}  {example.name}")
        for line in differences:
            click.echo(f"    {line}")
    click.echo(f"{len(chosen) - failed} of {len(chosen)} examples passed")
    if failed:
        sys.exit(1)


def _drive(graph: Graph, job: str) -> Driver:
    return PipelineDriver(graph, job, vocabulary())
