"""What an answer comes to, as one sentence of its own figures: the title of picture and chapter.

A sentence is computed from rows, so it is true of any book; where the rows allow none it says why.
"""

from __future__ import annotations

from collections.abc import Callable

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.findings import default, lending, money
from loanbook.portfolio.findings.shared import Finding
from loanbook.portfolio.wording import Money, day

__all__ = ["Finding", "find", "has_data"]


def find(answer: Answer, amounts: Money) -> Finding:
    """The finding of an answer.

    Args:
        answer: to a question of the catalogue.
        amounts: how amounts are written.
    """
    if not has_data(answer):
        return Finding(
            title="There is nothing to show yet",
            measure=f"No row answers this on {day(answer.as_of)}.",
        )
    return _FINDERS[answer.question.name](answer, amounts)


def has_data(answer: Answer) -> bool:
    """Whether there is anything that a picture could show."""
    if answer.question.name == "book_at_a_glance":
        return bool(answer.rows and answer.rows[0]["loans"])
    if answer.question.name == "portfolio_at_risk":
        return any(row["loans"] for row in answer.rows)
    return bool(answer.rows)


_FINDERS: dict[str, Callable[[Answer, Money], Finding]] = {
    "book_at_a_glance": lending.glance,
    "issuance_by_month": lending.issuance,
    "adherence_by_batch": lending.adherence,
    "default_by_interest_rate": default.rates,
    "client_ranking": lending.ranking,
    "default_by_month_and_batch": default.heat,
    "profitability_timeline": money.profit,
    "portfolio_at_risk": default.at_risk,
    "seasons": default.seasons,
    "collections_by_month": money.collections,
    "concentration": lending.concentration,
    "roll_rates": default.rolls,
}
