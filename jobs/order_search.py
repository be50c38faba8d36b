"""Finds what the topic logs of a run hold about orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dataflow.connectors.log.reader import LogReader
from dataflow.connectors.log.segments import logged_streams
from dataflow.ports import InputFault, Storage
from dataflow.storage import DirectoryStorage
from jobs.order_life import Life, in_order
from schemas.generated.events import RECORD_TYPES

WAY: Final = ("order-requests", "validated-orders", "order-rejects", "risk-events", "order-events", "trade-events")
"""Streams that tell of orders, each record of one."""
ENDS: Final = ("order-requests", "order-rejects", "order-events", "trade-events")
"""Those of them that tell where orders stand."""
TRADES: Final = "trades"
TYPES: Final = {kind.name: kind for kind in RECORD_TYPES}


def open_logs(data: Path) -> Storage:
    """Raises InputFault where the directory holds no logs of orders."""
    storage = DirectoryStorage(data)
    if not any(stream in WAY for stream in logged_streams(storage)):
        raise InputFault(f"{data} holds no topic logs of orders\n    `tapeline run --data {data}` writes them")
    return storage


def records_about(storage: Storage, order_id: str) -> Iterator[tuple[str, Any]]:
    """(stream, record) of every event about an order of this id, whoever's it is; a trade counts for both sides."""
    logged = logged_streams(storage)
    for stream in (*WAY, TRADES):
        for entry in LogReader(storage, stream).search(order_id) if stream in logged else ():
            names = ("buy_order_id", "sell_order_id") if stream == TRADES else ("order_id",)
            if any(entry.fields[name] == order_id for name in names):
                yield stream, TYPES[entry.type].from_dict(entry.fields)


def all_lives(storage: Storage) -> dict[tuple[str, str], Life]:
    """Every order by (account, order id), in the order in which they were placed; without validate's and risk's assent,
    which tell nothing of where an order stands."""
    logged = logged_streams(storage)
    found: dict[tuple[str, str], list[Any]] = {}
    for stream in ENDS:
        for record in LogReader(storage, stream).read_records(TYPES) if stream in logged else ():
            known: Any = record
            found.setdefault((known.account, known.order_id), []).append(record)
    return {key: _shortened(key, records) for key, records in found.items()}


def _shortened(key: tuple[str, str], records: list[Any]) -> Life:
    life = Life(*key)
    for record in in_order(records):
        life.take_shortened(record)
    return life
