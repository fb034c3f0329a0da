"""Asking a server by HTTPS: it has to prove who it is, and may not lead us just anywhere."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.exceptions import SSLError as TrustError

from loanbook.errors import (
    SourceDenied,
    SourceStrays,
    SourceUnavailable,
    SourceUntrusted,
)
from loanbook.sources.transports.secrets import Secret, told

REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 5
OK, PARTIAL, UNAUTHORISED, FORBIDDEN, PROXY, NOT_FOUND, GONE = 200, 206, 401, 403, 407, 404, 410
CHANGED, BEYOND, NO_METHOD, NOT_DONE = 412, 416, 405, 501
_OURS = {OK, PARTIAL, NOT_FOUND, GONE, CHANGED, BEYOND, NO_METHOD, NOT_DONE}  # callers judge them

Answer = urllib3.BaseHTTPResponse


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we trust, and how we show who we are.

    Attributes:
        ca_file: certificates to trust beside those of the system.
        certificate: of our own, for servers that ask for one, with its key in it or in `key`.
        key: of that certificate.
        headers: that tell the server who we are; sent to the source's own host only.
        secrets: what must not be shown.
        hosts: other hosts to which the source may lead us.
    """

    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    headers: Mapping[str, Secret] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    hosts: frozenset[str] = frozenset()


class Web:
    """One server, asked again and again over connections that stay open."""

    def __init__(self, source: str, key: str, address: str, trust: Trust, timeout: int) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            source: whose server it is.
            key: of its settings, for messages.
            address: an address on it.
            trust: whom we trust.
            timeout: seconds without an answer, or without further bytes of it.

        Raises:
            OSError: a certificate is none (ssl.SSLError is an OSError).
        """
        self._source = source
        self._key = key
        self._home = urlsplit(address)
        self._trust = trust
        context = ssl.create_default_context()
        if trust.ca_file:
            context.load_verify_locations(trust.ca_file)
        if trust.certificate:
            context.load_cert_chain(trust.certificate, trust.key)
        options = {
            "ssl_context": context,
            "timeout": urllib3.Timeout(connect=timeout, read=timeout),
            "retries": False,
        }
        proxy = getproxies().get("https")
        if proxy and not proxy_bypass(self._home.hostname or ""):
            self._pool: urllib3.PoolManager = urllib3.ProxyManager(proxy, **options)  # type: ignore[arg-type]
        else:
            self._pool = urllib3.PoolManager(**options)  # type: ignore[arg-type]

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.clear()

    @contextmanager
    def ask(
        self, method: str, address: str, headers: Mapping[str, str] | None = None
    ) -> Iterator[Answer]:
        """An answer whose body is still to be read by `chunks`; redirects were followed.

        Its status is one of 200, 206, 404, 405, 410, 412, 416 and 501.

        Raises:
            SourceUnavailable, SourceDenied, SourceUntrusted, SourceStrays: instead of all others.
        """
        answer = self._follow(method, address, headers or {})
        try:
            yield answer
        finally:
            if method == "HEAD":
                answer.drain_conn()  # nothing to read: the connection serves the next question
            else:
                answer.close()  # what was not read would be in the way of the next answer

    def chunks(self, answer: Answer, size: int) -> Iterator[bytes]:
        """The bytes of an answer as they come.

        Raises:
            SourceUnavailable: they stopped coming too early.
        """
        with self._translated():
            while chunk := answer.read1(size, decode_content=False):
                yield chunk

    def _follow(self, method: str, address: str, headers: Mapping[str, str]) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            self._approve(address)
            with self._translated():
                answer = self._pool.request(
                    method,
                    address,
                    headers={"Accept-Encoding": "identity", **headers, **self._login(address)},
                    preload_content=False,
                    redirect=False,
                )
            if answer.status not in REDIRECTS:
                self._judge(answer)
                return answer
            answer.close()
            try:
                address = urljoin(address, answer.headers.get("Location", ""))
            except ValueError:
                raise SourceStrays(source=self._source, problem="it leads to no address") from None
        raise SourceStrays(source=self._source, problem="it redirects again and again")

    def _login(self, address: str) -> dict[str, str]:
        at_home = _place(urlsplit(address)) == _place(self._home)
        return {name: one.reveal() for name, one in self._trust.headers.items() if at_home}

    def _approve(self, address: str) -> None:
        """Whether the source may lead us there."""
        try:
            target = urlsplit(address)
            place = _place(target)
        except ValueError:
            raise SourceStrays(source=self._source, problem="it leads to no address") from None
        if target.scheme != "https":
            problem = f"it leads to an address that begins with {told(target.scheme)}:, not https:"
            raise SourceStrays(source=self._source, problem=problem)
        host = target.hostname or ""
        if place != _place(self._home) and not {host, f"{host}:{place[1]}"} & self._trust.hosts:
            problem = (
                f"it leads to {told(host)}:{place[1]}; if that is right, name this host in"
                f" {self._key}.hosts"
            )
            raise SourceStrays(source=self._source, problem=problem)

    def _judge(self, answer: Answer) -> None:
        if answer.status in _OURS:
            if answer.headers.get("Content-Encoding", "identity") == "identity":
                return
            answer.close()
            self._fail("it packs its answer although it was asked not to")
        answer.close()
        said = f"it answers {answer.status} {told(answer.reason or '')}".strip()
        if answer.status in {UNAUTHORISED, FORBIDDEN, PROXY}:
            raise SourceDenied(source=self._source, problem=said)
        self._fail(said)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TrustError as error:
            cause = error.args[0] if error.args else error
            if isinstance(cause, ssl.SSLCertVerificationError):
                problem = f"its certificate is not to be trusted ({cause.verify_message})"
                raise SourceUntrusted(source=self._source, problem=problem) from None
            self._fail(self._told(error))
        except (HTTPError, OSError) as error:
            self._fail(self._told(error))

    def _told(self, error: Exception) -> str:
        name = type(error).__name__
        known = {
            "ConnectTimeoutError": "no connection in time",
            "ReadTimeoutError": "no answer in time",
            "NameResolutionError": "nobody knows its host's address",
            "NewConnectionError": "no connection",
            "ProtocolError": "the connection was cut",
            "IncompleteRead": "the connection was cut",
            "ProxyError": "the proxy does not help",
        }
        place = f"{self._home.hostname}:{_place(self._home)[1]}"
        return f"{place}: {known.get(name) or told(error, *self._trust.secrets)}"

    def _fail(self, problem: str) -> NoReturn:
        raise SourceUnavailable(source=self._source, problem=problem) from None


def _place(address: SplitResult) -> tuple[str, int]:
    return (address.hostname or "").lower(), address.port or 443
