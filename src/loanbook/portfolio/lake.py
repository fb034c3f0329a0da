"""The lake: snapshots of the book as Parquet files, and the engine that reads them.

    lake/clients/as_of=YYYY-MM-DD/part-0.parquet
    lake/loans/…  lake/payments/…                      the same
    lake/loan_states/…                                 what each loan was on that day
    lake/manifests/as_of=YYYY-MM-DD.json               written last, by one rename

A snapshot holds the whole rows of the relations that questions read, as they stood in one
transaction; no personal data. The states of the loans follow from them and are what questions for
that very day read. Without its manifest a snapshot is not there: a reader refuses it by name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loanbook.errors import DamagedSnapshot, NoSnapshot, UnfinishedSnapshot
from loanbook.portfolio import duck, engines

if TYPE_CHECKING:
    from loanbook.portfolio.engines import DuckDB

# The columns of each table, as the relations of schema report have them.
TABLES: dict[str, dict[str, str]] = {
    "clients": {
        "user_id": "bigint",
        "created_at": "timestamp",
        "status": "varchar",
        "batch": "integer",
        "credit_limit": "decimal(14,2)",
        "interest_rate": "decimal(9,4)",
        "denied_reason": "varchar",
        "denied_at": "timestamp",
    },
    "loans": {
        "loan_id": "bigint",
        "user_id": "bigint",
        "created_at": "timestamp",
        "due_at": "timestamp",
        "paid_at": "timestamp",
        "issued_on": "date",
        "due_on": "date",
        "paid_on": "date",
        "status": "varchar",
        "loan_amount": "decimal(14,2)",
        "tax": "decimal(14,2)",
        "due_amount": "decimal(14,2)",
        "amount_paid": "decimal(14,2)",
        "interest_rate": "decimal(9,4)",
    },
    "payments": {
        "payment_id": "bigint",
        "loan_id": "bigint",
        "kind": "varchar",
        "amount": "decimal(14,2)",
        "effective_on": "date",
    },
}
STATES = "loan_states"  # the relation loans_as_of for the snapshot's own day
LAYOUT = 2  # of the files and the manifest
_MANIFESTS = "manifests"
_DATED = re.compile(r"as_of=(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a snapshot.

    Attributes:
        table: its name.
        file: its place in the lake.
        row_count: rows.
        keys: sum of their first column, the key.
        amounts: sum of credit_limit, due_amount or amount.
        size: bytes of the file.
        digest: SHA-256 of the file.
    """

    table: str
    file: str
    row_count: int
    keys: str
    amounts: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A finished snapshot, as its manifest describes it.

    Attributes:
        as_of: its day.
        business_date: the day at which the book stood, if a run was ever accepted.
        release: the release of the database that it was read from.
        parts: its tables.
    """

    as_of: date
    business_date: date | None
    release: str
    parts: tuple[Part, ...]


def days(lake: Path) -> list[date]:
    """The days of all finished snapshots, in order."""
    found = sorted((lake / _MANIFESTS).glob("as_of=*.json"))
    return [date.fromisoformat(path.stem.removeprefix("as_of=")) for path in found]


def remains(lake: Path) -> dict[date, list[Path]]:
    """All that is in the lake by day, half-written snapshots too; of each the manifest first."""
    found: dict[date, list[Path]] = {}
    for path in [*sorted((lake / _MANIFESTS).glob("as_of=*")), *sorted(lake.glob("**/*as_of=*"))]:
        day = _DATED.search(path.name)
        if day and (path.is_dir() or path.parent.name == _MANIFESTS):
            places = found.setdefault(date.fromisoformat(day[1]), [])
            places += [path] if path not in places else []
    return found


def read(lake: Path, as_of: date | None = None) -> Snapshot:
    """The snapshot of a day, by default the latest; its files are what the manifest says.

    Raises:
        NoSnapshot: there is none.
        UnfinishedSnapshot: there are files, but no manifest.
        DamagedSnapshot: a file is not what the manifest says.
    """
    snapshot = _find(lake, as_of)
    with _verified(lake, snapshot) as await_verdict:
        await_verdict()
    return snapshot


def _find(lake: Path, as_of: date | None) -> Snapshot:
    day = as_of or max(days(lake), default=None)
    if day is None:
        _refuse_unfinished(lake, [path.parent.name for path in lake.glob("*/as_of=*/*.parquet")])
        raise NoSnapshot(wanted="yet", place=lake)
    if not manifest_of(lake, day).is_file():
        _refuse_unfinished(
            lake, [p.parent.name for p in lake.glob(f"*/{folder_of(day)}/*.parquet")]
        )
        raise NoSnapshot(wanted=f"of {day}", place=lake)
    return _parse(lake, day)


@contextmanager
def _verified(lake: Path, snapshot: Snapshot) -> Iterator[Callable[[], None]]:
    """Take the digests on all cores while other work goes on; the call waits for the verdict."""
    with ThreadPoolExecutor() as pool:
        looks = [pool.submit(_verify, lake, snapshot, part) for part in snapshot.parts]

        def await_verdict() -> None:
            for look in looks:
                look.result()

        yield await_verdict


def _refuse_unfinished(lake: Path, folders: list[str]) -> None:
    if folders:
        raise UnfinishedSnapshot(as_of=max(folders).removeprefix("as_of="), place=lake)


def _parse(lake: Path, day: date) -> Snapshot:
    try:
        told: dict[str, Any] = json.loads(manifest_of(lake, day).read_text("utf-8"))
        stands = told["business_date"]
        snapshot = Snapshot(
            as_of=date.fromisoformat(told["as_of"]),
            business_date=stands and date.fromisoformat(stands),
            release=told["release"],
            parts=tuple(Part(**part) for part in told["parts"]),
        )
        held = {part.table for part in snapshot.parts}
        known = told["layout"] == LAYOUT and held == {*TABLES, STATES}
    except (ValueError, KeyError, TypeError) as error:
        problem = "its manifest cannot be read"
        raise DamagedSnapshot(as_of=day, place=lake, problem=problem) from error
    if not known or snapshot.as_of != day:
        raise DamagedSnapshot(as_of=day, place=lake, problem="its manifest is of another kind")
    return snapshot


def _verify(lake: Path, snapshot: Snapshot, part: Part) -> None:
    file = lake / part.file
    if not file.is_file():
        problem = f"{part.file} is missing"
    elif file.stat().st_size != part.size or digest_of(file) != part.digest:
        problem = f"{part.file} is not what the manifest says"
    else:
        return
    raise DamagedSnapshot(as_of=snapshot.as_of, place=lake, problem=problem)


@contextmanager
def opened(lake: Path, as_of: date | None = None) -> Iterator[DuckDB]:
    """An engine on a snapshot.

    Args:
        lake: the folder of snapshots.
        as_of: the day asked: of its own snapshot, else of the first later one, which knows all
            that happened before; by default of the latest.

    Raises:
        LakeError: there is no such snapshot, or it cannot be trusted.
        MissingExtra: DuckDB is not installed.
    """
    snapshot = _find(lake, _chosen(lake, as_of))
    files = {part.table: lake / part.file for part in snapshot.parts}
    asked = as_of or snapshot.as_of
    with (
        _verified(lake, snapshot) as await_verdict,
        duck.connection(list(files.values())) as tables,
    ):
        await_verdict()
        duck.name(tables, files)
        known_to = snapshot.business_date or snapshot.as_of
        states = STATES if asked == snapshot.as_of else None
        yield engines.of_tables(tables, asked, known_to, states=states)


def _chosen(lake: Path, as_of: date | None) -> date | None:
    if as_of is None or any(lake.glob(f"*/{folder_of(as_of)}")):
        return as_of
    later = [day for day in days(lake) if day > as_of]
    return min(later, default=max(days(lake), default=None))


def folder_of(day: date) -> str:
    """Name of the folder of a day's files."""
    return f"as_of={day.isoformat()}"


def manifest_of(lake: Path, day: date) -> Path:
    """The manifest of a day's snapshot."""
    return lake / _MANIFESTS / f"{folder_of(day)}.json"


def digest_of(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as opened_file:
        return hashlib.file_digest(opened_file, "sha256").hexdigest()
