"""Clients and contacts at the command line: denied, found, shown, told and forgotten."""

from __future__ import annotations

import json
import stat
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA_OPEN, CLIENTS, CONTACTS, LOANS
from tests.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = ("--as-of", "2024-01-25")
TERMS = ("--credit-limit", "100", "--interest-rate", "20", "--batch", "1")


@pytest.fixture
def loanbook(tmp_path: Path) -> Iterator[Program]:
    """A workspace into which the cast was taken."""
    with Program.at(tmp_path / "home") as program:
        program.deliver(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        program("run", *DAY)
        yield program


def test_a_client_is_denied_and_reinstated(loanbook: Program) -> None:
    words = ("clients", "deny", 1, "--reason", "criminal_profile")
    done = loanbook.json(*words, "--on", "2024-01-20", "--note", "the bank called", "--version", 1)
    assert (done["action"], done["version"]) == ("denied", 2)
    assert done["client"]["denied_at"] == "2024-01-20T00:00:00"
    assert loanbook(*words).out.startswith("Client 1 is unchanged.\n")
    stale = loanbook.refusal("clients", "reinstate", 1, "--reason", "x", "--version", 1)
    assert "status: approved -> denied at 20" in stale
    assert loanbook.json("clients", "reinstate", 1, "--reason", "proven")["action"] == "reinstated"
    changes = loanbook.json("clients", "history", 1)["changes"]
    assert [one["reason"] for one in changes] == [None, "the bank called", "proven"]
    said = loanbook("clients", "reinstate", 3, "--reason", "x", "--json", code=1)
    assert json.loads(said.err) == {
        "error": "Client 3 has a defaulted loan (4, due 2023-07-30, R$ 710,33 to pay);"
        " it must be paid first.",
        "rule": "client_owes_no_defaulted_loan",
    }


def test_clients_are_found_page_by_page(loanbook: Program) -> None:
    first = loanbook.json("clients", "find", "--limit", 3)
    assert [one["user_id"] for one in first["clients"]] == [1, 2, 3]
    rest = loanbook.json("clients", "find", "--limit", 3, "--after", first["next"])
    assert ([one["user_id"] for one in rest["clients"]], rest["next"]) == ([4, 5], None)
    said = loanbook("clients", "find", "--status", "denied", "--limit", 1).out
    assert "Bruno Braga" in said
    assert said.endswith("There are more: the same with --after 2\n")
    [found] = loanbook.json("clients", "find", "--name", "ana alv", "--batch", 1)["clients"]
    assert (found["user_id"], found["email"]) == (1, "ana@example.com")
    [found] = loanbook.json("clients", "find", "--tax-id", "39053344705", "--id", 1)["clients"]
    assert found["credit_limit"] == CLIENTS[0].credit_limit
    loanbook("clients", "find", "--status", "perhaps", code=2)


def test_a_client_is_shown_with_all_that_is_its_own(loanbook: Program) -> None:
    loanbook("clients", "amend", 1, "--batch", 2, "--reason", "wrong cohort")
    seen = loanbook.json("clients", "show", 1)
    assert (seen["user_id"], seen["batch"], seen["contact"]["name"]) == (1, 2, "Ana Alves")
    assert [loan["loan_id"] for loan in seen["loans"]] == [2, 1]
    assert len(seen["payments"]) == 2
    balance = ANA_OPEN.due_amount - ANA_OPEN.amount_paid
    free = CLIENTS[0].credit_limit - balance
    assert seen["exposure"] == {
        "open_balance": balance,
        "limit": CLIENTS[0].credit_limit,
        "free": free,
    }
    assert seen["changes"][0]["changes"] == {"batch": [1, 2]}
    assert seen["findings"] == []
    said = loanbook("clients", "show", 1).out
    for title in ("Contact", "Loans", "Payments", "Last changes"):
        assert f"\n{title}\n" in said
    assert f"may borrow  BRL {free:,.2f}\n" in said
    assert "contact" not in loanbook.json("clients", "show", 1, "--at", "2100-01-01")


def test_a_contact_is_registered_amended_and_shown(loanbook: Program) -> None:
    words = ("--name", "Zoë O'Neil", "--email", "zoe@EXAMPLE.com", "--tax-id", "12.ABC.345/01DE-35")
    made = loanbook.json("clients", "register", *TERMS, *words)
    assert made["duplicates"] == []
    number = made["user_id"]
    done = loanbook.json("contacts", "amend", number, "--opt-out", "--reason", "asked")
    assert (done["action"], done["version"]) == ("amended", 2)
    assert done["contact"]["opted_out_at"] is not None
    back = loanbook.json("contacts", "amend", number, "--opt-in", "--phone", "", "--reason", "x")
    assert back["contact"]["opted_out_at"] is None
    same = loanbook("contacts", "amend", number, "--locale", "", "--reason", "x").out
    assert same.startswith(f"The contact of client {number} is unchanged.\n")
    assert "tax id             12ABC34501DE35\n" in loanbook("contacts", "show", number).out
    assert "email: zoe@example.com" in loanbook("contacts", "history", number).out
    twin = loanbook("contacts", "register", 4, "--email", "zoe@example.com").out
    assert f"Warning: client {number} has the same e-mail.\n" in twin
    refused = loanbook.refusal("contacts", "amend", 4, "--email", "zoe at home", "--reason", "x")
    assert refused == "An email address must have an @-sign."
    refused = loanbook.refusal("contacts", "amend", 4, "--name", "a\nb", "--reason", "x")
    assert refused == "A name told here has no control characters or line breaks."
    said = loanbook("contacts", "amend", 4, "--reason", "x", code=2)
    assert "Name what to amend" in said.err


def test_duplicates_are_refused_where_the_workspace_says_so(loanbook: Program) -> None:
    toml = loanbook.home / "loanbook.toml"
    toml.write_text('[clients]\nduplicates = "refuse"\n', encoding="utf-8")
    refused = loanbook.refusal("clients", "register", *TERMS, "--email", "ana@example.com")
    assert refused == "Client 1 has the same e-mail."
    assert loanbook.json("clients", "find", "--after", 5)["clients"] == []
    toml.write_text('[clients]\nduplicates = "ignore"\n', encoding="utf-8")
    said = loanbook("clients", "find", code=2)
    assert "clients.duplicates in" in said.err
    assert 'ignore is neither "warn" nor "refuse"' in said.err


def test_a_person_is_told_everything_and_forgotten(loanbook: Program, tmp_path: Path) -> None:
    file = tmp_path / "ana.json"
    loanbook("clients", "export", 1, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    held = json.loads(file.read_text("utf-8"), parse_float=Decimal)
    assert held == loanbook.json("clients", "export", 1)
    assert held["contact"]["email"] == "ana@example.com"
    assert [loan["due_amount"] for loan in held["loans"]] == [
        LOANS[0].due_amount,
        LOANS[1].due_amount,
    ]
    assert {one["of"] for one in held["history"]} == {"clients", "contacts", "loan 1", "loan 2"}
    loanbook("clients", "export", 1, file, code=1)  # nothing is overwritten
    assert loanbook.refusal("clients", "export", 99) == "There is no client 99."

    done = loanbook("clients", "anonymise", 1, "--reason", "request 7").out
    assert done.startswith("Client 1 is anonymised; 2 files lost lines.\n")
    assert "Warning: the client still owes BRL 2,352.70.\n" in done
    left = [path for path in loanbook.home.rglob("*.csv") if "Ana Alves" in path.read_text("utf-8")]
    assert left == []
    assert "request 7" in loanbook("contacts", "history", 1).out
    assert "was anonymised on" in loanbook.refusal(
        "contacts", "amend", 1, "--name", "Ana", "--reason", "x"
    )
    assert "No new files." in loanbook("run", *DAY).out
