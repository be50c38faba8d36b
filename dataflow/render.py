"""Draws a graph: Mermaid for docs, DOT for Graphviz, JSON for programs.

All three are drawn from one list of boxes and arrows, so that they never differ in what they show.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from dataflow.document.settings import HIDDEN, is_secret_name, masked
from dataflow.graph import Graph, Job, Operator

FORMATS = ("mermaid", "dot", "json")
MERMAID_SHAPES = {
    "source": ('[/"', '"/]'), "stream": ('(["', '"])'), "operator": ('["', '"]'), "sink": ('[("', '")]'),
}  # fmt: skip
DOT_SHAPES = {"source": "parallelogram", "stream": "ellipse", "operator": "box", "sink": "cylinder"}


@dataclass(frozen=True)
class Box:
    id: str
    kind: str
    """source, stream, operator or sink."""
    label: str
    """Lines separated by a newline."""


@dataclass(frozen=True)
class Arrow:
    start: str
    end: str
    label: str = ""
    """feedback, late, unreadable; empty for the ordinary way."""

    @property
    def dashed(self) -> bool:
        return self.label == "feedback"


@dataclass(frozen=True)
class Drawing:
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def render(graph: Graph, form: str, job: str | None = None) -> str:
    """The graph, or what one job of it touches, in one of FORMATS. Raises KeyError for a job that is not there."""
    if form == "json":
        return json.dumps(described(graph, job), indent=2, ensure_ascii=False)
    drawing = draw(graph, job)
    return _mermaid(drawing) if form == "mermaid" else _dot(drawing)


def draw(graph: Graph, job: str | None = None) -> Drawing:
    """Boxes and arrows of the graph, or of one job."""
    jobs = list(graph.jobs.values()) if job is None else [graph.jobs[job]]
    arrows = [arrow for name in _names(jobs, "sources") for arrow in _source_arrows(graph, name)]
    arrows += [arrow for uid in _names(jobs, "operators") for arrow in _operator_arrows(graph.operators[uid])]
    written = {arrow.end for arrow in arrows} | {arrow.start for arrow in arrows}
    for name in _names(jobs, "sinks"):
        streams = (_id("stream", stream) for stream in graph.sinks[name].streams)
        arrows += [Arrow(stream, _id("sink", name)) for stream in streams if stream in written]
    used = dict.fromkeys(end for arrow in arrows for end in (arrow.start, arrow.end))
    return Drawing(tuple(box for box in _boxes(graph) if box.id in used), tuple(arrows))


def _names(jobs: list[Job], what: str) -> list[str]:
    return list(dict.fromkeys(name for job in jobs for name in getattr(job, what)))


def _id(kind: str, name: str) -> str:
    return f"{kind}:{name}"


def _boxes(graph: Graph) -> list[Box]:
    sources = [Box(_id("source", item.name), "source", f"{item.name}\n{item.uses}") for item in graph.sources.values()]
    streams = [
        Box(_id("stream", item.name), "stream", f"{item.name}\nby {item.key}") for item in graph.streams.values()
    ]
    operators = [Box(_id("operator", item.uid), "operator", _operator_label(item)) for item in graph.operators.values()]
    sinks = [Box(_id("sink", item.name), "sink", item.name) for item in graph.sinks.values()]
    return [*sources, *streams, *operators, *sinks]


def _operator_label(operator: Operator) -> str:
    key = ", ".join(operator.key)
    return f"{operator.uid}\nper {key}" if operator.uid == operator.type.name else (
        f"{operator.uid}\n{operator.type.name} per {key}"
    )  # fmt: skip


def _source_arrows(graph: Graph, name: str) -> list[Arrow]:
    start = _id("source", name)
    letters = Arrow(start, _id("stream", graph.dead_letters), "unreadable")
    return [Arrow(start, _id("stream", graph.sources[name].stream)), letters]


def _operator_arrows(operator: Operator) -> list[Arrow]:
    box = _id("operator", operator.uid)
    found = [
        Arrow(_id("stream", name), box, "feedback" if name in operator.feedback else "") for name in operator.inputs
    ]
    found += [Arrow(box, _id("stream", name)) for name in operator.outputs]
    if operator.late is not None:
        found.append(Arrow(box, _id("stream", operator.late), "late"))
    return found


def _mermaid(drawing: Drawing) -> str:
    ids = _mermaid_ids(drawing.boxes)
    lines = ["flowchart LR"]
    for box in drawing.boxes:
        left, right = MERMAID_SHAPES[box.kind]
        lines.append(f"    {ids[box.id]}{left}{_mermaid_text(box.label)}{right}:::{box.kind}")
    for arrow in drawing.arrows:
        line = "-.->" if arrow.dashed else "-->"
        label = f'|"{_mermaid_text(arrow.label)}"|' if arrow.label else ""
        lines.append(f"    {ids[arrow.start]} {line}{label} {ids[arrow.end]}")
    lines += [
        "    classDef source fill:#e8f0fe,stroke:#3b6fb6,color:#111",
        "    classDef stream fill:#fff,stroke:#888,color:#111",
        "    classDef operator fill:#e7f6e7,stroke:#3a8a3a,color:#111",
        "    classDef sink fill:#fdf1e0,stroke:#b8751a,color:#111",
    ]
    return "\n".join(lines)


def _mermaid_ids(boxes: tuple[Box, ...]) -> dict[str, str]:
    """Mermaid knows letters, digits and _ alone; names that differ in other characters get a number."""
    ids: dict[str, str] = {}
    for number, box in enumerate(boxes):
        plain = re.sub("[^A-Za-z0-9]", "_", box.id)
        ids[box.id] = f"{plain}_{number}" if plain in ids.values() else plain
    return ids


def _mermaid_text(text: str) -> str:
    return text.replace('"', "#quot;").replace("<", "&lt;").replace("\n", "<br>")


def _dot(drawing: Drawing) -> str:
    lines = ["digraph tapeline {", "    rankdir=LR;", '    node [fontname="sans-serif"];']
    lines += [
        f"    {_quoted(box.id)} [shape={DOT_SHAPES[box.kind]}, label={_quoted(box.label)}];" for box in drawing.boxes
    ]
    for arrow in drawing.arrows:
        settings = [f"label={_quoted(arrow.label)}"] if arrow.label else []
        settings += ["style=dashed", "constraint=false"] if arrow.dashed else []
        tail = f" [{', '.join(settings)}]" if settings else ""
        lines.append(f"    {_quoted(arrow.start)} -> {_quoted(arrow.end)}{tail};")
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def described(graph: Graph, job: str | None = None) -> dict[str, Any]:
    """The graph, or what one job of it touches, as JSON-ready values without secrets."""
    drawing = draw(graph, job)
    drawn = {box.id for box in drawing.boxes}
    jobs = graph.jobs if job is None else {job: graph.jobs[job]}
    return {
        "environment": graph.environment,
        "dead_letters": graph.dead_letters,
        "streams": [_stream(graph, name) for name in graph.streams if _wanted("stream", name, drawn, job)],
        "sources": [_source(graph, name) for name in graph.sources if _wanted("source", name, drawn, job)],
        "operators": [_operator(graph, uid) for uid in graph.operators if _wanted("operator", uid, drawn, job)],
        "sinks": [_sink(graph, name) for name in graph.sinks if _wanted("sink", name, drawn, job)],
        "jobs": [asdict(item) for item in jobs.values()],
        "edges": [{"from": arrow.start, "to": arrow.end, "kind": arrow.label or "data"} for arrow in drawing.arrows],
    }


def _wanted(kind: str, name: str, drawn: set[str], job: str | None) -> bool:
    return job is None or _id(kind, name) in drawn


def _stream(graph: Graph, name: str) -> dict[str, Any]:
    stream = graph.streams[name]
    return {**vars(stream), "schemas": [record.name for record in stream.schemas]}


def _source(graph: Graph, name: str) -> dict[str, Any]:
    source = graph.sources[name]
    return {**vars(source), "parameters": shown_parameters(graph, f"sources.{name}", source.parameters)}


def _sink(graph: Graph, name: str) -> dict[str, Any]:
    sink = graph.sinks[name]
    return {**vars(sink), "parameters": shown_parameters(graph, f"sinks.{name}", sink.parameters)}


def _operator(graph: Graph, uid: str) -> dict[str, Any]:
    operator = graph.operators[uid]
    return {
        **vars(operator),
        "type": operator.type.name,
        "state": operator.type.state.name,
        "parameters": shown_parameters(graph, f"operators.{uid}", asdict(operator.parameters)),
    }


def shown_parameters(graph: Graph, place: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the declaration at this place, secrets as ***."""
    return {name: _shown(graph, f"{place}.parameters.{name}", name, value) for name, value in parameters.items()}


def _shown(graph: Graph, place: str, name: str, value: Any) -> Any:
    if value and (place in graph.secrets or is_secret_name(name)):
        return HIDDEN
    if isinstance(value, tuple):
        return [masked(item) if isinstance(item, str) else item for item in value]
    return masked(value) if isinstance(value, str) else value
