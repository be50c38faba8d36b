"""Makes the letters that carry late records, in the business's schemas, for the mechanism that knows none."""

from __future__ import annotations

from dataflow.blocks import encoded
from dataflow.engines.embedded.wiring import Vocabulary
from dataflow.model import Record
from schemas.generated.events import KEY_FIELDS, RECORD_TYPES, LateEvent


def late_letter(record: Record, uid: str, key: str, watermark_ns: int) -> Record:
    """A record that came too late for operator `uid`, whole."""
    return LateEvent(
        event_time_ns=record.event_time_ns,
        operator_uid=uid,
        routing_key=key,
        record_type=type(record).__name__,
        watermark_ns=watermark_ns,
        payload=encoded(record),
    )


def vocabulary() -> Vocabulary:
    """The records of this tree, as an engine needs to know them."""
    return Vocabulary(record_types=RECORD_TYPES, key_fields=KEY_FIELDS, late_letter=late_letter)
