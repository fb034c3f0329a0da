"""Letters for tests: a lender, what it writes, and what travels read back by other eyes."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import zxingcpp
from PIL import Image

from loanbook.reminders import samples
from loanbook.settings import Settings
from loanbook.settings.letters import Letters, Payee

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from loanbook.outbox.letter import Letter, Message

DAY = date(2024, 1, 25)
PAYEE = Payee(
    name="Crédito São João S.A.",
    cnpj="12345678000195",
    city="São José dos Campos",
    pix_key="12.345.678/0001-95",
    sender="avisos@credito.example",
    reply_to="contato@credito.example",
    phone="0800 123 4567",
    ombudsman="0800 765 4321",
    site="https://credito.example",
)


def lender(home: Path, payee: Payee = PAYEE, currency: str = "BRL") -> Settings:
    """A workspace of a lender."""
    return Settings(home=home, currency=currency, letters=Letters(payee=payee))


def letter(name: str = "before_due", locale: str = "pt-BR", day: date = DAY) -> Letter:
    """One of the letters of nobody."""
    return samples.letters(day, locale)[name]


def owing(given: Letter, *balances: str) -> Letter:
    """A letter about as many loans with these balances."""
    first = given.loans[0]
    loans = [
        replace(
            first,
            loan_id=first.loan_id + number,
            balance=Decimal(balance),
            due_amount=first.amount_paid + Decimal(balance),
        )
        for number, balance in enumerate(balances)
    ]
    return replace(given, loans=tuple(loans))


def read(message: Message) -> EmailMessage:
    """A message as the standard library reads it."""
    return message_from_bytes(message.content, policy=policy.default)


def text(message: Message) -> str:
    """The plain part, each line ended alike."""
    part = read(message).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html(message: Message) -> str:
    """The part for programs that show HTML."""
    part = read(message).get_body(("html",))
    assert part is not None
    return str(part.get_content())


def shown(message: Message) -> str:
    """The words of the HTML, with what is told to those who hear it."""
    reader = _Words()
    reader.feed(html(message))
    return " ".join(" ".join(reader.words).split())


def picture(message: Message) -> bytes:
    """The only picture of a message."""
    (found,) = (part for part in read(message).walk() if part.get_content_maintype() == "image")
    return bytes(found.get_content())


def decoded(png: bytes) -> str:
    """What a reader of QR codes finds in a picture."""
    # Of one sort: in rows of a QR code the reader may see a bar code, too.
    picture = Image.open(io.BytesIO(png)).convert("L")
    (found,) = zxingcpp.read_barcodes(
        picture, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    return found.text


def fields(code: str) -> dict[str, str]:
    """The fields of a Pix code by their ids, inner ones as in 26.01."""
    found: dict[str, str] = {}
    rest = code
    while rest:
        number, length = rest[:2], int(rest[2:4])
        value, rest = rest[4 : 4 + length], rest[4 + length :]
        assert len(value) == length
        assert number not in found
        found[number] = value
        if number in {"26", "62"}:
            found |= {f"{number}.{inner}": told for inner, told in fields(value).items()}
    return found


def amounts(words: str) -> list[Decimal]:
    """All amounts in reais that a text tells, as either language writes them."""
    told = re.findall(r"R\$\s?([\d.,]*\d)", words)
    return [Decimal(re.sub(r"[.,]", "", one)) / 100 for one in told]


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in {"style", "head"}
        self.words += [value for name, value in attrs if name in {"alt", "href"} and value]

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in {"style", "head"}

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(data)
