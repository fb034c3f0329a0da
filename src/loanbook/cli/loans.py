"""Commands about one loan: show, history."""

from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli import shown
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import At, in_zone, parse_key
from loanbook.cli.page import Page
from loanbook.cli.words import amount, day, instant, money, percent, wall
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.loans import History, Loan

LoanId = Annotated[int, typer.Argument(metavar="ID", parser=parse_key, help="The loan_id.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    loans = group(app, "loans", "One loan: as it is, as it was, and the money that moved on it.")
    command(loans)(show)
    command(loans)(history)


def show(door: Door, loan_id: LoanId, at: At = None) -> None:
    """Show a loan as it is, or as the book held it at some time.

    \b
    Examples:
      loanbook loans show 7
      loanbook loans show 7 --at "2024-01-25 18:00"
      loanbook loans show 7 --json
    """
    from loanbook import loans

    with door.book() as book:
        if at is None:
            loan = loans.get(book, loan_id)
        else:
            loan = loans.at(book, loan_id, in_zone(at, door.settings.zone))
    door.answer(loan, lambda page, settings: _page(page, settings, loan))


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
    door.answer(found, lambda page, settings: _history(page, settings, found))


def _page(page: Page, settings: Settings, loan: "Loan") -> None:
    currency = settings.currency
    page.facts(
        [
            ("loan", loan.loan_id),
            ("client", loan.user_id),
            ("status", loan.status),
            ("issued at", wall(loan.created_at)),
            ("due at", wall(loan.due_at)),
            ("paid at", wall(loan.paid_at)),
            ("principal", money(loan.loan_amount, currency)),
            ("tax", money(loan.tax, currency)),
            ("due amount", money(loan.due_amount, currency)),
            ("amount paid", money(loan.amount_paid, currency)),
            ("balance", money(loan.balance, currency)),
            ("interest rate", _rate(loan)),
            ("exempt by finding", loan.exempt_from),
            ("owner", loan.owner),
            ("version", loan.version),
        ]
    )


def _rate(loan: "Loan") -> str:
    implied = " (implied by its amounts)" if loan.rate_is_implied and loan.interest_rate else ""
    return percent(loan.interest_rate) + implied


def _history(page: Page, settings: Settings, found: "History") -> None:
    shown.changes(page, settings, found.changes)
    if not found.payments:
        return
    page.title("Payments")
    page.table(
        ("payment", "kind", f"amount {settings.currency}", "effective on", "recorded at", "by"),
        [
            (
                one.payment_id,
                one.kind,
                amount(one.amount),
                day(one.effective_on) or "undated",
                instant(one.recorded_at, settings.zone),
                one.actor,
            )
            for one in found.payments
        ],
        right=("payment", f"amount {settings.currency}"),
    )
