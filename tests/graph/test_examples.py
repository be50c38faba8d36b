"""Examples beside a graph: how they are read, how they are compared, and what a person is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from dataflow.engines.embedded.wiring import Vocabulary
from dataflow.errors import GraphFaults
from dataflow.examples import Driver, read_examples, run_example
from dataflow.graph import Catalog, ConnectorType, Graph
from dataflow.load import load_graph
from dataflow.model import Record
from dataflow.testing.pipeline import PipelineDriver
from jobs.letters import vocabulary
from operators.catalog import OPERATORS
from schemas.generated.events import KEY_FIELDS, PRICE_KIND_TRADE, RECORD_TYPES, LateEvent, PriceUpdated

GRAPH = """\
version: 1
dead_letters: dead
streams:
  prices: {schema: PriceUpdated, key: symbol, partitions: 1, retention: 1d}
  passed: {schema: PriceUpdated, key: symbol, partitions: 1, retention: 1d}
  dead: {schema: DeadLetter, key: source, partitions: 1, retention: 1d}
sources:
  ticks: {uses: list, stream: prices}
operators:
  - {uid: passage, uses: passage, inputs: [prices], outputs: [passed], key: [symbol]}
sinks:
  log: {uses: log, streams: "*"}
jobs:
  main: {operators: [passage], sinks: [log]}
"""
CATALOG = Catalog(
    {record.name: record for record in RECORD_TYPES},
    OPERATORS,
    {"list": ConnectorType("list", "")},
    {"log": ConnectorType("log", "")},
)
EXAMPLE = """\
examples:
  - name: a price is passed on
    job: main
    inputs:
      prices:
        - {event_time_ns: 2026-11-20T14:30:00.000000001Z, symbol: AAPL, kind: TRADE, last_price: 187.45}
    outputs:
      passed:
        - {event_time_ns: 1795185000000000001, symbol: AAPL, kind: TRADE, last_price: "187.450"}
