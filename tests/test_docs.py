"""What the documents tell people to type is there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from jobs.cli import main

TREE = Path(__file__).parent.parent
DOCUMENTS = [TREE / "README.md", *sorted((TREE / "docs").rglob("*.md"))]
CONTEXT = click.Context(main)


def commands(text: str) -> set[str]:
    return set(re.findall(r"`tapeline (\w+)", text))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_a_document_exists(path: Path) -> None:
    assert commands(path.read_text()) <= set(main.list_commands(CONTEXT))


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"`?make (\w+)", (TREE / "README.md").read_text()))
    assert targets <= set(re.findall(r"^(\w+):", (TREE / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
