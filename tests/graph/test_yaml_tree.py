"""Files that are no document at all: each is a fault with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflow.document.yaml_tree import NODES_MAX, read_tree
from dataflow.errors import GraphFaults
from dataflow.load import load_graph
from tests.graph.loading import faults
from tests.graph.small_catalog import CATALOG

MALFORMED = {
    "an empty file": ("", "1:1: : the file is empty"),
    "only comments": ("# nothing\n", "1:1: : the file is empty"),
    "a list": ("- a\n- b\n", "1:1: : the document is a list"),
    "a word": ("\n\nhello\n", "3:1: : the document is a single value"),
    "a tab": ("version: 1\nstreams:\n\tprices: {}\n", "3:1: : not YAML: found character '\\t' that cannot start"),
    "an open bracket": ("version: 1\nstreams: {prices: [a\n", "3:1: : not YAML: expected ',' or ']'"),
    "wrong indentation": ("version: 1\n  streams: 2\n", "2:10: : not YAML: mapping values are not allowed here"),
    "an open quote": ('version: "1\n', "2:1: : not YAML: found unexpected end of stream"),
    "two documents": ("version: 1\n---\nversion: 1\n", "2:1: : not YAML: but found another document"),
    "an unknown alias": ("version: *one\n", "1:10: : not YAML: found undefined alias 'one'"),
    "a key twice": ("version: 1\njobs: {}\nversion: 1\n", "3:1: version: the key is given twice, first on line 1"),
    "a nested key twice": ("jobs:\n  a: {}\n  a: {}\n", "3:3: jobs.a: the key is given twice, first on line 2"),
    "a list as key": ("? [a, b]\n: 1\n", "1:3: : a key is no single word"),
    "a merge key": ("a: &a {}\nb:\n  <<: *a\n", "3:3: b.<<: merge keys are not read here"),
    "a tag": ("version: !!python/object:os.system 1\n", "1:10: version: the tag"),
    "a control character": ("version: 1\nx: \x07\n", "2:4: : the character U+0007 is not allowed in YAML"),
    "an alias inside its own anchor": ("a: &a [1, *a]\n", "1:4: a[1]: an alias stands inside its own anchor"),
}


@pytest.mark.parametrize(("text", "fault"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_yaml_is_one_fault_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    found = faults(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_every_malformed_document_comes_with_a_remedy(tmp_path: Path) -> None:
    found = [faults(tmp_path, text)[0] for text, _ in MALFORMED.values()]
    assert [fault for fault in found if fault.endswith("/ ")] == []


def test_a_tab_is_told_to_be_replaced_by_spaces(tmp_path: Path) -> None:
    assert faults(tmp_path, "streams:\n\ta: b\n")[0].endswith("YAML is indented with spaces: replace the tab")


def test_a_missing_file_is_a_fault() -> None:
    with pytest.raises(GraphFaults, match=r"nowhere.yaml:1:1: there is no such file"):
        load_graph(Path("nowhere.yaml"), CATALOG)


def test_a_directory_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(GraphFaults, match="cannot be read: Is a directory"):
        load_graph(tmp_path, CATALOG)


def test_bytes_that_are_not_utf8_are_a_fault_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "pipelines.yaml"
    path.write_bytes("version: 1\ndoc: Bör".encode("latin-1"))
    with pytest.raises(GraphFaults, match=r"pipelines.yaml:2:7: byte 0xf6 is not UTF-8"):
        load_graph(path, CATALOG)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "pipelines.yaml"
    path.write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert list(read_tree(path).entries) == ["version"]


def test_aliases_that_multiply_beyond_measure_are_a_fault(tmp_path: Path) -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    found = faults(tmp_path, "l0: &l0 [x, x, x, x, x, x, x, x, x]\n" + levels)
    assert len(found) == 1
    assert f"more than {NODES_MAX:,} values" in found[0]


def test_values_nested_beyond_measure_are_a_fault(tmp_path: Path) -> None:
    assert "nested too deeply" in faults(tmp_path, "a: " + "[" * 5_000)[0]


def test_an_alias_used_twice_is_the_value_twice(tmp_path: Path) -> None:
    path = tmp_path / "pipelines.yaml"
    path.write_text("a: &a {x: 1}\nb: *a\n")
    tree = read_tree(path)
    assert tree.entries["a"] == tree.entries["b"]
