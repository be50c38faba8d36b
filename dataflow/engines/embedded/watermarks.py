"""The least of the watermarks of all partitions, kept while they move one at a time.

Theory of operation. A tournament: each inner node holds the lesser of its two children, the leaves are the partitions;
a partition that does not count stands at the end of time. Moving one costs a step per level.
"""

from __future__ import annotations

from mypy_extensions import i64

from dataflow.model import END_OF_TIME, NO_WATERMARK


class _Match:
    def __init__(self, least_ns: i64) -> None:
        self.least_ns: i64 = least_ns


class Watermarks:
    """Watermarks in nanoseconds of `count` partitions: none at first, and all counting."""

    def __init__(self, count: i64) -> None:
        self.leaves: i64 = 1
        while self.leaves < count:
            self.leaves *= 2
        own = [_Match(NO_WATERMARK) for _ in range(count)]
        spare = [_Match(END_OF_TIME) for _ in range(self.leaves - count)]
        self.matches: list[_Match] = [_Match(END_OF_TIME) for _ in range(self.leaves)] + own + spare
        """Root at 1, children of i at 2i and 2i + 1."""
        for number in range(count):
            self.place(number, NO_WATERMARK)

    def place(self, number: i64, watermark_ns: i64) -> None:
        """The partition's watermark is this now."""
        matches = self.matches
        index: i64 = self.leaves + number
        matches[index].least_ns = watermark_ns
        index >>= 1
        while index > 0:
            least_ns: i64 = min(matches[2 * index].least_ns, matches[2 * index + 1].least_ns)
            if matches[index].least_ns == least_ns:
                return
            matches[index].least_ns = least_ns
            index >>= 1

    def least(self) -> i64:
        """Of all partitions; the end of time where none counts."""
        return self.matches[1].least_ns

    def least_of_others(self, number: i64) -> i64:
        """Of all partitions but this one."""
        matches = self.matches
        least_ns: i64 = END_OF_TIME
        index: i64 = self.leaves + number
        while index > 1:
            least_ns = min(least_ns, matches[index ^ 1].least_ns)
            index >>= 1
        return least_ns
