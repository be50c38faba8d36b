"""Names the records of a source: the first half of an `event_id`, unique by construction.

The top 22 bits are a hash of the source's name, the low 40 count its records from 1: two records of one source never
share an id, and two sources only if their names' hashes collide (the graph may check `source_prefix` for that).
Bound: 2^40 records a source, about 1.1 * 10^12.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import Record, hash_text

NUMBER_BITS: Final = 40
NAME_MASK: Final = 0x3FFFFF


def source_prefix(name: str) -> i64:
    """The name's share of every event id of this source; add a record's number to it."""
    return (hash_text(name) & NAME_MASK) << NUMBER_BITS


def stamp(record: Record, prefix: i64, number: i64) -> None:
    """Give a record at the edge its identity: the `number`-th of its source, counted from 1, caused by nothing."""
    record.event_id_hi = prefix | number
    record.event_id_lo = 0
    record.cause_id_hi = 0
    record.cause_id_lo = 0
    record.sequence = number
