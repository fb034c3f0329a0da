"""Commands about sources: where data comes from, how it would be read, what was taken."""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from loanbook.cli.door import Door, command, group
from loanbook.cli.options import parse_day, parse_source
from loanbook.cli.page import Page
from loanbook.cli.words import count, day, instant, number
from loanbook.settings import Settings, Source

if TYPE_CHECKING:
    from loanbook.sources.trial import Trial

Name = Annotated[
    str, typer.Argument(metavar="NAME", parser=parse_source, help="Name of the source.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    sources = group(app, "sources", "Where data comes from, and how it is read.")
    command(sources, "list")(listed)
    command(sources, "files")(files)
    command(sources, "test")(test)
    command(sources, "sniff")(sniff)
    command(sources, "take", acts=True)(take)


def listed(door: Door) -> None:
    """List sources: where their files lie, and what came last.

    \b
    Examples:
      loanbook sources list
      loanbook sources list --json
    """
    from loanbook.sources import memory

    with door.book() as book:
        found = [memory.overview(book, source) for source in door.settings.sources.values()]

    def page(page: Page, settings: Settings) -> None:
        rows = []
        for one in found:
            last = one.latest
            when = instant(last.collected_at, settings.zone) if last else ""
            rows.append(
                (
                    one.source,
                    one.kind or "by hand",
                    one.place,
                    ", ".join(one.layouts),
                    f"{last.name} ({last.state}, {when})" if last else "",
                    number(len(one.waiting)) if one.waiting else "",
                )
            )
        columns = ("source", "from", "place", "layouts", "what came last", "not taken")
        page.table(columns, rows, right=("not taken",))

    door.answer({"sources": found}, page)


def files(door: Door, name: Name) -> None:
    """List the files of a source that were looked into, the latest first.

    \b
    Examples:
      loanbook sources files partner
      loanbook sources files partner --json
    """
    from loanbook.sources import memory

    source = _source(door, name)
    with door.book() as book:
        found = memory.listed(book, source.name, door.limit)

    def page(page: Page, settings: Settings) -> None:
        rows = [
            (
                one.name,
                day(one.business_date),
                one.state,
                instant(one.collected_at, settings.zone),
                one.problem,
            )
            for one in found
        ]
        if rows:
            page.table(("file", "day", "state", "when", "why"), rows)
        else:
            page.line("Nothing was taken from it yet.")

    door.answer({"files": found}, page)


def test(
    door: Door,
    name: Name,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A file; by default the newest that the source has."),
    ] = None,
) -> None:
    """Show the first rows of a source's files as they would land.

    Nothing is taken. It ends with 1 if a value cannot be read, or one that is needed is missing.

    \b
    Examples:
      loanbook sources test partner
      loanbook sources test partner from/partner/clients.xlsx
      loanbook sources test partner --json
    """
    from loanbook.errors import UnknownPath
    from loanbook.sources import trial

    source = _source(door, name)
    if file is not None and not file.is_file():
        raise UnknownPath(path=file)
    found = trial.try_out(door.settings, source, door.as_of(None), file)
    fine = all(one.ok for one in found)

    def page(page: Page, _: Settings) -> None:
        for one in found:
            _tried(page, one)
        page.line()
        page.line("All of it can be read." if fine else "Not all of it can be read yet.")

    door.answer({"ok": fine, "files": found}, page)
    if not fine:
        raise typer.Exit(1)


def sniff(
    door: Door,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of somebody else.")],
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", parser=parse_source, help="Name of the source."),
    ] = "partner",
    kind: Annotated[
        Literal["clients", "contacts", "loans"] | None,
        typer.Option("--kind", help="What it holds, if the columns do not tell."),
    ] = None,
) -> None:
    """Propose how a foreign file can be read.

    The answer is text for loanbook.toml, with a comment wherever it is unsure.

    \b
    Examples:
      loanbook sources sniff from/clients.xlsx --name partner
      loanbook sources sniff from/clients.xlsx --name partner >> loanbook.toml
    """
    from loanbook.errors import UnknownPath
    from loanbook.sources import toml
    from loanbook.sources.sniff import sniff as propose

    if not file.is_file():
        raise UnknownPath(path=file)
    found = propose(file, kind)
    text = toml.written(found, name, _from_home(file, door.home), _pattern(file))
    door.answer(
        {"settings": text, "layouts": found}, lambda page, _: page.lines(text), Settings(door.home)
    )


def take(
    door: Door,
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file, on this machine.")],
    day_of: Annotated[
        date | None,
        typer.Option(
            "--day",
            metavar="DATE",
            parser=parse_day,
            help="The day it tells, if its name does not.",
        ),
    ] = None,
) -> None:
    """Take a file of a source whatever it looks like.

    The next run stages it.

    \b
    Examples:
      loanbook sources take partner from/partner/clients.xlsx
      loanbook sources take partner clients.csv --day 2024-01-26
    """
    from loanbook.errors import SourceError, UnknownPath
    from loanbook.sources.collect import Collector, Wish

    source = _source(door, name)
    if not file.is_file():
        raise UnknownPath(path=file)
    today = door.as_of(None)
    with door.book() as book:
        done = Collector(book, door.settings, source, Wish(today, today)).one(file, day_of)
    if not done.taken:
        raise SourceError(source=name, problem="; ".join(done.problems).rstrip("."))
    door.answer(
        done,
        lambda page, _: page.line(f"Taken: {count(done.rows, 'row')}; the next run stages it."),
    )


def _tried(page: Page, one: "Trial") -> None:
    how = f" by layout {one.layout}" if one.layout else ""
    page.title(f"{one.file}{how}")
    if one.problem:
        page.line(one.problem)
        return
    page.facts(
        [
            ("kind", one.kind),
            ("business date", day(one.business_date) if one.business_date else None),
            ("rows looked at", number(one.looked_at)),
            ("not read", ", ".join(one.left)),
            ("note", "; ".join(one.notes)),
        ]
    )
    page.line()
    page.table(one.columns, [row for row in one.rows if len(row) == len(one.columns)])
    for column in one.unread:
        examples = ", ".join(column.examples)
        page.line(f"{column.column}: {count(column.count, 'value')} cannot be read, as {examples}")
    for name, blank in one.blank.items():
        page.line(f"{name}: {count(blank, 'row')} without a value, which is needed")


def _source(door: Door, name: str) -> Source:
    from loanbook.errors import UnknownSource

    found = door.settings.sources.get(name)
    if found is None:
        raise UnknownSource(source=name, known=", ".join(door.settings.sources))
    return found


def _from_home(file: Path, home: Path) -> str:
    folder = file.absolute().parent
    try:
        return folder.relative_to(home.absolute()).as_posix()
    except ValueError:
        return folder.as_posix()


def _pattern(file: Path) -> str:
    """The names of files like this one: what looks like a date in it may be another."""
    return re.sub(r"\d{4}-\d{2}-\d{2}|\d{6,8}", "*", file.name)
