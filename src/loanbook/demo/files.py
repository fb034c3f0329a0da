"""The demo's one door: write a portfolio's files into a folder."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from loanbook.demo import published
from loanbook.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALLEST, LARGEST = 0.001, 100.0
LAST_DAY = 1_000
"""With the largest scale 99 million clients: as many as eight digits of a tax id tell apart."""


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        as_of: the business date at whose 00:00 the files show the book.
        clients: lines of clients.csv without the header.
        loans: lines of loans.csv without the header.
        contacts: lines of contacts.csv without the header.
        files: the three files.
    """

    as_of: date
    clients: int
    loans: int
    contacts: int
    files: tuple[Path, ...]


def write(
    folder: Path,
    *,
    scale: float = 1.0,
    seed: int = 1,
    day: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Written:
    """Write clients.csv, loans.csv and contacts.csv; the same arguments give the same bytes.

    Files of these names are replaced, each in one step and only when all three are complete.

    Args:
        folder: where to; made if missing.
        scale: size of the book, 1 being 90,000 clients and 150,708 loans on day 0.
        seed: which of the possible books.
        day: the delivery of so many days after 2024-01-25; it continues that of the day
            before with the same scale and seed.
        progress: told the share done, from 0 to 1, as the work goes on.

    Raises:
        UsageError: a number is out of range.
        MissingExtra: numpy is not installed.
    """
    if not SMALLEST <= scale <= LARGEST:
        raise UsageError(problem=f"the scale must be from {SMALLEST} to {LARGEST:g}, not {scale}")
    if not 0 <= day <= LAST_DAY:
        raise UsageError(problem=f"the day must be from 0 to {LAST_DAY}, not {day}")
    try:
        from loanbook.demo.portfolio import Portfolio  # noqa: PLC0415 (numpy is an extra)
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise MissingExtra(package="numpy", extra="demo") from error
    folder.mkdir(parents=True, exist_ok=True)
    book = Portfolio(scale=scale, seed=seed, day=day)
    # The order matters: only when all loans are issued is it known who was denied when.
    kinds = {"loans": book.loans, "clients": book.clients, "contacts": book.contacts}
    tell = progress or (lambda _share: None)
    files = {kind: folder / f"{kind}.csv" for kind in kinds}
    with ExitStack() as leftovers:
        lines = 0
        fresh = {kind: file.with_name(f".{file.name}.part") for kind, file in files.items()}
        for kind, pages in kinds.items():
            leftovers.callback(fresh[kind].unlink, missing_ok=True)
            with fresh[kind].open("wb") as stream:
                for rows, page in pages():
                    stream.write(page)
                    lines += rows
                    tell(min(1.0, lines / book.lines))
        for kind, file in files.items():
            fresh[kind].replace(file)
    tell(1.0)
    return Written(
        as_of=published.BUSINESS_DATE + timedelta(days=day),
        clients=book.client_count,
        loans=book.loan_count,
        contacts=book.client_count,
        files=(files["clients"], files["loans"], files["contacts"]),
    )
