"""Who changed a row of the mart, when, and what: the same for every table that has a history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loanbook import sql
from loanbook.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from loanbook.database.connection import Database

_QUERIES = sql.queries("history")

Differences = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a row.

    Attributes:
        at: when, in system time.
        actor: who did it, as the program was told.
        session_role: the role that was logged in.
        batch_id: the batch that brought it, if a file did.
        operation: insert, update or delete.
        reason: what a person gave as reason.
        changes: of each column that changed the value before and after; times are the lender's
            wall time in ISO form, amounts Decimal.
    """

    at: datetime
    actor: str
    session_role: str
    batch_id: int | None
    operation: str
    reason: str | None
    changes: Differences


def changes_of(book: Database, relation: str, key: int) -> list[Change]:
    """The history of a row, oldest first; empty if there never was one."""
    rows = book.rows(_QUERIES["changes"], relation=relation, key=key)
    return [Change(**{**row, "changes": differences(row["changes"])}) for row in rows]


def differences(text: str) -> Differences:
    """What api.history and api.batch_changes tell as JSON; no amount becomes a float."""
    found: dict[str, list[Any]] = json.loads(text, parse_float=Decimal)
    return {name: (before, after) for name, (before, after) in sorted(found.items())}


def absence(book: Database, relation: str, key: int, at: datetime) -> NotFound:
    """Why there is no row of this key at an instant: one sentence for the person who asked.

    Args:
        book: the book.
        relation: clients or loans.
        key: number of the row.
        at: the instant, with its zone; the sentence speaks in the same zone.
    """
    noun = relation.removesuffix("s")
    asked = _told(at, at)
    began: datetime | None = book.value(_QUERIES["first_change"])
    if began is None:
        sentence = "The book is still empty; nothing was ever loaded or registered."
    elif at < began:
        sentence = f"At {asked} the book was empty; it begins at {_told(began, at)}."
    elif not (changes := changes_of(book, relation, key)):
        sentence = f"There is no {noun} {key}."
    elif at < changes[0].at:
        came = _told(changes[0].at, at)
        sentence = f"{noun.capitalize()} {key} was not in the book at {asked}; it came at {came}."
    else:
        gone = _told([c.at for c in changes if c.operation == "delete" and c.at <= at][-1], at)
        sentence = f"{noun.capitalize()} {key} was not in the book at {asked}; it left at {gone}."
    return NotFound(sentence=sentence, rule=f"{noun}_exists")


def unknown(relation: str, key: int) -> NotFound:
    """There is no row of this key."""
    noun = relation.removesuffix("s")
    return NotFound(sentence=f"There is no {noun} {key}.", rule=f"{noun}_exists")


def _told(instant: datetime, like: datetime) -> str:
    return instant.astimezone(like.tzinfo).isoformat(" ", "seconds")
