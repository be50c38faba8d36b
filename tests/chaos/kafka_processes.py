"""Processes that a test starts: they end with it, however it ends."""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1
LIBC: Final = ctypes.CDLL(None)


def die_with_parent() -> None:
    """In a child: be killed when the parent is gone."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], output: Path | None = None
) -> subprocess.Popen[bytes]:
    """A child in this folder, which is talked to through pipes, or whose words go to `output`."""
    if output is None:
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=folder, env=variables, stdin=pipe, stdout=pipe, preexec_fn=die_with_parent)
    with output.open("ab") as target:
        return subprocess.Popen(
            command, cwd=folder, env=variables, stdout=target, stderr=subprocess.STDOUT, preexec_fn=die_with_parent
        )


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens at the moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
