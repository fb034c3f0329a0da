"""Tokens to unsubscribe: whom they name, who signed them, and the file of keys."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.errors import LetterKeysUnusable, OptOutRefused
from loanbook.reminders import optout

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = optout.Keys((b"o" * 32,)), optout.Keys((b"n" * 32, b"o" * 32))
CLIENTS = st.integers(1, 2**63 - 1)


@given(CLIENTS)
def test_a_token_names_its_client_and_fits_into_a_link(user_id: int) -> None:
    token = OLD.token(user_id)
    assert OLD.client(token) == user_id
    assert token.replace("-", "").replace("_", "").isalnum()
    assert len(token) == 38


@given(CLIENTS, st.integers(0, 37), st.sampled_from("ABCDwxyz0189-_"))
def test_a_token_that_was_altered_is_refused(user_id: int, at: int, char: str) -> None:
    token = OLD.token(user_id)
    other = token[:at] + char + token[at + 1 :]
    if base64.urlsafe_b64decode(other + "==") != base64.urlsafe_b64decode(token + "=="):
        with pytest.raises(OptOutRefused):
            OLD.client(other)


@given(st.text(max_size=60))
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(OptOutRefused):
        OLD.client(text)


def test_after_a_rotation_old_links_work_and_new_ones_are_signed_anew() -> None:
    assert NEW.client(OLD.token(42)) == 42
    assert NEW.token(42) != OLD.token(42)
    with pytest.raises(OptOutRefused):
        OLD.client(NEW.token(42))


def test_the_file_of_keys_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: optout.keys(home, {}), range(16)))
    assert len(found) == 1
    file = home / optout.FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in home.iterdir()] == [optout.FILE_NAME]
    file.write_text(f"{optout.fresh()}  # since May\n{file.read_text('ascii')}", "ascii")
    (old,) = found
    rotated = optout.keys(home, {})
    assert rotated.client(old.token(7)) == 7
    assert rotated.secrets[1:] == old.secrets


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    keys = [optout.fresh(), optout.fresh()]
    found = optout.keys(tmp_path, {optout.VARIABLE: ",".join(keys)})
    assert found.secrets == tuple(map(base64.urlsafe_b64decode, keys))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "  # none\n", "c2hvcnQ=", "no base64!"])
def test_keys_that_protect_nothing_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LetterKeysUnusable):
        optout.keys(tmp_path, {optout.VARIABLE: text})


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    optout.keys(tmp_path, {})
    (tmp_path / optout.FILE_NAME).chmod(0o640)
    with pytest.raises(LetterKeysUnusable, match="others may read it"):
        optout.keys(tmp_path, {})
