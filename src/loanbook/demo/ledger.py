"""What the source says of each loan at a business date: dates, status, amounts, paid so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loanbook.demo import text
from loanbook.demo.loans import NOT_PAID, TERM, Issue
from loanbook.demo.quotas import CLOSE, DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loanbook.demo.dice import Dice, Ints

_STATUSES = ("ongoing", "paid", "default")
_PAYS_A_DAY = 0.054
"""Chance that an unpaid loan receives a part payment on a day."""


def tax_cents(amount: Ints) -> NDArray[np.int64]:
    """0.38 % and 0.0082 % for each of 90 days, of whole reais, a half cent upwards."""
    return (amount.astype(np.int64) * 1_118 + 500) // 1_000


def due_cents(amount: Ints, rate: Ints) -> NDArray[np.int64]:
    """Amount, tax and simple interest of 90/360 of a year, rounded once, a half cent upwards."""
    return (amount.astype(np.int64) * (101_118 + 250 * rate) + 500) // 1_000


class Ledger:
    """Writes loans as they stand at the start of a business date.

    Attributes:
        day: days after day 0.
    """

    def __init__(self, day: int, dice: Dice) -> None:
        self.day = day
        self._dice = dice

    def page(self, issue: Issue, low: int, high: int) -> bytes:
        """The lines of the issue's rows from `low` up to but not `high`."""
        part = slice(low, high)
        close = CLOSE + self.day * DAY
        created_at, paid_after = issue.created_at[part], issue.paid_after[part]
        due_at, paid_at = created_at + TERM, created_at + paid_after * DAY
        amount = issue.amount[part]
        due = due_cents(amount, issue.rate[part])
        paid = (paid_after != NOT_PAID) & (paid_at < close)
        failed = (paid_after == NOT_PAID) & (due_at < close)
        loans = np.arange(issue.first + low, issue.first + low + len(due))
        so_far = due.copy()
        unpaid = np.flatnonzero(~paid)
        so_far[unpaid] = self._collected(loans[unpaid], created_at[unpaid], due[unpaid])
        return text.lines(
            text.number(issue.client[part] + 1),
            text.number(loans + 1, groups=3),
            text.moment(created_at),
            text.moment(due_at),
            text.moment(paid_at, paid),
            text.table(_STATUSES).take(paid + 2 * failed, axis=0),
            text.number(amount),
            text.money(tax_cents(amount)),
            text.money(due),
            text.money(so_far),
        )

    def _collected(self, loans: Ints, created_at: Ints, due: Ints) -> NDArray[np.int64]:
        """Cents paid in part so far, always below what is due.

        A loan of day 0 has any part of it paid; a later one starts at nothing. From then on a
        payment takes up to two fifths of the rest. Loans settled before day 0 stand still.
        """
        so_far = self._dice.below("so far", loans, due)
        so_far[created_at >= CLOSE] = 0
        moving = np.flatnonzero(created_at + TERM >= CLOSE)
        for day in range(1, self.day + 1):
            here = moving[created_at[moving] < CLOSE + (day - 1) * DAY]
            here = here[self._dice.chance("pays", loans[here], _PAYS_A_DAY, day)]
            room = due[here] - 1 - so_far[here]
            share = 1 + self._dice.below("payment", loans[here], room * 2 // 5, day)
            so_far[here] += np.minimum(room, share)
        return so_far
