"""How clients look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loanbook.cli import contacts, shown
from loanbook.cli.words import amount, day, instant, money, percent, wall

if TYPE_CHECKING:
    from loanbook.cli.door import Door
    from loanbook.cli.page import Page
    from loanbook.clients import Client, Exposure, Overview
    from loanbook.clients import Page as FoundPage
    from loanbook.contacts import Contact, Kept
    from loanbook.settings import Settings

MANY = 10  # rows of each part that a page shows; JSON has them all


def stands(door: Door, client: Client, action: str, kept: Kept | None = None) -> None:
    """Answer what was done, and how the client stands now."""

    def page(page: Page, settings: Settings) -> None:
        page.line(f"Client {client.user_id} is {action}.")
        if kept is not None:
            contacts.duplicates(page, kept)
        facts(page, settings, client)

    result = {"user_id": client.user_id, "version": client.version, "action": action}
    told = {} if kept is None else {"duplicates": kept.duplicates}
    door.answer({**result, **told, "client": client}, page)


def facts(page: Page, settings: Settings, client: Client) -> None:
    """A client by itself."""
    page.facts(
        [
            ("client", client.user_id),
            ("status", client.status),
            ("denied because", client.denied_reason),
            ("denied at", wall(client.denied_at)),
            ("credit limit", money(client.credit_limit, settings.currency)),
            ("interest rate", percent(client.interest_rate)),
            ("batch", client.batch),
            ("registered at", wall(client.created_at)),
            ("owner", client.owner),
            ("version", client.version),
            ("last amended here", instant(client.amended_at, settings.zone)),
        ]
    )


def overview(page: Page, settings: Settings, seen: Overview, contact: Contact | None) -> None:
    """A client with all that belongs to it."""
    facts(page, settings, seen.client)
    _exposure(page, settings, seen.exposure)
    if contact is not None:
        page.title("Contact")
        contacts.told(page, settings, contact)
    if seen.loans:
        page.title("Loans")
        page.table(
            ("loan", "status", "issued", "due", "paid", "principal", "to pay"),
            [
                (
                    one.loan_id, one.status, day(one.issued_on), day(one.due_on), day(one.paid_on),
                    amount(one.loan_amount), amount(one.balance),
                )
                for one in seen.loans[:MANY]
            ],
            right=("loan", "principal", "to pay"),
        )  # fmt: skip
        _more(page, len(seen.loans))
    if seen.payments:
        page.title("Payments")
        page.table(
            ("payment", "loan", "kind", "amount", "effective on", "by"),
            [
                (
                    one.payment_id, one.loan_id, one.kind, amount(one.amount),
                    day(one.effective_on) or "undated", one.actor,
                )
                for one in seen.payments[:MANY]
            ],
            right=("payment", "loan", "amount"),
        )  # fmt: skip
        _more(page, len(seen.payments))
    if seen.findings:
        page.title("Open findings")
        for told in seen.findings:
            about = f"{told.subject} {told.subject_id}"
            page.line(f"{told.finding_id}  {told.rule}, {about}: {told.detail}", "    ")
    page.title("Last changes")
    shown.changes(page, settings, seen.changes[:MANY])
    _more(page, len(seen.changes))


def found(page: Page, settings: Settings, listed: FoundPage) -> None:
    """Clients that were found, and how to see the next ones."""
    page.table(
        ("client", "name", "e-mail", "status", "batch", f"limit {settings.currency}", "version"),
        [
            (
                one.user_id, one.name, one.email, one.status, one.batch,
                amount(one.credit_limit), one.version,
            )
            for one in listed.clients
        ],
        right=("client", "batch", f"limit {settings.currency}", "version"),
    )  # fmt: skip
    if listed.next is not None:
        page.line(f"There are more: the same with --after {listed.next}")


def _exposure(page: Page, settings: Settings, exposure: Exposure) -> None:
    page.facts(
        [
            ("owes", money(exposure.open_balance, settings.currency)),
            ("may borrow", money(exposure.free, settings.currency)),
        ]
    )


def _more(page: Page, many: int) -> None:
    if many > MANY:
        page.line(f"… and {many - MANY:,} more; --json has them all")
