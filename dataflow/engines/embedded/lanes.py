"""Takes records of several partitions in the order of their event time, wherever the taking stops.

Of equal times the earlier source comes first; of one source the lower sequence, so that a source read as one file and
the same source spread over partitions are taken in the same order.

Invariant: cutting a turn short does not change the order.
"""

from __future__ import annotations

from mypy_extensions import i64

from dataflow.model import Record


class Lane:
    """The records of one partition that wait to be fed: `records` from `used` up to `limit`."""

    def __init__(self, number: i64, group: i64) -> None:
        self.number: i64 = number
        self.group: i64 = group
        """Number of the source it belongs to."""
        self.records: list[Record] = []
        self.used: i64 = 0
        self.limit: i64 = 0
        self.head_ns: i64 = 0
        """Event time of the next record, as of the last `look`."""
        self.head_sequence: i64 = 0

    def look(self) -> None:
        """Note what comes next. There must be a next record."""
        record = self.records[self.used]
        self.head_ns = record.event_time_ns
        self.head_sequence = record.sequence

    def goes_first(self, time_ns: i64, sequence: i64, rival: Lane) -> bool:
        """A record of this lane, of this time and sequence, comes before the rival's next one."""
        if time_ns != rival.head_ns:
            return time_ns < rival.head_ns
        if self.group != rival.group:
            return self.group < rival.group
        if sequence != rival.head_sequence:
            return sequence < rival.head_sequence
        return self.number < rival.number

    def run_end(self, end: i64, rival: Lane | None) -> i64:
        """Index of the first record after the next one that does not come before the rival's next, or `end`."""
        if rival is None:
            return end
        index: i64 = self.used + 1
        records = self.records
        while index < end:
            record = records[index]
            if not self.goes_first(record.event_time_ns, record.sequence, rival):
                break
            index += 1
        return index


class LaneHeap:
    """Lanes that have records, the one whose turn it is on top: a binary heap."""

    def __init__(self, lanes: list[Lane]) -> None:
        self.lanes: list[Lane] = []
        for lane in lanes:
            self.push(lane)

    def push(self, lane: Lane) -> None:
        lane.look()
        lanes = self.lanes
        lanes.append(lane)
        index: i64 = len(lanes) - 1
        while index > 0:
            parent: i64 = (index - 1) >> 1
            above = lanes[parent]
            if not lane.goes_first(lane.head_ns, lane.head_sequence, above):
                break
            lanes[index] = above
            index = parent
        lanes[index] = lane

    def rival(self) -> Lane | None:
        """The lane whose turn would come if the one on top were not there."""
        lanes = self.lanes
        count: i64 = len(lanes)
        if count < 2:
            return None
        left = lanes[1]
        if count == 2:
            return left
        right = lanes[2]
        return right if right.goes_first(right.head_ns, right.head_sequence, left) else left

    def pop(self) -> None:
        """Take the lane on top away."""
        last = self.lanes.pop()
        if len(self.lanes) > 0:
            self.lanes[0] = last
            self.sink()

    def moved(self) -> None:
        """The lane on top has another next record: put it where it belongs."""
        self.lanes[0].look()
        self.sink()

    def sink(self) -> None:
        lanes = self.lanes
        count: i64 = len(lanes)
        lane = lanes[0]
        index: i64 = 0
        child: i64 = 1
        while child < count:
            best = lanes[child]
            if child + 1 < count:
                other = lanes[child + 1]
                if other.goes_first(other.head_ns, other.head_sequence, best):
                    best = other
                    child += 1
            if lane.goes_first(lane.head_ns, lane.head_sequence, best):
                break
            lanes[index] = best
            index = child
            child = 2 * index + 1
        lanes[index] = lane
