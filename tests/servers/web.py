"""A web server with HTTPS and a certificate authority of its own, and faults on demand."""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass
class Site:
    """What the server has and how it behaves.

    Attributes:
        files: content by path.
        moved: where a path redirects to.
        login: user and password that it wants, or None.
        token: that it wants in X-Token, or blank.
        etags: whether it tells them.
        dates: whether it tells times of change.
        ranges: whether it serves parts.
        heads: whether it answers HEAD.
        status: that it answers to everything, or None.
        midway: called once in the middle of the next body.
        drip: seconds between bytes of a body.
        asked: method, path and the header Range of each request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    token: str = ""
    etags: bool = True
    dates: bool = True
    ranges: bool = True
    heads: bool = True
    status: int | None = None
    midway: Callable[[], None] | None = None
    drip: float = 0.0
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    port: int = 0
    ca: Path | None = None

    def index(self, folder: str = "/") -> bytes:
        """A page that links to all files of a folder, as servers make them."""
        names = [path.removeprefix(folder) for path in self.files if path.startswith(folder)]
        links = [f'<a href="{quote(name)}">{name}</a>' for name in names if "/" not in name]
        return "<html><a href='../'>../</a><a href='?C=M'>by date</a>{}</html>".format(
            "\n".join(links)
        ).encode()


def etag(content: bytes) -> str:
    """What tells one content from another."""
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_HEAD(self) -> None:
        if self.site.heads:
            self._serve(with_body=False)
        else:
            self._end(501)

    def do_GET(self) -> None:
        self._serve(with_body=True)

    def _serve(self, *, with_body: bool) -> None:
        site, path = self.site, unquote(urlsplit(self.path).path)
        site.asked.append((self.command, path, self.headers.get("Range")))
        if not self._may_enter():
            self._end(401)
        elif site.status is not None:
            self._end(site.status)
        elif path in site.moved:
            self._end(302, {"Location": site.moved[path]})
        elif path not in site.files:
            self._end(404)
        else:
            self._send(site.files[path], with_body=with_body)

    def _may_enter(self) -> bool:
        if self.site.login:
            pair = ":".join(self.site.login).encode()
            wanted = "Basic " + base64.b64encode(pair).decode()
            return self.headers.get("Authorization") == wanted
        return not self.site.token or self.headers.get("X-Token") == self.site.token

    def _send(self, content: bytes, *, with_body: bool) -> None:
        site = self.site
        headers = {"ETag": etag(content)} if site.etags else {}
        headers |= {"Last-Modified": formatdate(1706180400, usegmt=True)} if site.dates else {}
        wanted = self.headers.get("If-Match")
        if site.etags and wanted is not None and wanted != etag(content):
            self._end(412)
            return
        begin, end, status = 0, len(content), 200
        asked = self.headers.get("Range")
        if asked and site.ranges and self.headers.get("If-Range", etag(content)) == etag(content):
            first, last = asked.removeprefix("bytes=").split("-")
            begin, end, status = int(first), min(int(last or end - 1) + 1, end), 206
            if begin >= len(content):
                self._end(416)
                return
            headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(content)}"
        self._end(status, headers, end - begin)
        if with_body:
            self._write(content[begin:end])

    def _write(self, body: bytes) -> None:
        site = self.site
        try:
            if site.drip:
                for place in range(len(body)):
                    self.wfile.write(body[place : place + 1])
                    time.sleep(site.drip)
                return
            self.wfile.write(body[: len(body) // 2])
            if site.midway:
                todo, site.midway = site.midway, None
                todo()
            self.wfile.write(body[len(body) // 2 :])
        except OSError:
            self.close_connection = True

    def _end(self, status: int, headers: dict[str, str] | None = None, length: int = 0) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        one, address = super().get_request()
        # The handshake is done by the thread of the connection, not by the one that accepts.
        wrapped = self.context.wrap_socket(one, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are what these tests are about."""


@contextmanager
def web_server(
    folder: Path, *, asks_for_certificate: bool = False, name: str = "127.0.0.1"
) -> Iterator[Site]:
    """A server on this machine; its own authority's certificate lies in `ca` of the site.

    Args:
        folder: where to put certificates: ca.pem, and client.pem with its key.
        asks_for_certificate: let nobody in who has none.
        name: for which its certificate is made out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    site = Site(ca=folder / "ca.pem")
    authority.cert_pem.write_to_path(str(site.ca))
    authority.issue_cert("client").private_key_and_cert_chain_pem.write_to_path(
        str(folder / "client.pem")
    )
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    server.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(server.context)
    if asks_for_certificate:
        authority.configure_trust(server.context)
        server.context.verify_mode = ssl.CERT_REQUIRED
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
