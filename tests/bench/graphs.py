"""Graphs for measuring the engine itself: chains of the smallest operator."""

from __future__ import annotations

from dataflow.engines.embedded.wiring import Wiring, wire
from dataflow.graph import Graph, Job, Operator, Source, Stream
from dataflow.model import OperatorType
from jobs.letters import vocabulary
from operators.passage import Passage, PassageParameters
from schemas.generated.events import DEAD_LETTER, PRICE_UPDATED
from schemas.generated.states import PASSAGE_STATE

PASSAGE = OperatorType(
    name="passage",
    summary="Counts and passes on.",
    operator=Passage,
    state=PASSAGE_STATE,
    key=("symbol",),
    inputs=("PriceUpdated",),
    outputs=("PriceUpdated",),
    parameters=PassageParameters,
)


def stream(name: str) -> Stream:
    return Stream(name, (PRICE_UPDATED,), "symbol", 1, 86_400_000, "none")


def chain(length: int, forward: bool = True) -> Wiring:
    """`length` operators: one after the other where they forward, else side by side on the first stream."""
    streams = [stream(f"hop-{number}") for number in range(length + 1)]
    operators = {
        f"passage-{number}": Operator(
            uid=f"passage-{number}",
            type=PASSAGE,
            inputs=(f"hop-{number}" if forward else "hop-0",),
            outputs=(f"hop-{number + 1}",),
            key=("symbol",),
            late=None,
            feedback=(),
            parameters=PassageParameters(forward),
        )
        for number in range(length)
    }
    dead = Stream("dead-letters", (DEAD_LETTER,), "source", 1, 86_400_000, "none")
    graph = Graph(
        streams={item.name: item for item in [*streams, dead]},
        sources={"prices": Source("prices", "list", "hop-0", 0, 0)},
        operators=operators,
        sinks={},
        jobs={"chain": Job("chain", tuple(operators), ("prices",), ())},
        dead_letters="dead-letters",
    )
    return wire(graph, ("chain",), vocabulary())
