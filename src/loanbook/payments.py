"""Payments: money that moves on a loan, taken and taken back; nothing of it is ever altered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from loanbook.database.connection import Database

_QUERIES = sql.queries("payments")
PAGE = 50  # movements that a page of a list holds


@dataclass(frozen=True, slots=True)
class Payment:
    """One movement of money on a loan.

    Attributes:
        payment_id: number.
        loan_id: the loan.
        kind: opening, payment, correction or reversal.
        amount: signed, in the book's currency.
        effective_on: the day it counts from; None counts as earlier than any business date.
        recorded_at: when it was recorded, in system time.
        actor: who recorded it.
        reason: why, of a reversal.
        batch_id: the batch that brought it.
        reverses_id: the payment that it takes back.
        reversed_by: the reversal that took it back.
        idempotency_key: the key that the request bore.
    """

    payment_id: int
    loan_id: int
    kind: str
    amount: Decimal
    effective_on: date | None
    recorded_at: datetime
    actor: str | None
    reason: str | None
    batch_id: int | None
    reverses_id: int | None
    reversed_by: int | None
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Posted:
    """What a payment or a reversal did.

    Attributes:
        payment_id: number of the movement.
        loan_id: the loan.
        effective_on: the day it counts from.
        status: of the loan after it.
        balance: still to be paid after it, in the book's currency.
    """

    payment_id: int
    loan_id: int
    effective_on: date
    status: str
    balance: Decimal


def post(
    book: Database,
    loan_id: int,
    amount: Decimal,
    *,
    on: date | None = None,
    key: str | None = None,
) -> Posted:
    """Take a payment on a loan of Loanbook's own: partial, early or back-dated.

    The one that completes the amount due closes the loan. In which order payments are recorded
    makes no difference to where the loan ends.

    Args:
        book: the book.
        loan_id: the loan.
        amount: in the book's currency, positive, at most two decimals.
        on: the day it counts from; by default the book's business date, else today.
        key: a name for this request: asked again with the same content it acts only once and gets
            the same answer.

    Raises:
        NotFound: there is no such loan.
        SourceOwned: a source owns the loan.
        KeyReused: the key was used for another request.
        Refused: the amount is no amount of money or more than the balance, the loan is cancelled,
            or the day lies before the issue or in the future.
        Contended: others kept changing the same rows; nothing was done.
    """
    row = book.act(
        lambda: book.row(_QUERIES["post"], loan_id=loan_id, amount=amount, day=on, key=key)
    )
    return Posted(**(row or {}))


def reverse(
    book: Database,
    payment_id: int,
    *,
    reason: str,
    on: date | None = None,
    key: str | None = None,
) -> Posted:
    """Take a whole payment back, once; a loan that it had closed is open again.

    Args:
        book: the book.
        payment_id: the payment.
        reason: why, for the history.
        on: the day from which it no longer counts, not before the payment's own; by default the
            book's business date, else today.
        key: as for `post`.

    Raises:
        NotFound: there is no such payment.
        SourceOwned: a source owns the loan.
        KeyReused: the key was used for another request.
        Refused: it was reversed already, is no payment, would give the client a second open loan,
            or reason or day do not fit.
        Contended: others kept changing the same rows; nothing was done.
    """
    row = book.act(
        lambda: book.row(_QUERIES["reverse"], payment_id=payment_id, reason=reason, day=on, key=key)
    )
    return Posted(**(row or {}))


def listed(
    book: Database,
    *,
    loan_id: int | None = None,
    user_id: int | None = None,
    since: date | None = None,
    until: date | None = None,
    after: int = 0,
    limit: int | None = PAGE,
) -> list[Payment]:
    """Movements in the order in which they were recorded.

    Args:
        book: the book.
        loan_id: only of this loan.
        user_id: only of this client's loans.
        since: only those that count from this day or later.
        until: only those that count from this day or earlier.
        after: only those with a higher number: the last one of the page before.
        limit: at most so many; None for all.
    """
    rows = book.rows(
        _QUERIES["listed"],
        loan_id=loan_id,
        client=user_id,
        since=since,
        until=until,
        after=after,
        most=limit,
    )
    return [Payment(**row) for row in rows]
