"""Where a bounded run over topics ends: at what is there now, at an offset, or at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from dataflow.connectors.kafka.clients import fault_of
from dataflow.ports import InputFault

LATEST: Final = "latest"
OFFSET: Final = "offset:"
TIME: Final = "time:"
REMEDY: Final = (
    "latest, offset:N (of every partition) or time:2026-11-20T16:00:00Z (of producing; UTC if it names no zone)"
)


def ends(admin: AdminClient, places: list[tuple[str, int]], until: str) -> dict[tuple[str, int], int]:
    """The offset at which each (topic, partition) ends. Raises InputFault."""
    latest = _ask(admin, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    if until == LATEST:
        return latest
    if until.startswith(OFFSET) and until.removeprefix(OFFSET).isdecimal():
        offset = int(until.removeprefix(OFFSET))
        return {place: min(end, offset) for place, end in latest.items()}
    if until.startswith(TIME):
        found = _ask(admin, places, OffsetSpec.for_timestamp(_time_ms(until.removeprefix(TIME))))
        return {place: latest[place] if offset < 0 else offset for place, offset in found.items()}
    raise InputFault(f"--until {until}: it is {REMEDY}")


def _time_ms(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InputFault(f"--until {TIME}{text}: that is no time\n    it is {REMEDY}") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1_000)


def _ask(admin: AdminClient, places: list[tuple[str, int]], spec: OffsetSpec) -> dict[tuple[str, int], int]:
    asked = {TopicPartition(*place): spec for place in places}
    futures = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED)
    try:
        return {(place.topic, place.partition): future.result().offset for place, future in futures.items()}
    except KafkaException as error:
        raise fault_of(error, "find where topics end") from None
