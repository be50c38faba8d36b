"""Loads a text as pipelines.yaml, and tells its faults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from dataflow.errors import GraphFaults
from dataflow.graph import Graph
from dataflow.load import load_graph
from tests.graph.small_catalog import CATALOG, GOOD

NOTHING: Mapping[str, str] = {}


def load(folder: Path, text: str, environment: str = "default", variables: Mapping[str, str] = NOTHING) -> Graph:
    path = folder / "pipelines.yaml"
    path.write_text(text)
    return load_graph(path, CATALOG, environment, variables)


def faults(folder: Path, text: str, environment: str = "default", variables: Mapping[str, str] = NOTHING) -> list[str]:
    """Each fault as `line:column: place: fact / remedy`."""
    with pytest.raises(GraphFaults) as caught:
        load(folder, text, environment, variables)
    return [
        f"{fault.line}:{fault.column}: {fault.place}: {fault.fact} / {fault.remedy}" for fault in caught.value.faults
    ]


def changed(old: str, new: str, text: str = GOOD) -> str:
    """The text with one part replaced, which must be there once."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
    return text.replace(old, new)
