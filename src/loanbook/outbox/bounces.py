"""Delivery reports (RFC 3464) from a maildir: whose letter came back, and why.

A report names the letter by its Message-ID, in the headers that came back with it; where it has
none, by its recipient. Only a lasting failure that is the address's own counts.
"""

from __future__ import annotations

import email
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Parsed
from pathlib import Path

from loanbook.database.connection import Database
from loanbook.errors import CarrierUnavailable, Refused
from loanbook.outbox import queue
from loanbook.outbox.replies import Reply, kept

LARGEST = 5_000_000  # bytes of a report; a longer message is none
REFUSED = 550
_SEEN, _UNSEEN = ":2,S", ":2,"  # flags in a maildir; a person still wants to see what is no report


@dataclass(frozen=True, slots=True)
class Bounce:
    """A recipient whom a report says that a letter did not reach, for good.

    Attributes:
        message_id: of the letter, if the report tells it.
        recipient: address that it was sent to, if the report tells it.
        reason: what the report says, without addresses.
    """

    message_id: str | None
    recipient: str | None
    reason: str


@dataclass(slots=True)
class Collected:
    """What was found.

    Attributes:
        noted: letters whose address is suppressed now.
        strange: reports of letters that the book does not know.
        passed_over: messages that report no lasting failure of an address.
    """

    noted: int = 0
    strange: int = 0
    passed_over: int = 0


def collect(book: Database, maildir: Path) -> Collected:
    """Read all new messages of a maildir, note what bounced, and move them to those that are read.

    If it ends in the middle, the message in hand is read again next time, and noted once.

    Raises:
        CarrierUnavailable: the maildir cannot be read or written.
    """
    counted = Collected()
    try:
        for path in sorted((maildir / "new").iterdir()):
            found = list(bounces(path.read_bytes()[:LARGEST]))
            for bounce in found:
                if _noted(book, bounce):
                    counted.noted += 1
                else:
                    counted.strange += 1
            counted.passed_over += not found
            path.rename(maildir / "cur" / (path.name + (_SEEN if found else _UNSEEN)))
    except OSError as error:
        problem = f"{maildir}: {error.strerror}"
        raise CarrierUnavailable(carrier="the maildir of bounces", problem=problem) from error
    return counted


def bounces(content: bytes) -> Iterator[Bounce]:
    """The lasting failures that a message reports; none if it is no report."""
    report = email.message_from_bytes(content)
    if report.get_content_type() != "multipart/report" or not report.is_multipart():
        return
    message_id = _message_id(report)
    for part in report.walk():
        if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
            continue
        for fields in part.get_payload():  # about the whole, then about each recipient
            if isinstance(fields, Parsed) and _is_lasting(fields):
                yield Bounce(message_id, _recipient(fields), _reason(fields))


def _noted(book: Database, bounce: Bounce) -> bool:
    if bounce.message_id is not None:
        found = queue.note_bounce(book, bounce.reason, message_id=bounce.message_id)
        return found is not None
    if bounce.recipient is None:
        return False
    try:
        queue.suppress(book, bounce.recipient, bounce.reason)
    except Refused:  # it is no address
        return False
    return True


def _is_lasting(fields: Parsed) -> bool:
    status = _value(fields, "Status").encode("ascii", "replace")
    return (
        _value(fields, "Action").casefold() == "failed"
        and status.startswith(b"5.")
        and Reply(REFUSED, status).blames_recipient(at_recipient=True)
    )


def _reason(fields: Parsed) -> str:
    said = _value(fields, "Diagnostic-Code").partition(";")[2]
    return kept(f"came back: {_value(fields, 'Status')} {said}")


def _recipient(fields: Parsed) -> str | None:
    for name in ("Original-Recipient", "Final-Recipient"):
        kind, _, address = _value(fields, name).partition(";")
        if kind.strip().casefold() in {"rfc822", "utf-8"} and "@" in address:
            return address.strip().strip("<>")
    return None


def _message_id(report: Parsed) -> str | None:
    """That of the letter, not of the report."""
    for part in report.walk():
        headers: object = None
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            headers = part.get_payload(0)
        elif part.get_content_type() == "text/rfc822-headers":
            returned = part.get_payload(decode=True)
            headers = email.message_from_bytes(returned) if isinstance(returned, bytes) else None
        if isinstance(headers, Parsed) and (found := _value(headers, "Message-ID")):
            return found
    return None


def _value(fields: Parsed, name: str) -> str:
    return " ".join(str(fields.get(name, "")).split())
