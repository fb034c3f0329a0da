"""Backup and restore with real dumps: equal, whole, never over something else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tarfile
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.cast import CLIENTS, CONTACTS, LOANS
from tests.houses import ZONE, sql

from loanbook.database.connection import connect
from loanbook.database.install import install
from loanbook.database.workshop import workshop
from loanbook.errors import (
    BackupExists,
    BackupNewer,
    BackupUnreadable,
    BookHoldsRows,
    BookInUse,
    CopyDiffers,
    MayNotCreate,
    NotInstalled,
    UpkeepBusy,
)
from loanbook.settings import Settings
from loanbook.upkeep import copies, inventory, parcel
from loanbook.upkeep.backup import backup
from loanbook.upkeep.restore import restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.upkeep.inventory import Inventory

SCRIPT = """
import os
from pathlib import Path
from loanbook.settings import Settings
from loanbook.upkeep.backup import backup
settings = Settings(home=Path(os.environ["HOME_OF_IT"]))
backup(os.environ["BOOK"], settings, Path(os.environ["TARGET"]))
"""


@pytest.fixture
def conninfo(houses: Houses, desk: Desk) -> str:
    """A book with a few rows, and nobody connected to it but whoever asks."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    desk.settings.toml.write_text(f'zone = "{ZONE}"\n', "utf-8")
    desk.owner.close()
    desk.app.close()
    return houses.conninfo(desk.name)


@pytest.fixture
def kept(conninfo: str, desk: Desk, tmp_path: Path) -> Path:
    """A backup of it."""
    return backup(conninfo, desk.settings, tmp_path / "kept.tar").file


def stock(conninfo: str) -> Inventory:
    with copies.opened(conninfo) as book, book.frozen():
        return inventory.take(book)


def do(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())


def leftovers(houses: Houses, name: str) -> int:
    with houses.owner(name) as owner:
        return int(
            owner.value(
                "select count(*) from pg_database where starts_with(datname, %(name)s)",
                name=f"{name}_scratch_",
            )
        )


def test_a_backup_is_one_private_file_that_tells_what_it_holds(
    kept: Path, houses: Houses, desk: Desk
) -> None:
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with tarfile.open(kept) as tar:
        assert tar.getnames() == ["manifest.json", "loanbook.toml", "book.dump"]
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        told = json.load(manifest)
    loans = next(h for h in told["inventory"]["holdings"] if h["relation"] == "dm.loans")
    assert loans["rows"] == len(LOANS)
    paid = sum(loan.amount_paid for loan in LOANS)
    assert str(json.loads(loans["sums"])["amount_paid"]) == str(paid)
    assert len(told["archive"]) == 3
    assert {path.name for path in kept.parent.iterdir()} == {"home", "kept.tar"}
    assert leftovers(houses, desk.name) == 0


def test_a_restored_book_is_the_book(
    kept: Path, conninfo: str, houses: Houses, desk: Desk, tmp_path: Path
) -> None:
    before = stock(conninfo)
    name = houses.make()
    elsewhere = Settings(home=tmp_path / "elsewhere")
    try:
        done = restore(houses.conninfo(name), elsewhere, kept)
        assert done.rows == before.rows
        assert done.settings == "written"
        assert len(done.missing) == 3
        after = stock(houses.conninfo(name))
        stamped = {"ops.book", "ops.rules"}  # the install that follows writes these
        assert [h for h in after.holdings if h.relation not in stamped] == [
            h for h in before.holdings if h.relation not in stamped
        ]
        assert after.ailments == before.ailments
        with houses.app(name) as app:  # with its rights and rules
            assert app.value("select count(*) from api.loans") == len(LOANS)
    finally:
        houses.drop(name)
    assert restore(conninfo, desk.settings, kept, overwrite=True).missing == ()


def test_days_go_on_after_a_restore(kept: Path, conninfo: str, houses: Houses, desk: Desk) -> None:
    do(conninfo, "update ops.book set business_date = '2031-01-01'")
    done = restore(conninfo, desk.settings, kept, overwrite=True)
    assert done.settings == "same"
    with houses.owner(desk.name) as owner:
        assert owner.value("select business_date from ops.book") is None
        assert owner.value("select max(statement_id) > 0 from audit.statements")


def test_a_book_with_rows_is_not_overwritten_unless_told(
    kept: Path, conninfo: str, desk: Desk
) -> None:
    before = stock(conninfo)
    with pytest.raises(BookHoldsRows, match=f"holds {before.rows} rows"):
        restore(conninfo, desk.settings, kept)
    assert stock(conninfo) == before


