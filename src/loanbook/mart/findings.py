"""Facts worth telling about rows that are in the mart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from loanbook.database.connection import Database

_QUERIES = sql.queries("mart")
OPEN = ("open",)
EVERY = ("open", "accepted", "closed")


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact about a client, contact or loan, from first to last sight.

    Attributes:
        finding_id: number.
        rule: name of the rule that noticed it.
        sentence: the rule in words.
        subject: client, contact or loan.
        subject_id: user_id or loan_id of the subject.
        detail: the fact, with its figures.
        state: open, accepted by a person, or closed.
        first_batch: batch that first showed it.
        last_batch: batch that last showed it.
        first_seen: when it was first seen.
        last_seen: when it was last seen.
        closed_at: when a load no longer found it.
        accepted_by: who accepted it.
        reason: why.
    """

    finding_id: int
    rule: str
    sentence: str
    subject: str
    subject_id: int
    detail: str
    state: str
    first_batch: int | None
    last_batch: int | None
    first_seen: datetime
    last_seen: datetime
    closed_at: datetime | None
    accepted_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many findings a rule has.

    Attributes:
        rule: its name.
        sentence: the rule in words.
        count: number of findings.
    """

    rule: str
    sentence: str
    count: int


def listed(
    book: Database,
    *,
    rule: str | None = None,
    states: tuple[str, ...] = OPEN,
    first_batch: int | None = None,
    limit: int | None = None,
) -> list[Finding]:
    """Findings, oldest first.

    Args:
        book: the book.
        rule: only those of this rule.
        states: only those in one of these states.
        first_batch: only those that this batch was first to show.
        limit: at most so many.
    """
    rows = book.rows(
        _QUERIES["findings"],
        rule=rule,
        states=list(states),
        first_batch=first_batch,
        most=limit,
    )
    return [Finding(**row) for row in rows]


def counts(
    book: Database, *, states: tuple[str, ...] = OPEN, first_batch: int | None = None
) -> list[Count]:
    """How many findings each rule has, most first; arguments as for `listed`."""
    rows = book.rows(_QUERIES["findings_by_rule"], states=list(states), first_batch=first_batch)
    return [Count(**row) for row in rows]


def accept(book: Database, finding_id: int, reason: str) -> Finding:
    """A person has looked at a finding and says why it may stand.

    Raises:
        NotFound: there is no such finding, or it is closed.
        Refused: the reason is blank.
    """
    with book.transaction():
        book.value(_QUERIES["accept_finding"], finding_id=finding_id, reason=reason)
        row = book.row(_QUERIES["finding"], finding_id=finding_id)
    if row is None:
        raise NotFound(sentence=f"There is no finding {finding_id}.", rule="finding_is_open")
    return Finding(**row)
