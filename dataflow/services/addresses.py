"""Free ports on loopback.

They are taken from below the range that the kernel gives to outgoing connections: a client that tries again and again
while its server is away would otherwise be given the server's own port one day, and connect to itself.
"""

from __future__ import annotations

import random
import socket
from typing import Final

from dataflow.ports import InputFault

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_000)
TRIES: Final = 1_000


def is_free(port: int) -> bool:
    """Whether a server may listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(preferred: int = 0) -> int:
    """The preferred port if it is free, another one otherwise."""
    if preferred and is_free(preferred):
        return preferred
    for port in random.SystemRandom().sample(PORTS, TRIES):
        if is_free(port):
            return port
    raise InputFault(f"no port is free between {PORTS.start} and {PORTS.stop} on {LOOPBACK}")
