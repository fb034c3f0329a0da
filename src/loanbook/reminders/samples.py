"""Letters of nobody, to look at each kind of text."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from loanbook.outbox.letter import Letter, OpenLoan

TERM = 90  # days
NAME = "Ana Beatriz Conceição"
ADDRESS = "ana@example.com"
_DUE = Decimal("2486.40")
_DAYS = {"before_due": 7, "due_today": 0, "overdue": -5, "paid_off": 12}


def letters(day: date, locale: str) -> dict[str, Letter]:
    """A letter of each kind, and one that tells of two loans, by name.

    Args:
        day: on which they are written.
        locale: of their reader.
    """
    found = {
        name: _letter(number, name, day, locale, (_loan(81234 + number, day, left, name),))
        for number, (name, left) in enumerate(_DAYS.items(), 1)
    }
    two = (_loan(70077, day, -31, "overdue"), _loan(81239, day, 40, "before_due"))
    found["two_loans"] = _letter(5, "overdue", day, locale, two)
    return found


def _letter(number: int, name: str, day: date, locale: str, loans: tuple[OpenLoan, ...]) -> Letter:
    is_thanks = name == "paid_off"
    return Letter(
        letter_id=number,
        kind="paid_off" if is_thanks else "reminder",
        local_date=day,
        address=ADDRESS,
        user_id=4711,
        name=NAME,
        locale=locale,
        optional=is_thanks or name == "before_due",
        loans=loans,
    )


def _loan(loan_id: int, day: date, left: int, name: str) -> OpenLoan:
    due_on = day + timedelta(days=left)
    paid = _DUE if name == "paid_off" else Decimal("950.00")
    balance = _DUE - paid
    weeks = left // 7
    return OpenLoan(
        loan_id=loan_id,
        issued_on=due_on - timedelta(days=TERM),
        due_on=due_on,
        step=-left,
        days_left=left,
        principal=Decimal("2000.00"),
        due_amount=_DUE,
        amount_paid=paid,
        balance=balance,
        weekly_pace=round(balance / weeks, 2) if weeks > 0 and balance else None,
    )