"""


class Echo:
    """A driver that gives back what it was given, on the stream `passed`."""

    def __init__(self) -> None:
        self.given: list[tuple[str, Record]] = []

    def run(self, inputs: Sequence[tuple[str, Record]]) -> dict[str, list[Record]]:
        self.given = list(inputs)
        return {"passed": [record for _, record in inputs]}


def graph(folder: Path) -> Graph:
    (folder / "pipelines.yaml").write_text(GRAPH)
    return load_graph(folder / "pipelines.yaml", CATALOG, variables={})


def results(folder: Path, text: str) -> list[str]:
    """Differences of the first example over a driver that gives back its inputs."""
    path = folder / "examples.yaml"
    path.write_text(text)
    whole = graph(folder)
    return run_example(read_examples(path, whole)[0], whole, lambda _graph, _job: Echo())


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "examples.yaml"
    path.write_text(text)
    with pytest.raises(GraphFaults) as caught:
        read_examples(path, graph(folder))
    return [
        f"{fault.line}:{fault.column}: {fault.place}: {fault.fact} / {fault.remedy}" for fault in caught.value.faults
    ]


def driven(whole: Graph, job: str) -> Driver:
    return PipelineDriver(whole, job, Vocabulary(RECORD_TYPES, KEY_FIELDS, vocabulary().late_letter))


def test_inputs_are_records_of_their_schema(tmp_path: Path) -> None:
    echo, whole = Echo(), graph(tmp_path)
    (tmp_path / "examples.yaml").write_text(EXAMPLE)
    run_example(read_examples(tmp_path / "examples.yaml", whole)[0], whole, lambda _graph, _job: echo)
    stream, record = echo.given[0]
    assert stream == "prices"
    assert isinstance(record, PriceUpdated)
    assert (record.event_time_ns, record.last_price_e8, record.kind) == (
        1_795_185_000_000_000_001, 187_45000000, PRICE_KIND_TRADE,
    )  # fmt: skip


def test_an_example_that_holds_has_no_differences(tmp_path: Path) -> None:
    assert results(tmp_path, EXAMPLE) == []


def test_only_fields_that_are_given_are_compared(tmp_path: Path) -> None:
    assert results(tmp_path, EXAMPLE.replace(', kind: TRADE, last_price: "187.450"', "")) == []


def test_a_field_that_differs_is_shown_with_both_values(tmp_path: Path) -> None:
    assert results(tmp_path, EXAMPLE.replace('"187.450"', "187.46")) == [
        "passed: record 1: last_price: expected 187.46, got 187.45"
    ]


def test_a_time_that_differs_is_shown_as_a_time(tmp_path: Path) -> None:
    assert results(tmp_path, EXAMPLE.replace("1795185000000000001", "2026-11-20T15:30:00+01:00")) == [
        "passed: record 1: event_time_ns: expected 2026-11-20T14:30:00.000000000Z, got 2026-11-20T14:30:00.000000001Z"
    ]


def test_a_record_that_does_not_come_is_shown(tmp_path: Path) -> None:
    more = EXAMPLE + "        - {symbol: MSFT, last_price: 1}\n"
    assert results(tmp_path, more) == ["passed: record 2 is missing: PriceUpdated {symbol: MSFT, last_price: 1}"]


def test_a_record_too_many_is_shown_whole(tmp_path: Path) -> None:
    fewer = EXAMPLE[: EXAMPLE.index("      passed:")] + "      passed: []\n"
    assert results(tmp_path, fewer) == [
        (
            "passed: record 1 was not expected: PriceUpdated {event_time_ns: 2026-11-20T14:30:00.000000001Z,"
            " symbol: AAPL, kind: TRADE, last_price: 187.45}"
        )
    ]


def test_if_not_exactly_other_records_may_come(tmp_path: Path) -> None:
    fewer = EXAMPLE[: EXAMPLE.index("      passed:")] + "      passed: []\n    exactly: false\n"
    assert results(tmp_path, fewer) == []


def test_if_not_exactly_the_nearest_record_is_shown(tmp_path: Path) -> None:
    other = EXAMPLE.replace('"187.450"', "187.46") + "    exactly: false\n"
    assert results(tmp_path, other)[1].startswith("passed:     the nearest of 1: PriceUpdated {event_time_ns: 2026")


def test_if_not_exactly_the_order_still_counts(tmp_path: Path) -> None:
    text = """\
examples:
  - name: two
    job: main
    exactly: false
    inputs: {prices: [{symbol: A}, {symbol: B}]}
    outputs: {passed: [{symbol: B}, {symbol: A}]}
