"""Letters to clients: what they say, in both languages, as text and as HTML."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.letters import (
    DAY,
    PAYEE,
    amounts,
    decoded,
    fields,
    html,
    lender,
    letter,
    owing,
    picture,
    read,
    shown,
    text,
)

from loanbook.errors import BadSetting, LetterUnwritable
from loanbook.reminders import clients, render
from loanbook.settings.letters import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from loanbook.outbox.letter import Render

NAMES = (*clients.FOLDERS, "two_loans")


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """The lender's letters."""
    return render.renderer(lender(tmp_path_factory.mktemp("home")))


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_letter_has_a_text_and_a_page_in_the_readers_language(
    write: Render, name: str, locale: str
) -> None:
    message = write(letter(name, locale))
    mail = read(message)
    assert mail.defects == []
    assert mail["content-language"] == locale
    assert f'<html lang="{locale}"' in html(message)
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    pictures = [] if name == "paid_off" else ["image/png"]
    assert kinds == ["text/plain", "text/html", *pictures]


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_text_and_page_tell_the_same(write: Render, name: str, locale: str) -> None:
    message = write(letter(name, locale))
    seen = shown(message)
    different = {"pt-BR": "Pix e cole este código", "en": "Pix and paste this code"}[locale]
    for line in filter(None, text(message).splitlines()):
        label, colon, value = line.partition(": ")
        alike = [line] if not colon or line in seen else [label, value]
        if different not in line:  # there is no picture to scan in a text
            assert all(" ".join(part.split()) in seen for part in alike), line


def test_what_is_to_be_paid_by_when_and_how(write: Render) -> None:
    told = text(write(letter("before_due")))
    first, second = told.split("\n\n")[:2]
    assert first == "Olá, Ana Beatriz Conceição."
    assert second.replace("\xa0", " ") == (
        "O vencimento do contrato 81235 é em 7 dias: quinta-feira, 1 de fevereiro de 2024 "
        "(01/02/2024). Hoje faltam R$ 1.536,40 para a quitação."
    )
    for part in (
        "Como pagar com Pix",
        "Se você já pagou, desconsidere esta mensagem.",
        "Crédito São João S.A., CNPJ\xa012.345.678/0001-95",
        "contato@credito.example",
        "Telefone: 0800 123 4567",
        "Ouvidoria: 0800 765 4321",
        "Para quitar no prazo: R$\xa01.536,40 por semana",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("locale", "left", "words"),
    [
        ("pt-BR", 1, "é amanhã: sexta-feira, 26 de janeiro de 2024 (26/01/2024)"),
        ("pt-BR", 35, "é em 35 dias: quinta-feira, 29 de fevereiro de 2024 (29/02/2024)"),
        ("pt-BR", 0, "vence hoje, quinta-feira, 25 de janeiro de 2024 (25/01/2024)"),
        ("pt-BR", -1, "foi ontem: quarta-feira, 24 de janeiro de 2024 (24/01/2024)"),
        ("pt-BR", -25, "foi há 25 dias: domingo, 31 de dezembro de 2023 (31/12/2023)"),
        ("en", 1, "is due tomorrow, on Friday, January 26, 2024 (01/26/2024)"),
        ("en", 35, "is due in 35 days, on Thursday, February 29, 2024 (02/29/2024)"),
        ("en", 0, "is due today, Thursday, January 25, 2024 (01/25/2024)"),
        ("en", -1, "was due yesterday, on Wednesday, January 24, 2024 (01/24/2024)"),
        ("en", -25, "was due 25 days ago, on Sunday, December 31, 2023 (12/31/2023)"),
    ],
)
def test_days_are_counted_from_the_letters_own_day(
    write: Render, locale: str, left: int, words: str
) -> None:
    given_letter = letter("before_due", locale)
    loan = replace(given_letter.loans[0], due_on=DAY + timedelta(left), days_left=left)
    message = write(replace(given_letter, loans=(loan,)))
    assert words in text(message)
    assert words in shown(message)


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=5))
def test_the_code_pays_the_sum_of_the_balances(write: Render, cents: list[int]) -> None:
    balances = [str(Decimal(one) / 100) for one in cents]
    message = write(owing(letter("overdue"), *balances))
    total = sum(map(Decimal, balances))
    code = decoded(picture(message))
    assert code in text(message).splitlines()
    assert code in shown(message)
    assert fields(code)["54"] == f"{total:.2f}"
    assert fields(code)["26.01"] == "12345678000195"
    assert fields(code)["62.05"] == ("L000000081237" if len(cents) == 1 else "C000000004711")
    label = "Para quitar hoje"
    (line,) = (one for one in text(message).splitlines() if one.startswith(label))
    assert amounts(line) == [total]
    rows = [one for one in text(message).splitlines() if one.startswith("Saldo de hoje")]
    assert [amounts(row)[0] for row in rows] == list(map(Decimal, balances))


