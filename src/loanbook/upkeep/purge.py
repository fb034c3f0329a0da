"""What is no longer needed goes: stage, old copies, steps and snapshots, clusters of upgrades."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.database import upgrade
from loanbook.portfolio import lake
from loanbook.sources import memory

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from loanbook.database.connection import Database
    from loanbook.settings import Settings

_QUERIES = sql.queries("upkeep")


@dataclass(frozen=True, slots=True)
class Due:
    """Something that may go.

    Attributes:
        what: stage, archive, journal, lake or cluster.
        name: the partition, the file, the run, the snapshot or the folder.
        business_date: its day; of a copy that no batch names, when it came; None of a cluster.
        size: bytes; of the journal, steps.
    """

    what: str
    name: str
    business_date: date | None
    size: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What is due, and whether it went.

    Attributes:
        done: it is gone.
        gone: each thing.
    """

    done: bool
    gone: tuple[Due, ...]


def purge(book: Database, settings: Settings, *, yes: bool) -> Purged:
    """Say what is older than the settings want it kept, and remove it if told so.

    Each thing goes by itself, so that a kill costs nothing: doing it again removes the rest.

    Args:
        book: the book, by whose business date ages are counted.
        settings: of the workspace, whose archive holds the files.
        yes: remove, instead of only saying.

    Raises:
        Refused: less than a week is to be kept.
    """
    found = [
        *_stages(book, settings, yes=yes),
        *_copies(book, settings, yes=yes),
        *_unnamed(book, settings, yes=yes),
        *_originals(book, settings, yes=yes),
        *_steps(book, settings, yes=yes),
        *_snapshots(book, settings, yes=yes),
        *_clusters(settings, yes=yes),
    ]
    return Purged(yes, tuple(found))


def _stages(book: Database, settings: Settings, *, yes: bool) -> list[Due]:
    days = settings.retention.stage
    found = book.rows(_QUERIES["stages_due"], days=days)
    for row in found if yes else ():
        with book.transaction():
            book.value(_QUERIES["purge_stage"], batch_id=row["batch_id"], days=days)
    return [Due("stage", r["name"], r["business_date"], r["bytes"]) for r in found]


def _copies(book: Database, settings: Settings, *, yes: bool) -> list[Due]:
    days = settings.retention.archive
    gone = []
    for row in book.rows(_QUERIES["copies_due"], days=days):
        path = settings.archive / row["name"]
        size = path.stat().st_size if path.is_file() else 0
        gone.append(Due("archive", row["name"], row["business_date"], size))
        if yes:
            with book.transaction():
                book.value(_QUERIES["purge_copy"], name=row["name"], days=days)
                path.unlink(missing_ok=True)
    return gone


def _unnamed(book: Database, settings: Settings, *, yes: bool) -> list[Due]:
    """Copies that no batch names: of files that were refused, or of which a copy had begun."""
    folder = settings.archive
    names = [path.name for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    gone = []
    for row in book.rows(_QUERIES["unnamed_due"], names=names, days=settings.retention.archive):
        path = folder / row["name"]
        came = datetime.fromtimestamp(path.stat().st_mtime, settings.zone).date()
        if came < row["kept_from"]:
            gone.append(Due("archive", path.name, came, path.stat().st_size))
            if yes:
                path.unlink()
    return gone


def _originals(book: Database, settings: Settings, *, yes: bool) -> list[Due]:
    """Files of sources as they came; the archive has what was made out of them."""
    gone = []
    for row in memory.originals_due(book, settings.retention.archive):
        path = settings.originals / row["source"] / row["name"]
        if path.is_file():
            name = f"{row['source']}/{row['name']}"
            gone.append(Due("archive", name, row["business_date"], path.stat().st_size))
            if yes:
                path.unlink()
    return gone


def _snapshots(book: Database, settings: Settings, *, yes: bool) -> list[Due]:
    kept_from: date | None = book.value(_QUERIES["kept_from"], days=settings.retention.lake)
    found = lake.remains(settings.lake)
    newest = max(lake.days(settings.lake), default=None)
    gone = []
    for day in sorted(found):
        if kept_from is None or day >= kept_from or day == newest:
            continue
        gone.append(Due("lake", f"as_of={day}", day, sum(_size(path) for path in found[day])))
        for path in found[day] if yes else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return gone


def _size(path: Path) -> int:
    return sum(f.lstat().st_size for f in [path, *path.rglob("*")] if f.is_file())


def _steps(book: Database, settings: Settings, *, yes: bool) -> list[Due]:
    days = settings.retention.journal
    found = book.rows(_QUERIES["steps_due"], days=days)
    for row in found if yes else ():
        with book.transaction():
            book.value(_QUERIES["purge_steps"], run_id=row["run_id"], days=days)
    return [Due("journal", str(r["run_id"]), r["business_date"], r["steps"]) for r in found]


def _clusters(settings: Settings, *, yes: bool) -> list[Due]:
    found = upgrade.former(settings.home)
    sizes = [sum(file.lstat().st_size for file in one.rglob("*")) for one in found]
    for one in found if yes else ():
        shutil.rmtree(one)
    return [Due("cluster", one.name, None, size) for one, size in zip(found, sizes, strict=True)]
