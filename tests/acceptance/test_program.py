"""The program as a process: what a person types, what comes back, with which exit code."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CLIENTS = "user_id,created_at,status,batch,credit_limit,interest_rate,denied_reason,denied_at\n"
LOANS = "user_id,loan_id,created_at,due_at,paid_at,status,loan_amount,tax,due_amount,amount_paid\n"
LOAN = "1,1,2024-01-02 10:00:00,2024-04-01 10:00:00,,ongoing,1000,11.18,1061.18,0\n"


@dataclass
class Shell:
    """A terminal in which only one workspace is known."""

    home: Path

    def __call__(
        self, *arguments: str, code: int = 0, url: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Type a command and expect an exit code."""
        left_out = {"DATABASE_URL", "LOANBOOK_HOME"}
        environ = {key: value for key, value in os.environ.items() if key not in left_out}
        environ |= {"LOANBOOK_HOME": str(self.home)} | ({"DATABASE_URL": url} if url else {})
        done = subprocess.run(
            [sys.executable, "-m", "loanbook", *arguments],
            env=environ,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 -- as the command says
        """The same with --json."""
        return json.loads(self(*arguments, "--json", code=code).stdout)

    def put(self, name: str, text: str) -> Path:
        """A file in the inbox."""
        path = self.home / "input_data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    home = tmp_path / "a home"
    home.mkdir()
    (home / "loanbook.toml").write_text("[runs]\nreport = false\n", "utf-8")  # pictures take 8 s
    return Shell(home)


def monthly() -> list[tuple[str, int, int]]:
    """The published months: issue month, loans, principal."""
    from loanbook.demo import published  # noqa: PLC0415 -- only here

    return [(f"{m.year}-{m.month:02}", m.loans, m.principal) for m in published.MONTHS]


def test_the_portfolio_at_full_scale_is_the_published_one(shell: Shell) -> None:
    shell("demo")
    told = shell.json("run", "--as-of", "2024-01-25")
    assert (told["clients"], told["loans"], told["quarantine"]) == (90_000, 150_708, 0)
    assert told["findings"] == []
    assert told["ok"]
    found = [(m["month"], m["loans"], m["principal"]) for m in told["months"]]
    assert found == monthly()
    again = shell.json("run", "--as-of", "2024-01-25")
    assert [file["outcome"] for file in again["files"]] == ["known"] * 3
    assert (again["clients"], again["loans"], again["batches"]) == (90_000, 150_708, [])


def test_a_second_day_changes_and_audits_only_what_differs(shell: Shell) -> None:
    for day in ("0", "1"):
        shell("demo", "--scale", "0.02", "--day", day)
        told = shell.json("run")
    assert told["as_of"] == "2024-01-26"
    for batch in told["batches"]:
        lines = batch["totals"][0]
        shown = shell.json("batches", "show", str(batch["batch_id"]))
        changed = [c for c in shown["changes"] if c["relation"] == batch["kind"]]
        assert len(changed) == lines["updated"]
    assert {batch["kind"] for batch in told["batches"]} == {"clients", "contacts", "loans"}


def test_an_amendment_is_explained_and_outlives_the_next_file(shell: Shell) -> None:
    shell("demo", "--scale", "0.002")
    shell("run")
    before = shell.json("clients", "show", "42")
    shell("clients", "amend", "42", "--batch", "9", "--reason", "moved", "--actor", "maria")
    shell("demo", "--scale", "0.002", "--day", "1")
    shell("run")
    assert shell.json("clients", "show", "42")["batch"] == 9
    first, last = shell.json("clients", "history", "42")["changes"]
    assert (last["actor"], last["reason"]) == ("maria", "moved")
    assert last["changes"]["batch"] == [before["batch"], 9]
    then = shell.json("clients", "show", "42", "--at", first["at"])
    assert then["batch"] == before["batch"]
    refused = shell("clients", "show", "42", "--at", "2020-01-01", code=1)
    assert "begins at" in refused.stderr


def test_registering_validates_and_answers_with_the_id(shell: Shell) -> None:
    terms = ("--interest-rate", "20", "--batch", "1")
    made = shell.json("clients", "register", "--credit-limit", "5000", *terms)
    assert made["user_id"] == 1_000_000_000
    for limit in ("100.005", "NaN", "-1", "1e12"):
        shell("clients", "register", f"--credit-limit={limit}", *terms, code=1)
    shell("clients", "amend", "7", "--batch", "2", "--reason", "x", code=1)
    stale = ("clients", "amend", "1000000000", "--batch", "2", "--reason", "x")
    shell(*stale, "--version", "1")
    assert "version" in shell(*stale, "--version", "1", code=1).stderr


def test_refused_lines_are_mended_or_tried_again(shell: Shell) -> None:
    shell.put("loans.csv", LOANS + LOAN + LOAN.replace("1,1,", "1,2,").replace("ongoing", "lost"))
    shell("run", "--as-of", "2024-01-25")
    kept = shell.json("quarantine", "list")["lines"]
    assert [line["line_no"] for line in kept] == [2, 3]
    assert len(kept[1]["reasons"]) == 2
    shell.put("clients.csv", CLIENTS + "1,2023-01-01 00:00:00,approved,1,5000,20,,\n")
    shell("run", "--as-of", "2024-01-25")
    shell("quarantine", "retry")
    assert shell.json("loans", "show", "1")["status"] == "ongoing"
    mend = shell.home / "mend.csv"
    shell("quarantine", "export", str(mend))
    (line,) = list(csv.DictReader(mend.read_text("utf-8").splitlines()))
    assert "status must be" in line["reasons"]
    text = mend.read_text("utf-8").replace("lost", "paid").replace(",,", ",2024-01-05 10:00:00,")
    mend.write_text(text, "utf-8")
    shell("stage", str(mend))
    shell("promote")
    assert shell.json("loans", "show", "2")["status"] == "paid"
    assert shell.json("quarantine", "list")["lines"] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("user_id,loan_id,created_at\n", "lacks"),
        ("a,b,c\n1,2,3\n", "neither"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named(shell: Shell, content: str, said: str) -> None:
    shell.put("odd.csv", content)
    done = shell("run", "--as-of", "2024-01-25", code=1)
    assert "odd.csv" in done.stdout + done.stderr
    assert said in done.stdout + done.stderr


def test_usage_is_two_and_an_unreachable_server_is_one_sentence(shell: Shell) -> None:
    shell("nosuch", code=2)
    shell("stage", "nowhere", code=2)
    shell("run", "--as-of", "soon", code=2)
    done = shell("check", code=1, url="postgresql://127.0.0.1:1/none")
    assert done.stderr.count("\n") == 1
    assert "DATABASE_URL" in done.stderr


def test_the_application_in_psql_may_call_but_not_write(shell: Shell) -> None:
    shell.put("clients.csv", CLIENTS + "1,2023-01-01 00:00:00,approved,1,5000,20,,\n")
    shell("run", "--as-of", "2024-01-25")
    denied = shell("psql", "--", "-c", "update dm.clients set batch = 2", code=1)
    assert "permission denied" in denied.stderr
    shell("psql", "--actor", "rui", "--", "-c", "select api.amend_client(1, 'x', p_batch => 2)")
    assert shell.json("clients", "history", "1")["changes"][-1]["actor"] == "rui"
    seen = shell("psql", "--owner", "--", "-Atc", "select count(*) from dm.clients")
    assert seen.stdout.strip() == "1"
    assert shell("stop").returncode == 0
