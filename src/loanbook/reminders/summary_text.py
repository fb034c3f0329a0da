"""The figures of the summary as its letter writes them, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from loanbook.errors import MissingExtra
from loanbook.portfolio.wording import Money
from loanbook.reminders.summary import Figure, Summary, Value
from loanbook.reminders.summary_words import Words

NBSP = "\N{NO-BREAK SPACE}"
_HEADLINE = ("loans", "principal", "amount_received", "default_loans", "net_gain")
_SCALES = {"mi": "mi", "thousand": "mil"}


@dataclass(frozen=True, slots=True)
class Writer:
    """How one reader is told.

    Attributes:
        words: of the language.
        money: of the book's currency.
    """

    words: Words
    money: Money

    @property
    def decimal(self) -> str:
        """What stands before the decimals."""
        return "," if self.words.locale == "pt_BR" else "."

    def cell(self, unit: str, value: Value) -> str:
        """A figure of a unit, without the sign of the currency."""
        return self.value(unit, value).replace(f"{self.money.symbol}{NBSP}", "")

    def value(self, unit: str, value: Value) -> str:
        """A figure of a unit."""
        if value is None:
            return "–"  # noqa: RUF001 -- a dash that a person reads
        if unit == "share":
            return self._marked(f"{100 * float(value):.1f}") + f"{NBSP}%"
        if unit == "money":
            return self._marked(self.money.text(Decimal(value))).replace(" ", NBSP)
        return self._marked(f"{value:,}")

    def unit(self, label: str) -> str:
        """A unit of an axis."""
        if self.words.locale != "pt_BR":
            return label
        return " ".join(_SCALES.get(word, word) for word in label.split())

    def day(self, day: date) -> str:
        """A day in words."""
        return str(_dates().format_date(day, "long", locale=self.words.locale))

    def span(self, begins: date, ends: date) -> str:
        """From a day to another."""
        dates = _dates()
        return str(dates.format_interval(begins, ends, "yMMMMd", locale=self.words.locale))

    def _marked(self, text: str) -> str:
        """Marks of thousands and decimals as the language has them."""
        if self.decimal == ".":
            return text
        return text.translate(str.maketrans(",.", ".,"))


def texts(told: Summary, writer: Writer) -> dict[str, Any]:
    """What the templates name."""
    said, week = writer.words.said, told.week
    numbers = {"number": week.number, "year": week.year}
    figures = {name: _written(writer, told.figure(name)) for name in _HEADLINE}
    partial = told.stands if told.is_partial else None
    return {
        "subject": said["subject"].format(**numbers),
        "title": said["title"].format(**numbers),
        "span": writer.span(week.begins, week.last_day),
        "headline": said["headline"].format(**figures),
        "partial": said["partial"].format(stands=writer.day(partial)) if partial else "",
        "figure": said["figure"],
        "columns": [
            f"{said['week']} {week.number}",
            said["week_before"],
            said["year_ago"],
            said["line"],
        ],
        "parts": _parts(told, writer),
        "attached": said["attached"],
        "meanings_title": said["meanings"],
        "how": said["how"].format(symbol=writer.money.symbol),
        "meanings": [writer.words.figures[one.kind.name] for one in told.figures],
    }


def _parts(told: Summary, writer: Writer) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "rows": [_row(one, writer) for one in told.figures if one.kind.part == part],
        }
        for part, name in writer.words.parts.items()
    ]


def _row(one: Figure, writer: Writer) -> dict[str, Any]:
    said, unit = writer.words.said, one.kind.unit
    shown: Sequence[Value] = (one.value, one.before, one.year_ago)
    first, last = (writer.cell(unit, value) for value in (one.line[0], one.line[-1]))
    more = writer.money.symbol if unit == "money" else ""
    if one.whole is not None:
        more = said["n"].format(n=writer.value("count", one.whole))
    return {
        "name": writer.words.figures[one.kind.name][0],
        "more": more,
        "shown": [writer.cell(unit, value) for value in shown],
        "cid": f"line_{one.kind.name}",
        "alt": said["line_alt"].format(first=first, last=last),
    }


def _written(writer: Writer, one: Figure) -> str:
    return writer.value(one.kind.unit, one.value)


def _dates() -> Any:  # noqa: ANN401 -- an extra
    try:
        from babel import dates  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra(package="babel", extra="letters") from error
    return dates
