"""Refused lines: seen, exported, mended, staged again, or tried again as they are."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA_OPEN, CLIENTS, CONTACTS, EVA_PAID, LOANS, broken, csv_text
from tests.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = ("--as-of", "2024-01-25")
MALFORMED = "loan_amount is not an amount in plain digits with a decimal point."


@pytest.fixture
def loanbook(tmp_path: Path) -> Iterator[Program]:
    with Program.at(tmp_path / "home") as program:
        yield program


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def mended(lines: list[dict[str, str]], **cells: str) -> str:
    """An export in which every line has got these cells."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(lines[0]))
    writer.writeheader()
    writer.writerows(line | cells for line in lines)
    return out.getvalue()


def test_a_refused_line_is_shown_with_file_line_and_every_reason(loanbook: Program) -> None:
    wrong = broken(EVA_PAID, loan_amount="12,5", due_at="soon")
    loanbook.deliver(clients=CLIENTS, loans=[*LOANS[:4], wrong])
    loanbook("run", *DAY)
    (line,) = loanbook.json("quarantine", "list")["lines"]
    assert (line["file"], line["line_no"], line["kind"], line["key"]) == (
        "loans.csv",
        6,
        "loans",
        5,
    )
    assert line["rules"] == ["loans_due_at_malformed", "loans_loan_amount_malformed"]
    assert line["raw"] == csv_text("loans", [wrong]).splitlines()[1]
    shown = loanbook("quarantine", "show", line["quarantine_id"]).out
    assert "Line 6 of loans.csv" in shown
    assert MALFORMED in shown
    assert line["raw"] in shown
    listed = loanbook("quarantine", "list").out
    assert MALFORMED in listed
    assert loanbook.refusal("quarantine", "show", 99) == "There is no line 99 in quarantine."


def test_a_line_of_which_nothing_is_to_come_is_dismissed(loanbook: Program) -> None:
    loanbook.deliver(clients=CLIENTS, loans=[*LOANS[:4], broken(EVA_PAID, loan_amount="12,5")])
    loanbook("run", *DAY)
    said = loanbook("quarantine", "dismiss", 1, "--reason", "a test", "--actor", "olga").out
    assert said == "Line 6 of loans.csv is dismissed by olga: a test\n"
    assert loanbook.json("quarantine", "list")["total"] == 0
    assert "It is dismissed by olga" in loanbook("quarantine", "show", 1).out
    assert loanbook.json("quarantine", "retry")["lines"] == 0
    again = loanbook.refusal("quarantine", "dismiss", 1, "--reason", "a test")
    assert again == "There is no open line 1 in quarantine."


def test_an_export_is_mended_staged_and_closes_its_lines(loanbook: Program, tmp_path: Path) -> None:
    loanbook.deliver(
        clients=CLIENTS,
        loans=[
            *LOANS[:3],
            broken(LOANS[3], loan_amount="seven hundred"),
            broken(EVA_PAID, loan_id="five"),
        ],
    )
    assert loanbook.json("run", *DAY)["quarantine"] == 2
    exported = loanbook("quarantine", "export").out
    first, second = lines_of(exported)
    assert list(first)[:4] == ["quarantine_id", "batch_id", "line_no", "reasons"]
    assert list(first)[4:] == list(lines_of(csv_text("loans", LOANS))[0])
    assert (first["line_no"], first["reasons"]) == ("5", MALFORMED)
    assert (second["line_no"], second["loan_id"], second["user_id"]) == ("6", "five", "5")

    file = tmp_path / "mended.csv"
    file.write_text(
        mended([first | {"loan_amount": "700"}, second | {"loan_id": "5"}]), encoding="utf-8"
    )
    assert loanbook.json("stage", file, *DAY)["files"][0]["outcome"] == "staged"
    (batch,) = loanbook.json("promote")["batches"]
    assert batch["totals"][0] == {
        "measure": "lines",
        "in_file": 2,
        "inserted": 2,
        "updated": 0,
        "unchanged": 0,
        "collapsed": 0,
        "quarantined": 0,
        "unreadable": 0,
    }
    states = {
        line["line_no"]: (line["state"], line["closed_by"])
        for line in loanbook.json("quarantine", "list", "--all")["lines"]
    }
    # The line whose loan_id could not be read has no key that could supersede it.
    number = batch["batch_id"]
    assert states == {5: ("superseded", number), 6: ("retried", number)}
    assert loanbook.json("quarantine", "list") == {"total": 0, "lines": []}
    assert loanbook.json("loans", "show", 5)["status"] == "paid"
    assert loanbook.refusal("quarantine", "export") == "No line is open in quarantine."


def test_what_stays_wrong_in_a_mended_file_is_refused_once_not_twice(
    loanbook: Program, tmp_path: Path
) -> None:
    loanbook.deliver(clients=CLIENTS, loans=[broken(EVA_PAID, tax="much")])
    loanbook("run", *DAY)
    file = tmp_path / "mended.csv"
    loanbook("quarantine", "export", file)
    loanbook("stage", file)
    loanbook("promote")
    (again,) = loanbook.json("quarantine", "list")["lines"]
    assert again["file"] == "mended.csv"
    (line,) = loanbook.json("quarantine", "export")["rows"]
    assert (line["tax"], line["line_no"]) == ("much", "2")
    assert list(line).count("quarantine_id") == 1


def test_an_export_never_overwrites(loanbook: Program, tmp_path: Path) -> None:
    loanbook.deliver(clients=CLIENTS, loans=[broken(EVA_PAID, tax="much")])
    loanbook("run", *DAY)
    file = tmp_path / "mended.csv"
    file.write_text("an hour of work", encoding="utf-8")
    assert loanbook.refusal("quarantine", "export", file) == f"{file}: File exists."
    assert file.read_text(encoding="utf-8") == "an hour of work"


