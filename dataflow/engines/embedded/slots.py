"""What the engine keeps per key value: a slot, with a cell for each operator that has this key."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import Cell, StateType

KEY_SEPARATOR: Final = "\x1f"


class Slot:
    """All that one key value has: a cell for each operator with this key. `key` joins composite keys by U+001F.

    While `stored` is there, it holds the cells, and `cells` has none yet: see `slot_format.unpack`."""

    __slots__ = ("cells", "key", "saved", "space", "stored", "touched")

    def __init__(self, key: str, space: Space, epoch: i64) -> None:
        self.key: str = key
        self.space: Space = space
        self.cells: list[Cell | None] = [None] * space.width
        self.stored: StoredCells | None = None
        self.touched: i64 = epoch
        self.saved: i64 = epoch


class Space:
    """The slots of one key: `fields` are one or two numbers of key fields."""

    def __init__(self, number: i64, fields: list[int]) -> None:
        self.number: i64 = number
        self.first: i64 = fields[0]
        self.second: i64 = fields[1] if len(fields) > 1 else -1
        self.width: i64 = 0
        self.slots: dict[str, Slot] = {}
        self.nested: dict[str, dict[str, Slot]] = {}
        self.last_key: str = ""
        self.last: Slot | None = None


class StoredSpace:
    """How the numbers in a state file map to this core: its space, and per stored cell number the cell number here (-1
    where the operator is gone), the type to decode it with, the indices here of its growing maps (-1: gone), and
    whether the type is that of now."""

    def __init__(
        self,
        space: Space | None,
        cells: list[int],
        types: list[StateType],
        maps: list[list[int]],
        is_current: list[bool],
    ) -> None:
        self.space: Space | None = space
        self.cells: list[int] = cells
        self.types: list[StateType] = types
        self.maps: list[list[int]] = maps
        self.is_current: list[bool] = is_current


class StoredCells:
    """The cells of a slot as a state file has them: `chunk` from `start` to `end`."""

    def __init__(self, chunk: bytes, start: i64, end: i64, space: StoredSpace) -> None:
        self.chunk: bytes = chunk
        self.start: i64 = start
        self.end: i64 = end
        self.space: StoredSpace = space
