"""Snapshots: whole, told by their manifest, and refused by name where they cannot be trusted."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pytest
from tests.cast import ANA, ANA_OPEN, CLIENTS, CONTACTS, DAY, LOANS, NEXT, Client, at, lent

from loanbook.database.connection import Database
from loanbook.errors import (
    BeyondBook,
    DamagedSnapshot,
    LakeUnwritable,
    NoBusinessDate,
    NoSnapshot,
    UnfinishedSnapshot,
)
from loanbook.mart import figures
from loanbook.portfolio import catalogue, duck, engines, lake, snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.desk import Desk

GLANCE = catalogue.find("book_at_a_glance")
TABLES = ("clients", "loans", "payments")


@pytest.fixture
def place(desk: Desk) -> Path:
    """A lake with a snapshot of the cast's book."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    figures.advance(desk.app, DAY)
    snapshots.write(desk.app, desk.settings.lake)
    return desk.settings.lake


def manifest(place: Path, day: date = DAY) -> Path:
    return place / "manifests" / f"as_of={day}.json"


def table(place: Path, name: str, day: date = DAY) -> Path:
    return place / name / f"as_of={day}" / "part-0.parquet"


def rows(place: Path, name: str) -> list[dict[str, Any]]:
    with duck.opened({name: table(place, name)}) as opened:
        found = opened.execute(f"select * from {name} order by 1")  # noqa: S608 -- our own names
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def test_a_snapshot_is_laid_out_as_decided(place: Path) -> None:
    files = sorted(path.relative_to(place).as_posix() for path in place.rglob("*"))
    assert [name for name in files if name.endswith((".parquet", ".json"))] == [
        f"clients/as_of={DAY}/part-0.parquet",
        f"loan_states/as_of={DAY}/part-0.parquet",
        f"loans/as_of={DAY}/part-0.parquet",
        f"manifests/as_of={DAY}.json",
        f"payments/as_of={DAY}/part-0.parquet",
    ]
    assert [name for name in files if "/." in name or name.startswith(".")] == []


def test_it_holds_what_the_book_holds(place: Path, desk: Desk) -> None:
    for name in TABLES:
        statement = f"select * from report.{name} order by 1"  # noqa: S608 -- names of our own
        expected = desk.app.rows(statement)  # type: ignore[arg-type, unused-ignore]
        assert rows(place, name) == expected
        assert list(expected[0]) == list(lake.TABLES[name])


def test_types_are_exact(place: Path) -> None:
    with duck.opened({"loans": table(place, "loans")}) as opened:
        found = opened.execute("describe loans").fetchall()
    kinds = {row[0]: row[1].lower() for row in found}
    assert kinds == lake.TABLES["loans"]
    schema = duckdb.connect().execute(
        "select name, type, logical_type from parquet_schema($file)",
        {"file": str(table(place, "loans"))},
    )
    told = {name: (kind, str(logical)) for name, kind, logical in schema.fetchall()}
    assert "MICROS" in told["created_at"][1]
    assert told["loan_amount"][0] == "INT64"


def test_no_person_is_in_it(place: Path) -> None:
    everything = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    names = {column for columns in lake.TABLES.values() for column in columns}
    assert names.isdisjoint({"name", "email", "tax_id", "phone", "locale"})
    for word in (b"Ana Alves", b"ana@example.com", b"390.533"):
        assert word not in everything


def test_the_manifest_tells_counts_sums_and_digests(place: Path) -> None:
    told = json.loads(manifest(place).read_text("utf-8"))
    assert (told["as_of"], told["business_date"]) == (str(DAY), str(DAY))
    assert told["release"]
    parts = {part["table"]: part for part in told["parts"]}
    assert {name: part["row_count"] for name, part in parts.items()} == {
        "clients": 5, "loans": 5, "payments": 5, "loan_states": 5,
    }  # fmt: skip
    assert parts["loans"]["keys"] == str(sum(loan.loan_id for loan in LOANS))
    assert Decimal(parts["loans"]["amounts"]) == sum(loan.due_amount for loan in LOANS)
    assert Decimal(parts["payments"]["amounts"]) == sum(loan.amount_paid for loan in LOANS)
    for name, part in parts.items():
        content = table(place, name).read_bytes()
        assert part["file"] == f"{name}/as_of={DAY}/part-0.parquet"
        assert (part["size"], part["digest"]) == (
            len(content), hashlib.sha256(content).hexdigest()
        )  # fmt: skip


