"""Letters looked at from the command line: samples, and those of a client's own loans."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA_OPEN, CLIENTS, CONTACTS, LOANS
from tests.letters import amounts, decoded, fields
from tests.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = ("--as-of", "2024-01-25")
PAYEE = """
[runs]
report = false
[payee]
name = "Crédito São João S.A."
cnpj = "12.345.678/0001-95"
pix_key = "12.345.678/0001-95"
sender = "avisos@credito.example"
site = "https://credito.example"
"""


@pytest.fixture(scope="module")
def loanbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A workspace into which the cast was taken."""
    with Program.at(tmp_path_factory.mktemp("home")) as program:
        program.deliver(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        (program.home / "loanbook.toml").write_text(PAYEE, "utf-8")
        program("run", *DAY)
        yield program


def test_a_clients_letter_is_written_as_it_would_travel(loanbook: Program) -> None:
    told = loanbook.json("reminders", "preview", 1, *DAY)
    [made] = told["letters"]
    assert told["folder"] == str(loanbook.home / "preview")
    mail = message_from_bytes(Path(made["eml"]).read_bytes(), policy=policy.default)
    assert mail["to"] == "ana@example.com"
    assert mail["subject"] == made["subject"]
    loan = loanbook.json("loans", "show", ANA_OPEN.loan_id)
    text = Path(made["text"]).read_text("utf-8")
    assert str(loan["loan_id"]) in text
    [line] = [one for one in text.splitlines() if one.startswith("Para quitar hoje")]
    assert [float(amount) for amount in amounts(line)] == [float(loan["balance"])]
    [picture] = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    code = decoded(picture.get_content())
    assert float(fields(code)["54"]) == float(loan["balance"])
    assert code in text
    page = Path(made["html"]).read_text("utf-8")
    assert code in page
    assert "data:image/png;base64," in page
    assert "cid:" not in page


def test_in_another_language_and_folder(loanbook: Program) -> None:
    folder = loanbook.home / "a folder"
    words = ("reminders", "preview", 1, *DAY, "--language", "en", "--to", folder)
    [made] = loanbook.json(*words)["letters"]
    assert Path(made["text"]).read_text("utf-8").startswith("Hello Ana")
    assert loanbook(*words).out == f"{made['subject']}\n  {folder / 'client-1.html'}\n"


def test_samples_of_all_letters(loanbook: Program) -> None:
    letters = loanbook.json("reminders", "preview", "--all-kinds", *DAY)["letters"]
    kinds = ("before_due", "due_today", "overdue", "paid_off", "two_loans")
    assert {one["name"] for one in letters} == {
        f"{kind}-{code}" for kind in kinds for code in ("pt-BR", "en")
    }
    for one in letters:
        assert all(Path(one[key]).stat().st_size for key in ("html", "text", "eml"))
    said = loanbook("reminders", "preview", "--all-kinds", "--language", "en", *DAY).out
    assert said.count(".html") == len(kinds)


def test_what_cannot_be_previewed(loanbook: Program) -> None:
    assert "Name a client or say --all-kinds." in loanbook.refusal("reminders", "preview", code=2)
    assert "nothing open" in loanbook.refusal("reminders", "preview", 5, *DAY)
