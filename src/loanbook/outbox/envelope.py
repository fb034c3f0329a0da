"""The lines that name sender and recipient to an SMTP server, and the message as it is quoted."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from loanbook.outbox.letter import Message

# Whatever else is wrong with an address the server may say; these would break the line.
_ADDRESS = re.compile(r"[^\s<>\x00-\x20\x7f@]+@[^\s<>\x00-\x20\x7f@]+")
_DOT = re.compile(rb"^\.", re.MULTILINE)


class Undeliverable(ValueError):  # noqa: N818 -- a fact, as in errors.py
    """A message cannot go to this address by this server.

    Attributes:
        is_lasting: it is the address's own fault.
    """

    def __init__(self, problem: str, *, is_lasting: bool) -> None:
        super().__init__(problem)
        self.is_lasting = is_lasting


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is said before the message.

    Attributes:
        lines: MAIL, RCPT and DATA, each with its end.
    """

    lines: tuple[bytes, bytes, bytes]

    @classmethod
    def of(cls, message: Message, offered: Container[str]) -> Envelope:
        """The lines for a message.

        Args:
            message: with sender and recipient.
            offered: extensions that the server offers, in small letters.

        Raises:
            Undeliverable: an address is none, or the server cannot take it.
        """
        try:
            sender = _plain(message.sender)
        except Undeliverable as error:
            raise Undeliverable("the sender's address is malformed", is_lasting=False) from error
        recipient = _plain(message.recipient)
        options = f" SIZE={len(message.content)}" if "size" in offered else ""
        if not message.content.isascii() and "8bitmime" in offered:
            options += " BODY=8BITMIME"
        if not (sender + recipient).isascii():
            if "smtputf8" not in offered:
                problem = "the server takes no address beyond ASCII (no SMTPUTF8)"
                raise Undeliverable(problem, is_lasting=False)
            options += " SMTPUTF8"
        lines = (f"MAIL FROM:<{sender}>{options}", f"RCPT TO:<{recipient}>", "DATA")
        mail, rcpt, data = (f"{line}\r\n".encode() for line in lines)
        return cls((mail, rcpt, data))


def _plain(address: str) -> str:
    """The address, its domain in ASCII."""
    if not _ADDRESS.fullmatch(address):
        raise Undeliverable("the address is malformed", is_lasting=True)
    if address.isascii():
        return address
    # Slow to load, and seldom needed.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        found = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise Undeliverable("the address is malformed", is_lasting=True) from error
    return f"{found.local_part}@{found.ascii_domain}"


def quoted(content: bytes) -> bytes:
    """A message with its leading dots doubled, and the dot that ends it."""
    end = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    return _DOT.sub(b"..", content) + end
