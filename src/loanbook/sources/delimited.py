"""CSV: lines of fields, whatever separates them and however they are encoded."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from loanbook.errors import FormatRefused
from loanbook.sources.contract import Batch

MANY = 5_000  # rows of a batch
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
    the line with the names of the columns, 1 by default).
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        unknown = set(options) - {"delimiter", "encoding", "quote", "header"}
        if unknown:
            raise ValueError(f"it has no option {', '.join(sorted(unknown))}")
        self._delimiter = str(options.get("delimiter", ""))
        self._encoding = str(options.get("encoding", ""))
        self._quote = str(options.get("quote", '"'))
        header = options.get("header", 1)
        if len(self._delimiter) > 1 or len(self._quote) > 1 or not isinstance(header, int):
            raise ValueError("delimiter and quote are one character, header is a number")
        self._header = max(header, 1)

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
        for _ in range(self._header - 1):
            stream.readline()
        start = stream.readline()
        if not start.strip():
            raise _refused(path, "it is empty, or has no line of names")
        mark = self._delimiter or max(DELIMITERS, key=start.count)
        columns = next(self._reader([start], mark))
        columns = [name.strip() for name in columns]
        reader = self._reader(stream, mark)
        rows: list[list[str]] = list(islice(reader, MANY))
        yield Batch(columns, [row for row in rows if row])
        while rows := list(islice(reader, MANY)):
            yield Batch(columns, [row for row in rows if row])

    def _reader(self, lines: Iterable[str], mark: str) -> Iterator[list[str]]:
        if self._quote:
            return csv.reader(lines, delimiter=mark, quotechar=self._quote)
        return csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE)


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
