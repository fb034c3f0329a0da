"""The help of every command, and options that all of them have."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from loanbook.cli import app as program

COMMON = ("--home DIR", "--json", "--debug", "--help")
ACTING = {
    ("run",),
    ("worker",),
    ("stage",),
    ("promote",),
    ("psql",),
    ("quarantine", "retry"),
    ("summary", "queue"),
    ("outbox", "deliver"),
    ("quarantine", "dismiss"),
    ("runs", "resume"),
    ("runs", "retry"),
    ("findings", "accept"),
    ("clients", "register"),
    ("clients", "amend"),
    ("clients", "upsert"),
    ("clients", "deny"),
    ("clients", "reinstate"),
    ("clients", "anonymise"),
    ("contacts", "register"),
    ("contacts", "amend"),
    ("classify",),
    ("loans", "open"),
    ("loans", "cancel"),
    ("loans", "dispute"),
    ("loans", "settle-dispute"),
    ("payments", "post"),
    ("payments", "reverse"),
    ("products", "change"),
    ("reminders", "queue"),
    ("summary", "queue"),
    ("outbox", "resolve"),
    ("outbox", "retry"),
    ("outbox", "suppress"),
    ("sources", "take"),
}
EXPECTED = {
    *ACTING,
    ("ask",),
    ("demo",),
    ("report",),
    ("snapshot",),
    ("install",),
    ("backup",),
    ("restore",),
    ("upgrade",),
    ("purge",),
    ("status",),
    ("doctor",),
    ("check",),
    ("stop",),
    ("runs", "list"),
    ("runs", "show"),
    ("sources", "list"),
    ("sources", "files"),
    ("sources", "test"),
    ("sources", "sniff"),
    ("batches", "list"),
    ("batches", "show"),
    ("quarantine", "list"),
    ("quarantine", "show"),
    ("quarantine", "export"),
    ("findings", "list"),
    ("clients", "show"),
    ("clients", "history"),
    ("clients", "find"),
    ("clients", "export"),
    ("contacts", "show"),
    ("contacts", "history"),
    ("loans", "show"),
    ("loans", "history"),
    ("loans", "quote"),
    ("loans", "find"),
    ("payments", "list"),
    ("products", "list"),
    ("products", "show"),
    ("reminders", "preview"),
    ("summary", "preview"),
    ("reminders", "due"),
    ("outbox", "list"),
    ("outbox", "show"),
    ("summary", "preview"),
}


def commands() -> list[tuple[str, ...]]:
    """Every command, by the words that call it."""
    found: list[tuple[str, ...]] = []
    for name, command in typer.main.get_group(program.app).commands.items():
        inner = getattr(command, "commands", None)
        found += [(name, each) for each in inner] if inner else [(name,)]
    return found


def helped(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert program.run([*words, "--help"]) == 0
    return capsys.readouterr().out


def test_the_commands_are_those_promised() -> None:
    assert set(commands()) == EXPECTED


@pytest.mark.parametrize("words", sorted(EXPECTED), ids=" ".join)
def test_every_command_has_help_examples_and_the_common_options(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = helped(*words, capsys=capsys)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "Example" in text
    assert f"loanbook {' '.join(words)}" in text
    assert all(option in text for option in COMMON)
    assert ("--actor NAME" in text) == (words in ACTING)


def test_the_first_page_fits_and_cuts_no_summary(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in (
        (),
        ("clients",),
        ("quarantine",),
        ("batches",),
        ("findings",),
        ("loans",),
        ("payments",),
        ("products",),
        ("contacts",),
        ("sources",),
    ):
        text = helped(*words, capsys=capsys)
        assert all(len(line) <= 80 for line in text.splitlines())
        assert "..." not in text.replace("[ARGS]...", "").replace("[PATH]...", "")


def test_the_program_starts_without_heavy_packages() -> None:
    script = (
        "import sys, loanbook.cli.app\n"
        "print([m for m in ('numpy', 'psycopg', 'rich', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
