"""Disputes about loans: as long as one stands, nobody is reminded of the loan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql

if TYPE_CHECKING:
    from datetime import datetime

    from loanbook.database.connection import Database

_QUERIES = sql.queries("disputes")


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute about a loan.

    Attributes:
        dispute_id: number.
        loan_id: the loan.
        opened_at: when it was noted, in system time.
        reason: what is disputed.
        actor: who noted it.
        settled_at: when it was settled; None as long as it stands.
        settled_by: who settled it.
        settlement: what came of it.
    """

    dispute_id: int
    loan_id: int
    opened_at: datetime
    reason: str
    actor: str
    settled_at: datetime | None
    settled_by: str | None
    settlement: str | None


def dispute(book: Database, loan_id: int, reason: str) -> Dispute:
    """Note that a client disputes a loan, whoever owns it.

    Args:
        book: the book.
        loan_id: the loan.
        reason: what is disputed, without personal data; must not be blank.

    Raises:
        NotFound: there is no such loan.
        Refused: it is disputed already, or the reason is missing.
    """
    with book.transaction():
        made: int = book.value(_QUERIES["dispute"], loan_id=loan_id, reason=reason)
        return _get(book, made)


def settle(book: Database, loan_id: int, reason: str) -> Dispute:
    """Note that a dispute is settled: its client is reminded again of what is still owed.

    Args:
        book: the book.
        loan_id: the loan.
        reason: what came of it, without personal data; must not be blank.

    Raises:
        NotFound: the loan is not disputed.
        Refused: the reason is missing.
    """
    with book.transaction():
        settled: int = book.value(_QUERIES["settle"], loan_id=loan_id, reason=reason)
        return _get(book, settled)


def _get(book: Database, dispute_id: int) -> Dispute:
    return Dispute(**(book.row(_QUERIES["get"], dispute_id=dispute_id) or {}))
