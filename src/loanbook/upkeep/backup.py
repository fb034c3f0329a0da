"""A backup of the book: made of one state, tried out, and only then given its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook import __version__, sql
from loanbook.database.workshop import workshop
from loanbook.errors import BackupExists, NotInstalled
from loanbook.upkeep import copies, parcel
from loanbook.upkeep.parcel import Archived, Manifest

if TYPE_CHECKING:
    from datetime import datetime

    from loanbook.settings import Settings

_QUERIES = sql.queries("upkeep")


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds.

    Attributes:
        file: where it is.
        size: its bytes.
        business_date: of the book, or blank.
        tables: how many were compared, sequences included.
        rows: rows of the book.
        archive: copies of the archive that the book counts on; they are not in the backup.
    """

    file: Path
    size: int
    business_date: str
    tables: int
    rows: int
    archive: int


def backup(conninfo: str, settings: Settings, target: Path) -> BackedUp:
    """Back the book up into a file that nobody else may read.

    Restored into a database of its own and compared table by table, sums and checks included,
    before the file gets its name. Killed at any point it leaves no file.

    Args:
        conninfo: how the owner connects to the book.
        settings: of the workspace.
        target: the file to be; never overwritten.

    Raises:
        BackupExists: there is such a file.
        CopyDiffers: what was restored is not what the book held.
        DatabaseError: the server would not.
    """
    if target.exists():
        raise BackupExists(file=target)
    with workshop(conninfo) as bench, parcel.attempt(target) as folder:
        dumped = folder / parcel.DUMP
        with copies.opened(conninfo) as book, book.frozen():
            if not book.value(_QUERIES["has_book"]):
                raise NotInstalled(place=bench.place)
            found = copies.dump(book, conninfo, dumped)
            archive = tuple(Archived(**row) for row in book.rows(_QUERIES["archived"]))
            made_at: datetime = book.value(_QUERIES["instant"])
        with bench.scratch() as scratch:
            copies.restore(dumped, scratch, found)
        digest = parcel.digest_of(dumped)
        manifest = Manifest(__version__, made_at.isoformat(), digest, found, archive)
        parcel.pack(folder, manifest, settings.toml, target)
    return BackedUp(
        file=target,
        size=target.stat().st_size,
        business_date=found.business_date,
        tables=len(found.holdings),
        rows=found.rows,
        archive=len(archive),
    )
