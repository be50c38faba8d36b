"""`tapeline query` and `tapeline tables`: the ClickHouse tables of a run, from the terminal."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dataflow.connectors.clickhouse.answers import Answer, ask
from dataflow.connectors.clickhouse.client import open_embedded
from dataflow.ports import InputFault
from jobs.data_option import DATA_OPTION

FOLDER: Final = "clickhouse"
ROWS_SHOWN: Final = 200
PIPE_COLUMNS: Final = 200
NUMBERS: Final = ("Int", "UInt", "Float", "Decimal", "Nullable(Int", "Nullable(UInt", "Nullable(Float", "Nullable(Dec")
TABLES: Final = """
SELECT
    name, if(engine LIKE '%View', 'view', 'table') AS kind, total_rows AS rows,
    if(total_bytes IS NULL, '', formatReadableSize(total_bytes)) AS size, comment
FROM system.tables
WHERE database = currentDatabase() AND NOT is_temporary
ORDER BY kind, name
"""


@click.command()
@click.argument("sql")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@DATA_OPTION
def query(sql: str, form: str, data: Path) -> None:
    """Ask the tables of a run: SELECT, SHOW, DESCRIBE, EXPLAIN. Nothing can be changed.

    A table shows the first 200 rows; JSON lines and CSV give all of them. Decimals and times are exact. No run may hold
    the directory at the same time.
    """
    _answer(data, sql, form)


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@DATA_OPTION
def tables(form: str, data: Path) -> None:
    """List the tables and views of a run: rows, size, and what they hold."""
    _answer(data, TABLES, form)


def _answer(data: Path, sql: str, form: str) -> None:
    """Raises InputFault where there are no tables, another process has them, or ClickHouse refuses the statement."""
    folder = data / FOLDER
    if not folder.is_dir():
        raise InputFault(f"{data} holds no ClickHouse tables\n    `tapeline run --data {data}` fills them")
    client = open_embedded(folder)
    try:
        answer = ask(client, sql, ROWS_SHOWN + 1 if form == "table" else 0)
        SHOW[form](answer)
    finally:
        client.close()


def _show_table(answer: Answer) -> None:
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True)
    numeric = [kind.startswith(NUMBERS) for kind in answer.types]
    for name, is_number in zip(answer.names, numeric, strict=True):
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in islice(answer.rows, ROWS_SHOWN):
        table.add_row(*(Text(_cell(value, kind)) for value, kind in zip(row, answer.types, strict=True)))
    console = Console()
    console = console if console.is_terminal else Console(width=PIPE_COLUMNS)
    if answer.names:
        console.print(table)
    if next(answer.rows, None) is not None:
        click.echo(f"Only the first {ROWS_SHOWN} rows are shown; --format csv or json gives all.")
    elif not table.row_count:
        click.echo("No rows.")


def _cell(value: Any, kind: str) -> str:
    """A value for people: thousands apart, no trailing zeros, nothing for null."""
    if value is None:
        return ""
    if "Decimal" in kind and isinstance(value, str):
        return f"{Decimal(value):,f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if kind.startswith("DateTime64"):
        return str(value).rstrip("0").rstrip(".") if "." in str(value) else str(value)
    return str(value)


def _show_json(answer: Answer) -> None:
    for row in answer.rows:
        click.echo(json.dumps(dict(zip(answer.names, row, strict=True)), ensure_ascii=False))


def _show_csv(answer: Answer) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.names)
    for row in answer.rows:
        writer.writerow("" if value is None else value for value in row)


SHOW: Final[dict[str, Callable[[Answer], None]]] = {"table": _show_table, "json": _show_json, "csv": _show_csv}