"""
    assert results(tmp_path, text) == ["passed: record 2 did not come: PriceUpdated {symbol: A}"]


def test_an_example_runs_on_the_embedded_engine(tmp_path: Path) -> None:
    (tmp_path / "examples.yaml").write_text(EXAMPLE.replace("2026-11-20T14:30:00.000000001Z", "1795185000000000001"))
    whole = graph(tmp_path)
    assert run_example(read_examples(tmp_path / "examples.yaml", whole)[0], whole, driven) == []


def test_operators_alone_are_fed_without_a_source(tmp_path: Path) -> None:
    (tmp_path / "examples.yaml").write_text(EXAMPLE.replace("job: main", "operators: [passage]"))
    whole = graph(tmp_path)
    assert run_example(read_examples(tmp_path / "examples.yaml", whole)[0], whole, driven) == []


def test_a_late_event_is_no_price(tmp_path: Path) -> None:
    whole = graph(tmp_path)
    (tmp_path / "examples.yaml").write_text(EXAMPLE)

    class Late(Echo):
        def run(self, inputs: Sequence[tuple[str, Record]]) -> dict[str, list[Record]]:
            return {"passed": [LateEvent()]}

    assert run_example(read_examples(tmp_path / "examples.yaml", whole)[0], whole, lambda _graph, _job: Late()) == [
        "passed: record 1 is a LateEvent, expected PriceUpdated"
    ]


BAD = {
    "an unknown job": ("job: main", "job: man", "3:10: examples[0].job: no job is called 'man' / did you mean 'main'?"),
    "an unknown operator": (
        "job: main", "operators: [pasage]",
        "3:17: examples[0].operators: no operator is called 'pasage' / did you mean 'passage'?",
    ),
    "neither job nor operators": (
        "    job: main\n", "",
        "2:5: examples[0].job: is missing / name a job, or `operators`",
    ),
    "both job and operators": (
        "job: main", "job: main\n    operators: [passage]",
        "3:10: examples[0].job: stands beside `operators` / keep one of them",
    ),
    "no name": (
        "name: a price is passed on", "name:", "2:10: examples[0].name: is empty / say in a sentence what it shows",
    ),
    "an unknown input stream": (
        "      prices:\n", "      price:\n",
        "5:7: examples[0].inputs.price: this example feeds no stream 'price' / did you mean 'prices'?",
    ),
    "an unknown output stream": (
        "      passed:\n", "      pased:\n",
        "8:7: examples[0].outputs.pased: this example writes no stream 'pased' / did you mean 'passed'?",
    ),
    "an unknown field": (
        "symbol: AAPL, kind: TRADE, last_price: 187.45}", "symbl: AAPL}",
        "6:59: examples[0].inputs.prices[0]: PriceUpdated has no field 'symbl' / did you mean 'symbol'?",
    ),
    "an unknown symbol of an enum": (
        "kind: TRADE, last_price: 187.45", "kind: TRAD",
        "6:79: examples[0].inputs.prices[0]: is 'TRAD' / did you mean 'TRADE'?",
    ),
    "a time without zone": (
        "14:30:00.000000001Z", "14:30:00",
        ("6:27: examples[0].inputs.prices[0]: is '2026-11-20T14:30:00'"
        " / write nanoseconds since the epoch, or 2026-11-20T14:30:00.000000001Z"),
    ),
    "a time that is none": (
        "11-20T14:30:00.000000001Z", "11-31T14:30:00Z",
        ("6:27: examples[0].inputs.prices[0]: '2026-11-31T14:30:00Z' is no time"
        " / write nanoseconds since the epoch, or 2026-11-20T14:30:00.000000001Z"),
    ),
    "a price of nine decimals": (
        "last_price: 187.45}", "last_price: 0.000000001}",
        ("6:98: examples[0].inputs.prices[0]: is '0.000000001'"
        " / write a number of at most 10 digits before the point and 8 after it"),
    ),
    "a price too large for its type": (
        "last_price: 187.45}", "last_price: 10000000000}",
        ("6:98: examples[0].inputs.prices[0]: is '10000000000'"
        " / write a number of at most 10 digits before the point and 8 after it"),
    ),
    "a price that is no number": (
        "last_price: 187.45}", "last_price: cheap}",
        "6:98: examples[0].inputs.prices[0]: is 'cheap' / write a number, for example 187.45",
    ),
    "a truth value for a symbol": (
        "symbol: AAPL, kind: TRADE, last_price: 187.45}", "symbol: ON}",
        ("6:67: examples[0].inputs.prices[0]: is 'ON'"
        " / write text; in quotes, if it looks like a number or true/false"),
    ),
    "an integer beyond 64 bits": (
        "last_price: 187.45}", "bid_quantity: 9223372036854775808}",
        "6:100: examples[0].inputs.prices[0]: is '9223372036854775808' / write a whole number of 64 bits",
    ),
    "a field of the example that does not exist": (
        "    job: main", "    job: main\n    exacly: true",
        "4:5: examples[0].exacly: there is no such field / did you mean 'exactly'?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), BAD.values(), ids=BAD.keys())
def test_a_fault_in_an_example_is_shown_with_its_place(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert faults(tmp_path, EXAMPLE.replace(old, new, 1)) == [fault]


def test_examples_that_are_no_list_are_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, "examples: {}\n") == ["1:11: examples: is a mapping / write a list"]


def test_a_file_without_examples_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, "example: []\n")[0].startswith("1:1: example: there is no such field / did you mean")
