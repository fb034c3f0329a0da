"""Sources: a folder of somebody else, in any shape, arrives in the mart by a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.cast import (
    CLIENTS,
    CONTACTS,
    DAY,
    EVA_PAID,
    LOANS,
    NEXT,
    THIRD,
    Line,
    csv_text,
    lent,
)  # fmt: skip
from tests.desk import Desk
from tests.foreign import delivered
from tests.shops import PLACE, Shop

from loanbook.mart import figures
from loanbook.runs import daily, journal
from loanbook.settings import Retention
from loanbook.sources import registry
from loanbook.upkeep import purge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.houses import Houses

    from loanbook.database.connection import Database
    from loanbook.runs.daily import Summary

FORMS = ("csv", "csv.gz", "csv.zst", "zip", "xlsx", "ndjson", "parquet")
BOOK: dict[str, tuple[Line, ...]] = {"clients": CLIENTS, "contacts": CONTACTS, "loans": LOANS}


MART = (
    """select (to_jsonb(c) - 'owner' || jsonb_build_object('owns', c.owner = %(owner)s))::text
    as row from api.clients as c order by user_id""",
    """select (to_jsonb(k) - 'owner' || jsonb_build_object('owns', k.owner = %(owner)s))::text
    as row from api.contacts as k order by user_id""",
    """select (to_jsonb(l) - 'owner' || jsonb_build_object('owns', l.owner = %(owner)s))::text
    as row from api.loans as l order by loan_id""",
    """select (loan_id, kind, amount, effective_on)::text
    as row from api.payments order by loan_id, kind, amount, effective_on""",
)


def dump(book: Database, owner: str) -> list[list[str]]:
    """The mart, row by row, whatever number a payment has and whoever delivered it all."""
    return [[row["row"] for row in book.rows(query, owner=owner)] for query in MART]


def run(desk: Desk, day: date = DAY) -> Summary:
    return daily.run(desk.app, desk.settings, daily.Wish(day))


def states(done: Summary) -> dict[str, str]:
    return {step.step: step.state for step in done.steps}


def stands_at(desk: Desk) -> date | None:
    found: date | None = desk.app.value("select business_date from api.book")
    return found


@pytest.fixture(scope="module")
def plain(houses: Houses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[str]]]:
    """What the mart holds when the plain files are loaded from input_data."""
    name = houses.copy()
    with Desk.at(houses, name, tmp_path_factory.mktemp("plain") / "home") as desk:
        desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
        yield dump(desk.app, "main")
    houses.drop(name)


@pytest.mark.parametrize("form", FORMS)
def test_a_book_in_any_shape_gives_the_same_mart(
    form: str, desk: Desk, plain: list[list[str]]
) -> None:
    shop = Shop(desk)
    for kind, lines in BOOK.items():
        delivered(form, shop.folder, kind, lines)
    done = run(desk)
    assert (done.ok, done.quarantine) == (True, 0), done.run.error
    assert dump(desk.app, "shop") == plain
    assert list((desk.settings.inbox / "shop" / "ready").iterdir()) == []
    assert len(list((desk.settings.originals / "shop").iterdir())) == len(BOOK)
    again = run(desk)
    assert (again.ok, again.files, again.batches) == (True, (), ())


BROKEN = '[sources.broken]\nfolder = "nowhere"\n'


def test_one_source_that_fails_does_not_stop_the_data_of_another(desk: Desk) -> None:
    shop = Shop(desk, text=BROKEN + PLACE)
    shop.put("clients.csv", csv_text("clients", CLIENTS))
    desk.write("loans.csv", csv_text("loans", LOANS))
    done = run(desk)
    assert not done.ok  # so that a worker tries again
    assert states(done)["collect broken"] == "failed"
    assert states(done)["collect shop"] == "done"
    assert (done.clients, done.loans, stands_at(desk)) == (5, 5, DAY)
    assert journal.gate(desk.app, DAY).sound
    assert "source_unreachable" in shop.findings()
    (desk.settings.home / "nowhere").mkdir()
    assert run(desk).ok
    assert shop.findings() == {}


def test_without_a_source_that_is_required_the_book_stays_where_it_stands(desk: Desk) -> None:
    shop = Shop(desk, text=BROKEN + "required = true\n" + PLACE)
    shop.put("clients.csv", csv_text("clients", CLIENTS))
    done = run(desk)
    assert states(done)["accept"] == "skipped"
    assert (done.clients, stands_at(desk)) == (5, None)  # what came is in the mart
    assert not journal.gate(desk.app, DAY).sound
    (desk.settings.home / "nowhere").mkdir()
    assert run(desk).ok
    assert stands_at(desk) == DAY


def test_a_source_that_is_late_is_tried_again(desk: Desk) -> None:
    shop = Shop(desk, 'expected_by = "06:00"\n')
    done = run(desk)
    assert (done.ok, states(done)["collect shop"], stands_at(desk)) == (False, "flawed", DAY)
    assert shop.findings() == {"source_late": "nothing for 2024-01-25 by 06:00"}
    shop.put("clients-2024-01-25.csv", csv_text("clients", CLIENTS))
    assert run(desk).ok
    assert shop.findings() == {}


def test_days_that_were_missed_each_take_their_own_files(desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("clients-2024-01-25.csv", csv_text("clients", CLIENTS))
    shop.put("loans-2024-01-25.csv", csv_text("loans", LOANS))
    assert run(desk).ok
    more = lent(7, CLIENTS[3], "2024-01-25 10:00:00")
    shop.put("a/loans-2024-01-26.csv", csv_text("loans", [*LOANS, more]))
    shop.put("a/loans-2024-01-27.csv", csv_text("loans", [*LOANS, more, EVA_PAID]))
    shop.put("a/loans-2024-01-28.csv", csv_text("loans", [more]))
    done = run(desk, THIRD)
    assert (done.ok, [day.business_date for day in done.caught_up]) == (True, [NEXT])
    found = desk.app.rows("select business_date as day from api.batches order by batch_id")
    assert [row["day"] for row in found] == [DAY, DAY, NEXT, THIRD]
    assert shop.ready == ["2024-01-28." + name.partition(".")[2] for name in shop.ready]
    assert run(desk, THIRD + timedelta(1)).ok
    assert shop.ready == []


def test_collecting_is_done_with_the_first_of_several_days(desk: Desk) -> None:
    Shop(desk)
    run(desk)
    done = run(desk, THIRD)
    told = [
        step.counts
        for day in (done.caught_up[0], done.run)
        for step in journal.steps(desk.app, day.run_id)
        if step.step == "collect shop"
    ]
    assert (told[0]["offered"], told[1]) == (
        0, {"left_out": "it was collected with the first day of this run"},
    )  # fmt: skip


def test_the_book_that_was_not_fetched_is_what_input_data_holds(desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("clients.csv", csv_text("clients", CLIENTS))
    desk.write("loans.csv", csv_text("loans", LOANS))
    run(desk)
    owners = desk.app.rows("select owner from api.loans union select owner from api.clients")
    assert {row["owner"] for row in owners} == {"main", "shop"}


PLUG_IN = """
from loanbook.sources.contract import Batch, Offer

