"""Everything pipelines.yaml may name: record types, operators, and the connectors with their parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

from dataflow.graph import Catalog, ConnectorType
from operators.catalog import OPERATORS
from schemas.generated.events import RECORD_TYPES


@dataclass(frozen=True)
class SimulatorParameters:
    """A simulated market day: the same parameters give the same bytes."""

    seed: int = field(default=1, metadata={"minimum": 0})
    symbols: int = field(default=20, metadata={"minimum": 1, "maximum": 100_000})
    events: int = field(default=1_000_000, metadata={"minimum": 1})
    date: str = "2026-11-20"
    """Day, as YYYY-MM-DD."""
    bad_ticks: int = field(default=4, metadata={"minimum": 0, "maximum": 1_000})
    """Bad ticks of each kind per 100,000 events."""


@dataclass(frozen=True)
class LeanParameters:
    """Lean's tick archives."""

    folder: str
    symbols: str = ""
    """Only these, separated by commas; empty: all."""
    days: str = ""
    """Only these, as YYYYMMDD; empty: all."""


@dataclass(frozen=True)
class LobsterParameters:
    """LOBSTER's message and order book files."""

    folder: str
    symbols: str = ""
    """Only these, separated by commas; empty: all."""


@dataclass(frozen=True)
class CsvParameters:
    """One CSV file of quotes and trades."""

    file: str
    zone: str = ""
    """Time zone of times that name none, for example America/New_York."""


@dataclass(frozen=True)
class AlertRulesParameters:
    """Users' price alerts from a YAML or CSV file; without a file, some rules for the simulated symbols."""

    file: str = ""


@dataclass(frozen=True)
class LogParameters:
    """Local topic logs."""

    segment_bytes: int = field(default=64 * 1024 * 1024, metadata={"minimum": 4_096})
    """A segment is closed when it is this long."""


@dataclass(frozen=True)
class ClickHouseParameters:
    """ClickHouse, embedded or a server."""

    path: str = "clickhouse"
    """Directory of the tables, inside the run's data directory."""
    ddl: str = "deploy/clickhouse"
    """Directory of the statements that make tables and views."""
    host: str = ""
    """A server instead of the embedded engine; its password comes from TAPELINE_CLICKHOUSE_PASSWORD alone."""
    port: int = field(default=8123, metadata={"minimum": 1, "maximum": 65_535})
    user: str = "default"
    database: str = "default"
    secure: bool = False


MARKET_DATA = ("MarketDataReceived",)
ALERT_RULES = ("AlertRuleChanged",)

SOURCES = (
    ConnectorType("simulator", "a market day, drawn from a seed", SimulatorParameters, MARKET_DATA),
    ConnectorType("lean", "quotes and trades of Lean tick archives", LeanParameters, MARKET_DATA),
    ConnectorType("lobster", "order messages of LOBSTER files", LobsterParameters, MARKET_DATA),
    ConnectorType("csv", "venue messages of a CSV file", CsvParameters, MARKET_DATA),
    ConnectorType("alert_rules", "users' price alerts of a YAML or CSV file", AlertRulesParameters, ALERT_RULES),
)
SINKS = (
    ConnectorType("log", "local topic logs: append-only segments of Avro", LogParameters),
    ConnectorType("clickhouse", "tables and views of an embedded ClickHouse", ClickHouseParameters),
)


def catalog() -> Catalog:
    """All there is. A connector that is not here cannot be named in pipelines.yaml."""
    return Catalog(
        records={record.name: record for record in RECORD_TYPES},
        operators=OPERATORS,
        sources={connector.name: connector for connector in SOURCES},
        sinks={connector.name: connector for connector in SINKS},
    )
