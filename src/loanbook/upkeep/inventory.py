"""What a database holds, in figures, so that a copy of it can be proved equal."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from loanbook import sql
from loanbook.errors import CopyDiffers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loanbook.database.connection import Database

_QUERIES = sql.queries("upkeep")
_SHOWN = 3  # differences that a sentence names


@dataclass(frozen=True, slots=True)
class Holding:
    """What one table holds.

    Attributes:
        relation: the table, or a sequence.
        rows: how many.
        digest: of all rows, whatever their order.
        sums: of each column of money, as JSON.
    """

    relation: str
    rows: int
    digest: str
    sums: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a database holds.

    Attributes:
        holdings: of each table and sequence.
        ailments: offending rows by check, as far as there is a book.
        version: the server's major version.
        business_date: how far the book has come, or blank.
        zone: the lender's zone, or blank.
        migrations: that the book took.
        roles: that have rights in it.
    """

    holdings: tuple[Holding, ...]
    ailments: Mapping[str, int]
    version: int
    business_date: str
    zone: str
    migrations: tuple[str, ...]
    roles: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables of the book; what install itself writes does not count."""
        counted = ("dm.", "stage.", "audit.")
        return sum(one.rows for one in self.holdings if one.relation.startswith(counted))

    def as_json(self) -> dict[str, Any]:
        """As it stands in the manifest of a backup."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Inventory:
        """From the manifest of a backup.

        Raises:
            TypeError, KeyError: it is none.
        """
        holdings = tuple(Holding(**one) for one in told["holdings"])
        lists = {name: tuple(told[name]) for name in ("migrations", "roles")}
        return cls(**{**told, **lists, "holdings": holdings})


def prepare(book: Database) -> None:
    """Give a session what taking stock needs; outside of a transaction that only reads."""
    book.run(sql.text("upkeep/inventory.sql"))


def take(book: Database) -> Inventory:
    """Take stock of all that a database holds, in the transaction of the caller."""
    told = (book.row(_QUERIES["book"]) if book.value(_QUERIES["has_book"]) else None) or {}
    return Inventory(
        holdings=tuple(Holding(**row) for row in book.rows(_QUERIES["inventory"])),
        ailments={row["name"]: row["offending"] for row in book.rows(_QUERIES["ailments"])},
        version=book.value(_QUERIES["server_version"]),
        business_date=str(told.get("business_date") or ""),
        zone=told.get("zone", ""),
        migrations=tuple(told.get("migrations", ())),
        roles=tuple(row["name"] for row in book.rows(_QUERIES["roles"])),
    )


def require_equal(original: Inventory, copy: Inventory) -> None:
    """Make sure that a copy holds what the original held, to the row and the cent.

    Raises:
        CopyDiffers: it does not; the message names the first differences.
    """
    before = {one.relation: one for one in original.holdings}
    after = {one.relation: one for one in copy.holdings}
    differences = [
        _difference(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    differences += [
        f"check {name} finds {copy.ailments.get(name)} rows instead of {offending}"
        for name, offending in original.ailments.items()
        if copy.ailments.get(name) != offending
    ]
    if differences:
        more = len(differences) - _SHOWN
        told = "; ".join(differences[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise CopyDiffers(problem=told)


def _difference(name: str, before: Holding | None, after: Holding | None) -> str:
    if before is None or after is None:
        return f"{name} is in one of them only"
    if before.rows != after.rows:
        return f"{name} has {after.rows} rows instead of {before.rows}"
    if before.sums != after.sums:
        sums, wanted = json.loads(after.sums), json.loads(before.sums)
        column = next(key for key in wanted if sums.get(key) != wanted[key])
        return f"{name}.{column} adds up to {sums.get(column)} instead of {wanted[column]}"
    return f"{name} has other rows"
