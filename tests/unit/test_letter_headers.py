"""Headers of letters, and what hostile names and addresses come to."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.letters import PAYEE, html, lender, letter, read, text

from loanbook.errors import LetterUnwritable
from loanbook.reminders import clients, optout, render
from loanbook.settings.letters import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from loanbook.outbox.letter import Letter, Render

SENT = datetime(2024, 1, 25, 13, 5, tzinfo=UTC)
OWN = [
    "From", "Reply-To", "Auto-Submitted", "X-Auto-Response-Suppress", "Date", "To", "Message-ID",
    "Content-Language", "Subject",
]  # fmt: skip
MIME = ["MIME-Version", "Content-Type"]
UNSUBSCRIBE = ["List-Unsubscribe", "List-Unsubscribe-Post"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of the lender."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def write(home: Path) -> Render:
    """The lender's letters, all of one instant."""
    return render.renderer(lender(home), lambda: SENT)


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("name", clients.FOLDERS)
def test_the_headers_say_who_when_and_what(write: Render, name: str, locale: str) -> None:
    given_letter = letter(name, locale)
    message = write(given_letter)
    mail = read(message)
    further = UNSUBSCRIBE if given_letter.optional else []
    assert mail.keys() == [*OWN, *further, *MIME]
    (sender,) = mail["from"].addresses
    assert (sender.display_name, sender.addr_spec) == (PAYEE.name, PAYEE.sender)
    assert mail["reply-to"] == PAYEE.reply_to
    assert mail["to"] == given_letter.address
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["x-auto-response-suppress"] == "OOF, AutoReply"  # bounces are wanted
    assert parsedate_to_datetime(mail["date"]) == SENT
    number = given_letter.letter_id
    assert mail["message-id"] == f"<letter-{number}-20240125@credito.example>"
    assert (message.letter_id, message.message_id) == (number, mail["message-id"])
    assert (message.sender, message.recipient) == (PAYEE.sender, given_letter.address)


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("name", clients.FOLDERS)
def test_what_travels_is_plain_for_every_server(write: Render, name: str, locale: str) -> None:
    content = write(letter(name, locale)).content
    assert content.isascii()
    assert content.endswith(b"\r\n")
    lines = content.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 200
    # An encoded word is whole and short, or programs show it as it is.
    head = content.partition(b"\r\n\r\n")[0]
    assert not re.search(rb"\r\n\s", head)
    assert all(len(word) <= 75 for word in re.findall(rb"=\?\S+\?=", head))


def test_without_a_clock_a_letter_is_of_ten_in_the_morning_of_its_day(home: Path) -> None:
    mail = read(render.renderer(lender(home))(letter()))
    assert mail["date"] == "Thu, 25 Jan 2024 10:00:00 -0300"


def test_one_click_unsubscribes_whom_the_letter_was_for(write: Render, home: Path) -> None:
    message = write(letter())
    mail = read(message)
    link, by_mail = re.findall(r"<([^>]+)>", mail["list-unsubscribe"])
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    token = link.removeprefix("https://credito.example/letters/opt-out/")
    keys = optout.keys(home, {})
    assert keys.client(token) == letter().user_id
    assert f'href="{link}"' in html(message)
    assert link in text(message)
    asked = urlsplit(by_mail)
    assert (asked.scheme, asked.path) == ("mailto", PAYEE.reply_to)
    assert parse_qs(asked.query) == {"subject": [f"unsubscribe {token}"]}


@pytest.mark.parametrize("site", ["", "http://localhost:8000"])
def test_one_click_is_offered_only_where_it_works(home: Path, site: str) -> None:
    settings = lender(home, replace(PAYEE, site=site))
    mail = read(render.renderer(settings)(letter()))
    assert mail["list-unsubscribe"].startswith(f"<mailto:{PAYEE.reply_to}?subject=unsubscribe")
    assert mail["list-unsubscribe-post"] is None


@pytest.mark.parametrize(
    ("typed", "travels"),
    [
        ("ana@correção.com.br", "ana@xn--correo-7ta5a.com.br"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        (" ana@example.com ", "ana@example.com"),
        ("ana+x_y.z@sub.example.co.uk", "ana+x_y.z@sub.example.co.uk"),
        ("ana@mail.Local", "ana@mail.local"),
        ("ana@localhost", "ana@localhost"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_a_domain_travels_in_ascii(write: Render, typed: str, travels: str) -> None:
    message = write(replace(letter(), address=typed))
    assert message.recipient == travels
    assert read(message)["to"] == travels
    assert message.content.isascii()


def test_a_name_before_the_at_may_hold_any_letters(write: Render) -> None:
    message = write(replace(letter(), address="josé@exemplo.com.br"))
    assert message.recipient == "josé@exemplo.com.br"
    mail = message_from_bytes(message.content, policy=policy.SMTPUTF8)
    assert str(mail["to"]) == "josé@exemplo.com.br"
    assert mail.keys() == [*OWN, *UNSUBSCRIBE, *MIME]


@pytest.mark.parametrize(
    "address",
    [
        "", "@", "ana", "ana@", "@example.com", "ana@example", "a@b@example.com", "ana@-x.com",
        "ana..b@example.com", "ana@exa mple.com", "ana@example.com, b@example.com",
        "Ana <ana@example.com>", "ana@example.com\r\nBcc: b@example.com", "ana\n@example.com",
        "ana@example.com\nBcc", "ana\x00@example.com", "ana@[127.0.0.1]", "a" * 65 + "@example.com",
        "a@" + "b" * 10_000_000 + ".com", "ana@local\r\nhost", "ana@\nlocalhost",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_not_written_to(write: Render, address: str) -> None:
    with pytest.raises(LetterUnwritable, match="Letter 1 cannot be written: its address") as told:
        write(replace(letter(), address=address))
    assert "example" not in str(told.value)


@pytest.mark.parametrize(
    "name",
    [
        "Ana\r\nBcc: b@example.com", "Ana\nLima", "Ana\x00", "Ana\x1b[31m", "Ana\u2028Lima",
        "A" * 201, "A" * 10_000_000, "Ana\ud800",
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_not_written(write: Render, name: str) -> None:
    with pytest.raises(LetterUnwritable, match="cannot be written: the name has") as told:
        write(replace(letter(), name=name))
    assert len(str(told.value)) < 120
    assert "example" not in str(told.value)


def test_what_would_reorder_a_name_is_left_out(write: Render) -> None:
    message = write(replace(letter(), name="Ana\u202e Lima\u200b"))
    assert text(message).startswith("Olá, Ana Lima.\n")


@given(st.text(min_size=1, max_size=210))
def test_no_name_alters_a_header(write: Render, name: str) -> None:
    given_letter = replace(letter(), name=name)
    plain = heads(write, letter())
    try:
        message = write(given_letter)
    except LetterUnwritable:
        return
    assert heads(write, given_letter) == plain
    assert not read(message).defects


def heads(write: Render, given_letter: Letter) -> list[tuple[str, str]]:
    """All headers of a letter."""
    return [(name, str(value)) for name, value in read(write(given_letter)).items()]
