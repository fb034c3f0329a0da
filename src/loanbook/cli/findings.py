"""Commands about findings: facts worth telling about rows that are in the mart."""

from typing import Annotated

import typer

from loanbook.cli import shown
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import parse_key
from loanbook.cli.page import Page
from loanbook.cli.words import number
from loanbook.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    findings = group(app, "findings", "Facts worth telling about rows that are in the mart.")
    command(findings, "list")(listed)
    command(findings, "accept", acts=True)(accept)


def listed(
    door: Door,
    rule: Annotated[
        str | None, typer.Option(metavar="RULE", help="Only findings of this rule.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Accepted and closed ones too.")] = False,
) -> None:
    """List open findings, counted by rule and one by one.

    \b
    Examples:
      loanbook findings list
      loanbook findings list --rule loans_above_limit
      loanbook findings list --all --json
    """
    from loanbook.mart import findings

    states = findings.EVERY if every else findings.OPEN
    with door.book() as book:
        counted = findings.counts(book, states=states)
        found = findings.listed(book, rule=rule, states=states, limit=door.limit)
    total = sum(one.count for one in counted if rule in {None, one.rule})

    def page(page: Page, _: Settings) -> None:
        if not found:
            page.line("There are no findings." if every else "There are no open findings.")
            return
        if rule is None:
            shown.findings(page, counted)
            page.line()
        page.table(
            ("finding", "state", "about", "rule", "detail"),
            [
                (one.finding_id, one.state, f"{one.subject} {one.subject_id}", one.rule, one.detail)
                for one in found
            ],
            right=("finding",),
        )
        if total > len(found):
            page.line(f"The first {len(found)} of {number(total)}; --json lists all.")

    door.answer({"counts": counted, "findings": found}, page)


def accept(
    door: Door,
    finding_id: Annotated[
        int, typer.Argument(metavar="ID", parser=parse_key, help="Number of the finding.")
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it may stand.")],
) -> None:
    """Accept a finding, and say why it may stand.

    It is no longer listed as open; another load does not raise it anew.

    \b
    Example:
      loanbook findings accept 7 --reason "limit was raised by telephone"
    """
    from loanbook.mart import findings

    with door.book() as book:
        accepted = findings.accept(book, finding_id, reason)
    told = (
        f"Finding {finding_id} ({accepted.rule}, {accepted.subject} {accepted.subject_id}) is "
        f"accepted by {accepted.accepted_by}: {accepted.reason}"
    )
    door.answer(accepted, lambda page, _: page.line(told))
