"""Commands that keep a book: backup, restore, upgrade, purge."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from loanbook.cli.door import Door, command
from loanbook.cli.page import Page, busy
from loanbook.cli.words import count, number
from loanbook.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(backup)
    command(app)(restore)
    command(app)(upgrade)
    command(app)(purge)


def backup(
    door: Door,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="The file to be; by default one in backups."),
    ] = None,
) -> None:
    """Write the book into one file, and prove it by restoring.

    The settings of the workspace go with it. The file gets its name only after it was restored into
    a database of its own and every table, sum and check there equals the book. It overwrites
    nothing, and nobody else may read it. Copies in the archive folder are named in it, not held:
    keep that folder too.

    \b
    Examples:
      loanbook backup
      loanbook backup /media/disk/book.tar
    """
    from loanbook import bootstrap
    from loanbook.upkeep.backup import backup as back_up

    given = door.settings
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    target = (file or given.home / "backups" / f"loanbook-{stamp}.tar").absolute()
    with bootstrap.as_owner(given) as conninfo, busy("Backing up, restoring, comparing …"):
        done = back_up(conninfo, given, target)

    def show(page: Page, _: Settings) -> None:
        page.line(f"The book is in {done.file}, {number(done.size)} bytes.")
        compared = f"{count(done.tables, 'table')} with {count(done.rows, 'row')}"
        page.line(f"Restored to try it: {compared} are equal, and so are the checks.")
        if done.archive:
            page.line(f"It counts on {count(done.archive, 'file')} of {given.archive}.")

    door.answer(done, show)


def restore(
    door: Door,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that backup wrote.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Lose the book that stands there now.")
    ] = False,
) -> None:
    """Put a backup in the place of the book.

    It is restored beside the book, compared with what the backup says of itself, brought up to this
    release, and then exchanged for the book in one step. If anything fails the book is as it was.

    \b
    Examples:
      loanbook --home second restore loanbook.tar
      loanbook restore loanbook.tar --overwrite
    """
    from loanbook import bootstrap
    from loanbook.upkeep.restore import restore as put_back

    with bootstrap.as_owner(door.settings) as conninfo, busy("Restoring, comparing …"):
        done = put_back(conninfo, door.settings, file.absolute(), overwrite=overwrite)

    def show(page: Page, given: Settings) -> None:
        day = f", business date {done.business_date}" if done.business_date else ""
        page.line(f"The book is that of {done.made_at}{day}: {count(done.rows, 'row')}, all equal.")
        if done.migrations:
            page.line(f"It took {count(len(done.migrations), 'migration')} to this release.")
        if done.roles:
            page.line(f"Made without login: {', '.join(done.roles)}; give them what they had.")
        if done.settings == "kept":
            page.line(f"{given.toml} is another one than in the backup; it stays as it is.")
        if done.missing:
            page.line(f"The archive lacks {count(len(done.missing), 'file')} that the book names.")

    door.answer(done, show)


def upgrade(door: Door) -> None:
    """Move an embedded workspace to a newer PostgreSQL.

    To 18, or to what LOANBOOK_POSTGRES says. The book is dumped, restored into a new cluster and
    compared; then the clusters are exchanged. The former one is kept until `loanbook purge`. Killed
    at any point, the workspace is usable: with the one or the other.

    \b
    Example:
      loanbook upgrade
    """
    from loanbook.upkeep.upgrade import upgrade as move

    with busy("Dumping, restoring, comparing …"):
        done = move(door.settings)

    def show(page: Page, _: Settings) -> None:
        if done.kept is None:
            page.line(f"Nothing to do: PostgreSQL {done.after} it is.")
            return
        page.line(f"The book moved from PostgreSQL {done.before} to {done.after}; all rows equal.")
        page.line(f"The former cluster is kept in {done.kept}, until `loanbook purge`.")
        if done.roles:
            page.line(f"Made without login: {', '.join(done.roles)}; give them what they had.")

    door.answer(done, show)


def purge(
    door: Door,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; else it is only told.")] = False,
) -> None:
    """Remove what is older than it has to be kept, or tell of it.

    Without --yes it is only told.

    Lines as received (30 days), copies in the archive (400), steps in the journal (400) and
    snapshots in the lake (400), as [retention] in loanbook.toml says, counted from the book's
    business date; and clusters that an upgrade left. The newest file of each source and kind and
    the newest snapshot stay, and so does whatever is open in quarantine. The history of the mart is
    never purged.

    \b
    Examples:
      loanbook purge
      loanbook purge --yes
    """
    from loanbook.upkeep.purge import purge as remove

    with door.book() as book:
        done = remove(book, door.settings, yes=yes)

    def show(page: Page, _: Settings) -> None:
        if not done.gone:
            page.line("Nothing is older than it has to be kept.")
            return
        columns = ("what", "name", "day", "bytes or steps")
        rows = [(one.what, one.name, one.business_date, number(one.size)) for one in done.gone]
        page.table(columns, rows, right=("bytes or steps",))
        page.line("This is gone." if done.done else "With --yes this goes.")

    door.answer(done, show)