def test_a_book_in_use_stays(kept: Path, conninfo: str, houses: Houses, desk: Desk) -> None:
    do(conninfo, "update ops.book set business_date = '2031-01-01'")
    with houses.owner(desk.name), pytest.raises(BookInUse, match="Others are connected"):
        restore(conninfo, desk.settings, kept, overwrite=True)
    assert stock(conninfo).business_date == "2031-01-01"
    assert leftovers(houses, desk.name) == 0


def test_a_backup_overwrites_nothing(kept: Path, conninfo: str, desk: Desk) -> None:
    before = kept.read_bytes()
    with pytest.raises(BackupExists):
        backup(conninfo, desk.settings, kept)
    assert kept.read_bytes() == before


def test_only_an_installed_book_is_backed_up(houses: Houses, bare: str, tmp_path: Path) -> None:
    with pytest.raises(NotInstalled):
        backup(houses.conninfo(bare), Settings(home=tmp_path), tmp_path / "none.tar")
    assert list(tmp_path.iterdir()) == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = content.index(b"PGDMP") + 2000
    content[place] ^= 0xFF
    path.write_bytes(content)


def replace_by_text(path: Path) -> None:
    path.write_text("user_id,name\n1,Ana\n", "utf-8")


@pytest.mark.parametrize(
    ("harm", "told"),
    [(cut, "no whole backup"), (damage, "damaged"), (replace_by_text, "no whole backup")],
)
def test_what_is_no_whole_backup_changes_nothing(
    harm: Callable[[Path], None], told: str, kept: Path, conninfo: str, desk: Desk
) -> None:
    before = stock(conninfo)
    harm(kept)
    with pytest.raises(BackupUnreadable, match=told):
        restore(conninfo, desk.settings, kept, overwrite=True)
    assert stock(conninfo) == before


