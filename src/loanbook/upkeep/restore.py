"""A backup becomes the book: tried beside it, and exchanged by name when it is whole."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook import __version__, sql
from loanbook.database.install import install
from loanbook.database.workshop import workshop
from loanbook.errors import BackupNewer, BookHoldsRows
from loanbook.upkeep import copies, inventory, parcel

if TYPE_CHECKING:
    from loanbook.settings import Settings
    from loanbook.upkeep.parcel import Manifest


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        file: the backup.
        business_date: of the book, or blank.
        rows: rows of the book.
        made_at: when the backup was made.
        migrations: that the book took to come up to this release.
        roles: that had rights and were missing here; made without login.
        settings: "written", "kept" where the workspace has others, or "same".
        missing: copies that the archive lacks, or holds with another content.
    """

    file: Path
    business_date: str
    rows: int
    made_at: str
    migrations: tuple[str, ...]
    roles: tuple[str, ...]
    settings: str
    missing: tuple[str, ...]


def restore(conninfo: str, settings: Settings, file: Path, *, overwrite: bool = False) -> Restored:
    """Put a backup in the place of the book.

    Args:
        conninfo: how the owner connects to the book.
        settings: of the workspace.
        file: the backup.
        overwrite: the book may be lost that stands there now.

    Raises:
        BookHoldsRows: a book with rows stands there, and overwriting was not asked for.
        BackupError: the file cannot be used; the book is as it was.
        BookInUse: somebody is connected to the book; it is as it was.
    """
    with workshop(conninfo) as bench, parcel.attempt(settings.toml) as folder:
        manifest = parcel.unpack(file, folder)
        _refuse_newer(manifest, file)
        if not overwrite:
            _refuse_rows(conninfo, bench.place)
        with bench.scratch() as scratch:
            dumped = folder / parcel.DUMP
            roles = copies.restore(dumped, scratch, manifest.inventory)
            with copies.opened(scratch) as copy:
                zone = manifest.inventory.zone or settings.zone.key
                done = install(copy, zone, settings.currency)
            bench.put_in_place(scratch)
        said = _settle(folder / parcel.TOML, settings.toml)
    return Restored(
        file=file,
        business_date=manifest.inventory.business_date,
        rows=manifest.inventory.rows,
        made_at=manifest.made_at,
        migrations=done.migrations,
        roles=roles,
        settings=said,
        missing=missing(manifest, settings.archive),
    )


def missing(manifest: Manifest, archive: Path) -> tuple[str, ...]:
    """The copies that the book counts on and the archive does not hold as they were."""
    return tuple(
        one.name
        for one in manifest.archive
        if not (archive / one.name).is_file() or parcel.digest_of(archive / one.name) != one.digest
    )


def _refuse_newer(manifest: Manifest, file: Path) -> None:
    if set(manifest.inventory.migrations) - set(sql.names("migrations")):
        made_by, here = f"Loanbook {manifest.release}", f"Loanbook {__version__}"
        raise BackupNewer(file=file, made_by=made_by, here=here)


def _refuse_rows(conninfo: str, place: str) -> None:
    with copies.opened(conninfo) as book, book.frozen():
        rows = inventory.take(book).rows
    if rows:
        raise BookHoldsRows(place=place, rows=f"{rows:,}")


def _settle(restored: Path, toml: Path) -> str:
    """The settings come back where there are none; others are the workspace's own."""
    if not restored.is_file():
        return "same"
    if toml.is_file():
        return "same" if toml.read_bytes() == restored.read_bytes() else "kept"
    fresh = toml.with_suffix(".toml.new")
    shutil.copyfile(restored, fresh)
    fresh.replace(toml)
    return "written"
