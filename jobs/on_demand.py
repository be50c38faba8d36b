"""Loads a command, or a connector, when it is named: what a run does not use is not imported before it starts.

The client of a Schema Registry and that of ClickHouse take longer to import than all else that a run needs; whoever
waits for a job that is started again waits for that too.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def loaded(place: str) -> Any:
    """What a module has under a name: `module:name`."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
