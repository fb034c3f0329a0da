"""Excel: one sheet of a workbook, with what its values do not tell: formulas and merged cells."""

from __future__ import annotations

import importlib
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from loanbook.errors import FormatRefused, MissingExtra
from loanbook.sources.contract import Batch, Number

MANY = 5_000  # rows of a batch
MOST_CELLS = 60_000_000  # of the rectangle that a sheet spans; it is held in memory
MOST_BYTES = 4 << 30  # of a sheet's text
OLD = b"\xd0\xcf\x11\xe0"  # begins files of Excel before 2007, and workbooks behind a password
CHUNK = 1 << 20
OVERLAP = 1 << 12  # bytes in which the beginning of a cell surely lies
_DIGITS = 15  # that a number of Excel has; what is behind them is noise
_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_FORMULA = re.compile(rb"<f[ >/]")
_UNVALUED = re.compile(
    rb'<c [^>]*?r="([A-Z]+[0-9]+)"[^>]*>\s*<f[^>]*?(?:/>|>[^<]*</f>)\s*'
    rb"(?:<v\s*/>|<v></v>)?\s*</c>"
)


class Workbook:
    """Reads Excel.

    Options: sheet (its name or number, 1 by default), header (the number of the row with the names
    of the columns, by default the first that is not blank).
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        unknown = set(options) - {"sheet", "header"}
        if unknown:
            raise ValueError(f"it has no option {', '.join(sorted(unknown))}")
        sheet, header = options.get("sheet", 1), options.get("header", 0)
        if (
            not isinstance(sheet, int | str)
            or not isinstance(header, int)
            or isinstance(sheet, bool)
        ):
            raise ValueError(  # noqa: TRY004 -- the protocol's
                "sheet is a name or a number, header is a number"
            )
        self._sheet = sheet
        self._header = header

    def rows(self, path: Path) -> Iterator[Batch]:
        """The rows of the sheet without blank ones; each row of a merged cell has its value."""
        calamine = _needed()
        if _head(path) == OLD:
            problem = (
                "it needs a password, or is of Excel before 2007; save it as .xlsx without one"
            )
            raise _refused(path, problem)
        try:
            with calamine.CalamineWorkbook.from_path(str(path)) as book:
                name = self._name(book.sheet_names, path)
                looked = _looked_into(path, name, book.sheet_names)
                yield from self._read(book.get_sheet_by_name(name), looked, path)
        except (calamine.CalamineError, OSError, zipfile.BadZipFile) as error:
            raise _refused(path, " ".join(str(error).split())) from error

    def _name(self, names: Sequence[str], path: Path) -> str:
        if isinstance(self._sheet, str) and self._sheet in names:
            return self._sheet
        if isinstance(self._sheet, int) and 1 <= self._sheet <= len(names):
            return names[self._sheet - 1]
        raise _refused(path, f"it has no sheet {self._sheet}, but {', '.join(names)}")

    def _read(self, sheet: Any, looked: _Looked, path: Path) -> Iterator[Batch]:  # noqa: ANN401
        first = (sheet.start or (0, 0))[0]
        rows = iter(_merged(sheet))
        skipped = max(self._header - 1 - first, 0) if self._header else 0
        names: list[str] = []
        for number, row in enumerate(rows):
            if number >= skipped and any(cell != "" for cell in row):
                names = [_named(cell) for cell in row]
                break
        if not names:
            raise _refused(path, "the sheet is empty")
        notes = looked.notes(sheet)
        some: list[list[str | None]] = []
        for row in rows:
            texts = [_text(cell) for cell in row]
            if any(text is not None for text in texts):
                some.append(texts)
            if len(some) == MANY:
                yield Batch(names, some, notes)
                some, notes = [], ()
        yield Batch(names, some, notes)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the text of a sheet says beside its values."""

    formulas: int
    unvalued: tuple[str, ...]

    def notes(self, sheet: Any) -> tuple[str, ...]:  # noqa: ANN401
        told = []
        if self.formulas:
            told.append(f"{self.formulas} formulas: what Excel last computed is taken")
        if self.unvalued:
            cells = ", ".join(self.unvalued)
            told.append(f"formulas without a value, such as {cells}: open and save it in Excel")
        merged = len(sheet.merged_cell_ranges or ())
        if merged:
            told.append(f"{merged} merged cells: each row of one gets its value")
        return tuple(told)


