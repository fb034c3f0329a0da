"""Lines in quarantine are tried again, as they are: what they lacked may have come since."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook import mart
from loanbook.errors import LoanbookError
from loanbook.mart import Promoted, quarantine
from loanbook.runs import steps
from loanbook.settings import Settings, Source
from loanbook.staging.batches import Request, stage

if TYPE_CHECKING:
    from loanbook.database.connection import Database
    from loanbook.mart.quarantine import Pending


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry did.

    Attributes:
        batches: the batches it made.
        lines: lines that were tried again.
        left: open lines that were not, because only mending can help them.
    """

    batches: tuple[Promoted, ...]
    lines: int
    left: int


def retry(book: Database, settings: Settings, batch_id: int | None = None) -> Retried:
    """Try open lines of quarantine again.

    Each batch is loaded, and the lines that it answers for are closed, in one transaction: no line
    is ever both closed and lost.

    Args:
        book: the book.
        settings: of the workspace.
        batch_id: only lines of this batch.
    """
    found = quarantine.pending(book, batch_id)
    done = tuple(_retry_one(book, settings, group) for group in found)
    counted = quarantine.counts(book, batch_id=batch_id)
    return Retried(
        batches=done,
        lines=sum(len(group.lines) for group in found),
        left=sum(count.count for count in counted),
    )


def _retry_one(book: Database, settings: Settings, group: Pending) -> Promoted:
    batch_id = _stage(book, settings, group)
    [batch] = [row for row in mart.waiting(book) if row["batch_id"] == batch_id]
    with book.transaction():
        done = mart.load(book, batch, attach_raw=partial(steps.attach_raw, book, settings))
        if done.outcome == "accepted":
            quarantine.close(book, group.answered, batch_id)
    return done


def _stage(book: Database, settings: Settings, group: Pending) -> int:
    """The lines as a file under their header, staged like any other."""
    request = Request(
        as_of=group.business_date, source=Source(group.source), again=True, is_retry=True
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"retry-{group.kind}.csv"
        text = "\n".join((_header(group), *group.lines, ""))
        path.write_bytes(text.encode())
        [staged] = stage(book, settings, [path], request)
    if staged.batch_id is None:
        raise LoanbookError from RuntimeError(staged.problem)
    return staged.batch_id


def _header(group: Pending) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=group.delimiter, lineterminator="").writerow(group.columns)
    return line.getvalue()
