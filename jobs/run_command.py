"""`tapeline run`: the jobs of pipelines.yaml on the embedded engine, with a progress bar and a summary at the end."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dataflow.connectors.kafka.clients import Unreachable
from dataflow.connectors.kafka.ledger_settings import LedgerSettings
from dataflow.engines.embedded.catch_up import Standby
from dataflow.engines.embedded.runner import Runner, Settings
from dataflow.fault_points import reach
from dataflow.graph import Graph
from dataflow.load import load_graph
from dataflow.ports import InputFault, Interrupted
from dataflow.storage import DirectoryStorage, StateLock
from jobs.assemble import Assembly, RunRequest, assemble
from jobs.catalog import catalog
from jobs.kafka_edges import KafkaRun
from jobs.kafka_options import kafka_options, kafka_settings, need_brokers
from jobs.live_figures import STANDING_BY, LiveFigures
from jobs.summary import print_summary

CHECKPOINT_MS = 1_000
KAFKA_CHECKPOINT_MS = 5_000
"""There no output but ClickHouse's waits for a checkpoint, and executions wait behind each."""
TRACES = ("checkpoints", "topics", "clickhouse", "spool")
"""What a run leaves in its directory."""
STANDBY_S = 1.0
"""A standby takes over when the other instance has committed nothing for so long; it does every quarter of a second."""
RETRY_S = 0.2
RETRY_MAX_S = 10.0
"""How long to wait before a run that was interrupted begins again."""


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
    checkpoint_ms: int | None
    rate: int
    quiet: bool
    kafka: str | None = None
    registry: str | None = None
    application: str = ""
    until: str = ""
    order: str = ""
    with_logs: bool = False
    standby: bool = False
    transaction_timeout_ms: int = LedgerSettings.timeout_ms
    checkpoints: str = ""
    is_feed: bool = False


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of whatever runs."""
    for option in reversed(OPTIONS):
        command = option(command)
    return kafka_options(command)


OPTIONS = (
    click.option("--pipelines", type=click.Path(path_type=Path), default=Path("pipelines.yaml"), show_default=True),
    click.option("--environment", default="default", envvar="TAPELINE_ENVIRONMENT", help="Overlay of pipelines.yaml."),
    click.option(
        "--source", "sources", multiple=True, metavar="[NAME=]SPEC",
        help="Read a source from elsewhere: lean:DIR, lobster:DIR, csv:FILE, simulator:seed=7,events=1000000.",
    ),
    click.option("--resume", is_flag=True, help="Go on from the newest whole checkpoint."),
    click.option("--fresh", is_flag=True, help="Remove what an earlier run left in the directory."),
    click.option(
        "--checkpoint-ms", type=click.IntRange(min=1), default=None,
        help="A checkpoint so often, or as seldom as its size asks for (default: 1000; on Kafka 5000).",
    ),
    click.option("--rate", type=click.IntRange(min=0), default=0, help="At most so many events a second."),
    click.option("--quiet", is_flag=True, help="No progress bar, no summary."),
)  # fmt: skip


@click.command()
@run_options
@click.option("--job", "jobs", multiple=True, help="Run this job only (repeatable; default: all).")
@click.option("--without", multiple=True, metavar="SINK", help="Leave a sink out (repeatable).")
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("data"), envvar="TAPELINE_DATA_DIR", show_default=True,
    help="Directory for checkpoints, topic logs and tables.",
)  # fmt: skip
@click.option(
    "--application", default="", help="On Kafka: the name under which it runs, and goes on (default: its jobs)."
)
@click.option(
    "--until", default="", metavar="WHERE",
    help="On Kafka: end at what is there now (latest), at offset:N, or at time:2026-11-20T16:00:00Z. Default: never.",
)  # fmt: skip
@click.option(
    "--order", type=click.Choice(["time", "arrival"]), default=None,
    help="On Kafka: take records by event time (default with --until), or as they arrive (default without).",
)  # fmt: skip
@click.option("--with-logs", is_flag=True, help="On Kafka: fill the local topic logs too.")
@click.option(
    "--checkpoints", default="", metavar="URL", envvar="TAPELINE_CHECKPOINTS",
    help="Keep checkpoints there instead of in the data directory: s3://…, gs://…, file:///… (what fsspec reaches).",
)  # fmt: skip
@click.option("--standby", is_flag=True, help="On Kafka: follow the instance that runs, and take over when it is gone.")
@click.option(
    "--transaction-timeout-ms", type=click.IntRange(min=100), default=LedgerSettings.timeout_ms, show_default=True,
    help="On Kafka: the broker ends a transaction that is open for so long, and others read on.",
)  # fmt: skip
def run(**options: Any) -> None:
    """Run jobs on the embedded engine."""
    _run(RunOptions(**options), Console(stderr=True))


@click.command()
@run_options
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("data/feed"), show_default=True,
    help="Directory for checkpoints.",
)  # fmt: skip
@click.option("--application", default="feed", show_default=True, help="The name it runs and goes on under.")
def feed(**options: Any) -> None:
    """Put what the sources bring into their topics, exactly once."""
    _run(RunOptions(**options, jobs=(), without=(), is_feed=True), Console(stderr=True))


def _run(options: RunOptions, console: Console) -> None:
    if options.resume and options.fresh:
        raise click.UsageError("--resume goes on with a run, --fresh removes it: choose one")
    reach("imported")
    graph = load_graph(options.pipelines, catalog(), options.environment)
    kafka = _kafka(graph, options)
    request = RunRequest(
        options.jobs, options.sources, options.without, options.data, options.pipelines.parent, kafka,
        options.checkpoints, options.is_feed,
    )  # fmt: skip
    reach("configured")
    with StateLock(options.data):
        _prepare(options)
        assembly = _until_done(graph, request, options, console)
    if not options.quiet:
        print_summary(assembly, options.data, Console())


def _kafka(graph: Graph, options: RunOptions) -> KafkaRun | None:
    """How the run uses Kafka, if it does. Raises InputFault for options that only mean something there."""
    settings = kafka_settings(graph, options.kafka, options.registry)
    if options.is_feed:
        need_brokers(settings)
    if not settings.brokers:
        given = [name for name in ("application", "until", "order", "standby", "with_logs") if getattr(options, name)]
        if given:
            option = given[0].replace("_", "-")
            raise InputFault(f"--{option} is for runs on Kafka\n    set TAPELINE_KAFKA or give --kafka HOST:PORT")
        return None
    application = options.application or "-".join(options.jobs) or "tapeline"
    by_arrival = options.order == "arrival" or (not options.order and not options.until and not options.is_feed)
    if not by_arrival and not options.until and not options.is_feed:
        raise InputFault(
            "--order time waits for each partition's next record: it needs inputs that end\n    add --until"
        )
    if options.standby and not by_arrival:
        raise InputFault("--standby does again what the other instance has recorded: not with --order time or --until")
    return KafkaRun(
        settings,
        application,
        options.until,
        options.resume,
        options.standby,
        options.with_logs,
        by_arrival,
        options.transaction_timeout_ms,
    )


def _until_done(graph: Graph, request: RunRequest, options: RunOptions, console: Console) -> Assembly:
    """Run, and begin again from the checkpoint as often as what the run stands on goes away; wait for it to be back."""
    storage, resume, wait_s = DirectoryStorage(options.data), options.resume, RETRY_S
    latest: Assembly | None = None
    while True:
        try:
            assembly = assemble(graph, request, storage, _settings(options, request))
            try:
                _stop_on_signals(assembly.runner)
                figures = LiveFigures(assembly, options.data)
                _start(assembly.runner, resume, figures if options.standby else None, console)
                latest = assembly
                _carry_on(assembly, figures, console, options)
            finally:
                assembly.close()
        except (Interrupted, Unreachable) as reason:
            if latest is None:
                raise
            console.print(f"[yellow]interrupted:[/] {reason}; again from the checkpoint", highlight=False)
        else:
            return assembly
        if latest.runner.statistics.records:
            wait_s = RETRY_S
        if not _wait(wait_s, latest.runner):
            return latest
        wait_s = min(2 * wait_s, RETRY_MAX_S)
        resume = True
        assert request.kafka is not None
        request = replace(request, kafka=replace(request.kafka, resume=True))


def _wait(seconds: float, runner: Runner) -> bool:
    """False where the run was asked to stop meanwhile."""
    deadline = time.monotonic() + seconds
    while not runner.stop_asked and time.monotonic() < deadline:
        time.sleep(0.05)
    return not runner.stop_asked


def _start(runner: Runner, resume: bool, standing_by: LiveFigures | None, console: Console) -> None:
    standby: Standby | None = None
    if standing_by is not None:
        console.print("standing by: following the instance that runs", highlight=False)
        standby = Standby(STANDBY_S, lambda: standing_by.note(STANDING_BY))
    runner.start(resume or standby is not None, standby)
    if runner.statistics.took_over:
        console.print(f"took over after {runner.statistics.repeated:,} events done again", highlight=False)


def _settings(options: RunOptions, request: RunRequest) -> Settings:
    turn = max(1, min(Settings.turn_records, options.rate // 50)) if options.rate else Settings.turn_records
    usual = CHECKPOINT_MS if request.kafka is None else KAFKA_CHECKPOINT_MS
    pace_ns = (options.checkpoint_ms or usual) * 1_000_000
    return Settings(checkpoint_every_ns=pace_ns, turn_records=turn, records_per_s=options.rate)


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


def _carry_on(assembly: Assembly, figures: LiveFigures, console: Console, options: RunOptions) -> None:
    for reason in assembly.runner.statistics.passed_over:
        console.print(f"[yellow]passed over:[/] {reason}", highlight=False)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("events"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=options.quiet, refresh_per_second=4) as progress:
        total = assembly.expected_records()
        task = progress.add_task("running", total=total, completed=assembly.records_before())

        def tell(count: int) -> None:
            progress.advance(task, count)
            figures.note()

        assembly.run(tell)
        figures.end()
        progress.update(task, description="done" if assembly.runner.statistics.ended else "stopped")
