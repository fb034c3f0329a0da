"""The same book through every kind of source gives the same mart, byte for byte."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.days import CLIENTS, CONTACTS, FIRST, LOANS
from tests.desk import Desk
from tests.servers.partners import KINDS, partner

from loanbook import demo, settings
from loanbook.runs import daily
from loanbook.sources import collect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.houses import Houses

SCALE = 0.002
DAY = timedelta(days=1)
PAYMENTS = """
select loan_id, kind, amount, effective_on, owner from api.payments order by loan_id, payment_id
"""
FINDINGS = "select rule, subject, subject_id, state from api.findings order by rule, subject_id"
BATCHES = """
select b.kind, b.business_date, b.is_full, t.measure, t.in_file, t.inserted, t.updated,
    t.unchanged, t.quarantined
from api.batches as b inner join api.batch_totals as t on t.batch_id = b.batch_id
where b.state = 'accepted' order by b.business_date, b.kind, t.measure
"""


def dump(desk: Desk) -> bytes:
    """All that the mart holds, owners, findings and sums of batches included."""
    queries = (CLIENTS, LOANS, CONTACTS, PAYMENTS, FINDINGS, BATCHES)
    return json.dumps([desk.app.rows(query) for query in queries], default=str).encode()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The files of two days."""
    folder = tmp_path_factory.mktemp("demo")
    found = []
    for day in (0, 1):
        made = demo.write(folder, scale=SCALE, seed=3, day=day)
        found.append({path.name: path.read_text("utf-8") for path in made.files})
    return found


def run(desk: Desk, number: int) -> daily.Summary:
    done = daily.run(desk.app, desk.settings, daily.Wish(FIRST + number * DAY))
    assert done.ok
    assert done.quarantine == 0
    return done


def configured(desk: Desk, place: str) -> None:
    """Source main is at a place."""
    desk.settings.toml.write_text(
        f'[sources.main]\nfull = ["clients"]\nfiles = "*.csv"\nsettle = 0\n{place}\n', "utf-8"
    )
    read = settings.load(desk.settings.home, {})
    desk.settings = replace(desk.settings, sources=read.sources)


@pytest.fixture(scope="module")
def straight(
    houses: Houses, tmp_path_factory: pytest.TempPathFactory, days: list[dict[str, str]]
) -> Iterator[bytes]:
    """What the mart holds when the files lie in input_data."""
    name = houses.copy()
    with Desk.at(houses, name, tmp_path_factory.mktemp("straight") / "home") as desk:
        main = replace(desk.settings.sources["main"], full=frozenset({"clients"}))
        desk.settings = replace(desk.settings, sources={"main": main})
        for number, files in enumerate(days):
            for file, text in files.items():
                desk.settings.input_data.mkdir(exist_ok=True)
                (desk.settings.input_data / file).write_text(text, "utf-8", newline="")
            run(desk, number)
        yield dump(desk)
    houses.drop(name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_book_through_any_kind_of_source(
    kind: str,
    houses: Houses,
    desk: Desk,
    tmp_path: Path,
    days: list[Mapping[str, str]],
    straight: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ: dict[str, str] = {}
    with partner(kind, houses, tmp_path / "partner", environ) as other:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        configured(desk, other.place)
        for number, files in enumerate(days):
            other.deliver(files)
            run(desk, number)
        assert dump(desk) == straight
        # Asked again there is nothing new, and what is known is taken no second time.
        source = desk.settings.sources["main"]
        day = FIRST + DAY
        again = collect.collect(desk.app, desk.settings, source, collect.Wish(day, day))
        assert (again.taken, again.problems) == (0, [])
    assert desk.ailments() == []
    shown = json.dumps(desk.app.rows("select * from api.run_steps"), default=str)
    shown += desk.settings.toml.read_text("utf-8")
    assert not [value for value in environ.values() if value in shown]
    assert list((desk.settings.inbox / "main" / "ready").iterdir()) == []
