"""How loans look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loanbook.cli import payments, shown
from loanbook.cli.words import amount, count, day, money, percent, wall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loanbook.cli.page import Page
    from loanbook.delinquency import Standing
    from loanbook.loans import History, Loan, Quote
    from loanbook.settings import Settings

OWED = ("ongoing", "default")  # what stood at the day's first instant tells nothing of the others


def quote(page: Page, settings: Settings, found: Quote) -> None:
    """What a loan would cost."""
    currency = settings.currency
    page.facts(
        [
            ("principal", money(found.principal, currency)),
            ("tax", money(found.tax, currency)),
            ("interest", money(found.interest, currency)),
            ("due amount", money(found.due_amount, currency)),
            ("due at", wall(found.due_at)),
            ("effective rate (CET)", percent(found.effective_annual_rate)),
        ]
    )


def page(page: Page, settings: Settings, loan: Loan, standing: Standing | None = None) -> None:
    """A loan, and how late it is."""
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
            *(_lateness(standing, currency) if standing and loan.status in OWED else ()),
            ("interest rate", _rate(loan)),
            ("exempt by finding", loan.exempt_from),
            ("product version", loan.product_version),
            ("classified as of", day(loan.classified_on)),
            ("owner", loan.owner),
            ("version", loan.version),
        ]
    )


def _lateness(standing: Standing, currency: str) -> list[tuple[str, object]]:
    if standing.bucket is None or standing.balance is None:
        return []
    days = count(standing.days_past_due or 0, "day")
    owed = money(standing.balance, currency)
    return [(f"as of {day(standing.as_of)}", f"{owed} to pay, {days} past due ({standing.bucket})")]


def _rate(loan: Loan) -> str:
    implied = " (implied by its amounts)" if loan.rate_is_implied and loan.interest_rate else ""
    return percent(loan.interest_rate) + implied


def table(page: Page, settings: Settings, found: Sequence[Loan]) -> None:
    """Loans as rows."""
    if not found:
        page.line("There are no such loans.")
        return
    money_columns = (f"due {settings.currency}", f"balance {settings.currency}")
    page.table(
        ("loan", "client", "status", "issued", "due", *money_columns, "owner"),
        [
            (
                one.loan_id,
                one.user_id,
                one.status,
                day(one.created_at.date()),
                day(one.due_at.date()),
                amount(one.due_amount),
                amount(one.balance),
                one.owner,
            )
            for one in found
        ],
        right=("loan", "client", *money_columns),
    )


def history(page: Page, settings: Settings, found: History) -> None:
    """What happened to a loan."""
    shown.changes(page, settings, found.changes)
    if found.payments:
        page.title("Payments")
        payments.table(page, settings, found.payments)
