"""An embedded workspace moves from PostgreSQL 16 to 18: equal, and usable after any kill."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, DAY, LOANS, csv_text

from loanbook.bootstrap import as_owner, open_book
from loanbook.database import server, upgrade
from loanbook.errors import BackupError, CopyDiffers, OtherMajorVersion, ServerInUse, UsageError
from loanbook.runs import steps
from loanbook.settings import Settings, Source
from loanbook.staging.batches import Request, stage
from loanbook.upkeep import copies, inventory
from loanbook.upkeep.upgrade import upgrade as move

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loanbook.upkeep.inventory import Inventory

SCRIPT = """
import sys
from pathlib import Path
from loanbook.settings import Settings
from loanbook.upkeep.upgrade import upgrade
upgrade(Settings(home=Path(sys.argv[1])))
"""


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Settings]:
    """A workspace of PostgreSQL 16 that holds a few rows."""
    settings = Settings(home=tmp_path / "book", postgres=16)
    settings.input_data.mkdir(parents=True)
    for kind, lines in (("clients", CLIENTS), ("loans", LOANS)):
        (settings.input_data / f"{kind}.csv").write_text(csv_text(kind, lines), "utf-8")
    with open_book(given=settings) as book:
        stage(book, settings, [settings.input_data], Request(DAY, Source("main")))
        steps.promote(book, settings)
    yield settings
    for home in (settings.home, settings.server / "moving"):
        with suppress(ServerInUse):
            server.stop(home)


def new(settings: Settings) -> Settings:
    return Settings(home=settings.home)


def stock(settings: Settings) -> Inventory:
    with as_owner(settings) as conninfo, copies.opened(conninfo) as book, book.frozen():
        return inventory.take(book)


def test_the_book_moves_and_the_former_cluster_is_kept(old: Settings) -> None:
    before = stock(old)
    with pytest.raises(OtherMajorVersion, match="move it to 18 by `loanbook upgrade`"):
        stock(new(old))
    done = move(new(old))
    assert (done.before, done.after, done.roles) == (16, 18, ())
    assert done.kept == old.server / "cluster-16"
    assert upgrade.former(old.home) == [done.kept]
    after = stock(new(old))
    assert (before.version, after.version) == (16, 18)
    assert after.holdings == before.holdings
    assert not (old.server / "moving").exists()
    with open_book(given=new(old)) as book:  # the application's role came with it
        assert book.value("select count(*) from api.loans") == len(LOANS)
    assert move(new(old)).kept is None


def test_there_is_no_way_back(old: Settings) -> None:
    move(new(old))
    with pytest.raises(UsageError, match="no way back"):
        move(old)
    elsewhere = Settings(home=old.home, database_url="postgresql:///elsewhere")
    with pytest.raises(UsageError, match="DATABASE_URL names the database"):
        move(elsewhere)


def test_a_workspace_without_a_server_has_nothing_to_move(tmp_path: Path) -> None:
    done = move(Settings(home=tmp_path))
    assert (done.before, done.kept) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_whoever_uses_the_server_is_named_and_nothing_moves(old: Settings) -> None:
    with server.acquire(old.home, 16), pytest.raises(ServerInUse, match="still used by process"):
        move(new(old))
    assert upgrade.version_of(old.home) == 16
    assert upgrade.former(old.home) == []


def test_a_copy_that_differs_leaves_the_former_in_use(
    old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stock(old)

    def differ(*_: object) -> None:
        raise CopyDiffers(problem="dm.loans has 4 rows instead of 5")

    monkeypatch.setattr(inventory, "require_equal", differ)
    with pytest.raises(BackupError, match=r"dm\.loans has 4 rows"):
        move(new(old))
    assert stock(old) == before
    assert not (old.server / "moving").exists()
    assert not (old.server / "cluster.next").exists()


def test_a_kill_between_the_two_renames_is_made_good_by_the_next_start(old: Settings) -> None:
    move(new(old))
    wanted = stock(new(old))
    (old.server / "cluster").rename(old.server / "cluster.next")
    assert stock(new(old)) == wanted
    assert not (old.server / "cluster.next").exists()


@pytest.mark.parametrize("moment", [0.3, 0.8, 1.3, 1.8, 2.4])
def test_a_killed_upgrade_leaves_one_usable_cluster(old: Settings, moment: float) -> None:
    before = stock(old)
    racer = subprocess.Popen([sys.executable, "-c", SCRIPT, str(old.home)])
    timer = threading.Timer(moment, racer.kill)
    timer.start()
    racer.wait(120)
    timer.cancel()
    version = upgrade.version_of(old.home) or 18
    usable = Settings(home=old.home, postgres=version)
    assert stock(usable).holdings == before.holdings
    move(new(old))
    assert stock(new(old)).holdings == before.holdings
    assert not (old.server / "moving").exists()