class Pigeon:
    def offers(self):
        yield Offer("clients.bars", None, "feather 7")
    def fetch(self, offer, to):
        to.write_text("{clients}")
    def close(self):
        pass

class Bars:
    def rows(self, path):
        header, *lines = path.read_text().split("/")
        yield Batch(header.split("|"), [line.split("|") for line in lines if line])
"""
ENTRY_POINTS = """
[loanbook.transports]
pigeon = pigeons:loft
[loanbook.formats]
bars = pigeons:bars
"""


def test_a_plug_in_adds_a_transport_and_a_format(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = csv_text("clients", CLIENTS).replace(",", "|").replace("\n", "/")
    code = PLUG_IN.replace("{clients}", text)
    made = code + "\ndef loft(where): return Pigeon()\ndef bars(options): return Bars()\n"
    (tmp_path / "pigeons.py").write_text(made, "utf-8")
    info = tmp_path / "pigeons-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeons\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    shop = Shop(desk, text='[sources.shop]\npigeon = "loft"\nformat = "bars"\n')
    assert shop.collect().taken == 1
    shop.load()
    assert desk.keys("clients") == {1, 2, 3, 4, 5}
    with pytest.raises(Exception, match="there is no format beads, but bars, csv"):
        registry.format_of("beads", {}, "shop")


def test_originals_go_when_they_are_older_than_they_are_kept(desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("clients.csv", csv_text("clients", CLIENTS))
    run(desk)
    settings = replace(desk.settings, retention=Retention(archive=7))
    figures.advance(desk.app, DAY + timedelta(7))
    assert purge.purge(desk.app, settings, yes=True).gone == ()
    figures.advance(desk.app, DAY + timedelta(8))
    names = [one.name for one in purge.purge(desk.app, settings, yes=True).gone]
    assert [name for name in names if name.startswith("shop/")] != []
    assert list((desk.settings.originals / "shop").iterdir()) == []
    assert shop.collect(THIRD).taken == 0  # it is known all the same
