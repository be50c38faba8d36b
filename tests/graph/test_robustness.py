"""Whatever stands in the file: a graph, or faults with places inside it; never another exception."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.errors import Fault, GraphFaults
from dataflow.load import load_graph
from tests.graph.small_catalog import CATALOG, GOOD, LOOP

WORDS = sorted({word.strip("{}[],:\"'") for text in (GOOD, LOOP) for word in text.split()} - {"", "-"})
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""As YAML has it."""
SNIPPETS = st.sampled_from(
    [*WORDS, "", "null", "{}", "[]", "[[]]", "{a: b}", "- ", "*x", "&x ", "true", "-1", "1e999", "0x10", "${X}",
     "!!set", "99999999999999999999", "9" * 5000, "9" * 5000 + "d", "\t", '"', ":", "2026-11-20", "~", "..", "a/b",
     "\x00"]
)  # fmt: skip


def check(text: str) -> None:
    """Every fault of the text must lie in it and say something."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        found = faults_of(Path(file.name))
    lines = len(LINE_BREAK.split(text))
    assert [fault for fault in found if not (1 <= fault.line <= lines and fault.column >= 1 and fault.fact)] == []


def faults_of(path: Path) -> tuple[Fault, ...]:
    try:
        load_graph(path, CATALOG, "default", {"X": "{"})
    except GraphFaults as faults:
        return faults.faults
    return ()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([GOOD, LOOP]), st.data())
def test_any_word_may_be_replaced_by_anything(text: str, data: st.DataObject) -> None:
    word = data.draw(st.sampled_from([word for word in WORDS if word in text]))
    at = data.draw(st.integers(0, text.count(word) - 1))
    parts = text.split(word)
    check(word.join(parts[: at + 1]) + data.draw(SNIPPETS) + word.join(parts[at + 1 :]))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([GOOD, LOOP]), st.data())
def test_any_lines_may_be_missing_or_moved(text: str, data: st.DataObject) -> None:
    lines = text.splitlines(keepends=True)
    check("".join(data.draw(st.lists(st.sampled_from(lines), max_size=len(lines)))))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([GOOD, LOOP]), st.data())
def test_the_file_may_end_anywhere(text: str, data: st.DataObject) -> None:
    check(text[: data.draw(st.integers(0, len(text)))])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_the_file_may_hold_any_text(text: str) -> None:
    check(text.encode("utf-8", "replace").decode())
