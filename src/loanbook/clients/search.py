"""Clients found by what is known of them, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql

if TYPE_CHECKING:
    from decimal import Decimal

    from loanbook.database.connection import Database

_QUERIES = sql.queries("clients")


@dataclass(frozen=True, slots=True)
class Found:
    """A client in a list; holds personal data.

    Attributes:
        user_id: number.
        name: full name, where a contact is known.
        email: e-mail address, where one is known.
        status: approved or denied.
        batch: acquisition cohort.
        credit_limit: the most the client may borrow, in the book's currency.
        interest_rate: percent per year for new loans.
        denied_reason: why the client is denied.
        owner: the source that delivers the client, or "loanbook".
        version: raised by every change.
    """

    user_id: int
    name: str | None
    email: str | None
    status: str
    batch: int
    credit_limit: Decimal
    interest_rate: Decimal
    denied_reason: str | None
    owner: str
    version: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some clients in the order of their numbers.

    Attributes:
        clients: those of this page.
        next: what to give as `after` for the next page; None at the end.
    """

    clients: tuple[Found, ...]
    next: int | None


def find(
    book: Database,
    *,
    name: str | None = None,
    email: str | None = None,
    tax_id: str | None = None,
    phone: str | None = None,
    status: str | None = None,
    batch: int | None = None,
    user_id: int | None = None,
    after: int | None = None,
    limit: int = 20,
) -> Page:
    """Clients that answer to all that is named; what is None does not matter.

    Args:
        book: the book.
        name: beginnings of words of the name, in any order, whatever their case and accents.
        email: the whole address, in any case.
        tax_id: the whole CPF or CNPJ, with or without its marks.
        phone: the whole number, with or without the country's code.
        status: approved or denied.
        batch: acquisition cohort.
        user_id: this client only.
        after: only clients whose number is higher, as `Page.next` says.
        limit: at most so many.
    """
    rows = book.rows(
        _QUERIES["find"],
        name=name,
        email=email,
        tax_id=tax_id,
        phone=phone,
        status=status,
        batch=batch,
        user_id=user_id,
        after=after,
        most=limit + 1,
    )
    found = tuple(Found(**row) for row in rows[:limit])
    return Page(found, found[-1].user_id if found and len(rows) > limit else None)
