"""The weekly summary and the notices in a browser: wide and narrow, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.cast import CLIENTS, CONTACTS, DAY, LOANS
from tests.letters import lender
from tests.program import Program

from loanbook.outbox.letter import Letter
from loanbook.reminders import notices, preview, render

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

WIDTHS, SCHEMES = (600, 320), ("light", "dark")
# A letter is read in a program that has landmarks of its own.
RULES = {"rules": {name: {"enabled": False} for name in ("region", "landmark-one-main")}}
ABOUT = {
    "day": str(DAY),
    "since": "2024-01-25T06:00:00+00:00",
    "reasons": ["stage failed: the disk is full", "promote left out: stage failed"],
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All letters to the team as they can be looked at."""
    home = tmp_path_factory.mktemp("home")
    with Program.at(home) as loanbook:
        loanbook.deliver(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        loanbook("run", "--as-of", DAY)
        made = loanbook.json("summary", "preview", "--week", "2024-W04")
    written = {"summary": next(home / f for f in made["files"] if str(f).endswith(".html"))}
    write = render.renderer(lender(home))
    for what in (notices.DAY_FAILED, notices.GATE_CLOSED):
        letter = Letter(1, notices.KIND, DAY, "op@example.org", about={**ABOUT, "what": what})
        written[what] = preview.write(write(letter), home, what).html
    return written


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["summary", notices.DAY_FAILED, notices.GATE_CLOSED])
def test_a_letter_to_the_team_can_be_read(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
    )
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [page.url]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page, options=RULES)
    assert found.response["violations"] == [], found.generate_report()
    context.close()
