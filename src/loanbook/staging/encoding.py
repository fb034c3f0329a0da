"""How a file is written: UTF-8, or Latin-1, or UTF-8 in which some characters are broken."""

from __future__ import annotations

import codecs
import re

_BROKEN = re.compile("[\udc80-\udcff]")  # what stands for a byte that is no part of a character
# A half of a character beyond the sixteen-bit plane, written as if it were one: only writers that
# mean UTF-8 make it.
_HALF = re.compile("\udced[\udca0-\udcbf][\udc80-\udcbf]")
_NO_LEAD = bytes(range(0xC2))  # bytes that begin no character of several bytes
_LEAST_LEAD = "\udcc2"


class Encoding:
    """Tells the encoding of bytes that it is shown in order.

    If all of them are UTF-8, so is the file. If at least as many characters of UTF-8 are in it as
    bytes that are none, it is UTF-8 in which something broke: its other lines are good. Else it is
    Latin-1, in which characters of UTF-8 stand beside each other by rare chance only.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._is_pending = False  # the bytes so far end within a character
        self._is_broken = False
        self._sound = 0
        self._none = 0

    def read(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if chunk.isascii() and not self._is_pending:
            return
        text = self._decoder.decode(chunk)
        self._is_pending = bool(self._decoder.getstate()[0])
        self._sound += len(chunk.translate(None, _NO_LEAD))
        try:
            text.encode()  # ten times faster than to look for what is broken
        except UnicodeEncodeError:
            self._count_broken(text)

    def _count_broken(self, text: str) -> None:
        self._is_broken = True
        broken = _BROKEN.findall(text)
        halves = len(_HALF.findall(text))
        leads = sum(byte >= _LEAST_LEAD for byte in broken)  # that were counted as sound
        self._sound += halves - leads
        self._none += len(broken) - 3 * halves

    @property
    def name(self) -> str:
        """The encoding of what was read: "utf-8" or "latin-1"."""
        pending = len(self._decoder.getstate()[0])  # it ends within a character
        sound, none = self._sound - bool(pending), self._none + pending
        is_whole = not (self._is_broken or pending)
        return "utf-8" if is_whole or 0 < sound >= none else "latin-1"
