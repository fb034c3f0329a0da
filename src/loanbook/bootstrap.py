"""The one place of wiring: a workspace becomes a connection to its book."""

from __future__ import annotations

import getpass
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from loanbook import settings
from loanbook.database import jobs, psql, server
from loanbook.database.connection import ROLE, Database, connect
from loanbook.database.install import Installed, install, is_current
from loanbook.errors import NotInstalled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from loanbook.settings import Settings


@contextmanager
def open_book(
    home: Path | None = None, *, actor: str | None = None, given: Settings | None = None
) -> Iterator[Database]:
    """A connection to the book as the application's role.

    The embedded server is started where it is needed, and an embedded book is installed or
    upgraded; a database named by DATABASE_URL is only used once `loanbook install` has run.

    Args:
        home: the workspace; by default the one that the command line would take.
        actor: who acts, for the audit; by default the user of the operating system.
        given: settings already read.

    Raises:
        DatabaseError: the database cannot be used; the message says why and what to do.
    """
    chosen = given or settings.load(settings.find_home(home))
    with ExitStack() as stack:
        if chosen.database_url is None:
            lease = stack.enter_context(server.acquire(chosen.home, chosen.postgres))
            book = connect(lease.app, actor=actor or default_actor())
            stack.callback(book.close)
            if not is_current(book, chosen.zone.key, chosen.currency):
                _install(lease.owner, chosen)
        else:
            book = connect(chosen.database_url, actor=actor or default_actor(), role=ROLE)
            stack.callback(book.close)
            if not is_current(book, chosen.zone.key, chosen.currency):
                raise NotInstalled(place=book.place)
        yield book


def install_book(given: Settings) -> Installed:
    """Create or upgrade the book, as the role that DATABASE_URL (or the workspace) names."""
    if given.database_url is not None:
        return _install(given.database_url, given)
    with server.acquire(given.home, given.postgres) as lease:
        return _install(lease.owner, given)


@contextmanager
def look(given: Settings) -> Iterator[Database]:
    """A connection to the database as it is: whoever looks installs nothing.

    Raises:
        DatabaseError: the database cannot be used.
    """
    with ExitStack() as stack:
        conninfo = given.database_url
        if conninfo is None:
            conninfo = stack.enter_context(server.acquire(given.home, given.postgres)).app
        book = connect(conninfo, actor=default_actor())
        stack.callback(book.close)
        yield book


@contextmanager
def queue(given: Settings) -> Iterator[tuple[str, str | None]]:
    """How the application connects to the queue of the workers, and the role that it takes on.

    An embedded server runs meanwhile, and gets its queue where it has none; elsewhere
    `loanbook install` brings it.

    Raises:
        NotInstalled: there is no queue.
        DatabaseError: the database cannot be used.
    """
    with ExitStack() as stack:
        lease = None
        if given.database_url is None:
            lease = stack.enter_context(server.acquire(given.home, given.postgres))
        with open_book(given=given) as book:
            current, place = jobs.is_current(book), book.place
        if not current and lease is None:
            raise NotInstalled(place=place)
        if not current:
            install_book(given)
        yield (lease.app, None) if lease else (str(given.database_url), ROLE)


@contextmanager
def as_owner(given: Settings) -> Iterator[str]:
    """How the role that installs connects, for upkeep; an embedded server runs meanwhile.

    Raises:
        DatabaseError: the embedded server cannot be used.
    """
    if given.database_url is not None:
        yield given.database_url
        return
    with server.acquire(given.home, given.postgres) as lease:
        yield lease.owner


def default_actor() -> str:
    """The user of the operating system, by name or number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _install(conninfo: str, chosen: Settings) -> Installed:
    owner = connect(conninfo, actor="install")
    try:
        return install(owner, chosen.zone.key, chosen.currency)
    finally:
        owner.close()


def run_psql(
    given: Settings, arguments: Sequence[str], *, actor: str | None = None, owner: bool = False
) -> int:
    """Run psql on the book until it ends.

    Args:
        given: settings of the workspace.
        arguments: for psql itself.
        actor: who acts, for the audit; by default the user of the operating system.
        owner: as the role that installs, instead of the application's.

    Returns:
        The exit code of psql.

    Raises:
        DatabaseError: the database cannot be used.
    """
    named = actor or default_actor()
    with ExitStack() as stack:
        if given.database_url is not None:
            conninfo, role = given.database_url, None if owner else ROLE
        else:
            lease = stack.enter_context(server.acquire(given.home, given.postgres))
            conninfo, role = lease.owner if owner else lease.app, None
        with open_book(given=given, actor=named):
            pass  # it can be reached, and it is installed
        return psql.run(given.postgres, conninfo, arguments, actor=named, role=role)
