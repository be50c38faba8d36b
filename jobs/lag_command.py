"""`tapeline lag`: how far an application is behind its topics."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.table import Table

from dataflow.connectors.kafka.clients import open_admin
from dataflow.connectors.kafka.lag import PartitionLag, group_lag
from dataflow.load import load_graph
from jobs.catalog import catalog
from jobs.kafka_options import kafka_options, kafka_settings, need_brokers
from jobs.record_lines import console


@click.command()
@click.option("--pipelines", type=click.Path(path_type=Path), default=Path("pipelines.yaml"), show_default=True)
@click.option("--environment", default="default", envvar="TAPELINE_ENVIRONMENT", help="Overlay of pipelines.yaml.")
@click.option("--application", default="tapeline", show_default=True, help="The running application.")
@click.option("--json", "as_json", is_flag=True, help="Every partition, as JSON.")
@click.option("--max", "most", type=click.IntRange(min=0), help="Exit with 1 where the total is more.")
@kafka_options
def lag(pipelines: Path, environment: str, application: str, as_json: bool, most: int | None, **where: Any) -> None:
    """How many messages an application has still to read, by what its consumer group has committed."""
    settings = kafka_settings(load_graph(pipelines, catalog(), environment), **where)
    need_brokers(settings)
    found = group_lag(open_admin(settings), f"{settings.prefix}tapeline-{application}")
    total = sum(item.lag for item in found)
    if as_json:
        partitions = [{**asdict(item), "lag": item.lag} for item in found]
        click.echo(json.dumps({"application": application, "lag": total, "partitions": partitions}))
    else:
        console().print(_table(found))
        click.echo(f"{total:,} behind in all")
    if most is not None and total > most:
        sys.exit(1)


def _table(found: list[PartitionLag]) -> Table:
    by_topic: dict[str, list[PartitionLag]] = defaultdict(list)
    for item in found:
        by_topic[item.topic].append(item)
    table = Table("topic", "partitions", "behind", "worst partition", box=SIMPLE, show_edge=False, pad_edge=False)
    for column in table.columns[1:3]:
        column.justify = "right"
    for topic, items in by_topic.items():
        worst = max(items, key=lambda item: item.lag)
        shown = f"{worst.partition}: {worst.lag:,}" if worst.lag else "-"
        table.add_row(topic, str(len(items)), f"{sum(item.lag for item in items):,}", shown)
    return table


COMMANDS = [lag]
