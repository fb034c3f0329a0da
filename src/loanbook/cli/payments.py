"""Commands about payments: post, reverse, list."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli.door import Door, command, group
from loanbook.cli.options import Key, On, PageLimit, parse_amount, parse_day, parse_key
from loanbook.cli.page import Page
from loanbook.cli.words import amount, day, instant, money
from loanbook.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loanbook.payments import Payment, Posted


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    payments = group(app, "payments", "Money on loans that were made here: taken and taken back.")
    command(payments, acts=True)(post)
    command(payments, acts=True)(reverse)
    command(payments, "list")(listed)


def post(
    door: Door,
    loan_id: Annotated[int, typer.Argument(metavar="LOAN", parser=parse_key, help="The loan_id.")],
    amount: Annotated[
        Decimal, typer.Option(parser=parse_amount, metavar="AMOUNT", help="What was paid.")
    ],
    on: On = None,
    key: Key = None,
) -> None:
    """Take a payment on a loan: partial, early or dated back.

    The payment that completes the amount due closes the loan. More than the balance is refused.

    \b
    Examples:
      loanbook payments post 1000000000 --amount 250.50
      loanbook payments post 1000000000 --amount 99 --on 2024-01-20 --key till-7
    """
    from loanbook import payments

    with door.book() as book:
        posted = payments.post(book, loan_id, amount, on=on, key=key)
    door.answer(posted, lambda page, settings: _told(page, settings, posted, "Payment"))


def reverse(
    door: Door,
    payment_id: Annotated[
        int, typer.Argument(metavar="PAYMENT", parser=parse_key, help="Number of the payment.")
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the history.")],
    on: On = None,
    key: Key = None,
) -> None:
    """Take a whole payment back.

    A loan that it had closed is open again.

    \b
    Example:
      loanbook payments reverse 7 --reason "the cheque bounced"
    """
    from loanbook import payments

    with door.book() as book:
        posted = payments.reverse(book, payment_id, reason=reason, on=on, key=key)
    door.answer(posted, lambda page, settings: _told(page, settings, posted, "Reversal"))


def listed(
    door: Door,
    loan_id: Annotated[
        int | None, typer.Option("--loan", metavar="ID", parser=parse_key, help="Of this loan.")
    ] = None,
    user_id: Annotated[
        int | None,
        typer.Option("--client", metavar="ID", parser=parse_key, help="Of this client's loans."),
    ] = None,
    since: Annotated[
        date | None,
        typer.Option(parser=parse_day, metavar="DATE", help="Counting from this day or later."),
    ] = None,
    until: Annotated[
        date | None,
        typer.Option(parser=parse_day, metavar="DATE", help="Counting from this day or earlier."),
    ] = None,
    after: Annotated[
        int,
        typer.Option(metavar="ID", min=0, help="Go on after this payment."),
    ] = 0,
    limit: PageLimit = 50,
) -> None:
    """List movements of money, as they were recorded.

    \b
    Examples:
      loanbook payments list --loan 1000000000
      loanbook payments list --client 42 --since 2024-01-01 --json
      loanbook payments list --after 150
    """
    from loanbook import payments

    with door.book() as book:
        found = payments.listed(
            book,
            loan_id=loan_id,
            user_id=user_id,
            since=since,
            until=until,
            after=after,
            limit=limit,
        )
    more = found[-1].payment_id if len(found) == limit else None

    def page(page: Page, settings: Settings) -> None:
        table(page, settings, found)
        if more:
            page.line(f"More: --after {more}")

    door.answer({"payments": found, "next_after": more}, page)


def table(page: Page, settings: Settings, found: "Sequence[Payment]") -> None:
    """Movements as rows."""
    if not found:
        page.line("There are no payments.")
        return
    page.table(
        (
            "payment", "loan", "kind", f"amount {settings.currency}", "effective on",
            "recorded at", "by", "reversed by", "reason",
        ),
        [
            (
                one.payment_id,
                one.loan_id,
                one.kind,
                amount(one.amount),
                day(one.effective_on) or "undated",
                instant(one.recorded_at, settings.zone),
                one.actor,
                one.reversed_by,
                one.reason,
            )
            for one in found
        ],
        right=("payment", "loan", f"amount {settings.currency}"),
    )  # fmt: skip


def _told(page: Page, settings: Settings, posted: "Posted", what: str) -> None:
    page.line(
        f"{what} {posted.payment_id} counts from {day(posted.effective_on)}; loan {posted.loan_id} "
        f"is {posted.status}, {money(posted.balance, settings.currency)} to pay."
    )
