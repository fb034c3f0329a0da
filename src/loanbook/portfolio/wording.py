"""Figures as pictures and sentences write them.

Amounts are told in millions ("R$ 442.5 mi", mi = million) from one million on, else whole; counts
have thousands separators, shares one decimal, months are "Jan 2024". A decimal point everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Number = int | float | Decimal

_SYMBOLS = {"BRL": "R$", "USD": "US$", "EUR": "€"}
_MILLION = 1_000_000
_MINUS = "\N{MINUS SIGN}"
_UNIT = re.compile(r"(?<=[$€]) (?=\d)|(?<=\d) (?=%|mi\b)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Unit:
    """In what an axis counts money.

    Attributes:
        label: written at the axis.
        size: how much of the currency one of it is.
    """

    label: str
    size: int

    def of(self, amount: Number | None) -> float | None:
        """An amount counted in it."""
        return None if amount is None else float(amount) / self.size


@dataclass(frozen=True, slots=True)
class Money:
    """How amounts of one currency are written."""

    currency: str

    @property
    def symbol(self) -> str:
        """Of the currency, else its code."""
        return _SYMBOLS.get(self.currency, self.currency)

    def text(self, amount: Number) -> str:
        """An amount in a sentence."""
        value = float(amount)
        sign = _MINUS if round(value) < 0 else ""
        if abs(value) >= _MILLION:
            return f"{sign}{self.symbol} {abs(value) / _MILLION:,.1f} mi"
        return f"{sign}{self.symbol} {abs(value):,.0f}"

    def unit(self, amounts: Iterable[Number | None]) -> Unit:
        """The unit in which the largest of some amounts has few digits."""
        largest = max((abs(float(amount)) for amount in amounts if amount is not None), default=0)
        if largest >= _MILLION:
            return Unit(f"{self.symbol} mi", _MILLION)
        if largest >= 10_000:  # noqa: PLR2004 -- five digits are too many for an axis
            return Unit(f"{self.symbol} thousand", 1000)
        return Unit(self.symbol, 1)


def amount(value: Number) -> str:
    """An amount with its cents, without the currency."""
    return f"{value:,.2f}".replace("-", _MINUS)


def count(value: int) -> str:
    """How many."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """So many of something: "1 loan", "2,345 loans"."""
    return f"{value:,} {noun if value == 1 else noun + 's'}"


def share(value: float | None, decimals: int = 1) -> str:
    """A part of a whole, in percent."""
    return "none yet" if value is None else f"{_signed(100 * value, decimals)} %"


def between(low: float, high: float) -> str:
    """An interval of a share."""
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def rate(value: Decimal | None) -> str:
    """An interest rate, without idle zeros."""
    return "unknown" if value is None else f"{value.normalize():f} %"


def month(value: date | None) -> str:
    """A month."""
    return "undated" if value is None else f"{_MONTHS[value.month - 1]} {value.year:04}"


def day(value: date | None) -> str:
    """A day."""
    return "none" if value is None else f"{value.day} {month(value)}"


def unbroken(text: str) -> str:
    """A sentence in which no line ends between a figure and its unit."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", text)


def _signed(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    return f"{_MINUS}{text}" if value < 0 and float(text.replace(",", "")) else text
