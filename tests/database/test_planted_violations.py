"""Each check returns what it is for: its violation is planted past all guards, and seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest
from tests.cast import CLIENTS, CONTACTS, DAY, LOANS
from tests.desk import CHECKS, ailments
from tests.mailroom import Mailroom

from loanbook import sql

if TYPE_CHECKING:
    from tests.desk import Desk

# As the owner, with triggers and foreign keys out of the way: what nobody can do by mistake.
PLANTS: dict[str, LiteralString] = {
    "batch_identities": """
        alter table ops.batch_totals drop constraint batch_totals_identity;
        update ops.batch_totals set inserted = inserted - 1
        where measure = 'lines' and batch_id = (select min(batch_id) from ops.batches)
    """,
    "due_is_created_plus_term": """
        alter table dm.loans disable trigger all;
        update dm.loans set due_at = due_at + interval '1 second' where loan_id = 2
    """,
    "every_broken_rule_has_a_finding": """
        alter table dm.loans disable trigger all;
        update dm.loans set amount_paid = due_amount + 1 where loan_id = 1
    """,
    "every_row_is_audited": """
        alter table dm.clients disable trigger all;
        insert into dm.clients
        (user_id, created_at, status, batch, credit_limit, interest_rate, owner)
        values (77, '2024-01-01', 'approved', 1, 500, 20, 'main')
    """,
    "letters_follow_events": """
        alter table ops.letters disable trigger all;
        update ops.letters set state = 'unknown', reason = 'so', ended_at = null
    """,
    "letters_once_a_day": """
        drop index ops.letters_once_a_day;
        insert into ops.letters (kind, user_id, local_date, due_from, actor)
        select t.kind, t.user_id, t.local_date, now(), 'x' from ops.letters as t
    """,
    "loans_stand_under_their_product": """
        alter table dm.products disable trigger all;
        update dm.products set validity = '[1900-01-01,2023-12-01)'
    """,
    "no_orphans": """
        alter table dm.loans drop constraint loans_client_fkey;
        alter table dm.contacts disable trigger all;
        alter table dm.clients disable trigger all;
        delete from dm.clients where user_id = 1
    """,
    "one_own_open_loan": """
        drop index dm.loans_one_open_per_client;
        insert into dm.loans (loan_id, user_id, created_at, due_at, status, loan_amount, tax,
            due_amount, amount_paid, interest_rate, owner, product_version, term_days,
            tax_fixed_percent, tax_daily_percent, day_count)
        select 1999999999, l.user_id, l.created_at, l.due_at, l.status, l.loan_amount, l.tax,
            l.due_amount, 0, l.interest_rate, l.owner, l.product_version, l.term_days,
            l.tax_fixed_percent, l.tax_daily_percent, l.day_count
        from dm.loans as l where l.owner = 'loanbook' and l.status = 'ongoing'
    """,
    "one_regular_open_loan": """
        alter table dm.loans disable trigger all;
        drop index dm.loans_one_open_per_client;
        update dm.loans set status = 'ongoing', paid_at = null where loan_id = 1
    """,
    "own_contracts_follow_terms": """
        alter table dm.loans disable trigger all;
        update dm.loans set tax = tax + 0.01 where owner = 'loanbook'
    """,
    "own_loans_follow_movements": """
        alter table dm.loans disable trigger all;
        update dm.loans set status = 'paid', paid_at = created_at where owner = 'loanbook'
    """,
    "payments_match_amount_paid": """
        alter table dm.payments disable trigger all;
        update dm.payments set amount = amount + 0.01 where loan_id = 1
    """,
    "products_do_not_overlap": """
        alter table dm.products drop constraint products_one_version_a_day;
        insert into dm.products
        (product_id, name, validity, term_days, tax_fixed_percent, tax_daily_percent)
        values (1, 'again', '[2024-01-01,2024-02-01)', 90, 0.38, 0.0082)
    """,
    "quarantine_is_counted": """
        delete from ops.quarantine
    """,
    "steps_told_once": """
        drop index ops.letter_loans_step_once;
        insert into ops.letter_loans (loan_id, due_on, step, state, noted_on)
        select e.loan_id, e.due_on, 5, 'missed', e.noted_on
        from ops.letter_loans as e, generate_series(1, 2) where e.loan_id = 2
    """,
    "told_steps_have_letters": """
        update ops.letter_loans set state = 'planned' where letter_id is not null
    """,
    "versions_match_history": """
        update dm.clients set credit_limit = credit_limit + 1 where user_id = 1
    """,
}


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """The cast's book, a line of it in quarantine, a loan made here, and a letter that was sent."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    nobody = desk.write("nobody.csv", "user_id,name,email\n999,Nobody,n@example.com\n")
    desk.load(nobody)
    desk.app.row("select api.open_loan(5, 100, '2024-01-02')")
    room = Mailroom(desk, most_quarantined=1.0)
    room.sound(DAY)
    room.plan(DAY, user_id=1)
    assert len(room.post(room.at(DAY))) == 1
    assert desk.ailments() == []
    return desk


@pytest.mark.parametrize("check", PLANTS)
def test_a_check_returns_its_violation(check: str, stocked: Desk) -> None:
    stocked.owner.run(PLANTS[check])
    found = {ailment["check"] for ailment in ailments(stocked.app)}
    assert check in found


def test_every_check_has_its_plant() -> None:
    files = {name.removeprefix("checks/").removesuffix(".sql") for name in sql.names("checks")}
    assert files == set(PLANTS) == set(CHECKS)
