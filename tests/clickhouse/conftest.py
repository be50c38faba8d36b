"""An embedded ClickHouse per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver import Client

from dataflow.connectors.clickhouse.client import open_embedded
from tests.clickhouse.small_run import make_ddl


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    opened = open_embedded(tmp_path / "clickhouse")
    yield opened
    opened.close()


@pytest.fixture
def ddl(tmp_path: Path) -> Path:
    return make_ddl(tmp_path / "ddl")
