"""What the mart holds, in numbers, and how far the book has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from loanbook.database.connection import Database

_QUERIES = sql.queries("mart")


@dataclass(frozen=True, slots=True)
class Figures:
    """Rows of the mart, and what waits in quarantine.

    Attributes:
        clients: clients.
        loans: loans.
        contacts: contacts.
        payments: movements of money.
        quarantine: lines of quarantine that are open.
    """

    clients: int
    loans: int
    contacts: int
    payments: int
    quarantine: int


@dataclass(frozen=True, slots=True)
class Month:
    """The loans issued in one month.

    Attributes:
        month: as YYYY-MM.
        loans: how many.
        principal: sum of loan_amount, in the book's currency.
    """

    month: str
    loans: int
    principal: Decimal


def figures(book: Database) -> Figures:
    """How much the mart holds now."""
    return Figures(**(book.row(_QUERIES["figures"]) or {}))


def months(book: Database) -> list[Month]:
    """The loans by month of issue."""
    return [Month(**row) for row in book.rows(_QUERIES["months"])]


def refuse_earlier_day(book: Database, as_of: date) -> None:
    """Make sure that the book does not go back.

    Raises:
        Refused: the book's business date is later.
    """
    with book.transaction():
        book.value(_QUERIES["refuse_earlier_day"], as_of=as_of)


def advance(book: Database, as_of: date) -> None:
    """The run of a day is accepted: it is the book's business date now.

    Raises:
        Refused: the book's business date is later.
    """
    with book.transaction():
        book.value(_QUERIES["advance_book"], as_of=as_of)
