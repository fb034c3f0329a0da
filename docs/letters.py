"""The pictures of letters in these documents: python docs/letters.py; it needs Chromium."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from loanbook.reminders import preview, render, samples
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Payee

PICTURES = Path(__file__).parent / "pictures"
PAYEE = Payee(
    name="Crédito São João S.A.",
    cnpj="12.345.678/0001-95",
    pix_key="12.345.678/0001-95",
    sender="avisos@credito.example",
    reply_to="contato@credito.example",
    phone="0800 123 4567",
    ombudsman="0800 765 4321",
    site="https://credito.example",
)
SHOTS = {
    "letter-before-due": ("before_due", "pt-BR", 600, False),
    "letter-telephone-dark": ("overdue", "en", 340, True),
}
COLORS = 48


def main() -> None:
    """Write them."""
    found = shutil.which("chromium")
    if found is None:
        sys.exit("There is no Chromium.")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        write = render.renderer(Settings(home=Path(home), letters=Letters(payee=PAYEE)))
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for name, (kind, code, width, is_dark) in SHOTS.items():
            letter = samples.letters(date(2024, 1, 25), code)[kind]
            page = browser.new_page(
                viewport={"width": width, "height": 800},
                color_scheme="dark" if is_dark else "light",
            )
            page.goto(preview.write(write(letter), Path(home), name).html.as_uri())
            shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
            shot.quantize(COLORS).save(PICTURES / f"{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
