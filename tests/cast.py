"""A small cast of clients, each with a story, and how they look in files.

All of it happened before the business date DAY, 2024-01-25. Amounts follow the contract.

    Ana     approved, batch 1, 20 %: loan 1 paid after 40 days, loan 2 ongoing, part of it paid
    Bruno   batch 1, 30 %: denied for fraud after he had taken loan 3, which he still owes
    Clara   batch 2, 70 %: loan 4 defaulted, and that is why she is denied
    Davi    approved, batch 3, 90 %: no loan at all, no contact either
    Eva     approved, batch 2, 20 %: loan 5 paid on the day it was issued, nothing open
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

DAY = date(2024, 1, 25)
NEXT = DAY + timedelta(days=1)
THIRD = DAY + timedelta(days=2)
TERM = timedelta(days=90)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Client:
    """A line of clients.csv."""

    user_id: int
    created_at: datetime = datetime(2023, 1, 10, 8, 30)  # noqa: DTZ001 -- the lender's wall time
    status: str = "approved"
    batch: int = 1
    credit_limit: Decimal = Decimal(10_000)
    interest_rate: Decimal = Decimal(20)
    denied_reason: str | None = None
    denied_at: datetime | None = None


@dataclass(frozen=True)
class Contact:
    """A line of contacts.csv."""

    user_id: int
    name: str | None = None
    email: str | None = None
    tax_id: str | None = None
    locale: str | None = "pt-BR"
    phone: str | None = None
    opted_out_at: datetime | None = None


@dataclass(frozen=True)
class Loan:
    """A line of loans.csv."""

    user_id: int
    loan_id: int
    created_at: datetime
    due_at: datetime
    paid_at: datetime | None
    status: str
    loan_amount: Decimal
    tax: Decimal
    due_amount: Decimal
    amount_paid: Decimal


Line = Client | Contact | Loan | Mapping[str, str]

HEADERS = {
    "clients": tuple(f.name for f in fields(Client)),
    "contacts": tuple(f.name for f in fields(Contact)),
    "loans": tuple(f.name for f in fields(Loan)),
}


def at(text: str) -> datetime:
    """The lender's wall time, as files write it; a bare day means its noon."""
    return datetime.fromisoformat(text if " " in text else f"{text} 12:00:00")


def cents(amount: Decimal) -> Decimal:
    """An amount rounded once, as contracts do."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def lent(
    loan_id: int,
    client: Client,
    issued: str,
    amount: int | str = 1_000,
    *,
    paid: str | None = None,
    part: str = "0",
    status: str | None = None,
) -> Loan:
    """A loan as the contract makes it.

    Args:
        loan_id: its number.
        client: who owes.
        issued: when, as `at` reads it.
        amount: the principal.
        paid: when it was paid in full, if it was.
        part: what has been paid so far of a loan that is not paid in full.
        status: ongoing unless paid, where nothing else is said.
    """
    principal = Decimal(amount)
    created_at = at(issued)
    tax = cents(principal * Decimal("0.01118"))
    due = cents(principal * (Decimal("1.01118") + client.interest_rate / 400))
    return Loan(
        user_id=client.user_id,
        loan_id=loan_id,
        created_at=created_at,
        due_at=created_at + TERM,
        paid_at=at(paid) if paid else None,
        status=status or ("paid" if paid else "ongoing"),
        loan_amount=principal,
        tax=tax,
        due_amount=due,
        amount_paid=due if paid else Decimal(part),
    )


ANA = Client(1)
BRUNO = Client(
    2,
    status="denied",
    interest_rate=Decimal(30),
    denied_reason="criminal_profile",
    denied_at=at("2024-01-10"),
)
CLARA = Client(
    3,
    status="denied",
    batch=2,
    interest_rate=Decimal(70),
    denied_reason="defaulter",
    denied_at=at("2023-05-01 09:15:00") + TERM,
)
DAVI = Client(4, batch=3, interest_rate=Decimal(90), credit_limit=Decimal("2500.50"))
EVA = Client(5, batch=2)

ANA_PAID = lent(1, ANA, "2023-06-01 10:00:00", paid="2023-07-11 10:00:00")
ANA_OPEN = lent(2, ANA, "2023-12-01 20:45:10", 2_500, part="300.25")
BRUNO_OPEN = lent(3, BRUNO, "2023-12-20", 4_000, part="0.01")
CLARA_DEFAULT = lent(4, CLARA, "2023-05-01 09:15:00", 700, part="120", status="default")
EVA_PAID = lent(5, EVA, "2023-09-09 09:09:09", 250, paid="2023-09-09 09:09:09")

CLIENTS = (ANA, BRUNO, CLARA, DAVI, EVA)
LOANS = (ANA_PAID, ANA_OPEN, BRUNO_OPEN, CLARA_DEFAULT, EVA_PAID)
CONTACTS = (
    Contact(1, "Ana Alves", "ana@example.com", "390.533.447-05", phone="+55 11 5550-0101"),
    Contact(2, "Bruno Braga", "bruno@example.com"),
    Contact(3, "Clara Campos", "clara@example.com", opted_out_at=at("2023-11-11 11:11:11")),
    Contact(5, "Eva Esteves", "eva@example.org", locale="en"),
)


def fields_of(line: Line) -> dict[str, str]:
    """The fields of a line as they stand in a file; a mapping stands for itself."""
    if isinstance(line, Mapping):
        return dict(line)
    return {f.name: _written(getattr(line, f.name)) for f in fields(line)}


def broken(line: Line, **raw: str) -> dict[str, str]:
    """A line in which some fields hold any text."""
    return fields_of(line) | raw


def csv_text(
    kind: str,
    lines: Iterable[Line],
    *,
    columns: Iterable[str] | None = None,
    delimiter: str = ",",
    end: str = "\n",
) -> str:
    """A file of a kind, header first."""
    out = io.StringIO(newline="")
    names = list(columns or HEADERS[kind])
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(names)
    for line in lines:
        found = fields_of(line)
        writer.writerow([found.get(name, "") for name in names])
    return out.getvalue()


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return format(value, "f") if isinstance(value, Decimal) else str(value)
