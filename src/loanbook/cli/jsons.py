"""Results as JSON: amounts with all their digits, days and instants in ISO form.

Python's own encoder would turn a Decimal into a float or refuse it; a reader who needs every digit
parses numbers as decimals. The text is plain ASCII, so that no terminal or pipe can stumble on it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from loanbook.inert import in_json

Brackets = tuple[str, str]
_LIST: Brackets = ("[", "]")
_OBJECT: Brackets = ("{", "}")


def dumps(value: object) -> str:
    """A value as JSON text: dataclasses become objects, tuples become lists."""
    return "".join(pieces(value))


def fields(value: Any) -> dict[str, object]:  # noqa: ANN401 -- any dataclass
    """The fields of a dataclass by name, for an object that holds more than them."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def pieces(value: object, indent: str = "") -> Iterator[str]:
    """The same piece by piece, for results of any length.

    Args:
        value: what to write.
        indent: of the line on which it begins.
    """
    deeper = indent + "  "
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        yield from _enclosed(_OBJECT, (_member(*item, deeper) for item in items), indent)
    elif isinstance(value, Mapping):
        members = (_member(str(name), item, deeper) for name, item in value.items())
        yield from _enclosed(_OBJECT, members, indent)
    elif isinstance(value, (list, tuple)):
        yield from _enclosed(_LIST, (pieces(item, deeper) for item in value), indent)
    else:
        yield _scalar(value)


def _member(name: str, value: object, indent: str) -> Iterator[str]:
    yield _text(name) + ": "
    yield from pieces(value, indent)


def _enclosed(brackets: Brackets, items: Iterable[Iterable[str]], indent: str) -> Iterator[str]:
    yield brackets[0]
    first = True
    for item in items:
        yield ("\n" if first else ",\n") + indent + "  "
        yield from item
        first = False
    yield brackets[1] if first else "\n" + indent + brackets[1]


def _scalar(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, (date, datetime)):
        return json.dumps(value.isoformat())
    if isinstance(value, PurePath):
        return _text(str(value))
    return in_json(json.dumps(value))


def _text(value: str) -> str:
    return in_json(json.dumps(value))
