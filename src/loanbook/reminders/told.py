"""Loans, names and the payee in the words of a letter."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loanbook.outbox.letter import OpenLoan
from loanbook.reminders.language import Language
from loanbook.settings.letters import Payee

LONGEST_NAME = 200  # characters, as in the book
_CNPJ = 14  # characters
_ENDING = 4  # digits of a contract that its subject tells
_STEERING = {"Cc", "Cs", "Zl", "Zp"}  # categories of characters that no name has


@dataclass(frozen=True, slots=True)
class Told:
    """A loan as a letter tells it.

    Attributes:
        contract: its number.
        ending: the last digits of it.
        due_on: due date.
        balance: still owed.
        days: between the letter and the due date, whichever comes first.
        percent: share paid, whole percent, rounded down.
        rest: what is missing to a hundred.
        rows: label and value of each line of its table.
    """

    contract: str
    ending: str
    due_on: date
    balance: Decimal
    days: int
    percent: int
    rest: int
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The payee as letters show it.

    Attributes:
        name: of the lender.
        told: name and CNPJ.
        reply_to: the address that a person reads.
        phone: of the lender, or blank.
        ombudsman: how it is reached, or blank.
    """

    name: str
    told: str
    reply_to: str
    phone: str
    ombudsman: str


def greeting(name: str | None, spoken: Language) -> str:
    """The first line.

    Raises:
        ValueError: the name is none.
    """
    known = " ".join((name or "").split(" ")).strip()
    if len(known) > LONGEST_NAME:
        raise ValueError(f"the name has {len(known)} characters, more than {LONGEST_NAME}")
    if not known.isprintable():
        if any(unicodedata.category(char) in _STEERING for char in known):
            raise ValueError("the name has line breaks or control characters")
        # What reorders or hides text is left out.
        known = "".join(char for char in known if unicodedata.category(char) != "Cf")
    if not known:
        return spoken.say("greeting.unnamed")
    return spoken.say("greeting.named", name=known)


def told(loan: OpenLoan, spoken: Language) -> Told:
    """A loan as the reader's language tells it."""
    part = int(100 * loan.amount_paid / loan.due_amount) if loan.due_amount > 0 else 0
    percent = 100 if loan.balance <= 0 else max(0, min(part, 99))
    return Told(
        contract=str(loan.loan_id),
        ending=str(loan.loan_id)[-_ENDING:],
        due_on=loan.due_on,
        balance=loan.balance,
        days=abs(loan.days_left),
        percent=percent,
        rest=100 - percent,
        rows=tuple(_rows(loan, spoken)),
    )


def _rows(loan: OpenLoan, spoken: Language) -> list[tuple[str, str]]:
    say, money = spoken.say, spoken.money
    rows = [
        (say("loan.issued"), spoken.day(loan.issued_on, "table")),
        (say("loan.due"), spoken.day(loan.due_on, "table")),
        (say("loan.due_amount"), money(loan.due_amount)),
        (say("loan.paid"), money(loan.amount_paid)),
        (say("loan.balance"), money(max(loan.balance, Decimal(0)))),
    ]
    if loan.balance > 0:
        rows.append((say("loan.time"), left(loan.days_left, spoken)))
        if loan.weekly_pace:
            rows.append((say("loan.pace"), say("loan.pace_value", amount=money(loan.weekly_pace))))
    return rows


def left(days: int, spoken: Language) -> str:
    """How long until a due date, or since."""
    if days == 0:
        return spoken.say("loan.today")
    return spoken.count("loan.left" if days > 0 else "loan.past", abs(days))


def shown(payee: Payee, spoken: Language) -> Shown:
    """The payee as letters show it."""
    cnpj = spoken.say("foot.cnpj", cnpj=cnpj_marked(payee.cnpj)) if payee.cnpj else ""
    return Shown(
        name=payee.name,
        told=f"{payee.name}, {cnpj}" if cnpj else payee.name,
        reply_to=payee.reply_to or payee.sender,
        phone=payee.phone,
        ombudsman=payee.ombudsman,
    )


def cnpj_marked(number: str) -> str:
    """A CNPJ with its marks, such as 12.345.678/0001-95."""
    bare = "".join(char for char in number if char.isalnum())
    if len(bare) != _CNPJ:
        return number
    return f"{bare[:2]}.{bare[2:5]}.{bare[5:8]}/{bare[8:12]}-{bare[12:]}"
