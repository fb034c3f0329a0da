"""An SFTP server that serves a folder of this machine, and faults on demand."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass
class Depot:
    """What the server has and how it behaves.

    Attributes:
        folder: what it serves.
        port: where it listens.
        host_key: its own key.
        passwords: by user.
        client_keys: public keys that may come in.
        midway: called once when a file was half read.
        logins: how many were let in.
        connections: all that there were.
    """

    folder: Path
    host_key: asyncssh.SSHKey
    port: int = 0
    passwords: dict[str, str] = field(default_factory=lambda: {"reader": "right one"})
    client_keys: list[asyncssh.SSHKey] = field(default_factory=list)
    midway: Callable[[], None] | None = None
    logins: int = 0
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """Of its key."""
        return self.host_key.get_fingerprint()

    def known_hosts(self, key: asyncssh.SSHKey | None = None) -> str:
        """A line of a file known_hosts, of its key or of another."""
        public = (key or self.host_key).export_public_key().decode()
        return f"[127.0.0.1]:{self.port} {public}"


class _Door(asyncssh.SSHServer):
    def __init__(self, depot: Depot) -> None:
        self._depot = depot

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._depot.connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return self._depot.passwords.get(username) == password

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = [one.public_data for one in self._depot.client_keys]
        return username in self._depot.passwords and key.public_data in known

    def auth_completed(self) -> None:
        self._depot.logins += 1


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], depot: Depot) -> None:
        super().__init__(channel, chroot=str(depot.folder).encode())
        self._depot = depot

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if offset and self._depot.midway:
            todo, self._depot.midway = self._depot.midway, None
            todo()
        return super().read(file_obj, offset, size)  # type: ignore[return-value]


@contextmanager
def sftp_server(folder: Path) -> Iterator[Depot]:
    """A server on this machine that serves a folder; nobody comes above it."""
    folder.mkdir(parents=True, exist_ok=True)
    depot = Depot(folder, asyncssh.generate_private_key("ssh-ed25519"))
    loop = asyncio.new_event_loop()
    ready, ends = threading.Event(), asyncio.Event()

    async def serve() -> None:
        def files(channel: Any) -> _Files:  # noqa: ANN401 -- of the library
            return _Files(channel, depot)

        server = await asyncssh.create_server(
            lambda: _Door(depot), "127.0.0.1", 0,
            server_host_keys=[depot.host_key], sftp_factory=files, allow_scp=False,
        )  # fmt: skip
        depot.port = server.get_port()
        ready.set()
        await ends.wait()
        server.close()
        await server.wait_closed()
        for connection in depot.connections:
            connection.abort()
            await connection.wait_closed()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*rest, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield depot
    finally:
        loop.call_soon_threadsafe(ends.set)
        thread.join(30)
        loop.close()
