"""Opening a book: what is taken for a missing one, and what is not."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, LiteralString

import pytest
from tests.crew import held
from tests.houses import sql
from tests.loads import major

from loanbook import sql as texts
from loanbook.bootstrap import open_book
from loanbook.database import server
from loanbook.database.connection import ROLE, connect
from loanbook.errors import Contended, DatabaseError, NotInstalled, RightMissing, TookTooLong
from loanbook.settings import Settings
from loanbook.upkeep.doctor import examine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.houses import Houses

    from loanbook.database.connection import Database

LOCK = "lock table ops.book in access exclusive mode"


@pytest.fixture
def given(houses: Houses, tmp_path: Path) -> Callable[[str], Settings]:
    """The settings of a workspace whose DATABASE_URL names a database of the test's server."""
    return lambda name: Settings(home=tmp_path, database_url=houses.conninfo(name))


@pytest.fixture
def book(houses: Houses) -> Iterator[str]:
    """The name of a database with a book of its own."""
    name = houses.copy()
    yield name
    houses.drop(name)


def hasty(houses: Houses, name: str, setting: str) -> None:
    """All sessions that begin in a database have a setting."""
    with houses.owner("postgres") as owner:
        owner.run(sql(f"alter database {{}} set {setting}", name))


@pytest.mark.parametrize(
    ("setting", "meaning"),
    [("statement_timeout = 100", TookTooLong), ("lock_timeout = 100", Contended)],
)
def test_a_book_that_does_not_answer_in_time_is_not_taken_for_a_missing_one(
    houses: Houses,
    book: str,
    given: Callable[[str], Settings],
    setting: str,
    meaning: type[DatabaseError],
) -> None:
    hasty(houses, book, setting)
    with houses.owner(book) as owner, held(owner, LOCK):
        with (
            pytest.raises(meaning, match="run the same command again"),
            open_book(given=given(book)),
        ):
            pass
        found = examine(given(book), look, lambda: datetime.now(UTC))
        assert {one.level for one in found if one.name in {"database", "release"}} == {"ok", "fail"}
        assert not any("no book of this release" in one.said for one in found)
    with open_book(given=given(book)) as opened:
        assert opened.value("select count(*) from api.clients") == 0


@contextmanager
def look(settings: Settings) -> Iterator[Database]:
    """The database as it is, as the application."""
    made = connect(str(settings.database_url), actor="tester", role=ROLE)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize(
    "installed",
    [
        "select 1",
        "create schema api; grant usage on schema api to public",
        "create schema api; grant usage on schema api to public; create table api.book (day date)",
        # As by an install that was killed before it gave the application its rights.
        "create schema api; revoke all on schema api from public",
    ],
    ids=["nothing", "no table", "no column", "no right"],
)
def test_a_database_without_a_whole_book_is_one_without_a_book(
    houses: Houses, bare: str, given: Callable[[str], Settings], installed: LiteralString
) -> None:
    with houses.owner(bare) as owner:
        owner.run(installed)
    with pytest.raises(NotInstalled, match="loanbook install"), open_book(given=given(bare)):
        pass


def test_a_book_of_another_release_is_none_of_this(
    houses: Houses, book: str, given: Callable[[str], Settings]
) -> None:
    with houses.owner(book) as owner:
        owner.run("update ops.book set release = 'another'")
    with pytest.raises(NotInstalled), open_book(given=given(book)):
        pass


def test_an_embedded_book_whose_install_was_killed_is_installed_when_it_is_opened(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path / "home", postgres=major())
    with server.acquire(settings.home, major()) as lease:
        owner = connect(lease.owner, actor="tester")
        for name in ("roles.sql", "bootstrap.sql"):
            owner.run(texts.text(name))
        owner.close()
        with open_book(given=settings) as book:
            assert book.value("select count(*) from api.clients") == 0


def test_who_lacks_a_right_is_told_so(houses: Houses, book: str) -> None:
    with houses.app(book) as app, pytest.raises(RightMissing, match=r"permission denied .*install"):
        app.rows("select from audit.personal")
