"""Letters by SMTP: encrypted, with checked certificates, many on one session.

What is sure decides: lost before the letter's last byte was handed over, it was not sent; lost
between that byte and the server's reply, nobody knows.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from loanbook.errors import BadSetting, CarrierUnavailable, SessionLost
from loanbook.outbox.envelope import Envelope, Undeliverable, quoted
from loanbook.outbox.letter import Fate, Message
from loanbook.outbox.replies import CLOSING, READY, TOO_LARGE, Reply, kept
from loanbook.settings import Settings
from loanbook.settings.letters import Mail

PASSWORD = "LOANBOOK_SMTP_PASSWORD"  # noqa: S105 -- where it stands, not what it is
MOST_REFUSALS = 3  # of letters in a row that blame us; then it is no matter of a letter


class Smtp:
    """A server that speaks SMTP.

    Args:
        mail: how to reach it.
        password: of `mail.user`, if that is set.
        context: which certificates are trusted.
    """

    name = "smtp"

    def __init__(self, mail: Mail, password: str, context: ssl.SSLContext) -> None:
        self._mail = mail
        self._password = password
        self._context = context
        self._own_name = socket.getfqdn()  # asked once: a name server may be slow

    @classmethod
    def of(cls, settings: Settings, environ: Mapping[str, str]) -> Smtp:
        """The server that loanbook.toml names.

        Raises:
            BadSetting: the file of certificates or of the password cannot be read, or a password
                would travel in the clear.
        """
        mail = settings.letters.mail
        if mail.user and mail.security == "none":
            problem = "a password travels over TLS only"
            raise BadSetting(key="mail.security", file=settings.toml, problem=problem)
        context = ssl.create_default_context()
        if mail.ca_file:
            try:
                context.load_verify_locations(settings.home / Path(mail.ca_file).expanduser())
            except OSError as error:
                problem = f"{mail.ca_file} holds no certificates that can be read"
                raise BadSetting(key="mail.ca_file", file=settings.toml, problem=problem) from error
        return cls(mail, _password(settings, environ) if mail.user else "", context)

    @contextmanager
    def open(self) -> Iterator[SmtpSession]:
        """Connect, encrypt, log in.

        Raises:
            CarrierUnavailable: one of these failed; the message says which.
        """
        server = self._connected()
        try:
            yield SmtpSession(server)
        finally:
            with suppress(OSError):  # the server may have gone already
                if server.sock is not None:
                    server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        mail = self._mail
        try:
            server = self._greeted()
            try:
                if mail.security == "starttls":
                    server.starttls(context=self._context)
                    server.ehlo()
                if mail.user:
                    server.login(mail.user, self._password)
            except BaseException:
                server.close()
                raise
        except (OSError, UnicodeError) as error:
            problem = f"{mail.host}:{mail.port}: {_told(error)}"
            raise CarrierUnavailable(carrier=self.name, problem=problem) from error
        return server

    def _greeted(self) -> smtplib.SMTP:
        mail = self._mail
        place = (mail.host, mail.port, self._own_name)
        server: smtplib.SMTP
        if mail.security == "tls":
            server = smtplib.SMTP_SSL(*place, timeout=mail.timeout, context=self._context)
        else:
            server = smtplib.SMTP(*place, timeout=mail.timeout)
        if server.sock is not None:  # each command goes at once, it is not kept for a larger packet
            server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.ehlo_or_helo_if_needed()
        return server


class SmtpSession:
    """A session, used for many letters by one thread."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server
        self._refusals = 0

    def send(self, message: Message) -> Fate:
        """Send one message; a refused recipient does not end the session.

        Raises:
            SessionLost: the connection is lost; the fate of this message is with it.
            CarrierUnavailable: the server refuses us, so that no letter would go.
        """
        try:
            envelope = Envelope.of(message, self._server.esmtp_features)
        except Undeliverable as problem:
            state = "suppressed" if problem.is_lasting else "failed"
            return Fate(message.letter_id, state, reason=str(problem))
        try:
            fate = self._announce(message, envelope)
            if fate is None:
                self._server.send(quoted(message.content))
            else:
                self._server.rset()
        except OSError as error:
            raise _lost(message, "failed", error) from error
        if fate is not None:
            return fate
        try:
            reply = self._reply()
        except OSError as error:
            raise _lost(message, "unknown", error) from error
        return self._ended(message, reply)

    def _announce(self, message: Message, envelope: Envelope) -> Fate | None:
        """Name sender and recipient; None: the server waits for the message."""
        replies = self._asked(envelope)
        for number, reply in enumerate(replies):
            if reply.code == CLOSING:
                raise smtplib.SMTPServerDisconnected(reply.reason)
            if reply.is_good or reply.code == READY:
                continue
            if replies[-1].code == READY and number < len(replies) - 1:
                self._server.send(b".\r\n")  # it waits for a message that nobody will get
                self._reply()
            return self._refused(message, reply, ("sender", "recipient", "message")[number])
        return None

    def _asked(self, envelope: Envelope) -> list[Reply]:
        """The replies to each line; where the server allows, one journey for all of them."""
        if "pipelining" in self._server.esmtp_features:
            self._server.send(b"".join(envelope.lines))
            replies = []
            for _ in envelope.lines:
                replies.append(self._reply())
                if replies[-1].code == CLOSING:
                    break
            return replies
        replies = []
        for line in envelope.lines:
            self._server.send(line)
            replies.append(self._reply())
            if not replies[-1].is_good:
                break
        return replies

    def _refused(self, message: Message, reply: Reply, what: str) -> Fate:
        reason = f"{what} refused: {reply.reason}"
        if reply.is_temporary:
            return Fate(message.letter_id, "failed", reason=reason)
        if what != "sender" and reply.blames_recipient(at_recipient=what == "recipient"):
            self._refusals = 0
            return Fate(message.letter_id, "suppressed", reason=reason)
        self._refusals += 1
        hopeless = what == "sender" and reply.code != TOO_LARGE
        if hopeless or reply.is_about_login or self._refusals >= MOST_REFUSALS:
            raise CarrierUnavailable(carrier=Smtp.name, problem=reason)
        return Fate(message.letter_id, "failed", reason=reason)

    def _ended(self, message: Message, reply: Reply) -> Fate:
        if reply.is_good:
            self._refusals = 0
            return Fate(message.letter_id, "sent", message.message_id)
        if reply.code == CLOSING:
            closing = smtplib.SMTPServerDisconnected(reply.reason)
            raise _lost(message, "failed", closing) from closing
        return self._refused(message, reply, "message")

    def _reply(self) -> Reply:
        code, text = self._server.getreply()
        if code < 0:
            raise smtplib.SMTPServerDisconnected("what it says is no SMTP")
        return Reply(code, text)


