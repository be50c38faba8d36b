"""What stands in the turns topic of an application: a record of each transaction, and of streams that linger.

A transaction's record is an object with `transaction` (its number), `instance` (who made it), `sources` (all, in
the order of their numbers), `turns` (each the records taken of each source, and the sources that fell silent), `totals`
(records of each stream up to its end), `lingering` (the streams that become visible later), `marks` (up to which offset
each source is read) and `refused` (messages that the registry's answer made dead letters). The record of streams that
linger has `instance` and `visible`: how many of their records are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from dataflow.connectors.kafka.ledger_settings import LedgerSettings
from dataflow.ports import InputFault, Turn


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """What a transaction's record says beside its settings."""

    number: int
    instance: str
    totals: dict[str, int]
    turns: list[Turn] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def transaction_record(settings: LedgerSettings, record: TransactionRecord) -> bytes:
    """As it is written."""
    return _written(
        {
            "transaction": record.number,
            "instance": record.instance,
            "sources": list(settings.sources),
            "turns": [[turn.taken, turn.idle] for turn in record.turns],
            "totals": record.totals,
            "lingering": list(settings.linger_ms),
            "marks": record.marks,
            "refused": record.refused,
        }
    )


def visible_record(instance: str, visible: dict[str, int]) -> bytes:
    """Of streams that linger, as it is written."""
    return _written({"instance": instance, "visible": visible})


def turns_of(entry: dict[str, Any]) -> list[Turn]:
    """The turns in a transaction's record."""
    return [Turn([(lane, count) for lane, count in taken], idle) for taken, idle in entry["turns"]]


def check_follows(entry: dict[str, Any], settings: LedgerSettings, number: int, totals: dict[str, int]) -> None:
    """A transaction's record follows the one of this number and these totals, and is of this job. Raises InputFault."""
    if entry["transaction"] != number + 1:
        raise InputFault(
            f"{settings.turns_topic}: transaction {entry['transaction']} follows {number}: retention has removed what "
            "recovery needs\n    restore a newer checkpoint, or start another application (--application)"
        )
    if entry["sources"] != list(settings.sources):
        raise InputFault(
            f"application {settings.application} ran with other inputs\n"
            "    run it as before, or start another application (--application)"
        )
    if entry.get("lingering", []) != list(settings.linger_ms) and entry["totals"] != totals:
        raise InputFault(
            f"application {settings.application} ran with `linger` at other streams, and did not stop by itself\n"
            "    run it as before and stop it; then change that"
        )


def _written(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode()
