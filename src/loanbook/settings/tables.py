"""A table of loanbook.toml becomes a frozen dataclass, or the key that cannot be used is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from loanbook.errors import BadSetting

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
Judge = Callable[[Any], str | None]
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def read(kind: type[T], name: str, table: object, file: Path, judges: dict[str, Judge]) -> T:
    """One table of loanbook.toml.

    Args:
        kind: the dataclass; its fields are the keys, its defaults hold for what is missing.
        name: of the table, for messages.
        table: what stands there.
        file: where it stands, for messages.
        judges: by key: says what is wrong with a value of the right type, if something is.

    Raises:
        BadSetting: a key is unknown, or has a value that cannot be used; the message names it.
    """
    if not isinstance(table, dict):
        raise BadSetting(key=name, file=file, problem=f"write a table [{name}]")
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    given: dict[str, Any] = {}
    for key, value in table.items():
        key_name = f"{name}.{key}"
        if key not in known:
            others = f"there is no such key; there are {', '.join(sorted(known))}"
            raise BadSetting(key=key_name, file=file, problem=others)
        given[key], mistyped = _typed(hints[key], value)
        problem = mistyped or (judges[key](given[key]) if key in judges else None)
        if problem:
            raise BadSetting(key=key_name, file=file, problem=problem)
    return kind(**given)


def between(least: int, most: int) -> Judge:
    """A number has to lie there."""
    return lambda value: (
        None if least <= value <= most else f"{value} is no number from {least} to {most}"
    )


def among(*choices: str) -> Judge:
    """A text has to be one of these."""
    return lambda value: None if value in choices else f"{value} is none of {', '.join(choices)}"


def _typed(hint: Any, value: object) -> tuple[Any, str]:  # noqa: ANN401 -- a type
    """The value as its field wants it, and what is wrong with it or blank."""
    if get_origin(hint) is tuple:
        item, *rest = get_args(hint)
        if not isinstance(value, list) or any(type(one) is not item for one in value):
            return None, f"{value} is no list in which each item is {_WORDS[item]}"
        if rest != [...] and len(value) != 1 + len(rest):
            return None, f"{value} has not {1 + len(rest)} items"
        return tuple(value), ""
    if hint is float and type(value) is int:
        value = float(value)
    return value, "" if type(value) is hint else f"{value} is not {_WORDS[hint]}"
