"""Letters in the outbox as people look at them and decide on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import NotFound

if TYPE_CHECKING:
    from datetime import date, datetime

    from loanbook.database.connection import Database

_QUERIES = sql.queries("outbox")
STATES = ("planned", "claimed", "sent", "failed", "unknown", "suppressed", "cancelled")
RESOLUTIONS = ("sent", "planned", "cancelled")


@dataclass(frozen=True, slots=True)
class Entry:
    """A letter in the outbox, without personal data of a client.

    Attributes:
        letter_id: number.
        kind: "reminder", "paid_off", "summary" or "notice".
        channel: by which way it goes: "email".
        user_id: the client; None of letters to the team.
        local_date: the day in the lender's zone on which it goes.
        recipient: address of letters to the team; of others None.
        about: what letters to the team tell of, by name.
        optional: whether a client may opt out of it.
        by_hand: a person asked for it.
        state: one of STATES.
        attempts: how often it was claimed.
        due_from: not to be claimed before; None of a failed one: given up.
        sender_id: the sender that claimed it last.
        message_id: its Message-ID, once it was sent or perhaps.
        reason: why it is in its state.
        actor: who planned it.
        created_at: when it was planned.
        claimed_at: when it was claimed last.
        ended_at: when it ended.
        bounced_at: when word came that it could not be delivered.
    """

    letter_id: int
    kind: str
    channel: str
    user_id: int | None
    local_date: date
    recipient: str | None
    about: Mapping[str, object]
    optional: bool
    by_hand: bool
    state: str
    attempts: int
    due_from: datetime | None
    sender_id: int | None
    message_id: str | None
    reason: str | None
    actor: str
    created_at: datetime
    claimed_at: datetime | None
    ended_at: datetime | None
    bounced_at: datetime | None


@dataclass(frozen=True, slots=True)
class ToldLoan:
    """A loan that a letter was written for.

    Attributes:
        loan_id: the contract.
        due_on: its due date when the letter was planned.
        kind: "reminder" or "paid_off".
        step: of the cadence, in days after the due date; None if it tells none.
        state: "planned", "told" or "cancelled".
    """

    loan_id: int
    due_on: date
    kind: str
    step: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a letter's state.

    Attributes:
        at: when.
        state_before: the state before; None of a new letter.
        state: the state since then.
        actor: who did it.
        reason: why.
    """

    at: datetime
    state_before: str | None
    state: str
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter with all that is known of it.

    Attributes:
        letter: the letter.
        loans: those it was written for.
        events: what became of it, oldest first.
    """

    letter: Entry
    loans: tuple[ToldLoan, ...]
    events: tuple[Event, ...]


def listed(
    book: Database,
    *,
    states: Iterable[str] | None = None,
    user_id: int | None = None,
    day: date | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """Letters, the newest first.

    Args:
        book: the book.
        states: only of these; None: of all.
        user_id: only of this client.
        day: only of this local date.
        before: only with smaller numbers, for the next page.
        limit: at most so many.
    """
    rows = book.rows(
        _QUERIES["listed"],
        states=None if states is None else list(states),
        user_id=user_id,
        day=day,
        before=before,
        most=limit,
    )
    return [Entry(**row) for row in rows]


def counts(
    book: Database, *, user_id: int | None = None, day: date | None = None
) -> dict[str, int]:
    """How many letters are in each state, where there are any."""
    rows = book.rows(_QUERIES["counts"], user_id=user_id, day=day)
    return {row["state"]: row["letters"] for row in rows}


def shown(book: Database, letter_id: int) -> Shown:
    """A letter with its loans and all that became of it.

    Raises:
        NotFound: there is no such letter.
    """
    with book.transaction():
        row = book.row(_QUERIES["shown"], letter_id=letter_id)
        loans = book.rows(_QUERIES["told_loans"], letter_id=letter_id)
        events = book.rows(_QUERIES["events"], letter_id=letter_id)
    if row is None:
        raise NotFound(sentence=f"There is no letter {letter_id}.", rule="letter_exists")
    return Shown(
        Entry(**row),
        tuple(ToldLoan(**loan) for loan in loans),
        tuple(Event(**event) for event in events),
    )


def resolve(book: Database, letter_id: int, state: str, reason: str, now: datetime) -> None:
    """Decide on a letter of which nobody knows whether it was sent.

    Args:
        book: the book.
        letter_id: the letter, which must be unknown.
        state: "sent", "planned" (to be sent, perhaps again) or "cancelled".
        reason: how that was found out; must not be blank.
        now: from when on it is to be sent.

    Raises:
        NotFound: there is no such letter.
        Refused: it is not unknown, or the reason is missing.
    """
    with book.transaction():
        book.value(_QUERIES["resolve"], letter_id=letter_id, state=state, reason=reason, now=now)


def retry(book: Database, letter_id: int, reason: str, now: datetime) -> str:
    """Have a letter tried again that failed or was suppressed.

    Returns:
        "planned"; or "cancelled", if its day has passed: then its step is planned anew.

    Raises:
        NotFound: there is no such letter.
        Refused: it neither failed nor was suppressed, or the reason is missing.
    """
    with book.transaction():
        state: str = book.value(_QUERIES["retry"], letter_id=letter_id, reason=reason, now=now)
    return state
