"""What became of each file that was taken in, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook import sql
from loanbook.errors import NotFound
from loanbook.history import Differences, differences
from loanbook.mart import findings
from loanbook.mart.promotion import Total

if TYPE_CHECKING:
    from datetime import date, datetime

    from loanbook.database.connection import Database
    from loanbook.mart.findings import Count, Finding

_QUERIES = sql.queries("mart")


@dataclass(frozen=True, slots=True)
class Batch:
    """A file that was staged, or a retry of quarantined lines.

    Attributes:
        batch_id: number.
        source: who delivered the file.
        kind: clients, contacts or loans.
        file: its name as it was found.
        business_date: the book at 00:00 of this day is what it tells.
        state: staging, staged, accepted or refused.
        lines: lines of data in the file.
        quarantined: lines refused.
        quarantine_open: of these, still open.
        deleted: clients deleted because a full file no longer names them.
        is_full: the file is declared whole.
        is_retry: it repeats lines out of quarantine.
        refusal: why it was refused whole.
        actor: who staged it.
        opened_at: when staging began.
        finished_at: when it was accepted or refused.
        archived_as: name of its copy in the workspace's archive.
        digest: SHA-256 of its bytes.
    """

    batch_id: int
    source: str
    kind: str
    file: str
    business_date: date
    state: str
    lines: int | None
    quarantined: int
    quarantine_open: int
    deleted: int
    is_full: bool
    is_retry: bool
    refusal: str | None
    actor: str
    opened_at: datetime
    finished_at: datetime | None
    archived_as: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that was there before and that a batch changed.

    Attributes:
        relation: clients, contacts or loans.
        key: its number.
        operation: update or delete.
        changes: of each column that changed the value before and after.
    """

    relation: str
    key: int
    operation: str
    changes: Differences


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of a batch.

    Attributes:
        batch: the batch.
        totals: lines and money accounted for; empty unless it was accepted.
        finding_counts: findings that it was first to show, by rule.
        findings: the same one by one, as far as the limit goes.
        changes: what it changed, before and after, as far as the limit goes.
        more_changes: the limit left some out.
    """

    batch: Batch
    totals: tuple[Total, ...]
    finding_counts: list[Count]
    findings: list[Finding]
    changes: list[RowChange]
    more_changes: bool


def listed(book: Database, limit: int | None = None) -> list[Batch]:
    """Batches, newest first; at most so many."""
    return [Batch(**row) for row in book.rows(_QUERIES["batches"], batch_id=None, most=limit)]


def show(book: Database, batch_id: int, limit: int | None = None) -> Story:
    """All that is known of a batch.

    Args:
        book: the book.
        batch_id: its number.
        limit: at most so many changes and findings.

    Raises:
        NotFound: there is no such batch.
    """
    row = book.row(_QUERIES["batches"], batch_id=batch_id, most=1)
    if row is None:
        raise NotFound(sentence=f"There is no batch {batch_id}.", rule="batch_exists")
    batch = Batch(**row)
    rows = book.rows(
        _QUERIES["batch_changes"], batch_id=batch_id, most=None if limit is None else limit + 1
    )
    changes = [RowChange(**{**row, "changes": differences(row["changes"])}) for row in rows]
    totals = book.rows(_QUERIES["totals"], batch_id=batch_id)
    return Story(
        batch=batch,
        totals=tuple(Total(**row) for row in totals) if batch.state == "accepted" else (),
        finding_counts=findings.counts(book, states=findings.EVERY, first_batch=batch_id),
        findings=findings.listed(book, states=findings.EVERY, first_batch=batch_id, limit=limit),
        changes=changes[:limit],
        more_changes=limit is not None and len(changes) > limit,
    )
