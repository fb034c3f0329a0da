"""A post office for tests: an SMTP server, a process of its own, that misbehaves on purpose.

    python tests/postoffice.py '{"record": "taken.jsonl", …}'

It says its port on a line of its own, and writes one line for each letter it has taken, before it
replies; a file that is only appended to, so that it can be counted whoever was killed. The server
itself is aiosmtpd's.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Manners:
    """How a server behaves.

    Attributes:
        record: the file of what it took.
        certificate: of the server, with its key, in one file; none: it offers no TLS.
        user: who may log in; blank: nobody needs to.
        password: of that user.
        most: letters that it takes in one session; the next gets 421.
        greylists: each recipient is told 450 the first time.
        refuses: recipients, and what they are refused with.
        senders: the same of senders.
        ends: replies at the end of the message, by recipient.
        vanishes: recipients at whose letter it goes away after taking it, without a reply.
        breaks: recipients at whose letter it goes away in the middle.
        sleeps: recipients at whose name it says nothing any more.
        utf8: it takes addresses beyond ASCII.
    """

    record: str
    certificate: str | None = None
    user: str = ""
    password: str = ""
    most: int = 0
    greylists: bool = False
    refuses: dict[str, str] = field(default_factory=dict)
    senders: dict[str, str] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    vanishes: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    sleeps: tuple[str, ...] = ()
    utf8: bool = True


class Clerk:
    """Takes letters, and refuses what it is told to refuse."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._seen: Counter[str] = Counter()
        self._record = os.open(manners.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's names
        self, server: Desk, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender."""
        if self._manners.most and server.taken >= self._manners.most:
            server.leave()
            return "421 4.7.0 that is enough for one session"
        if refusal := self._manners.senders.get(address):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 -- the same
        self, _: Desk, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        """Take a recipient."""
        self._seen[address] += 1
        if address in self._manners.sleeps:
            await asyncio.Event().wait()
        if self._manners.greylists and self._seen[address] == 1:
            return "450 4.2.0 greylisted, come back later"
        if refusal := self._manners.refuses.get(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 -- the same
        self, server: Desk, session: Session, envelope: Envelope
    ) -> str:
        """Take a message, and write it down."""
        [recipient] = envelope.rcpt_tos
        if refusal := self._manners.ends.get(recipient):
            return refusal
        content = envelope.original_content or b""
        headers = BytesHeaderParser().parsebytes(content)
        taken = {
            "id": headers["Message-ID"],
            "to": recipient,
            "from": envelope.mail_from,
            "options": envelope.mail_options,
            "encrypted": session.ssl is not None,
            "login": bool(session.authenticated),
            "session": server.number,
            "content": content.decode("latin-1"),
        }
        os.write(self._record, json.dumps(taken).encode() + b"\n")
        server.taken += 1
        if recipient in self._manners.vanishes:
            server.vanish()
        return "250 OK"


class Desk(SMTP):
    """One session."""

    sessions = 0

    def __init__(self, clerk: Clerk, manners: Manners, context: ssl.SSLContext | None) -> None:
        super().__init__(
            clerk,
            hostname="postoffice.example",
            tls_context=context,
            require_starttls=context is not None,
            enable_SMTPUTF8=manners.utf8,
            auth_required=bool(manners.user),
            auth_require_tls=context is not None,
            authenticator=self._let_in,
            ident="post office",
        )
        Desk.sessions += 1
        self.number = Desk.sessions
        self.taken = 0
        self._manners = manners

    def _let_in(self, _: object, __: object, ___: object, ____: object, given: Any) -> AuthResult:  # noqa: ANN401
        assert isinstance(given, LoginPassword)
        wanted = (self._manners.user.encode(), self._manners.password.encode())
        # handled=False: a refusal is replied to.
        return AuthResult(success=(given.login, given.password) == wanted, handled=False)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 -- aiosmtpd's name
        """Take a message, or go away in the middle of it."""
        named = self.envelope.rcpt_tos if self.envelope else []
        if set(named) & set(self._manners.breaks):
            await self.push("354 go on")
            await self._reader.readline()
            self.vanish()
            return
        await super().smtp_DATA(arg)

    def leave(self) -> None:
        """Close after the reply, as 421 says."""
        assert self.transport is not None
        asyncio.get_running_loop().call_soon(self.transport.close)

    def vanish(self) -> None:
        """Go away without a word."""
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.abort()


async def serve(manners: Manners) -> None:
    """Be a post office until killed."""
    context = None
    if manners.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(manners.certificate)
    clerk = Clerk(manners)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Desk(clerk, manners, context), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- to whoever started it
    await server.serve_forever()


class Office:
    """A post office that runs.

    Attributes:
        port: where.
    """

    def __init__(self, port: int, record: Path, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process
        self._record = record

    @property
    def taken(self) -> list[dict[str, Any]]:
        """All letters that it took, in order."""
        if not self._record.exists():
            return []
        return [json.loads(line) for line in self._record.read_text("utf-8").splitlines()]

    def counts(self) -> Counter[str]:
        """How often it took each letter, by Message-ID."""
        return Counter(letter["id"] for letter in self.taken)


@contextmanager
def started(script: Path, record: Path, told: dict[str, Any]) -> Iterator[Office]:
    """A server's script as a process, until the end of the block."""
    with subprocess.Popen(
        [sys.executable, str(script), json.dumps(told)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Office(int(process.stdout.readline()), record, process)
        finally:
            process.kill()


@contextmanager
def office(record: Path, **manners: Any) -> Iterator[Office]:  # noqa: ANN401 -- those of Manners
    """A post office with these manners."""
    told = asdict(Manners(str(record), **manners))
    with started(Path(__file__), record, told) as made:
        yield made


if __name__ == "__main__":
    asyncio.run(serve(Manners(**json.loads(sys.argv[1]))))
