"""A wire between a client and a server of this machine, which can be cut, or go silent."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 1 << 14


class Wire:
    """Carries bytes to a server and back.

    Attributes:
        port: where clients connect to.
        budgets: one a connection, in order: after so many bytes from the server it is cut. Further
            connections carry all.
        silent: carry nothing from the server any more, and leave connections open.
        down: let nobody through.
        connections: how many there were.
    """

    def __init__(self, server: int | Path) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.budgets: list[int] = []
        self.silent = threading.Event()
        self.down = False
        self.connections = 0
        self._ends = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Take the wire away."""
        self._ends.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            cut(one)
        for thread in self._threads:
            thread.join(10)
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while not self._ends.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                if self.down:
                    raise ConnectionRefusedError
                server = self._reach()
            except OSError:
                client.close()
                continue
            self._open += [client, server]
            budget = self.budgets.pop(0) if self.budgets else None
            self._start(client, server, None, answers=False)
            self._start(server, client, budget, answers=True)

    def _start(
        self, one: socket.socket, other: socket.socket, most: int | None, *, answers: bool
    ) -> None:
        thread = threading.Thread(
            target=self._carry, args=(one, other, most), kwargs={"answers": answers}, daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _reach(self) -> socket.socket:
        if isinstance(self._server, int):
            return socket.create_connection(("127.0.0.1", self._server))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._server))
        return server

    def _carry(
        self, one: socket.socket, other: socket.socket, most: int | None, *, answers: bool
    ) -> None:
        with suppress(OSError):
            while data := one.recv(BLOCK if most is None else min(BLOCK, max(most, 1))):
                if answers and self.silent.is_set():
                    self._ends.wait()
                    break
                other.sendall(data)
                if most is not None:
                    most -= len(data)
                    if most <= 0:
                        break
        cut(one)
        cut(other)


def cut(one: socket.socket) -> None:
    """End a connection at both sides."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire_to(server: int | Path) -> Iterator[Wire]:
    """A wire to a port of this machine, or to a socket in a folder of it."""
    wire = Wire(server)
    try:
        yield wire
    finally:
        wire.close()
