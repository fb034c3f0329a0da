"""`loanbook outbox deliver` as a person starts it."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from tests.cast import CLIENTS, CONTACTS, LOANS
from tests.crew import free_port
from tests.program import Program

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2024-01-25"
DELIVER = ("outbox", "deliver", "--as-of", DAY, "--actor", "tester")
REMINDERS = "[reminders]\nsteps = [-90, 0]\nforgiven = 3650\nreach = 3650\n"
NO_SERVER = """
[mail]
carrier = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
"""


def test_letters_wait_for_a_server_and_become_files_without_one(tmp_path: Path) -> None:
    with Program.at(tmp_path / "home") as program:
        toml = program.home / "loanbook.toml"
        program.deliver(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        program("run", "--as-of", DAY, "--actor", "tester")
        toml.write_text(REMINDERS + NO_SERVER.format(port=free_port()), "utf-8")
        program("reminders", "queue", "--as-of", DAY, "--actor", "tester")
        assert "Connection refused" in program.refusal(*DELIVER)
        waiting = program.json("outbox", "list", "--state", "planned")["letters"]
        assert waiting
        assert {letter["attempts"] for letter in waiting} == {0}

        toml.write_text(REMINDERS, "utf-8")
        assert program.json(*DELIVER)["letters"]["sent"] == len(waiting)
        assert program(*DELIVER).out == "0 letters sent.\n"
        sent = program.json("outbox", "list", "--state", "sent")["letters"]
        files = sorted((program.home / "outbox").glob("letter-*.eml"))
        assert len(files) == len(sent)
        for file in files:
            letter = message_from_bytes(file.read_bytes(), policy=policy.default)
            assert letter["Message-ID"] in {one["message_id"] for one in sent}
            assert letter["To"] in {contact.email for contact in CONTACTS}
