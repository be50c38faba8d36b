"""Opens ClickHouse: the embedded engine over a directory, or a server; and applies the DDL of the tree."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from dataflow.ports import InputFault

PASSWORD_VARIABLE = "TAPELINE_CLICKHOUSE_PASSWORD"  # noqa: S105 - the name of the variable, not a password
FIRST_SENTENCE = re.compile(r"(?:.*?DB::Exception: )?(.*?)(?:\. \(|\n|$)", re.DOTALL)


def open_embedded(folder: Path) -> Client:
    """ClickHouse in this process over a directory. One process may hold a directory at a time. Raises InputFault."""
    try:
        return clickhouse_connect.get_client(interface="chdb", path=str(folder))
    except (ClickHouseError, RuntimeError, OSError) as error:
        raise InputFault(f"ClickHouse cannot open {folder}: {sentence(error)}") from None


def open_server(host: str, port: int, user: str, database: str) -> Client:
    """A ClickHouse server. The password comes from TAPELINE_CLICKHOUSE_PASSWORD alone. Raises InputFault."""
    password = os.environ.get(PASSWORD_VARIABLE, "")
    try:
        return clickhouse_connect.get_client(host=host, port=port, username=user, password=password, database=database)
    except ClickHouseError as error:
        raise InputFault(f"ClickHouse at {host}:{port} cannot be used: {sentence(error)}") from None


def sentence(error: BaseException) -> str:
    """What ClickHouse says, in one sentence, without its stack and without secrets."""
    text = str(error).strip()
    found = FIRST_SENTENCE.search(text)
    first = (found.group(1) if found else text).strip()
    password = os.environ.get(PASSWORD_VARIABLE, "")
    return (first or type(error).__name__).replace(password, "***") if password else first or type(error).__name__


def apply_ddl(client: Client, folder: Path) -> None:
    """Carry out the statements of the folder's .sql files, in the order of their names, each file once. Every statement
    may be repeated without harm, so an interrupted file is simply carried out again. Raises InputFault."""
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise InputFault(
            f"{folder} holds no .sql files\n    name the directory of the DDL under sinks in pipelines.yaml"
        )
    client.command(
        "CREATE TABLE IF NOT EXISTS schema_migrations (file String, applied DateTime DEFAULT now()) "
        "ENGINE = ReplacingMergeTree ORDER BY file"
    )
    done = {row[0] for row in client.query("SELECT file FROM schema_migrations").result_rows}
    for file in files:
        if file.name not in done:
            for statement in statements(file.read_text()):
                client.command(statement)
            client.insert("schema_migrations", [[file.name]], column_names=["file"])


def statements(text: str) -> Iterator[str]:
    """The statements of a file: separated by a semicolon at the end of a line; lines of comment left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    for part in re.split(r";\s*(?:\n|$)", "\n".join(lines)):
        if part.strip():
            yield part.strip()
