"""The command that stays: worker."""

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from loanbook import settings
from loanbook.cli.days import LogJson
from loanbook.cli.door import Door, command
from loanbook.cli.words import inert, instant
from loanbook.inert import in_json

if TYPE_CHECKING:
    from loanbook.worker.told import Delivered, Word


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, acts=True)(worker)


def worker(door: Door, log_json: LogJson = False) -> None:
    """Do each day when it is due, until asked to stop.

    Needs the extra of that name: `pip install loanbook[worker]`. The table [worker] in
    loanbook.toml says when a day is due, in the lender's zone; by default at six. A day that fails
    is tried again, later each time. Several workers share the days: each is done once, and what a
    dead worker held is taken over. Between the days letters are delivered as they become due.
    SIGTERM and ctrl-c let the step that is being done come to its end, and the next worker goes on
    behind it; a second one interrupts the step.

    \b
    Examples:
      loanbook worker
      loanbook worker --log-json 2>> loanbook.log
    """
    from loanbook import bootstrap
    from loanbook.cli.watched import watched
    from loanbook.errors import MissingExtra

    try:
        from loanbook.worker.place import Place
        from loanbook.worker.service import Service
    except ImportError as error:
        raise MissingExtra(package=error.name or "procrastinate", extra="worker") from error
    given = door.settings
    log = log_json or given.runs.log == "json" or door.wants_json
    place = Place(
        load=lambda: settings.load(given.home),
        open_book=lambda now: bootstrap.open_book(given=now, actor=door.actor),
        queue=bootstrap.queue,
        clock=lambda: datetime.now(UTC),
    )
    with watched(log_json=log, silent=False, live=False) as watcher:
        Service(place, _log if log else lambda word: _line(word, given), watcher).run()


def _line(word: "Word", given: settings.Settings) -> None:
    """A plain line; a reader who has gone does not stop the worker."""
    with suppress(BrokenPipeError):
        sys.stdout.write(inert(_said(word, given)) + "\n")
        sys.stdout.flush()


def _said(word: "Word", given: settings.Settings) -> str:
    from loanbook.worker import told

    match word:
        case told.Started(next_at, metrics):
            at = instant(next_at, given.zone) if next_at else "never"
            where = f"; metrics at {metrics}" if metrics else ""
            said = f"Waiting; the next day is due {at}{where}."
        case told.Asked(day):
            said = f"{day}  is due"
        case told.TakenOver(day):
            said = f"{day}  is taken over from a worker that gives no sign of life"
        case told.NotDone(day, problem):
            said = f"{day}  not done: {problem}"
        case told.Delivered():
            said = f"Letters: {_counts(word)}"
        case told.Trouble(problem):
            said = f"Trouble: {problem}"
        case told.Stopping(busy):
            said = "Stopping after this step." if busy else "Stopping."
        case told.Stopped():
            said = "Stopped."
    return said


def _counts(word: "Delivered") -> str:
    from dataclasses import asdict

    return ", ".join(f"{number:,} {state}" for state, number in asdict(word).items() if number)


def _log(word: "Word") -> None:
    """A line of JSON on standard error."""
    from dataclasses import asdict

    from loanbook.worker import told

    bad = isinstance(word, (told.NotDone, told.Trouble, told.TakenOver))
    line = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "warning" if bad else "info",
        "event": f"worker_{_NAMES[type(word).__name__]}",
        **asdict(word),
    }
    sys.stderr.write(in_json(json.dumps(line, default=str)) + "\n")
    sys.stderr.flush()


_NAMES = {
    "Started": "started",
    "Asked": "asked",
    "TakenOver": "took_over",
    "NotDone": "did_not_do",
    "Delivered": "delivered",
    "Trouble": "met_trouble",
    "Stopping": "stopping",
    "Stopped": "stopped",
}
