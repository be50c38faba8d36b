"""`tapeline topics`: what the local topic logs hold, or what a Kafka cluster has, beside what pipelines.yaml declares.

The logs describe themselves and need no pipelines.yaml. `list` and `tail` speak of a cluster where one is named, by
`--kafka` or in pipelines.yaml, unless `--data` asks for the logs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from dataflow.graph import Graph, KafkaSettings
from dataflow.load import load_graph
from jobs.catalog import catalog
from jobs.cluster_topics import apply_steps, compare_topics, show_differences, show_topics, steps
from jobs.data_option import DATA_OPTION
from jobs.graph_commands import graph_options
from jobs.kafka_options import kafka_options, kafka_settings, need_brokers
from jobs.local_topics import TAIL_RECORDS, log_readers, show_logs, tail_log
from jobs.topic_tail import tail_topic

APPLICATION_OPTION: Final = click.option(
    "--application", default="tapeline", show_default=True, help="The running application; it has a topic of its own."
)
JSON_OPTION: Final = click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")


@click.group()
def topics() -> None:
    """Look into topics: those of a Kafka cluster, or the logs of a run in Avro files under DATA/topics."""


def _cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    return graph_options(kafka_options(command))


def _cluster(pipelines: Path, environment: str, kafka: str | None, registry: str | None) -> tuple[Graph, KafkaSettings]:
    """The graph and the cluster it lies in. Raises InputFault where none is named."""
    graph = load_graph(pipelines, catalog(), environment)
    settings = kafka_settings(graph, kafka, registry)
    need_brokers(settings)
    return graph, settings


def _named_cluster(
    pipelines: Path, environment: str, kafka: str | None, registry: str | None
) -> tuple[Graph, KafkaSettings] | None:
    """The same; None where the local logs are meant."""
    wants_logs = click.get_current_context().get_parameter_source("data") == ParameterSource.COMMANDLINE
    if kafka is None and (wants_logs or not pipelines.exists()):
        return None
    graph = load_graph(pipelines, catalog(), environment)
    settings = kafka_settings(graph, kafka, registry)
    return (graph, settings) if settings.brokers else None


@topics.command("list")
@_cluster_options
@DATA_OPTION
@JSON_OPTION
def list_topics(data: Path, as_json: bool, **options: Any) -> None:
    """Every topic and its settings; without Kafka every stream that has a log, and how much is in it."""
    found = _named_cluster(**options)
    if found is None:
        show_logs(data)
    else:
        show_topics(found[1], as_json)


@topics.command()
@_cluster_options
@DATA_OPTION
@click.argument("stream")
@click.option("-n", "count", type=click.IntRange(min=0), help=f"So many records; {TAIL_RECORDS}, or all with --from.")
@click.option(
    "--from", "first", type=click.IntRange(min=0), help="Begin at this record (from 0); on Kafka: of each partition."
)
@click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Only records with this value; may be repeated.")
@click.option("--follow", "-f", is_flag=True, help="Go on as records come; end it with Ctrl-C.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def tail(data: Path, stream: str, **options: Any) -> None:
    """The last records of STREAM. The table leaves out ids and empty fields; the JSON lines have everything."""
    found = _named_cluster(*(options.pop(name) for name in ("pipelines", "environment", "kafka", "registry")))
    if found is None:
        tail_log(data, stream, options)
    else:
        tail_topic(*found, stream, options)


@topics.command()
@_cluster_options
@APPLICATION_OPTION
@JSON_OPTION
def plan(application: str, as_json: bool, **options: Any) -> None:
    """What differs between the topics declared and those in the cluster, and what `apply` would do."""
    _, report = compare_topics(*_cluster(**options), application)
    show_differences(report, as_json)
    for step in steps(report, ()) if not as_json else ():
        click.echo(f"apply would {step}")


@topics.command()
@_cluster_options
@APPLICATION_OPTION
@JSON_OPTION
def check(application: str, as_json: bool, **options: Any) -> None:
    """The same, for scripts: exit code 1 where something differs."""
    _, report = compare_topics(*_cluster(**options), application)
    show_differences(report, as_json)
    click.get_current_context().exit(1 if report.faults() else 0)


@topics.command()
@_cluster_options
@APPLICATION_OPTION
@click.option("--widen", multiple=True, metavar="TOPIC", help="Give it the partitions declared; may be repeated.")
def apply(application: str, widen: tuple[str, ...], **options: Any) -> None:
    """Create what is missing and change settings, saying each step first. Nothing is deleted or made smaller, and a
    topic is made wider only where --widen names it: its keys move to other partitions."""
    graph, settings = _cluster(**options)
    admin, report = compare_topics(graph, settings, application)
    failed = apply_steps(admin, steps(report, widen))
    _, left = compare_topics(graph, settings, application)
    show_differences(left, False)
    click.get_current_context().exit(1 if failed or left.faults() else 0)


@topics.command()
@DATA_OPTION
@click.argument("streams", nargs=-1)
def digest(data: Path, streams: tuple[str, ...]) -> None:
    """SHA-256 of what each stream's log holds (default: all): equal for equal outputs, however files are cut."""
    for reader in log_readers(data, streams):
        click.echo(f"{reader.digest()}  {reader.stream}")


@topics.command()
@DATA_OPTION
@click.argument("streams", nargs=-1)
@click.pass_context
def verify(context: click.Context, data: Path, streams: tuple[str, ...]) -> None:
    """Read every record of the streams' logs (default: all) and report what is damaged or missing; exit code 1 then."""
    found = 0
    for reader in log_readers(data, streams):
        faults = reader.verify()
        found += len(faults)
        click.echo(f"{reader.stream}: {'; '.join(faults) or f'{reader.records():,} records, whole'}")
    context.exit(1 if found else 0)