def test_the_states_of_its_loans_are_those_of_its_day(place: Path) -> None:
    files = {name: table(place, name) for name in TABLES}
    with duck.opened(files) as tables:
        engines.of_tables(tables, DAY, DAY)
        found = tables.execute("select * from loans_as_of order by loan_id")
        names = [column[0] for column in found.description or ()]
        made = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    assert rows(place, "loan_states") == made
    assert len(made) == len(LOANS)


def test_both_engines_answer_alike(place: Path, desk: Desk) -> None:
    for day in (None, DAY, date(2023, 7, 1), date(2020, 1, 1), date(2025, 1, 1)):
        with lake.opened(place, day) as duckdb_engine, engines.of_book(desk.app, day) as book:
            assert duckdb_engine.as_of == book.as_of == (day or DAY)
            for question in catalogue.catalogue():
                assert duckdb_engine.rows(question.text) == book.rows(question.text)


def test_an_empty_book_has_a_snapshot_too(desk: Desk) -> None:
    made = snapshots.write(desk.app, desk.settings.lake, DAY)
    assert [part.row_count for part in made.parts] == [0, 0, 0, 0]
    with lake.opened(desk.settings.lake) as engine:
        (row,) = engine.rows(GLANCE.text)
    assert (row["as_of"], row["loans"], row["default_rate"]) == (DAY, 0, None)


def test_text_comes_through_whatever_it_holds(desk: Desk) -> None:
    reason = "a \"quote\", a comma\nand a line\r\nand \\N ☃ 'x'\r"
    denied = at("2024-01-02")
    person = Client(1, status="denied", denied_reason="x", denied_at=denied)
    desk.load(clients=[person])
    desk.owner.rows(
        "update dm.clients set denied_reason = %(reason)s returning user_id", reason=reason
    )
    snapshots.write(desk.app, desk.settings.lake, DAY)
    (row,) = rows(desk.settings.lake, "clients")
    assert (row["denied_reason"], row["denied_at"]) == (reason, denied)


def test_again_is_the_same_and_replaces(place: Path, desk: Desk) -> None:
    before = {name: table(place, name).read_bytes() for name in TABLES}
    snapshots.write(desk.app, place)
    assert {name: table(place, name).read_bytes() for name in TABLES} == before
    desk.load(clients=[Client(99)])
    made = snapshots.write(desk.app, place)
    assert made.parts[0].row_count == 6
    assert lake.read(place) == made


def test_the_latest_is_asked_and_earlier_days_by_name(place: Path, desk: Desk) -> None:
    figures.advance(desk.app, NEXT)
    snapshots.write(desk.app, place)
    assert lake.days(place) == [DAY, NEXT]
    for asked, expected in ((None, NEXT), (DAY, DAY), (NEXT, NEXT), (date(2023, 1, 1), DAY)):
        with lake.opened(place, asked) as engine:
            assert engine.known_to == expected
            assert engine.as_of == (asked or NEXT)


def test_without_a_day_there_is_no_snapshot(desk: Desk) -> None:
    with pytest.raises(NoBusinessDate):
        snapshots.write(desk.app, desk.settings.lake)
    with pytest.raises(NoBusinessDate), engines.of_book(desk.app):
        pass


def test_a_day_that_the_book_does_not_know_is_refused(place: Path, desk: Desk) -> None:
    with pytest.raises(BeyondBook, match="stands at 2024-01-25 and knows nothing of 2024-01-26"):
        snapshots.write(desk.app, place, NEXT)
    assert lake.days(place) == [DAY]


def test_an_empty_lake_says_so(tmp_path: Path) -> None:
    for day in (None, DAY):
        with pytest.raises(NoSnapshot, match="loanbook snapshot"), lake.opened(tmp_path, day):
            pass


@pytest.mark.parametrize("asked", [None, DAY])
def test_a_half_written_snapshot_is_refused_by_name(place: Path, asked: date | None) -> None:
    manifest(place).unlink()
    with pytest.raises(UnfinishedSnapshot, match=str(DAY)), lake.opened(place, asked):
        pass


