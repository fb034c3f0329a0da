"""Every change of the mart is recorded, whoever makes it; from the record any past row returns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import CLIENTS, CONTACTS, LOANS
from tests.houses import TESTER, Rolled

from loanbook.errors import Refused

if TYPE_CHECKING:
    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.database.connection import Row

CLIENT = """
insert into dm.clients (user_id, created_at, status, batch, credit_limit, interest_rate, owner)
values (1, '2023-01-10', 'approved', 1, 500, 20, 'main'),
    (2, '2023-01-10', 'approved', 2, 500, 20, 'main')
"""
CONTACT = (
    "insert into dm.contacts (user_id, name, locale, owner) values (1, 'Ana', 'pt-BR', 'main')"
)
LOAN = """
insert into dm.loans
(loan_id, user_id, created_at, due_at, status, loan_amount, tax, due_amount, amount_paid, owner)
values (1, 1, '2023-05-10', '2023-08-08', 'ongoing', 100, 1.12, 106.12, 0, 'main')
"""
PAYMENT = """
insert into dm.payments (loan_id, kind, amount, effective_on, owner)
values (1, 'payment', 1, '2023-05-11', 'main')
"""


@pytest.fixture
def stocked(book: Rolled) -> Rolled:
    """Two clients, one with a contact, a loan and a payment."""
    for statement in (CLIENT, CONTACT, LOAN, PAYMENT):
        book.owner.run(statement)
    return book


def recorded(book: Rolled) -> list[tuple[str, str, int | None, Any]]:
    """Relation, operation, key and image of all that was recorded since the rows came."""
    found = book.owner.rows(
        "select t.relation, t.operation, h.key, h.before from audit.statements as t"
        " left join audit.changes as h on h.statement_id = t.statement_id"
        " order by t.statement_id, h.key offset 5"
    )
    return [(r["relation"], r["operation"], r["key"], r["before"]) for r in found]


# What is recorded


def test_an_insert_is_recorded_by_key_alone(stocked: Rolled) -> None:
    found = stocked.owner.rows("select operation, key, before from audit.changes order by 1, 2")
    assert {(row["operation"], row["before"]) for row in found} == {("I", None)}
    assert sorted(row["key"] for row in found) == [1, 1, 1, 2]


def test_an_update_keeps_the_row_before_of_what_changed_only(stocked: Rolled) -> None:
    before = stocked.owner.value("select to_jsonb(c) from dm.clients as c where user_id = 2")
    stocked.owner.run("update dm.clients set batch = 1")
    assert recorded(stocked) == [("clients", "U", 2, before)]


def test_an_update_that_changes_nothing_or_meets_nobody_writes_nothing(stocked: Rolled) -> None:
    stocked.owner.run(
        "update dm.clients set batch = batch; update dm.loans set tax = 1.120;"
        " update dm.contacts set name = 'x' where false; delete from dm.loans where false;"
        " insert into dm.payments (loan_id, kind, amount, owner)"
        " select 1, 'opening', 1, 'main' where false;"
        " insert into dm.contacts (user_id, owner) select 2, 'main' where false"
    )
    assert recorded(stocked) == []


def test_a_delete_keeps_the_whole_row(stocked: Rolled) -> None:
    before = stocked.owner.value("select to_jsonb(c) from dm.clients as c where user_id = 2")
    stocked.owner.run("delete from dm.clients where user_id = 2")
    assert recorded(stocked) == [("clients", "D", 2, before)]


@pytest.mark.parametrize(
    "statement",
    [
        (
            "insert into dm.clients select 1, now(), 'approved', 9, 500, 20, null, null, 'main'"
            " on conflict (user_id) do update set batch = excluded.batch"
        ),
        (
            "merge into dm.clients as c using (values (1)) as v (id) on c.user_id = v.id"
            " when matched then update set batch = 9"
        ),
        "update dm.clients as c set batch = 9 from dm.contacts as k where k.user_id = c.user_id",
        (
            "with changed as (update dm.clients set batch = 9 where user_id = 1 returning 1)"
            " select * from changed"
        ),
        (
            "create view public.mine as select * from dm.clients;"
            " update public.mine set batch = 9 where user_id = 1"
        ),
    ],
)
def test_every_way_to_change_a_row_is_recorded(stocked: Rolled, statement: str) -> None:
    stocked.owner.run(statement)  # type: ignore[arg-type, unused-ignore]
    found = [row for row in recorded(stocked) if row[2] is not None]
    assert [(r[0], r[1], r[2], r[3]["batch"]) for r in found] == [("clients", "U", 1, 1)]


def test_personal_columns_stand_apart(stocked: Rolled) -> None:
    stocked.owner.run("update dm.contacts set name = 'Ana Alves', email = 'ana@example.com'")
    stocked.owner.run("delete from dm.contacts")
    images = [image for relation, _, _, image in recorded(stocked) if relation == "contacts"]
    personal = ("name", "email", "tax_id", "phone")
    assert [{name for name in personal if name in image} for image in images] == [set(), set()]
    assert {image["locale"] for image in images} == {"pt-BR"}
    apart = stocked.owner.rows("select before from audit.personal order by statement_id")
    assert [row["before"] for row in apart] == [
        {"name": "Ana", "email": None, "tax_id": None, "phone": None},
        {"name": "Ana Alves", "email": "ana@example.com", "tax_id": None, "phone": None},
    ]


def test_payments_name_the_transaction_that_says_who_recorded_them(stocked: Rolled) -> None:
    found = stocked.app.row("select actor, session_role, reason from api.payments")
    assert found is not None
    assert found["actor"] == TESTER
    login = stocked.owner.value("select session_user::text")
    assert found["session_role"] == login


# Who did it


def test_without_an_actor_the_login_is_named(stocked: Rolled) -> None:
    for setting in ("''", "null"):
        stocked.owner.run(f"select set_config('loanbook.actor', {setting}, true)")
        stocked.owner.run("update dm.clients set batch = batch + 1 where user_id = 1")
    login = stocked.owner.value("select session_user::text")
    found = stocked.owner.rows(
        "select actor, session_role, reason, batch_id from audit.statements"
        " order by statement_id desc limit 2"
    )
    assert found == [{"actor": login, "session_role": login, "reason": None, "batch_id": None}] * 2


def test_the_login_stands_beside_the_actor(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    with desk.app.transaction():
        desk.app.value("select api.amend_client(1, 'a visit', 600)")
    last = desk.app.rows("select actor, session_role from api.history('clients', 1)")[-1]
    assert last == {"actor": TESTER, "session_role": desk.app.value("select session_user::text")}


def test_an_actor_and_a_reason_end_with_their_transaction(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    with desk.app.transaction():
        desk.app.value("select api.amend_client(1, 'a visit', 600)")
        desk.app.value("select api.amend_client(1, 'another', 700)")
    assert desk.app.value("select current_setting('loanbook.actor', true)") == ""
    assert desk.app.value("select current_setting('loanbook.reason', true)") in {"", None}
    assert desk.app.value("select current_setting('loanbook.batch', true)") in {"", None}
    login = desk.app.value("select session_user::text")
    assert desk.app.value("select api.amend_client(1, 'no actor', 800)") == 4
    history = desk.app.rows("select actor, reason, batch_id from api.history('clients', 1)")[1:]
    assert history == [
        {"actor": TESTER, "reason": "a visit", "batch_id": None},
        {"actor": TESTER, "reason": "another", "batch_id": None},
        {"actor": login, "reason": "no actor", "batch_id": None},
    ]


def test_a_batch_ends_with_its_load_within_one_transaction(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    desk.stage(desk.write("loans.csv", "user_id,loan_id,created_at,due_at,paid_at,status,"
                          "loan_amount,tax,due_amount,amount_paid\n"))  # fmt: skip
    with desk.app.transaction():
        batch = desk.app.value("select max(batch_id) from api.batches")
        desk.app.value("select api.load_loans(%(batch)s)", batch=batch)
        desk.app.value("select api.amend_client(1, 'a visit', 600)")
    last = desk.app.rows("select batch_id from api.history('clients', 1)")[-1]
    assert last["batch_id"] is None


# What nobody may do

# PostgreSQL itself refuses to truncate what others refer to; here the trigger is asked.
UNREFERENCED = """
do $$
declare
    v_key record;
