"""`tapeline run`: the jobs of pipelines.yaml on the embedded engine, with a progress bar and a summary at the end."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dataflow.engines.embedded.runner import Runner, Settings
from dataflow.load import load_graph
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage, StateLock
from jobs.assemble import Assembly, RunRequest, assemble
from jobs.catalog import catalog
from jobs.summary import print_summary

TRACES = ("checkpoints", "topics", "clickhouse", "spool")
"""What a run leaves in its directory."""


@dataclass(frozen=True)
class RunOptions:
    """The options of `tapeline run`, checked."""

    pipelines: Path
    environment: str
    jobs: tuple[str, ...]
    sources: tuple[str, ...]
    without: tuple[str, ...]
    data: Path
    resume: bool
    fresh: bool
    checkpoint_ms: int
    rate: int
    quiet: bool


@click.command()
@click.option("--pipelines", type=click.Path(path_type=Path), default=Path("pipelines.yaml"), show_default=True)
@click.option("--environment", default="default", envvar="TAPELINE_ENVIRONMENT", help="Overlay of pipelines.yaml.")
@click.option("--job", "jobs", multiple=True, help="Run this job only (repeatable; default: all).")
@click.option(
    "--source", "sources", multiple=True, metavar="[NAME=]SPEC",
    help="Read a source from elsewhere: lean:DIR, lobster:DIR, csv:FILE, simulator:seed=7,symbols=50,events=1000000.",
)  # fmt: skip
@click.option("--without", multiple=True, metavar="SINK", help="Leave a sink out (repeatable).")
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("data"), envvar="TAPELINE_DATA_DIR", show_default=True,
    help="Directory for checkpoints, topic logs and tables.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on from the newest whole checkpoint.")
@click.option("--fresh", is_flag=True, help="Remove what an earlier run left in the directory.")
@click.option("--checkpoint-ms", type=click.IntRange(min=1), default=1_000, show_default=True)
@click.option("--rate", type=click.IntRange(min=0), default=0, help="At most so many events a second (0: no limit).")
@click.option("--quiet", is_flag=True, help="No progress bar, no summary.")
def run(**options: Any) -> None:
    """Run jobs on the embedded engine."""
    _run(RunOptions(**options), Console(stderr=True))


def _run(options: RunOptions, console: Console) -> None:
    if options.resume and options.fresh:
        raise click.UsageError("--resume goes on with a run, --fresh removes it: choose one")
    graph = load_graph(options.pipelines, catalog(), options.environment)
    request = RunRequest(options.jobs, options.sources, options.without, options.data, options.pipelines.parent)
    storage = DirectoryStorage(options.data)
    with StateLock(options.data):
        _prepare(options)
        assembly = assemble(graph, request, storage, _settings(options))
        runner = assembly.runner
        try:
            runner.start(options.resume)
            _stop_on_signals(runner)
            _carry_on(assembly, console, options.quiet)
        finally:
            assembly.close()
    if not options.quiet:
        print_summary(assembly, options.data, Console())


def _settings(options: RunOptions) -> Settings:
    turn = max(1, min(Settings.turn_records, options.rate // 50)) if options.rate else Settings.turn_records
    pace = options.checkpoint_ms * 1_000_000
    return Settings(checkpoint_every_ns=pace, turn_records=turn, records_per_s=options.rate)


def _prepare(options: RunOptions) -> None:
    """Refuse to mix two runs in one directory."""
    traces = [options.data / name for name in TRACES if (options.data / name).exists()]
    if options.fresh:
        for trace in traces:
            shutil.rmtree(trace)
    elif traces and not options.resume:
        raise InputFault(f"{options.data} holds an earlier run\n    --resume goes on with it, --fresh removes it")


def _stop_on_signals(runner: Runner) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: runner.stop())


def _carry_on(assembly: Assembly, console: Console, quiet: bool) -> None:
    for reason in assembly.runner.statistics.passed_over:
        console.print(f"[yellow]passed over:[/] {reason}", highlight=False)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("events"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=quiet, refresh_per_second=4) as progress:
        total = assembly.expected_records()
        task = progress.add_task("running", total=total, completed=assembly.records_before())
        assembly.run(lambda count: progress.advance(task, count))
        progress.update(task, description="done" if assembly.runner.statistics.ended else "stopped")


COMMANDS = [run]
