"""A TCP proxy that cuts connections in the middle of what goes through, or refuses them, when told to."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from typing import Final

CHUNK: Final = 16_384
LINGER_0: Final = struct.pack("ii", 1, 0)
"""Close with a reset: what is still on its way is lost."""


class CuttingProxy:
    """Leads from one address to another on threads of its own."""

    def __init__(self, listen: tuple[str, int], target: tuple[str, int]) -> None:
        self.target = target
        self.lock = threading.Lock()
        self.left: list[int] = []
        """Bytes until each cut to come, the next one first."""
        self.cuts = 0
        self.is_closed = False
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.server = socket.create_server(listen)
        self.is_refusing = False
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def cut_after(self, sizes: list[int]) -> None:
        """Cut a connection when so many bytes more have gone to the target, then after so many more, …"""
        with self.lock:
            self.left = list(sizes)

    def refuse(self, is_refusing: bool) -> None:
        """Cut all connections and let in none, as if nobody were there; or let them in again."""
        self.is_refusing = is_refusing
        if is_refusing:
            for pair in list(self.pairs):
                _cut(pair)

    def close(self) -> None:
        self.is_closed = True
        self.refuse(True)
        self.server.shutdown(socket.SHUT_RDWR)  # or the thread waits on, and the address stays taken
        self.accepting.join()
        self.server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self.is_closed:
                client, _ = self.server.accept()
                if self.is_refusing:
                    _cut((client,))
                    continue
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            target = socket.create_connection(self.target, timeout=5)
        except OSError:
            _cut((client,))
            return
        pair = client, target
        for each in pair:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pairs.append(pair)
        with contextlib.suppress(OSError, ValueError):
            self._carry(client, target)
        _cut(pair)
        self.pairs.remove(pair)

    def _carry(self, client: socket.socket, target: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([client, target], [], [], 1.0)
            for side in ready:
                data = side.recv(CHUNK)
                if not data:
                    return
                if side is target:
                    client.sendall(data)
                    continue
                part = self._allowed(len(data))
                target.sendall(data[:part])
                if part < len(data):
                    return

    def _allowed(self, size: int) -> int:
        """How many of these bytes may pass before the cut; fewer than `size` is a cut."""
        with self.lock:
            if not self.left:
                return size
            if self.left[0] >= size:
                self.left[0] -= size
                return size
            self.cuts += 1
            return self.left.pop(0)


def _cut(sockets: tuple[socket.socket, ...]) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
            each.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            each.close()
