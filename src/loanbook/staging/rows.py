"""Records become rows for COPY: sound ones as they are, the others looked at field by field.

COPY is too kind: it takes `now` for a time, `0x1F` for a number, and rounds. So each record's
shape is checked here. Digits and letters are first mapped to one digit and one letter, which
leaves few different shapes in a file of any size; each shape is then judged only once.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime

from loanbook.columns import Shape
from loanbook.inert import out_of_sheet
from loanbook.staging.layouts import Layout
from loanbook.staging.lines import Block, split

MOST_SHAPES = 1 << 24  # bytes remembered at a time; a file of free texts has as many as lines

_DIGITS = b"0123456789"
_LETTERS = bytes(c for c in range(256) if c > ord("~") or chr(c).isalpha())  # and beyond ASCII
_MASK = bytes.maketrans(_DIGITS + _LETTERS, b"9" * len(_DIGITS) + b"a" * len(_LETTERS))

_SOUND = {
    Shape.WHOLE: "9{0,18}",
    Shape.AMOUNT: r"(?:-?9{1,13}(?:\.9{1,6})?)?",
    Shape.INSTANT: "(?:9999-99-99 99:99:99)?",
    Shape.TEXT: r'[^"%s\x00-\x1f]*',
}
_INT4, _INT8 = 2**31 - 1, 2**63 - 1
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_AMOUNT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


class RowMaker:
    """Makes COPY's rows out of the records of one file.

    Attributes:
        columns: the columns of the stage that each row fills, in order.
        lines: records seen so far.
    """

    def __init__(self, layout: Layout, longest: int, *, exact: bool) -> None:
        """Prepare for a file.

        Args:
            layout: what its header says.
            longest: bytes of a line that is looked at.
            exact: look at every record field by field, because the server has found a value
                that no shape betrays, such as the 30th of February.
        """
        self._layout = layout
        self._longest = longest
        self._exact = exact or layout.known != layout.columns
        self._sound = re.compile(_pattern(layout).encode())
        self._shapes: set[bytes] = set()
        self._remembered = 0  # bytes
        mark = layout.delimiter.encode()
        self._prefixed = (b"%d" + mark * 3 + b"%b").__mod__
        self.columns = ("line_no", "set_aside", "faults", *layout.known)
        self.lines = 0

    def rows(self, block: Block) -> Iterator[bytes]:
        """The bytes of a block's rows, ready for COPY."""
        self.lines += len(block.records)
        if not block.records:
            return
        if self._exact or block.has_cut or _has_odd_clock(block):
            yield b"".join(map(self._row, block.numbers, block.records))
            return
        broken = self._broken(block)
        pairs = zip(block.numbers, block.records, strict=True)
        if not any(broken):
            yield b"\n".join(map(self._prefixed, pairs)) + b"\n"
            return
        yield b"".join(
            self._row(*pair) if bad else self._prefixed(pair) + b"\n"
            for pair, bad in zip(pairs, broken, strict=True)
        )

    def _broken(self, block: Block) -> list[bool]:
        """Which records are not of a sound shape."""
        if block.quoted:
            shapes = [record.translate(_MASK) for record in block.records]
        else:
            shapes = b"\n".join(block.records).translate(_MASK).split(b"\n")
        fresh = set(shapes) - self._shapes
        sound = {shape for shape in fresh if self._sound.fullmatch(shape)}
        if self._remembered > MOST_SHAPES:
            self._shapes, self._remembered = set(), 0
        self._shapes |= sound
        self._remembered += sum(map(len, sound))
        bad = fresh - sound
        return [shape in bad for shape in shapes] if bad else []

    def _row(self, number: int, record: bytes) -> bytes:
        """One record, field by field: what cannot be read stays blank and is named."""
        layout = self._layout
        values, faults = self._fields(record)
        cells = [
            str(number),
            "quarantined" if faults else "",
            '"{' + ",".join(faults) + '}"' if faults else "",
            *(_quoted(values.get(name, ""), layout.shape(name)) for name in layout.known),
        ]
        return layout.delimiter.join(cells).encode() + b"\n"

    def _fields(self, record: bytes) -> tuple[dict[str, str], list[str]]:
        layout = self._layout
        if len(record) > self._longest:
            return {}, ["line_length"]
        if b"\0" in record:
            return {}, ["line_characters"]
        try:
            fields = split(record, layout.delimiter)
        except UnicodeDecodeError:
            return {}, ["line_characters"]
        except csv.Error:
            return {}, ["line_quotes"]
        if len(fields) != len(layout.columns):
            return {}, ["line_columns"]
        values: dict[str, str] = {}
        faults: list[str] = []
        for name, field in zip(layout.columns, fields, strict=True):
            if name not in layout.known:
                continue
            if layout.is_mended:
                field = out_of_sheet(field)  # noqa: PLW2901 -- as it was before the export
            value = field.strip() if layout.shape(name) is not Shape.TEXT else field
            if value and not _readable(value, layout.shape(name), name):
                faults.append(f"{layout.kind}_{name}_malformed")
            else:
                values[name] = value
        return values, faults


def _has_odd_clock(block: Block) -> bool:
    """Whether 24:00:00 or a 60th second may be in it: COPY takes them for the next one."""
    text = b"\n".join(block.records)
    return b" 24:" in text or b":60" in text


def _pattern(layout: Layout) -> str:
    mark = re.escape(layout.delimiter)
    return mark.join(_SOUND[layout.shape(name)].replace("%s", mark) for name in layout.known)


def _readable(value: str, shape: Shape, name: str) -> bool:
    """Whether a field that is not blank can be staged as what its column holds."""
    if shape is Shape.WHOLE:
        largest = _INT4 if name == "batch" else _INT8
        return bool(_WHOLE.fullmatch(value)) and abs(int(value)) <= largest
    if shape is Shape.AMOUNT:
        return bool(_AMOUNT.fullmatch(value))
    if shape is Shape.INSTANT:
        return bool(_INSTANT.fullmatch(value)) and _exists(value)
    return True


def _exists(instant: str) -> bool:
    """Whether the calendar has this instant; 24:00:00 and leap seconds are not in use."""
    try:
        datetime.fromisoformat(instant)
    except ValueError:
        return False
    return True


def _quoted(value: str, shape: Shape) -> str:
    if shape is Shape.TEXT and value:
        return '"' + value.replace('"', '""') + '"'
    return value
