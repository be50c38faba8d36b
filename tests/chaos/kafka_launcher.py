"""Runs `tapeline` in processes of its own, as often as it is asked to, with everything imported once.

Theory of operation. Most of a short life is Python's imports; this process does them once and forks. Each life is a
process like any other: it has its own memory, is killed alone, and nothing of the one before is in it. A request is one
line of JSON: what to run, or the number of a process that may have ended; so is each answer.

The operators come to the fault point `inside-operator` after each record: state is changed, nothing is out.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dataflow import fault_points
from dataflow.model import Context, KeyedOperator, Record
from jobs.cli import COMMANDS, main
from jobs.on_demand import loaded
from operators.catalog import OPERATORS
from tests.chaos.kafka_processes import die_with_parent


class Watched(KeyedOperator[Any]):
    """An operator as it is, but for the fault point."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def on_record(self, state: Any, record: Record, context: Context) -> None:
        self.inner.on_record(state, record, context)
        fault_points.reach("inside-operator")

    def on_timer(self, state: Any, at_ns: int, context: Context) -> None:
        self.inner.on_timer(state, at_ns, context)


def watched(operator: Callable[[Any], Any]) -> Callable[[Any], Watched]:
    return lambda parameters: Watched(operator(parameters))


def serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        answer = _code(request["ended"]) if "ended" in request else _start(request)
        print(json.dumps(answer), flush=True)


def _code(pid: int) -> int | None:
    """Exit code of a process, negative for a signal; None while it lives."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _start(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    die_with_parent()
    nothing = os.open(os.devnull, os.O_RDWR)
    errors = os.open(request["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for target, descriptor in enumerate((nothing, nothing, errors)):
        os.dup2(descriptor, target)
    faulthandler.register(signal.SIGUSR1, file=2)
    os.environ.update(request["variables"])
    fault_points.plan(request["variables"].get(fault_points.VARIABLE, ""))
    sys.argv = ["tapeline", *request["arguments"]]
    try:
        main()
    finally:
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    for name, kind in list(OPERATORS.items()):
        OPERATORS[name] = replace(kind, operator=watched(kind.operator))
    for place in COMMANDS.values():
        loaded(place)
    serve()
