"""No product of an `int` and an `i64` in the operators: compiled it is taken in 64 bits, and wraps without a word.

mypy tells the types. A product of two `i64` says by its types that it is bounded; one of two `int` is exact; a mixed
one looks exact and is not. Where one is meant to be exact, make an `int` of the other operand first. Products with a
parameter of an operator are bounded where the parameter is checked.
"""

from __future__ import annotations

import ast
from pathlib import Path

from mypy.build import build
from mypy.modulefinder import BuildSource
from mypy.nodes import Expression, OpExpr
from mypy.options import Options
from mypy.types import Instance, Type, get_proper_type

TREE = Path(__file__).parent.parent
MIXED = {"builtins.int", "mypy_extensions.i64"}
IMPORTED_LINES_MAX = 30_000
SPACING = 1_000
"""mypy gives no file with an expression: each module begins at a line of its own, beyond all that it imports."""


def mixed_products(folder: Path, copies: Path) -> list[str]:
    """Each in the modules of a folder: file and text. `copies` is an empty folder for the modules, moved down."""
    paths = sorted(path for path in folder.glob("*.py") if path.stem != "__init__")
    first_lines = {path: IMPORTED_LINES_MAX + number * SPACING for number, path in enumerate(paths)}
    sources = [moved_down(path, first, copies) for path, first in first_lines.items()]
    mixed = places_of_mixed(sources)
    return [text for path in paths for text in products_at(path, first_lines[path], mixed)]


def moved_down(path: Path, first: int, copies: Path) -> BuildSource:
    copy = copies / path.name
    copy.write_text("\n" * first + path.read_text())
    return BuildSource(str(copy), f"{path.parent.name}.{path.stem}", None)


def places_of_mixed(sources: list[BuildSource]) -> set[tuple[int, int]]:
    """Line and column of each product whose operands are an `int` and an `i64`."""
    options = Options()
    options.export_types = True
    options.incremental = False
    options.cache_dir = "/dev/null"
    options.follow_imports = "silent"
    options.ignore_missing_imports = True
    types = build(sources, options=options).types
    products = [node for node in types if isinstance(node, OpExpr) and node.op == "*"]
    return {
        (one.line, one.column) for one in products if {name_of(one.left, types), name_of(one.right, types)} == MIXED
    }


def name_of(operand: Expression, types: dict[Expression, Type]) -> str:
    """The operand's type; nothing for a constant, whose value is known."""
    found = get_proper_type(types.get(operand))
    if isinstance(found, Instance) and found.last_known_value is None:
        return found.type.fullname
    return ""


def products_at(path: Path, first: int, places: set[tuple[int, int]]) -> list[str]:
    text = path.read_text()
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.BinOp)]
    found = [
        node for node in nodes if isinstance(node.op, ast.Mult) and (first + node.lineno, node.col_offset) in places
    ]
    segments = [ast.get_source_segment(text, node) or "" for node in found]
    return [f"{path.name}: {segment}" for segment in segments if "parameters." not in segment]


def test_operators_multiply_no_int_with_an_i64(tmp_path: Path) -> None:
    assert mixed_products(TREE / "operators", tmp_path) == []


def test_such_a_product_is_found(tmp_path: Path) -> None:
    folder, copies = tmp_path / "operators", tmp_path / "copies"
    folder.mkdir()
    copies.mkdir()
    lines = ("from mypy_extensions import i64", "", "", "def times(price: int, shares: i64) -> int:")
    (folder / "wrapping.py").write_text("\n".join((*lines, "    return price * shares", "")))
    assert mixed_products(folder, copies) == ["wrapping.py: price * shares"]
