"""Named places at which a test may end the process: nothing happens there unless a test says so.

`TAPELINE_KILL_AT=NAME:COUNT` kills the process (SIGKILL, as a failing machine would) when it comes to the place for the
COUNT-th time.
"""

from __future__ import annotations

import os
import signal
from typing import Final

VARIABLE: Final = "TAPELINE_KILL_AT"


class _Plan:
    def __init__(self, text: str) -> None:
        self.name, _, count = text.partition(":")
        self.left = int(count or 1)


_PLAN: Final = _Plan(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def reach(name: str) -> None:
    """The process has come to the place of this name."""
    if _PLAN is not None and _PLAN.name == name:
        _PLAN.left -= 1
        if _PLAN.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
