"""Letters in a browser: wide and narrow, light and dark, with and without pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.letters import DAY, amounts, decoded, html, lender

from loanbook.reminders import preview, render, samples
from loanbook.settings.letters import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WIDTHS, SCHEMES = (600, 320), ("light", "dark")
NAMES = tuple(f"{name}-{code}" for code in LANGUAGES for name in samples.letters(DAY, code))
PAPER = {"light": "rgb(238, 241, 244)", "dark": "rgb(18, 23, 28)"}
CARD = {"light": "rgb(255, 255, 255)", "dark": "rgb(29, 36, 43)"}
# A letter is read in a program that has landmarks of its own.
RULES = {"rules": {name: {"enabled": False} for name in ("region", "landmark-one-main")}}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All letters as the preview writes them."""
    home = tmp_path_factory.mktemp("home")
    write = render.renderer(lender(home))
    return {
        f"{name}-{code}": preview.write(write(letter), home, f"{name}-{code}").html
        for code in LANGUAGES
        for name, letter in samples.letters(DAY, code).items()
    }


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window, not even what is cut off."""
    return bool(
        page.evaluate(
            "document.documentElement.scrollWidth <= innerWidth"
            " && [...document.querySelectorAll('body *')].filter(e => e.checkVisibility())"
            ".every(e => e.getBoundingClientRect().right <= innerWidth + 1"
            " && e.scrollWidth <= e.clientWidth + 1 || e.clientWidth === 0)"
        )
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_letter_can_be_read(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
    )
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(pages[name].as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [page.url]
    assert fits(page)
    found = Axe().run(page, options=RULES)
    assert found.response["violations"] == [], found.generate_report()
    # Each text is on one colour, so that the contrast of all of it was judged.
    unsure = [one for one in found.response["incomplete"] if one["id"] == "color-contrast"]
    assert unsure == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER[scheme]
    card = "getComputedStyle(document.querySelector('.card > table')).backgroundColor"
    assert page.evaluate(card) == CARD[scheme]
    assert said == []
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_qr_code_stays_large_and_white_around(
    browser: Browser, pages: dict[str, Path], width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark", offline=True
    )
    page = context.new_page()
    page.goto(pages["before_due-pt-BR"].as_uri())
    size = page.evaluate("document.querySelector('img').getBoundingClientRect().width")
    assert size == 212  # four points for each of 53 modules
    shot = page.locator("img").screenshot()
    assert decoded(shot).startswith("000201")
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_without_pictures_all_is_said_in_words(
    browser: Browser, tmp_path: Path, name: str, width: int
) -> None:
    kind, _, code = name.partition("-")
    letter = samples.letters(DAY, code)[kind]
    message = render.renderer(lender(tmp_path))(letter)
    page = browser.new_page(viewport={"width": width, "height": 800}, offline=True)
    bare = tmp_path / "bare.html"
    bare.write_text(html(message), "utf-8")  # a browser does not know what cid: names
    page.goto(bare.as_uri())
    assert fits(page)
    for picture in page.locator("img").all():
        assert picture.evaluate("i => i.complete && i.naturalWidth") == 0
        told = picture.get_attribute("alt") or ""
        assert amounts(told) == [sum(loan.balance for loan in letter.loans)]
    paid = (
        "[...document.querySelectorAll('.done')].every(d => d.getBoundingClientRect().width > 80)"
    )
    assert page.evaluate(paid)
    page.close()
