"""The rows of an answer as a page shows them: which of them, and each value by its unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loanbook.portfolio import wording
from loanbook.portfolio.answers import Answer
from loanbook.portfolio.wording import Money
from loanbook.sql.headers import Column

SHOWN = 20
"""Rows of a long table that are shown."""

_MANY = 8  # columns of a single row, from which on it is shown upright
_WORDS = {"label", "month", "day", "flag"}


Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column."""

    name: str
    unit: str
    meaning: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be shown.

    Attributes:
        caption: which rows these are.
        headings: of its columns.
        rows: cells as text; the first names the row.
    """

    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]


def table(answer: Answer, money: Money) -> Table:
    """The table of an answer; of a long one some rows, a single row with a line for each figure."""
    columns = [column for column in answer.columns if not _is_bound(column)]
    if len(answer.rows) == 1 and len(columns) > _MANY:
        return _upright(answer, columns, money)
    which, rows = _excerpt(answer, by_month=any(c.unit == "month" for c in columns[:2]))
    caption = answer.question.grain
    if which:
        caption += f" The {which}; loanbook ask {answer.question.name} has all."
    return Table(
        caption=caption,
        headings=tuple(_heading(column, money) for column in columns),
        rows=tuple(tuple(_cell(column, row) for column in columns) for row in rows),
    )


def _excerpt(answer: Answer, *, by_month: bool) -> tuple[str, Rows]:
    """The first rows, or by month the latest: of those that are over if all the latest are open."""
    whole = f"of {wording.count(len(answer.rows))} rows"
    if len(answer.rows) <= SHOWN:
        return "", answer.rows
    if not by_month:
        return f"first {SHOWN} {whole}", answer.rows[:SHOWN]
    latest = answer.rows[-SHOWN:]
    over = [row for row in answer.rows if not row.get("is_open")][-SHOWN:]
    if over and all(row.get("is_open") for row in latest):
        return f"latest {len(over)} that are not open {whole}", over
    return f"latest {SHOWN} {whole}", latest


def _upright(answer: Answer, columns: Sequence[Column], money: Money) -> Table:
    (row,) = answer.rows
    lines = []
    for column in columns:
        unit = _heading(column, money).unit
        name = column.name.replace("_", " ") + (f" ({unit})" if unit else "")
        lines.append((name, _cell(column, row), column.meaning))
    headings = (
        Heading("figure", "", "What is told.", is_number=False),
        Heading("value", "", "How much.", is_number=True),
        Heading("meaning", "", "How it is counted.", is_number=False),
    )
    return Table(answer.question.grain, headings, tuple(lines))


def _is_bound(column: Column) -> bool:
    return column.unit == "part" and column.name.endswith(("_low", "_high"))


def _heading(column: Column, money: Money) -> Heading:
    unit = {"money": money.symbol, "percent": "% a year", "days": "days"}.get(column.unit, "")
    if column.unit == "share":
        unit = "95 % interval"
    return Heading(column.name.replace("_", " "), unit, column.meaning, column.unit not in _WORDS)


def _cell(column: Column, row: Mapping[str, Any]) -> str:
    value = row[column.name]
    if value is None:
        return "–"  # noqa: RUF001 -- a dash that a person reads
    if column.unit == "share":
        between = wording.between(row[f"{column.name}_low"], row[f"{column.name}_high"])
        return f"{wording.share(value)} ({between})"
    return _WRITTEN.get(column.unit, _plain)(value)


def _plain(value: Any) -> str:  # noqa: ANN401 -- whatever a column holds
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _percent(value: Any) -> str:  # noqa: ANN401 -- a decimal or a float
    return f"{value:.2f}" if isinstance(value, float) else f"{value.normalize():f}"


def _part(value: float) -> str:
    return wording.share(value, 2)


_WRITTEN: dict[str, Callable[[Any], str]] = {
    "money": wording.amount,
    "count": wording.count,
    "month": wording.month,
    "day": wording.day,
    "ratio": _part,
    "part": _part,
    "percent": _percent,
}


def figures(row: Mapping[str, Any], money: Money) -> Sequence[tuple[str, str, str]]:
    """The figures at a glance: what, how much, and of what."""
    return (
        ("Lent", money.text(row["principal"]), wording.counted(row["loans"], "loan")),
        (
            "Clients",
            wording.count(row["clients"]),
            f"{wording.count(row['borrowers'])} have borrowed",
        ),
        (
            "Default of matured loans",
            wording.share(row["matured_default_rate"], 2),
            (
                f"n = {wording.count(row['matured_loans'])}; of issued "
                f"{wording.share(row['default_rate'], 2)}"
            ),
        ),
        (
            "Net gain of the closed book",
            money.text(row["net_gain"]),
            (
                f"{wording.share(row['net_yield'], 2)} in 90 days; gross "
                f"{wording.share(row['gross_yield'], 2)}"
            ),
        ),
        (
            "Still open",
            money.text(row["ongoing_principal"]),
            wording.counted(row["ongoing_loans"], "loan"),
        ),
        (
            "More than 30 days past due",
            wording.share(row["par_30"]),
            f"of {money.text(row['owed_balance'])} owed",
        ),
    )
