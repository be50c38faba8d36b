"""Makes the dead letters of the feeds: a line that is no message, whole, with its place."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.events import DeadLetter

NO_SCHEMA: Final = -1


def dead_letter(source: str, place: str, error: Exception, line: bytes, event_time_ns: i64) -> DeadLetter:
    """The letter for a line of `source`; its time is that of the last good line before it."""
    return DeadLetter(
        event_time_ns=event_time_ns,
        source=source,
        place=place,
        error=type(error).__name__,
        message=str(error),
        schema_id=NO_SCHEMA,
        raw=line,
    )
