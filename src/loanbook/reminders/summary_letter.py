"""The weekly summary as a letter: figures, pictures, and the report and figures as files.

What a week's letter says is the same for all its readers, so it is made once and kept as long as
the writer, which is made anew for each delivery.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from loanbook.portfolio import engines, pictures, report
from loanbook.portfolio.weeks import Week
from loanbook.portfolio.wording import Money
from loanbook.reminders import summary, templates
from loanbook.reminders.envelope import Written
from loanbook.reminders.language import language
from loanbook.reminders.mime import Attachment, Picture
from loanbook.reminders.summary_text import Writer, texts
from loanbook.reminders.summary_words import words

if TYPE_CHECKING:
    from loanbook.database.connection import Database
    from loanbook.outbox.letter import Letter
    from loanbook.portfolio.charts.weeks import Bars
    from loanbook.reminders.summary import Figure, Summary
    from loanbook.settings import Settings

OpenBook = Callable[[], AbstractContextManager["Database"]]

_SHARP = 2.0  # pixels of a PNG for one of the picture


def writer(settings: Settings, open_book: OpenBook | None) -> Callable[[Letter], Written]:
    """What writes summaries, from the book as it is then; several threads may ask it at once.

    Args:
        settings: of the workspace.
        open_book: opens a connection of its own; None: summaries cannot be written.

    Returns:
        A function that raises BadWeek of a letter that tells of no week.
    """
    lock = threading.Lock()
    kept: dict[Week, Written] = {}

    def write(letter: Letter) -> Written:
        week = Week.read(str(letter.about.get("week")))
        if open_book is None:
            raise ValueError("a summary is written from the book, which is not at hand")
        with lock:
            if week not in kept:
                with open_book() as book:
                    kept[week] = written(book, settings, week)
            return kept[week]

    return write


def written(book: Database, settings: Settings, week: Week) -> Written:
    """What the letter of a week says, by what the book knows now.

    Raises:
        MissingExtra: a library for pictures, pages or letters is not installed.
    """
    code = settings.letters.team.language
    said, told = words(code), summary.of_book(book, week)
    with engines.of_book(book, week.ends) as engine:
        page = report.alone(engine, settings.currency)
    writing = Writer(said, Money(settings.currency))
    drawn = {name: _bars(told.figure(name), told, writing) for name in said.pictures}
    named = texts(told, writing) | {
        "language": code,
        "pictures": [
            {"cid": f"bars_{name}", "alt": _alt(told.figure(name), writing)} for name in drawn
        ],
    }
    made = templates.texts(summary.KIND, language(code, settings.currency))
    figures = summary.as_csv(told, said.figures)
    return Written(
        lang=code,
        subject=named["subject"],
        text=made.text.render(named),
        html=made.html.render(named),
        pictures=(*_lines(told), *_pictures(drawn)),
        attachments=(
            Attachment(f"report-{week}.html", "text/html; charset=utf-8", page.encode()),
            # The mark at its beginning tells spreadsheets that it is UTF-8.
            Attachment(f"week-{week}.csv", "text/csv; charset=utf-8", figures.encode("utf-8-sig")),
        ),
    )


def _bars(figure: Figure, told: Summary, writer: Writer) -> Bars:
    from loanbook.portfolio.charts.weeks import Bars  # noqa: PLC0415 -- with an extra

    values = [float(value or 0) for value in figure.line]
    unit = writer.money.unit([*values, float(figure.year_ago or 0)])
    said = writer.words.said
    return Bars(
        title=f"{writer.words.pictures[figure.kind.name]} ({writer.unit(unit.label)})",
        weeks=[str(week.number) for week in told.week.line],
        values=[value / unit.size for value in values],
        year_ago=unit.of(figure.year_ago),
        axis=said["axis"],
        decimal=writer.decimal,
    )


def _alt(figure: Figure, writer: Writer) -> str:
    value, before, ago = (
        writer.value(figure.kind.unit, one)
        for one in (figure.value, figure.before, figure.year_ago)
    )
    name = writer.words.pictures[figure.kind.name]
    said = writer.words.said["picture_alt"]
    return said.format(name=name, value=value, before=before, ago=ago)


def _lines(told: Summary) -> list[Picture]:
    from loanbook.portfolio.charts import weeks  # noqa: PLC0415 -- with an extra

    return [
        Picture(f"line_{one.kind.name}", pictures.png(weeks.line(_floats(one)), _SHARP))
        for one in told.figures
    ]


def _pictures(drawn: dict[str, Bars]) -> list[Picture]:
    from loanbook.portfolio.charts import weeks  # noqa: PLC0415 -- with an extra

    return [
        Picture(f"bars_{name}", pictures.png(weeks.bars(shown), _SHARP))
        for name, shown in drawn.items()
    ]


def _floats(figure: Figure) -> list[float | None]:
    return [None if value is None else float(value) for value in figure.line]
