"""The application calls api and reads its views; all else is closed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, LOANS

from loanbook.errors import DatabaseError, LoanbookError, Refused

if TYPE_CHECKING:
    from tests.desk import Desk

TABLES = """
    select c.oid, n.nspname || '.' || c.relname as name, c.relispartition
    from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('dm', 'stage', 'ops', 'audit') and c.relkind in ('r', 'p')
"""
RIGHTS = ("select", "insert", "update", "delete", "truncate", "references", "trigger")


def test_the_application_has_no_right_on_any_table(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    held = [
        (table["name"], right)
        for table in desk.owner.rows(TABLES)
        for right in RIGHTS
        if desk.owner.value(
            "select has_table_privilege('loanbook_app', %(oid)s, %(right)s)",
            oid=table["oid"],
            right=right,
        )
    ]
    assert held == []


def test_only_an_open_batch_takes_rows_and_nothing_else(desk: Desk) -> None:
    with desk.app.transaction():
        batch = desk.app.value(
            "select batch_id from api.open_batch('main', 'clients', 'x.csv', repeat('0', 64),"
            " '2024-01-25', false, array['user_id'], ',')"
        )
        table = f"stage.clients_{batch}"
        held = {
            right
            for right in RIGHTS
            if desk.app.value(
                "select has_table_privilege(%(table)s, %(right)s)", table=table, right=right
            )
        }
        assert held == {"insert"}
        desk.app.value("select api.seal_batch(%(batch)s, 0)", batch=batch)
        assert not desk.app.value("select has_table_privilege(%(table)s, 'insert')", table=table)


@pytest.mark.parametrize(
    "statement",
    [
        "update dm.clients set credit_limit = 0",
        "insert into dm.clients (user_id) values (1)",
        "delete from dm.loans",
        "truncate dm.payments",
        "update audit.clients set before = null",
        "delete from audit.statements",
        "insert into audit.loans (key, statement_id, operation) values (1, 1, 'I')",
        "select * from audit.personal",
        "update ops.findings set state = 'closed'",
        "select ops.lock_key('load')",
        "drop view api.clients",
        "create table api.mine (x integer)",
    ],
)
def test_a_statement_past_the_api_is_refused(statement: str, desk: Desk) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
        desk.app.rows(statement)  # type: ignore[arg-type, unused-ignore]


def test_the_owner_meets_the_constraints_and_guards_too(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    for statement, rule in {
        "update dm.clients set credit_limit = -1": "clients_credit_limit_valid",
        "update dm.loans set paid_at = null where status = 'paid'": "loans_paid_has_date",
        "insert into dm.payments (loan_id, kind, amount, effective_on, owner)"
        " values (999, 'payment', 1, '2024-01-01', 'main')": "payments_loan_fkey",
        "update dm.clients set user_id = 1001 where user_id = 1": "clients_user_id_immutable",
        "truncate dm.clients, dm.contacts, dm.loans, dm.payments, stage.clients_base,"
        " stage.contacts_base, ops.letters, ops.letter_loans, ops.letter_events,"
        " ops.loans_in_sight, ops.disputes": "no_truncate",
        "delete from dm.payments": "payments_append_only",
        "delete from audit.loans": "audit_append_only",
        "update audit.statements set actor = 'nobody'": "audit_append_only",
    }.items():
        with pytest.raises(Refused) as refused:
            desk.owner.run(statement)  # type: ignore[arg-type, unused-ignore]
        assert refused.value.rule == rule


def test_routines_of_the_owner_pin_their_search_path(desk: Desk) -> None:
    loose = desk.owner.rows(
        "select p.oid::regprocedure as routine from pg_proc as p"
        " where p.pronamespace in ('api'::regnamespace, 'ops'::regnamespace, 'dm'::regnamespace,"
        " 'audit'::regnamespace) and p.prosecdef and not exists (select from unnest(p.proconfig)"
        " as c (setting) where c.setting like 'search_path=pg_catalog, pg_temp')"
    )
    assert loose == []


def test_every_table_and_column_is_explained(desk: Desk) -> None:
    silent = desk.owner.rows(
        "select c.oid::regclass as place, a.attname from pg_class as c"
        " inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0"
        " and not a.attisdropped"
        " where c.relnamespace in ('dm'::regnamespace, 'stage'::regnamespace,"
        " 'ops'::regnamespace, 'audit'::regnamespace) and c.relkind in ('r', 'p')"
        " and not c.relispartition"
        " and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)"
    )
    assert silent == []


def test_the_audit_names_actor_role_batch_and_reason(desk: Desk) -> None:
    loaded = desk.load(clients=CLIENTS)
    with desk.app.transaction():
        desk.app.value("select set_config('loanbook.actor', 'maria', true)")
        desk.app.value("select api.amend_client(1, 'raised', p_credit_limit => 12000)")
    first, second = desk.app.rows("select * from api.history('clients', 1)")
    assert (first["operation"], first["batch_id"]) == ("insert", loaded.batch("clients").batch_id)
    assert (second["operation"], second["actor"], second["reason"]) == ("update", "maria", "raised")
    assert second["batch_id"] is None
    assert second["changes"] == {"credit_limit": [10000.00, 12000.00]}


def test_an_update_that_changes_nothing_writes_nothing(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    before = desk.owner.value("select count(*) from audit.statements")
    desk.owner.run("update dm.clients set batch = batch")
    assert desk.owner.value("select count(*) from audit.statements") == before


def test_direct_changes_by_the_owner_are_audited_under_the_login(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    desk.owner.run("delete from dm.clients where user_id = 4")
    last = desk.app.rows("select * from api.history('clients', 4)")[-1]
    assert last["operation"] == "delete"
    assert last["actor"] == last["session_role"]


def test_personal_columns_are_kept_apart_in_the_audit(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    header = "user_id,name,email\n"
    desk.load(desk.write("contacts.csv", header + "1,Ana Lima,ana@example.com\n"))
    desk.load(desk.write("contacts2.csv", header + "1,Ana Souza,ana@example.com\n"))
    kept = desk.owner.value("select before::text from audit.changes where before ? 'locale'")
    assert "Ana" not in kept
    assert "Ana Lima" in desk.owner.value("select before::text from audit.personal")
    last = desk.app.rows("select * from api.history('contacts', 1)")[-1]
    assert last["changes"] == {"name": ["Ana Lima", "Ana Souza"]}


def test_an_actor_must_be_a_name(desk: Desk) -> None:
    with desk.app.transaction():
        desk.app.value("select set_config('loanbook.actor', E'a\\nb', true)")
        with pytest.raises(LoanbookError, match="actor"):
            desk.app.value("select api.register_client(500, 20, 1)")
