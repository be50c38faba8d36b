"""The tables of deploy/clickhouse are what the Avro schemas and pipelines.yaml say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver import Client

from dataflow.connectors.clickhouse.client import open_embedded
from dataflow.connectors.clickhouse.migrations import apply_ddl
from dataflow.connectors.clickhouse.rows import OFFSET, table_names
from dataflow.graph import Graph
from dataflow.load import load_graph
from jobs.catalog import catalog
from schemas.definition import Field, load_events

DDL = Path("deploy/clickhouse")
STREAMS = (
    "market-data", "analytics", "alerts", "alert-rule-rejects", "market-data-rejects", "late-events", "dead-letters",
    "order-events", "order-rejects", "risk-events", "trade-events", "trades", "auctions",
)  # fmt: skip
TYPES = {
    "price": "Decimal(18, 8)", "money": "Decimal(38, 8)", "id": "FixedString(16)", "enum": "LowCardinality(String)",
    "double": "Float64", "boolean": "Bool", "bytes": "String",
}  # fmt: skip
HOUR_MS = 3_600_000
VIEWS = {
    "bars_1m", "bars_latest", "daily_summary", "alert_history", "alert_rule_rejects_by_reason", "rejects_by_reason",
    "venue_quality", "dead_letters_by_error", "late_by_operator", "order_history", "orders", "fill_rates",
    "order_rejects_by_reason", "executions_by_symbol", "execution_quality", "account_activity", "risk_latest",
}  # fmt: skip


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph(Path("pipelines.yaml"), catalog())


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = open_embedded(tmp_path_factory.mktemp("ddl") / "clickhouse")
    apply_ddl(client, DDL)
    yield client
    client.close()


def column_type(field: Field) -> str:
    """Column type of a field: instants by the end of their names, words of small vocabularies by the schema's mark."""
    kind = field.type.item or field.type
    name = TYPES.get(kind.kind, "")
    if kind.kind == "long":
        name = "DateTime64(9, 'UTC')" if field.name.endswith("_ns") else "Int64"
    if kind.kind == "string":
        name = "LowCardinality(String)" if field.interned else "String"
    return f"Nullable({name})" if field.type.kind == "optional" else name


def wanted(kind: str) -> list[tuple[str, str, str]]:
    """(name, type, comment) of the columns that a record's schema gives."""
    record = load_events().records[kind]
    return [(field.name, column_type(field), field.doc) for field in record.fields]


def found(database: Client, table: str) -> list[tuple[str, str, str]]:
    rows = database.query(
        "SELECT name, type, comment FROM system.columns WHERE database = currentDatabase() AND default_kind = '' "
        f"AND table = '{table}' AND name != '{OFFSET}' ORDER BY position"
    ).result_rows
    return [(name, kind, comment) for name, kind, comment in rows]


def table_fact(database: Client, table: str, fact: str) -> str:
    query = f"SELECT {fact} FROM system.tables WHERE database = currentDatabase() AND name = '{table}'"
    return str(database.query(query).result_rows[0][0])


def hours_kept(database: Client, table: str) -> int:
    """So long after it was written a row goes."""
    text = (table_fact(database, table, "create_table_query").split("TTL inserted_at + ")[1]).split(" SETTINGS")[0]
    return {"toIntervalHour(24)": 24, "toIntervalDay(30)": 720, "toIntervalYear(1)": 8_760}[text]


@pytest.mark.parametrize("name", STREAMS)
def test_the_columns_are_the_fields_of_the_schema(database: Client, graph: Graph, name: str) -> None:
    tables = table_names(graph.streams[name]).items()
    assert {table: found(database, table) for _, table in tables} == {table: wanted(kind) for kind, table in tables}


@pytest.mark.parametrize("name", STREAMS)
def test_the_comment_of_a_table_is_the_doc_of_its_schema(database: Client, graph: Graph, name: str) -> None:
    tables = table_names(graph.streams[name])
    docs = {kind: load_events().records[kind].doc for kind in tables}
    assert {kind: table_fact(database, table, "comment") for kind, table in tables.items()} == docs


@pytest.mark.parametrize("name", STREAMS)
def test_rows_are_kept_as_long_as_the_stream_says(database: Client, graph: Graph, name: str) -> None:
    kept = {hours_kept(database, table) * HOUR_MS for table in table_names(graph.streams[name]).values()}
    assert kept == {graph.streams[name].retention_ms}


@pytest.mark.parametrize("name", STREAMS)
def test_a_table_drops_repeated_inserts_and_is_on_disk_before_it_answers(
    database: Client, graph: Graph, name: str
) -> None:
    engines = [table_fact(database, table, "engine_full") for table in table_names(graph.streams[name]).values()]
    assert all("non_replicated_deduplication_window = 1000" in engine for engine in engines)
    assert all("fsync_after_insert = 1, fsync_part_directory = 1" in engine for engine in engines)


def test_every_stream_of_the_sink_has_a_table(graph: Graph) -> None:
    assert set(graph.sinks["clickhouse"].streams) <= set(STREAMS)


def test_the_views_are_there_and_say_what_they_are_for(database: Client) -> None:
    query = "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"
    rows = database.query(query).result_rows
    assert {name for name, _ in rows} == VIEWS
    assert all(comment.endswith(".") for _, comment in rows)


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_a_view_of_empty_tables_is_empty(database: Client, view: str) -> None:
    assert database.query(f"SELECT * FROM {view}").result_rows == []


def test_applying_the_ddl_again_does_nothing(database: Client) -> None:
    assert apply_ddl(database, DDL) == []
