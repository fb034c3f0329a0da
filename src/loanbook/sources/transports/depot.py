"""A folder of an SFTP server, over one connection that is made when it is first needed."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import SplitResult, unquote, urlsplit

import asyncssh
from asyncssh import FILEXFER_TYPE_DIRECTORY, FILEXFER_TYPE_REGULAR, FILEXFER_TYPE_SYMLINK

from loanbook.errors import SourceDenied, SourceUnavailable, SourceUntrusted
from loanbook.sources.contract import Offer
from loanbook.sources.transports.hostkeys import Client, Guard
from loanbook.sources.transports.landing import CHUNK, Landing, Patience, is_tellable
from loanbook.sources.transports.secrets import Secret, told

T = TypeVar("T")
DEEPEST = 8  # folders below the source's own
PORT = 22

# What went wrong is told by our own sentences.
logging.getLogger("asyncssh").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Place:
    """What is fetched from a server.

    Attributes:
        source: whose it is.
        address: sftp://user@host:port/folder.
        timeout: seconds without an answer.
        longest: seconds that one file may take.
    """

    source: str
    address: str
    timeout: int
    longest: int


@dataclass(frozen=True, slots=True)
class Login:
    """How we show who we are: by a password, or by a key that perhaps has a passphrase."""

    password: Secret
    key_file: Path | None
    passphrase: Secret


class Depot:
    """Carries files from an SFTP server; connects when it is first asked."""

    def __init__(self, place: Place, guard: Guard, login: Login) -> None:
        self._source = place.source
        self._place = place
        self._guard = guard
        self._login = login
        self._address = urlsplit(place.address)
        self._folder = _folder(self._address)
        self._runner = asyncio.Runner()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._files: asyncssh.SFTPClient | None = None

    def offers(self) -> Iterator[Offer]:
        """All files of the folder and of the folders in it."""
        with self._translated(f"folder {told(self._folder)}"):
            found = self._run(self._all())
        yield from found

    def fetch(self, offer: Offer, to: Path) -> None:
        """Fetch a file, or the rest of it."""
        patience = Patience(self._source, self._place.longest)
        with (
            Landing(self._source, offer, to, patience) as landing,
            self._translated(told(offer.name), landing),
        ):
            self._run(self._bring(offer, landing))
            landing.end()

    def close(self) -> None:
        """Let go of the connection."""
        self._hang_up()
        self._runner.close()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._runner.run(self._connection.wait_closed())
        self._connection = self._files = None

    def _run(self, work: Coroutine[object, object, T]) -> T:
        """Do something, but not for longer than one file may take."""
        return self._runner.run(self._limited(work))

    async def _limited(self, work: Coroutine[object, object, T]) -> T:
        try:
            async with asyncio.timeout(self._place.longest):
                return await work
        except _Silent:
            raise
        except TimeoutError:
            problem = f"it was given up after {self._place.longest} seconds (the setting longest)"
            raise SourceUnavailable(source=self._source, problem=problem) from None

    async def _soon(self, answer: Coroutine[object, object, T]) -> T:
        try:
            async with asyncio.timeout(self._place.timeout):
                return await answer
        except TimeoutError:
            raise _Silent from None

    async def _all(self) -> list[Offer]:
        files = await self._connected()
        found: list[Offer] = []
        folders = [""]
        for prefix in folders:  # grows as folders are met
            entries = files.scandir(f"{self._folder}/{prefix}")
            while entry := await self._soon(_next(entries)):
                name, kind = str(entry.filename), entry.attrs.type
                if name in {".", ".."} or "/" in name or not is_tellable(name):
                    continue
                if kind == FILEXFER_TYPE_SYMLINK:
                    found += await self._linked(files, prefix + name)
                elif kind == FILEXFER_TYPE_DIRECTORY and prefix.count("/") < DEEPEST:
                    folders.append(f"{prefix}{name}/")
                elif kind == FILEXFER_TYPE_REGULAR:
                    found.append(_offer(prefix + name, entry.attrs))
        return found

    async def _linked(self, files: asyncssh.SFTPClient, name: str) -> list[Offer]:
        """What a link leads to, if that is a file: a linked folder could lead in a circle."""
        try:
            found = await self._soon(files.stat(f"{self._folder}/{name}"))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure):
            return []
        return [_offer(name, found)] if found.type == FILEXFER_TYPE_REGULAR else []

    async def _bring(self, offer: Offer, landing: Landing) -> None:
        files = await self._connected()
        file = await self._soon(_opened(files, f"{self._folder}/{offer.name}"))
        try:
            _same(await self._soon(file.stat()), offer, landing)
            while chunk := await self._soon(file.read(CHUNK, landing.at)):
                landing.write(cast("bytes", chunk))
            _same(await self._soon(file.stat()), offer, landing)
        finally:
            if self._connection and not self._connection.is_closed():
                await self._soon(file.close())

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._files is None:
            keys = self._keys()  # to open one may take its time
            self._connection = await self._soon(self._connect(keys))
            self._files = await self._soon(_begun(self._connection))
        return self._files

    async def _connect(self, keys: list[asyncssh.SSHKey] | None) -> asyncssh.SSHClientConnection:
        self._guard.problem = ""
        connection, _ = await asyncssh.create_connection(
            lambda: Client(self._guard),
            self._address.hostname or "",
            self._address.port or PORT,
            username=unquote(self._address.username or ""),
            password=self._login.password.reveal() or None,
            client_keys=keys,
            known_hosts=self._guard.known,
            agent_path=None,
            config=None,  # what stands in this user's own ssh settings is not meant for us
        )
        return connection

    def _keys(self) -> list[asyncssh.SSHKey] | None:
        file = self._login.key_file
        if file is None:
            return None
        try:
            return [asyncssh.read_private_key(file, self._login.passphrase.reveal() or None)]
        except (OSError, ValueError) as error:
            problem = (
                f"key_file holds no private key that the passphrase opens ({self._told(error)})"
            )
            raise SourceDenied(source=self._source, problem=problem) from None

    @contextmanager
    def _translated(self, what: str, landing: Landing | None = None) -> Iterator[None]:
        try:
            yield
        except asyncssh.SFTPNoSuchFile:
            if landing is not None:
                raise landing.gone("the server has no such file") from None
            problem = f"there is no {what}"
            raise SourceUnavailable(source=self._source, problem=problem) from None
        except asyncssh.SFTPPermissionDenied:
            raise SourceDenied(source=self._source, problem=f"{what} may not be read") from None
        except asyncssh.PermissionDenied as error:
            raise SourceDenied(source=self._source, problem=self._told(error)) from None
        except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as error:
            problem = self._guard.problem or f"its host key is not known ({self._told(error)})"
            raise SourceUntrusted(source=self._source, problem=problem) from None
        except (asyncssh.Error, OSError) as error:
            raise SourceUnavailable(source=self._source, problem=self._lost(error)) from None
        except SourceUnavailable:
            self._hang_up()  # what was asked may still be answered
            raise

    def _lost(self, error: Exception) -> str:
        self._hang_up()
        host = f"{self._address.hostname}:{self._address.port or PORT}"
        if isinstance(error, _Silent):
            return f"{host}: no answer in time"
        if isinstance(error, socket.gaierror):
            return f"{host}: nobody knows its host's address"
        if isinstance(error, asyncssh.SFTPFailure):
            return f"{host}: the server cannot do it ({self._told(error)})"
        if isinstance(error, asyncssh.Error):
            return f"{host}: the connection was cut ({self._told(error)})"
        return f"{host}: no connection"

    def _told(self, error: Exception) -> str:
        return told(error, self._login.password, self._login.passphrase)


class _Silent(TimeoutError):  # noqa: N818 -- a fact about the server
    """The server did not answer in time."""


async def _next(
    entries: AsyncIterator[asyncssh.SFTPName],
) -> asyncssh.SFTPName | None:
    return await anext(entries, None)


async def _begun(connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
    return await connection.start_sftp_client(path_errors="surrogateescape")


async def _opened(files: asyncssh.SFTPClient, path: str) -> asyncssh.SFTPClientFile:
    return await files.open(path, "rb")


def _same(found: asyncssh.SFTPAttrs, offer: Offer, landing: Landing) -> None:
    if _mark(found) != offer.mark:
        raise landing.gone("it was replaced, or is still being written")


def _folder(address: SplitResult) -> str:
    """The folder, relative to where the user comes in unless it begins with two slashes."""
    path = unquote(address.path).removeprefix("/").rstrip("/")
    return path or ("" if address.path.startswith("//") else ".")


def _offer(name: str, found: asyncssh.SFTPAttrs) -> Offer:
    changed_at = datetime.fromtimestamp(found.mtime or 0, UTC)
    return Offer(name, found.size, _mark(found), changed_at)


def _mark(found: asyncssh.SFTPAttrs) -> str:
    return f"{found.mtime}-{found.size}"
