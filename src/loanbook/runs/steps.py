"""Single steps of a day's work, each of which needs more than one room."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from loanbook import mart
from loanbook.staging import quarantined
from loanbook.staging.layouts import MENDED

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    from loanbook.database.connection import Database, Row
    from loanbook.mart import Promoted
    from loanbook.settings import Settings


def promote(
    book: Database,
    settings: Settings,
    *,
    until: date | None = None,
    allow_deletions: bool = False,
) -> list[Promoted]:
    """Move all staged batches into the mart; refused lines keep their text from the archive.

    Args:
        book: the book.
        settings: of the workspace whose archive holds the files.
        until: only batches of this business date or an earlier one.
        allow_deletions: accept a full file even if more than 1 % of the clients vanish with it.

    Raises:
        Refused: a batch cannot be loaded now.
    """
    return mart.promote(
        book,
        until=until,
        allow_deletions=allow_deletions,
        attach_raw=partial(attach_raw, book, settings),
        named_lines=partial(named_lines, settings),
    )


def attach_raw(book: Database, settings: Settings, batch: Row) -> None:
    """Give a batch's refused lines their exact text, if the archive still has the file."""
    archived = _archived(settings, batch)
    if archived is not None:
        encoding = quarantined.encoding_of(archived)
        longest = settings.files.line_bytes
        quarantined.attach_raw(book, batch["batch_id"], archived, encoding, longest)


def named_lines(settings: Settings, batch: Row) -> Collection[int]:
    """The lines of quarantine that a file of mended lines answers for."""
    archived = _archived(settings, batch)
    if archived is None or MENDED not in batch["columns"]:
        return ()
    longest = settings.files.line_bytes
    return quarantined.named_lines(archived, batch["columns"], batch["delimiter"], longest)


def _archived(settings: Settings, batch: Row) -> Path | None:
    if batch["archived_as"] is None:
        return None
    path = settings.archive / str(batch["archived_as"])
    return path if path.is_file() else None
