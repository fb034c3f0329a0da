"""How large what comes in may be: the table [files] of loanbook.toml, for the inbox and sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loanbook.settings.tables import Judge, between, read

MEGABYTE, KILOBYTE = 1 << 20, 1 << 10
PATIENCE = 16 * MEGABYTE  # so much any packed file may unpack to, however small it is


@dataclass(frozen=True, slots=True)
class Files:
    """What a file may come to; beyond, it is refused, or its line is.

    Attributes:
        largest: megabytes to which a packed file may unpack.
        ratio: times its own size to which a packed file may unpack, from 16 megabytes on.
        longest_line: kilobytes of a line; a longer one is quarantined, and a longer header refuses
            its file.
        most_columns: names in a header.
    """

    largest: int = 8192
    ratio: int = 200
    longest_line: int = 1024
    most_columns: int = 1000

    @property
    def line_bytes(self) -> int:
        """Bytes of the longest line."""
        return self.longest_line * KILOBYTE

    def swollen(self, unpacked: int, packed: int) -> str | None:
        """What is wrong with a packed file that has unpacked to so many bytes, if something is.

        Args:
            unpacked: bytes that came out of it so far.
            packed: bytes of the file.
        """
        if unpacked > self.largest * MEGABYTE:
            return f"it unpacks to more than {self.largest} MB, which `largest` allows"
        if unpacked > max(self.ratio * packed, PATIENCE):
            return f"it unpacks to more than {self.ratio} times its size, which `ratio` allows"
        return None


def files(table: object, file: Path) -> Files:
    """The table [files].

    Raises:
        BadSetting: a key is unknown or has a value that cannot be used; the message names it.
    """
    return read(Files, "files", table, file, _JUDGES)


_JUDGES: dict[str, Judge] = {
    "largest": between(1, 1_000_000),
    "ratio": between(1, 1_000_000),
    "longest_line": between(1, 65_536),
    "most_columns": between(10, 10_000),
}
