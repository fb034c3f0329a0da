"""Issuing loans: who takes one, when, how much, and how it will end.

A loan's end is settled at its issue: after how many days it is paid, or that it never is. The
business date of a file only decides how much of that has already happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loanbook.demo import published
from loanbook.demo.clients import DEFAULTER, NEVER, STEP, Clients
from loanbook.demo.quotas import CLOSE, DAY, Lot, Period, scaled, shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loanbook.demo.dice import Dice, Ints

TERM = published.TERM_DAYS * DAY
"""Seconds from issue to due date."""
NOT_PAID = -1

_KINDS = 3
"""First, second and later loans, of which the published figures tell the numbers."""
_HONEST_WEIGHT = 1 / (1 - np.array(published.BATCH_FRAUDS) / np.array(published.BATCH_CLIENTS))
"""By batch: clients denied for fraud never default, the others make up for them.

Without it a batch with much fraud would seem to repay better.
"""


@dataclass(frozen=True, slots=True)
class Issue:
    """The loans of one period in the order of their issue, one row per loan.

    Attributes:
        first: number of the first loan; the others follow. Counted from 0, the files from 1.
        client: who took it, counted from 0.
        created_at: seconds from the first day.
        amount: whole reais.
        rate: annual percent.
        paid_after: days from issue to payment, or NOT_PAID for a default.
    """

    first: int
    client: NDArray[np.int32]
    created_at: NDArray[np.int64]
    amount: NDArray[np.int64]
    rate: NDArray[np.int64]
    paid_after: NDArray[np.int64]


class Issuer:
    """Issues loans period after period and keeps the clients' state in step.

    Attributes:
        issued: how many loans so far.
    """

    def __init__(self, clients: Clients, scale: float, dice: Dice) -> None:
        self._clients = clients
        self._dice = dice
        self._loans = scaled(published.LOANS, scale)
        first, second = (
            scaled(figure, scale) for figure in (published.BORROWERS, published.REPEAT_BORROWERS)
        )
        self._left = [first, second, self._loans - first - second]
        self.issued = 0

    def issue(self, period: Period) -> Issue:
        """Issue the period's loans."""
        chosen = self._choose(period)
        clients, turn = self._clients, period.start
        opens = np.maximum(clients.free_at[chosen], period.start).astype(np.int64)
        shuts = np.minimum(clients.denied_at[chosen], period.end)
        created_at = opens + self._dice.below("issued", chosen, shuts - opens, turn)
        order = np.argsort(created_at, kind="stable")
        who, created_at = chosen[order], created_at[order]
        loans = np.arange(self.issued, self.issued + len(who))
        paid_after = self._outcomes(period, loans, who, created_at)
        amount = self._amounts(period, loans, who, paid_after)
        rate = np.array(published.RATES)[clients.rate[who]]
        self._remember(who, created_at, paid_after)
        self.issued += len(who)
        return Issue(int(self.issued - len(who)), who, created_at, amount, rate, paid_after)

    def _choose(self, period: Period) -> NDArray[np.int32]:
        """Clients for the period's loans, in rising order, none twice."""
        in_history = period.start < CLOSE
        most = published.MOST_LOANS if in_history else 2**8 - 1
        able = self._clients.able(period, most)
        kind = np.minimum(self._clients.loans[able], _KINDS - 1)
        pools = [able[kind == k] for k in range(_KINDS)]
        counts = self._mix(period, [len(pool) for pool in pools])
        picked = [
            pool[self._dice.lowest("borrower", pool, count, period.start)]
            for pool, count in zip(pools, counts, strict=True)
        ]
        if in_history:
            self._left = [left - len(p) for left, p in zip(self._left, picked, strict=True)]
        return np.sort(np.concatenate(picked))

    def _mix(self, period: Period, able: list[int]) -> list[int]:
        """How many first, second and later loans the period has.

        Early on every free client is as likely as another to take the next loan; what is missing
        from the published number of borrowers weighs more and more, and the last period of the
        history meets that number.
        """
        done, left = (self.issued + period.loans) / max(self._loans, 1), self._left
        if period.start >= CLOSE:
            done, left = 0.0, able
        whole, missing = max(sum(able), 1), max(sum(left), 1)
        weights = [
            max(0.0, (1 - done) * free / whole + done * wanted / missing)
            for free, wanted in zip(able, left, strict=True)
        ]
        counts = [min(c, a) for c, a in zip(shares(period.loans, weights), able, strict=True)]
        for k, size in enumerate(able):
            counts[k] += min(size - counts[k], period.loans - sum(counts))
        return counts

    def _outcomes(
        self, period: Period, loans: Ints, who: Ints, created_at: Ints
    ) -> NDArray[np.int64]:
        """After how many days each loan is paid; a client denied for fraud does not default."""
        honest = np.flatnonzero(self._clients.reason[who] == 0)
        # Nothing was repaid early among the loans that are open on day 0.
        earliest = np.maximum(0, -((created_at - CLOSE) // DAY)) if _is_open(period) else 0
        paid_after = earliest + self._dice.below("paid", loans, published.TERM_DAYS + 1 - earliest)
        subjects, weights = loans[honest], _HONEST_WEIGHT[self._clients.batch[who[honest]]]
        if period.defaults is None:
            likely = published.DEFAULTS_OF_MATURED * weights
            paid_after[honest[self._dice.chance("default", subjects, likely)]] = NOT_PAID
        else:
            failed = self._dice.lowest("default", subjects, period.defaults, weights=weights)
            paid_after[honest[failed]] = NOT_PAID
        return paid_after

    def _amounts(
        self, period: Period, loans: Ints, who: Ints, paid_after: Ints
    ) -> NDArray[np.int64]:
        groups: list[tuple[NDArray[np.intp], Lot | None]]
        if period.defaults is None:
            groups = [(np.arange(len(loans)), period.other_lot)]
        else:
            groups = [
                (np.flatnonzero(paid_after != NOT_PAID), period.paid_lot),
                (np.flatnonzero(paid_after == NOT_PAID), period.other_lot),
            ]
        amount = np.empty(len(loans), np.int64)
        for rows, lot in groups:
            principal = lot.principal_of(len(rows)) if lot else None
            if principal:
                self._clients.widen(who[rows], principal)
            limit = self._clients.limit[who[rows]] * np.int64(STEP)
            drawn = STEP + self._dice.below("amount", loans[rows], limit - STEP + 1)
            amount[rows] = fitted(drawn, limit, principal) if principal else drawn
        return amount

    def _remember(self, who: Ints, created_at: Ints, paid_after: Ints) -> None:
        clients = self._clients
        clients.loans[who] += 1
        clients.free_at[who] = created_at + paid_after * DAY + 1
        failed = paid_after == NOT_PAID
        clients.free_at[who[failed]] = NEVER
        clients.reason[who[failed]] = DEFAULTER
        clients.denied_at[who[failed]] = created_at[failed] + TERM


def fitted(amount: Ints, limit: Ints, principal: int) -> NDArray[np.int64]:
    """The amounts drawn towards the smallest loan or the limits until they sum to the principal.

    Every distance shrinks by the same factor and is rounded so that the sum is exact.
    """
    if amount.sum() >= principal:
        return STEP + _shrunk(amount - STEP, principal - STEP * len(amount))
    return limit - _shrunk(limit - amount, int(limit.sum()) - principal)


def _shrunk(distance: Ints, total: int) -> NDArray[np.int64]:
    whole = int(distance.sum())
    scaled_up = distance.astype(np.int64) * total
    parts = scaled_up // max(whole, 1)
    inexact = np.flatnonzero(scaled_up - parts * max(whole, 1))
    parts[inexact[: total - int(parts.sum())]] += 1
    return parts


def _is_open(period: Period) -> bool:
    return period.defaults is None
