"""How .sql files are carried out."""

from __future__ import annotations

from pathlib import Path

import pytest
from clickhouse_connect.driver import Client

from dataflow.connectors.clickhouse.migrations import apply_ddl, statements
from dataflow.ports import InputFault


def test_a_file_that_changed_is_carried_out_again(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "001_view.sql"
    file.write_text("CREATE OR REPLACE VIEW v AS SELECT 1 AS a;\n")
    assert apply_ddl(client, tmp_path) == ["001_view.sql"]
    file.write_text("CREATE OR REPLACE VIEW v AS SELECT 2 AS a;\n")
    assert apply_ddl(client, tmp_path) == ["001_view.sql"]
    assert client.query("SELECT a FROM v").result_rows == [(2,)]


def test_a_statement_that_cannot_be_carried_out_is_told_with_its_place(client: Client, tmp_path: Path) -> None:
    (tmp_path / "001_bad.sql").write_text("SELECT 1;\nCREATE TABLE t (a Nonsense) ENGINE = Memory;\n")
    with pytest.raises(InputFault, match=r"001_bad\.sql: statement 2 cannot be carried out: Unknown data type family"):
        apply_ddl(client, tmp_path)


def test_a_directory_without_ddl_is_told(client: Client, tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"holds no \.sql files"):
        apply_ddl(client, tmp_path / "nothing")


def test_statements_end_with_a_semicolon_at_the_end_of_a_line() -> None:
    text = "-- a comment;\nSELECT 'a;b';  \n\nSELECT\n  2 -- two\n"
    assert list(statements(text)) == ["SELECT 'a;b'", "SELECT\n  2 -- two"]
