"""`tapeline query` and `tapeline tables`: the ClickHouse tables of a run, from the terminal."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.query import QueryResult
from rich.console import Console
from rich.table import Table

from dataflow.connectors.clickhouse.client import open_embedded, sentence
from dataflow.ports import InputFault

ROWS_SHOWN = 200
READ_ONLY = {"readonly": 2}
"""Reading and settings, no writing."""

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("data"),
    envvar="TAPELINE_DATA_DIR",
    show_default=True,
    help="Directory of the run.",
)


@click.command()
@click.argument("sql")
@click.option("--format", "form", type=click.Choice(("table", "json", "csv")), default="table", show_default=True)
@data_option
def query(sql: str, form: str, data: Path) -> None:
    """Carry out a SELECT on the tables of a run, and print what it gives."""
    result = _ask(sql, data)
    if form == "table":
        _print_table(result)
    elif form == "json":
        for row in result.result_rows:
            click.echo(json.dumps(dict(zip(result.column_names, map(_plain, row), strict=True))))
    else:
        writer = csv.writer(sys.stdout)
        writer.writerow(result.column_names)
        writer.writerows([[_plain(value) for value in row] for row in result.result_rows])


@click.command()
@data_option
def tables(data: Path) -> None:
    """The tables and views of a run, with their rows and what they hold."""
    sql = (
        "SELECT name, if(engine LIKE '%View', 'view', 'table') AS kind, total_rows AS rows, comment "
        "FROM system.tables WHERE database = currentDatabase() AND comment != '' ORDER BY kind, name"
    )
    _print_table(_ask(sql, data))


def _ask(sql: str, data: Path) -> QueryResult:
    folder = data / "clickhouse"
    if not folder.is_dir():
        raise InputFault(f"{data} holds no ClickHouse tables\n    `tapeline run --data {data}` fills them")
    client = open_embedded(folder)
    try:
        return client.query(sql, settings=READ_ONLY)
    except ClickHouseError as error:
        raise InputFault(f"ClickHouse: {sentence(error)}") from None
    finally:
        client.close()


def _print_table(result: QueryResult) -> None:
    table = Table()
    for name, kind in zip(result.column_names, result.column_types, strict=True):
        numeric = any(word in kind.name for word in ("Int", "Float", "Decimal"))
        table.add_column(name, justify="right" if numeric else "left")
    for row in result.result_rows[:ROWS_SHOWN]:
        table.add_row(*_cells(row))
    Console().print(table)
    if len(result.result_rows) > ROWS_SHOWN:
        click.echo(f"{ROWS_SHOWN} of {len(result.result_rows):,} rows; --format csv gives all")


def _cells(row: Sequence[Any]) -> list[str]:
    return ["" if value is None else _shown(value) for value in row]


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(_plain(value))


def _plain(value: Any) -> Any:
    """A value as JSON and CSV take it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


COMMANDS = [query, tables]
