"""The command preview of the group reminders: letters as their readers will see them."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loanbook.cli.door import Door, command
from loanbook.cli.options import AsOf, parse_key
from loanbook.cli.page import Page
from loanbook.cli.words import inert
from loanbook.errors import UsageError
from loanbook.settings import Settings

if TYPE_CHECKING:
    from datetime import date

    from loanbook.outbox.letter import Letter


class Spoken(StrEnum):
    """Languages of letters."""

    PORTUGUESE = "pt-BR"
    ENGLISH = "en"


def add_to(group: typer.Typer) -> None:
    """Add the command."""
    command(group)(preview)


def preview(
    door: Door,
    user_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", parser=parse_key, help="The client's user_id.")
    ] = None,
    all_kinds: Annotated[
        bool, typer.Option("--all-kinds", help="A sample of each letter, in both languages.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Where to; by default preview of the workspace."),
    ] = None,
    language: Annotated[
        Spoken | None, typer.Option("--language", help="In place of the reader's own.")
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Write letters into files, as their readers will see them; nothing is sent.

    Each comes as a page for the browser, as text, and as the whole message. A client's letter tells
    of its open loans as they are now, whether a letter is due today or not.

    \b
    Examples:
      loanbook reminders preview 42
      loanbook reminders preview 42 --language en --to letters
      loanbook reminders preview --all-kinds
    """
    from loanbook.reminders import preview as previews
    from loanbook.reminders import render

    if all_kinds == (user_id is not None):
        raise UsageError(problem="Name a client or say --all-kinds.")
    day = door.as_of(as_of)
    letters = _samples(day, language) if user_id is None else _own(door, user_id, day, language)
    make = render.renderer(door.settings)
    folder = to.absolute() if to else door.home / "preview"
    made = [previews.write(make(letter), folder, name) for name, letter in letters.items()]

    def show(page: Page, _: Settings) -> None:
        for one in made:
            page.line(f"{inert(one.subject)}")
            page.line(f"  {one.html}")

    door.answer({"folder": folder, "letters": made}, show)


def _samples(day: "date", language: Spoken | None) -> "dict[str, Letter]":
    from loanbook.reminders import samples

    return {
        f"{name}-{spoken.value}": letter
        for spoken in ([language] if language else Spoken)
        for name, letter in samples.letters(day, spoken.value).items()
    }


def _own(door: Door, user_id: int, day: "date", language: Spoken | None) -> "dict[str, Letter]":
    from loanbook.reminders import plan
    from loanbook.reminders import preview as previews

    zone = door.settings.zone
    now = plan.instant(day, zone, datetime.now(zone))
    with door.book() as book:
        letter = previews.of_client(book, user_id, day, now, door.settings)
    if language:
        letter = replace(letter, locale=language.value)
    return {f"client-{user_id}": letter}
