"""Delinquency: how late loans are as of any day, and which of them are defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from loanbook.database.connection import Database

_QUERIES = sql.queries("delinquency")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a loan stands as of a day: the book at 00:00 of it.

    Attributes:
        as_of: the day.
        balance: still to be paid then, in the book's currency; None before the issue.
        days_past_due: 0 on the day it is due, 1 on the next; None before the issue.
        bucket: current, 1-30, 31-60, 61-90 or 90+; None if the loan is not open then.
    """

    as_of: date
    balance: Decimal | None
    days_past_due: int | None
    bucket: str | None


@dataclass(frozen=True, slots=True)
class Classified:
    """What a classification did.

    Attributes:
        as_of: the day as of which it looked.
        defaulted: loans made here that it marked as defaults.
        denied: clients that it denied for that.
        noted: new findings about loans whose source says other than the rule would.
        closed: such findings that no longer hold.
    """

    as_of: date
    defaulted: int
    denied: int
    noted: int
    closed: int


def standing(book: Database, loan_id: int, as_of: date | None = None) -> Standing:
    """How a loan stands as of a day, by default the book's business date."""
    row = book.row(_QUERIES["standing"], loan_id=loan_id, as_of=as_of)
    return Standing(**(row or {}))


def classify(book: Database, as_of: date | None = None) -> Classified:
    """Mark Loanbook's own loans that are past their grace as defaults, and deny their clients.

    Of loans that a source owns nothing is changed: where the source says other than the rule
    would, there is a finding. A second time nothing is left to do.

    Args:
        book: the book.
        as_of: what was paid before this day counts; by default the book's business date.

    Raises:
        Refused: the day lies in the future.
        Contended: others kept changing the same rows; nothing was done.
    """
    row = book.act(lambda: book.row(_QUERIES["classify"], as_of=as_of))
    return Classified(**(row or {}))
