"""`tapeline schemas`: what the Schema Registry knows of the streams' values, beside what this program writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from confluent_kafka.schema_registry import SchemaRegistryClient
from rich.box import SIMPLE
from rich.table import Table

from dataflow.connectors.kafka.registry import shown_registry
from dataflow.connectors.kafka.subjects import (
    LEVEL,
    REGISTER,
    SET_LEVEL,
    Subject,
    SubjectDifference,
    declared_subjects,
    differences,
    judged,
    read_subject,
    register,
    set_level,
    subject_names,
)
from dataflow.connectors.kafka.value_schemas import key_of
from dataflow.graph import KafkaSettings
from dataflow.load import load_graph
from dataflow.ports import InputFault
from jobs.catalog import catalog
from jobs.command_registry import command_registry
from jobs.graph_commands import graph_options
from jobs.kafka_options import kafka_settings, registry_option
from jobs.record_lines import console
from jobs.schema_comparison import incompatibilities

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")


@click.group()
def schemas() -> None:
    """The Avro schemas of the streams' values in the Schema Registry, under <topic>-value."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    return graph_options(registry_option(command))


@dataclass(frozen=True)
class SchemaReport:
    """What is declared, and what of it the registry does not know."""

    settings: KafkaSettings
    registry: SchemaRegistryClient
    subjects: dict[str, Subject]
    """By name."""
    found: list[SubjectDifference]

    def faults(self) -> list[SubjectDifference]:
        return [item for item in self.found if not item.note]


def _compare(pipelines: Path, environment: str, registry: str | None) -> SchemaReport:
    graph = load_graph(pipelines, catalog(), environment)
    settings = kafka_settings(graph, None, registry)
    client = command_registry(settings)
    subjects = {item.name: item for item in declared_subjects(graph.streams.values(), settings).values()}
    found = []
    for name, subject in subjects.items():
        found += judged(client, subject, differences(subject, read_subject(client, name), incompatibilities))
    found += _undeclared(client, settings, subjects)
    return SchemaReport(settings, client, subjects, found)


def _undeclared(client: SchemaRegistryClient, settings: KafkaSettings, known: Iterable[str]) -> list[SubjectDifference]:
    """Without a prefix they may be another program's, and are no fault."""
    names = [name for name in subject_names(client, settings.prefix) if name not in known]
    remedy = "declare its stream, or delete it in the registry" if settings.prefix else "perhaps another program's"
    return [
        SubjectDifference(name, "is registered, and no stream has it", remedy, note=not settings.prefix)
        for name in names
    ]


def _show(report: SchemaReport, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(item) for item in report.found], indent=2))
        return
    if report.found:
        table = Table(box=SIMPLE, pad_edge=False)
        for title in ("subject", "fact", "remedy"):
            table.add_column(title, overflow="fold")
        for item in report.found:
            table.add_row(item.subject, item.fact, item.remedy)
        console().print(table)
    count, faults = len(report.subjects), len(report.faults())
    where = shown_registry(report.settings)
    click.echo(f"{count} subjects declared, {faults} difference{'' if faults == 1 else 's'} at {where}")


@schemas.command("list")
@_options
@JSON_OPTION
def list_schemas(as_json: bool, **options: Any) -> None:
    """Every subject under the prefix: its versions, the newest one's id and key."""
    graph = load_graph(options["pipelines"], catalog(), options["environment"])
    settings = kafka_settings(graph, None, options["registry"])
    rows = _rows(command_registry(settings), settings)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=SIMPLE, pad_edge=False)
    for title in ("subject", "versions", "id", "compatibility", "key", "records"):
        table.add_column(title, justify="right" if title in ("versions", "id") else "left", overflow="fold")
    for row in rows:
        records = ", ".join(row["records"])
        table.add_row(*(str(row[name]) for name in ("subject", "versions", "id", "compatibility", "key")), records)
    console().print(table)


def _rows(registry: SchemaRegistryClient, settings: KafkaSettings) -> list[dict[str, Any]]:
    rows = []
    for name in subject_names(registry, settings.prefix):
        found = read_subject(registry, name)
        if found is not None and found.versions:
            newest = found.versions[-1]
            schema = json.loads(newest.schema_json) if newest.kind == "AVRO" else {}
            rows.append({
                "subject": name,
                "versions": len(found.versions),
                "id": newest.schema_id,
                "compatibility": found.level,
                "key": key_of(newest.schema_json) if newest.kind == "AVRO" else "",
                "records": [item.get("name", "") for item in (schema if isinstance(schema, list) else [schema])],
            })  # fmt: skip
    return rows


@schemas.command()
@_options
@JSON_OPTION
def plan(as_json: bool, **options: Any) -> None:
    """What differs between this program's schemas and the registry's, and what `apply` would do."""
    report = _compare(**options)
    _show(report, as_json)
    for name, step in _steps(report) if not as_json else ():
        click.echo(f"apply would {_described(name, step)}")


@schemas.command()
@_options
@JSON_OPTION
def check(as_json: bool, **options: Any) -> None:
    """The same, for scripts: exit code 1 where something differs."""
    report = _compare(**options)
    _show(report, as_json)
    click.get_current_context().exit(1 if report.faults() else 0)


@schemas.command()
@_options
def apply(**options: Any) -> None:
    """Register what is new or has changed, and have the registry refuse what cannot read all old data. A change that
    cannot is refused here, naming the field."""
    report = _compare(**options)
    failed = 0
    for name, step in _steps(report):
        click.echo(_described(name, step))
        try:
            _carry_out(report, name, step)
        except InputFault as fault:
            failed += 1
            click.echo(f"tapeline: {fault}", err=True)
    left = _compare(**options)
    _show(left, False)
    click.get_current_context().exit(1 if failed or left.faults() else 0)


def _steps(report: SchemaReport) -> list[tuple[str, str]]:
    """(subject, REGISTER or SET_LEVEL); registering sets the level too."""
    registered = [item.subject for item in report.found if item.mended_by == REGISTER]
    levels = [item.subject for item in report.found if item.mended_by == SET_LEVEL and item.subject not in registered]
    return [(name, REGISTER) for name in registered] + [(name, SET_LEVEL) for name in levels]


def _described(name: str, step: str) -> str:
    return f"register {name}, {LEVEL}" if step == REGISTER else f"set the compatibility of {name} to {LEVEL}"


def _carry_out(report: SchemaReport, name: str, step: str) -> None:
    if step == REGISTER:
        register(report.registry, report.subjects[name])
    else:
        set_level(report.registry, name)
