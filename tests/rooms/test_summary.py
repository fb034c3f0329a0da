"""The weekly summary: figures of a small book, the letter and its files, once for each reader."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from tests.cast import CLIENTS, CONTACTS, DAY, LOANS, csv_text, lent
from tests.mailroom import Mailroom, due_on

from loanbook.errors import LetterUnwritable
from loanbook.outbox.letter import Letter
from loanbook.portfolio.weeks import Week
from loanbook.portfolio.wording import Money
from loanbook.reminders import render, summary, summary_preview
from loanbook.reminders.summary_text import Writer, texts
from loanbook.reminders.summary_words import words
from loanbook.runs import daily
from loanbook.settings.letters import Team

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage
    from pathlib import Path

    from tests.desk import Desk

    from loanbook.settings import Settings

WEEK = Week(2024, 4)  # of DAY, a Thursday
MONDAY = date(2024, 1, 29)
ANA, BRUNO, _, DAVI, EVA = CLIENTS
READERS = ("boss@example.org", "chair@example.org")


def with_team(settings: Settings, **team: object) -> Settings:
    wanted = Team(**{"summary": READERS, **team})  # type: ignore[arg-type]
    return replace(settings, letters=replace(settings.letters, team=wanted))


def told(desk: Desk, week: Week = WEEK) -> Mapping[str, tuple[object, ...]]:
    """Each figure of a week: now, the week before, a year ago."""
    found = summary.of_book(desk.app, week)
    return {one.kind.name: (one.value, one.before, one.year_ago) for one in found.figures}


def test_a_week_of_a_small_book_by_hand(desk: Desk) -> None:
    gone = lent(20, BRUNO, "2023-10-20", 1_000, part="100", status="default")  # due on 18 January
    fallen = lent(21, EVA, "2023-10-25", 2_000, part="0", status="default")  # due on 23 January
    issued = lent(22, DAVI, "2024-01-24", 700)
    settled = lent(23, ANA, "2023-10-01", 500, paid="2024-01-22")  # late: due on 30 December
    coming = due_on(24, EVA, MONDAY + timedelta(days=6), 300, part="50")
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=[gone, fallen, issued, settled, coming])
    found = told(desk)
    assert found["loans"] == (1, 0, 0)
    assert found["principal"] == (700, 0, 0)
    assert found["amount_received"] == (settled.amount_paid, 0, 0)
    assert found["paid_loans"] == (1, 0, 0)
    assert found["on_time_share"] == (0.0, None, None)
    assert found["default_loans"] == (1, 1, 0)
    assert found["default_principal"] == (2_000, 1_000, 0)
    assert found["default_balance"] == (fallen.due_amount, gone.due_amount - 100, 0)
    gain = settled.amount_paid - settled.loan_amount - settled.tax
    assert found["net_gain"] == (
        gain - fallen.loan_amount - fallen.tax, Decimal(100) - gone.loan_amount - gone.tax, 0,
    )  # fmt: skip
    assert found["ongoing_loans"] == (2, 3, 0)
    assert found["coming_loans"] == (1, 1, 0)
    assert found["coming_balance"] == (coming.due_amount - 50, fallen.due_amount, 0)
    # October is ripe: two defaults and one that was paid; on the Monday before one was still open.
    assert found["matured_default_rate"] == (2 / 3, None, None)
    assert found["adherence"] == (4 / 5, 3 / 5, 0.0)


def test_operation_is_told_by_days_and_by_what_was_open(desk: Desk) -> None:
    room = Mailroom(desk)
    room.stock([(ANA, CONTACTS[0]), (EVA, CONTACTS[3])],
               [due_on(30, ANA, DAY), due_on(31, EVA, DAY)])  # fmt: skip
    first, second = room.work(DAY)
    with desk.app.transaction():
        desk.app.value("select api.note_bounce('gone', null, %(key)s)", key=first.letter_id)
    desk.load(loans=[{"user_id": "1", "loan_id": "x"}], day=DAY)
    found = told(desk)
    assert second.letter_id != first.letter_id
    assert found["letters_sent"][0] == 2
    assert found["letters_bounced"][0] == 1
    assert found["quarantined_lines"] == (1, 0, 0)
    assert told(desk, WEEK.back(1))["letters_sent"] == (0, 0, 0)


def test_a_run_that_failed_once_is_told_although_it_was_mended(desk: Desk) -> None:
    desk.write("clients.csv", b"not,a,known,header\n1,2,3,4\n")
    assert not daily.run(desk.app, desk.settings, daily.Wish(DAY)).ok
    desk.write("clients.csv", csv_text("clients", CLIENTS))
    assert daily.run(desk.app, desk.settings, daily.Wish(DAY)).ok
    assert told(desk)["failed_runs"] == (1, 0, 0)
    assert told(desk, WEEK.back(-1))["failed_runs"] == (0, 1, 0)


def letter_of(desk: Desk, language: str) -> EmailMessage:
    given = with_team(desk.settings, language=language)
    written = render.renderer(given, None, desk.app.beside)
    letter = Letter(7, "summary", MONDAY, READERS[0], about={"week": str(WEEK)})
    message = message_from_bytes(written(letter).content, policy=policy.default)
    assert (message["to"], message["auto-submitted"]) == (READERS[0], "auto-generated")
    return message


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_the_letter_tells_every_figure_in_words_pictures_and_files(
    desk: Desk, language: str
) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=[*LOANS, lent(22, DAVI, "2024-01-24", 700)])
    message = letter_of(desk, language)
    said = words(language)
    plain, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert page is not None
    text, html = plain.get_content(), page.get_content()
    for name, meaning in said.figures.values():
        assert name in text
        assert name in html
        assert meaning in text
    assert f'lang="{language}"' in html
    named = set(re.findall(r'"cid:([^"]+)"', html))
    parts = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert {str(part["content-id"]).strip("<>") for part in parts} == named
    assert len(named) == len(summary.KINDS) + len(said.pictures)
    assert all(part.get_payload(decode=True)[:4] == b"\x89PNG" for part in parts)  # type: ignore[index]
    assert len(re.findall(r"<img[^>]* alt=\"[^\"]", html)) == len(named)

    report, figures = message.iter_attachments()
    assert (report.get_filename(), report.get_content_type()) == (
        f"report-{WEEK}.html",
        "text/html",
    )
    whole = report.get_content()
    assert f'<time datetime="{WEEK.ends}">' in whole
    assert "src=" not in whole
    assert not re.search(r'href="(?!#|data:)', whole)
    rows = list(csv.DictReader(io.StringIO(figures.get_content().lstrip("\ufeff"))))
    found = summary.of_book(desk.app, WEEK)
    assert [row["figure"] for row in rows] == [one.kind.name for one in found.figures]
    for row, one in zip(rows, found.figures, strict=True):
        assert row[str(WEEK)] == ("" if one.value is None else str(one.value))
        assert (row["name"], row["meaning"]) == said.figures[one.kind.name]


def said_of(desk: Desk, language: str, week: Week = WEEK) -> dict[str, Any]:
    writer = Writer(words(language), Money("BRL"))
    return texts(summary.of_book(desk.app, week), writer)


def test_numbers_and_dates_are_the_language_s(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=[lent(22, DAVI, "2024-01-24", 1234)])
    english, portuguese = said_of(desk, "en"), said_of(desk, "pt-BR")
    assert "R$\N{NO-BREAK SPACE}1,234;" in english["headline"]
    assert "R$\N{NO-BREAK SPACE}1.234;" in portuguese["headline"]
    assert (english["title"], portuguese["title"]) == ("Week 4 of 2024", "Semana 4 de 2024")
    assert "January" in english["span"] or "Jan" in english["span"]
    assert "de jan" in portuguese["span"]


def test_a_week_that_is_not_over_says_so(desk: Desk) -> None:
    daily.run(desk.app, desk.settings, daily.Wish(DAY))
    assert "The book stands at January 25, 2024" in said_of(desk, "en")["partial"]
    assert not said_of(desk, "en", WEEK.back(1))["partial"]


def test_a_letter_of_no_week_cannot_be_written(desk: Desk) -> None:
    written = render.renderer(with_team(desk.settings), None, None)
    with pytest.raises(LetterUnwritable):
        written(Letter(7, "summary", MONDAY, READERS[0], about={"week": str(WEEK)}))


def test_a_preview_is_what_would_be_sent_and_sends_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    made = summary_preview.write(
        with_team(desk.settings), desk.app.beside, WEEK, tmp_path / "shown"
    )
    assert [file.suffix for file in made.files] == [".html", ".txt", ".eml", ".html", ".csv"]
    assert all(file.is_file() for file in made.files)
    assert "cid:" not in made.files[0].read_text("utf-8")
    assert desk.app.rows("select * from api.letters") == []


def test_once_for_each_week_and_reader(desk: Desk) -> None:
    assert summary.queue(desk.app, WEEK, READERS, MONDAY) == 2
    assert summary.queue(desk.app, WEEK, READERS, MONDAY + timedelta(days=2)) == 0
    assert summary.queue(desk.app, WEEK, (*READERS, "new@example.org"), MONDAY) == 1
    assert summary.queue(desk.app, WEEK.back(1), READERS, MONDAY) == 2
