"""Staged batches move into the mart, and every line and cent of them is accounted for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loanbook import sql
from loanbook.database.connection import Database, Row
from loanbook.errors import Refused

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

_QUERIES = sql.queries("mart")
NO_LONGER_WAITS = "batch_is_staged"  # the rule that a batch breaks that another load has taken


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
NamedLines = Callable[[Row], Collection[int]]


def waiting(book: Database, until: date | None = None) -> list[Row]:
    """The staged batches, in the order in which they are to be loaded.

    Args:
        book: the book.
        until: only those that tell of this business date or an earlier one.
    """
    return book.rows(_QUERIES["waiting"], until=until)


def promote(
    book: Database,
    *,
    until: date | None = None,
    allow_deletions: bool = False,
    attach_raw: AttachRaw | None = None,
    named_lines: NamedLines | None = None,
) -> list[Promoted]:
    """Move all staged batches into the mart, each in a transaction of its own, in order.

    What another load takes meanwhile is left to that one.

    Args:
        book: the book.
        until: only batches of this business date or an earlier one.
        allow_deletions: accept a full file even if more than 1 % of the clients vanish with it.
        attach_raw: gives refused lines their text as it stands in the file.
        named_lines: which lines of quarantine a file of mended lines answers for.

    Raises:
        Refused: a batch cannot be loaded now, for instance because the stage was emptied.
    """
    done = []
    for batch in waiting(book, until):
        try:
            with book.transaction():
                one = load(book, batch, allow_deletions=allow_deletions, attach_raw=attach_raw)
                if named_lines is not None and one.outcome == "accepted":
                    close_named(book, batch, named_lines(batch))
        except Refused as refused:
            if refused.rule != NO_LONGER_WAITS:
                raise
        else:
            done.append(one)
    return done


def load(
    book: Database,
    batch: Row,
    *,
    allow_deletions: bool = False,
    attach_raw: AttachRaw | None = None,
) -> Promoted:
    """Move one staged batch into the mart, within the caller's transaction.

    Args:
        book: the book.
        batch: one of `waiting`.
        allow_deletions: as for `promote`.
        attach_raw: as for `promote`. It works only if no savepoint lies between it and the load.
    """
    batch_id = batch["batch_id"]
    done: dict[str, Any] = (
        book.row(
            _QUERIES[f"load_{batch['kind']}"], batch_id=batch_id, allow_deletions=allow_deletions
        )
        or {}
    )
    refused = book.value(_QUERIES["quarantined"], batch_id=batch_id)
    if attach_raw is not None and refused > batch["quarantined"]:
        attach_raw(batch)
    totals = tuple(Total(**row) for row in book.rows(_QUERIES["totals"], batch_id=batch_id))
    return Promoted(
        batch_id=batch_id,
        file=batch["file_name"],
        kind=batch["kind"],
        outcome=done["state"],
        totals=totals if done["state"] == "accepted" else (),
        deleted=done["deleted"],
        findings=book.value(_QUERIES["new_findings"], batch_id=batch_id),
        problem=done["refusal"],
    )


def close_named(book: Database, batch: Row, lines: Collection[int]) -> None:
    """Close the open lines that a batch out of quarantine answers for, in its transaction.

    Lines of another source or kind stay as they are, whatever the batch says.
    """
    if lines:
        book.value(
            _QUERIES["close_named"],
            batch_id=batch["batch_id"],
            source=batch["source"],
            kind=batch["kind"],
            lines=list(lines),
        )