def _lost(message: Message, state: str, error: OSError) -> SessionLost:
    problem = _told(error)
    message_id = message.message_id if state == "unknown" else None
    fate = Fate(message.letter_id, state, message_id, f"connection lost: {problem}")
    return SessionLost(carrier=Smtp.name, problem=problem, fate=fate)


def _told(error: Exception) -> str:
    """What went wrong, in a few words without addresses."""
    match error:
        case smtplib.SMTPAuthenticationError():
            reply = Reply(error.smtp_code, _bytes(error.smtp_error))
            said = f"the login is refused: {reply.reason}"
        case smtplib.SMTPResponseException():
            said = f"the server refuses: {Reply(error.smtp_code, _bytes(error.smtp_error)).reason}"
        case ssl.SSLCertVerificationError():
            said = f"its certificate is not trusted: {error.verify_message}"
        case UnicodeError():
            said = "user and password must be plain ASCII"
        case TimeoutError():
            said = "it does not answer in time"
        case OSError():
            said = error.strerror or str(error) or type(error).__name__
        case _:
            said = type(error).__name__
    return kept(said)


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("ascii", "replace")


def _password(settings: Settings, environ: Mapping[str, str]) -> str:
    mail = settings.letters.mail
    if environ.get(PASSWORD):
        return environ[PASSWORD]
    if not mail.password_file:
        problem = f"there is no password for it; set it, or {PASSWORD} in the environment"
        raise BadSetting(key="mail.password_file", file=settings.toml, problem=problem)
    try:
        path = settings.home / Path(mail.password_file).expanduser()
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{mail.password_file} cannot be read"
        raise BadSetting(key="mail.password_file", file=settings.toml, problem=problem) from error
