"""The report in a browser: offline, silent, readable at all widths, light, dark and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.cast import CLIENTS, CONTACTS, LOANS
from tests.program import Program

from loanbook.portfolio import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

VIEWS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The report of the cast's book, in a folder whose name has blanks."""
    with Program.at(tmp_path_factory.mktemp("home")) as loanbook:
        loanbook.deliver(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        loanbook("run", "--as-of", "2024-01-25")
        target = loanbook.home / "a report"
        told = loanbook.json("report", "--output", target)
        assert told["page"] == str(target / "index.html")
        assert loanbook("report", "--output", target).out.endswith(
            f"The report is {target / 'index.html'}\n"
        )
        yield target


class Opened:
    """A page of the report, and what it said and asked for."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(path.as_uri())

    def says(self, script: str) -> Any:  # noqa: ANN401 -- whatever the script gives
        """What a script finds in the page."""
        return self.page.evaluate(script)


@pytest.fixture(params=VIEWS, ids=lambda view: f"{view[0]} {view[1]}")
def opened(browser: Browser, folder: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    yield Opened(context.new_page(), folder / "index.html")
    context.close()


def test_the_report_opens_without_a_word_and_without_a_network(opened: Opened) -> None:
    assert opened.said == []
    assert opened.asked == [opened.page.url]


def test_nothing_is_wider_than_the_window(opened: Opened) -> None:
    assert opened.says("document.documentElement.scrollWidth <= innerWidth")
    seen = opened.says(
        "[...document.querySelectorAll('.chart svg')].filter(s => s.checkVisibility())"
        ".map(s => { const r = s.getBoundingClientRect(); return [r.left, r.right, r.width]; })"
    )
    width = opened.says("innerWidth")
    assert len(seen) == len(catalogue.catalogue())  # a picture for each question, wide or narrow
    assert all(left >= 0 and right <= width and size > 200 for left, right, size in seen)


def test_letters_in_pictures_are_large_enough(opened: Opened) -> None:
    # A wide picture shrunk onto a telephone could not be read.
    heights = opened.says(
        "[...document.querySelectorAll('.chart svg text')].filter(t => t.checkVisibility())"
        ".map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)"
    )
    assert min(heights) >= 8.5


def test_the_report_meets_the_rules_of_accessibility(opened: Opened) -> None:
    found = Axe().run(opened.page)
    assert found.response["violations"] == [], found.generate_report()


def test_the_paper_is_dark_where_the_reader_wants_it(opened: Opened) -> None:
    is_dark = opened.says("matchMedia('(prefers-color-scheme: dark)').matches")
    paper = opened.says("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(20, 24, 29)" if is_dark else "rgb(255, 255, 255)")
    ground = opened.says("getComputedStyle(document.querySelector('.chart svg > rect')).fill")
    assert ground == paper


def test_the_first_stop_of_the_keyboard_leads_to_the_report(opened: Opened) -> None:
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Enter")
    assert opened.says("document.activeElement.id") == "report"


def test_printed_it_is_light_and_whole(browser: Browser, folder: Path) -> None:
    context = browser.new_context(color_scheme="dark", offline=True)
    printed = Opened(context.new_page(), folder / "index.html")
    printed.page.emulate_media(media="print")
    assert printed.says("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert printed.says(
        "[...document.querySelectorAll('.chart.wide')].every(c => c.checkVisibility())"
    )
    assert printed.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    context.close()


def test_each_picture_answers_when_pointed_at(browser: Browser, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 1000, "height": 800}, offline=True)
    for path in sorted(folder.glob("*_*.html")):
        shown = Opened(context.new_page(), path)
        shown.page.wait_for_selector("#chart svg")
        assert shown.said == [], path.name
        assert shown.asked == [shown.page.url], path.name
        shown.page.close()
    shown = Opened(context.new_page(), folder / "issuance_by_month.html")
    shown.page.wait_for_selector("#chart svg")
    shown.page.wait_for_load_state("load")
    shown.page.hover("#chart .mark-rect path >> nth=-1", force=True)
    shown.page.mouse.move(0, 0)  # once more: the first move can come before the page listens
    shown.page.hover("#chart .mark-rect path >> nth=-1", force=True)
    shown.page.wait_for_selector("#vg-tooltip-element.visible")
    assert "R$ 6,500" in shown.page.inner_text("#vg-tooltip-element")
    context.close()
