"""`tapeline services`: what a user sees."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataflow.services import processes
from dataflow.services.addresses import LOOPBACK, free_port
from jobs.cli import main


class Terminal:
    """Runs `tapeline services` on a directory of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["services", *arguments, "--data", str(self.data)])

    def up(self) -> Result:
        return self.run("up")

    def facts(self) -> Any:
        return json.loads(self.run("status", "--json").stdout)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, kafka_class_path: str) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path_factory.mktemp("data"))
    ports = ("--kafka-port", str(free_port()), "--registry-port", str(free_port()))
    result = terminal.run("up", *ports)
    assert result.exit_code == 0, result.output
    yield terminal
    terminal.run("down")


def test_up_prints_the_commands_to_go_on_with(terminal: Terminal) -> None:
    output = terminal.up().output
    facts = terminal.facts()
    options = f"--kafka {facts['broker']['address']} --registry {facts['registry']['address']}"
    assert f"  tapeline topics apply --kafka {facts['broker']['address']}\n" in output
    assert f"  tapeline run {options}\n" in output


def test_up_twice_changes_nothing(terminal: Terminal) -> None:
    before = terminal.facts()
    output = terminal.up().output
    after = terminal.facts()
    assert output.startswith("broker: runs already\nregistry: runs already\n")
    assert [after[name]["pid"] for name in after] == [before[name]["pid"] for name in before]


def test_another_port_is_refused_while_it_runs(terminal: Terminal) -> None:
    result = terminal.run("up", "--kafka-port", str(free_port()))
    assert result.exit_code == 1
    assert "the broker runs already, on port" in result.output


def test_one_that_was_killed_is_told_and_started_again_on_its_port(terminal: Terminal) -> None:
    before = terminal.facts()["registry"]
    os.kill(before["pid"], signal.SIGKILL)
    processes.Process(before["pid"], before["pid"]).wait(10)
    told = terminal.run("status")
    assert (told.exit_code, f"registry: has ended (process {before['pid']} is gone)" in told.output) == (1, True)
    assert terminal.up().exit_code == 0
    after = terminal.facts()["registry"]
    assert (after["running"], after["address"]) == (True, before["address"])


def test_down_stops_both_and_says_so(terminal: Terminal) -> None:
    pids = [one["pid"] for one in terminal.facts().values()]
    assert terminal.run("down").output == "registry: stopped\nbroker: stopped\n"
    assert [processes.runs(pid) for pid in pids] == [False, False]
    assert terminal.run("down").output == "registry: does not run\nbroker: does not run\n"


def test_nothing_runs_in_a_new_directory(tmp_path: Path) -> None:
    result = Terminal(tmp_path).run("status")
    assert (result.exit_code, result.output) == (1, "broker: does not run\nregistry: does not run\n")
    assert not (tmp_path / "services").exists()


def test_a_port_asked_for_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, free_port())) as taken:
        port = taken.getsockname()[1]
        result = Terminal(tmp_path).run("up", "--kafka-port", str(port))
    assert result.exit_code == 1
    assert result.output == f"tapeline: port {port} for the broker is taken by another program\n    give another port\n"


def test_a_state_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "services.json").write_text('{"broker": 1')
    result = Terminal(tmp_path).run("status")
    assert "is not what `tapeline services` wrote\n    remove it" in result.output


def test_a_process_id_that_another_program_has_now_is_no_service(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    mine = {"pid": os.getpid(), "port": 0, "since_ns": 0}
    (tmp_path / "services" / "services.json").write_text(json.dumps({"broker": mine, "registry": mine}))
    assert f"broker: has ended (process {os.getpid()} is gone)" in Terminal(tmp_path).run("status").output
    assert "stopped" not in Terminal(tmp_path).run("down").output
