"""A person is forgotten: in the book and in the files of the workspace, or in neither."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from loanbook import contacts
from loanbook.sources import memory
from loanbook.sources.places import Places
from loanbook.staging.erasure import Erasure, copy_of, erase
from loanbook.staging.inbox import find
from loanbook.staging.unfinished import sweep

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from loanbook.database.connection import Database
    from loanbook.settings import Settings


@dataclass(frozen=True, slots=True)
class Anonymised:
    """What anonymising a client did.

    Attributes:
        user_id: the client.
        erased_at: when it was done first.
        owed: what the client still owes, in the book's currency; nobody can be asked for it now.
        files: names of the files that lost lines, of archive, inbox and input_data, and of files
            kept as they came, which are gone.
    """

    user_id: int
    erased_at: datetime
    owed: Decimal
    files: tuple[str, ...]


def anonymise(book: Database, settings: Settings, user_id: int, reason: str) -> Anonymised:
    """Blank name, e-mail, tax id and telephone of a client wherever the workspace keeps them.

    Loans, payments and every sum stay. No file brings the person back: its lines are counted as
    unchanged. Killed at any point, doing it again completes it.

    Args:
        book: the book.
        settings: of the workspace whose archive and input_data hold the files.
        user_id: the client; one whose row has gone meanwhile too.
        reason: why, for the history, without personal data; must not be blank.

    Raises:
        NotFound: there never was such a client.
        Refused: the reason is blank.
    """
    outdated: list[Path] = []
    sweep(settings.archive)
    with book.transaction():
        done = contacts.erase(book, user_id, reason)
        sources = memory.hide_keys(book, user_id)
        erasure = Erasure({user_id}, done.known, settings.files.line_bytes)
        for archived in _files_of(settings.archive):
            left = copy_of(archived, erasure)
            if left is not None:
                contacts.note_erased_file(book, archived.name, left.path.name, left.digest)
                outdated.append(archived)
        arrived = find([settings.input_data]) if settings.input_data.is_dir() else []
        # What a killed one before this left half written beside these files knows the person too.
        for folder in {settings.input_data, *(path.parent for path in arrived)}:
            sweep(folder)
        files = [path.name for path in arrived if path.is_file() and erase(path, erasure)]
        for source in sources:
            places = Places(settings, source)
            sweep(places.ready)
            sweep(places.refused)
            files += places.forget(partial(erase, erasure=erasure))
    for archived in outdated:
        archived.unlink()
    names = sorted({*files, *(path.name for path in outdated)})
    return Anonymised(user_id, done.erased_at, done.owed, tuple(names))


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
