"""Secrets are not shown, and what strangers say is made safe to be shown."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.servers.asked import where

from loanbook.errors import BadSetting, MissingExtra
from loanbook.sources import registry
from loanbook.sources.transports.secrets import Secret, secret, told

KINDS = {"bucket": "obstore", "database": "sqlalchemy", "sftp": "asyncssh", "url": "urllib3"}


def test_a_secret_is_shown_nowhere(tmp_path: Path) -> None:
    @dataclass
    class Holder:
        secret: Secret

    hidden = Secret("p/ss w:rd")
    assert "w:rd" not in f"{hidden} {hidden!r} {Holder(hidden)} {[hidden]}"
    for text in ("https://u:p/ss w:rd@x", "https://u:p%2Fss%20w%3Ard@x", "u:p/ss%20w%3Ard@x"):
        assert "rd" not in told(ValueError(text), hidden)
    (tmp_path / "word").write_text("abc\r\n", "utf-8")
    place = where("url", tmp_path, {})
    assert secret(place, "password", "", "word").reveal() == "abc"
    assert secret(place, "password", "WORD", "", {"WORD": " abc "}).reveal() == " abc "
    assert not secret(place, "password", "", "")


def test_a_secret_that_is_not_there_is_named_by_its_key(tmp_path: Path) -> None:
    place = where("url", tmp_path, {})
    (tmp_path / "empty").write_text("\n", "utf-8")
    for env, file in (("NOT_SET", ""), ("", "nowhere"), ("", "empty"), ("PATH", "empty")):
        with pytest.raises(BadSetting, match=r"sources\.partner\.url\.password_"):
            secret(place, "password", env, file)


def test_what_a_stranger_says_is_one_short_line() -> None:
    said = told(ValueError("\x1b[31mred\tand bell\x07.\nsecond line" + "x" * 1000))
    assert said == "[31mred and bell"
    assert len(told(ValueError("x" * 1000))) < 250
    assert told(ValueError("")) == "ValueError"


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_library_is_named(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith("loanbook.sources.transports") or name.split(".")[0] == KINDS[kind]:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, KINDS[kind], None)
    with pytest.raises(MissingExtra, match=KINDS[kind]):
        registry.transport(where(kind, tmp_path, {}))


def test_only_the_transport_that_is_used_is_loaded() -> None:
    code = (
        "import sys, loanbook.sources.registry, loanbook.cli.app;"
        f"print([n for n in {list(KINDS.values())} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
