"""Commands are loaded when they are named, and a run imports no client that it does not use."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from jobs.cli import COMMANDS, main
from jobs.on_demand import loaded

CLIENTS = ("confluent_kafka.schema_registry", "clickhouse_connect", "fsspec", "jobs.dlq_commands")
PROGRAM = f"import jobs.run_command, sys; print(*(name for name in {CLIENTS} if name in sys.modules))"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_where_the_table_says(name: str) -> None:
    assert loaded(COMMANDS[name]).name == name


def test_a_command_that_there_is_not_is_none() -> None:
    assert main.get_command(click.Context(main), "nothing") is None


def test_a_run_starts_without_the_clients_that_it_may_not_need() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
