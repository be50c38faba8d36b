"""A process that fills ClickHouse is killed with SIGKILL and continued by the next, again and again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from clickhouse_connect.driver import Client

from dataflow.connectors.clickhouse.client import open_embedded
from tests.clickhouse.killed_run import TOTAL

KILLS = ((9, -1), (21, 4), (17, 9), (19, -1))
"""Operation and delay in ms: one in the DDL; then in inserts, before them, around checkpoints and in the recovery."""


def run_until(folder: Path, operation: int, delay_ms: float) -> int:
    command = (sys.executable, "-m", "tests.clickhouse.killed_run", str(folder), str(operation), str(delay_ms))
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode


def facts(client: Client, table: str) -> tuple[int, ...]:
    query = f"SELECT count(), uniqExact(stream_offset), uniqExact(event_id), sum(sequence) FROM {table}"
    return tuple(client.query(query).result_rows[0])


def test_rows_are_there_once_after_any_kill(tmp_path: Path, ddl: Path) -> None:
    codes = [run_until(tmp_path, operation, delay_ms) for operation, delay_ms in KILLS]
    assert codes == [-signal.SIGKILL] * len(KILLS)
    assert run_until(tmp_path, 0, 0) == 0
    client = open_embedded(tmp_path / "clickhouse")
    rejected = range(1, TOTAL, 3)
    try:
        assert facts(client, "alerts") == (TOTAL, TOTAL, TOTAL, TOTAL * (TOTAL + 1) // 2)
        assert facts(client, "letters_alert_rule_rejected")[:3] == (len(rejected),) * 3
        assert facts(client, "letters_alert_triggered")[:3] == (TOTAL - len(rejected),) * 3
    finally:
        client.close()
