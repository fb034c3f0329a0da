"""Each check returns what it is for: its violation is planted past all guards, and seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import pytest
from tests.cast import CLIENTS, CONTACTS, LOANS
from tests.desk import CHECKS, ailments

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
    "no_orphans": """
        alter table dm.loans drop constraint loans_client_fkey;
        alter table dm.contacts disable trigger all;
        alter table dm.clients disable trigger all;
        delete from dm.clients where user_id = 1
    """,
    "one_regular_open_loan": """
        alter table dm.loans disable trigger all;
        drop index dm.loans_one_open_per_client;
        update dm.loans set status = 'ongoing', paid_at = null where loan_id = 1
    """,
    "payments_match_amount_paid": """
        alter table dm.payments disable trigger all;
        update dm.payments set amount = amount + 0.01 where loan_id = 1
    """,
    "quarantine_is_counted": """
        delete from ops.quarantine
    """,
    "versions_match_history": """
        update dm.clients set credit_limit = credit_limit + 1 where user_id = 1
    """,
}


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """The cast's book, and one line of it in quarantine."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    nobody = desk.write("nobody.csv", "user_id,name,email\n999,Nobody,n@example.com\n")
    desk.load(nobody)
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
