"""The sink against a server, over HTTP."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver import Client

from dataflow.connectors.clickhouse import sink as sink_module
from dataflow.connectors.clickhouse.client import PASSWORD_VARIABLE, Server, open_server
from dataflow.connectors.clickhouse.sink import ClickHouseSink
from dataflow.ports import InputFault
from dataflow.testing.faults import SimulatedStorage
from tests.clickhouse.http_front import PASSWORD, Front
from tests.clickhouse.small_run import ALERTS, STREAMS, SmallRun, all_rows, block, expected_rows, rows


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    served = Front(tmp_path / "server")
    yield served
    served.stop()


@pytest.fixture
def server(front: Front, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    monkeypatch.setattr(sink_module, "PAUSES_S", (0.01, 0.01))
    client = open_server(Server("127.0.0.1", front.port))
    yield client
    client.close()


def test_a_run_into_a_server_writes_every_record_once(server: Client, ddl: Path) -> None:
    SmallRun(ddl, 60, 25).go_on(SimulatedStorage(), server)
    assert all_rows(server) == expected_rows(60)


def test_a_run_into_a_server_is_continued(server: Client, ddl: Path) -> None:
    storage, first = SimulatedStorage(), SmallRun(ddl, 60, 25)
    first.go_on(storage, server)
    second = SmallRun(ddl, 90, 25)
    second.positions = first.positions[:-1]
    second.go_on(storage, server)
    assert all_rows(server) == expected_rows(90)


def test_an_insert_whose_answer_was_lost_is_not_made_twice(server: Client, front: Front, ddl: Path) -> None:
    sink = ClickHouseSink(SimulatedStorage(), STREAMS, lambda: server, ddl, is_shared=True)
    sink.recover(None)
    before = front.inserts
    front.answers_to_lose = 2
    sink.write(block(ALERTS, 0, 10))
    sink.prepare(1)
    sink.commit(1)
    assert front.inserts - before == 3
    assert [row[0] for row in rows(server, "alerts")] == list(range(10))


def test_a_wrong_password_is_told_without_showing_it(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "incorrect-horse")
    with pytest.raises(InputFault, match="Authentication failed") as fault:
        open_server(Server("127.0.0.1", front.port))
    assert "incorrect-horse" not in str(fault.value)
    assert len(str(fault.value).splitlines()) == 2


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(InputFault, match=f"ClickHouse at 127.0.0.1:{port} cannot be used by default") as fault:
        open_server(Server("127.0.0.1", port))
    assert len(str(fault.value).splitlines()) == 2
