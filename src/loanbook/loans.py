"""One loan: as it is, as it was, and the money that moved on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import history as histories
from loanbook import sql

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from loanbook.database.connection import Database
    from loanbook.history import Change

_QUERIES = sql.queries("loans")


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan; amounts in the book's currency, contract times in the lender's wall time.

    Attributes:
        loan_id: number; from 1,000,000,000 on it was made here.
        user_id: the client that owes.
        created_at: when the contract was issued.
        due_at: when it is due.
        paid_at: when it was paid in full; None unless paid.
        status: ongoing, paid, default, cancelled or written_off.
        loan_amount: principal lent.
        tax: IOF collected for the state.
        due_amount: principal, tax and interest.
        amount_paid: paid so far.
        balance: still to be paid.
        interest_rate: percent per year of this contract; None if none explains its amounts.
        rate_is_implied: the rate was derived from the amounts.
        exempt_from: finding that explains why it may stand open beside an older loan.
        owner: the source that delivers the loan, or "loanbook".
        version: raised by every change.
    """

    loan_id: int
    user_id: int
    created_at: datetime
    due_at: datetime
    paid_at: datetime | None
    status: str
    loan_amount: Decimal
    tax: Decimal
    due_amount: Decimal
    amount_paid: Decimal
    balance: Decimal
    interest_rate: Decimal | None
    rate_is_implied: bool
    exempt_from: int | None
    owner: str
    version: int


@dataclass(frozen=True, slots=True)
class Payment:
    """One movement of money on a loan.

    Attributes:
        payment_id: number.
        kind: opening, payment, correction or reversal.
        amount: signed, in the book's currency.
        effective_on: the day it counts from; None counts as earlier than any business date.
        recorded_at: when it was recorded, in system time.
        actor: who recorded it.
        batch_id: the batch that brought it.
        reverses_id: the payment that it takes back.
    """

    payment_id: int
    kind: str
    amount: Decimal
    effective_on: date | None
    recorded_at: datetime
    actor: str | None
    batch_id: int | None
    reverses_id: int | None


@dataclass(frozen=True, slots=True)
class History:
    """What happened to a loan.

    Attributes:
        loan_id: the loan.
        changes: of its row, oldest first.
        payments: movements of money, in the order in which they were recorded.
    """

    loan_id: int
    changes: list[Change]
    payments: list[Payment]


def get(book: Database, loan_id: int) -> Loan:
    """A loan as it is now.

    Raises:
        NotFound: there is no such loan.
    """
    row = book.row(_QUERIES["get"], loan_id=loan_id)
    if row is None:
        raise histories.unknown("loans", loan_id)
    return Loan(**row)


def at(book: Database, loan_id: int, instant: datetime) -> Loan:
    """A loan as the book held it at an instant.

    Args:
        book: the book.
        loan_id: the loan.
        instant: system time, with its zone.

    Raises:
        NotFound: the book held no such loan then; the message says since when it does.
    """
    row = book.row(_QUERIES["at"], loan_id=loan_id, at=instant)
    if row is None:
        raise histories.absence(book, "loans", loan_id, instant)
    return Loan(**row)


def payments(book: Database, loan_id: int) -> list[Payment]:
    """The movements of money on a loan, in the order in which they were recorded."""
    return [Payment(**row) for row in book.rows(_QUERIES["payments"], loan_id=loan_id)]


def history(book: Database, loan_id: int) -> History:
    """All changes of a loan and all money that moved on it.

    Raises:
        NotFound: there never was such a loan.
    """
    changes = histories.changes_of(book, "loans", loan_id)
    if not changes:
        raise histories.unknown("loans", loan_id)
    return History(loan_id, changes, payments(book, loan_id))