def _looked_into(path: Path, name: str, names: Sequence[str]) -> _Looked:
    """Read a sheet's text before its cells are made: a few bytes may claim billions of them."""
    with zipfile.ZipFile(path) as archive:
        text = _part(archive, list(names).index(name))
        if text is None:
            return _Looked(0, ())
        formulas, widest, highest, size = 0, 0, 0, 0
        unvalued: list[str] = []
        rest = b""
        with archive.open(text) as stream:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                block = rest + chunk
                for column, row in _CELL.findall(block):
                    widest, highest = max(widest, _place(column)), max(highest, int(row))
                if size > MOST_BYTES or widest * highest > MOST_CELLS:
                    raise _refused(
                        path, f"its sheet {name} spans {highest} rows of {widest} columns"
                    )
                if b"<f" in block:
                    formulas += len(_FORMULA.findall(block, len(rest)))
                    unvalued += [cell.decode() for cell in _UNVALUED.findall(block)]
                rest = block[-OVERLAP:]
    return _Looked(formulas, tuple(dict.fromkeys(unvalued))[:3])


def _part(archive: zipfile.ZipFile, place: int) -> str | None:
    """Where the text of the sheet at a place lies in the workbook."""
    try:
        book = archive.read("xl/workbook.xml")
        relations = archive.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return None
    ids = re.findall(rb'<(?:\w+:)?sheet\s[^>]*?r:id="([^"]+)"', book)
    if place >= len(ids):
        return None
    for relation in re.findall(rb"<(?:\w+:)?Relationship\s[^>]*>", relations):
        if b'Id="' + ids[place] + b'"' in relation:
            [target] = re.findall(rb'Target="([^"]+)"', relation)
            part = target.decode().lstrip("/")
            part = part if part.startswith("xl/") else f"xl/{part}"
            return part if part in archive.namelist() else None
    return None


def _place(column: bytes) -> int:
    place = 0
    for letter in column:
        place = place * 26 + letter - 64
    return place


def _merged(sheet: Any) -> Iterator[list[Any]]:  # noqa: ANN401
    """The rows of a sheet, with the value of a merged cell in each of its places."""
    ranges = sheet.merged_cell_ranges or ()
    if not ranges:
        yield from sheet.iter_rows()
        return
    top, left = sheet.start or (0, 0)
    spans = [(r0 - top, c0 - left, r1 - top, c1 - left) for (r0, c0), (r1, c1) in ranges]
    values: dict[tuple[int, int, int, int], Any] = {}
    for number, row in enumerate(sheet.iter_rows()):
        for span in spans:
            r0, c0, r1, c1 = span
            if r0 <= number <= r1:
                value = values.setdefault(span, row[c0] if c0 < len(row) else "")
                row[c0 : c1 + 1] = [value] * len(row[c0 : c1 + 1])
        yield row


def _named(cell: Any) -> str:  # noqa: ANN401
    return " ".join((_text(cell) or "").split())


def _text(cell: Any) -> str | None:  # noqa: ANN401 -- what a cell may hold
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return _number(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return None if cell is None else str(cell)


def _number(value: float) -> Number:
    """What Excel shows of a number: 15 digits, whole ones without decimals."""
    if abs(value) < 10**_DIGITS and value == int(value):
        return Number(int(value))
    shown = f"{value:.{_DIGITS}g}"
    return Number(format(Decimal(shown), "f") if "e" in shown else shown)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _needed() -> Any:  # noqa: ANN401 -- a module
    try:
        return importlib.import_module("python_calamine")
    except ImportError as error:
        raise MissingExtra(package="python-calamine", extra="sources") from error


def _refused(path: Path, problem: str) -> FormatRefused:
    return FormatRefused(file=path.name, format="Excel", problem=problem)
