"""Values as a person reads them; `inert` makes harmless what came out of files."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from loanbook.inert import on_screen as inert

__all__ = [
    "amount", "count", "day", "difference", "image", "inert", "instant", "money", "number",
    "percent", "wall",
]  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from zoneinfo import ZoneInfo

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*")


def number(value: int | Decimal) -> str:
    """A count with thousands separators."""
    return f"{int(value):,}"


def amount(value: Decimal) -> str:
    """An amount of money without its currency."""
    return f"{value:,.2f}"


def money(value: Decimal, currency: str) -> str:
    """An amount of money with its currency."""
    return f"{currency} {amount(value)}"


def percent(value: Decimal | None) -> str:
    """A rate in percent per year, without idle zeros."""
    return "unknown" if value is None else f"{value.normalize():f} % a year"


def instant(value: datetime | None, zone: ZoneInfo) -> str:
    """An instant of the system, in the lender's wall time."""
    return "" if value is None else value.astimezone(zone).isoformat(" ", "seconds")


def wall(value: datetime | None) -> str:
    """A time of a contract, which is the lender's wall time already."""
    return "" if value is None else value.isoformat(" ", "seconds")


def day(value: date | None) -> str:
    """A date."""
    return "" if value is None else value.isoformat()


def count(value: int, noun: str) -> str:
    """So many of something: "1 line", "2 lines", "2 batches"."""
    if value == 1:
        return f"1 {noun}"
    plural = noun + ("es" if noun.endswith("ch") else "s")
    return f"{number(value)} {plural}"


def difference(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """What a change did to each column, before → after."""
    return "; ".join(f"{name}: {_value(a)} → {_value(b)}" for name, (a, b) in changes.items())


def image(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """What a new row holds; blank columns are left out."""
    return "; ".join(f"{name}: {_value(b)}" for name, (_, b) in changes.items() if b is not None)


def _value(value: object) -> str:
    if value is None:
        return "blank"
    text = str(value)
    return text.replace("T", " ", 1) if _INSTANT.fullmatch(text) else text
