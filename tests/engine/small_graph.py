"""A graph of the smallest operators, and operators made for these tests, to look at the engine alone."""

from __future__ import annotations

from typing import Any

from dataflow.engines.embedded.lanes import Lane
from dataflow.engines.embedded.wiring import Wiring, wire
from dataflow.graph import Graph, Job, Operator, Source, Stream
from dataflow.model import Context, KeyedOperator, NoParameters, OperatorType, Record
from jobs.letters import vocabulary
from schemas.generated.events import (
    ALERT_RULE_CHANGED,
    DEAD_LETTER,
    LATE_EVENT,
    PRICE_UPDATED,
    AlertRuleChanged,
    PriceUpdated,
)
from schemas.generated.states import PASSAGE_STATE, PassageState

SECOND = 1_000_000_000


class Windows(KeyedOperator[PassageState]):
    """Counts updates, and emits the count since the last time whenever a window of ten seconds ends."""

    def __init__(self, parameters: NoParameters) -> None:
        del parameters

    def on_record(self, state: PassageState, record: Record, context: Context) -> None:
        end_ns = record.event_time_ns - record.event_time_ns % (10 * SECOND) + 10 * SECOND
        if end_ns <= context.watermark_ns:
            context.emit_late(record)
            return
        state.updates += 1
        context.set_timer(end_ns)

    def on_timer(self, state: PassageState, at_ns: int, context: Context) -> None:
        context.emit(PriceUpdated(at_ns, context.key, cumulative_volume=state.updates))
        state.updates = 0


class Echo(KeyedOperator[PassageState]):
    """Sends each update back to itself, lowered by one, until the volume is used up: a feedback edge."""

    def __init__(self, parameters: NoParameters) -> None:
        del parameters

    def on_record(self, state: PassageState, record: Record, context: Context) -> None:
        assert isinstance(record, PriceUpdated)
        state.updates += 1
        if record.cumulative_volume > 0:
            context.emit(PriceUpdated(symbol=record.symbol, cumulative_volume=record.cumulative_volume - 1))


class PerAccount(KeyedOperator[PassageState]):
    """Counts rules by account and symbol: a composite key."""

    def __init__(self, parameters: NoParameters) -> None:
        del parameters

    def on_record(self, state: PassageState, record: Record, context: Context) -> None:
        assert isinstance(record, AlertRuleChanged)
        state.updates += 1
        context.emit(PriceUpdated(symbol=context.key, cumulative_volume=state.updates))


def operator_type(operator: Any, record: str = "PriceUpdated", key: tuple[str, ...] = ("symbol",)) -> OperatorType:
    return OperatorType(operator.__name__, "For tests.", operator, PASSAGE_STATE, key, (record,), ("PriceUpdated",))


def stream(name: str, *schemas: Any, key: str = "symbol") -> Stream:
    return Stream(name, schemas or (PRICE_UPDATED,), key, 1, 86_400_000, "none")


def graph(
    operator: Any, record: Any = PRICE_UPDATED, delay_ms: int = 0, sources: int = 1, feedback: bool = False
) -> Graph:
    """Sources `in-0`, `in-1`, … feed one operator, whose output stream is `out` (or its own input where fed back)."""
    key = ("account", "symbol") if record is ALERT_RULE_CHANGED else ("symbol",)
    kind = operator_type(operator, record.name, key)
    inputs = tuple(f"in-{number}" for number in range(sources))
    outputs = ("in-0",) if feedback else ("out",)
    node = Operator("under-test", kind, inputs, outputs, key, "late", inputs if feedback else (), NoParameters())
    streams = [stream(name, record) for name in inputs]
    streams += [stream("out"), stream("late", LATE_EVENT, key="routing_key"), stream("dead", DEAD_LETTER, key="source")]
    return Graph(
        streams={item.name: item for item in streams},
        sources={name: Source(name, "list", name, delay_ms, 0) for name in inputs},
        operators={node.uid: node},
        sinks={},
        jobs={"test": Job("test", (node.uid,), inputs, ())},
        dead_letters="dead",
    )


def wired(operator: Any, **options: Any) -> Wiring:
    """The core of such a graph, keeping what its streams hold."""
    wiring = wire(graph(operator, **options), ("test",), vocabulary())
    for channel in wiring.channels.values():
        channel.kept = True
    return wiring


def prices(*times_s: float, symbol: str = "A") -> list[Record]:
    return [PriceUpdated(round(time * SECOND), symbol) for time in times_s]


def lane(number: int, records: list[Record]) -> Lane:
    made = Lane(number, number)
    made.records = records
    return made