def test_a_snapshot_that_dies_in_mid_write_is_not_there(
    place: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lake.read(place)
    copies = Database.copy_out
    with monkeypatch.context() as broken:

        def dying(book: Database, statement: Any) -> Iterator[bytes]:  # noqa: ANN401
            if "report.payments" in statement:
                raise KeyboardInterrupt
            return copies(book, statement)

        broken.setattr(Database, "copy_out", dying)
        with pytest.raises(KeyboardInterrupt):
            snapshots.write(desk.app, place)
    assert lake.read(place) == before  # the old one stands, since the new one was not ready
    assert list(place.glob(".*")) == []
    with monkeypatch.context() as broken:

        def dead(_lake: Path, _snapshot: lake.Snapshot) -> None:
            raise KeyboardInterrupt

        broken.setattr(snapshots, "_finish", dead)
        with pytest.raises(KeyboardInterrupt):
            snapshots.write(desk.app, place)
    with pytest.raises(UnfinishedSnapshot):
        lake.read(place)
    snapshots.write(desk.app, place)
    assert lake.read(place).as_of == DAY


def test_a_file_that_is_not_what_the_manifest_says_is_refused(place: Path) -> None:
    content = table(place, "loans").read_bytes()
    for damaged in (content[:-1], content + b"x", content[:-1] + bytes([content[-1] ^ 1])):
        table(place, "loans").write_bytes(damaged)
        with pytest.raises(DamagedSnapshot, match=r"loans/as_of=.* is not what"):
            lake.read(place)
    table(place, "loans").unlink()
    with pytest.raises(DamagedSnapshot, match="is missing"):
        lake.read(place)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"as_of": "2024-01-25"}', '{"as_of": 1, "parts": [{}]}', "null", '"text"'],
)
def test_a_manifest_that_cannot_be_read_is_refused(place: Path, text: str) -> None:
    manifest(place).write_text(text, "utf-8")
    with pytest.raises(DamagedSnapshot, match="manifest"):
        lake.read(place)


@pytest.mark.parametrize("change", [{"layout": 99}, {"as_of": "2024-01-26"}, {"parts": []}])
def test_a_manifest_of_another_kind_is_refused(place: Path, change: dict[str, Any]) -> None:
    told = json.loads(manifest(place).read_text("utf-8")) | change
    manifest(place).write_text(json.dumps(told), "utf-8")
    with pytest.raises(DamagedSnapshot, match="another kind"):
        lake.read(place)


def test_files_outside_the_lake_are_not_read(place: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n", "utf-8")
    with lake.opened(place) as engine:
        for statement in (
            f"from read_csv('{secret}')",
            f"copy (select 1) to '{tmp_path / 'out.csv'}'",
            "install httpfs",
            "load httpfs",
            "set enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                engine.rows(statement)  # type: ignore[arg-type, unused-ignore]
    assert not (tmp_path / "out.csv").exists()


def test_a_place_that_cannot_be_written_says_so(desk: Desk) -> None:
    desk.settings.lake.write_text("a file where a folder should be", "utf-8")
    with pytest.raises(LakeUnwritable, match="cannot be written"):
        snapshots.write(desk.app, desk.settings.lake, DAY)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_says_so(desk: Desk) -> None:
    desk.settings.lake.mkdir(mode=0o500)
    with pytest.raises(LakeUnwritable, match="cannot be written"):
        snapshots.write(desk.app, desk.settings.lake, DAY)


def test_all_tables_are_of_one_moment(
    desk: Desk, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = Database.copy_out
    began, loaded = threading.Event(), threading.Event()

    def slow(book: Database, statement: Any) -> Iterator[bytes]:  # noqa: ANN401
        if "report.loans" in statement:
            began.set()
            assert loaded.wait(60)
        return copies(book, statement)

    monkeypatch.setattr(Database, "copy_out", slow)
    before = lake.read(place)
    with Watcher(desk, place) as watcher:
        assert began.wait(60)
        desk.owner.rows(
            "update dm.loans set tax = tax + 1 where loan_id = %(key)s returning loan_id",
            key=ANA_OPEN.loan_id,
        )
        loaded.set()
    assert watcher.made == before


class Watcher:
    """Writes a snapshot on a connection and in a thread of its own."""

    def __init__(self, desk: Desk, place: Path) -> None:
        self.made: lake.Snapshot | None = None
        self._thread = threading.Thread(target=self._write, args=(desk, place))

    def _write(self, desk: Desk, place: Path) -> None:
        self.made = snapshots.write(desk.app, place)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)


def test_times_keep_their_seconds(desk: Desk) -> None:
    loan = lent(1, ANA, "2023-06-01 23:59:59")
    desk.load(clients=[ANA], loans=[loan])
    snapshots.write(desk.app, desk.settings.lake, DAY)
    (row,) = rows(desk.settings.lake, "loans")
    assert row["created_at"] == datetime(2023, 6, 1, 23, 59, 59)  # noqa: DTZ001 -- wall time
    assert row["issued_on"] == date(2023, 6, 1)
