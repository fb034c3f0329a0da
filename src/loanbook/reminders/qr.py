"""QR codes as PNG pictures, thousands a second.

A QR code of a given size and mask is linear: data, Reed-Solomon words and mask are joined by
exclusive or. So if two texts of one length differ in some bits, their pictures differ by the
exclusive or of what each of these bits alone would change. The codes of letters differ in an
amount, a number and a check sum only. The first text of a length is drawn by segno, what a bit
changes too, when it is first met; all further texts are made of these. Each picture is the one that
segno draws with the mask of the first.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from loanbook.errors import MissingExtra

if TYPE_CHECKING:
    import segno

SCALE = 8  # pixels a module: sharp where a screen has two or three for each of the picture's
QUIET = 4  # modules of white around it
_ERROR = "m"  # 15 % may be unreadable
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAME_AS_ABOVE = 2  # the filter that keeps the difference to the line above
_EFFORT = 2  # of compressing: 1,080 bytes in 30 µs; 9 would make 750 in 1.7 ms


class Pictures:
    """Draws QR codes; it may be shared by threads."""

    def __init__(self) -> None:
        self._kinds: dict[int, _Kind] = {}

    def png(self, text: str) -> bytes:
        """The picture of a text of ASCII, black on white with its quiet zone."""
        data = text.encode("ascii")
        kind = self._kinds.get(len(data)) or self._kinds.setdefault(len(data), _Kind(data))
        return kind.png(data)


@dataclass
class _Kind:
    """All texts of one length.

    Attributes:
        first: the text from which the others are told apart.
        changes: by place and bit: what this bit changes.
    """

    first: bytes
    changes: dict[int, int] = field(default_factory=dict)

    @cached_property
    def _code(self) -> segno.QRCode:
        return _drawn(self.first)

    @cached_property
    def _width(self) -> int:
        """Pixels of a line."""
        return (len(self._code.matrix) + 2 * QUIET) * SCALE

    @cached_property
    def _row(self) -> int:
        """Bytes of a line."""
        return (self._width + 7) // 8

    @cached_property
    def _white(self) -> bytes:
        return int("1" * self._width + "0" * (8 * self._row - self._width), 2).to_bytes(self._row)

    @cached_property
    def _lines(self) -> int:
        """The lines of the first text, one a row of modules, as one number."""
        return self._number(self._code)

    @cached_property
    def _repeated(self) -> bytes:
        return (bytes([_SAME_AS_ABOVE]) + bytes(self._row)) * (SCALE - 1)

    def png(self, data: bytes) -> bytes:
        """The picture of a text."""
        lines = self._lines
        differing = int.from_bytes(self.first) ^ int.from_bytes(data)
        while differing:
            lowest = differing & -differing
            lines ^= self._change(lowest)
            differing ^= lowest
        return self._picture(lines)

    def _change(self, bit: int) -> int:
        change = self.changes.get(bit)
        if change is None:
            other = (int.from_bytes(self.first) ^ bit).to_bytes(len(self.first))
            change = self._lines ^ self._number(_drawn(other, self._code))
            self.changes[bit] = change
        return change

    def _number(self, code: segno.QRCode) -> int:
        return int.from_bytes(b"".join(self._line(bytes(row)) for row in code.matrix))

    def _line(self, modules: bytes) -> bytes:
        shown = b"1" * QUIET + modules.translate(b"10" + bytes(254)) + b"1" * QUIET
        bits = b"".join(shown[i : i + 1] * SCALE for i in range(len(shown)))
        return int(bits.ljust(8 * self._row, b"0"), 2).to_bytes(self._row)

    def _picture(self, lines: int) -> bytes:
        row, pixels = self._row, lines.to_bytes(self._row * len(self._code.matrix))
        margin = (b"\0" + self._white + self._repeated) * QUIET
        parts = [b"\0" + pixels[i : i + row] + self._repeated for i in range(0, len(pixels), row)]
        header = struct.pack(">IIBBBBB", self._width, self._width, 1, 0, 0, 0, 0)
        packed = zlib.compress(margin + b"".join(parts) + margin, _EFFORT)
        return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _drawn(data: bytes, like: segno.QRCode | None = None) -> segno.QRCode:
    """A text as segno draws it: with the mask that suits it best, or as another one."""
    try:
        import segno as drawing  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra(package="segno", extra="letters") from error
    if like is None:
        return drawing.make_qr(data, error=_ERROR, mode="byte", boost_error=False)
    return drawing.make_qr(
        data, error=_ERROR, mode="byte", boost_error=False, version=like.version, mask=like.mask
    )
