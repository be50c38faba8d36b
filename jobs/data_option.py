"""The option `--data`: the directory of a run, the same for every command."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

DATA_OPTION: Final = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("data"),
    envvar="TAPELINE_DATA_DIR",
    show_default=True,
    help="Directory of the run.",
)