@pytest.mark.parametrize(
    ("due", "paid", "percent"),
    [
        ("100.00", "0.00", 0),
        ("100.00", "0.99", 0),
        ("100.00", "1.00", 1),
        ("100.00", "99.99", 99),
        ("100.00", "100.00", 100),
        ("100.00", "120.00", 100),
        ("1.00", "-5.00", 0),
    ],
)
def test_the_bar_is_as_long_as_what_was_paid(
    write: Render, due: str, paid: str, percent: int
) -> None:
    is_paid = Decimal(paid) >= Decimal(due)
    given_letter = letter("paid_off" if is_paid else "overdue", "en")
    loan = replace(
        given_letter.loans[0],
        due_amount=Decimal(due),
        amount_paid=Decimal(paid),
        balance=max(Decimal(due) - Decimal(paid), Decimal(0)),
    )
    page = html(write(replace(given_letter, loans=(loan,))))
    assert f'role="img" aria-label="{percent}% paid"' in page
    assert ('class="done"' in page) == (percent > 0)
    assert ('class="rest"' in page) == (percent < 100)


def test_thanks_ask_for_nothing(write: Render) -> None:
    message = write(letter("paid_off", "en"))
    told = text(message)
    assert "Contract 81238 is paid off, and nothing more is to be paid for it." in told
    assert "Pix" not in told
    assert "disregard" not in told


def test_an_open_loan_beside_one_that_was_paid_off(write: Render) -> None:
    is_open, is_paid = letter("overdue", "en").loans[0], letter("paid_off", "en").loans[0]
    reminder = write(replace(letter("overdue", "en"), loans=(is_paid, is_open)))
    assert str(read(reminder)["subject"]) == "Notice about your contract ending in 1237"
    assert fields(decoded(picture(reminder)))["54"] == "1536.40"
    assert "2 open contracts" not in text(reminder)
    thanks = write(replace(letter("paid_off", "en"), loans=(is_open, is_paid)))
    assert str(read(thanks)["subject"]).endswith("contract ending in 1238")
    assert "Contract 81238 is paid off" in text(thanks)


@pytest.mark.parametrize("name", [None, "", "  "])
def test_a_client_without_a_name_is_greeted(write: Render, name: str | None) -> None:
    assert text(write(replace(letter("overdue", "en"), name=name))).startswith("Hello,\n")


def test_markup_in_a_name_is_text(write: Render) -> None:
    name = '<img src=x onerror="alert(1)"> & {{ loan }} {name}'
    message = write(replace(letter(), name=name))
    assert "<img src=x" not in html(message)
    assert name in shown(message)
    assert f"Olá, {name}." in text(message)


@pytest.mark.parametrize(
    ("payee", "currency", "parts"),
    [
        (replace(PAYEE, pix_key=""), "BRL", ["How to pay", "To pay, answer this message"]),
        (PAYEE, "USD", ["How to pay", "To pay, answer this message", "US$"]),
    ],
)
def test_without_pix_a_letter_says_whom_to_ask(
    tmp_path: Path, payee: object, currency: str, parts: list[str]
) -> None:
    assert isinstance(payee, type(PAYEE))
    message = render.renderer(lender(tmp_path, payee, currency))(letter("overdue", "en"))
    assert "Pix" not in text(message)
    assert [part.get_content_maintype() for part in read(message).walk()].count("image") == 0
    for part in parts:
        assert part.replace("US$", "$") in text(message)


def test_a_lender_that_told_nothing_of_itself_writes_letters(tmp_path: Path) -> None:
    message = render.renderer(lender(tmp_path, type(PAYEE)()))(letter("before_due", "en"))
    told = text(message)
    assert "CNPJ" not in told
    assert "Phone" not in told
    assert "write to loanbook@example.org" in told
    assert "answer it with the word STOP" in told


@pytest.mark.parametrize(
    "change",
    [
        {"pix_key": "x" * 78},
        {"pix_key": "chavé"},
        {"city": "東京"},
        {"name": "日本"},
        {"name": "A\r\nBcc: b@example.com"},
        {"sender": "nobody"},
        {"sender": "a@b.example\r\nBcc: c@example.com"},
        {"reply_to": "a b@example.com"},
    ],
)
def test_a_payee_that_cannot_be_used_is_named_before_any_letter(
    tmp_path: Path, change: dict[str, str]
) -> None:
    with pytest.raises(BadSetting, match=r"The setting payee\.(pix_key|name|sender|reply_to) in"):
        render.renderer(lender(tmp_path, replace(PAYEE, **change)))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": "poem"}, "no text for the kind poem"),
        ({"loans": ()}, "nothing is open"),
        ({"loans": letter("paid_off").loans}, "nothing is open"),
        ({"kind": "paid_off"}, "no loan that was paid off"),
    ],
)
def test_a_letter_about_nothing_is_not_written(
    write: Render, change: dict[str, object], problem: str
) -> None:
    with pytest.raises(LetterUnwritable, match=problem):
        write(replace(letter(), **change))  # type: ignore[arg-type]


def test_a_letter_is_the_same_whenever_it_is_written(write: Render) -> None:
    leap = letter(day=date(2024, 2, 29))
    assert write(leap) == write(leap)


def test_threads_share_what_writes_letters(tmp_path: Path) -> None:
    given_letters = [
        replace(owing(letter("overdue", code), f"{cents}.{cents % 100:02}"), letter_id=cents)
        for cents in range(1, 30)
        for code in LANGUAGES
    ]
    alone, shared = (render.renderer(lender(tmp_path)) for _ in range(2))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(shared, given_letters))
    # Pictures may have another mask, which the first of a length chooses; they say the same.
    for message, other in zip(found, map(alone, given_letters), strict=True):
        assert text(message) == text(other)
        assert html(message) == html(other)
        assert decoded(picture(message)) in text(other)
