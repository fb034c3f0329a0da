"""Letters to clients made into messages, on one core: ours beside the library's classes.

Every letter differs in name, address, contract and amount. `library` fills in the same templates,
draws each QR code with segno and builds the message with email.message.EmailMessage. What counts
is the ratio of the medians of processor time.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from statistics import median

import segno

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.report import aligned

from loanbook.outbox.letter import Letter
from loanbook.reminders import clients, pix, render, samples
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Payee

PAYEE = Payee(
    name="Crédito São João S.A.",
    cnpj="12345678000195",
    pix_key="12345678000195",
    sender="avisos@credito.example",
    reply_to="contato@credito.example",
    phone="0800 123 4567",
    site="https://credito.example",
)
REQUIRED = 10


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), letters=Letters(payee=PAYEE))
        sides = {"library": library(settings), "ours": render.renderer(settings)}
        taken: dict[str, list[float]] = {side: [] for side in sides}
        for run in range(options.runs + 1):  # the first warms up and is not counted
            for side, make in sides.items():
                seconds = spent(make, list(letters(options.letters)))
                if run:
                    taken[side].append(seconds / options.letters)
    middle = {side: median(found) for side, found in taken.items()}
    rows = [
        [side, f"{1000 * one:.3f}", f"{1 / one:,.0f}", f"{middle['library'] / one:.1f}"]
        for side, one in middle.items()
    ]
    print(aligned([["side", "ms a letter", "letters a second", "times"], *rows]))
    if middle["library"] / middle["ours"] < REQUIRED:
        sys.exit(f"Ours is to be {REQUIRED} times as fast.")


def spent(make: Callable[[Letter], object], given: list[Letter]) -> float:
    """Seconds of the processor for some letters."""
    began = time.process_time()
    for letter in given:
        make(letter)
    return time.process_time() - began


def letters(count: int) -> Iterator[Letter]:
    """Reminders to as many clients."""
    first = samples.letters(date(2024, 1, 25), "pt-BR")["before_due"]
    for number in range(count):
        loan = first.loans[0]
        paid = Decimal(number * 7919 % 240_000) / 100
        told = replace(
            loan, loan_id=90_000 + number, amount_paid=paid, balance=loan.due_amount - paid
        )
        yield replace(
            first,
            letter_id=number + 1,
            user_id=number + 1,
            name=f"Ana Lima {number}",
            address=f"ana{number}@example.com",
            loans=(told,),
        )


def library(settings: Settings) -> Callable[[Letter], bytes]:
    """Messages as the standard library builds them."""
    write = clients.writer(settings)

    def make(letter: Letter) -> bytes:
        written = write(letter)
        total = letter.loans[0].balance
        code = pix.code(PAYEE.pix_key, PAYEE.name, PAYEE.city, total, f"L{letter.loans[0].loan_id}")
        picture = io.BytesIO()
        segno.make_qr(code, error="m", boost_error=False).save(picture, kind="png", scale=8)
        mail = EmailMessage(policy=SMTP)
        mail["From"] = f'"{PAYEE.name}" <{PAYEE.sender}>'
        mail["To"] = letter.address
        mail["Reply-To"] = PAYEE.reply_to
        mail["Subject"] = written.subject
        mail["Message-ID"] = f"<{letter.letter_id}@credito.example>"
        mail["Auto-Submitted"] = "auto-generated"
        for name, value in written.headers.items():
            mail[name] = value
        mail.set_content(written.text)
        mail.add_alternative(written.html, subtype="html")
        page = mail.get_body(("html",))
        if isinstance(page, EmailMessage):
            page.add_related(picture.getvalue(), "image", "png", cid="<pix>")
        return mail.as_bytes()

    return make


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
