"""Maps that only grow, on the wire: each entry is encoded once, when it is added."""

from __future__ import annotations

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

from dataflow.model import GrowingMap
from schemas.wire import read_block, read_long, write_long
from schemas.wire_text import read_string, write_recent


@mypyc_attr(acyclic=True)
class GrowingLongs(GrowingMap):
    """A map of longs that only grows, encoded as it grows."""

    __slots__ = ()

    def add(self, key: str, value: i64) -> bool:
        """Add an entry; False, and nothing is changed, where the key is there already."""
        known = len(self.entries)
        self.entries.setdefault(key, value)
        if len(self.entries) == known:
            return False
        write_recent(self.fresh, key)
        write_long(self.fresh, value)
        return True


def write_growing(writer: BytesWriter, value: GrowingLongs) -> None:
    """The map in one block: all of it, or what no checkpoint holds where it is to be brief."""
    kept: i64 = value.kept if value.brief else 0
    index: i64 = value.kept_parts if value.brief else 0
    if len(value.entries) > kept:
        write_long(writer, len(value.entries) - kept)
        parts = value.parts
        while index < len(parts):
            writer.write(parts[index])
            index += 1
        if len(value.fresh) > 0:
            writer.write(value.fresh.getvalue())
    writer.append(0)


def read_growing(data: bytes, position: i64) -> tuple[GrowingLongs, i64]:
    """A map as checkpoints hold it."""
    read = GrowingLongs()
    entries = read.entries
    known: i64 = 0
    count, position = read_block(data, position)
    while count > 0:
        known += count
        start: i64 = position
        while count > 0:
            key, position = read_string(data, position)
            number, position = read_long(data, position)
            entries[key] = number
            count -= 1
        read.parts.append(data[start:position])
        count, position = read_block(data, position)
    if len(entries) != known:
        raise ValueError(f"a map of {known} entries, of which {len(entries)} have keys of their own")
    read.saved(whole=False)
    return read, position
