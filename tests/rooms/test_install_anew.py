"""Install over what stands: interrupted at every step, over data, over dropped parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest
from psycopg.conninfo import make_conninfo
from tests.cast import CLIENTS, CONTACTS, EVA_PAID, LOANS, NEXT, csv_text
from tests.houses import ZONE, dump

from loanbook import sql
from loanbook.database import connection
from loanbook.database.connection import ROLE, Database, connect
from loanbook.database.install import install
from loanbook.errors import InstallBlocked, NotInstalled, TooOld, Unreachable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.desk import Desk
    from tests.houses import Houses

SCHEMAS = ("stage", "dm", "audit", "ops", "api")


class Interrupted(Exception):  # noqa: N818 -- no error of ours
    """The process ended here."""


def interrupt(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Let the given step of the next install be its last."""
    run = Database.run
    done = 0

    def counted(self: Database, script: LiteralString) -> None:
        nonlocal done
        done += 1
        run(self, script)
        if done == step:
            raise Interrupted

    monkeypatch.setattr(Database, "run", counted)


def test_an_install_that_is_interrupted_at_every_step_is_finished_by_the_next(
    houses: Houses, bare: str, shared: str
) -> None:
    steps = 0
    interrupted = True
    while interrupted:
        steps += 1
        with pytest.MonkeyPatch.context() as patch, houses.owner(bare) as owner:
            interrupt(patch, steps)
            try:
                install(owner, ZONE)
                interrupted = False
            except Interrupted:
                pass
    assert steps > len(sql.names("procedures"))
    expected = dump(houses.conninfo(shared), *SCHEMAS)
    assert dump(houses.conninfo(bare), *SCHEMAS) == expected


def test_after_an_interrupted_upgrade_the_book_that_stood_still_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.load(clients=CLIENTS)
    interrupt(monkeypatch, 12)
    with pytest.raises(Interrupted):
        install(desk.owner, ZONE)
    monkeypatch.undo()
    assert desk.load(loans=LOANS).fates("loans") == {"inserted": 5}
    assert desk.ailments() == []


def test_what_is_applied_anew_may_be_dropped_before(desk: Desk, houses: Houses) -> None:
    before = dump(houses.conninfo(desk.name), *SCHEMAS)
    with desk.owner.transaction():
        desk.owner.run(sql.text("drop_reapplied.sql"))
    left = desk.owner.value(
        "select count(*) from pg_proc where pronamespace in"
        " ('api'::regnamespace, 'ops'::regnamespace, 'audit'::regnamespace, 'dm'::regnamespace)"
    )
    assert left == 0
    with pytest.raises(NotInstalled):
        desk.app.rows("select * from api.clients")
    install(desk.owner, ZONE)
    assert dump(houses.conninfo(desk.name), *SCHEMAS) == before


def test_an_install_over_data_changes_none_of_it(desk: Desk, houses: Houses) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    (waiting,) = desk.stage(desk.write("late.csv", csv_text("loans", [EVA_PAID]), NEXT), again=True)
    before = dump(houses.conninfo(desk.name), *SCHEMAS)
    rows = [desk.client(1), desk.loan(2), desk.payments(1)]
    done = install(desk.owner, ZONE)
    assert (done.migrations, done.fresh) == ((), False)
    assert dump(houses.conninfo(desk.name), *SCHEMAS) == before
    assert [desk.client(1), desk.loan(2), desk.payments(1)] == rows
    assert [one.batch_id for one in desk.promote()] == [waiting.batch_id]
    assert desk.ailments() == []


@pytest.mark.parametrize(
    "mine",
    [
        "create view mine.report as select * from api.loans",
        "create table mine.report (x numeric default dm.contract_tax(1, 90))",
        "create materialized view mine.report as select * from api.book",
    ],
)
def test_whatever_depends_on_ours_is_named_and_the_book_stays_usable(desk: Desk, mine: str) -> None:
    desk.owner.run(f"create schema mine; {mine}")
    with pytest.raises(InstallBlocked, match=r"mine\.report|report"):
        install(desk.owner, ZONE)
    assert desk.load(clients=CLIENTS).fates("clients") == {"inserted": 5}
    desk.owner.run("drop schema mine cascade")
    install(desk.owner, ZONE)


def test_another_zone_is_another_release(desk: Desk) -> None:
    first = desk.app.value("select release from api.book")
    install(desk.owner, "America/Manaus")
    assert desk.app.value("select zone from api.book") == "America/Manaus"
    assert desk.app.value("select release from api.book") != first


def test_the_book_is_told_its_currency(desk: Desk) -> None:
    first = desk.app.value("select release from api.book")
    install(desk.owner, ZONE, "EUR")
    assert desk.app.value("select release from api.book") != first
    assert desk.owner.value("select ops.money(1234.5)") == "EUR 1,234.50"


def test_an_older_server_is_told_in_one_sentence(
    houses: Houses, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "OLDEST", 990000)
    with pytest.raises(TooOld) as refused:
        connect(houses.conninfo(shared), actor="tester")
    assert str(refused.value).endswith("; Loanbook needs 16 or newer.")
    assert "is PostgreSQL 1" in str(refused.value)


def test_the_oldest_server_that_serves_is_16() -> None:
    assert connection.OLDEST == 160000


def test_where_nobody_answers_one_sentence_says_so(tmp_path: Path) -> None:
    nowhere = f"host={tmp_path} dbname=book user=me password=secret"
    with pytest.raises(Unreachable) as refused:
        connect(nowhere, actor="tester")
    sentence = str(refused.value)
    assert sentence.startswith("No PostgreSQL answers at ")
    assert "secret" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("conninfo", ["this is no connection string", "postgresql://[", "x=1"])
def test_a_string_that_leads_nowhere_is_told_in_one_sentence(conninfo: str) -> None:
    with pytest.raises(Unreachable, match="No PostgreSQL answers at"):
        connect(conninfo, actor="tester")


def test_what_a_connection_string_asks_of_its_sessions_is_heeded(houses: Houses, bare: str) -> None:
    conninfo = make_conninfo(houses.conninfo(bare), options="-c statement_timeout=50s")
    for role in (None, ROLE):
        found = connect(conninfo, actor="tester", role=role)
        told = found.row(
            "select current_setting('statement_timeout') as bound, current_role as role"
        )
        found.close()
        assert told is not None
        assert told["bound"] == "50s"
        assert role in (None, told["role"])


def test_an_empty_database_holds_no_book(houses: Houses, bare: str) -> None:
    with houses.owner(bare) as owner, pytest.raises(NotInstalled, match="loanbook install"):
        owner.rows("select * from api.book")
