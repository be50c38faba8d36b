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
class MarketFollowerParameters:
    """Parameters of what goes with the simulated market: those of the market."""

    file: str = ""
    """Records of a YAML file instead; then nothing else counts."""
    seed: int = field(default=1, metadata={"minimum": 0})
    symbols: int = field(default=20, metadata={"minimum": 1, "maximum": 100_000})
    events: int = field(default=1_000_000, metadata={"minimum": 1})
    """Of the market: its prices depend on how many there are."""
    date: str = "2026-11-20"


@dataclass(frozen=True)
class ReferenceDataParameters(MarketFollowerParameters):
    """Instruments and halts of the simulated market with the same parameters."""


@dataclass(frozen=True)
class AccountsParameters(MarketFollowerParameters):
    """Accounts of the simulated market: terms and money, locates, kill switches."""

    accounts: int = field(default=1_000, metadata={"minimum": 1, "maximum": 10_000_000})
    orders: int = field(default=100_000, metadata={"minimum": 1, "maximum": 1 << 32})
    """Requests that all accounts will send: their money is enough for them."""
    switches: int = field(default=0, metadata={"minimum": 0, "maximum": 100})
    """Kill switches thrown through the day, each for ten minutes."""


@dataclass(frozen=True)
class OrderFlowParameters(MarketFollowerParameters):
    """Orders, cancels and replaces of the simulated market; seed, symbols, events and date are the market's."""

    accounts: int = field(default=1_000, metadata={"minimum": 1, "maximum": 10_000_000})
    orders: int = field(default=100_000, metadata={"minimum": 1, "maximum": 1 << 32})
    """Requests of all kinds."""
    cancels: int = field(default=240, metadata={"minimum": 0, "maximum": 1_000})
    """Of 1,000 requests so many are cancels."""
    replaces: int = field(default=120, metadata={"minimum": 0, "maximum": 1_000})
    faults: int = field(default=10, metadata={"minimum": 0, "maximum": 1_000})
    """Of 1,000 requests so many are fat fingers, or incomplete, or contradict themselves; 0 is a clean flow."""
    self_trades: int = field(default=4, metadata={"minimum": 0, "maximum": 1_000})
    """Of 1,000 requests so many would trade with an order of the same account."""


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
REFERENCE_DATA = ("InstrumentChanged", "TradingStatusChanged")
ACCOUNTS = ("AccountChanged", "LocateGranted", "KillSwitchChanged")
ORDERS = ("OrderPlaced", "OrderReplaceRequested", "OrderCancelRequested")

SOURCES = (
    ConnectorType("simulator", "a market day, drawn from a seed", SimulatorParameters, MARKET_DATA),
    ConnectorType("lean", "quotes and trades of Lean tick archives", LeanParameters, MARKET_DATA),
    ConnectorType("lobster", "order messages of LOBSTER files", LobsterParameters, MARKET_DATA),
    ConnectorType("csv", "venue messages of a CSV file", CsvParameters, MARKET_DATA),
    ConnectorType("alert_rules", "users' price alerts of a YAML or CSV file", AlertRulesParameters, ALERT_RULES),
    ConnectorType("reference_data", "instruments of the simulated market", ReferenceDataParameters, REFERENCE_DATA),
    ConnectorType("accounts", "accounts of the simulated market", AccountsParameters, ACCOUNTS),
    ConnectorType("order_flow", "orders of the simulated market", OrderFlowParameters, ORDERS),
    ConnectorType("lobster_orders", "LOBSTER's messages as orders", LobsterParameters, ORDERS),
    ConnectorType("lobster_instruments", "instruments of LOBSTER files", LobsterParameters, REFERENCE_DATA),
    ConnectorType("lobster_accounts", "accounts of LOBSTER's orders", LobsterParameters, ACCOUNTS),
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
