"""Runs a program for as long as another process lives; started as a script: keeper.py OWNER PROGRAM ARGUMENT...

Theory of operation. The kernel can kill a child when the *thread* that started it ends, which is not what a test run
needs: a service shared by several test workers lives until the process above them ends. So a keeper stands between
them. It waits for its owner and its program at once, kills the program when the owner is gone, and has the kernel kill
the program should the keeper itself be killed. It says the program's process id on its standard output, then
closes it.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
LOST: Final = 111
"""Exit code where the owner has ended before the program began."""


def keep(owner: int, command: list[str]) -> int:
    """Run the command until it ends or the owner does; its exit code, negative for a signal."""
    try:
        owner_end = os.pidfd_open(owner)
    except ProcessLookupError:
        return LOST
    program = _start(command)
    os.write(1, f"{program}\n".encode())
    os.dup2(2, 1)
    program_end = os.pidfd_open(program)
    watch = select.poll()
    for end in (owner_end, program_end):
        watch.register(end, select.POLLIN)
    if any(end == owner_end for end, _ in watch.poll()):
        signal.pidfd_send_signal(program_end, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])


def _start(command: list[str]) -> int:
    kernel = ctypes.CDLL(None)
    keeper = os.getpid()
    program = os.fork()
    if program:
        return program
    os.dup2(2, 1)
    kernel.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == keeper:
        os.execv(command[0], command)
    os._exit(LOST)


if __name__ == "__main__":
    sys.exit(keep(int(sys.argv[1]), sys.argv[2:]))
