"""The command line `tapeline`: one group, its commands from the modules beside this one."""

from __future__ import annotations

import sys

import click

from dataflow.ports import InputFault
from jobs import (
    checkpoint_commands,
    dlq_commands,
    graph_commands,
    lag_command,
    orders_commands,
    query_commands,
    run_command,
    schemas_commands,
    services_commands,
    top_command,
    topics_commands,
)


class FaultGroup(click.Group):
    """Shows a fault in what the user gave as one or two lines, not as a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except InputFault as fault:
            click.echo(f"tapeline: {fault}", err=True)
            sys.exit(1)


@click.group(cls=FaultGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tapeline")
def main() -> None:
    """A stock-trading system as a stream-processing job topology: declare, check, run, repair and query its jobs."""


MODULES = (
    run_command,
    graph_commands,
    orders_commands,
    top_command,
    topics_commands,
    schemas_commands,
    services_commands,
    checkpoint_commands,
    dlq_commands,
    lag_command,
    query_commands,
)
for module in MODULES:
    for command in module.COMMANDS:
        main.add_command(command)
