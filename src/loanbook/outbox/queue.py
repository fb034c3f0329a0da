"""The queue of letters in the book: what its senders do, and all else that is done with it.

Each function is a transaction of its own, so that nothing is ever sent inside one.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loanbook import sql
from loanbook.outbox.entries import counts, listed, resolve, retry, shown
from loanbook.outbox.letter import Fate, Letter, OpenLoan

if TYPE_CHECKING:
    from datetime import datetime

    from loanbook.database.connection import Database, Row
    from loanbook.settings.letters import Mail

_QUERIES = sql.queries("outbox")

Rules = Mapping[str, object]
__all__ = [
    "Rules",
    "claim",
    "counts",
    "enter",
    "forsake",
    "leave",
    "lift",
    "listed",
    "mark",
    "note_bounce",
    "open_loan",
    "queue_team_letter",
    "resolve",
    "retry",
    "shown",
    "suppress",
]


def enter(book: Database) -> int:
    """Become a sender for as long as this connection lives.

    Returns:
        The sender's number, for `claim` and `mark` on this connection.
    """
    with book.transaction():
        sender_id: int = book.value(_QUERIES["enter"], host=socket.gethostname(), pid=os.getpid())
    return sender_id


def leave(book: Database, sender_id: int) -> None:
    """Be no sender any more; whatever is still claimed becomes unknown when somebody looks."""
    with book.transaction():
        book.value(_QUERIES["leave"], sender_id=sender_id)


def forsake(book: Database) -> int:
    """Let what dead senders had claimed become unknown: perhaps it was sent, a person decides.

    Returns:
        How many letters these were.
    """
    with book.transaction():
        forsaken: int = book.value(_QUERIES["forsake"])
    return forsaken


def claim(book: Database, sender_id: int, now: datetime, most: int, rules: Rules) -> list[Letter]:
    """Letters that this sender, and no other, is to send.

    What is paid meanwhile or past its day is cancelled instead, what must not go out suppressed.

    Args:
        book: the connection on which the sender entered.
        sender_id: the sender.
        now: the instant that decides window and day.
        most: so many at most.
        rules: as `loanbook.reminders.plan` makes them of the settings and of now.

    Returns:
        The oldest first; none if nothing is due.

    Raises:
        Refused: the sender did not enter on this connection.
    """
    with book.transaction():
        return _claim(book, sender_id, now, most, rules)


def mark(book: Database, sender_id: int, fates: Iterable[Fate], now: datetime, mail: Mail) -> int:
    """Say what became of letters that this sender claimed, on whatever connection.

    Args:
        book: the book.
        sender_id: the sender that claimed them.
        fates: what became of each.
        now: what failed is tried again a while after it.
        mail: how often and after which time.

    Returns:
        How many were marked; those that a person decided on meanwhile are not.

    Raises:
        Refused: a state is none that a letter can come to.
    """
    with book.transaction():
        return _mark(book, sender_id, fates, now, mail)


def turn(
    book: Database,
    sender_id: int,
    fates: Sequence[Fate],
    now: datetime,
    mail: Mail,
    most: int,
    rules: Rules,
) -> list[Letter]:
    """Mark, then claim, in one transaction: what is done makes room for as many.

    See `mark` and `claim`.
    """
    with book.transaction():
        if fates:
            _mark(book, sender_id, fates, now, mail)
        return _claim(book, sender_id, now, most, rules)


def _claim(book: Database, sender_id: int, now: datetime, most: int, rules: Rules) -> list[Letter]:
    told = json.dumps(rules)
    rows = book.rows(_QUERIES["claim"], sender_id=sender_id, now=now, most=most, rules=told)
    return [_letter(row) for row in rows]


def _mark(book: Database, sender_id: int, fates: Iterable[Fate], now: datetime, mail: Mail) -> int:
    told = json.dumps([asdict(fate) for fate in fates])
    marked: int = book.value(
        _QUERIES["mark"],
        sender_id=sender_id,
        fates=told,
        now=now,
        retries=mail.retries,
        backoff=mail.backoff,
    )
    return marked


def queue_team_letter(
    book: Database,
    kind: str,
    once: str,
    recipient: str,
    local_date: date,
    about: Mapping[str, object],
) -> int | None:
    """Plan a letter to one of the lender's own people.

    Args:
        book: the book.
        kind: "summary" or "notice".
        once: what it tells, and to whom; the same is planned once for all time.
        recipient: an e-mail address.
        local_date: the day it is of, in the lender's zone.
        about: what its text needs, by name, without personal data of clients.

    Returns:
        The letter's number, or None if there is such a letter already.

    Raises:
        Refused: the kind is none, or the recipient is no address.
    """
    with book.transaction():
        letter_id: int | None = book.value(
            _QUERIES["queue_team_letter"],
            kind=kind,
            once=once,
            recipient=recipient,
            local_date=local_date,
            about=json.dumps(about),
        )
    return letter_id


def suppress(book: Database, address: str, reason: str) -> bool:
    """Let no letter go to an address; a task to mend it is opened for each contact that has it.

    Returns:
        Whether it was not suppressed before.

    Raises:
        Refused: it is no address, or the reason is missing.
    """
    with book.transaction():
        is_new: bool = book.value(_QUERIES["suppress"], address=address, reason=reason)
    return is_new


def lift(book: Database, address: str) -> bool:
    """Let letters go to an address again.

    Returns:
        Whether it was suppressed.
    """
    with book.transaction():
        was: bool = book.value(_QUERIES["lift"], address=address)
    return was


def note_bounce(
    book: Database, reason: str, *, message_id: str | None = None, letter_id: int | None = None
) -> int | None:
    """Note that a letter could not be delivered: its address is suppressed.

    Args:
        book: the book.
        reason: what the report says.
        message_id: of the letter.
        letter_id: its number, if that is known instead.

    Returns:
        The letter's number, or None if there is no such letter.
    """
    with book.transaction():
        found: int | None = book.value(
            _QUERIES["note_bounce"], reason=reason, message_id=message_id, letter_id=letter_id
        )
    return found


def open_loan(told: Mapping[str, Any]) -> OpenLoan:
    """A loan as the book tells it to letters: amounts as texts, dates in ISO form."""
    pace = told["weekly_pace"]
    return OpenLoan(
        loan_id=told["loan_id"],
        issued_on=date.fromisoformat(told["issued_on"]),
        due_on=date.fromisoformat(told["due_on"]),
        step=told["step"],
        days_left=told["days_left"],
        principal=Decimal(told["principal"]),
        due_amount=Decimal(told["due_amount"]),
        amount_paid=Decimal(told["amount_paid"]),
        balance=Decimal(told["balance"]),
        weekly_pace=None if pace is None else Decimal(pace),
    )


def _letter(row: Row) -> Letter:
    loans = tuple(open_loan(told) for told in row["loans"])
    return Letter(**{**row, "loans": loans})
