"""Loans: quoted, opened and cancelled, looked for, and looked at as they are or as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import history as histories
from loanbook import payments as movements
from loanbook import sql

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from loanbook.database.connection import Database
    from loanbook.history import Change
    from loanbook.payments import Payment

_QUERIES = sql.queries("loans")
PRODUCT = 1  # the operation's own
PAGE = 50  # loans that a page of a list holds


@dataclass(frozen=True, slots=True)
class Quote:
    """What a loan would cost; amounts in the book's currency, principal + tax + interest = due.

    Attributes:
        principal: the amount lent.
        tax: IOF collected for the state.
        interest: simple interest for the whole term.
        due_amount: all that is to be paid, rounded once, half up.
        due_at: when, in the lender's wall time.
        effective_annual_rate: CET, percent per year: (due / principal) ^ (365 / days) - 1.
    """

    principal: Decimal
    tax: Decimal
    interest: Decimal
    due_amount: Decimal
    due_at: datetime
    effective_annual_rate: Decimal


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
        product_version: version of the product of a loan made here; else None, as are its terms.
        term_days: days from issue to due.
        tax_fixed_percent: IOF, percent of the principal, once.
        tax_daily_percent: IOF, percent of the principal for each day of the term.
        day_count: days of the year on which the rate is counted.
        classified_on: business date of the classification that found it past its grace.
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
    product_version: int | None
    term_days: int | None
    tax_fixed_percent: Decimal | None
    tax_daily_percent: Decimal | None
    day_count: int | None
    classified_on: date | None


@dataclass(frozen=True, slots=True)
class Search:
    """Which loans are looked for; what is None is not asked.

    Attributes:
        user_id: of this client.
        status: ongoing, paid, default, cancelled or written_off.
        owner: of this source, or "loanbook".
        issued_since: issued on this day or later.
        issued_until: issued on this day or earlier.
        due_since: due on this day or later.
        due_until: due on this day or earlier.
    """

    user_id: int | None = None
    status: str | None = None
    owner: str | None = None
    issued_since: date | None = None
    issued_until: date | None = None
    due_since: date | None = None
    due_until: date | None = None


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


def quote(
    book: Database,
    amount: Decimal,
    rate: Decimal,
    *,
    issued: date | None = None,
    product_id: int = PRODUCT,
) -> Quote:
    """What a loan would cost; nothing is written.

    Args:
        book: the book.
        amount: the principal, in the book's currency, at most two decimals.
        rate: interest in percent per year.
        issued: day of issue; by default the book's business date, else today.
        product_id: on whose terms.

    Raises:
        Refused: no version of the product stands on that day, or amount or rate are out of range.
    """
    row = book.row(_QUERIES["quote"], amount=amount, rate=rate, issued=issued, product=product_id)
    return Quote(**(row or {}))


def open_loan(
    book: Database,
    user_id: int,
    amount: Decimal,
    *,
    on: date | None = None,
    key: str | None = None,
    product_id: int = PRODUCT,
) -> Loan:
    """A new loan at the client's rate, on the terms that stand on the day of issue.

    Args:
        book: the book.
        user_id: the client.
        amount: the principal, in the book's currency, at most two decimals.
        on: day of issue; by default the book's business date, else today.
        key: a name for this request: asked again with the same content it opens no second loan.
        product_id: on whose terms.

    Returns:
        The loan as it is now.

    Raises:
        NotFound: there is no such client.
        KeyReused: the key was used for another request.
        Refused: the client is denied, has a defaulted or an open loan or was registered later, or
            the amount is above the credit limit, outside the product's limits or no amount.
        Contended: others kept changing the same rows; nothing was done.
    """

    def work() -> Loan:
        loan_id: int = book.value(
            _QUERIES["open"], user_id=user_id, amount=amount, day=on, key=key, product=product_id
        )
        return get(book, loan_id)

    return book.act(work)


def cancel(book: Database, loan_id: int, *, reason: str) -> Loan:
    """Take a loan back on the day it was issued, as long as no money stands on it.

    Raises:
        NotFound: there is no such loan.
        SourceOwned: a source owns the loan.
        Refused: it is not open, money stands on it, it was issued earlier, or the reason is blank.
        Contended: others kept changing the same rows; nothing was done.
    """

    def work() -> Loan:
        book.value(_QUERIES["cancel"], loan_id=loan_id, reason=reason)
        return get(book, loan_id)

    return book.act(work)


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


def find(book: Database, search: Search, *, after: int = 0, limit: int | None = PAGE) -> list[Loan]:
    """Loans in the order of their numbers.

    Args:
        book: the book.
        search: which.
        after: only those with a higher number: the last one of the page before.
        limit: at most so many; None for all.
    """
    asked = {name: getattr(search, name) for name in Search.__slots__}
    rows = book.rows(_QUERIES["find"], **asked, after=after, most=limit)
    return [Loan(**row) for row in rows]


def payments(book: Database, loan_id: int) -> list[Payment]:
    """The movements of money on a loan, in the order in which they were recorded."""
    return movements.listed(book, loan_id=loan_id, limit=None)


def history(book: Database, loan_id: int) -> History:
    """All changes of a loan and all money that moved on it.

    Raises:
        NotFound: there never was such a loan.
    """
    changes = histories.changes_of(book, "loans", loan_id)
    if not changes:
        raise histories.unknown("loans", loan_id)
    return History(loan_id, changes, payments(book, loan_id))
