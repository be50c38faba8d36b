"""A small business for tests of the graph: prices become bars, bars and users' rules become alerts, orders loop."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from dataflow.graph import Catalog, ConnectorType
from dataflow.model import KeyedOperator, NoParameters, OperatorType, RecordType, StateType

FIELDS: dict[str, list[str]] = {
    "Price": ["symbol", "account"],
    "Bar": ["symbol"],
    "Rule": ["symbol", "account"],
    "Alert": ["symbol", "account"],
    "Order": ["account", "symbol"],
    "Fill": ["account", "symbol"],
    "LateEvent": ["routing_key"],
    "DeadLetter": ["source"],
}


@dataclass(frozen=True)
class BarParameters:
    """One parameter of each type."""

    length_ms: int = field(default=60_000, metadata={"minimum": 1_000, "maximum": 3_600_000})
    periods: tuple[int, ...] = field(default=(14,), metadata={"minimum": 2})
    weight: float = 0.5
    partial: bool = False
    basis: str = field(default="trades", metadata={"choices": ("trades", "quotes")})

    def __post_init__(self) -> None:
        if self.partial and self.basis == "quotes":
            raise ValueError("bars of quotes cannot be partial")


@dataclass(frozen=True)
class FeedParameters:
    folder: str
    password: str = ""
    url: str = ""
    connections: int = 1


def record_type(number: int, name: str) -> RecordType:
    fields = [{"name": key, "type": "string"} for key in FIELDS[name]]
    schema = json.dumps({"type": "record", "name": name, "fields": fields})
    return RecordType(name, number, schema, tuple(FIELDS[name]))


class Silent(KeyedOperator[Any]):
    """Does nothing: the graph never runs its operators."""

    def __init__(self, parameters: Any) -> None:
        self.parameters = parameters


@dataclass(frozen=True)
class Flow:
    key: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: type = NoParameters


FLOWS = {
    "bar_builder": Flow(("symbol",), ("Price",), ("Bar",), BarParameters),
    "alerter": Flow(("symbol",), ("Bar", "Rule"), ("Alert",)),
    "risk": Flow(("account",), ("Price", "Fill"), ("Order",)),
    "execution": Flow(("symbol",), ("Order",), ("Fill",)),
    "splitter": Flow(("symbol",), ("Price",), ("Bar", "Alert")),
}


def operator_type(name: str, flow: Flow) -> OperatorType:
    state = StateType(f"{name.title().replace('_', '')}State", "{}")
    return OperatorType(name, "", Silent, state, flow.key, flow.inputs, flow.outputs, flow.parameters)


CATALOG = Catalog(
    records={name: record_type(number, name) for number, name in enumerate(FIELDS)},
    operators={name: operator_type(name, flow) for name, flow in FLOWS.items()},
    sources={
        "feed": ConnectorType("feed", "prices", FeedParameters, ("Price",)),
        "anything": ConnectorType("anything", "whatever"),
    },
    sinks={"log": ConnectorType("log", "logs"), "table": ConnectorType("table", "tables", FeedParameters)},
)

GOOD = """\
version: 1
dead_letters: dead
streams:
  prices: {schema: Price, key: symbol, partitions: 4, retention: 24h, compression: lz4}
  bars: {schema: Bar, key: symbol, partitions: 4, retention: 30d}
  rules: {schema: Rule, key: symbol, partitions: 4, retention: 1y}
  alerts: {schema: Alert, key: symbol, partitions: 4, retention: 500ms}
  late: {schema: LateEvent, key: routing_key, partitions: 1, retention: 30d}
  dead: {schema: DeadLetter, key: source, partitions: 1, retention: 30d}
sources:
  ticks: {uses: feed, stream: prices, out_of_orderness: 500ms, parameters: {folder: ticks}}
  rules: {uses: anything, stream: rules}
operators:
  - {uid: bars, uses: bar_builder, inputs: [prices], outputs: [bars], key: [symbol], late: late}
  - {uid: alerts, uses: alerter, inputs: [bars, rules], outputs: [alerts], key: [symbol]}
sinks:
  log: {uses: log, streams: "*"}
jobs:
  main: {operators: [bars, alerts], sinks: [log]}
"""
"""A graph without fault. Tests replace one part of it."""

LOOP = """\
version: 1
dead_letters: dead
streams:
  prices: {schema: Price, key: symbol, partitions: 4, retention: 24h}
  orders: {schema: Order, key: account, partitions: 4, retention: 24h}
  fills: {schema: Fill, key: symbol, partitions: 4, retention: 24h}
  dead: {schema: DeadLetter, key: source, partitions: 1, retention: 30d}
sources:
  ticks: {uses: feed, stream: prices, parameters: {folder: ticks}}
operators:
  - {uid: risk, uses: risk, inputs: [prices, fills], outputs: [orders], key: [account], rekey: true, feedback: [fills]}
  - {uid: execution, uses: execution, inputs: [orders], outputs: [fills], key: [symbol], rekey: true}
sinks:
  log: {uses: log, streams: [dead]}
jobs:
  main: {operators: [risk, execution], sinks: [log]}
"""
"""A graph with a declared cycle: fills go back to risk."""
