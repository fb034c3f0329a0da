"""One client as it is now, and as it was."""

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
