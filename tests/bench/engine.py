"""What the engine itself costs per record and operator: a chain of the smallest, each hop emitting a record."""

from __future__ import annotations

from graphs import chain
from measure import cpu_seconds

from dataflow.engines.embedded.wiring import Wiring
from dataflow.model import Record
from schemas.generated.events import PriceUpdated

HOPS = 8
SYMBOLS = 500


def prices(count: int) -> list[Record]:
    return [PriceUpdated(number * 1_000, f"S{number * 7_919 % SYMBOLS:03}") for number in range(count)]


def us_per_record_and_operator(count: int) -> float:
    """One hop: find the state, call the operator, make, identify and queue one record."""
    wiring: Wiring = chain(HOPS)
    records = prices(count)
    return cpu_seconds(lambda: wiring.core.feed(0, records, 0, count)) / count / HOPS * 1e6
