"""Commands about reminders: due, preview, queue."""

from collections import Counter
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli import letters_preview
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import AsOf, parse_key
from loanbook.cli.page import Page
from loanbook.cli.words import count, day, instant, money, number
from loanbook.errors import UsageError
from loanbook.settings import Settings

if TYPE_CHECKING:
    from decimal import Decimal

    from loanbook.reminders.plan import Counts, Due

Client = Annotated[
    int | None,
    typer.Option("--client", metavar="ID", parser=parse_key, help="Only this client."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    reminders = group(app, "reminders", "Reminders: who is due one, and planned into the outbox.")
    command(reminders)(due)
    letters_preview.add_to(reminders)
    command(reminders, acts=True)(queue)


def moment(door: Door, as_of: date | None) -> tuple[date, datetime]:
    """The business date of letters and its instant: real time today, else ten in the morning."""
    from loanbook.reminders import plan

    zone = door.settings.zone
    named = door.as_of(as_of)
    return named, plan.instant(named, zone, datetime.now(zone))


def due(
    door: Door,
    as_of: AsOf = None,
    user_id: Client = None,
    outcome: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="Only with this outcome, such as due or no_contact."),
    ] = None,
) -> None:
    """Tell who is to be reminded, and of whoever is not, why.

    One row for each client with an open loan, or with a loan paid off of late. Nothing is written.

    \b
    Examples:
      loanbook reminders due
      loanbook reminders due --as-of 2024-01-25 --outcome due
      loanbook reminders due --client 42 --json
    """
    from loanbook.reminders import plan

    if outcome not in {None, *plan.OUTCOMES}:
        words = ", ".join(plan.OUTCOMES)
        raise UsageError(problem=f"{outcome} is no outcome; name one of {words}.")
    named, now = moment(door, as_of)
    with door.book() as book:
        gate = plan.gate(book, named, now, door.settings)
        every = plan.due(book, named, now, door.settings)
    found = [
        one for one in every if user_id in {None, one.user_id} and outcome in {None, one.outcome}
    ]
    outcomes = dict(sorted(Counter(one.outcome for one in found).items()))
    result = {
        "as_of": named,
        "now": now,
        "gate": gate,
        "outcomes": outcomes,
        "balance": _balance(found),
        "clients": found,
    }
    door.answer(result, lambda page, settings: _due(page, settings, door, found, gate))


def _balance(found: "list[Due]") -> "Decimal":
    from decimal import Decimal

    return sum((one.balance for one in found), Decimal())


def _due(page: Page, settings: Settings, door: Door, found: "list[Due]", gate: str | None) -> None:
    if gate:
        page.line(f"The gate is closed, nothing goes out: {gate}")
    outcomes = Counter(one.outcome for one in found)
    if not found:
        page.line("There is nobody.")
        return
    # Those that get a letter first; of the rest a person wants to see few.
    first = sorted(found, key=lambda one: (one.outcome != "due", one.days_left or 0, one.user_id))
    shown = first[: door.limit]
    page.table(
        ("client", "outcome", "letter", "step", "days left", "balance"),
        [
            (
                one.user_id,
                one.outcome,
                one.kind,
                one.step,
                one.days_left,
                money(one.balance, settings.currency),
            )
            for one in shown
        ],
        right=("client", "step", "days left", "balance"),
    )
    if len(found) > len(shown):
        page.line(f"The first {len(shown)} of {number(len(found))}; --json lists all.")
    page.title("In all")
    for outcome, clients in sorted(outcomes.items()):
        page.line(f"  {outcome}: {count(clients, 'client')}")
    page.line(f"  balance: {money(_balance(found), settings.currency)}")


def queue(door: Door, as_of: AsOf = None, user_id: Client = None) -> None:
    """Plan the day's letters to clients; a second time there are no more.

    Plans of other days are cancelled. With --client, one client is written to by hand, whether it
    has a step today or not; that counts as a step.

    \b
    Examples:
      loanbook reminders queue
      loanbook reminders queue --as-of 2024-01-25 --json
      loanbook reminders queue --client 42
    """
    from loanbook.reminders import plan

    named, now = moment(door, as_of)
    with door.book() as book:
        gate = plan.gate(book, named, now, door.settings)
        done = plan.queue(book, named, now, door.settings, user_id)
    result = {"as_of": named, "now": now, "gate": gate, **_fields(done)}
    door.answer(result, lambda page, settings: _queued(page, settings, done, gate, named, now))


def _fields(done: "Counts") -> dict[str, object]:
    from loanbook.cli.jsons import fields

    return fields(done)


def _queued(
    page: Page, settings: Settings, done: "Counts", gate: str | None, named: date, now: datetime
) -> None:
    page.line(f"Letters of {day(named)}, at {instant(now, settings.zone)}")
    if gate:
        page.line(f"The gate is closed, nothing goes out: {gate}")
    page.line(
        f"{count(done.planned, 'letter')} planned, {count(done.cancelled, 'old plan')} cancelled, "
        f"{count(done.missed, 'missed step')} recorded."
    )
    for outcome, clients in sorted(done.left.items()):
        page.line(f"  {outcome}: {count(clients, 'client')}")
    if done.planned:
        page.line("Next: loanbook outbox list")
