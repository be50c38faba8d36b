"""The inner loop of the interpreted mode does what the core does; that all outputs are the same, other tests show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dataflow.engines.embedded import interpreted_core
from dataflow.model import Cell, Context, Record, State, derive_id

IDS = st.integers(0, (1 << 62) - 1)


@given(IDS, IDS, IDS.map(lambda salt: salt & ~0xFFFF), st.integers(1, 5))
def test_what_is_emitted_descends_from_its_cause(cause_hi: int, cause_lo: int, salt: int, count: int) -> None:
    context = Context()
    context.cell = Cell(State())
    context.salt, context.cause_hi, context.cause_lo, context.cause_time_ns = salt, cause_hi, cause_lo, 7
    for _ in range(count):
        interpreted_core.emit(context, Record())
    made = [(r.event_id_hi, r.event_id_lo, r.cause_id_hi, r.cause_id_lo) for r in context.emitted]
    ids = [derive_id(cause_lo, salt + ordinal) for ordinal in range(1, count + 1)]
    assert made == [(cause_hi, own, cause_hi, cause_lo) for own in ids]
    assert [(r.sequence, r.event_time_ns) for r in context.emitted] == [(n, 7) for n in range(1, count + 1)]
