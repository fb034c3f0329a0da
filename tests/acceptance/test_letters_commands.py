"""Reminders, outbox and disputes at the command line."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA_OPEN, BRUNO_OPEN, CLARA_DEFAULT, CLIENTS, CONTACTS, EVA, LOANS, lent
from tests.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = ("--as-of", "2024-01-25")
EVA_OPEN = lent(6, EVA, "2023-10-30")  # due in three days
OPEN = (ANA_OPEN, BRUNO_OPEN, CLARA_DEFAULT, EVA_OPEN)


@pytest.fixture
def loanbook(tmp_path: Path) -> Iterator[Program]:
    """A workspace into which the cast was taken."""
    with Program.at(tmp_path / "home") as program:
        program.deliver(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        program("run", *DAY)
        program.deliver(loans=(EVA_OPEN,))  # too late for the reminders of that run
        program("stage", *DAY)
        program("promote")
        yield program


def test_letters_are_planned_looked_at_and_kept_back(loanbook: Program) -> None:
    due = loanbook.json("reminders", "due", *DAY)
    assert due["gate"] is None
    assert due["outcomes"] == {"due": 1, "no_step": 3}
    owed = sum((loan.due_amount - loan.amount_paid for loan in OPEN), Decimal(0))
    assert due["balance"] == owed
    assert "The first" not in loanbook("reminders", "due", *DAY, "--outcome", "due").out
    assert loanbook("reminders", "due", *DAY, "--client", 4).out == "There is nobody.\n"
    assert "is no outcome" in loanbook.refusal("reminders", "due", "--outcome", "late", code=2)

    done = loanbook.json("reminders", "queue", *DAY)
    assert (done["planned"], done["left"]) == (1, {"no_step": 3})
    said = loanbook("reminders", "queue", *DAY, "--client", 1).out
    assert "1 letter planned" in said
    assert "Next: loanbook outbox list" in said
    listed = loanbook.json("outbox", "list", "--state", "planned")
    assert [one["user_id"] for one in listed["letters"]] == [1, 5]
    assert listed["counts"] == {"planned": 2}
    shown = loanbook("outbox", "show", 1).out
    assert "Loan 6, due 2024-01-28: step -3, planned" in shown
    assert "planned by" in shown
    assert "eva@example.org" not in shown + loanbook("outbox", "list").out
    assert "no letter 9" in loanbook.refusal("outbox", "show", 9)

    unsure = ("outbox", "resolve", 1, "--as", "sent", "--reason", "in the log")
    assert "only one of which nobody knows" in loanbook.refusal(*unsure)
    said = loanbook("outbox", "retry", 1, "--reason", "now", "--json", code=1).err
    assert json.loads(said)["rule"] == "retry_of_failed"
    suppressed = loanbook.json("outbox", "suppress", "eva@example.org", "--reason", "left it")
    assert suppressed == {"suppressed": True, "changed": True}
    assert loanbook("outbox", "suppress", "eva@example.org", "--lift").out == (
        "The address is not suppressed.\n"
    )


def test_a_dispute_stops_the_reminders_of_a_loan(loanbook: Program) -> None:
    made = loanbook.json("loans", "dispute", 6, "--reason", "paid in cash", "--actor", "maria")
    assert (made["loan_id"], made["actor"], made["settled_at"]) == (6, "maria", None)
    assert loanbook.json("reminders", "due", *DAY)["outcomes"] == {"disputed": 1, "no_step": 3}
    said = loanbook("loans", "settle-dispute", 6, "--reason", "found").out
    assert said == "The dispute over loan 6 is settled.\n"
    assert "not disputed" in loanbook.refusal("loans", "settle-dispute", 6, "--reason", "again")
