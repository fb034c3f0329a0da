"""The weekly summary: the figures of a week beside those of other weeks, and who gets it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loanbook import sql
from loanbook.outbox import queue as outbox
from loanbook.portfolio import engines, weeks
from loanbook.portfolio.weeks import Week

if TYPE_CHECKING:
    from loanbook.database.connection import Database

_QUERIES = sql.queries("summary")
KIND = "summary"

Value = int | Decimal | float | None


@dataclass(frozen=True, slots=True)
class Kind:
    """What is told of each week.

    Attributes:
        name: of the column that holds it, and of its words in the letter.
        unit: count, money (in the book's currency) or share.
        part: of the letter in which it stands.
        of: of a share, the column that counts the whole.
    """

    name: str
    unit: str
    part: str
    of: str | None = None


KINDS = (
    Kind("loans", "count", "lending"),
    Kind("principal", "money", "lending"),
    Kind("adherence", "share", "lending", "clients"),
    Kind("amount_received", "money", "money"),
    Kind("paid_loans", "count", "money"),
    Kind("on_time_share", "share", "money", "paid_loans"),
    Kind("net_gain", "money", "money"),
    Kind("default_loans", "count", "default"),
    Kind("default_principal", "money", "default"),
    Kind("default_balance", "money", "default"),
    Kind("matured_default_rate", "share", "default", "matured_loans"),
    Kind("ongoing_loans", "count", "book"),
    Kind("ongoing_balance", "money", "book"),
    Kind("coming_loans", "count", "book"),
    Kind("coming_balance", "money", "book"),
    Kind("letters_sent", "count", "operation"),
    Kind("letters_bounced", "count", "operation"),
    Kind("letters_suppressed", "count", "operation"),
    Kind("quarantined_lines", "count", "operation"),
    Kind("failed_runs", "count", "operation"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure over the weeks.

    Attributes:
        kind: what it is.
        line: of the week told and the seven before it, the oldest first.
        year_ago: of the same week a year ago.
        whole: of a share, how many it is a part of, in the week told.
    """

    kind: Kind
    line: tuple[Value, ...]
    year_ago: Value
    whole: int | None = None

    @property
    def value(self) -> Value:
        """Of the week told."""
        return self.line[-1]

    @property
    def before(self) -> Value:
        """Of the week before."""
        return self.line[-2]


@dataclass(frozen=True, slots=True)
class Summary:
    """A week and all its figures.

    Attributes:
        week: the week told.
        stands: the book's business date; None before the first run.
        figures: in the order of the letter.
    """

    week: Week
    stands: date | None
    figures: tuple[Figure, ...]

    def figure(self, name: str) -> Figure:
        """One of them."""
        return next(one for one in self.figures if one.kind.name == name)

    @property
    def is_partial(self) -> bool:
        """The book stands at a day before the end of the week."""
        return self.stands is None or self.stands < self.week.ends


def of_book(book: Database, week: Week) -> Summary:
    """The summary of a week, from one state of the book.

    Args:
        book: the book.
        week: any; what happened in it, by now's knowledge of the book.
    """
    shown = [week.year_ago, *week.line]
    with engines.of_book(book, week.ends) as engine:
        found: dict[Week, dict[str, Any]] = {
            one: dict(row) for one, row in weeks.told(engine, shown).items()
        }
        for one in shown:
            given = {"begins": one.begins, "ends": one.ends}
            found[one] |= book.row(_QUERIES["operation"], **given) or {}
            found[one] |= book.row(_QUERIES["letters"], **given) or {}
        stands = engine.known_to
    return Summary(week, stands, tuple(_figure(kind, week, found) for kind in KINDS))


def _figure(kind: Kind, week: Week, found: Mapping[Week, Mapping[str, Any]]) -> Figure:
    return Figure(
        kind=kind,
        line=tuple(found[one][kind.name] for one in week.line),
        year_ago=found[week.year_ago][kind.name],
        whole=found[week][kind.of] if kind.of else None,
    )


def as_csv(told: Summary, words: Mapping[str, tuple[str, str]]) -> str:
    """The figures as CSV: a line each, with what it means and a column for each week.

    Args:
        told: the summary.
        words: by name of a figure its own name and its meaning, in the reader's language.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    shown = [told.week.year_ago, *told.week.line]
    writer.writerow(["figure", "unit", *map(str, shown), "n", "name", "meaning"])
    for one in told.figures:
        values: Sequence[Value] = [one.year_ago, *one.line]
        n = "" if one.whole is None else one.whole
        row: Iterable[object] = [one.kind.name, one.kind.unit, *map(_plain, values), n]
        writer.writerow([*row, *words[one.kind.name]])
    return out.getvalue()


def _plain(value: Value) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def queue(book: Database, week: Week, recipients: Sequence[str], local_date: date) -> int:
    """Put the summary of a week into the outbox, once for each recipient.

    Args:
        book: the book.
        week: that is told.
        recipients: addresses of the team.
        local_date: the day in the lender's zone.

    Returns:
        How many letters are new.
    """
    return sum(
        outbox.queue_team_letter(
            book, KIND, f"{KIND} {week} {address}", address, local_date, {"week": str(week)}
        )
        is not None
        for address in recipients
    )
