"""The comment at the head of a question or relation, read by its grammar.

    -- key: text                                   told once each, such as question or grain
    -- column: name | type | unit | meaning        one for each column, in order
    --     text                                    goes on with the line above

A unit is a word, or `share a / b` (rows counted in column a are among those of column b) or
`ratio a / b` (any other quotient of two columns).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from loanbook import sql

TYPES = ("bigint", "integer", "decimal", "double", "date", "boolean", "text")
UNITS = (
    "count", "day", "days", "flag", "id", "label", "money", "month", "part", "percent", "rank",
    "ratio", "share",
)  # fmt: skip

_KEY = re.compile(r"-- (\w+): (.+)")
_MORE = re.compile(r"--     (.+)")
_UNIT = re.compile(r"(\w+)(?: (\w+) / (\w+))?")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer.

    Attributes:
        name: its name.
        type: bigint, integer, decimal, double, date, boolean or text.
        unit: what a value counts or is, such as count, money (in the book's currency), share,
            ratio and part (of 1), percent (of 100), month (by its first day).
        meaning: in words.
        numerator: of a share or ratio, the column above the line.
        denominator: of a share or ratio, the column below the line.
    """

    name: str
    type: str
    unit: str
    meaning: str
    numerator: str | None = None
    denominator: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself.

    Attributes:
        told: the text under each key.
        columns: the columns, in order.
    """

    told: Mapping[str, str]
    columns: tuple[Column, ...]


@cache
def read(name: str) -> Header:
    """The header of an SQL file of this package.

    Raises:
        ValueError: it does not follow the grammar.
    """
    told: dict[str, str] = {}
    columns: list[str] = []
    key = ""
    for line in sql.text(name).splitlines():
        if more := _MORE.fullmatch(line):
            text = " " + more.group(1)
        elif begun := _KEY.fullmatch(line):
            key, text = begun.groups()
            if key == "column":
                columns.append("")
            elif key in told:
                raise ValueError(f"{name}: {key} is told twice")
        else:
            break
        if key == "column":
            columns[-1] += text
        else:
            told[key] = told.get(key, "") + text
    return Header(told, tuple(_column(name, text) for text in columns))


def _column(name: str, text: str) -> Column:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != 4:  # noqa: PLR2004 -- as the grammar says
        raise ValueError(f"{name}: a column is name | type | unit | meaning, not {text}")
    unit = _UNIT.fullmatch(parts[2])
    if parts[1] not in TYPES or unit is None or unit.group(1) not in UNITS:
        raise ValueError(f"{name}: {parts[0]} has an unknown type or unit")
    kind, numerator, denominator = unit.groups()
    return Column(parts[0], parts[1], kind, parts[3], numerator, denominator)
