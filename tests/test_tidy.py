"""Rules of this project that no linter has."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dataflow

TREE = Path(__file__).parent.parent
PACKAGES = ("jobs", "operators", "schemas", "dataflow")
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "tools"}
LINES_MAX = 400
FUNCTION_LINES_MAX = 60


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((TREE / package).rglob("*.py"))


def hand_written() -> list[Path]:
    return [path for path in sources() if "generated" not in path.parts]


def short(path: Path) -> str:
    return str(path.relative_to(TREE))


@pytest.mark.parametrize("path", hand_written(), ids=short)
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LINES_MAX


@pytest.mark.parametrize("path", hand_written(), ids=short)
def test_a_function_is_short_enough_to_read(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX]
    assert long == []


@pytest.mark.parametrize("path", list(sources()), ids=short)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", list(sources()), ids=short)
def test_a_module_has_a_name_that_says_something(path: Path) -> None:
    assert path.stem not in VAGUE
    assert path.stem not in sys.stdlib_module_names


@pytest.mark.parametrize("path", hand_written(), ids=short)
def test_imports_stand_at_the_top_and_are_not_hidden(path: Path) -> None:
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = [item for node in functions for item in ast.walk(node) if isinstance(item, ast.Import | ast.ImportFrom)]
    assert inside == []
    assert "TYPE_CHECKING" not in path.read_text()


@pytest.mark.skipif(os.environ.get("TAPELINE_MODE") != "installed", reason="nothing is installed to compare with")
def test_what_is_installed_is_what_stands_in_the_tree() -> None:
    installed = Path(str(dataflow.__file__)).parent.parent
    assert installed != TREE
    stale = [short(path) for path in sources() if (installed / short(path)).read_bytes() != path.read_bytes()]
    assert stale == []
