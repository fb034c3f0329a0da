"""Install: repeated, twice at once, killed in its midst, and in the way of foreign objects."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.houses import ZONE, dump

from loanbook.database.install import install, release
from loanbook.errors import InstallBlocked, MigrationChanged

if TYPE_CHECKING:
    from tests.houses import Houses

SCRIPT = """
import sys
from loanbook.database.connection import connect
from loanbook.database.install import install
install(connect(sys.argv[1], actor="install"), "America/Sao_Paulo")
"""
SCHEMAS = ("stage", "dm", "audit", "ops", "api")


def conninfo(houses: Houses, name: str) -> str:
    with houses.owner(name) as owner:
        return owner._connection.info.dsn  # noqa: SLF001 -- for another process


def test_a_repeated_install_changes_nothing(houses: Houses, bare: str) -> None:
    with houses.owner(bare) as owner:
        first = install(owner, ZONE)
        before = dump(conninfo(houses, bare), *SCHEMAS)
        second = install(owner, ZONE)
    assert first.fresh
    assert not second.fresh
    assert second.migrations == ()
    assert dump(conninfo(houses, bare), *SCHEMAS) == before


def test_two_installs_at_once_make_one_book(houses: Houses, bare: str) -> None:
    dsn = conninfo(houses, bare)
    racers = [subprocess.Popen([sys.executable, "-c", SCRIPT, dsn]) for _ in range(2)]
    assert [racer.wait(60) for racer in racers] == [0, 0]
    with houses.owner(bare) as owner:
        assert owner.value("select release from ops.book") == release(ZONE)


@pytest.mark.parametrize("moment", [0.05, 0.15, 0.25, 0.35])
def test_a_killed_install_is_finished_by_the_next(houses: Houses, bare: str, moment: float) -> None:
    racer = subprocess.Popen([sys.executable, "-c", SCRIPT, conninfo(houses, bare)])
    timer = threading.Timer(moment, racer.kill)
    timer.start()
    racer.wait(60)
    timer.cancel()
    with houses.owner(bare) as owner:
        install(owner, ZONE)
        assert owner.value("select release from ops.book") == release(ZONE)
    with houses.app(bare) as app:
        assert app.value("select count(*) from api.clients") == 0


def test_a_foreign_view_on_ours_is_named_and_kept(houses: Houses, bare: str) -> None:
    with houses.owner(bare) as owner:
        install(owner, ZONE)
        owner.run("create schema mine; create view mine.report as select * from api.clients")
        with pytest.raises(InstallBlocked, match=r"mine\.report"):
            install(owner, ZONE)
        assert owner.value("select count(*) from mine.report") == 0


def test_a_changed_migration_is_refused(houses: Houses, bare: str) -> None:
    with houses.owner(bare) as owner:
        install(owner, ZONE)
        owner.run("update ops.migrations set digest = 'another' where name like '%0002%'")
        with pytest.raises(MigrationChanged, match="0002"):
            install(owner, ZONE)
