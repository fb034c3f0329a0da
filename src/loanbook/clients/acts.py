"""What officers do with one client: register, amend, deny and reinstate it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from loanbook.database.connection import Database

_QUERIES = sql.queries("clients")


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did.

    Attributes:
        user_id: the client.
        version: the version that stands now.
        action: registered, amended or unchanged.
    """

    user_id: int
    version: int
    action: str


def register(
    book: Database,
    *,
    credit_limit: Decimal,
    interest_rate: Decimal,
    batch: int,
    created_at: datetime | None = None,
    reason: str | None = None,
) -> int:
    """A new client of Loanbook's own, approved.

    Args:
        book: the book.
        credit_limit: the most the client may borrow, in the book's currency.
        interest_rate: percent per year for new loans.
        batch: acquisition cohort.
        created_at: in the lender's wall time, without a zone; by default now.
        reason: for the history.

    Returns:
        The user_id, which no file can claim.

    Raises:
        Refused: a value breaks a rule of clients.
    """
    with book.transaction():
        user_id: int = book.value(
            _QUERIES["register"],
            credit_limit=credit_limit,
            interest_rate=interest_rate,
            batch=batch,
            created_at=created_at,
            reason=reason,
        )
    return user_id


def amend(
    book: Database,
    user_id: int,
    *,
    reason: str,
    credit_limit: Decimal | None = None,
    interest_rate: Decimal | None = None,
    batch: int | None = None,
    version: int | None = None,
) -> int:
    """Alter a client; what is None stays.

    Args:
        book: the book.
        user_id: the client.
        reason: why, for the history; must not be blank.
        credit_limit: as for `register`.
        interest_rate: as for `register`.
        batch: as for `register`.
        version: the version that the caller saw; if another one stands by now, nothing is done.

    Returns:
        The version that stands now; it is raised only if something changed.

    Raises:
        NotFound: there is no such client.
        StaleVersion: the client has changed since the caller looked.
        Refused: a value breaks a rule of clients, or the reason is missing.
    """
    with book.transaction():
        stands: int = book.value(
            _QUERIES["amend"],
            user_id=user_id,
            reason=reason,
            credit_limit=credit_limit,
            interest_rate=interest_rate,
            batch=batch,
            version=version,
        )
    return stands


def upsert(
    book: Database,
    user_id: int | None = None,
    *,
    reason: str | None = None,
    credit_limit: Decimal | None = None,
    interest_rate: Decimal | None = None,
    batch: int | None = None,
    version: int | None = None,
) -> Upserted:
    """Register a client where no user_id is given, else amend the one that bears it.

    Takes and raises what `register` and `amend` do; a client to be registered needs credit_limit,
    interest_rate and batch, one to be amended a reason.
    """
    with book.transaction():
        row = book.row(
            _QUERIES["upsert"],
            user_id=user_id,
            reason=reason,
            credit_limit=credit_limit,
            interest_rate=interest_rate,
            batch=batch,
            version=version,
        )
    return Upserted(**(row or {}))


def deny(
    book: Database,
    user_id: int,
    denied_reason: str,
    *,
    on: date | None = None,
    reason: str | None = None,
    version: int | None = None,
) -> int:
    """Deny a client: it takes no new loan, but still owes and still pays.

    Args:
        book: the book.
        user_id: the client.
        denied_reason: a short code that stands on the client, such as "criminal_profile".
        on: since 00:00 of this day; by default the book's business date, and for a client that is
            denied already the time that stands.
        reason: for the history; by default the code.
        version: as for `amend`.

    Returns:
        The version that stands now; denying again for the same reason changes nothing.

    Raises:
        NotFound: there is no such client.
        StaleVersion: the client has changed since the caller looked.
        Refused: the code is missing, too long, or holds control characters; the day lies in the
            future, or before the client was registered.
    """
    with book.transaction():
        stands: int = book.value(
            _QUERIES["deny"],
            user_id=user_id,
            denied_reason=denied_reason,
            since=on,
            reason=reason,
            version=version,
        )
    return stands


def reinstate(book: Database, user_id: int, *, reason: str, version: int | None = None) -> int:
    """Take a denial back.

    Args:
        book: the book.
        user_id: the client.
        reason: why, for the history; must not be blank.
        version: as for `amend`.

    Returns:
        The version that stands now; reinstating an approved client changes nothing.

    Raises:
        NotFound: there is no such client.
        StaleVersion: the client has changed since the caller looked.
        Refused: a loan that the client defaulted on stands unpaid; the sentence names it.
    """
    with book.transaction():
        stands: int = book.value(
            _QUERIES["reinstate"], user_id=user_id, reason=reason, version=version
        )
    return stands
