"""Columns whose values all look alike are rewritten as one text, far quicker than one by one.

Each function gives a column as ours, or None where some value looks otherwise: then each value is
looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

AtOnce = Callable[[Sequence[str]], "list[str] | None"]  # values, blank where there is none

_WHOLE = re.compile(r"(?:[0-9]{0,18}\n)*")
# So few digits that a binary number has no noise in them, with decimals that may all be kept.
_PLAIN = re.compile(r"(?:(?:-?[0-9]{1,12}(?:\.[0-9]{1,2})?)?\n)*")
_COMMA = re.compile(r"(?:(?:-?[0-9]{1,12}(?:,[0-9]{1,2})?)?\n)*")
_INSTANT = re.compile(r"(?:(?:[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})?\n)*")
_DIGITS = {"d": 2, "m": 2, "Y": 4, "H": 2, "M": 2, "S": 2}


def whole(values: Sequence[str]) -> list[str] | None:
    """Whole numbers in plain digits."""
    return _fitting(_joined(values), values, _WHOLE)


def plain(values: Sequence[str]) -> list[str] | None:
    """Amounts as ours are."""
    return _fitting(_joined(values), values, _PLAIN)


def comma(values: Sequence[str]) -> list[str] | None:
    """Amounts with a decimal comma, without groups; they must all be texts."""
    joined = _joined(values)
    return _fitting(joined.replace(",", "."), values) if _COMMA.fullmatch(joined) else None


def instants(forms: Sequence[str]) -> AtOnce:
    """Instants as ours are, or in the first of these forms with all digits of each part."""
    shape = _shape(forms[0]) if forms else None

    def rewritten(values: Sequence[str]) -> list[str] | None:
        joined = _joined(values)
        if shape is not None and not _INSTANT.fullmatch(joined):
            joined = shape[0].sub(shape[1], joined)
        return _fitting(joined, values, _INSTANT)

    return rewritten


def _joined(values: Sequence[str]) -> str:
    return "\n".join(values) + "\n"


def _fitting(
    joined: str, values: Sequence[str], pattern: re.Pattern[str] | None = None
) -> list[str] | None:
    if pattern is not None and not pattern.fullmatch(joined):
        return None
    lines = joined.split("\n")
    lines.pop()
    return lines if len(lines) == len(values) else None


def _shape(form: str) -> tuple[re.Pattern[str], str] | None:
    """The pattern of a form, and how what it finds is written here."""
    pieces = re.split(r"(%.)", form)
    parts = [piece[1:] for piece in pieces if piece.startswith("%")]
    if sorted(parts) not in (sorted("dmY"), sorted("dmYHMS"), sorted("dmYHM")):
        return None
    pattern = "".join(
        f"(?P<{p[1:]}>[0-9]{{{_DIGITS[p[1:]]}}})" if p.startswith("%") else re.escape(p)
        for p in pieces
    )
    clock = [rf"\g<{part}>" if part in parts else "00" for part in "HMS"]
    return re.compile(f"^{pattern}$", re.MULTILINE), rf"\g<Y>-\g<m>-\g<d> {':'.join(clock)}"
