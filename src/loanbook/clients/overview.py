"""All that an officer wants to see of one client at once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.clients.seen import Client, get, history

if TYPE_CHECKING:
    from datetime import date, datetime

    from loanbook.database.connection import Database
    from loanbook.history import Change

_QUERIES = sql.queries("clients")


@dataclass(frozen=True, slots=True)
class Held:
    """A loan of the client; amounts in the book's currency.

    Attributes:
        loan_id: number.
        status: ongoing, paid, default, cancelled or written_off.
        issued_on: day of issue.
        due_on: day on which it is due.
        paid_on: day on which it was paid in full.
        loan_amount: principal lent.
        due_amount: principal, tax and interest.
        amount_paid: paid so far.
        balance: still to be paid.
    """

    loan_id: int
    status: str
    issued_on: date
    due_on: date
    paid_on: date | None
    loan_amount: Decimal
    due_amount: Decimal
    amount_paid: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement of money on one of the client's loans.

    Attributes:
        payment_id: number.
        loan_id: the loan.
        kind: opening, payment, correction or reversal.
        amount: signed, in the book's currency.
        effective_on: the day it counts from; None counts as earlier than any business date.
        recorded_at: when it was recorded, in system time.
        actor: who recorded it.
    """

    payment_id: int
    loan_id: int
    kind: str
    amount: Decimal
    effective_on: date | None
    recorded_at: datetime
    actor: str | None


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the client owes and may still borrow, in the book's currency.

    Attributes:
        open_balance: still to be paid on ongoing and defaulted loans.
        limit: the most the client may borrow.
        free: what is left of the limit; nothing for a denied client.
    """

    open_balance: Decimal
    limit: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True)
class Told:
    """An open finding about the client, its contact or one of its loans.

    Attributes:
        finding_id: number.
        rule: name of the rule.
        subject: client, contact or loan.
        subject_id: number of the subject.
        detail: the fact, with its figures.
    """

    finding_id: int
    rule: str
    subject: str
    subject_id: int
    detail: str


@dataclass(frozen=True, slots=True)
class Overview:
    """A client with all that belongs to it.

    Attributes:
        client: the client.
        loans: its loans, newest first.
        payments: movements of money on them, newest first.
        exposure: what it owes and may borrow.
        findings: those that are open.
        changes: the last changes of the client, newest first.
    """

    client: Client
    loans: tuple[Held, ...]
    payments: tuple[Movement, ...]
    exposure: Exposure
    findings: tuple[Told, ...]
    changes: tuple[Change, ...]


def overview(book: Database, user_id: int) -> Overview:
    """A client with its loans, payments, findings and changes, all of one moment.

    Raises:
        NotFound: there is no such client.
    """
    with book.transaction():
        client = get(book, user_id)
        loans = tuple(Held(**row) for row in book.rows(_QUERIES["loans"], user_id=user_id))
        payments = tuple(Movement(**r) for r in book.rows(_QUERIES["payments"], user_id=user_id))
        findings = tuple(Told(**row) for row in book.rows(_QUERIES["findings"], user_id=user_id))
        changes = tuple(reversed(history(book, user_id)))
    return Overview(client, loans, payments, _exposure(client, loans), findings, changes)


def _exposure(client: Client, loans: tuple[Held, ...]) -> Exposure:
    owed = [loan.balance for loan in loans if loan.status in {"ongoing", "default"}]
    balance = sum(owed, Decimal("0.00"))
    free = max(client.credit_limit - balance, Decimal("0.00"))
    return Exposure(balance, client.credit_limit, free if client.status == "approved" else free * 0)
