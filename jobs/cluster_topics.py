"""The topics of a Kafka cluster against those that pipelines.yaml declares, on the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

import click
from confluent_kafka.admin import AdminClient
from rich.box import SIMPLE
from rich.table import Table

from dataflow.connectors.kafka.clients import open_admin
from dataflow.connectors.kafka.topic_plan import (
    ALTER,
    CREATE,
    RETENTION,
    WIDEN,
    Change,
    Difference,
    Topic,
    changes,
    declared_topics,
    differences,
    undeclared,
)
from dataflow.connectors.kafka.topics import await_changes, carry_out, message_counts, read_topics, topic_names
from dataflow.graph import Graph, KafkaSettings
from dataflow.ports import InputFault
from jobs.conditions import suggested
from jobs.record_lines import console

UNITS_MS: Final = {"y": 31_536_000_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
CONFIGS: Final = (RETENTION, "compression.type", "min.insync.replicas", "cleanup.policy")
"""Shown of each topic."""
REMEDIES: Final = {
    CREATE: "apply creates it",
    ALTER: "apply sets it",
    WIDEN: "apply --widen widens it; keys move",
}
REMEDIES_BY_HAND: Final = {
    "partitions": "declare as many: no topic can be made narrower",
    "replication": "Kafka's own tools add and remove copies",
    "topic": "declare it, or delete it with Kafka's own tools",
}


@dataclass(frozen=True)
class TopicReport:
    """What is declared, and what of it is not so."""

    settings: KafkaSettings
    declared: dict[str, Topic]
    found: list[Difference]

    def faults(self) -> list[Difference]:
        return [item for item in self.found if not item.foreign]


def compare_topics(graph: Graph, settings: KafkaSettings, application: str) -> tuple[AdminClient, TopicReport]:
    """Raises InputFault where the cluster cannot be looked at."""
    admin = open_admin(settings)
    declared = declared_topics(graph.streams.values(), settings, graph.dead_letters, application)
    found = differences(declared, read_topics(admin, declared))
    found += undeclared(topic_names(admin, settings.prefix), declared, settings)
    return admin, TopicReport(settings, declared, found)


def show_differences(report: TopicReport, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(item) | {"remedy": remedy(item)} for item in report.found], indent=2))
        return
    if report.found:
        table = Table(box=SIMPLE, pad_edge=False)
        for title in ("topic", "what", "declared", "there", "remedy"):
            table.add_column(title, overflow="fold")
        for item in report.found:
            declared, present = (shown_value(item.setting, value) for value in (item.declared, item.present))
            table.add_row(item.topic, item.setting, declared, present, remedy(item))
        console().print(table)
    count, faults = len(report.declared), len(report.faults())
    click.echo(f"{count} topics declared, {faults} difference{'' if faults == 1 else 's'} at {report.settings.brokers}")


def remedy(item: Difference) -> str:
    if item.foreign:
        return "perhaps another program's: none of our business"
    return REMEDIES.get(item.mended_by) or REMEDIES_BY_HAND.get(item.setting, "")


def shown_value(setting: str, value: str) -> str:
    """A length of time as pipelines.yaml writes it; everything else as it is."""
    if setting != RETENTION or not value.isdigit():
        return value
    length = int(value)
    unit = next((unit for unit, size in UNITS_MS.items() if length and length % size == 0), "ms")
    return f"{length // UNITS_MS.get(unit, 1)}{unit}"


def steps(report: TopicReport, widened: Iterable[str]) -> list[Change]:
    """What `apply` does. `widened` names topics or streams. Raises InputFault for one that needs no widening."""
    names = set()
    narrow = {item.topic for item in report.found if item.mended_by == WIDEN}
    for word in widened:
        name = word if word in report.declared else report.settings.topic(word)
        if name not in report.declared:
            known = [topic.removeprefix(report.settings.prefix) for topic in report.declared]
            raise InputFault(f"--widen {word}: no such topic is declared\n    {suggested(word, known)}")
        if name not in narrow:
            raise InputFault(f"--widen {word}: the topic has as many partitions as declared, or more, or is missing")
        names.add(name)
    return changes(report.declared, report.found, names)


def apply_steps(admin: AdminClient, planned: list[Change]) -> int:
    """Does each step, saying it first. Returns how many failed, each with a line of its own on standard error."""
    done: list[Change] = []
    for step in planned:
        click.echo(str(step))
        if step.action == WIDEN:
            click.echo("    keys move: what comes now of a key may lie in another partition than what came before")
        try:
            carry_out(admin, step)
            done.append(step)
        except InputFault as fault:
            click.echo(f"tapeline: {fault}", err=True)
    await_changes(admin, done)
    return len(planned) - len(done)


def show_topics(settings: KafkaSettings, as_json: bool) -> None:
    """Every topic under the prefix."""
    admin = open_admin(settings)
    topics = read_topics(admin, topic_names(admin, settings.prefix))
    counts = message_counts(admin, topics.values())
    if as_json:
        click.echo(json.dumps([_described(topic, counts) for topic in topics.values()], indent=2))
        return
    table = Table(box=SIMPLE, pad_edge=False, caption="messages: those still there, the marks of transactions counted")
    table.add_column("topic", no_wrap=True)
    for title in ("messages", "partitions", "copies", "in sync"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("retention", "compression", "cleanup"):
        table.add_column(title)
    for topic in topics.values():
        retention, compression, in_sync, cleanup = (topic.config.get(name, "") for name in CONFIGS)
        numbers = (f"{counts.get(topic.name, 0):,}", str(topic.partitions), str(topic.replication), in_sync)
        table.add_row(topic.name, *numbers, shown_value(RETENTION, retention), compression, cleanup)
    console().print(table)


def _described(topic: Topic, counts: dict[str, int]) -> dict[str, object]:
    config = {name: topic.config.get(name, "") for name in CONFIGS}
    return {
        "topic": topic.name,
        "messages": counts.get(topic.name, 0),
        "partitions": topic.partitions,
        "replication": topic.replication,
        "config": config,
    }
