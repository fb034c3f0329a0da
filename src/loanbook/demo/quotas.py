"""How many, and how much: the published figures cut to a portfolio of another size.

Day 0 is dealt in *periods*, the months of issue. The last one with outcomes is cut in two where
the first loan that is not yet due was issued, so that a period is either settled or open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from loanbook.demo import published

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DAY = 86_400
"""Seconds."""


def moment(day: date) -> int:
    """Seconds from the first day's 00:00 to that day's."""
    return (day - published.FIRST_DAY).days * DAY


CLOSE = moment(published.BUSINESS_DATE)
"""The moment of day 0's business date."""
OLDEST_OPEN = CLOSE - published.TERM_DAYS * DAY
"""A loan issued from here on is due on or after that moment, so nobody knows its outcome."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Loans that share a month and an outcome, as published: how many, and their principal."""

    loans: int
    principal: int

    def principal_of(self, loans: int) -> int:
        """What so many loans of this lot's mean amount lend, to the nearest real."""
        return (2 * self.principal * loans + self.loans) // (2 * self.loans) if self.loans else 0


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in which loans are issued.

    Attributes:
        start: its first second, counted from the first day.
        end: the second after its last.
        loans: how many are issued.
        defaults: how many of them default; None while nobody can know.
        paid_lot: the published loans that were paid; None without a published figure.
        other_lot: the published loans that defaulted or, in an open period, are ongoing.
    """

    start: int
    end: int
    loans: int
    defaults: int | None = None
    paid_lot: Lot | None = None
    other_lot: Lot | None = None


def scaled(figure: int, scale: float) -> int:
    """The figure at that scale, to the nearest whole number, a half upwards."""
    return int(Fraction(scale) * figure + Fraction(1, 2))


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """The total dealt in proportion to the weights, by largest remainder."""
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact)
    if not whole:
        return [0 for _ in exact]
    ideal = [total * weight / whole for weight in exact]
    dealt = [int(part) for part in ideal]
    by_remainder = sorted(range(len(ideal)), key=lambda k: dealt[k] - ideal[k])
    for k in by_remainder[: total - sum(dealt)]:
        dealt[k] += 1
    return dealt


def history(scale: float) -> list[Period]:
    """The periods up to day 0's business date, with scaled counts.

    Loans are dealt by largest remainder. Defaults follow the running total, rounded: dealt month
    by month they would vanish from small portfolios, where most months have one or two loans.
    """
    lots = list(_published_lots())
    counts = shares(
        scaled(published.LOANS, scale), [paid.loans + b.loans for _, _, paid, b in lots]
    )
    periods: list[Period] = []
    published_so_far = dealt_so_far = 0
    for (start, end, paid, other), loans in zip(lots, counts, strict=True):
        defaults = None
        if end <= OLDEST_OPEN:
            published_so_far += other.loans
            defaults = min(loans, scaled(published_so_far, scale) - dealt_so_far)
            dealt_so_far += defaults
        periods.append(Period(start, end, loans, defaults, paid, other))
    return periods


def day_after(day: int, scale: float) -> Period:
    """The period of one day after day 0: its events lie between two business dates."""
    start = CLOSE + (day - 1) * DAY
    loans = _steady(published.NEW_LOANS_A_DAY, day, scale)
    return Period(start, start + DAY, loans)


def arrivals(day: int, scale: float) -> int:
    """How many clients arrive on that day after day 0."""
    return _steady(published.NEW_CLIENTS_A_DAY, day, scale)


def _steady(a_day: int, day: int, scale: float) -> int:
    return scaled(a_day * day, scale) - scaled(a_day * (day - 1), scale)


def _published_lots() -> Iterator[tuple[int, int, Lot, Lot]]:
    for month in published.MONTHS:
        first = date(month.year, month.month, 1)
        start = moment(first)
        end = min(moment((first + timedelta(days=31)).replace(day=1)), CLOSE)
        paid = Lot(month.paid_loans, month.paid_principal)
        default = Lot(month.default_loans, month.default_principal)
        ongoing = Lot(month.ongoing_loans, month.ongoing_principal)
        if start < OLDEST_OPEN:
            yield start, min(end, OLDEST_OPEN), paid, default
        if end > OLDEST_OPEN:
            yield max(start, OLDEST_OPEN), end, Lot(0, 0), ongoing
