"""Files as others deliver them: other packings, formats, names, notations; broken ones, too."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import openpyxl
import zstandard
from openpyxl.worksheet.worksheet import Worksheet
from tests.cast import HEADERS, Client, Contact, Line, Loan, csv_text

from loanbook.columns import COLUMNS, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_TYPES = {Shape.WHOLE: "bigint", Shape.AMOUNT: "decimal(14,2)", Shape.INSTANT: "timestamp"}


def parquet(path: Path, text: str, kind: str) -> None:
    """CSV of ours as Parquet, each column with a type of its own."""
    spool = path.with_suffix(".spool")
    spool.write_text(text, "utf-8", newline="")
    header = text.partition("\n")[0].split(",")
    types = {name: _TYPES.get(COLUMNS[kind][name], "varchar") for name in header}
    with duckdb.connect() as made:
        made.read_csv(str(spool), header=True, dtype=types).write_parquet(str(path))
    spool.unlink()


def xlsx(rows: Iterable[Sequence[Any]], *, sheet: str = "Sheet1", above: int = 0) -> bytes:
    """Rows as a workbook, values with the types they have."""
    book = openpyxl.Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.title = sheet
    for _ in range(above):
        page.append(["a report of the shop"])
    for row in rows:
        page.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def typed(kind: str, lines: Iterable[Line]) -> list[list[Any]]:
    """Lines with their header, values with the types they have in Python."""
    return [
        list(HEADERS[kind]),
        *([getattr(line, name) for name in HEADERS[kind]] for line in lines),
    ]


def ndjson(lines: Iterable[Line]) -> str:
    """Lines as NDJSON, amounts as numbers."""
    out = []
    for line in lines:
        assert isinstance(line, Client | Contact | Loan)
        values = []
        for field in fields(line):
            value = getattr(line, field.name)
            shown = str(value) if isinstance(value, Decimal) else json.dumps(_plain(value))
            values.append(f"{json.dumps(field.name)}: {shown}")
        out.append("{" + ", ".join(values) + "}\n")
    return "".join(out)


def zipped(files: dict[str, bytes]) -> bytes:
    """Files in an archive, under any names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def delivered(form: str, folder: Path, kind: str, lines: Iterable[Line]) -> Path:
    """A file of a kind in some shape, by the name that shape has."""
    lines = list(lines)
    text = csv_text(kind, lines)
    path = folder / f"{kind}.{form}"
    if form == "parquet":
        parquet(path, text, kind)
        return path
    raw = text.encode()
    contents = {
        "csv": raw,
        "csv.gz": gzip.compress(raw),
        "csv.zst": zstandard.compress(raw),
        "zip": zipped({f"{kind}.csv": raw}),
        "xlsx": xlsx(typed(kind, lines)),
        "ndjson": ndjson(lines).encode(),
    }
    path.write_bytes(contents[form])
    return path


def _plain(value: object) -> object:
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value
