"""One client: registered, amended, and looked at as it is or as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import history as histories
from loanbook import sql

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from loanbook.database.connection import Database
    from loanbook.history import Change

_QUERIES = sql.queries("clients")


@dataclass(frozen=True, slots=True)
class Client:
    """A client, without personal data.

    Attributes:
        user_id: number; from 1,000,000,000 on it was made here.
        created_at: when the client was registered, in the lender's wall time.
        status: approved or denied.
        batch: acquisition cohort.
        credit_limit: the most the client may borrow, in the book's currency.
        interest_rate: percent per year for new loans.
        denied_reason: why the client is denied.
        denied_at: since when, in the lender's wall time.
        owner: the source that delivers the client, or "loanbook".
        version: raised by every change.
        amended_at: when a person last amended the client here.
    """

    user_id: int
    created_at: datetime
    status: str
    batch: int
    credit_limit: Decimal
    interest_rate: Decimal
    denied_reason: str | None
    denied_at: datetime | None
    owner: str
    version: int
    amended_at: datetime | None


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


def get(book: Database, user_id: int) -> Client:
    """A client as it is now.

    Raises:
        NotFound: there is no such client.
    """
    row = book.row(_QUERIES["get"], user_id=user_id)
    if row is None:
        raise histories.unknown("clients", user_id)
    return Client(**row)


def at(book: Database, user_id: int, instant: datetime) -> Client:
    """A client as the book held it at an instant.

    Args:
        book: the book.
        user_id: the client.
        instant: system time, with its zone.

    Raises:
        NotFound: the book held no such client then; the message says since when it does.
    """
    row = book.row(_QUERIES["at"], user_id=user_id, at=instant)
    if row is None:
        raise histories.absence(book, "clients", user_id, instant)
    return Client(**row)


def history(book: Database, user_id: int) -> list[Change]:
    """All changes of a client, oldest first.

    Raises:
        NotFound: there never was such a client.
    """
    changes = histories.changes_of(book, "clients", user_id)
    if not changes:
        raise histories.unknown("clients", user_id)
    return changes
