"""The data mart: staged batches are promoted, and what came of them can be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from loanbook import sql
from loanbook.database.connection import Database, Row

_QUERIES = sql.queries("mart")


@dataclass(frozen=True, slots=True)
class Total:
    """One measure of a batch: what came in and what became of it.

    Attributes:
        measure: "lines", or a sum of money in the book's currency.
        in_file: total of the file.
        inserted: part that became new rows.
        updated: part that changed rows.
        unchanged: part that the mart held already.
        collapsed: part that repeated another line of the file.
        quarantined: part that was refused and kept.
        unreadable: amounts that no sum can hold.
    """

    measure: str
    in_file: Decimal
    inserted: Decimal
    updated: Decimal
    unchanged: Decimal
    collapsed: Decimal
    quarantined: Decimal
    unreadable: int


@dataclass(frozen=True, slots=True)
class Promoted:
    """What became of one batch.

    Attributes:
        batch_id: its number.
        file: name of its file.
        kind: clients, contacts or loans.
        outcome: "accepted" or "refused".
        totals: lines and money accounted for; empty if it was refused.
        deleted: clients deleted because a full file no longer names them.
        findings: findings that this batch was first to show.
        problem: why it was refused.
    """

    batch_id: int
    file: str
    kind: str
    outcome: str
    totals: tuple[Total, ...]
    deleted: int
    findings: int
    problem: str | None


AttachRaw = Callable[[Row], object]


def promote(
    book: Database, *, allow_deletions: bool = False, attach_raw: AttachRaw | None = None
) -> list[Promoted]:
    """Move all staged batches into the mart, each in a transaction of its own, in order.

    Args:
        book: the book.
        allow_deletions: accept a full file even if more than 1 % of the clients vanish with it.
        attach_raw: gives refused lines their text as it stands in the file.

    Raises:
        Refused: a batch cannot be loaded now, for instance because the stage was emptied.
    """
    return [
        _promote_one(book, batch, allow_deletions, attach_raw)
        for batch in book.rows(_QUERIES["waiting"])
    ]


def _promote_one(
    book: Database, batch: Row, allow_deletions: bool, attach_raw: AttachRaw | None
) -> Promoted:
    with book.transaction():
        done: dict[str, Any] = (
            book.row(
                _QUERIES[f"load_{batch['kind']}"],
                batch_id=batch["batch_id"],
                allow_deletions=allow_deletions,
            )
            or {}
        )
        if attach_raw is not None:
            attach_raw(batch)
        totals = tuple(
            Total(**row) for row in book.rows(_QUERIES["totals"], batch_id=batch["batch_id"])
        )
        findings = book.value(_QUERIES["new_findings"], batch_id=batch["batch_id"])
    return Promoted(
        batch_id=batch["batch_id"],
        file=batch["file_name"],
        kind=batch["kind"],
        outcome=done["state"],
        totals=totals if done["state"] == "accepted" else (),
        deleted=done["deleted"],
        findings=findings,
        problem=done["refusal"],
    )
