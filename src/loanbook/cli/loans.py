"""Commands about loans: quote, open, cancel, find, show, history, and about disputes."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from loanbook.cli import disputes, lent
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import (
    At,
    Key,
    On,
    PageLimit,
    in_zone,
    parse_amount,
    parse_day,
    parse_key,
    parse_number,
)
from loanbook.cli.page import Page
from loanbook.errors import UsageError
from loanbook.settings import Settings

LoanId = Annotated[int, typer.Argument(metavar="ID", parser=parse_key, help="The loan_id.")]
Principal = Annotated[
    Decimal,
    typer.Option("--amount", parser=parse_amount, metavar="AMOUNT", help="The amount lent."),
]
ProductId = Annotated[
    int | None,
    typer.Option(
        "--product",
        parser=parse_number,
        metavar="ID",
        help="On whose terms; by default the operation's product.",
    ),
]
STATUSES = ("ongoing", "paid", "default", "cancelled", "written_off")
Day = Annotated[date | None, typer.Option(parser=parse_day, metavar="DATE")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    loans = group(app, "loans", "Loans: quoted, opened, looked for and looked at.")
    command(loans)(quote)
    command(loans, "open", acts=True)(open_loan)
    command(loans, acts=True)(cancel)
    command(loans)(find)
    command(loans)(show)
    command(loans)(history)
    disputes.add_to(loans)


def quote(
    door: Door,
    amount: Principal,
    rate: Annotated[
        Decimal, typer.Option(parser=parse_amount, metavar="PERCENT", help="Interest a year.")
    ],
    issued: Annotated[
        date | None,
        typer.Option(
            parser=parse_day, metavar="DATE", help="Day of issue; by default the business date."
        ),
    ] = None,
    product_id: ProductId = None,
) -> None:
    """Say what a loan would cost.

    Tax, interest, amount due, and the effective annual rate (CET).

    \b
    Examples:
      loanbook loans quote --amount 1000 --rate 20
      loanbook loans quote --amount 1000 --rate 20 --issued 2024-01-25 --json
    """
    from loanbook import loans

    with door.book() as book:
        found = loans.quote(
            book, amount, rate, issued=issued, product_id=product_id or loans.PRODUCT
        )
    door.answer(found, lambda page, settings: lent.quote(page, settings, found))


def open_loan(
    door: Door,
    user_id: Annotated[
        int, typer.Argument(metavar="CLIENT", parser=parse_key, help="The client's user_id.")
    ],
    amount: Principal,
    on: On = None,
    key: Key = None,
    product_id: ProductId = None,
) -> None:
    """Open a loan for a client.

    At the client's rate and on the terms of the day, under all rules at once.

    \b
    Examples:
      loanbook loans open 42 --amount 1000
      loanbook loans open 42 --amount 1000 --on 2024-01-25 --key req-4711 --json
    """
    from loanbook import loans

    with door.book() as book:
        made = loans.open_loan(
            book, user_id, amount, on=on, key=key, product_id=product_id or loans.PRODUCT
        )
    door.answer(made, lambda page, settings: lent.page(page, settings, made))


def cancel(
    door: Door,
    loan_id: LoanId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the history.")],
) -> None:
    """Cancel a loan on the day it was issued.

    That is possible as long as nothing was paid on it.

    \b
    Example:
      loanbook loans cancel 1000000000 --reason "the client changed his mind"
    """
    from loanbook import loans

    with door.book() as book:
        loan = loans.cancel(book, loan_id, reason=reason)
    door.answer(loan, lambda page, settings: lent.page(page, settings, loan))


def find(
    door: Door,
    user_id: Annotated[
        int | None,
        typer.Option("--client", metavar="ID", parser=parse_key, help="Of this client."),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(metavar="STATUS", help="ongoing, paid, default, cancelled or written_off."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of this source, or loanbook.")
    ] = None,
    issued_since: Day = None,
    issued_until: Day = None,
    due_since: Day = None,
    due_until: Day = None,
    after: Annotated[int, typer.Option(metavar="ID", min=0, help="Go on after this loan.")] = 0,
    limit: PageLimit = 50,
) -> None:
    """Look for loans, in the order of their numbers.

    \b
    Examples:
      loanbook loans find --client 42
      loanbook loans find --status ongoing --due-until 2024-01-24 --owner loanbook
      loanbook loans find --issued-since 2024-01-01 --limit 100 --after 99 --json
    """
    from loanbook import loans

    if status not in {None, *STATUSES}:
        raise UsageError(
            problem=f"{status} is no status of a loan; name one of {', '.join(STATUSES)}."
        )
    search = loans.Search(
        user_id=user_id,
        status=status,
        owner=owner,
        issued_since=issued_since,
        issued_until=issued_until,
        due_since=due_since,
        due_until=due_until,
    )
    with door.book() as book:
        found = loans.find(book, search, after=after, limit=limit)
    more = found[-1].loan_id if len(found) == limit else None

    def page(page: Page, settings: Settings) -> None:
        lent.table(page, settings, found)
        if more:
            page.line(f"More: --after {more}")

    door.answer({"loans": found, "next_after": more}, page)


def show(
    door: Door,
    loan_id: LoanId,
    at: At = None,
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_day,
            metavar="DATE",
            help="How late it is as of this day; by default the book's business date.",
        ),
    ] = None,
) -> None:
    """Show a loan as it is or was, and how late it is.

    \b
    Examples:
      loanbook loans show 7
      loanbook loans show 7 --as-of 2024-03-01
      loanbook loans show 7 --at "2024-01-25 18:00"
      loanbook loans show 7 --json
    """
    from loanbook import delinquency, loans

    if at is not None and as_of is not None:
        problem = (
            "--at shows a row of the past, --as-of the loan of now on a day; name one of them."
        )
        raise UsageError(problem=problem)
    with door.book() as book:
        if at is not None:
            then = loans.at(book, loan_id, in_zone(at, door.settings.zone))
            door.answer(then, lambda page, settings: lent.page(page, settings, then))
            return
        loan = loans.get(book, loan_id)
        standing = delinquency.standing(book, loan_id, as_of)
    told = asdict(loan) | {
        "as_of": standing.as_of,
        "balance_as_of": standing.balance,
        "days_past_due": standing.days_past_due,
        "bucket": standing.bucket,
    }
    door.answer(told, lambda page, settings: lent.page(page, settings, loan, standing))


def history(door: Door, loan_id: LoanId) -> None:
    """Tell who changed a loan, and what was paid on it.

    \b
    Examples:
      loanbook loans history 7
      loanbook loans history 7 --json
    """
    from loanbook import loans

    with door.book() as book:
        found = loans.history(book, loan_id)
    door.answer(found, lambda page, settings: lent.history(page, settings, found))
