"""The report: every question as picture, table and definition, on one page and as files.

    output_dataviz/index.html                 the page: it loads nothing and runs nothing
    output_dataviz/NAME.svg, .png, .html      each picture; the last one answers when pointed at

For the same book and day the files are the same. They are made apart and then moved into place, the
page last.
"""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loanbook.errors import ReportUnwritable
from loanbook.portfolio import (
    answers,
    catalogue,
    cells,
    charts,
    duck,
    findings,
    lake,
    pages,
    pictures,
    wording,
)

if TYPE_CHECKING:
    from loanbook.portfolio.answers import Answer
    from loanbook.portfolio.charts import Picture
    from loanbook.portfolio.engines import Engine
    from loanbook.portfolio.wording import Money

PAGE = "index.html"
_BUILDING = ".building"
_DAY = re.compile(r'<time datetime="(\d{4}-\d\d-\d\d)">')


@dataclass(frozen=True, slots=True)
class Report:
    """What was written.

    Attributes:
        as_of: the day asked.
        page: the report itself.
        files: all files, the page last.
        findings: what each question came to, by name.
        asking_seconds: spent on queries.
        drawing_seconds: spent on pictures.
    """

    as_of: date
    page: Path
    files: tuple[Path, ...]
    findings: dict[str, str]
    asking_seconds: float
    drawing_seconds: float


def ask_all(engine: Engine) -> list[Answer]:
    """The answers to all questions."""
    return [answers.ask(engine, question) for question in catalogue.catalogue()]


def from_lake(snapshots: Path, folder: Path, currency: str, as_of: date) -> Report:
    """Write the report of a day from its snapshot.

    Raises:
        LakeError: there is no such snapshot, or it cannot be trusted.
        ReportUnwritable: the folder cannot be written.
        MissingExtra: a library for snapshots, pictures or pages is not installed.
    """
    duck.needed()
    began = time.perf_counter()
    with lake.opened(snapshots, as_of) as opened:
        told = ask_all(opened)
    return write(told, folder, currency, time.perf_counter() - began)


def page_of(folder: Path, as_of: date) -> Path | None:
    """The page of a day's report, if that is what lies in the folder."""
    page = folder / PAGE
    try:
        found = _DAY.search(page.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return page if found and found[1] == as_of.isoformat() else None


def write(told: list[Answer], folder: Path, currency: str, asking_seconds: float = 0) -> Report:
    """Write the report.

    Args:
        told: the answers, in the order of the page.
        folder: where to; files of the same names are replaced, others stay.
        currency: of the amounts.
        asking_seconds: how long the answers took.

    Raises:
        ReportUnwritable: the folder cannot be written.
        MissingExtra: a library for pictures or pages is not installed.
    """
    money = wording.Money(currency)
    began = time.perf_counter()
    building = folder / _BUILDING
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        drawn = [charts.draw(answer, money) for answer in told]
        for picture in drawn:
            _write_files(picture, building)
        (building / PAGE).write_text(page(told, drawn, money), "utf-8")
        files = _move(building, folder)
    except OSError as error:
        raise ReportUnwritable(place=folder, problem=error.strerror or error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Report(
        as_of=told[0].as_of,
        page=folder / PAGE,
        files=tuple(files),
        findings={picture.name: picture.finding.title for picture in drawn},
        asking_seconds=round(asking_seconds, 3),
        drawing_seconds=round(time.perf_counter() - began, 3),
    )


def _write_files(picture: Picture, building: Path) -> None:
    drawn = pictures.svg(picture.wide)
    (building / f"{picture.name}.svg").write_text(drawn, "utf-8")
    (building / f"{picture.name}.png").write_bytes(pictures.to_png(drawn))
    (building / f"{picture.name}.html").write_text(pictures.interactive(picture), "utf-8")


def _move(building: Path, folder: Path) -> list[Path]:
    made = sorted(building.iterdir(), key=lambda file: (file.name == PAGE, file.name))
    return [file.replace(folder / file.name) for file in made]


def alone(engine: Engine, currency: str) -> str:
    """The report as one page that stands for itself, without files beside it.

    Args:
        engine: that answers, for the day asked.
        currency: of the amounts.

    Raises:
        MissingExtra: a library for pictures or pages is not installed.
    """
    money = wording.Money(currency)
    told = ask_all(engine)
    return page(told, [charts.draw(answer, money) for answer in told], money, is_alone=True)


def page(told: list[Answer], drawn: list[Picture], money: Money, *, is_alone: bool = False) -> str:
    """The report as one page; alone it names no files of its pictures."""
    from loanbook.portfolio.charts import style  # noqa: PLC0415 -- with an extra

    css = pages.render("report.css", colors=style.DARK.items())
    glance = told[0].rows
    return pages.render(
        "report.html",
        as_of=told[0].as_of.isoformat(),
        day=wording.day(told[0].as_of),
        style=css,
        style_digest=pictures.digest(css),
        is_alone=is_alone,
        symbol=money.symbol,
        figures=cells.figures(glance[0], money) if findings.has_data(told[0]) else (),
        chapters=[_chapter(*pair, money) for pair in zip(told, drawn, strict=True)],
    )


def _chapter(answer: Answer, picture: Picture, money: Money) -> dict[str, Any]:
    question = answer.question
    return {
        "name": question.name,
        "question": question.question,
        "definition": question.definition,
        "excluded": question.excluded,
        "sql": question.text,
        "finding": asdict(picture.finding),
        "text": picture.text,
        "wide": pictures.inline(picture.bare, f"{question.name}-wide"),
        "narrow": pictures.inline(picture.narrow, f"{question.name}-narrow"),
        "comparison": answer.comparison.sentence if answer.comparison else "",
        "notes": answer.notes,
        "table": cells.table(answer, money),
    }
