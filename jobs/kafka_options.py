"""The options `--kafka` and `--registry`: a cluster and a registry other than those of pipelines.yaml, for once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from dataflow.document.kafka_section import BROKERS_REMEDY, REGISTRY_REMEDY, are_brokers, is_registry
from dataflow.graph import Graph, KafkaSettings
from dataflow.ports import InputFault


def kafka_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives the command the arguments `kafka` and `registry`, for `kafka_settings`."""
    brokers = click.option("--kafka", metavar="HOST:PORT", help="Brokers, instead of those of pipelines.yaml.")
    return brokers(registry_option(command))


registry_option = click.option("--registry", metavar="URL", help="Schema Registry, instead of that of pipelines.yaml.")


def kafka_settings(graph: Graph, kafka: str | None, registry: str | None) -> KafkaSettings:
    """The settings of the graph with these options laid over; its brokers may be empty. Raises InputFault."""
    if kafka and not are_brokers(kafka):
        raise InputFault(f"--kafka {kafka}: {BROKERS_REMEDY}")
    if registry and not is_registry(registry):
        raise InputFault(f"--registry: {REGISTRY_REMEDY}")
    settings = graph.kafka
    return replace(settings, brokers=kafka or settings.brokers, registry=registry or settings.registry)


def need_brokers(settings: KafkaSettings) -> None:
    """Raises InputFault where no cluster is named."""
    if not settings.brokers:
        raise InputFault("no Kafka is named\n    set TAPELINE_KAFKA or give --kafka HOST:PORT")
