"""Values of another database become the texts that a file of ours holds: exact, and in one way."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID


class NoTextError(Exception):
    """A value that no file of ours can hold; its text says of which type it is."""


def text_of(value: object) -> str:
    """A value as text; blank for none.

    Decimals are plain and as exact as they come, dates and instants as 2024-01-25 and
    2024-01-25 09:30:00, with what is smaller than a second, and the zone, only where there is one.

    Raises:
        NoTextError: bytes and other things that are no text.
    """
    if value is None:
        return ""
    if type(value) is str:
        return value
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    raise NoTextError(type(value).__name__)


def texts_of(values: Sequence[object]) -> Sequence[object]:
    """A column of values as csv writes them: as they are where str() says the same.

    Raises:
        NoTextError: as above.
    """
    if _AS_THEY_ARE.issuperset(map(type, values)):
        return values
    return [text_of(value) for value in values]


def _float(value: float) -> str:
    """The shortest decimal that stands for it, without an exponent."""
    return _decimal(Decimal(repr(value)))


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=text_of)


def _bool(value: object) -> str:
    return "true" if value else "false"


def _instant(value: datetime) -> str:
    return value.isoformat(" ")


# Of these str() says what text_of does, and of None csv writes nothing.
_AS_THEY_ARE = frozenset({str, int, date, datetime, type(None)})

# In this order: a truth is a number, and an instant is a date.
_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, _bool),
    (int, str),
    (Decimal, _decimal),
    (float, _float),
    (datetime, _instant),
    (date, date.isoformat),
    (time, time.isoformat),
    (str, str.__str__),
    (UUID, str),
    (list, _json),
    (tuple, _json),
    (dict, _json),
)
