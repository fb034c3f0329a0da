"""CSV: lines of fields, whatever separates them and however they are encoded."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from loanbook.errors import FormatRefused
from loanbook.settings.files import Files
from loanbook.sources.contract import Batch

MANY = 5_000  # rows of a batch
MUCH = 1 << 25  # characters after which a batch has fewer rows
SAMPLE = 1 << 16  # bytes by which separator and encoding are told
DELIMITERS = ",;\t|"
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

csv.field_size_limit(1 << 27)


class Delimited:
    """Reads CSV.

    Options: delimiter, encoding (both told by the file if missing), quote, header (the number of
    the line with the names of the columns, 1 by default), longest_line (bytes).
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        unknown = set(options) - {"delimiter", "encoding", "quote", "header", "longest_line"}
        if unknown:
            raise ValueError(f"it has no option {', '.join(sorted(unknown))}")
        self._delimiter = str(options.get("delimiter", ""))
        self._encoding = str(options.get("encoding", ""))
        self._quote = str(options.get("quote", '"'))
        header = options.get("header", 1)
        if len(self._delimiter) > 1 or len(self._quote) > 1 or not isinstance(header, int):
            raise ValueError("delimiter and quote are one character, header is a number")
        self._header = max(header, 1)
        self._longest = int(str(options.get("longest_line", Files().line_bytes)))

    def rows(self, path: Path) -> Iterator[Batch]:
        """The rows of a file; a row with too many or too few fields keeps what is there."""
        encoding = self._encoding or encoding_of(path)
        try:
            with path.open(encoding=encoding, newline="") as stream:
                yield from self._read(stream, path)
        except UnicodeError as error:
            problem = f"a character does not fit its encoding, {encoding}"
            raise _refused(path, problem) from error
        except (csv.Error, LookupError) as error:
            raise _refused(path, str(error)) from error

    def _read(self, stream: io.TextIOWrapper, path: Path) -> Iterator[Batch]:
        lines = _Lines(stream, path, self._longest)
        for _ in range(self._header - 1):
            next(lines, "")
        start = next(lines, "")
        if not start.strip():
            raise _refused(path, "it is empty, or has no line of names")
        mark = self._delimiter or max(DELIMITERS, key=start.count)
        columns = next(self._reader([start], mark))
        columns = [name.strip() for name in columns]
        reader = self._reader(lines, mark)
        yield Batch(columns, _some(reader, lines))
        while rows := _some(reader, lines):
            yield Batch(columns, rows)

    def _reader(self, lines: Iterable[str], mark: str) -> Iterator[list[str]]:
        if self._quote:
            return csv.reader(lines, delimiter=mark, quotechar=self._quote)
        return csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE)


class _Lines:
    """The lines of a text, none longer than allowed.

    Attributes:
        read: characters read so far.
    """

    def __init__(self, stream: io.TextIOWrapper, path: Path, longest: int) -> None:
        self.read = 0
        self._stream = stream
        self._path = path
        self._longest = longest

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(self._longest + 1)
        if not line:
            raise StopIteration
        if len(line) > self._longest and line[-1] not in "\r\n":
            problem = f"a line is longer than {self._longest >> 10} KB, which `longest_line` allows"
            raise _refused(self._path, problem)
        self.read += len(line)
        return line


def _some(reader: Iterator[list[str]], lines: _Lines) -> list[list[str]]:
    """The next rows, blank ones apart: as many as memory is meant to hold; none at the end."""
    rows: list[list[str]] = []
    until = lines.read + MUCH
    for row in reader:
        if row:
            rows.append(row)
        if len(rows) == MANY or lines.read > until:
            break
    return rows


def encoding_of(path: Path) -> str:
    """How a text is encoded: told by its first bytes, else UTF-8 if all of it is, else Windows'."""
    with path.open("rb") as file:
        head = file.read(4)
        for bom, encoding in _BOMS.items():
            if head.startswith(bom):
                return encoding
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(SAMPLE):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _refused(path: Path, problem: str) -> FormatRefused:
    return FormatRefused(file=path.name, format="CSV", problem=problem)
