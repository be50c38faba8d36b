"""Brings the tables and views of a database to what the .sql files of a directory say.

Theory of operation. The files are carried out in the order of their names. Each statement may be repeated without harm
(`IF NOT EXISTS`, `CREATE OR REPLACE VIEW`), so a file that was interrupted, or that has changed since, is carried out
again from its first statement. `schema_migrations` remembers each file with the hash of its text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from dataflow.connectors.clickhouse.client import sentence
from dataflow.ports import InputFault

JOURNAL: Final = "schema_migrations"
CREATE_JOURNAL: Final = f"""
CREATE TABLE IF NOT EXISTS {JOURNAL}
(
    file String COMMENT 'Name of the .sql file',
    sha256 String COMMENT 'Hash of its text when it was carried out',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was carried out'
)
ENGINE = MergeTree ORDER BY (file, applied_at)
COMMENT 'Which files of the DDL were carried out'
"""
NOTE: Final = f"INSERT INTO {JOURNAL} (file, sha256) VALUES (%(file)s, %(sha256)s)"  # noqa: S608 - our own name
"""Not the client's `insert`: that imports numpy and pandas, which takes longer than all of the DDL."""


def is_new(client: Client) -> bool:
    """No DDL was ever carried out in this database."""
    return not client.command(f"EXISTS TABLE {JOURNAL}")


def apply_ddl(client: Client, folder: Path) -> list[str]:
    """Carry out what is new or changed; returns the names of those files. Raises InputFault."""
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise InputFault(f"{folder} holds no .sql files\n    name the directory of the DDL in pipelines.yaml")
    client.command(CREATE_JOURNAL)
    query = f"SELECT file, argMax(sha256, applied_at) FROM {JOURNAL} GROUP BY file"  # noqa: S608 - a constant
    known = {name: digest for name, digest in client.query(query).result_rows}  # noqa: C416 - typed as sequences
    applied = []
    for file in files:
        text = file.read_text()
        digest = hashlib.sha256(text.encode()).hexdigest()
        if known.get(file.name) != digest:
            _carry_out(client, file, text)
            client.command(NOTE, parameters={"file": file.name, "sha256": digest})
            applied.append(file.name)
    return applied


def _carry_out(client: Client, file: Path, text: str) -> None:
    for number, statement in enumerate(statements(text), 1):
        try:
            client.command(statement)
        except ClickHouseError as error:
            raise InputFault(f"{file}: statement {number} cannot be carried out: {sentence(error)}") from None


def statements(text: str) -> Iterator[str]:
    """The statements of a file. A semicolon at the end of a line ends one; lines that begin with -- are left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    for part in re.split(r";[ \t]*(?:\n|$)", "\n".join(lines)):
        if part.strip():
            yield part.strip()
