"""How the program ends: exit codes, and one sentence for each error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loanbook import __version__, settings
from loanbook.cli import app as program
from loanbook.errors import NotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    Captured = pytest.CaptureFixture[str]


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command fail."""

    def fail(*_: object, **__: object) -> Any:  # noqa: ANN401
        raise error

    monkeypatch.setattr(settings, "load", fail)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (NotFound(sentence="There is no client 7.", rule="client_exists"), 1, "no client 7."),
        (UsageError(problem="That is no date."), 2, "That is no date."),
        (PermissionError(13, "Permission denied", "/x/y"), 1, "/x/y: Permission denied."),
        (ZeroDivisionError("oh"), 1, "(ZeroDivisionError: oh); the same command with --debug"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_is_one_sentence_and_a_code(
    error: BaseException,
    code: int,
    sentence: str,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing(error, monkeypatch)
    assert program.run(["check"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert said.err.count("\n") == bool(sentence)
    assert "Traceback" not in said.err


def test_an_error_in_json_names_its_rule(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(NotFound(sentence="There is no client 7.", rule="client_exists"), monkeypatch)
    assert program.run(["clients", "show", "7", "--json"]) == 1
    told = json.loads(capsys.readouterr().err)
    assert told == {"error": "There is no client 7.", "rule": "client_exists"}


def test_a_traceback_is_shown_when_asked_for(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(ZeroDivisionError("oh"), monkeypatch)
    assert program.run(["check", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["frobnicate"], "No such command 'frobnicate'; see `loanbook --help`."),
        (["run", "--frob"], "No such option: --frob; see `loanbook run --help`."),
        (["clients", "show"], "Missing argument 'ID'; see `loanbook clients show --help`."),
        (["clients", "show", "x"], "x is no number from 1 to 9223372036854775807."),
        (["clients", "show", "0"], "0 is no number from 1 to 9223372036854775807."),
        (["clients", "show", "9" * 30], f"{'9' * 30} is no number from 1 to 9223372036854775807."),
        (["clients", "show", "٣"], "٣ is no number from 1 to 9223372036854775807."),
        (["run", "--as-of", "25/01/2024"], "25/01/2024 is not a date; write it as YYYY-MM-DD."),
        (["run", "--as-of", "2024-1-5x"], "2024-1-5x is not a date; write it as YYYY-MM-DD."),
        (
            ["clients", "show", "1", "--at", "noon"],
            "noon is no date and time; write it as YYYY-MM-DD HH:MM:SS.",
        ),
        (
            ["clients", "amend", "1", "--reason", "r", "--credit-limit", "1,5"],
            "1,5 is no number; write it like 1500.50.",
        ),
        (
            ["clients", "amend", "1", "--reason", "r"],
            "Name what to amend: --credit-limit, --interest-rate or --batch.",
        ),
        (
            ["stage", "--source", "loanbook"],
            "loanbook is no name for a source; write small letters and digits, like partner-2.",
        ),
    ],
)
def test_misuse_is_two(words: list[str], sentence: str, capsys: Captured) -> None:
    assert program.run(words) == 2
    assert capsys.readouterr().err == f"Error: {sentence}\n"
    assert program.run([*words, "--json"]) == 2
    assert json.loads(capsys.readouterr().err) == {"error": sentence, "rule": None}


def test_a_group_alone_shows_its_help(capsys: Captured) -> None:
    assert program.run(["clients"]) == 2
    assert "Usage: loanbook clients" in capsys.readouterr().err


def test_the_version_is_told(capsys: Captured) -> None:
    assert program.run(["--version"]) == 0
    assert capsys.readouterr().out == f"loanbook {__version__}\n"


def test_the_workspace_may_be_named_before_or_after(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOANBOOK_HOME", raising=False)
    (tmp_path / "loanbook.toml").write_text('currency = "reais"', encoding="utf-8")
    for words in (["--home", str(tmp_path), "check"], ["check", "--home", str(tmp_path)]):
        assert program.run(words) == 2
        assert f"The setting currency in {tmp_path}" in capsys.readouterr().err
