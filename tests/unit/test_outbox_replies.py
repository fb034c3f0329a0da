"""What a server's refusal means."""

from __future__ import annotations

import pytest

from loanbook.outbox.replies import LONGEST, Reply, kept


@pytest.mark.parametrize(
    ("code", "text", "at_recipient", "at_end"),
    [
        (550, "no such user", True, False),
        (551, "moved", True, False),
        (552, "full", True, False),
        (553, "what a name", True, False),
        (556, "takes no mail at all", True, False),
        (554, "no", False, False),
        (500, "what?", False, False),
        (550, "5.1.1 no such user", True, True),
        (550, "5.1.10 takes no mail at all", True, True),
        (553, "5.1.8 bad sender", False, False),
        (553, "5.1.7 bad sender", False, False),
        (552, "5.2.2 full", True, True),
        (554, "5.2.1 closed", True, True),
        (550, "5.4.4 no route", True, False),
        (550, "5.7.1 relaying denied", False, False),
        (550, "5.7.26 who are you", False, False),
        (550, "5.5.1 bad order", False, False),
        (550, "5.6.0 bad content", False, False),
        (550, "5.0.0 other", True, False),
        (535, "5.1.1 odd", False, False),
        (530, "log in", False, False),
    ],
)
def test_whether_a_refusal_blames_the_recipient(
    code: int, text: str, at_recipient: bool, at_end: bool
) -> None:
    reply = Reply(code, text.encode())
    assert reply.blames_recipient(at_recipient=True) is at_recipient
    assert reply.blames_recipient(at_recipient=False) is at_end


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("<ana@example.com>: no such user", "(address): no such user"),
        ("no user ana.lima+x@example.com here", "no user (address) here"),
        ("<joão@exemplo.com.br>", "(address)"),
        ("two\r\nlines\tand\x00more", "two lines and?more"),
        ("x" * 1000, "x" * LONGEST),
        ("", ""),
    ],
)
def test_what_is_kept_of_foreign_words(said: str, told: str) -> None:
    assert kept(said) == told


def test_bytes_that_are_no_text() -> None:
    assert Reply(550, b"\xff\xfe no").reason == "550 ? no"
