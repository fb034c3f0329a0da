"""Drift: files that differ from those before them are findings, and some wait for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, CONTACTS, DAY, NEXT, csv_text, fields_of
from tests.shops import Shop

if TYPE_CHECKING:
    from tests.desk import Desk

PEOPLE = """
[sources.shop.layouts.people]
kind = "contacts"
[sources.shop.layouts.people.columns]
user_id = "Nr"
name = "Name"
email = "Mail"
"""
FILE = "Nr;Name;Mail\n1;Ana;ana@example.com\n2;Bruno;bruno@example.com\n"


@pytest.fixture
def shop(desk: Desk) -> Shop:
    """A shop whose first file was taken."""
    desk.load(clients=CLIENTS)
    made = Shop(desk, PEOPLE)
    made.put("people.csv", FILE)
    assert made.collect().taken == 1
    made.load()
    return made


def test_a_new_column_is_told_and_the_file_taken(shop: Shop) -> None:
    shop.put("people.csv", "Nr;Name;Mail;Pet\n1;Ana;a@example.com;cat\n")
    assert shop.collect(NEXT).taken == 1
    assert shop.findings() == {"source_columns_new": "new: Pet"}
    shop.load(NEXT)
    assert shop.desk.contact(1)["email"] == "a@example.com"
    shop.put("people.csv", "Nr;Name;Mail;Pet\n1;Ana;b@example.com;cat\n")
    shop.collect(NEXT)
    assert shop.findings() == {}  # by now it is no news


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("Nr;Name;E-Mail", "missing: Mail; perhaps they are now called E-Mail"),
        ("Nr;Name", "missing: Mail"),
        ("Nr;First;Last", "missing: Name, Mail; perhaps they are now called First, Last"),
        ("Nr;Name;E-Mail;Fax", "missing: Mail; new: E-Mail, Fax"),
    ],
)
def test_a_missing_column_is_told_and_the_file_kept(header: str, told: str, shop: Shop) -> None:
    rest = ";".join("x" * header.count(";"))
    shop.put("people.csv", f"{header}\n1;{rest}\n")
    done = shop.collect(NEXT)
    assert (done.taken, done.refused) == (0, 1)
    assert shop.findings() == {
        "source_columns_missing": told, "source_file_refused": f"people.csv: {told}",
    }  # fmt: skip
    assert shop.ready == []
    assert len(list((shop.desk.settings.originals / "shop").iterdir())) == 2


def test_with_other_settings_it_is_tried_again(shop: Shop) -> None:
    shop.put("people.csv", "Nr;Name;E-Mail\n1;Ana;new@example.com\n")
    assert shop.collect(NEXT).refused == 1
    text = shop.desk.settings.toml.read_text("utf-8").replace('"Mail"', '"E-Mail"')
    shop.configure(text)
    assert shop.collect(NEXT).taken == 1
    shop.load(NEXT)
    assert shop.desk.contact(1)["email"] == "new@example.com"
    assert shop.findings() == {"source_columns_new": "new: E-Mail"}


def test_a_column_that_became_empty_waits_for_a_person(shop: Shop) -> None:
    path = shop.put("people.csv", "Nr;Name;Mail\n" + "1;Ana;\n" * 10 + "2;Bruno;\n" * 10)
    done = shop.collect(NEXT)
    assert (done.taken, done.held) == (0, 1)
    told = "no value any more in: Mail"
    assert shop.findings() == {
        "source_column_empty": told, "source_file_refused": f"people.csv: {told}",
    }  # fmt: skip
    shop.load(NEXT)
    assert shop.desk.contact(1)["email"] == "ana@example.com"
    assert shop.take(path).taken == 1
    shop.load(NEXT)
    assert shop.desk.contact(1)["email"] is None


def test_in_a_few_rows_or_where_blank_tells_something_it_does_not(desk: Desk, shop: Shop) -> None:
    shop.put("people.csv", "Nr;Name;Mail\n1;Ana;\n")
    assert shop.collect(NEXT).taken == 1
    shop = Shop(desk)
    shop.put("clients.csv", csv_text("clients", CLIENTS * 4))
    shop.collect()
    shop.put("clients.csv", csv_text("clients", [CLIENTS[0], CLIENTS[3]] * 10))
    assert shop.collect(NEXT).taken == 1


def test_a_file_like_ours_is_looked_into_too(desk: Desk) -> None:
    shop = Shop(desk)
    desk.load(clients=CLIENTS)
    shop.put("contacts.csv", csv_text("contacts", CONTACTS * 5))
    shop.collect()
    blank = [replace(one, email=None) for one in CONTACTS * 5]
    shop.put("contacts.csv", csv_text("contacts", blank))
    assert shop.collect(NEXT).held == 1
    more = [*fields_of(CONTACTS[0]), "pet"]
    shop.put("contacts.csv", csv_text("contacts", CONTACTS, columns=more))
    assert shop.collect(NEXT).taken == 1
    assert shop.findings()["source_columns_new"] == "new: pet"


def test_a_count_far_from_usual_is_told_and_the_file_taken(shop: Shop) -> None:
    line = "1;Ana;ana@example.com\n"
    for days, lines in enumerate((10, 11, 12, 13, 40), 1):
        shop.put("people.csv", "Nr;Name;Mail\n" + line * lines)
        assert shop.collect(DAY + timedelta(days)).taken == 1
        found = shop.findings().get("source_count_unusual")
        assert found == (None if lines < 40 else "40 rows, where 11 are usual")


def test_an_accepted_finding_comes_back_when_the_fact_changes(shop: Shop) -> None:
    shop.put("people.csv", "Nr;Name\n1;Ana\n")
    shop.collect(NEXT)
    row = shop.desk.app.row("select finding_id from api.findings where rule like '%%missing'")
    assert row is not None
    shop.desk.app.row("select api.accept_finding(%(number)s, 'known')", number=row["finding_id"])
    assert "source_columns_missing" not in shop.findings()
    shop.put("people.csv", "Name;Mail\nAna;a\n")
    shop.collect(NEXT)
    assert shop.findings()["source_columns_missing"] == "missing: Nr"
