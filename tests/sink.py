"""A sink for letters: a small, fast SMTP server over TLS, for counting and for speed.

    python tests/sink.py '{"record": "taken.txt", "certificate": "server.pem", "delay": 0.02}'

TLS from the first byte, PIPELINING if wanted. It writes the Message-ID of each letter on a line of
its own before it replies. `delay`: seconds by which each reply comes late, as on a long journey.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import sys
from dataclasses import dataclass

END = b"\r\n.\r\n"
MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r\n[ \t]+)?(\S+)", re.IGNORECASE | re.MULTILINE)
REPLIES = {
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}


@dataclass(frozen=True)
class Ways:
    """How the sink works.

    Attributes:
        record: the file of what it took.
        certificate: of the server, with its key, in one file.
        delay: seconds by which each reply comes late.
        pipelining: whether it offers that.
    """

    record: str
    certificate: str
    delay: float = 0.0
    pipelining: bool = True


class Sink(asyncio.Protocol):
    """One session."""

    def __init__(self, ways: Ways, record: int) -> None:
        self._ways = ways
        self._record = record
        self._buffer = bytearray()
        self._in_message = False
        self._searched = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer all that is whole."""
        self._buffer += data
        said = bytearray()
        while (reply := self._message() if self._in_message else self._line()) is not None:
            said += reply
        if said:
            self._say(bytes(said))

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return None
        verb = bytes(self._buffer[:4]).upper()
        del self._buffer[: end + 2]
        self._in_message = verb == b"DATA"
        self._searched = 0
        if verb == b"EHLO":
            more = b"250-PIPELINING\r\n" if self._ways.pipelining else b""
            return b"250-sink.example\r\n" + more + b"250-8BITMIME\r\n250 SMTPUTF8\r\n"
        return REPLIES.get(verb, b"500 5.5.1 what?\r\n")

    def _message(self) -> bytes | None:
        end = self._buffer.find(END, self._searched)
        if end < 0:
            self._searched = max(len(self._buffer) - len(END), 0)
            return None
        found = MESSAGE_ID.search(self._buffer, 0, end)
        os.write(self._record, (found[1] if found else b"?") + b"\n")
        del self._buffer[: end + len(END)]
        self._in_message = False
        return b"250 2.0.0 taken\r\n"

    def _say(self, reply: bytes) -> None:
        if self._ways.delay:
            asyncio.get_running_loop().call_later(self._ways.delay, self._write, reply)
        else:
            self._write(reply)

    def _write(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)
            if reply.startswith(b"221"):
                self._transport.close()


async def serve(ways: Ways) -> None:
    """Be a sink until killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ways.certificate)
    record = os.open(ways.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(ways, record), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- to whoever started it
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Ways(**json.loads(sys.argv[1]))))
