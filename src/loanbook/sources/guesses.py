"""What a column of a foreign file seems to hold, told by its first values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from loanbook.columns import Shape
from loanbook.sources import notation
from loanbook.sources.contract import Number

MOST_CODES = 12  # different values that look like a list of codes
MOSTLY = 0.9  # part of the values by which a column is judged
FORMS = (
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%d/%m/%y", "%Y%m%d",
)  # fmt: skip
_UTC = ZoneInfo("UTC")
_SERIALS = (20_000, 80_000)  # days of Excel between 1954 and 2119
_LAST_MONTH = 12


@dataclass(frozen=True, slots=True)
class Guess:
    """A column as it seems.

    Attributes:
        name: what it is called.
        shapes: what it may hold.
        decimal: "," or "." if its numbers are texts that tell, else blank.
        form: how its dates look; blank: as ours, or there are none.
        is_day_sure: its dates could not be read with day and month changed over.
        codes: its values, if they are few.
        is_whole: all its numbers are whole.
        median: of its numbers; None if there are none.
        values: how many it has.
    """

    name: str
    shapes: frozenset[Shape]
    decimal: str
    form: str
    is_day_sure: bool
    codes: tuple[str, ...]
    is_whole: bool
    median: Decimal | None
    values: int


def guess(name: str, values: Sequence[str | None]) -> Guess:
    """What a column seems to hold."""
    present = [value for value in values if value is not None and value.strip()]
    shapes = {Shape.TEXT}
    decimal = _decimal(present)
    numbers = _numbers(present, decimal or ".")
    if present and len(numbers) >= MOSTLY * len(present):
        shapes.add(Shape.AMOUNT)
    whole = bool(numbers) and all(number == number.to_integral_value() for number in numbers)
    if Shape.AMOUNT in shapes and whole:
        shapes.add(Shape.WHOLE)
    form = _form(present)
    if form is not None:
        shapes.add(Shape.INSTANT)
    counted = Counter(value.strip() for value in present)
    numbers.sort()
    return Guess(
        name,
        frozenset(shapes) if present else frozenset(Shape),
        decimal,
        form or "",
        _is_day_sure(present, form),
        tuple(sorted(counted)) if 0 < len(counted) <= MOST_CODES else (),
        whole,
        numbers[len(numbers) // 2] if numbers else None,
        len(present),
    )


def _decimal(values: Sequence[str]) -> str:
    """What stands before the decimals of texts, if any of them tells."""
    texts = [value for value in values if type(value) is not Number]
    for value in texts:
        last = max(value.rfind(","), value.rfind("."))
        if last < 0 or not any(c.isdigit() for c in value):
            continue
        both = "," in value and "." in value
        if both or len(value.strip()) - last - 1 != len("000"):
            return value[last]
    return ""


def _numbers(values: Sequence[str], decimal: str) -> list[Decimal]:
    work_out = notation.amount(decimal, 0)
    found = []
    for value in values:
        try:
            found.append(Decimal(work_out(value)))
        except InvalidOperation:
            continue
    return found


def _form(values: Sequence[str]) -> str | None:
    """How dates look: blank as ours do; None if there are none."""
    if not values:
        return None
    for forms in ((), *((form,) for form in FORMS)):
        work_out = notation.instant(forms, _UTC)
        fitting = [v for v in values if _is_day(work_out(v))]
        if len(fitting) >= MOSTLY * len(values):
            return forms[0] if forms else ""
    serial = [v for v in values if type(v) is Number and _is_serial(v)]
    return notation.EXCEL if len(serial) >= MOSTLY * len(values) else None


def _is_day(instant: str) -> bool:
    return not instant.startswith("?") and 1 <= int(instant[5:7]) <= _LAST_MONTH


def _is_serial(value: str) -> bool:
    number = Decimal(value)
    return _SERIALS[0] <= number <= _SERIALS[1]


def _is_day_sure(values: Sequence[str], form: str | None) -> bool:
    if form is None or "%d/%m" not in form:
        return True
    work_out = notation.instant((form,), _UTC)
    return any(
        int(work_out(value)[8:10]) > _LAST_MONTH for value in values if _is_day(work_out(value))
    )
