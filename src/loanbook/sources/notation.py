"""How others write values, and how files of ours write them.

What cannot be understood is never guessed at: it gets a question mark before it and goes on, so
that the load refuses the line and quarantine shows what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from loanbook.sources.atonce import AtOnce
from loanbook.sources.contract import Number

Convert = Callable[[Sequence[str | None]], list[str]]

MOST_KEPT = 20_000  # values of a column whose translation is remembered
EXCEL = "excel"
_EPOCH = date(1899, 12, 30)  # day 0 of Excel
_LAST_SERIAL = 109_575  # the last day of 2199
_DOUBLE = 15  # digits that a binary number surely has
_WHOLE = re.compile(r"-?[0-9]+(\.0+)?")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_COMMA = re.compile(r"(-?)([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,([0-9]+))?")
_POINT = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]+))?")
_OURS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.[0-9]+)? ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_CURRENCY = re.compile(r"^[A-Z]{0,3}\$|[\s\u00a0]+|%$")
_PARTS = {
    "d": "(?P<d>[0-9]{1,2})", "m": "(?P<m>[0-9]{1,2})", "Y": "(?P<Y>[0-9]{4})",
    "y": "(?P<y>[0-9]{2})", "H": "(?P<H>[0-9]{1,2})", "M": "(?P<M>[0-9]{2})",
    "S": "(?P<S>[0-9]{2})", "%": "%",
}  # fmt: skip


class Known(dict[str, str]):
    """Values and what they come to, worked out once each as long as there are not too many."""

    def __init__(self, work_out: Callable[[str], str]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, value: str) -> str:
        """Work a value out."""
        found = self._work_out(value)
        if len(self) < MOST_KEPT:
            self[value] = found
        return found


def unread(value: str) -> str:
    """A value that could not be understood, so that nothing takes it for one that could."""
    return f"?{value}"


def each(
    work_out: Callable[[str], str], blanks: frozenset[str], at_once: AtOnce | None = None
) -> Convert:
    """A conversion value by value; blanks stay blank. Numbers and texts are told apart.

    Args:
        work_out: converts a value.
        blanks: texts that stand for no value.
        at_once: does the same for values that look alike, quicker.
    """

    def judged(value: str) -> str:
        return "" if value in blanks or not value.strip() else work_out(value)

    def judged_number(value: str) -> str:
        return "" if value in blanks else work_out(Number(value))

    texts, numbers = Known(judged), Known(judged_number)

    def convert(values: Sequence[str | None]) -> list[str]:
        if at_once is not None and blanks.isdisjoint(values):
            found = at_once([value or "" for value in values])
            if found is not None:
                return found
        return [
            "" if value is None else (numbers if type(value) is Number else texts)[value]
            for value in values
        ]

    return convert


def text(blanks: frozenset[str]) -> Convert:
    """Free text, as it is."""
    return lambda values: ["" if v is None or v in blanks else str(v) for v in values]


def constant(value: str) -> Convert:
    """The same in each row."""
    return lambda values: [value] * len(values)


def coded(codes: Mapping[str, str], blanks: frozenset[str], *, free: bool) -> Convert:
    """Values by a list of codes, capitals or not.

    Args:
        codes: their code → our word.
        blanks: texts that stand for no value, unless a code says more.
        free: the column takes any text, so that one without a code stands for itself.
    """
    known = {code.strip().casefold(): word for code, word in codes.items()}
    blank = known.get("", "")

    def work_out(value: str) -> str:
        found = known.get(value.strip().casefold())
        if found is None:
            return value if free else unread(value)
        return found

    convert = each(work_out, blanks - codes.keys())
    return lambda values: [word or blank for word in convert(values)] if blank else convert(values)


def whole(value: str) -> str:
    """A whole number; as a number it may have been kept with decimals that say nothing."""
    stripped = value.strip()
    if stripped.isdecimal() and stripped.isascii():
        return stripped
    return stripped.partition(".")[0] if _WHOLE.fullmatch(stripped) else unread(value)


def amount(decimal: str, shift: int) -> Callable[[str], str]:
    """A conversion of amounts and rates.

    Args:
        decimal: what stands before the decimals of a text; groups of three may be set apart by the
            other sign. A Number has a point.
        shift: by how many places the point moves to the right.
    """
    shape = _COMMA if decimal == "," else _POINT

    def work_out(value: str) -> str:
        if type(value) is Number:
            return _shifted(value, shift) if _PLAIN.fullmatch(value) else unread(value)
        bare = _CURRENCY.sub("", value.strip())
        found = shape.fullmatch(bare)
        if found is None:
            return unread(value)
        sign, digits, decimals = found.groups()
        plain = (
            sign + digits.replace(".", "").replace(",", "") + ("." + decimals if decimals else "")
        )
        return _shifted(plain, shift) if shift else plain

    return work_out


def _shifted(value: str, shift: int) -> str:
    """A plain number with its point moved, without the noise of binary ones."""
    if not shift and len(value) <= _DOUBLE and "e" not in value.lower():
        return value
    exact = Decimal(value)
    if "." in value and len(exact.as_tuple().digits) > _DOUBLE:
        rounded = Decimal(f"{exact:.{_DOUBLE}g}")
        if -int(rounded.normalize().as_tuple().exponent) <= 4 - shift:
            exact = rounded
    shown = format(exact.scaleb(shift), "f")
    if "." in shown:
        whole_part, _, decimals = shown.partition(".")
        shown = f"{whole_part}.{decimals[:2]}{decimals[2:].rstrip('0')}"
    return shown


def instant(formats: Sequence[str], zone: ZoneInfo) -> Callable[[str], str]:
    """A conversion of dates, with or without a time, to the lender's wall time.

    Args:
        formats: how texts look; "excel" for numbers of days.
        zone: the lender's, for instants that bear another one.

    Raises:
        ValueError: a format holds what dates here cannot have.
    """
    shapes = [_shape(one) for one in formats if one != EXCEL]
    serial = EXCEL in formats

    def work_out(value: str) -> str:
        stripped = value.strip()
        if _OURS.fullmatch(stripped):
            return stripped
        iso = _ISO.fullmatch(stripped)
        if iso:
            return _from_iso(iso, value, zone)
        for shape in shapes:
            found = shape.fullmatch(stripped)
            if found:
                return _from_parts(found.groupdict())
        if serial and _PLAIN.fullmatch(stripped):
            return _from_serial(stripped, value)
        return unread(value)

    return work_out


def _from_iso(found: re.Match[str], value: str, zone: ZoneInfo) -> str:
    day, clock, seconds, offset = found.groups()
    plain = f"{day} {clock or '00:00'}{seconds or ':00'}"
    if offset is None:
        return plain
    minutes = offset if len(offset) != len("+03") else f"{offset}:00"
    try:
        there = datetime.fromisoformat(plain + minutes.replace("Z", "+00:00"))
    except ValueError:
        return unread(value)
    return there.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _from_parts(found: Mapping[str, str | None]) -> str:
    year = found.get("Y") or f"20{found['y']}"
    month, day = (int(found[part] or 0) for part in "md")
    hour, minute, second = (int(found.get(part) or 0) for part in "HMS")
    return f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"


def _from_serial(serial: str, value: str) -> str:
    days = Decimal(serial)
    if not 1 <= days <= _LAST_SERIAL:
        return unread(value)
    whole_days = int(days)
    seconds = round((days - whole_days) * 86_400)
    there = datetime(_EPOCH.year, _EPOCH.month, _EPOCH.day)  # noqa: DTZ001 -- wall time
    return str(there + timedelta(days=whole_days, seconds=seconds))


def shape_of(form: str) -> re.Pattern[str]:
    """The pattern of a date's form, such as %d/%m/%Y.

    Raises:
        ValueError: it holds what dates here cannot have.
    """
    return _shape(form)


def _shape(form: str) -> re.Pattern[str]:
    pieces = re.split(r"(%.)", form)
    unknown = [one for one in pieces if one.startswith("%") and one[1:] not in _PARTS]
    if unknown:
        raise ValueError(f"{form}: dates here have {', '.join('%' + p for p in 'dmYyHMS')} only")
    if not {"%d", "%m"} <= set(pieces) or not {"%Y", "%y"} & set(pieces):
        raise ValueError(f"{form} lacks a day, month or year")
    return re.compile("".join(_PARTS[p[1:]] if p.startswith("%") else re.escape(p) for p in pieces))
