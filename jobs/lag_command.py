"""`tapeline lag`: how far an application is behind the topics it reads, asked of the cluster."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from dataflow.connectors.kafka.lag import PartitionLag, read_lags
from dataflow.load import load_graph
from jobs.catalog import catalog
from jobs.graph_commands import graph_options
from jobs.kafka_options import kafka_options, kafka_settings, need_brokers

TOO_FAR = 1
"""Exit code where the lag is more than --max."""


@click.command()
@graph_options
@kafka_options
@click.option("--application", default="tapeline", show_default=True, help="The name that `tapeline run` has.")
@click.option("--max", "lag_max", type=click.IntRange(min=0), help="Exit code 1 where the total is more than this.")
@click.option("--json", "as_json", is_flag=True, help="JSON with every partition, instead of a table.")
def lag(
    pipelines: Path, environment: str, application: str, lag_max: int | None, as_json: bool, **options: Any
) -> None:
    """How far an application is behind the topics it reads, whether it runs or not."""
    graph = load_graph(pipelines, catalog(), environment)
    settings = kafka_settings(graph, **options)
    need_brokers(settings)
    lags = read_lags(settings, application, graph.streams)
    total = sum(item.lag for item in lags)
    if as_json:
        found = {"application": application, "lag": total, "partitions": [asdict(item) for item in lags]}
        click.echo(json.dumps(found))
    else:
        Console().print(_table(application, lags))
    if lag_max is not None and total > lag_max:
        click.echo(f"tapeline: {application} is {total:,} behind, more than {lag_max:,}", err=True)
        sys.exit(TOO_FAR)


def _table(application: str, lags: list[PartitionLag]) -> Table:
    """A line for each topic, with its worst partition, and their sum."""
    table = Table("topic", "partitions", "behind", "lag", "worst partition", show_footer=True)
    table.title, table.title_justify = f"Lag of {application}, in offsets", "left"
    for column in table.columns[1:]:
        column.justify = "right"
    for topic in dict.fromkeys(item.topic for item in lags):
        own = [item for item in lags if item.topic == topic]
        worst = max(own, key=lambda item: item.lag)
        table.add_row(topic, *_sums(own), f"{worst.partition}: {worst.lag:,}" if worst.lag else "")
    for column, text in zip(table.columns, ("all", *_sums(lags)), strict=False):
        column.footer = text
    return table


def _sums(lags: list[PartitionLag]) -> tuple[str, str, str]:
    behind = sum(1 for item in lags if item.lag)
    return f"{len(lags):,}", f"{behind:,}", f"{sum(item.lag for item in lags):,}"
