"""A linter for the SQL that PostgreSQL, DuckDB and Spark understand alike.

It knows what may be used, not what may not, wherever that is possible: a function or type that
nobody has tried on all three is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp

# Tried on all engines with the same result.
FUNCTIONS = (
    exp.And, exp.Or, exp.Case, exp.If, exp.Cast, exp.Coalesce, exp.Count, exp.Exists, exp.Floor,
    exp.Max, exp.Min, exp.NthValue, exp.Nullif, exp.Round, exp.RowNumber, exp.Sum,
    exp.TimestampTrunc, exp.DateTrunc, exp.Extract,
)  # fmt: skip
NAMED = {"ntile"}  # functions that the parser has no class for
TYPES = {
    exp.DataType.Type.DOUBLE, exp.DataType.Type.INT, exp.DataType.Type.BIGINT,
    exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP, exp.DataType.Type.BOOLEAN,
}  # fmt: skip
MEASURED = {exp.DataType.Type.DECIMAL: 2, exp.DataType.Type.VARCHAR: 1}  # how many sizes
WORDS = {
    "qualify": "use a subquery",
    "double precision": "write double",
    "float": "has four bytes in two of them, write double",
    "fetch first": "write limit",
    "at time zone": "wall times have no zone",
    "ignore nulls": "is not in all engines",
}
REFUSED: dict[type[exp.Expr], Callable[[exp.Expr], bool]] = {
    exp.Distinct: lambda node: node.args.get("on") is not None,
    exp.Parameter: lambda _: True,
    exp.Placeholder: lambda _: True,
    exp.Array: lambda _: True,
    exp.Identifier: lambda node: bool(node.args.get("quoted")),
    exp.IntDiv: lambda _: True,
    exp.DPipe: lambda node: node.find(exp.Null) is not None,
}


def complaints(text: str) -> list[str]:
    """What one of the engines would not take, or would take in another way."""
    bare = re.sub(r"--.*", "", text)
    found = [
        f"{word}: {why}"
        for word, why in WORDS.items()
        if re.search(rf"\b{word}\b", bare, re.IGNORECASE)
    ]
    if "\\" in bare:
        found.append("a backslash means different things")
    (tree,) = sqlglot.parse(bare, dialect="postgres")
    assert tree is not None
    for node in tree.walk():
        found += [f"{node.sql()}: {why}" for why in _of(node)]
    return found


def _of(node: exp.Expr) -> list[str]:
    found = []
    for kind, is_refused in REFUSED.items():
        if isinstance(node, kind) and is_refused(node):
            found.append(f"{kind.__name__} is not in all engines")
    if isinstance(node, exp.Func) and not isinstance(node, FUNCTIONS) and _name(node) not in NAMED:
        found.append("this function was not tried on all engines")
    if isinstance(node, exp.DataType):
        found += _type(node)
    if isinstance(node, exp.Div) and not _is_double(node.left):
        found.append("only a double is divided alike")
    if isinstance(node, exp.Cast) and node.to.is_type("int", "bigint"):
        found += _whole(node.this)
    if isinstance(node, exp.Sub) and _is_day(node.left) and not _in_cast(node):
        found.append("days between dates are cast to integer")
    if isinstance(node, exp.Interval) and not _in_cast(node.parent):
        found.append("a date and an interval are cast to a date")
    return found


def _name(node: exp.Func) -> str:
    return node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__.lower()


def _type(node: exp.DataType) -> list[str]:
    sizes = MEASURED.get(node.this)
    if sizes is not None:
        return [] if len(node.expressions) == sizes else ["a type without its size"]
    in_interval = isinstance(node.parent, exp.Interval)
    return [] if node.this in TYPES or in_interval else ["this type has different meanings"]


def _whole(operand: exp.Expr) -> list[str]:
    is_of_cents = isinstance(operand, exp.Mul) and operand.left.sql() == "100"
    if (isinstance(operand, (exp.Div, exp.Mul)) and not is_of_cents) or (
        isinstance(operand, exp.Literal) and "." in operand.name
    ):
        return ["only a rounded number becomes an integer alike"]
    return []


def _is_double(operand: exp.Expr) -> bool:
    return isinstance(operand, exp.Cast) and operand.to.is_type("double")


def _is_day(operand: exp.Expr) -> bool:
    column = operand.find(exp.Column)
    return column is not None and column.name.endswith(("_on", "as_of"))


def _in_cast(node: exp.Expr | None) -> bool:
    return node is not None and isinstance(node.parent, exp.Cast)
