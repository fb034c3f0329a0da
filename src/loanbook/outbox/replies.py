"""What an SMTP server's reply means for a letter, and how much of it may be kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

CLOSING = 421
READY = 354  # to take the message
TOO_LARGE = 552
LONGEST = 200  # characters of a reason

_LOGIN = frozenset({530, 534, 535, 538})  # it is required, too weak, or failed
_MAILBOX = frozenset({550, 551, 552, 553, 556})  # said of a recipient
_ENHANCED = re.compile(rb"^5\.(\d{1,3})\.(\d{1,3})\b")
_ADDRESS = re.compile(r"<[^<>]*>|[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_ADDRESSING, _MAILBOXES, _PROTOCOL, _CONTENT, _POLICY = 1, 2, 5, 6, 7  # subjects of RFC 3463
_SENDER = frozenset({7, 8})  # details of addressing that speak of the sender


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of a server.

    Attributes:
        code: its three digits; -1 of what is no SMTP.
        text: the words behind.
    """

    code: int
    text: bytes

    @property
    def is_good(self) -> bool:
        """What was asked is done."""
        return 200 <= self.code < 300  # noqa: PLR2004 -- as RFC 5321 divides

    @property
    def is_temporary(self) -> bool:
        """The same may be accepted later."""
        return 400 <= self.code < 500  # noqa: PLR2004 -- the same

    @property
    def is_about_login(self) -> bool:
        """It is not known who we are."""
        return self.code in _LOGIN

    def blames_recipient(self, *, at_recipient: bool) -> bool:
        """Whether a lasting refusal means the address, not us, our letter or our way to speak.

        Args:
            at_recipient: it was said when the recipient was named, not when the letter was there.
        """
        if self.is_about_login:
            return False
        found = _ENHANCED.match(self.text)
        if found is None:
            return at_recipient and self.code in _MAILBOX
        subject, detail = int(found[1]), int(found[2])
        if subject == _ADDRESSING:
            return detail not in _SENDER
        if subject in {_PROTOCOL, _CONTENT, _POLICY}:
            return False
        return subject == _MAILBOXES or at_recipient

    @property
    def reason(self) -> str:
        """The reply in one short line, without any address that the server repeats."""
        return kept(f"{self.code} {self.text.decode('ascii', 'replace')}")


def kept(words: str) -> str:
    """Foreign words in one short line of plain characters, without addresses."""
    plain = _UNPRINTABLE.sub("?", " ".join(words.split()))
    return _ADDRESS.sub("(address)", plain)[:LONGEST].strip()
