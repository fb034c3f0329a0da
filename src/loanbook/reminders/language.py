"""Sentences, money and days of letters in the reader's language.

The sentences stand in letters/LANGUAGE.toml, under the same names in all languages; the templates
say them by name, so that there is one template whatever the language. How money, numbers and days
are written is taken from babel.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib.resources import files
from string import Formatter

from loanbook.errors import LetterTextUnusable, MissingExtra
from loanbook.settings.letters import LANGUAGES

DEFAULT = LANGUAGES[0]
_PROBE = Decimal("1234567.89")


@dataclass(frozen=True, eq=False)  # there is one of each
class Language:
    """One language of letters.

    Attributes:
        code: as `lang` of HTML and Content-Language want it.
        sentences: by name; in braces what is filled in.
        currency: ISO 4217 code of all amounts.
    """

    code: str
    sentences: Mapping[str, str]
    currency: str

    def say(self, sentence: str, /, **facts: object) -> str:
        """A sentence, filled in.

        Raises:
            LetterTextUnusable: there is no such sentence, or it wants another fact.
        """
        try:
            return self.sentences[sentence].format_map(facts)
        except KeyError as error:
            problem = f"{sentence} is missing, or names the unknown {error}"
            raise LetterTextUnusable(name=f"{self.code}.toml", problem=problem) from error

    def count(self, sentence: str, number: int) -> str:
        """A sentence about a number of things: its form `one` or `other`."""
        form = "one" if number == 1 else "other"
        return self.say(f"{sentence}.{form}", n=number)

    def money(self, amount: Decimal) -> str:
        """An amount with its cents and the sign of its currency."""
        before, group, point, behind = self._marks
        plain = f"{abs(amount):,.2f}"
        if (group, point) != (",", "."):
            plain = plain.replace(",", "\0").replace(".", point).replace("\0", group)
        return f"{'-' if amount < 0 else ''}{before}{plain}{behind}"

    def day(self, day: date, form: str) -> str:
        """A day.

        Args:
            day: the day.
            form: "words", "digits", "both" of these, "short" (without the year) or "table".
        """
        if form == "both":
            return f"{self.day(day, 'words')} ({self.day(day, 'digits')})"
        return _day(day, self.say(f"day.{form}"), self.code)

    def share(self, percent: int) -> str:
        """A part of a hundred."""
        return _percent(percent, self.code)

    @cached_property
    def _marks(self) -> tuple[str, str, str, str]:
        """What stands before an amount, between thousands, before cents and behind: as babel does.

        Asked once, since babel takes as long for an amount as all else for a letter.
        """
        shown = _probe(self.currency, self.code)
        first, last = shown.index("1"), shown.rindex("9")
        digits = shown[first : last + 1]
        group, point = digits[1], digits[-3]
        return shown[:first], group, point, shown[last + 1 :]


def language(locale: str | None, currency: str) -> Language:
    """The language of a contact's locale; of one that is unknown, the lender's own."""
    return _language(_nearest(locale), currency)


@lru_cache
def _nearest(locale: str | None) -> str:
    wanted = (locale or DEFAULT).replace("_", "-").lower()
    begun = wanted.partition("-")[0]
    usual = {code.lower().partition("-")[0]: code for code in LANGUAGES}
    return usual.get(begun, DEFAULT)


@lru_cache
def _language(code: str, currency: str) -> Language:
    return Language(code, sentences(code), currency)


def sentences(code: str) -> dict[str, str]:
    """All sentences of a language by their full names, such as pix.title."""
    text = files("loanbook.reminders").joinpath("letters", f"{code}.toml").read_text("utf-8")
    found: dict[str, str] = {}

    def take(table: Mapping[str, object], path: str) -> None:
        for key, value in table.items():
            if isinstance(value, dict):
                take(value, f"{path}{key}.")
            else:
                found[f"{path}{key}"] = str(value)

    take(tomllib.loads(text), "")
    return found


def facts_of(sentence: str) -> set[str]:
    """What is filled into a sentence."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@lru_cache(maxsize=4096)
def _day(day: date, pattern: str, code: str) -> str:
    try:
        from babel.dates import format_date  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra(package="babel", extra="letters") from error
    return format_date(day, pattern, locale=_babel(code))


@lru_cache
def _percent(percent: int, code: str) -> str:
    from babel.numbers import format_percent  # noqa: PLC0415 -- an extra

    return format_percent(Decimal(percent) / 100, locale=_babel(code))


@lru_cache
def _probe(currency: str, code: str) -> str:
    try:
        from babel.numbers import format_currency  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra(package="babel", extra="letters") from error
    return format_currency(_PROBE, currency, locale=_babel(code), currency_digits=False)


def _babel(code: str) -> str:
    return code.replace("-", "_")
