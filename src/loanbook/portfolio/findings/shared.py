"""What the sentences of several questions need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loanbook.portfolio.answers import Answer
from loanbook.portfolio.wording import month

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Finding:
    """What an answer comes to.

    Attributes:
        title: the finding.
        measure: what the picture shows, in few words, with n.
        caution: what would be misread without it; blank if nothing.
    """

    title: str
    measure: str
    caution: str = ""


def at(rows: Rows, rank: str) -> Row:
    """The row that has the first place."""
    return next(row for row in rows if row[rank] == 1)


def first(rows: Rows, name: str) -> Row:
    """The first row of a list."""
    return next(row for row in rows if row["list"] == name)


def differs(answer: Answer) -> bool:
    """Whether a difference between groups was found."""
    return answer.comparison is not None and answer.comparison.is_detected


def months(rows: Rows) -> str:
    """Months as the subject of a sentence, with its verb."""
    names = span({row["month"] for row in rows})
    return f"{names} {'is' if len(rows) == 1 else 'are'}"


def span(months: set[Any]) -> str:
    """From the first to the last of some months."""
    first, last = month(min(months)), month(max(months))
    return first if first == last else f"{first} to {last}"
