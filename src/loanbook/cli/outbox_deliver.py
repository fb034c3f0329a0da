"""The command that lets letters travel: outbox deliver."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import typer

from loanbook.cli.door import Door, command
from loanbook.cli.options import AsOf
from loanbook.cli.words import count, number

if TYPE_CHECKING:
    from loanbook.outbox.bounces import Collected
    from loanbook.outbox.deliver import Counts

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def add_to(outbox: typer.Typer) -> None:
    """Add the command to the group `outbox`."""
    command(outbox, acts=True)(deliver)


def deliver(door: Door, as_of: AsOf = None) -> None:
    """Send all letters that are due, and end.

    The table [mail] in loanbook.toml says by which way; without it they are written as files into
    the folder outbox of the workspace. Several may run at once, on several machines: each letter is
    sent once. Delivery reports that came in are read first, if [mail] names their maildir. SIGTERM
    and ctrl-c let what is being sent come to its end; a second one interrupts it.

    \b
    Examples:
      loanbook outbox deliver
      loanbook outbox deliver --as-of 2024-01-25 --json
    """
    from loanbook import bootstrap
    from loanbook.outbox import bounces
    from loanbook.outbox.carriers import carrier
    from loanbook.outbox.deliver import deliver as send
    from loanbook.reminders import plan
    from loanbook.reminders.render import renderer

    given = door.settings
    mail = given.letters.mail
    way, now = carrier(given), _clock(door, door.as_of(as_of))
    back = None
    if mail.bounces:
        with door.book() as book:
            back = bounces.collect(book, given.home / mail.bounces)
    with _wish_to_stop() as stop:
        counts = send(
            lambda: bootstrap.open_book(given=given, actor=door.actor),
            way,
            renderer(given, now),
            mail,
            lambda at: plan.rules(given, at),
            now,
            stop,
        )
    door.answer(
        {"letters": counts, "bounces": back}, lambda page, _: page.line(_told(counts, back))
    )


def _clock(door: Door, as_of: date) -> Callable[[], datetime]:
    """Real time if the business date is today, else one moment of it."""
    from loanbook.reminders import plan

    zone, begun = door.settings.zone, datetime.now(UTC)
    if begun.astimezone(zone).date() == as_of:
        return lambda: datetime.now(UTC)
    moment = plan.instant(as_of, zone, begun)
    return lambda: moment


@contextmanager
def _wish_to_stop() -> Iterator[Callable[[], bool]]:
    """Tells whether somebody asked to stop; who asks twice interrupts."""
    wished = threading.Event()

    def wish(_: int, __: object) -> None:
        if wished.is_set():
            raise KeyboardInterrupt
        wished.set()

    before = {one: signal.signal(one, wish) for one in SIGNALS}
    try:
        yield wished.is_set
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _told(counts: "Counts", back: "Collected | None") -> str:
    parts = [f"{count(counts.sent, 'letter')} sent"]
    for found, words in (
        (counts.failed, "failed for now"),
        (counts.suppressed, "refused for good"),
        (counts.unknown, "perhaps sent (look at them with `loanbook outbox list --state unknown`)"),
        (counts.planned, "not tried"),
    ):
        if found:
            parts.append(f"{number(found)} {words}")
    if back is not None:
        parts.append(f"{number(back.noted)} came back")
    return ", ".join(parts) + "."
