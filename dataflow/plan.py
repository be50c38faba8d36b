"""Says what a job would run: operators with key, state and parameters, what feeds it and what it fills, and where
state lives. For a person at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dataflow.graph import KEY_GROUPS, Graph, Job, Operator, Sink, Source, topology_hash
from dataflow.render import shown_parameters


@dataclass(frozen=True)
class EngineFacts:
    """What a plan says of the engine that would run it."""

    name: str
    state_lives: str
    guarantees: Sequence[tuple[str, str]]
    """(of what, what is promised)"""


def plan(graph: Graph, job: str | None, engine: EngineFacts) -> RenderableType:
    """One job or all. Raises KeyError for a job that is not there."""
    jobs = list(graph.jobs.values()) if job is None else [graph.jobs[job]]
    parts: list[RenderableType] = []
    for item in jobs:
        parts += [_title(graph, item, engine), _operators(graph, item), _edges(graph, item), Text()]
    parts += [_state(engine)]
    planned = [stream.name for stream in graph.streams.values() if stream.planned]
    if planned:
        parts += [Text(), Text(f"Planned streams (declared, not yet wired): {', '.join(planned)}")]
    return Group(*parts)


def _title(graph: Graph, job: Job, engine: EngineFacts) -> Text:
    title = Text.assemble(
        ("Job ", ""), (job.name, "bold"), f" on the {engine.name} engine, {graph.environment} environment"
    )
    title.append(f", topology {topology_hash(graph.topology(job.operators))[:12]}")
    if job.doc:
        title.append(f"\n{job.doc}")
    return title


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_lines=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _operators(graph: Graph, job: Job) -> Table:
    title = f"Operators ({KEY_GROUPS:,} key groups)"
    table = _table(title, "operator", "reads", "writes", "parameters")
    for uid in job.operators:
        operator = graph.operators[uid]
        parameters = shown_parameters(graph, f"operators.{uid}", asdict(operator.parameters))
        table.add_row(_what(operator), _reads(graph, operator), _writes(graph, operator), _lines(parameters))
        table.add_section()
    return table


def _reads(graph: Graph, operator: Operator) -> str:
    lines = [name + _note(graph, operator, name) for name in operator.inputs]
    held = {record.name for name in operator.inputs for record in graph.streams[name].schemas}
    lines += [f"(nothing feeds {name})" for name in operator.type.inputs if name not in held]
    return "\n".join(lines)


def _note(graph: Graph, operator: Operator, stream: str) -> str:
    if stream in operator.feedback:
        return " (feedback)"
    key = graph.streams[stream].key
    return "" if key in operator.key[:1] else f" (re-keyed from {key})"


def _writes(graph: Graph, operator: Operator) -> str:
    lines = [f"{name}\n  {_emitted(graph, operator, name)}" for name in operator.outputs]
    return "\n".join([*lines, *([] if operator.late is None else [f"{operator.late}\n  late records"])])


def _emitted(graph: Graph, operator: Operator, stream: str) -> str:
    return ", ".join(record.name for record in graph.streams[stream].schemas if record.name in operator.type.outputs)


def _what(operator: Operator) -> Text:
    uses = "" if operator.type.name == operator.uid else f" ({operator.type.name})"
    timers = "\nand timers" if operator.type.uses_timers else ""
    key = f"per {', '.join(operator.key)}"
    return Text.assemble((operator.uid, "bold"), f"{uses}\n{key}\nstate: {operator.type.state.name}{timers}")


def _lines(parameters: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {_value(value)}" for name, value in parameters.items()) or "none"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else "''" if value == "" else str(value)


def _edges(graph: Graph, job: Job) -> Table:
    table = _table("Sources and sinks", "", "name", "connector", "streams", "settings")
    for name in job.sources:
        table.add_row("in", *_source_row(graph, graph.sources[name]))
    for name in job.sinks:
        table.add_row("out", *_sink_row(graph, job, graph.sinks[name]))
    return table


def _source_row(graph: Graph, source: Source) -> tuple[str, ...]:
    late = f"late after {source.out_of_orderness_ms:,} ms, idle after {source.idle_after_ms:,} ms"
    parameters = _lines(shown_parameters(graph, f"sources.{source.name}", source.parameters))
    streams = f"{source.stream}\n{graph.dead_letters} (unreadable)"
    return (source.name, source.uses, streams, f"{late}\n{parameters}")


def _sink_row(graph: Graph, job: Job, sink: Sink) -> tuple[str, ...]:
    written = {graph.dead_letters, *(graph.sources[name].stream for name in job.sources)}
    for uid in job.operators:
        operator = graph.operators[uid]
        written |= {*operator.outputs, *(() if operator.late is None else (operator.late,))}
    streams = [name for name in sink.streams if name in written] or ["(none of this job's)"]
    return (
        sink.name,
        sink.uses,
        "\n".join(streams),
        _lines(shown_parameters(graph, f"sinks.{sink.name}", sink.parameters)),
    )


def _state(engine: EngineFacts) -> Table:
    table = _table(f"What the {engine.name} engine promises", "of", "promise")
    table.add_row("where state lives", engine.state_lives)
    for subject, promise in engine.guarantees:
        table.add_row(subject, promise)
    return table
