"""Takes records of several partitions in the order of their event time, wherever the taking stops.

Invariant: of equal times the earlier lane comes first; cutting a turn short does not change the order.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import END_OF_TIME, Record

EARLIEST_NS: Final[i64] = -(1 << 63)
"""The earliest of all event times: nothing lies before it."""


class Lane:
    """The records of one partition that wait to be fed: those of `records` from `used` on, none where `ended`."""

    def __init__(self, number: i64) -> None:
        self.number: i64 = number
        self.records: list[Record] = []
        self.used: i64 = 0
        self.ended: bool = False

    def next_ns(self) -> i64:
        """Event time of the next record."""
        return END_OF_TIME if self.ended else self.records[self.used].event_time_ns


def earliest(lanes: list[Lane]) -> Lane:
    """The lane whose next record comes first; one that has ended only where all have."""
    best = lanes[0]
    best_ns: i64 = best.next_ns()
    for lane in lanes:
        next_ns = lane.next_ns()
        if best.ended or (next_ns < best_ns and not lane.ended):
            best = lane
            best_ns = next_ns
    return best


def turn_of(lanes: list[Lane], own: Lane) -> i64:
    """Last event time up to which it is this lane's turn, as the other lanes stand."""
    until_ns: i64 = END_OF_TIME
    before = True
    for lane in lanes:
        if lane is own:
            before = False
        else:
            limit_ns: i64 = lane.next_ns()
            if before and limit_ns > EARLIEST_NS:
                limit_ns -= 1
            until_ns = min(until_ns, limit_ns)
    return until_ns


def run_end(records: list[Record], start: i64, end: i64, until_ns: i64) -> i64:
    """Index of the first record after `start` that is later than `until_ns`, or `end`."""
    index: i64 = start + 1
    while index < end and records[index].event_time_ns <= until_ns:
        index += 1
    return index
