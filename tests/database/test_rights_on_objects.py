"""What is public is listed here; whatever is added must be added here too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, CONTACTS, LOANS

from loanbook import sql
from loanbook.errors import DatabaseError

if TYPE_CHECKING:
    from tests.desk import Desk
    from tests.houses import Rolled

ROUTINES = """
select p.proname as name,
    has_function_privilege('loanbook_app', p.oid, 'execute') as app,
    has_function_privilege('loanbook_analyst', p.oid, 'execute') as analyst,
    has_function_privilege('loanbook_auditor', p.oid, 'execute') as auditor
from pg_proc as p where p.pronamespace = any(%(schemas)s::regnamespace[])
"""
VIEWS = {
    "batch_totals", "batches", "book", "clients", "contacts", "daily_books",
    "collected", "collected_parts", "daily_figures", "disputes", "findings", "letter_events",
    "letter_loans", "letters", "loans", "payments", "products", "quarantine", "rules", "run_steps",
    "runs", "senders", "source_keys", "streams",
}  # fmt: skip
PUBLIC = {
    "accept_finding", "advance_book", "amend_client", "amend_contact", "anonymise_client",
    "attach_raw", "balance", "batch_changes", "begin_run", "begin_step", "book_is_sound", "bucket",
    "cancel_loan", "change_product", "claim_letters", "claim_runs", "classify", "close_retried",
    "comparable_batch", "copies_due", "days_past_due", "delinquency", "deny_client",
    "dismiss_quarantined", "dispute_loan", "end_run", "end_step", "enter_sender", "erased_clients",
    "export_client", "figures", "find_clients", "first_change", "forsake_letters", "has_delivered",
    "hide_source_keys", "history", "kept_from", "leave_sender", "letters_gate", "lift_suppression",
    "load_clients", "load_contacts", "load_loans", "map_source_keys", "mark_letters",
    "may_keep_originals", "not_taken", "note_bounce", "note_collected", "note_erased_file",
    "note_source", "offers_left", "open_batch", "open_loan", "opt_out", "post_payment",
    "purge_copy", "purge_stage", "purge_steps", "queue_reminders", "queue_team_letter", "quote",
    "record_day", "refuse_collected", "refuse_earlier_day", "register_client", "register_contact",
    "reinstate_client", "release_runs", "reminders_due", "resolve_letter", "retry_letter",
    "reverse_payment", "row_at", "run_check", "runs_are_claimed", "seal_batch", "settle_dispute",
    "skip_step", "stages_due", "standing", "steps_due", "stream_profile", "suppress_address",
    "unnamed_due", "upsert_client", "was_collected",
    "when_taken",
}  # fmt: skip


def test_the_views_that_the_application_reads(book: Rolled) -> None:
    found = book.owner.rows(
        "select relname, has_table_privilege('loanbook_app', oid, 'select') as app from pg_class"
        " where relnamespace = 'api'::regnamespace and relkind = 'v'"
    )
    names = {row["relname"] for row in found if row["app"]}
    assert {name for name in names if not name.startswith("check_")} == VIEWS
    assert all(row["app"] for row in found)


def test_the_routines_that_the_application_calls(book: Rolled) -> None:
    found = book.owner.rows(ROUTINES, schemas=["api"])
    assert {row["name"] for row in found if row["app"]} == PUBLIC
    assert not any(row["analyst"] or row["auditor"] for row in found)


def test_inner_routines_are_closed(book: Rolled) -> None:
    found = book.owner.rows(ROUTINES, schemas=["ops", "audit", "stage"])
    assert [row["name"] for row in found if row["app"] or row["analyst"] or row["auditor"]] == []


def test_api_holds_no_data(book: Rolled) -> None:
    found = book.owner.rows(
        "select relname from pg_class where relnamespace = 'api'::regnamespace and relkind <> 'v'"
    )
    assert found == []


def test_nobody_else_may_do_anything(book: Rolled) -> None:
    found = book.owner.rows(
        "select n.nspname, has_schema_privilege('public', n.oid, 'usage') as usage"
        " from pg_namespace as n where n.nspname in ('dm', 'stage', 'ops', 'audit', 'api',"
        " 'report')"
    )
    assert [row["nspname"] for row in found if row["usage"]] == []
    assert not book.owner.value("select has_schema_privilege('public', 'public', 'create')")


@pytest.mark.parametrize("role", ["loanbook_app", "loanbook_analyst", "loanbook_auditor"])
def test_no_role_has_powers_over_the_server(book: Rolled, role: str) -> None:
    found = book.owner.row(
        "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles"
        " where rolname = %(role)s",
        role=role,
    )
    assert found is not None
    assert not any(found.values())


def test_the_application_alters_no_table(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    tables = desk.owner.rows(
        "select oid::regclass::text as name from pg_class where relkind in ('r', 'p', 'v', 'S')"
        " and relnamespace in ('dm'::regnamespace, 'stage'::regnamespace, 'ops'::regnamespace,"
        " 'audit'::regnamespace, 'api'::regnamespace, 'report'::regnamespace)"
    )
    assert len(tables) > 20
    for table in tables:
        for statement in (
            f"comment on table {table['name']} is 'mine'",
            f"alter table {table['name']} rename to mine",
            f"drop table {table['name']}",
            f"lock table {table['name']} in exclusive mode",
        ):
            with pytest.raises(DatabaseError), desk.app.transaction():
                desk.app.run(statement)  # type: ignore[arg-type, unused-ignore]


def test_the_auditor_reads_history_and_mart_but_no_person(book: Rolled) -> None:
    book.owner.run("set local role loanbook_auditor")
    allowed = {
        *(f"dm.{name}" for name in ("clients", "loans", "payments", "products")),
        *(f"audit.{name}" for name in ("clients", "contacts", "loans", "products")),
        *("audit.statements", "audit.changes"),
    }
    found = book.owner.rows(
        "select c.oid::regclass::text as name, has_table_privilege('loanbook_auditor', c.oid, r)"
        " as held, r from pg_class as c"
        " cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as r"
        " where c.relkind in ('r', 'p', 'v') and c.relnamespace in ('dm'::regnamespace,"
        " 'stage'::regnamespace, 'ops'::regnamespace, 'audit'::regnamespace, 'api'::regnamespace)"
    )
    held = {(row["name"], row["r"]) for row in found if row["held"]}
    assert held == {(name, "select") for name in allowed}


def test_the_analyst_reads_the_report_and_nothing_else(book: Rolled) -> None:
    found = book.owner.rows(
        "select c.oid::regclass::text as name, n.nspname, r from pg_class as c"
        " inner join pg_namespace as n on n.oid = c.relnamespace"
        " cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as r"
        " where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^(pg_|information_schema)'"
        " and has_table_privilege('loanbook_analyst', c.oid, r)"
    )
    reported = {(row["name"], row["r"]) for row in found}
    relations = {"asked", "clients", "loans", "payments", *_stems("relations")}
    assert reported == {
        (f"report.{name}", "select") for name in relations | set(_stems("questions"))
    }
    usable = book.owner.rows(
        "select n.nspname from pg_namespace as n where n.nspname !~ '^pg_'"
        " and has_schema_privilege('loanbook_analyst', n.oid, 'usage')"
    )
    assert {row["nspname"] for row in usable} == {"report", "information_schema"}


def test_the_report_knows_no_person(book: Rolled) -> None:
    columns = book.owner.rows(
        "select attname from pg_attribute where attnum > 0 and attrelid in"
        " (select oid from pg_class where relnamespace = 'report'::regnamespace)"
    )
    personal = book.owner.rows(
        "select attname from pg_attribute where attnum > 0 and attrelid = 'dm.contacts'::regclass"
        " and attname not in ('user_id', 'version', 'owner', 'amended_at')"
    )
    assert len(personal) == 6
    assert {row["attname"] for row in columns}.isdisjoint(row["attname"] for row in personal)


def _stems(folder: str) -> list[str]:
    return [name.split("/")[1].removesuffix(".sql") for name in sql.names(folder)]


def test_a_temporary_table_of_the_application_leads_no_procedure_astray(desk: Desk) -> None:
    desk.app.run(
        "create temp table clients (user_id bigint); create temp table gone_clients (x integer);"
        " create temp table changed_loans (x integer); create temp table found (x integer);"
        " create temp table fresh_lines (x integer)"
    )
    try:
        loaded = desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    except DatabaseError:
        assert desk.owner.value("select count(*) from dm.clients") == 0
    else:
        assert set(loaded.outcomes.values()) == {"accepted"}
        assert desk.owner.value("select count(*) from dm.clients") == len(CLIENTS)


@pytest.mark.parametrize("schema", ["stage", "dm", "audit", "ops", "api", "report"])
def test_schemas_views_and_their_columns_have_comments(book: Rolled, schema: str) -> None:
    silent = book.owner.rows(
        "select c.oid::regclass::text as name from pg_class as c"
        " where c.relnamespace = %(schema)s::regnamespace and c.relkind in ('r', 'p', 'v')"
        " and not c.relispartition and c.relname not like 'check\\_%%'"
        " and obj_description(c.oid, 'pg_class') is null",
        schema=schema,
    )
    assert silent == []
    told = book.owner.value(
        "select obj_description(%(schema)s::regnamespace, 'pg_namespace')", schema=schema
    )
    assert told


def test_functions_that_act_for_their_owner_pin_their_search_path(book: Rolled) -> None:
    loose = book.owner.rows(
        "select oid::regprocedure::text as name from pg_proc where prosecdef"
        " and pronamespace in (select oid from pg_namespace where nspname !~ '^pg_')"
        " and not coalesce(proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']"
    )
    assert loose == []
