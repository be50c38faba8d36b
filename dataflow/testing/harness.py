"""Runs one operator by hand: records and virtual time in, effects out, state to look into, save and restore.

    harness = OperatorHarness(OPERATORS["price_alerts"], PriceAlertParameters(rules_per_symbol_max=10))
    harness.send(rule, trade)
    harness.advance_watermark(1_380_000_000_000_000_000)
    assert [alert.rule_id for alert in harness.take()] == ["above-190"]

Theory of operation. The harness does what an engine does around one operator, and nothing else: it keeps one cell a
key, points the context at cell and cause before each call, and carries the recorded effects out after it. So ids and
sequences are those an engine gives the operator under the same uid. Time stands still until `advance_watermark`; due
timers then fire in the order of (time, key), and while a timer of time T fires the watermark reads T.
"""

from __future__ import annotations

import json
from typing import Any

from librt.strings import BytesWriter

from dataflow.model import END_OF_TIME, NO_WATERMARK, Cell, Context, OperatorType, Record, State, derive_id, hash_text

KEY_SEPARATOR = "\x1f"
"""Joins the parts of a composite key, as engines do."""


class OperatorHarness:
    """One operator and all its keys. `uid` is what ids are derived from; without one it is the operator's name.

    `emitted` and `late` hold what came out so far, oldest first; `take` empties the former.
    """

    def __init__(self, operator_type: OperatorType, parameters: object | None = None, uid: str = "") -> None:
        self.type = operator_type
        self.uid = uid or operator_type.name
        self.operator = operator_type.operator(operator_type.parameters() if parameters is None else parameters)
        self.watermark_ns: int = NO_WATERMARK
        self.emitted: list[Record] = []
        self.late: list[Record] = []
        self._cells: dict[str, Cell] = {}
        self._uid_hash = hash_text(self.uid)

    def send(self, *records: Record, key: str | None = None) -> None:
        """Hand over records one by one, each to its own key, or all to `key` (parts of a composite key joined by
        U+001F). Raises ValueError for a record the operator does not take."""
        for record in records:
            name = type(record).__name__
            if name not in self.type.inputs:
                raise ValueError(f"{self.type.name} takes no {name}; it takes {', '.join(self.type.inputs)}")
            self._receive(record, self.key_of(record) if key is None else key)

    def key_of(self, record: Record) -> str:
        """The key an engine would route the record by."""
        return KEY_SEPARATOR.join(getattr(record, field) for field in self.type.key)

    def advance_watermark(self, watermark_ns: int) -> None:
        """Move event time on, firing every timer that is due, those that are set meanwhile included."""
        if watermark_ns < self.watermark_ns:
            raise ValueError(f"the watermark never goes back, from {self.watermark_ns} to {watermark_ns}")
        while (due := self._next_timer()) is not None and due[0] <= watermark_ns:
            self.watermark_ns = max(self.watermark_ns, due[0])
            self._fire(*due)
        self.watermark_ns = watermark_ns

    def take(self) -> list[Any]:
        """The records emitted since the last call (`Any`: of the types the operator declares)."""
        taken, self.emitted = self.emitted, []
        return taken

    @property
    def keys(self) -> list[str]:
        """Keys that have state, sorted."""
        return sorted(self._cells)

    def state(self, *key: str) -> Any:
        """The live state of a key, given by its parts. Raises KeyError where nothing came for it yet."""
        return self._cells[KEY_SEPARATOR.join(key)].state

    def timers(self, *key: str) -> list[int]:
        """Times at which timers of a key will fire, in nanoseconds since the epoch, sorted."""
        return sorted(self._cells[KEY_SEPARATOR.join(key)].timers or [])

    def snapshot(self) -> bytes:
        """Watermark, and of each key state (in its Avro encoding), timers and sequence. Equal snapshots are equal
        situations; what was emitted is no part of it."""
        cells = {
            key: [_encoded(cell.state).hex(), cell.sequence, sorted(cell.timers or [])]
            for key, cell in self._cells.items()
        }
        return json.dumps({"watermark_ns": self.watermark_ns, "cells": cells}, sort_keys=True).encode()

    def restore(self, snapshot: bytes) -> None:
        """Go back to a snapshot, of this harness or another of the same operator. Raises ValueError for bytes that are
        none. `emitted` and `late` stay."""
        try:
            stored = json.loads(snapshot)
            cells = {key: self._restored(*values) for key, values in stored["cells"].items()}
            watermark_ns = int(stored["watermark_ns"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no snapshot of a harness: {error!r}") from None
        self._cells, self.watermark_ns = cells, watermark_ns

    def _restored(self, encoded: str, sequence: int, timers: list[int]) -> Cell:
        data = bytes.fromhex(encoded)
        cell = Cell(self.type.state.decode(data, 0))
        if _encoded(cell.state) != data:
            raise ValueError(f"the stored {self.type.state.name} does not survive its own codec")
        cell.sequence = sequence
        cell.timers = list(timers)
        return cell

    def _receive(self, record: Record, key: str) -> None:
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = Cell(self.type.state.new())
        context = self._pointed_at(cell, key)
        context.cause_hi = record.event_id_hi
        context.cause_lo = record.event_id_lo
        context.cause_time_ns = record.event_time_ns
        self.operator.on_record(cell.state, record, context)
        self._collect(cell, context)

    def _fire(self, at_ns: int, key: str) -> None:
        cell = self._cells[key]
        assert cell.timers is not None
        cell.timers.remove(at_ns)
        context = self._pointed_at(cell, key)
        context.cause_hi = derive_id(self._uid_hash, hash_text(key))
        context.cause_lo = at_ns & (END_OF_TIME - 1)
        context.cause_time_ns = at_ns
        self.operator.on_timer(cell.state, at_ns, context)
        self._collect(cell, context)

    def _pointed_at(self, cell: Cell, key: str) -> Context:
        context = Context()
        context.key = key
        context.watermark_ns = self.watermark_ns
        context.cell = cell
        context.salt = self._uid_hash & ~0xFFFF
        return context

    def _collect(self, cell: Cell, context: Context) -> None:
        """Carry out what was recorded. Raises ValueError for an effect that the catalogue entry does not declare."""
        for record in context.emitted:
            if type(record).__name__ not in self.type.outputs:
                raise ValueError(f"{self.type.name} emits a {type(record).__name__}, which it does not declare")
        if context.new_timers and not self.type.uses_timers:
            raise ValueError(f"{self.type.name} sets a timer, which it does not declare")
        self.emitted += context.emitted
        self.late += context.late
        cell.sequence += len(context.late)  # an engine emits a letter for each
        if context.new_timers or context.deleted_timers:
            timers = dict.fromkeys([*(cell.timers or []), *context.new_timers])
            cell.timers = [at_ns for at_ns in timers if at_ns not in context.deleted_timers]

    def _next_timer(self) -> tuple[int, str] | None:
        return min(((at_ns, key) for key, cell in self._cells.items() for at_ns in cell.timers or []), default=None)


def _encoded(state: State) -> bytes:
    writer = BytesWriter()
    state.encode_into(writer)
    return writer.getvalue()
