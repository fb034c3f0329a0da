"""The run of a day: what came in is staged, promoted and checked, and the book moves on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loanbook.mart import Promoted, checks, figures, findings
from loanbook.runs import steps
from loanbook.staging.batches import Progress, Request, Staged, stage

if TYPE_CHECKING:
    from datetime import date

    from loanbook.database.connection import Database
    from loanbook.mart.checks import Check
    from loanbook.mart.figures import Month
    from loanbook.mart.findings import Count
    from loanbook.settings import Settings

SHOWN = 20  # offending rows told of each failed check


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did and what the book holds now.

    Attributes:
        as_of: the business date.
        ok: nothing was refused and no check failed, so the book stands at as_of.
        files: what became of each file.
        batches: what became of each batch, with its totals.
        clients: clients in the mart.
        loans: loans in the mart.
        contacts: contacts in the mart.
        payments: movements of money in the mart.
        quarantine: lines of quarantine that are open.
        findings: open findings by rule.
        checks: what each check found.
        months: loans and principal by month of issue, in the book's currency.
    """

    as_of: date
    ok: bool
    files: tuple[Staged, ...]
    batches: tuple[Promoted, ...]
    clients: int
    loans: int
    contacts: int
    payments: int
    quarantine: int
    findings: tuple[Count, ...]
    checks: tuple[Check, ...]
    months: tuple[Month, ...]


def run(
    book: Database,
    settings: Settings,
    *,
    as_of: date,
    allow_deletions: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Do a day's work with the files in the workspace's input_data; doing it again changes nothing.

    Args:
        book: the book.
        settings: of the workspace.
        as_of: the business date.
        allow_deletions: accept a full file even if more than 1 % of the clients vanish with it.
        progress: told of each file how far it is staged.

    Raises:
        Refused: the book stands at a later day, or a batch cannot be loaded now.
    """
    figures.refuse_earlier_day(book, as_of)
    folder = settings.input_data
    request = Request(as_of=as_of, source=settings.sources["main"])
    files = stage(book, settings, [folder] if folder.is_dir() else [], request, progress)
    batches = steps.promote(book, settings, allow_deletions=allow_deletions)
    checked = checks.check(book, SHOWN)
    outcomes = [file.outcome for file in files] + [batch.outcome for batch in batches]
    ok = "refused" not in outcomes and all(check.ok for check in checked)
    if ok:
        figures.advance(book, as_of)
    found = figures.figures(book)
    return Summary(
        as_of=as_of,
        ok=ok,
        files=tuple(files),
        batches=tuple(batches),
        clients=found.clients,
        loans=found.loans,
        contacts=found.contacts,
        payments=found.payments,
        quarantine=found.quarantine,
        findings=tuple(findings.counts(book)),
        checks=tuple(checked),
        months=tuple(figures.months(book)),
    )
