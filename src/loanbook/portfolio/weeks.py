"""Weeks by ISO 8601: Monday to Sunday, numbered in the year that has the most of its days."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from loanbook import sql
from loanbook.errors import BadWeek
from loanbook.sql import headers

if TYPE_CHECKING:
    from loanbook.portfolio.engines import PostgreSQL
    from loanbook.sql.headers import Column

FILE = "weeks/week.sql"
LINE = 8
"""Weeks of a line: the week told and those before it."""

_WRITTEN = re.compile(r"(\d{4})-W(\d\d)")
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week.

    Attributes:
        year: that the week belongs to.
        number: from 1 to 52 or 53.
    """

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Week:
        """A week written like 2024-W03.

        Raises:
            BadWeek: there is no such week.
        """
        found = _WRITTEN.fullmatch(text)
        try:
            date.fromisocalendar(int(found[1]) if found else 0, int(found[2]) if found else 0, 1)
        except ValueError as error:
            raise BadWeek(value=text) from error
        return cls(*map(int, found.groups())) if found else cls(0, 0)

    @classmethod
    def holding(cls, day: date) -> Week:
        """The week of a day."""
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def closed_before(cls, as_of: date) -> Week:
        """The latest week that was over at 00:00 of a day."""
        return cls.holding(as_of - _WEEK)

    @property
    def begins(self) -> date:
        """Its Monday."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def ends(self) -> date:
        """The Monday after it: what happened before that day belongs to it."""
        return self.begins + _WEEK

    @property
    def last_day(self) -> date:
        """Its Sunday."""
        return self.begins + timedelta(days=6)

    def back(self, weeks: int) -> Week:
        """The week so many weeks before."""
        return Week.holding(self.begins - weeks * _WEEK)

    @property
    def year_ago(self) -> Week:
        """The week of the same number a year before; of a 53rd that this year lacks the 52nd."""
        try:
            date.fromisocalendar(self.year - 1, self.number, 1)
        except ValueError:
            return Week(self.year - 1, self.number - 1)
        return Week(self.year - 1, self.number)

    @property
    def line(self) -> tuple[Week, ...]:
        """The week and those before it, the oldest first."""
        return tuple(self.back(weeks) for weeks in range(LINE - 1, -1, -1))

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.year:04}-W{self.number:02}"


def columns() -> Mapping[str, Column]:
    """What is told of a week, by name, each with its unit and meaning."""
    return {column.name: column for column in headers.read(FILE).columns}


def told(engine: PostgreSQL, weeks: Sequence[Week]) -> dict[Week, Mapping[str, Any]]:
    """What happened in some weeks, and how the book stood at the end of each.

    Args:
        engine: that sees one state of the book.
        weeks: any.
    """
    text = sql.text(FILE)
    return {week: engine.on(week.ends).rows(text)[0] for week in weeks}
