"""Paces the encoding of a snapshot: some of it after each turn, so that records wait little for it."""

from __future__ import annotations

from collections.abc import Callable

from dataflow.engines.embedded.slot_table import SlotTable

SHARE = 10
SLICE_NS_MIN = 250_000
SLICE_NS_MAX = 2_000_000
"""A slice takes a tenth of the time since the last one, within these bounds."""
STEP_SLOTS = 64
STEP_BYTES = 16_384
"""So much is encoded between two looks at the clock."""


class Slices:
    """The slices of one run's snapshots."""

    def __init__(self, table: SlotTable, clock_ns: Callable[[], int]) -> None:
        self.table = table
        self.clock_ns = clock_ns
        self.ended_ns = 0
        """When the last slice ended."""

    def begin(self) -> int:
        """A snapshot has begun, at the time returned; its first slice is a short one."""
        self.ended_ns = self.clock_ns()
        return self.ended_ns

    def encode(self, slots_max: int) -> None:
        """Encode of the open snapshot what time allows, `slots_max` keys at most."""
        now_ns = self.clock_ns()
        until_ns = now_ns + min(max((now_ns - self.ended_ns) // SHARE, SLICE_NS_MIN), SLICE_NS_MAX)
        left = slots_max
        while self.table.snapshot_open and left > 0 and now_ns < until_ns:
            self.table.encode_slice(min(left, STEP_SLOTS), STEP_BYTES)
            left -= STEP_SLOTS
            now_ns = self.clock_ns()
        self.ended_ns = now_ns