def test_an_export_holds_one_kind(loanbook: Program) -> None:
    loanbook.deliver(clients=[*CLIENTS, {"user_id": "x"}], loans=[broken(EVA_PAID, tax="much")])
    loanbook("run", *DAY)
    told = loanbook.refusal("quarantine", "export")
    assert told == "Quarantine holds clients and loans; name one of them with --kind."
    assert len(lines_of(loanbook("quarantine", "export", "--kind", "clients").out)) == 1


def test_formulas_are_inert_in_an_export_and_whole_after_mending(
    loanbook: Program, tmp_path: Path
) -> None:
    hostile = '=HYPERLINK("http://example.com";"x")'
    contact = broken(CONTACTS[0], name=hostile, phone="+55 11 5550-0101", opted_out_at="-5")
    loanbook.deliver(clients=CLIENTS, contacts=[contact])
    loanbook("run", *DAY)
    (line,) = lines_of(loanbook("quarantine", "export").out)
    assert (line["name"], line["phone"]) == ("'" + hostile, "'+55 11 5550-0101")
    assert line["opted_out_at"] == "-5"
    file = tmp_path / "mended.csv"
    file.write_text(mended([line], opted_out_at=""), encoding="utf-8")
    loanbook("stage", file)
    loanbook("promote")
    told = loanbook("psql", "--", "-At", "-c", "select name, phone from api.contacts").out
    assert told == f"{hostile}|+55 11 5550-0101\n"


def test_a_retry_brings_in_what_its_client_had_lacked(loanbook: Program) -> None:
    loanbook.deliver(loans=LOANS)
    loanbook("stage", *DAY)
    assert loanbook.json("promote")["batches"][0]["totals"][0]["quarantined"] == 5
    loanbook.deliver("later", clients=CLIENTS[:2])
    loanbook("stage", loanbook.home / "later", *DAY)
    loanbook("promote")

    done = loanbook.json("quarantine", "retry")
    assert (done["lines"], done["left"]) == (5, 2)  # the loans of Ana and Bruno are in
    (batch,) = done["batches"]
    fates = batch["totals"][0]
    assert (fates["in_file"], fates["inserted"], fates["quarantined"]) == (5, 3, 2)
    loanbook.deliver("last", clients=CLIENTS)
    loanbook("stage", loanbook.home / "last", *DAY)
    loanbook("promote")
    done = loanbook.json("quarantine", "retry", "--batch", batch["batch_id"])
    assert (done["lines"], done["left"]) == (2, 0)
    assert loanbook.json("loans", "show", ANA_OPEN.loan_id)["balance"] == (
        ANA_OPEN.due_amount - ANA_OPEN.amount_paid
    )
    assert "no line that could be tried again" in loanbook("quarantine", "retry").out
    assert loanbook.json("check")["ok"] is True


def test_a_retry_never_undoes_what_came_later(loanbook: Program) -> None:
    old = broken(ANA_OPEN, amount_paid="100.00")
    loanbook.deliver(loans=[old, broken(EVA_PAID, tax="much")])
    loanbook("stage", *DAY)
    loanbook("promote")
    loanbook.deliver("later", clients=CLIENTS, loans=[ANA_OPEN])
    loanbook("stage", loanbook.home / "later", "--as-of", "2024-01-26")
    loanbook("promote")
    loanbook("quarantine", "retry")
    assert loanbook.json("loans", "show", 2)["amount_paid"] == ANA_OPEN.amount_paid
    states = [line["state"] for line in loanbook.json("quarantine", "list", "--all")["lines"]]
    assert states == ["superseded", "retried", "open"]


def test_of_two_refused_days_only_the_newer_is_tried(loanbook: Program) -> None:
    for folder, paid in (("one", "100.00"), ("two", "200.00")):
        path = loanbook.deliver(folder, loans=[broken(ANA_OPEN, amount_paid=paid)])
        loanbook("stage", path, *DAY)
        loanbook("promote")
    loanbook("stage", loanbook.deliver("three", clients=CLIENTS), *DAY)
    loanbook("promote")
    done = loanbook.json("quarantine", "retry")
    assert (done["lines"], done["left"]) == (1, 0)
    assert str(loanbook.json("loans", "show", 2)["amount_paid"]) == "200.00"


def test_contradicting_lines_stay_refused_when_tried_again(loanbook: Program) -> None:
    loanbook.deliver(clients=CLIENTS, loans=[EVA_PAID, broken(EVA_PAID, tax="1.00")])
    loanbook("run", *DAY)
    done = loanbook.json("quarantine", "retry")
    assert (done["lines"], done["left"]) == (2, 2)
    assert "no loan 5" in loanbook.refusal("loans", "show", 5)


def test_lines_that_cannot_be_split_wait_to_be_mended(loanbook: Program) -> None:
    folder = loanbook.deliver(clients=CLIENTS)
    text = csv_text("loans", LOANS) + '5,"6,oops\n' + "5,7,too,short\n" + "5,8" + ",x" * 12 + "\n"
    (folder / "loans.csv").write_text(text, encoding="utf-8")
    assert loanbook.json("run", *DAY)["quarantine"] == 3
    done = loanbook.json("quarantine", "retry")
    assert (done["lines"], done["left"], done["batches"]) == (0, 3, [])
    quoted, short, long = loanbook.json("quarantine", "export")["rows"]
    assert (quoted["user_id"], quoted["loan_id"]) == ("5", "6,oops")
    assert (short["due_at"], short["status"]) == ("short", "")
    assert long["amount_paid"] == "x,x,x,x,x"
