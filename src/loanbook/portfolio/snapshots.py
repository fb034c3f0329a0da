"""Copies the book into the lake, as one transaction sees it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import BeyondBook, LakeUnwritable, NoBusinessDate
from loanbook.portfolio import duck, engines
from loanbook.portfolio.lake import (
    LAYOUT,
    STATES,
    TABLES,
    Part,
    Snapshot,
    digest_of,
    folder_of,
    manifest_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loanbook.database.connection import Database

_BOOK = sql.queries("portfolio")
_LAKE = sql.queries("lake")


def write(book: Database, lake: Path, as_of: date | None = None) -> Snapshot:
    """Write a snapshot of the book; one that was there for that day is replaced.

    Args:
        book: the book.
        lake: the folder of snapshots.
        as_of: its day; by default the book's business date.

    Raises:
        NoBusinessDate: no day was named, and no run was accepted yet.
        BeyondBook: the day named is later than the book's business date.
        LakeUnwritable: the folder cannot be written.
        MissingExtra: DuckDB is not installed.
    """
    try:
        with book.frozen():
            stands: date | None = book.value(_BOOK["business_date"])
            day = as_of or stands
            if day is None:
                raise NoBusinessDate
            if stands is not None and day > stands:
                raise BeyondBook(business_date=stands, as_of=day)
            return _write(book, lake, day, stands)
    except OSError as error:
        raise LakeUnwritable(place=lake, problem=error.strerror or error) from error


def _write(book: Database, lake: Path, day: date, stands: date | None) -> Snapshot:
    building = lake / f".{folder_of(day)}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        made = {table: _export(book, table, building) for table in TABLES}
        made[STATES] = derive(made, day, building)
        manifest_of(lake, day).unlink(missing_ok=True)  # from here on the old one is not there
        parts = [_place(file, table, lake, day) for table, file in made.items()]
    finally:
        shutil.rmtree(building, ignore_errors=True)
    release = str(book.value(sql.queries("session")["release"]) or "")
    snapshot = Snapshot(day, stands, release, tuple(parts))
    _finish(lake, snapshot)
    return snapshot


def _export(book: Database, table: str, building: Path) -> Path:
    """A table as a Parquet file in the folder where the snapshot is built."""
    spool, file = building / f"{table}.csv", building / f"{table}.parquet"
    with spool.open("wb") as out:
        for block in book.copy_out(_BOOK[f"copy_{table}"]):
            out.write(block)
    duck.to_parquet(spool, TABLES[table], file)
    spool.unlink()
    return file


def derive(made: Mapping[str, Path], day: date, building: Path) -> Path:
    """What each loan was on the day, by the relation that questions ask.

    Args:
        made: the files of the tables.
        day: the day.
        building: the folder in which the file is made.
    """
    file = building / f"{STATES}.parquet"
    with duck.opened(made, making=file) as tables:
        engines.of_tables(tables, day, day)
        duck.save(tables.table(engines.LOANS).order("loan_id"), file)
    return file


def _place(made: Path, table: str, lake: Path, day: date) -> Part:
    folder = lake / table / folder_of(day)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = made.replace(folder / "part-0.parquet")
    with file.open("rb") as written:
        os.fsync(written.fileno())
    with duck.opened({table: file}) as tables:
        counted = tables.execute(_LAKE[f"sums_of_{table}"]).fetchone()
    rows, keys, amounts = counted or (0, "0", "0")
    name = file.relative_to(lake).as_posix()
    return Part(table, name, rows, keys, amounts, file.stat().st_size, digest_of(file))


def _finish(lake: Path, snapshot: Snapshot) -> None:
    path = manifest_of(lake, snapshot.as_of)
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    told = {"layout": LAYOUT, **asdict(snapshot)}
    with fresh.open("w", encoding="utf-8") as out:
        json.dump(told, out, indent=2, default=str)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)