def test_a_missing_file_is_named(conninfo: str, desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(BackupUnreadable, match=r"nowhere\.tar is no whole .* does not exist"):
        restore(conninfo, desk.settings, tmp_path / "nowhere.tar", overwrite=True)


def retold(kept: Path, tmp_path: Path, **facts: object) -> Path:
    """The same backup with another manifest."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    parcel.unpack(kept, folder)
    told = json.loads((folder / "manifest.json").read_text("utf-8"))
    told["inventory"] |= facts
    (folder / "manifest.json").write_text(json.dumps(told), "utf-8")
    made = tmp_path / "retold.tar"
    with tarfile.open(made, "w") as tar:
        for name in ("manifest.json", "book.dump"):
            tar.add(folder / name, name)
    return made


def test_a_backup_of_a_newer_release_or_server_is_refused(
    kept: Path, conninfo: str, desk: Desk, tmp_path: Path
) -> None:
    told = retold(kept, tmp_path, migrations=["migrations/9999_tomorrow.sql"])
    with pytest.raises(BackupNewer, match="Loanbook"):
        restore(conninfo, desk.settings, told, overwrite=True)
    (tmp_path / "next").mkdir()
    told = retold(kept, tmp_path / "next", version=99)
    with pytest.raises(BackupNewer, match="PostgreSQL 99"):
        restore(conninfo, desk.settings, told, overwrite=True)


def test_a_copy_that_differs_is_not_used(
    kept: Path, conninfo: str, houses: Houses, desk: Desk, tmp_path: Path
) -> None:
    before = stock(conninfo)
    holdings = [vars_of(one) for one in before.holdings]
    for one in holdings:
        if one["relation"] == "dm.clients":
            one["rows"] += 1
        if one["relation"] == "dm.loans":
            one["sums"] = one["sums"].replace("300.25", "300.26")
    told = retold(kept, tmp_path, holdings=holdings)
    with pytest.raises(CopyDiffers, match=r"dm\.clients has 5 rows instead of 6"):
        restore(conninfo, desk.settings, told, overwrite=True)
    assert stock(conninfo) == before
    assert leftovers(houses, desk.name) == 0


def vars_of(one: inventory.Holding) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("relation", "rows", "digest", "sums")}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("update dm.loans set due_amount = due_amount + 0.01 where loan_id = 2", "adds up to"),
        (
            "update dm.clients set created_at = created_at + interval '1 s' where user_id = 1",
            "other",
        ),
        ("create table public.new (n int)", "in one of them only"),
    ],
)
def test_no_difference_stays_unseen(conninfo: str, change: str, told: str) -> None:
    before = stock(conninfo)
    do(conninfo, f"set session_replication_role = replica; {change}")
    with pytest.raises(CopyDiffers, match=told):
        inventory.require_equal(before, stock(conninfo))


def test_a_check_that_fails_in_the_copy_only_is_a_difference(conninfo: str) -> None:
    before = stock(conninfo)
    ailing = inventory.Inventory.from_json({**before.as_json(), "ailments": {"no_orphans": 1}})
    with pytest.raises(CopyDiffers, match="check no_orphans finds 0 rows instead of 1"):
        inventory.require_equal(ailing, before)


def test_roles_with_rights_are_made_anew(
    conninfo: str, houses: Houses, desk: Desk, tmp_path: Path
) -> None:
    role = f"reader_{desk.name}"
    do(conninfo, f"create role {role}; grant usage on schema report to {role}")
    kept = backup(conninfo, desk.settings, tmp_path / "with-role.tar").file
    do(conninfo, f"drop owned by {role}; drop role {role}")
    try:
        assert restore(conninfo, desk.settings, kept, overwrite=True).roles == (role,)
        with houses.owner(desk.name) as owner:
            assert owner.value(
                "select has_schema_privilege(%(role)s, 'report', 'usage')", role=role
            )
            assert not owner.value("select rolcanlogin from pg_roles where rolname = %(r)s", r=role)
    finally:
        do(conninfo, f"drop owned by {role}; drop role {role}")


def test_one_at_a_time_and_the_leftovers_of_the_dead_go(
    conninfo: str, houses: Houses, desk: Desk, tmp_path: Path
) -> None:
    do(conninfo, sql("create database {}", f"{desk.name}_scratch_killed"))
    (tmp_path / ".loanbook-backup-killed").mkdir()
    with workshop(conninfo):
        assert leftovers(houses, desk.name) == 0
        with pytest.raises(UpkeepBusy):
            backup(conninfo, desk.settings, tmp_path / "second.tar")
    backup(conninfo, desk.settings, tmp_path / "second.tar")
    assert not (tmp_path / ".loanbook-backup-killed").exists()


def test_a_role_that_may_not_create_is_told(conninfo: str, desk: Desk, tmp_path: Path) -> None:
    role = f"modest_{desk.name}"
    do(conninfo, f"create role {role} login password 'x'; grant loanbook_owner to {role}")
    modest = make_conninfo(conninfo, user=role, password="x", passfile="")
    try:
        with pytest.raises(MayNotCreate, match="grant createdb"):
            backup(modest, desk.settings, tmp_path / "modest.tar")
        assert {path.name for path in tmp_path.iterdir()} == {"home"}
    finally:
        do(conninfo, f"drop role {role}")


def test_a_backup_of_an_older_release_comes_up_to_this_one(
    conninfo: str, desk: Desk, tmp_path: Path
) -> None:
    do(conninfo, "update ops.book set release = 'an older one'")
    old = backup(conninfo, desk.settings, tmp_path / "old.tar").file
    restore(conninfo, desk.settings, old, overwrite=True)
    owner = connect(conninfo, actor="tester")
    assert install(owner, ZONE).migrations == ()
    assert owner.value("select release from ops.book") != "an older one"
    owner.close()


def test_a_full_disk_leaves_no_file(
    conninfo: str, houses: Houses, desk: Desk, tmp_path: Path
) -> None:
    target = tmp_path / "full.tar"
    # The process may write no file longer than this; to pg_dump it is a disk without room.
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 16; exec "$@"', "sh", sys.executable, "-c", SCRIPT],  # noqa: S607
        env=os.environ | {"BOOK": conninfo, "HOME_OF_IT": str(desk.settings.home)}
        | {"TARGET": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "ToolFailed: pg_dump could not do its work" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
    assert leftovers(houses, desk.name) == 0


@pytest.mark.parametrize("moment", [0.4, 0.8, 1.2])
def test_a_killed_backup_leaves_no_file_and_the_next_one_sweeps(
    conninfo: str, houses: Houses, desk: Desk, tmp_path: Path, moment: float
) -> None:
    target = tmp_path / "killed.tar"
    environ = {"BOOK": conninfo, "HOME_OF_IT": str(desk.settings.home), "TARGET": str(target)}
    racer = subprocess.Popen([sys.executable, "-c", SCRIPT], env=os.environ | environ)
    timer = threading.Timer(moment, racer.kill)
    timer.start()
    racer.wait(120)
    timer.cancel()
    if target.exists():  # it was faster than the kill
        target.unlink()
    until = time.monotonic() + 60
    while True:  # until the server has noticed that the session of the killed one is gone
        try:
            done = backup(conninfo, desk.settings, target)
        except UpkeepBusy:
            assert time.monotonic() < until
        else:
            break
    assert done.file == target
    assert {path.name for path in tmp_path.iterdir()} == {"home", "killed.tar"}
    assert leftovers(houses, desk.name) == 0
