"""Count the price updates of a symbol and pass them on: the smallest operator there is.

It shows how an operator is written, and measures what the engine itself costs (docs/benchmarks.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from dataflow.model import Context, KeyedOperator, Record
from schemas.generated.events import PriceUpdated
from schemas.generated.states import PassageState


@dataclass(frozen=True)
class PassageParameters:
    """Parameters of passage."""

    forward: bool = True
    """Pass the updates on; otherwise only count them."""


class Passage(KeyedOperator[PassageState]):
    """Passes on symbol, kind and last price."""

    def __init__(self, parameters: PassageParameters) -> None:
        self.forward: bool = parameters.forward

    def on_record(self, state: PassageState, record: Record, context: Context) -> None:
        assert isinstance(record, PriceUpdated)
        state.updates += 1
        state.last_time_ns = max(state.last_time_ns, record.event_time_ns)
        if self.forward:
            passed = PriceUpdated(record.event_time_ns, record.symbol, record.kind)
            passed.last_price_e8 = record.last_price_e8
            context.emit(passed)
