"""The commands as processes: what they answer in words and in JSON, and how they end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA_OPEN, CLIENTS, CONTACTS, LOANS, broken, lent
from tests.program import Program

from loanbook.mart import checks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = ("--as-of", "2024-01-25")
HEALTHY = f"All {len(checks.names())} checks passed."


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A workspace into which the cast was taken, only to be read."""
    home = tmp_path_factory.mktemp("told") / "a home"
    with Program.at(home) as program:
        program.deliver(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        program("run", *DAY, "--actor", "night shift")
        yield program


@pytest.fixture
def loanbook(tmp_path: Path) -> Iterator[Program]:
    with Program.at(tmp_path / "home") as program:
        yield program


def test_reading_commands_serve_an_empty_workspace(loanbook: Program) -> None:
    assert "No file was taken in yet" in loanbook("batches", "list").out
    assert loanbook("quarantine", "list").out == "No line is open in quarantine.\n"
    assert loanbook("findings", "list").out == "There are no open findings.\n"
    assert loanbook("check").out == f"{HEALTHY}\n"
    assert loanbook("promote").out == "No batch is waiting.\n"
    assert "No files in" in loanbook("stage").out
    assert "There is no line that could be tried" in loanbook("quarantine", "retry").out
    assert loanbook.refusal("clients", "show", 1) == "There is no client 1."
    assert loanbook.refusal("clients", "show", 1, "--at", "2020-01-01") == (
        "The book is still empty; nothing was ever loaded or registered."
    )
    assert "The book is up to date" in loanbook("install").out


def test_a_run_says_what_happened_and_where_to_look(told: Program) -> None:
    said = told("run", *DAY).out
    assert "No new files." in said
    assert "5 clients, 5 loans, 4 contacts, 5 payments; 0 lines open in quarantine" in said
    assert HEALTHY in said
    assert "\x1b" not in said
    summary = told.json("run", *DAY)
    assert set(summary) == {
        *("as_of", "ok", "files", "batches", "clients", "loans", "contacts", "payments"),
        *("quarantine", "findings", "checks", "months", "run", "steps", "caught_up"),
        "report",
    }
    assert (summary["as_of"], summary["ok"]) == ("2024-01-25", True)
    assert {"month": "2023-12", "loans": 2, "principal": Decimal("6500.00")} in summary["months"]
    assert told.refusal("run", "--as-of", "2024-01-24").startswith("The book stands at 2024-01-25")


def test_a_batch_is_shown_with_what_it_changed(loanbook: Program) -> None:
    loanbook.deliver(clients=CLIENTS, loans=LOANS)
    said = loanbook("run", *DAY).out
    assert "lines 5 = 5 inserted + 0 updated + 0 unchanged + 0 collapsed + 0 quarantined" in said
    paid = lent(2, CLIENTS[0], "2023-12-01 20:45:10", 2_500, paid="2024-01-25 08:00:00")
    late = lent(6, CLIENTS[3], "2023-06-01", 9_000, paid="2023-09-09")
    loanbook.deliver(loans=[LOANS[0], paid, *LOANS[2:], late])
    loanbook("run", "--as-of", "2024-01-26", "--actor", "maria")
    number = loanbook.json("batches", "list")["batches"][0]["batch_id"]
    story = loanbook.json("batches", "show", number)
    (change,) = story["changes"]
    assert (change["relation"], change["key"], change["operation"]) == ("loans", 2, "update")
    assert change["changes"]["amount_paid"] == [ANA_OPEN.amount_paid, paid.amount_paid]
    assert story["batch"]["actor"] == "maria"
    assert {one["rule"] for one in story["findings"]} == {"loans_above_limit", "loans_paid_late"}
    shown = loanbook("batches", "show", number).out
    assert f"amount_paid: 300.25 → {paid.amount_paid}" in shown
    assert "status: ongoing → paid" in shown
    assert loanbook.refusal("batches", "show", 99) == "There is no batch 99."

    (finding,) = loanbook.json("findings", "list", "--rule", "loans_paid_late")["findings"]
    accepted = loanbook.json(
        "findings", "accept", finding["finding_id"], "--reason", "strike", "--actor", "rui"
    )
    assert (accepted["state"], accepted["accepted_by"]) == ("accepted", "rui")
    left = loanbook.json("findings", "list")["counts"]
    assert [one["rule"] for one in left] == ["loans_above_limit"]
    assert len(loanbook.json("findings", "list", "--all")["findings"]) == 2
    assert loanbook.refusal("findings", "accept", 99, "--reason", "x") == (
        "There is no open finding 99."
    )


def test_a_client_and_a_loan_in_words(told: Program) -> None:
    assert "credit limit   BRL 2,500.50\n" in told("clients", "show", 4).out
    shown = told("loans", "show", 2).out
    assert f"BRL {ANA_OPEN.due_amount - ANA_OPEN.amount_paid:,.2f} to pay, " in shown
    history = told("loans", "history", 2).out
    assert "insert by night shift, batch" in history
    assert "opening      300.25  undated" in history


def test_amendments_are_told_by_history_and_time_travel(loanbook: Program) -> None:
    loanbook.deliver(clients=CLIENTS)
    loanbook("run", *DAY)
    words = ("--credit-limit", "9000.5", "--reason", "two loans repaid", "--actor", "maria")
    amended = loanbook.json("clients", "amend", 1, *words, "--version", 1)
    assert (amended["user_id"], amended["version"], amended["action"]) == (1, 2, "amended")
    assert loanbook.json("clients", "amend", 1, *words)["action"] == "unchanged"
    assert "maria changed credit_limit" in loanbook.refusal(
        *("clients", "amend", 1, "--batch", 2, "--reason", "x", "--version", 1)
    )
    came, change = loanbook.json("clients", "history", 1)["changes"]
    assert (change["actor"], change["reason"]) == ("maria", "two loans repaid")
    before = loanbook.json("clients", "show", 1, "--at", came["at"])
    assert (before["version"], before["credit_limit"]) == (1, CLIENTS[0].credit_limit)
    assert str(loanbook.json("clients", "show", 1)["credit_limit"]) == "9000.50"
    assert "the book was empty; it begins at" in loanbook.refusal(
        "clients", "show", 1, "--at", "2020-01-01 10:00"
    )
    made = loanbook.json(
        *("clients", "upsert", "--credit-limit", 10, "--interest-rate", 20, "--batch", 1)
    )
    assert (made["user_id"], made["action"]) == (1_000_000_000, "registered")


def test_a_batch_refused_whole_is_one_and_keeps_the_mart(loanbook: Program) -> None:
    loanbook.deliver(
        clients=CLIENTS, loans=[broken(LOANS[0], loan_id=str(n)) for n in range(9, 99)]
    )
    loanbook("run", *DAY)
    bad = [broken(LOANS[0], loan_id=str(n), tax="much") for n in range(100, 130)]
    loanbook.deliver(loans=[*LOANS, *bad])
    loanbook("stage", *DAY)
    done = loanbook("promote", code=1)
    assert "(loans.csv): refused\n" in done.out
    assert "more than 5 %" in done.out
    assert loanbook.refusal("loans", "show", 2) == "There is no loan 2."
    assert loanbook.json("run", *DAY, code=1)["ok"] is False


def test_a_failed_check_is_one(loanbook: Program) -> None:
    loanbook.deliver(clients=CLIENTS, loans=LOANS)
    loanbook("run", *DAY)
    forged = (
        "alter table dm.payments disable trigger user; "
        "update dm.payments set amount = 1 where loan_id = 2"
    )
    loanbook("psql", "--owner", "--", "-c", forged)
    said = loanbook("check", code=1)
    assert "payments_match_amount_paid failed: 1 row." in said.out
    assert "loan 2: amount_paid 300.25, payments 1.00" in said.out
    found = {one["name"]: one for one in loanbook.json("check", code=1)["checks"]}
    assert found["payments_match_amount_paid"]["rows"][0]["subject_id"] == 2
    assert loanbook("run", *DAY, code=1).err == ""


def test_what_a_file_holds_cannot_steer_the_terminal(loanbook: Program) -> None:
    evil = broken(CONTACTS[0], name="x\x1b]0;owned\x07[red]y[/red]", user_id="77")
    loanbook.deliver(clients=CLIENTS, contacts=[evil])
    loanbook("run", *DAY)
    shown = loanbook("quarantine", "show", 1).out
    assert "\x1b" not in shown
    assert r"x\x1b]0;owned\x07[red]y[/red]" in shown
    assert loanbook.json("quarantine", "show", 1)["raw"].count("\x1b") == 1


def test_demo_twice_and_run_twice_change_nothing(loanbook: Program) -> None:
    made = loanbook.json("demo", "--scale", "0.001")
    assert (made["written"], made["as_of"], made["clients"]) == (True, "2024-01-25", 90)
    first = loanbook.json("run")
    assert (first["clients"], first["loans"], first["quarantine"]) == (90, 151, 0)
    loanbook("demo", "--scale", "0.001")
    again = loanbook.json("run")
    assert {file["outcome"] for file in again["files"]} == {"known"}
    assert again["batches"] == []
    assert loanbook.json("demo", "--if-missing")["written"] is False
    assert len(loanbook.json("batches", "list")["batches"]) == 3


def test_a_reader_that_leaves_is_no_error(told: Program) -> None:
    line = [sys.executable, "-m", "loanbook", "--home", str(told.home), "clients", "history", "1"]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=told.environ
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize(("wish", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_is_quiet(wish: signal.Signals, code: int, told: Program) -> None:
    home = told.home.parent / f"interrupted by {wish.name}"
    line = [sys.executable, "-m", "loanbook", "demo", "--scale", "20", "--home", str(home)]
    with subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=told.environ,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not list(home.glob("input_data/.*.part")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(wish)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (code, b"", b"")


def test_an_unreachable_or_empty_database_is_one_sentence(told: Program) -> None:
    environ = told.environ | {"DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/none"}
    away = Program(told.home, **environ)
    said = away.refusal("check")
    assert said.startswith("No PostgreSQL answers at 127.0.0.1:1/none")
    assert "secret" not in said
    error = json.loads(away("clients", "show", 1, "--json", code=1).err)
    assert error["error"].startswith("No PostgreSQL answers")
    away.refusal("psql", "--", "-c", "select 1")


def test_the_server_ends_with_its_last_user(tmp_path: Path) -> None:
    loanbook = Program(tmp_path / "home")
    loanbook("check")
    assert loanbook("stop").out == "No server was running.\n"
    assert loanbook.json("stop") == {"stopped": False}


def test_psql_is_the_applications_and_ends_as_psql_does(told: Program) -> None:
    who = "select current_user, current_setting('loanbook.actor')"
    said = told("psql", "--actor", 'Eva "x" \\ é', "--", "-Atc", who)
    assert said.out == 'loanbook_app|Eva "x" \\ é\n'
    assert told("psql", "--", "-c", "select 1 / 0", code=1).err == "ERROR:  division by zero\n"
    assert told("psql", "--owner", "--", "-Atc", "select current_user").out == "loanbook_owner\n"
