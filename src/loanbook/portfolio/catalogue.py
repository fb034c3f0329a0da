"""The questions that can be asked, as the headers of their files describe them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import LiteralString

from loanbook import sql
from loanbook.errors import UnknownQuestion
from loanbook.sql import headers
from loanbook.sql.headers import Column

# In the order in which a reader wants them: a glance, the six, what a lender asks next.
ORDER = (
    "book_at_a_glance",
    "issuance_by_month",
    "adherence_by_batch",
    "default_by_interest_rate",
    "client_ranking",
    "default_by_month_and_batch",
    "profitability_timeline",
    "portfolio_at_risk",
    "roll_rates",
    "seasons",
    "collections_by_month",
    "concentration",
)
SIX = ORDER[1:7]
"""The questions that the operation itself asked."""

_TEST = re.compile(r"(\w+) of (\w+) by (\w+)")


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison of shares between groups.

    Attributes:
        successes: column that counts what happened.
        trials: column that counts where it could have happened.
        groups: column whose values are compared.
    """

    successes: str
    trials: str
    groups: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the portfolio.

    Attributes:
        name: of its file, its view and its command.
        question: in words.
        definition: what is counted, and how.
        excluded: what is left out.
        grain: what one row stands for.
        columns: of the answer, in order.
        chart: the kind of picture that shows it.
        test: the comparison that belongs to it, if one does.
    """

    name: str
    question: str
    definition: str
    excluded: str
    grain: str
    columns: tuple[Column, ...]
    chart: str
    test: Test | None

    @property
    def text(self) -> LiteralString:
        """Its SQL, header included."""
        return sql.text(_file(self.name))

    def column(self, name: str) -> Column:
        """One of its columns.

        Raises:
            KeyError: it has none of that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@cache
def catalogue() -> tuple[Question, ...]:
    """All questions."""
    names = {PurePosixPath(name).stem for name in sql.names("questions")}
    ordered = [name for name in ORDER if name in names]
    return tuple(_read(name) for name in (*ordered, *sorted(names - set(ORDER))))


def find(name: str) -> Question:
    """The question of a name.

    Raises:
        UnknownQuestion: there is none; the message names those that sound like it.
    """
    by_name = {question.name: question for question in catalogue()}
    if name in by_name:
        return by_name[name]
    asked = name.lower()
    near = [other for other in by_name if asked and asked in other]
    near += difflib.get_close_matches(asked, [n for n in by_name if n not in near], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near[:3])}?" if near else "`loanbook ask` lists them."
    raise UnknownQuestion(name=name, hint=hint)


def _read(name: str) -> Question:
    header = headers.read(_file(name))
    told = header.told
    return Question(
        name=name,
        question=told["question"],
        definition=told["definition"],
        excluded=told["excluded"],
        grain=told["grain"],
        columns=header.columns,
        chart=told["chart"],
        test=_test(name, told["test"]) if "test" in told else None,
    )


def _test(name: str, text: str) -> Test:
    parts = _TEST.fullmatch(text)
    if parts is None:
        raise ValueError(f"{name}: a test is told as `a of b by c`, not {text}")
    return Test(*parts.groups())


def _file(name: str) -> str:
    return f"questions/{name}.sql"