begin
    for v_key in
        select k.conrelid::regclass as owner, k.conname from pg_constraint as k
        where k.contype = 'f' and k.conparentid = 0
            and k.confrelid in (
                select c.oid from pg_class as c where c.relnamespace = 'dm'::regnamespace
            )
    loop
        execute format('alter table %s drop constraint %I', v_key.owner, v_key.conname);
    end loop;
end $$;
"""


@pytest.mark.parametrize("table", ["clients", "contacts", "loans", "payments"])
@pytest.mark.parametrize("how", ["", " cascade", " restart identity cascade"])
def test_a_truncate_is_refused(stocked: Rolled, table: str, how: str) -> None:
    with pytest.raises(Refused, match="pass the audit by") as refused, stocked.owner.transaction():
        stocked.owner.run(f"{UNREFERENCED} truncate dm.{table}{how}")
    assert refused.value.rule == "no_truncate"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("update dm.clients set user_id = 9 where user_id = 2", "clients_user_id_immutable"),
        ("update dm.contacts set user_id = 2", "contacts_user_id_immutable"),
        ("update dm.loans set loan_id = 9", "loans_loan_id_immutable"),
        ("update dm.loans set user_id = 2", "loans_user_id_immutable"),
        ("update dm.payments set amount = 2", "payments_append_only"),
        ("update dm.payments set amount = amount", "payments_append_only"),
        ("delete from dm.payments", "payments_append_only"),
        ("delete from dm.payments where false", "payments_append_only"),
        ("update audit.statements set actor = 'x'", "audit_append_only"),
        ("delete from audit.statements", "audit_append_only"),
        ("truncate audit.statements", "audit_append_only"),
        ("update audit.clients set before = '{}'", "audit_append_only"),
        ("delete from audit.loans", "audit_append_only"),
        ("truncate audit.clients", "audit_append_only"),
        ("delete from audit.products", "audit_append_only"),
        ("update dm.products set term_days = 30", "products_terms_stand"),
        ("update dm.products set validity = '[2000-01-01,)'", "products_terms_stand"),
        ("delete from dm.products", "products_stay"),
        ("truncate dm.products cascade", "no_truncate"),
        ("delete from audit.personal", "audit_append_only"),
        ("truncate audit.personal", "audit_append_only"),
    ],
)
def test_history_and_keys_stand_even_against_the_owner(
    stocked: Rolled, statement: str, rule: str
) -> None:
    with pytest.raises(Refused) as refused, stocked.owner.transaction():
        stocked.owner.run(statement)  # type: ignore[arg-type, unused-ignore]
    assert refused.value.rule == rule


def test_a_key_may_be_set_to_what_it_is(stocked: Rolled) -> None:
    stocked.owner.run("update dm.clients set user_id = user_id; update dm.loans set user_id = 1")
    assert recorded(stocked) == []


def test_every_table_of_the_mart_has_its_triggers(book: Rolled) -> None:
    found = book.owner.rows(
        "select tgrelid::regclass::text as place, tgname from pg_trigger where not tgisinternal"
        " and tgenabled = 'O'"
    )
    by_table: dict[str, set[str]] = {}
    for row in found:
        table = row["place"].rpartition(".")[2]
        by_table.setdefault(table, set()).add(row["tgname"].removeprefix(f"{table}_"))
    for table in ("clients", "contacts", "loans"):
        assert by_table[table] >= {
            "audit_insert", "audit_update", "audit_delete", "no_truncate", "key_stays",
        }  # fmt: skip
    assert by_table["payments"] == {"audit_insert", "no_truncate", "append_only"}


# Any past row returns


def test_the_history_of_a_row_from_first_to_last(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    desk.owner.run("update dm.contacts set phone = '1', version = 2 where user_id = 1")
    desk.owner.run("delete from dm.contacts where user_id = 1")
    history = desk.app.rows("select operation, changes from api.history('contacts', 1)")
    assert [row["operation"] for row in history] == ["insert", "update", "delete"]
    assert history[0]["changes"]["name"] == [None, "Ana Alves"]
    assert history[1]["changes"] == {"phone": ["+55 11 5550-0101", "1"]}
    assert history[2]["changes"]["phone"] == ["1", None]


@pytest.mark.parametrize("relation", ["payments", "batches", "pg_class", "", None])
def test_other_tables_have_no_history(book: Rolled, relation: str | None) -> None:
    for query in (
        "select * from api.history(%(relation)s, 1)",
        "select api.row_at(%(relation)s, 1, now())",
    ):
        with pytest.raises(Refused) as refused, book.app.transaction():
            book.app.rows(query, relation=relation)
        assert refused.value.rule == "relation_known"


acts = st.lists(
    st.one_of(
        st.tuples(st.just("limit"), st.integers(0, 3)),
        st.tuples(st.just("batch"), st.integers(1, 2)),
        st.tuples(st.just("name"), st.sampled_from(["Ana", "Bia", ""])),
        st.tuples(st.just("locale"), st.sampled_from(["pt-BR", "en"])),
        st.tuples(st.just("status"), st.sampled_from(["ongoing", "default"])),
        st.tuples(st.just("leave"), st.just("")),
        st.tuples(st.just("return"), st.just("")),
    ),
    max_size=12,
)
ROWS = {
    "clients": "select to_jsonb(c) from dm.clients as c where user_id = 1",
    "contacts": "select to_jsonb(k) from dm.contacts as k where user_id = 1",
    "loans": "select to_jsonb(l) from dm.loans as l where loan_id = 1",
}
DOINGS = {
    "limit": "update dm.clients set credit_limit = %(value)s",
    "batch": "update dm.clients set batch = %(value)s",
    "name": "update dm.contacts set name = nullif(%(value)s, '')",
    "locale": "update dm.contacts set locale = %(value)s",
    "status": "update dm.loans set status = %(value)s",
    "leave": "delete from dm.contacts",
    "return": "insert into dm.contacts (user_id, name, owner) values (1, 'Bia', 'main')"
    " on conflict do nothing",
}


@given(doings=acts)
def test_every_past_state_can_be_rebuilt(
    houses: Houses, shared: str, doings: list[tuple[str, object]]
) -> None:
    with houses.driver(shared) as connection, Rolled.within(connection) as book:
        book.owner.run(CLIENT + ";" + CONTACT + ";" + LOAN)
        seen: list[tuple[str, dict[str, Row | None]]] = []
        for doing, value in doings:
            book.owner.rows(DOINGS[doing] + " returning 1", value=value)
            now = book.owner.value("select clock_timestamp()::text")
            seen.append((now, {name: book.owner.value(query) for name, query in ROWS.items()}))
        for instant, rows in seen:
            for relation, row in rows.items():
                found = book.app.value(
                    "select api.row_at(%(relation)s, 1, %(instant)s::timestamptz)",
                    relation=relation,
                    instant=instant,
                )
                assert json.dumps(found, sort_keys=True) == json.dumps(row, sort_keys=True)


def test_before_its_arrival_there_was_no_row(stocked: Rolled) -> None:
    found = stocked.app.value("select api.row_at('clients', 1, '2020-01-01')")
    assert found is None


def test_what_a_batch_changed_can_be_cut_short(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    desk.owner.run(
        "select set_config('loanbook.batch', '1', false); update dm.clients set batch = batch + 1"
    )
    whole = desk.app.rows("select * from api.batch_changes(1)")
    assert [row["key"] for row in whole] == [1, 2, 3, 4, 5]
    assert desk.app.rows("select * from api.batch_changes(1, 2)") == whole[:2]
