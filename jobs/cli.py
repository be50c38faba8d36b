"""The command line `tapeline`: one group, its commands from the modules beside this one."""

from __future__ import annotations

import sys
from typing import Final

import click

from dataflow.ports import InputFault
from jobs.on_demand import loaded

COMMANDS: Final = {
    "run": "jobs.run_command:run",
    "feed": "jobs.run_command:feed",
    "lint": "jobs.graph_commands:lint",
    "graph": "jobs.graph_commands:draw",
    "plan": "jobs.graph_commands:show_plan",
    "echo": "jobs.graph_commands:echo",
    "test": "jobs.graph_commands:run_examples",
    "orders": "jobs.orders_commands:orders",
    "top": "jobs.top_command:top",
    "topics": "jobs.topics_commands:topics",
    "schemas": "jobs.schemas_commands:schemas",
    "services": "jobs.services_commands:services",
    "checkpoints": "jobs.checkpoint_commands:checkpoints",
    "dlq": "jobs.dlq_commands:dlq",
    "lag": "jobs.lag_command:lag",
    "query": "jobs.query_commands:query",
    "tables": "jobs.query_commands:tables",
}
"""Where each command is. A run does not import what the others need, nor they what it needs."""


class CommandGroup(click.Group):
    """Loads a command when it is asked for, and shows a fault in what the user gave as one or two lines, not as a
    traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        command: click.Command | None = loaded(COMMANDS[cmd_name]) if cmd_name in COMMANDS else None
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except InputFault as fault:
            click.echo(f"tapeline: {fault}", err=True)
            sys.exit(1)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tapeline")
def main() -> None:
    """A stock-trading system as a stream-processing job topology: declare, check, run, repair and query its jobs."""
