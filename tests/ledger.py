"""Officers' acts on loans in plain Python: what the database must do, said a second time.

A loan's state is worked out anew from all its movements each time; nothing is kept up to date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TERM = 90
CENT = Decimal("0.01")
MOST = Decimal(10) ** 12


class No(Exception):  # noqa: N818 -- a rule says no
    """A rule refuses an act; its name is the argument."""


@dataclass
class Client:
    """A client."""

    user_id: int
    limit: Decimal
    rate: Decimal
    since: date
    status: str = "approved"
    reason: str | None = None
    denied_at: datetime | None = None


@dataclass
class Movement:
    """Money that moved."""

    payment_id: int
    amount: Decimal
    on: date
    reverses: int | None = None


@dataclass
class Loan:
    """A loan with all that ever moved on it."""

    loan_id: int
    client: Client
    amount: Decimal
    issued: date
    tax: Decimal
    due_amount: Decimal
    movements: list[Movement] = field(default_factory=list)
    classified_on: date | None = None
    cancelled: bool = False

    @property
    def due(self) -> date:
        """The day it is due."""
        return self.issued + timedelta(days=TERM)

    @property
    def due_at(self) -> datetime:
        """The instant."""
        return datetime.combine(self.due, time())

    @property
    def paid(self) -> Decimal:
        """All that stands on it."""
        return sum((one.amount for one in self.movements), Decimal(0))

    def paid_by(self, day: date) -> Decimal:
        """What had been paid when a day ended."""
        return sum((one.amount for one in self.movements if one.on <= day), Decimal(0))

    @property
    def paid_on(self) -> date | None:
        """The day from which on it was paid in full."""
        days = sorted({one.on for one in self.movements})
        good = [self.paid_by(day) >= self.due_amount for day in days]
        full = [day for i, day in enumerate(days) if all(good[i:])]
        return full[0] if full else None

    @property
    def is_default(self) -> bool:
        """A classification stands: what was paid before it was not enough."""
        return self.classified_on is not None and (
            self.paid_by(self.classified_on - timedelta(days=1)) < self.due_amount
        )

    @property
    def status(self) -> str:
        """From the movements and the classification."""
        if self.cancelled:
            return "cancelled"
        if self.paid_on is not None:
            return "paid"
        return "default" if self.is_default else "ongoing"


@dataclass
class Ledger:
    """A book of clients and of loans made here."""

    today: date
    clients: dict[int, Client] = field(default_factory=dict)
    loans: dict[int, Loan] = field(default_factory=dict)

    @staticmethod
    def verdict(judge: Callable[[], None]) -> str | None:
        """The rule that refuses an act, or None."""
        try:
            judge()
        except No as no:
            return str(no)
        return None

    def loans_of(self, client: Client, status: str) -> list[Loan]:
        """A client's loans of a status."""
        return [x for x in self.loans.values() if x.client is client and x.status == status]

    def judge_opening(self, client: Client, amount: Decimal, on: date) -> None:
        """May this client borrow?"""
        self.not_later(on)
        if client.status == "denied":
            raise No("client_is_approved")
        if on < client.since:
            raise No("loan_not_before_client")
        if self.loans_of(client, "default"):
            raise No("client_has_no_default")
        if self.loans_of(client, "ongoing"):
            raise No("loans_one_open_per_client")
        is_amount(amount, "loans_loan_amount")
        if amount > client.limit:
            raise No("loan_within_credit_limit")

    def opened(self, loan_id: int, client: Client, amount: Decimal, on: date) -> None:
        """It may, and does."""
        tax = cents(amount * Decimal("0.01118"))
        due = cents(amount * (Decimal("1.01118") + client.rate / 400))
        self.loans[loan_id] = Loan(loan_id, client, amount, on, tax, due)

    def judge_payment(self, loan: Loan, amount: Decimal, on: date) -> None:
        """May this be paid?"""
        is_amount(amount, "payments_amount")
        if loan.cancelled:
            raise No("loan_is_owed")
        if amount > loan.due_amount - loan.paid:
            raise No("payment_within_balance")
        if on < loan.issued:
            raise No("payment_not_before_issue")
        self.not_later(on)
        self.judge_state(loan, Movement(0, amount, on))

    def judge_reversal(self, loan: Loan, paid: Movement, on: date) -> None:
        """May this be taken back?"""
        if paid.reverses is not None:
            raise No("reversal_of_a_payment")
        if any(one.reverses == paid.payment_id for one in loan.movements):
            raise No("payments_reversed_once")
        if on < paid.on:
            raise No("reversal_not_before_payment")
        self.not_later(on)
        self.judge_state(loan, Movement(0, -paid.amount, on))

    def judge_state(self, loan: Loan, movement: Movement) -> None:
        """Would a movement open a second loan?"""
        before = loan.status
        loan.movements.append(movement)
        opens = before != "ongoing" and loan.status == "ongoing"
        beside = [x for x in self.loans_of(loan.client, "ongoing") if x is not loan]
        loan.movements.pop()
        if opens and beside:
            raise No("reversal_opens_second_loan")

    def moved(self, loan: Loan, movement: Movement) -> None:
        """Money moved."""
        before = loan.status
        loan.movements.append(movement)
        if loan.classified_on is None:
            return
        client = loan.client
        if loan.is_default:
            if loan.status == "default" != before:
                self.deny(client, "defaulter", loan.due_at)
        elif (client.reason, client.denied_at) == ("defaulter", loan.due_at) and not [
            x for x in self.loans_of(client, "default") if x is not loan
        ]:
            client.status, client.reason, client.denied_at = "approved", None, None

    def cancel(self, loan: Loan) -> None:
        """The first day, and no money."""
        if loan.status != "ongoing":
            raise No("cancellation_of_open_loan")
        if loan.paid:
            raise No("cancellation_without_money")
        if loan.issued < self.today:
            raise No("cancellation_on_day_of_issue")
        loan.cancelled = True

    def classify(self, as_of: date) -> None:
        """Past due is a default: this product knows no grace."""
        self.not_later(as_of)
        late = [
            loan
            for loan in self.loans.values()
            if loan.status == "ongoing"
            and as_of > loan.due
            and loan.paid_by(as_of - timedelta(days=1)) < loan.due_amount
        ]
        for loan in late:
            loan.classified_on = as_of
        for loan in late:
            self.deny(loan.client, "defaulter", loan.due_at)

    @staticmethod
    def deny(client: Client, reason: str, at: datetime) -> None:
        """Who is denied already stays so."""
        if client.status == "approved":
            client.status, client.reason, client.denied_at = "denied", reason, at

    def officer_denies(self, client: Client, reason: str) -> None:
        """An officer gives a new reason, and a time if there was none."""
        since = datetime.combine(self.today, time())
        at = client.denied_at if client.status == "denied" else since
        client.status, client.reason, client.denied_at = "denied", reason, at

    def reinstate(self, client: Client) -> None:
        """Not while a default is owed."""
        if client.status == "denied" and self.loans_of(client, "default"):
            raise No("client_owes_no_defaulted_loan")
        client.status, client.reason, client.denied_at = "approved", None, None

    def not_later(self, day: date) -> None:
        """The clock of these tests is the book's business date."""
        if day > self.today:
            raise No("day_not_in_future")


def is_amount(amount: Decimal, name: str) -> None:
    """Money of at most two decimals."""
    if amount.is_nan() or not 0 < amount < MOST:
        raise No(f"{name}_positive")
    if amount != amount.quantize(CENT):
        raise No(f"{name}_two_decimals")


def cents(amount: Decimal) -> Decimal:
    """Rounded once, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)
