"""How the results of loads and checks look to a person."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from loanbook.cli.page import TIE
from loanbook.cli.words import amount, count, day, difference, image, instant, money, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loanbook.cli.page import Page
    from loanbook.history import Change
    from loanbook.mart import Promoted, Total
    from loanbook.mart.checks import Check
    from loanbook.mart.findings import Count
    from loanbook.runs.daily import Summary
    from loanbook.settings import Settings
    from loanbook.staging.batches import Staged

_PARTS = ("inserted", "updated", "unchanged", "collapsed", "quarantined")


def summary(page: Page, settings: Settings, told: Summary) -> None:
    """What a run did, what the book holds now, and where to look next."""
    page.line(f"Run of {day(told.as_of)} in {settings.home}")
    if told.caught_up:
        page.line(f"{count(len(told.caught_up), 'missed day')} brought forward first.")
    for run in told.caught_up:
        if run.error:
            page.line(f"{day(run.business_date)}: {run.error}", "  ")
    if told.run.error:
        page.line(f"Not all was done: {told.run.error}", "  ")
    page.title("Files")
    staged(page, settings, told.files)
    if told.batches:
        page.title("Batches")
        promoted(page, settings, told.batches)
    page.title("Book")
    page.line(
        f"{count(told.clients, 'client')}, {count(told.loans, 'loan')}, "
        f"{count(told.contacts, 'contact')}, {count(told.payments, 'payment')}; "
        f"{count(told.quarantine, 'line')} open in quarantine"
    )
    if told.months:
        principal = sum((month.principal for month in told.months), Decimal())
        page.line(
            f"{money(principal, settings.currency)} lent from {told.months[0].month} "
            f"to {told.months[-1].month}"
        )
    page.title("Findings")
    if told.findings:
        findings(page, told.findings)
    else:
        page.line("No finding is open.")
    page.title("Checks")
    checks(page, told.checks)
    page.title("Where to look")
    for line in _next(told):
        page.line(f"  {line}")


def staged(page: Page, settings: Settings, files: Sequence[Staged]) -> None:
    """What became of files."""
    for file in files:
        page.line(_file(file), "    ")
    if not files:
        page.line(f"No files in {settings.input_data}.")
    elif all(file.outcome == "known" for file in files):
        page.line("No new files.")


def _file(file: Staged) -> str:
    if file.outcome == "refused":
        return str(file.problem)
    if file.outcome == "early":
        return f"{file.file}: tells of a later day and is left for it"
    if file.outcome == "known":
        return f"{file.file}: known, the same content came as batch {file.batch_id}"
    unread = f", {number(file.quarantined)} of them unreadable" if file.quarantined else ""
    lines = count(file.lines, "line")
    return f"{file.file}: {lines} of {file.kind} staged as batch {file.batch_id}{unread}"


def promoted(page: Page, settings: Settings, batches: Sequence[Promoted]) -> None:
    """What became of batches: every line and cent accounted for."""
    for batch in batches:
        page.line(f"Batch {batch.batch_id} ({batch.file}): {batch.outcome}")
        if batch.problem:
            page.line(f"  {batch.problem}", "  ")
        totals(page, settings, batch.totals)
        if batch.deleted:
            page.line(f"  {count(batch.deleted, 'client')} deleted")
        if batch.findings:
            page.line(f"  {count(batch.findings, 'new finding')}")
    if not batches:
        page.line("No batch is waiting.")


def totals(page: Page, settings: Settings, measures: Iterable[Total]) -> None:
    """The identities of a batch."""
    for total in measures:
        page.line("  " + identity(total, settings.currency), "      ")


def identity(total: Total, currency: str) -> str:
    """What came in equals what became of it."""
    is_money = total.measure != "lines"
    parts = [(name, getattr(total, name)) for name in _PARTS]
    if is_money:
        parts = [part for part in parts if part[1]] or parts[:1]
    told = " + ".join(f"{_figure(value, is_money)}{TIE}{name}" for name, value in parts)
    whole = money(total.in_file, currency) if is_money else number(total.in_file)
    unread = f" ({count(total.unreadable, 'amount')} unreadable)" if total.unreadable else ""
    return f"{total.measure} {whole} = {told}{unread}"


def _figure(value: Decimal, is_money: bool) -> str:
    return amount(value) if is_money else number(value)


def findings(page: Page, counts: Iterable[Count]) -> None:
    """Findings by rule."""
    page.table(
        ("count", "rule", "what it says"),
        [(number(one.count), one.rule, one.sentence) for one in counts],
        right=("count",),
    )


def checks(page: Page, checked: Sequence[Check]) -> None:
    """What each check found."""
    failed = [check for check in checked if not check.ok]
    if not failed:
        page.line(f"All {len(checked)} checks passed.")
        return
    for check in failed:
        page.line(f"{check.name} failed: {count(check.count, 'row')}. {check.description}", "  ")
        for row in check.rows:
            page.line(f"  {row.subject} {row.subject_id}: {row.detail}", "    ")
        if check.count > len(check.rows):
            page.line(f"  … and {number(check.count - len(check.rows))} more")


def failures(page: Page, checked: Sequence[Check]) -> None:
    """The checks that failed, if any."""
    if not all(check.ok for check in checked):
        checks(page, checked)


def end(batches: Sequence[Promoted], checked: Sequence[Check]) -> None:
    """End with 1 if a batch was refused or a check failed."""
    if any(batch.outcome == "refused" for batch in batches) or not all(c.ok for c in checked):
        raise typer.Exit(1)


def changes(page: Page, settings: Settings, told: Iterable[Change]) -> None:
    """The history of a row, oldest first."""
    for one in told:
        by = one.actor if one.batch_id is None else f"{one.actor}, batch {one.batch_id}"
        page.line(f"{instant(one.at, settings.zone)}  {one.operation} by {by}")
        if one.reason:
            page.line(f"  reason: {one.reason}", "    ")
        if one.operation == "insert":
            page.line(f"  {image(one.changes)}", "    ")
        elif one.operation == "update":
            page.line(f"  {difference(one.changes)}", "    ")


def _next(told: Summary) -> list[str]:
    lines = [f"{told.report}: the report"] if told.report else []
    lines += [f"loanbook runs show {day(told.as_of)}"]
    lines += [f"loanbook batches show {batch.batch_id}" for batch in told.batches[-1:]]
    if told.quarantine:
        lines.append("loanbook quarantine list")
    if told.findings:
        lines.append("loanbook findings list")
    if not all(check.ok for check in told.checks):
        lines.append("loanbook check")
    return [*lines, "loanbook clients show ID", "loanbook psql"]
