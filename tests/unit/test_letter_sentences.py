"""Sentences of letters: the same in all languages, all said; money and days as babel has them."""

from __future__ import annotations

import ast
import re
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from babel.dates import format_date
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import LetterTextUnusable
from loanbook.reminders import clients, language, templates
from loanbook.settings.letters import LANGUAGES

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ROOM = files("loanbook.reminders")
SAID = re.compile(r"""["']([a-z_]+(?:\.[a-z_]+)*)["'] \| (?:say|count)\b""")
# What a subject or the line beside it in a list of messages must not say: others may look on.
DEBT = re.compile(
    r"d[íi]vida|d[ée]bito|atras|vencid|inadimpl|cobran|devedor|pend[êe]n|negativ|protest"
    r"|debt|overdue|past due|\blate\b|default|\bowe|collect|arrears|delinquen|unpaid",
    re.IGNORECASE,
)


def sentences(code: str) -> dict[str, str]:
    """All sentences, those that count things under one name."""
    return language.sentences(code)


def said() -> set[str]:
    """The names that templates of letters to clients, and the code, say."""
    found: set[str] = set()
    for folder in (*clients.FOLDERS, "shared"):
        for file in ROOM.joinpath("letters", folder).iterdir():
            found |= set(SAID.findall(file.read_text("utf-8")))
    for module in (one for one in ROOM.iterdir() if one.name.endswith(".py")):
        found |= constants(module)
    return found


def constants(module: Traversable) -> set[str]:
    """All texts of a module."""
    tree = ast.parse(module.read_text("utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_languages_have_the_same_sentences_with_the_same_facts() -> None:
    first, *others = (
        {name: language.facts_of(text) for name, text in sentences(code).items()}
        for code in LANGUAGES
    )
    for other in others:
        assert other == first


def test_every_sentence_is_said_and_every_sentence_that_is_said_is_there() -> None:
    kept = {re.sub(r"\.(one|other)$", "", name) for name in sentences(language.DEFAULT)}
    spoken = said()
    forms = {name for name in kept if name.startswith("day.")}
    assert forms == {"day.words", "day.digits", "day.short", "day.table"}
    assert kept - forms - spoken == set()
    for folder in (*clients.FOLDERS, "shared"):
        for file in ROOM.joinpath("letters", folder).iterdir():
            assert set(SAID.findall(file.read_text("utf-8"))) - kept == set(), file.name


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_subject_speaks_of_debt(code: str) -> None:
    seen = {
        name: text
        for name, text in sentences(code).items()
        if name.rpartition(".")[2] in {"subject", "preview", "title"}
    }
    assert {f"{kind}.subject" for kind in clients.FOLDERS} <= set(seen)
    assert {name: text for name, text in seen.items() if DEBT.search(text)} == {}


@given(
    st.decimals(-(10**10), 10**10, places=2, allow_nan=False),
    st.sampled_from(["BRL", "USD", "EUR", "CLP"]),
    st.sampled_from(LANGUAGES),
)
def test_money_is_written_as_babel_writes_it(amount: Decimal, currency: str, code: str) -> None:
    wanted = format_currency(amount, currency, locale=code.replace("-", "_"), currency_digits=False)
    if amount == 0:
        wanted = wanted.replace("-", "")
    assert language.language(code, currency).money(amount) == wanted


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)))
def test_days_are_told_in_words_and_digits(day: date) -> None:
    portuguese, english = (language.language(code, "BRL") for code in LANGUAGES)
    words = format_date(day, "full", locale="pt_BR")
    assert portuguese.day(day, "both") == f"{words} ({day:%d/%m/}{day.year})"
    words = format_date(day, "full", locale="en_US")
    assert english.day(day, "both") == f"{words} ({day:%m/%d/}{day.year})"


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("pt-BR", "pt-BR"), ("pt_PT", "pt-BR"), ("PT", "pt-BR"), ("en", "en"), ("en-US", "en"),
        ("EN_gb", "en"), (None, "pt-BR"), ("", "pt-BR"), ("fr", "pt-BR"), ("english", "pt-BR"),
    ],
)  # fmt: skip
def test_a_locale_finds_its_language(locale: str | None, code: str) -> None:
    assert language.language(locale, "BRL").code == code


@pytest.mark.parametrize(
    ("mjml", "problem"),
    [
        ("<mj-section><mj-column><mj-tekst>a</mj-tekst></mj-column></mj-section>", "mj-tekst"),
        ("<mj-sektion></mj-sektion>", "mj-sektion"),
        ("<mj-section><mj-column></mj-section>", "cannot be used"),
        ("<mj-section", "cannot be used"),
    ],
)
def test_a_template_that_mjml_does_not_know_is_refused(mjml: str, problem: str) -> None:
    with pytest.raises(LetterTextUnusable, match=problem):
        templates.html("a/html.mjml", f"<mjml><mj-body>{mjml}</mj-body></mjml>")


@pytest.mark.parametrize("name", [*clients.FOLDERS])
def test_nothing_is_fetched_for_a_letter(name: str) -> None:
    html = templates.html(name, templates.whole(f"{name}/html.mjml"))
    sources = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')>\s]+)""", html)
    assert {source for source in sources if not source.startswith(("{{", "cid:"))} == set()


def test_a_sentence_that_is_missing_is_named() -> None:
    spoken = language.language("en", "BRL")
    with pytest.raises(LetterTextUnusable, match=r"en\.toml.*pix\.nothing"):
        spoken.say("pix.nothing")
    with pytest.raises(LetterTextUnusable, match="payee"):
        spoken.say("pix.check")
