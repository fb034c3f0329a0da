"""The plain files of the demo in other shapes, as others would deliver them."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import openpyxl
import zstandard

from loanbook.columns import COLUMNS, Shape

Maker = Callable[[Path, Path, str], None]  # a plain file, the folder for the other, its kind

_TYPES = {Shape.WHOLE: "bigint", Shape.AMOUNT: "decimal(14,2)", Shape.INSTANT: "timestamp"}
_NAMES = {
    "clients": (
        "Cliente", "Cadastro", "Situação", "Safra", "Limite", "Taxa", "Motivo", "Negado em",
    ),
    "contacts": ("Cliente", "Nome", "Correio", "CPF", "Idioma", "Fone", "Descadastro"),
    "loans": (
        "Cliente", "Contrato", "Emissão", "Vencimento", "Quitação", "Situação", "Principal", "IOF",
        "Devido", "Pago",
    ),
}  # fmt: skip
_CODES = {
    "approved": "A", "denied": "N", "ongoing": "AB", "paid": "QT", "default": "IN",
}  # fmt: skip


def _csv(plain: Path, folder: Path, kind: str) -> None:
    shutil.copyfile(plain, folder / f"{kind}.csv")


def _gz(plain: Path, folder: Path, kind: str) -> None:
    with plain.open("rb") as source, gzip.open(folder / f"{kind}.csv.gz", "wb", 6) as out:
        shutil.copyfileobj(source, out)


def _zst(plain: Path, folder: Path, kind: str) -> None:
    with plain.open("rb") as source, (folder / f"{kind}.csv.zst").open("wb") as out:
        zstandard.ZstdCompressor().copy_stream(source, out)


def _zip(plain: Path, folder: Path, kind: str) -> None:
    with zipfile.ZipFile(folder / f"{kind}.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.write(plain, f"{kind}.csv")


def _parquet(plain: Path, folder: Path, kind: str) -> None:
    header = plain.open(encoding="utf-8").readline().rstrip("\n").split(",")
    types = {name: _TYPES.get(COLUMNS[kind][name], "varchar") for name in header}
    with duckdb.connect() as made:
        read = made.read_csv(str(plain), header=True, dtype=types)
        read.write_parquet(str(folder / f"{kind}.parquet"))


def _ndjson(plain: Path, folder: Path, kind: str) -> None:
    with (folder / f"{kind}.ndjson").open("w", encoding="utf-8") as out:
        for row in _rows(plain):
            out.write(json.dumps({k: v or None for k, v in row.items()}, ensure_ascii=False) + "\n")


def _xlsx(plain: Path, folder: Path, kind: str) -> None:
    if plain.stat().st_size > 100 << 20:
        return  # a sheet has no room for it
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("1")
    with plain.open(newline="", encoding="utf-8") as source:
        for row in csv.reader(source):
            page.append(row)
    book.save(folder / f"{kind}.xlsx")


def _foreign(plain: Path, folder: Path, kind: str) -> None:
    shapes = COLUMNS[kind]
    with (folder / f"{kind}.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(_NAMES[kind])
        for row in _rows(plain):
            writer.writerow(_told(shapes[name], value) for name, value in row.items())


def _told(shape: Shape, value: str) -> str:
    if shape is Shape.AMOUNT:
        return value.replace(".", ",")
    if shape is Shape.INSTANT and value:
        return f"{value[8:10]}/{value[5:7]}/{value[:4]}{value[10:]}"
    return _CODES.get(value, value)


def _rows(plain: Path) -> Iterator[dict[str, str]]:
    with plain.open(newline="", encoding="utf-8") as source:
        yield from csv.DictReader(source)


MAKERS: dict[str, Maker] = {
    "input_data": _csv, "csv": _csv, "csv.gz": _gz, "csv.zst": _zst, "csv.zip": _zip,
    "parquet": _parquet, "ndjson": _ndjson, "xlsx": _xlsx, "foreign csv": _foreign,
}  # fmt: skip
