"""The report and its pictures: of the cast's book, and of books that could break a picture."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import altair as alt
import pytest
from tests.cast import ANA, BRUNO, CLARA, CLIENTS, DAY, LOANS, Line, lent

from loanbook.errors import ReportUnwritable
from loanbook.portfolio import catalogue, cells, charts, engines, pages, pictures, report, wording
from loanbook.portfolio.charts import style

if TYPE_CHECKING:
    from tests.desk import Desk

    from loanbook.portfolio.answers import Answer

REAIS = wording.Money("BRL")
EARLY = date(2019, 1, 1)


def ask(desk: Desk, loans: list[Line], day: date = DAY, clients: Any = CLIENTS) -> list[Answer]:  # noqa: ANN401 -- lines
    """What a book of these loans answers."""
    desk.load(clients=clients, loans=loans)
    with engines.of_book(desk.app, day) as engine:
        return report.ask_all(engine)


def by_name(told: list[Answer]) -> dict[str, charts.Picture]:
    return {answer.question.name: charts.draw(answer, REAIS) for answer in told}


HOSTILE: dict[str, tuple[list[Line], date]] = {
    "an empty book": ([], DAY),
    "a day before the first loan": (list(LOANS), EARLY),
    "one loan, open": ([lent(1, ANA, "2024-01-24", part="10")], DAY),
    "one loan, paid on its first day": ([lent(1, ANA, "2023-01-24", paid="2023-01-24")], DAY),
    "one loan, defaulted": ([lent(1, CLARA, "2023-01-24", status="default")], DAY),
    "all loans open": (
        [lent(n, one, "2024-01-02") for n, one in enumerate((ANA, BRUNO), 1)],
        DAY,
    ),
    "years without a loan": (
        [
            lent(1, ANA, "2016-03-02", paid="2016-03-04"),
            lent(2, ANA, "2023-12-31 23:59:59", 9_999),
        ],
        DAY,
    ),
    "a contract that no rate explains": (
        [replace(lent(1, ANA, "2023-03-02", status="default"), due_amount=Decimal(1_000))],
        DAY,
    ),
    "a day after all": (list(LOANS), date(2031, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("book", HOSTILE)
def test_any_book_gives_pictures_or_says_why_not(desk: Desk, book: str) -> None:
    loans, day = HOSTILE[book]
    told = ask(desk, loans, day)
    drawn = by_name(told)
    assert set(drawn) == {question.name for question in catalogue.catalogue()}
    for answer, picture in zip(told, drawn.values(), strict=True):
        alt.VConcatChart.from_dict(picture.narrow)  # as the schema of Vega-Lite has it
        assert "NaN" not in pictures.svg(picture.wide)
        assert picture.finding.title
        assert "None" not in picture.text
        assert "nan" not in picture.text
        cell_texts = [cell for row in cells.table(answer, REAIS).rows for cell in row]
        assert not {"None", "nan"} & set(cell_texts)


def test_where_there_is_nothing_the_page_says_so(desk: Desk) -> None:
    drawn = by_name(ask(desk, [], EARLY))
    for name, picture in drawn.items():
        assert picture.finding.title == "There is nothing to show yet", name
        assert "There is nothing to show on 1 Jan 2019." in pictures.svg(picture.wide)


def test_titles_tell_what_the_rows_say(desk: Desk) -> None:
    drawn = by_name(
        ask(
            desk,
            [
                lent(1, ANA, "2023-03-01", 2_000_000, paid="2023-04-10"),
                lent(2, BRUNO, "2023-03-05", 400_000, paid="2023-06-03"),
                lent(3, CLARA, "2023-04-01", 1_000, status="default"),
                lent(4, ANA, "2024-01-20", 5_000),
            ],
        )
    )
    assert drawn["issuance_by_month"].finding.title == (
        "Most was lent in Mar 2023: R$ 2.4 mi in 2 loans"
    )
    assert drawn["issuance_by_month"].finding.caution == "Jan 2024 is not over and can still grow."
    heat = drawn["default_by_month_and_batch"].finding
    assert heat.title.startswith("33.3 % of the loans of closed seasons defaulted")
    assert heat.measure.endswith("n = 3 in closed seasons")
    assert "(Jan 2024) have no colour" in heat.caution
    profit = drawn["profitability_timeline"].finding
    # 2,000,000 at 20 % and 400,000 at 30 %, for 90 days, less the 1,000 lost and their tax.
    assert profit.title.startswith("The closed book is profitable: R$ 128,989 after tax, 5.37 %")
    assert "No loan issued since Jan 2024 has closed" in profit.caution


def kinds(specification: dict[str, Any]) -> dict[str, set[str]]:
    """The kind of mark of each month, over all data of a picture."""
    found: dict[str, set[str]] = {}
    for rows in specification["datasets"].values():
        for row in rows:
            if "month" in row:
                found.setdefault(row["month"], set()).add(str(row.get("kind", row.get("state"))))
    return found


def test_what_is_open_looks_open(desk: Desk) -> None:
    drawn = by_name(
        ask(
            desk,
            [
                lent(1, ANA, "2023-03-01", paid="2023-04-10"),
                lent(2, CLARA, "2023-04-01", status="default"),
                lent(3, ANA, "2024-01-02"),
            ],
        )
    )
    assert kinds(drawn["issuance_by_month"].wide)["Jan 2024"] == {"not over, can still grow"}
    assert kinds(drawn["default_by_month_and_batch"].wide)["Jan 2024"] == {"open, not final"}
    assert kinds(drawn["default_by_month_and_batch"].wide)["Mar 2023"] == {"closed"}
    assert kinds(drawn["profitability_timeline"].wide)["Jan 2024"] == {"not final"}
    assert kinds(drawn["seasons"].wide)["Jan 2024"] == {"open season"}
    # Drawn with a dashed edge, and named in the legend.
    assert "not over, can still grow</text>" in pictures.svg(drawn["issuance_by_month"].bare)
    for name in ("issuance_by_month", "default_by_month_and_batch", "profitability_timeline"):
        assert 'stroke-dasharray="4,3"' in pictures.svg(drawn[name].bare), name


class Outline(HTMLParser):
    """What the page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what begins here."""
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_report_is_whole_and_again_the_same(desk: Desk, tmp_path: Path) -> None:
    told = ask(desk, list(LOANS))
    folder = tmp_path / "a folder" / "output"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("kept")
    (folder / "index.html").write_text("old")
    made = report.write(told, folder, "BRL")
    first = {file.name: file.read_bytes() for file in folder.iterdir()}
    names = [question.name for question in catalogue.catalogue()]
    expected = {f"{name}.{kind}" for name in names for kind in ("svg", "png", "html")}
    assert set(first) == expected | {"index.html", "mine.txt"}
    assert made.page == made.files[-1] == folder / "index.html"
    assert all(first[f"{name}.png"].startswith(b"\x89PNG\r\n\x1a\n") for name in names)
    report.write(told, folder, "BRL")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == first
    page = first["index.html"].decode()
    outline = Outline(page)
    assert outline.all("html") == [{"lang": "en"}]
    assert outline.all("script") == []
    heads = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert heads[0] == 1
    assert heads.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(heads))
    assert all(one["aria-hidden"] == "true" for one in outline.all("svg"))
    told_of = [one for one in outline.all("div") if one.get("role") == "img"]
    assert len(told_of) == len(outline.all("svg")) == 2 * len(names)
    assert all(one["aria-label"] for one in told_of)
    assert len(outline.all("caption")) == len(outline.all("table")) == len(names)
    assert all(one.get("scope") in {"col", "row"} for one in outline.all("th"))
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    foreign = set(re.findall(r"https?://[^\s\"'<>]+", page)) - {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
    }  # fmt: skip
    assert foreign == set()


def test_a_folder_that_cannot_be_written_is_named(desk: Desk, tmp_path: Path) -> None:
    told = ask(desk, list(LOANS))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReportUnwritable, match=r"cannot be written .* name another folder"):
        report.write(told, tmp_path / "file" / "folder", "BRL")
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_page_never_takes_a_value_for_markup(desk: Desk) -> None:
    told = ask(desk, list(LOANS))
    drawn = [charts.draw(answer, wording.Money("<b>")) for answer in told]
    page = report.page(told, drawn, wording.Money("<b>"))
    assert "<b>Left out:</b>" in page
    assert page.count("<b>") == len(told)
    assert "<b>" not in pictures.interactive(drawn[1])
    with pytest.raises(Exception, match="undefined"):
        pages.render("picture.html")


def luminance(color: str) -> float:
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_and_marks_stand_out_on_both_papers() -> None:
    css = pages.render("report.css", colors=style.DARK.items())
    for root in re.findall(r":root \{(.*?)\}", css):
        color = dict(re.findall(r"--(\w+): (#\w{6})", root))
        for ground in ("paper", "panel"):
            for ink in ("ink", "muted", "link"):
                assert contrast(color[ink], color[ground]) >= 4.5, (ink, ground, color)
    for mark in (style.BLUE, style.GREEN, style.VERMILLION):
        assert contrast(mark, style.PAPER) >= 3
        assert contrast(style.DARK[mark], style.DARK[style.PAPER]) >= 3
    assert contrast(style.MUTED, style.PAPER) >= 4.5
    assert contrast(style.DARK[style.MUTED], style.DARK[style.PAPER]) >= 4.5
