"""Commands about the outbox: list, show, deliver, resolve, suppress, retry."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from loanbook.cli import outbox_deliver
from loanbook.cli.door import Door, command, group
from loanbook.cli.options import PageLimit, parse_day, parse_key
from loanbook.cli.page import Page
from loanbook.cli.words import day, instant, number
from loanbook.settings import Settings

if TYPE_CHECKING:
    from loanbook.outbox.entries import Entry, Shown

LetterId = Annotated[
    int, typer.Argument(metavar="ID", parser=parse_key, help="Number of the letter.")
]
State = Literal["planned", "claimed", "sent", "failed", "unknown", "suppressed", "cancelled"]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    outbox = group(app, "outbox", "Letters: planned, on their way, sent, or kept back.")
    command(outbox, "list")(listed)
    command(outbox)(show)
    outbox_deliver.add_to(outbox)
    command(outbox, acts=True)(resolve)
    command(outbox, acts=True)(retry)
    command(outbox, acts=True)(suppress)


def listed(
    door: Door,
    state: Annotated[State | None, typer.Option("--state", help="Only in this state.")] = None,
    user_id: Annotated[
        int | None,
        typer.Option("--client", metavar="ID", parser=parse_key, help="Only to this client."),
    ] = None,
    on: Annotated[
        date | None,
        typer.Option("--day", parser=parse_day, metavar="DATE", help="Only of this local date."),
    ] = None,
    before: Annotated[
        int | None,
        typer.Option("--before", metavar="ID", parser=parse_key, help="Go on before this letter."),
    ] = None,
    limit: PageLimit = 20,
) -> None:
    """List letters, the newest first.

    \b
    Examples:
      loanbook outbox list
      loanbook outbox list --state unknown
      loanbook outbox list --day 2024-01-25 --client 42 --json
    """
    from loanbook.outbox import entries

    states = None if state is None else (state,)
    with door.book() as book:
        counts = entries.counts(book, user_id=user_id, day=on)
        found = entries.listed(
            book, states=states, user_id=user_id, day=on, before=before, limit=limit
        )
    more = found[-1].letter_id if len(found) == limit else None

    def page(page: Page, settings: Settings) -> None:
        _list(page, settings, found)
        if counts:
            told = ", ".join(f"{number(letters)} {name}" for name, letters in counts.items())
            page.line(f"In all: {told}")
        if more:
            page.line(f"More: --before {more}")

    door.answer({"counts": counts, "letters": found, "next_before": more}, page)


def _list(page: Page, settings: Settings, found: "list[Entry]") -> None:
    if not found:
        page.line("There is no such letter.")
        return
    page.table(
        ("id", "day", "kind", "to", "state", "since", "reason"),
        [
            (
                one.letter_id,
                day(one.local_date),
                one.kind,
                _recipient(one),
                "bounced" if one.bounced_at else one.state,
                instant(one.ended_at or one.claimed_at or one.created_at, settings.zone),
                one.reason,
            )
            for one in found
        ],
        right=("id",),
    )


def _recipient(letter: "Entry") -> str:
    return letter.recipient or f"client {letter.user_id}"


def show(door: Door, letter_id: LetterId) -> None:
    """Show a letter: what it tells of, and all that became of it.

    \b
    Examples:
      loanbook outbox show 12
      loanbook outbox show 12 --json
    """
    from loanbook.outbox import entries

    with door.book() as book:
        found = entries.shown(book, letter_id)
    door.answer(found, lambda page, settings: _show(page, settings, found))


def _show(page: Page, settings: Settings, found: "Shown") -> None:
    letter = found.letter
    page.facts(
        [
            ("letter", letter.letter_id),
            ("kind", letter.kind),
            ("to", _recipient(letter)),
            ("day", day(letter.local_date)),
            ("state", letter.state),
            ("reason", letter.reason),
            ("by hand", "yes" if letter.by_hand else None),
            ("optional", "yes" if letter.optional else None),
            ("attempts", letter.attempts),
            ("due from", instant(letter.due_from, settings.zone)),
            ("message id", letter.message_id),
            ("bounced at", instant(letter.bounced_at, settings.zone)),
            *((name, str(value)) for name, value in letter.about.items()),
        ]
    )
    for loan in found.loans:
        step = "no step" if loan.step is None else f"step {loan.step:+d}"
        told = "thanked" if loan.kind == "paid_off" else step
        page.line(f"Loan {loan.loan_id}, due {day(loan.due_on)}: {told}, {loan.state}", "  ")
    page.title("What became of it")
    for event in found.events:
        reason = f": {event.reason}" if event.reason else ""
        page.line(
            f"{instant(event.at, settings.zone)}  {event.state} by {event.actor}{reason}", "  "
        )


def resolve(
    door: Door,
    letter_id: LetterId,
    as_: Annotated[
        Literal["sent", "planned", "cancelled"],
        typer.Option("--as", help="It was sent, is to be sent (again), or is not to be sent."),
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="How that was found out.")],
) -> None:
    """Decide on a letter of which nobody knows whether it was sent.

    Its sender died, or the server hung up before it answered. Ask the server's log, then say so;
    the letter is never sent again by itself.

    \b
    Examples:
      loanbook outbox resolve 12 --as sent --reason "stands in the server's log"
      loanbook outbox resolve 12 --as planned --reason "the server never saw it"
    """
    from loanbook.outbox import entries

    with door.book() as book:
        entries.resolve(book, letter_id, as_, reason, _now(door))
        found = entries.shown(book, letter_id)
    door.answer(found, lambda page, settings: _show(page, settings, found))


def retry(
    door: Door,
    letter_id: LetterId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it may go now.")],
) -> None:
    """Have a letter tried again that failed or was suppressed.

    It is judged anew before it goes. If its day has passed it is cancelled, and its step is planned
    anew.

    \b
    Example:
      loanbook outbox retry 12 --reason "their server is up again"
    """
    from loanbook.outbox import entries

    with door.book() as book:
        entries.retry(book, letter_id, reason, _now(door))
        found = entries.shown(book, letter_id)
    door.answer(found, lambda page, settings: _show(page, settings, found))


def suppress(
    door: Door,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address.")],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, without personal data.")
    ] = "asked for by a person",
    lift: Annotated[bool, typer.Option("--lift", help="Let letters go there again.")] = False,
) -> None:
    """Let no letter go to an address any more, or lift that.

    Each contact that has the address gets a finding: the task to mend it.

    \b
    Examples:
      loanbook outbox suppress ana@example.com --reason "belongs to somebody else"
      loanbook outbox suppress ana@example.com --lift
    """
    from loanbook.outbox import queue

    with door.book() as book:
        changed = queue.lift(book, address) if lift else queue.suppress(book, address, reason)
    stands = "is not suppressed" if lift else "is suppressed"
    told = f"The address {stands}{'' if changed else ', as before'}."
    result = {"suppressed": not lift, "changed": changed}
    door.answer(result, lambda page, _: page.line(told))


def _now(door: Door) -> datetime:
    from loanbook.reminders import plan

    zone = door.settings.zone
    return plan.instant(door.as_of(None), zone, datetime.now(zone))
