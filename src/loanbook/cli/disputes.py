"""Commands about disputes over a loan: dispute, settle-dispute."""

from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli.door import Door, command
from loanbook.cli.options import parse_key

if TYPE_CHECKING:
    from loanbook.disputes import Dispute

LoanId = Annotated[int, typer.Argument(metavar="ID", parser=parse_key, help="The loan_id.")]


def add_to(loans: typer.Typer) -> None:
    """Add the commands to the group of loans."""
    command(loans, acts=True)(dispute)
    command(loans, "settle-dispute", acts=True)(settle)


def dispute(
    door: Door,
    loan_id: LoanId,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="What is disputed, without personal data.")
    ],
) -> None:
    """Dispute a loan: no reminder tells of it.

    Whoever owns the loan, nothing of it changes.

    \b
    Example:
      loanbook loans dispute 7 --reason "says that it was paid in cash"
    """
    from loanbook import disputes

    with door.book() as book:
        made = disputes.dispute(book, loan_id, reason)
    _answer(door, made, f"Loan {loan_id} is disputed; no letter tells of it until that is settled.")


def settle(
    door: Door,
    loan_id: LoanId,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="What came of it, without personal data.")
    ],
) -> None:
    """Settle a dispute: reminders go on.

    \b
    Example:
      loanbook loans settle-dispute 7 --reason "the receipt was of another loan"
    """
    from loanbook import disputes

    with door.book() as book:
        made = disputes.settle(book, loan_id, reason)
    _answer(door, made, f"The dispute over loan {loan_id} is settled.")


def _answer(door: Door, made: "Dispute", told: str) -> None:
    door.answer(made, lambda page, _: page.line(told))
