"""Rows come from other databases: exact, in a stream, and not for ever."""

from __future__ import annotations

import csv
import io
import sqlite3
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from tests.servers import asked
from tests.servers.wire import Wire, wire_to

from loanbook.errors import BadSetting, SourceDenied, SourceError, SourceUnavailable
from loanbook.settings.sources import Where
from loanbook.sources.contract import Offer
from loanbook.sources.transports import database
from loanbook.sources.transports.cells import NoTextError, text_of, texts_of

if TYPE_CHECKING:
    from tests.houses import Houses

OFFER = Offer("loans.csv", None, "")
EVERY_TYPE = """
select 1::bigint as i, 100.10::numeric(14, 2) as n, 1e-7::float8 as f, true as b,
    'a;"b' || chr(10) as t, null::text as z, ''::text as e, date '2024-01-25' as d,
    timestamp '2024-01-25 09:30:00' as ts, timestamp '2024-01-25 09:30:00.25' as part,
    '50%' as percent, 'x' as "a:b", ' :no ' as colon
"""
ENDLESS = "with recursive n (i) as (select 1 union all select i + 1 from n) select i from n"
NUMBERS = ENDLESS.removesuffix(" from n") + ", 'some text of a row' as t from n"
SILENT = f"select max(i) from ({ENDLESS}) as never"  # noqa: S608 -- ours


@dataclass
class Core:
    """Another database on the test server, and a login of its own.

    Attributes:
        address: how the login comes there by way of the wire.
        wire: to the server.
        run: does something there as its owner.
    """

    address: str
    wire: Wire
    owner: psycopg.Connection[Any]


@pytest.fixture
def core(houses: Houses, monkeypatch: pytest.MonkeyPatch) -> Iterator[Core]:
    name = houses.make()
    given = conninfo_to_dict(houses.conninfo(name))
    place = str(given.get("host") or "localhost")
    port = int(given.get("port") or 5432)
    reader = f"{name}_reader"
    with psycopg.connect(houses.conninfo(name), autocommit=True) as owner:
        owner.execute(
            sql.SQL("create role {} login password 'right one'").format(sql.Identifier(reader))
        )
        to = Path(place, f".s.PGSQL.{port}") if place.startswith("/") else port
        monkeypatch.setenv("CORE_PASSWORD", "right one")
        with wire_to(to) as wire:
            address = f"postgresql+psycopg://{reader}@127.0.0.1:{wire.port}/{name}"
            yield Core(address + "?sslmode=disable", wire, owner)
        owner.execute(sql.SQL("drop owned by {}").format(sql.Identifier(reader)))
        owner.execute(sql.SQL("drop role {}").format(sql.Identifier(reader)))
    houses.drop(name)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as made:
        made.execute("create table loans (loan_id integer, amount numeric, note text)")
        rows = ((n, f"{n}.25", f"note {n}") for n in range(1, 20_001))
        made.executemany("insert into loans values (?, ?, ?)", rows)
    made.close()
    return path


def where(home: Path, options: Mapping[str, object]) -> Where:
    given = {"query": None if "queries" in options else "select 1 as one", "name": "loans.csv"}
    return asked.where("database", home, given | dict(options))


def fetched(home: Path, query: str, /, **options: object) -> list[list[str]]:
    place = where(home, {"query": query, **options})
    text = asked.fetched(database.make, place, OFFER).decode()
    return list(csv.reader(text.splitlines(keepends=True)))


def of(core: Core, /, **options: object) -> dict[str, object]:
    given: dict[str, object] = {"address": core.address, "password_env": "CORE_PASSWORD"}
    return given | options


def test_values_are_exact(core: Core, tmp_path: Path) -> None:
    header, row = fetched(tmp_path, EVERY_TYPE, **of(core))
    assert header == [
        "i",
        "n",
        "f",
        "b",
        "t",
        "z",
        "e",
        "d",
        "ts",
        "part",
        "percent",
        "a:b",
        "colon",
    ]
    assert row == [
        "1", "100.10", "0.0000001", "true", 'a;"b\n', "", "", "2024-01-25", "2024-01-25 09:30:00",
        "2024-01-25 09:30:00.250000", "50%", "x", " :no ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (1e22, "10000000000000000000000"),
        (float("nan"), "NaN"),
        (False, "false"),
        (time(9, 30), "09:30:00"),
        (date(2024, 1, 25), "2024-01-25"),
        (datetime(2024, 1, 25, 9, 30, tzinfo=UTC), "2024-01-25 09:30:00+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"a": [Decimal("1.50"), "ç"]}, '{"a": ["1.50", "ç"]}'),
    ],
)
def test_a_value_is_written_in_one_way(value: object, text: str) -> None:
    assert text_of(value) == text
    column = [value, None, "x"]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(texts_of(column))
    assert next(csv.reader([out.getvalue()])) == [text, "", "x"]


def test_bytes_are_no_text(core: Core, tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match="bytes"):
        text_of(b"1")
    with pytest.raises(SourceError, match="column photo holds"):
        fetched(tmp_path, "select 1 as a, '\\x00'::bytea as photo", **of(core))


def test_a_folder_of_queries_gives_a_file_each(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "queries"
    folder.mkdir()
    (folder / "loans.sql").write_text("-- all\nselect loan_id, amount from loans;\n", "utf-8")
    (folder / "clients.sql").write_text("select 1 as user_id", "utf-8")
    place = where(tmp_path, {"address": f"sqlite:///{shop}", "queries": "queries"})
    names = [offer.name for offer in asked.offered(database.make, place)]
    assert names == ["clients.csv", "loans.csv"]
    lines = asked.fetched(database.make, place, OFFER).splitlines()
    assert (lines[0], lines[-1], len(lines)) == (b"loan_id,amount", b"20000,20000.25", 20_001)


def test_a_file_of_a_workspace_is_only_read(shop: Path, tmp_path: Path) -> None:
    assert fetched(tmp_path, "select count(*) as n from loans", address=f"sqlite:///{shop.name}")
    with pytest.raises(SourceUnavailable, match="unable to open"):
        fetched(tmp_path, "select 1", address="sqlite:///nowhere.db")
    assert not (tmp_path / "nowhere.db").exists()
    with pytest.raises(SourceError):
        fetched(tmp_path, "delete from loans", address=f"sqlite:///{shop}")
    assert len(fetched(tmp_path, "select * from loans", address=f"sqlite:///{shop}")) == 20_001


@pytest.mark.parametrize(
    "query", ["create table x (a int)", "drop table loans", "set role none", "select"]
)
def test_nothing_is_changed_there(core: Core, tmp_path: Path, query: str) -> None:
    core.owner.execute("create table loans (loan_id int)")
    core.owner.execute("grant all on loans to public")
    with pytest.raises(SourceError):
        fetched(tmp_path, query, **of(core))
    with pytest.raises(SourceError):
        fetched(tmp_path, "with x as (insert into loans values (1) returning *) select * from x",
                **of(core))  # fmt: skip
    row = core.owner.execute("select count(*) from loans").fetchone()
    assert row == (0,)


def test_a_query_that_gives_nothing_is_a_file_with_a_header(core: Core, tmp_path: Path) -> None:
    assert fetched(tmp_path, "select 1 as a, 2 as b where false", **of(core)) == [["a", "b"]]


def test_columns_need_names_of_their_own(core: Core, shop: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="column 2"):
        fetched(tmp_path, "select 1 as a, 2 as a", **of(core))
    with pytest.raises(SourceError, match="column 2"):
        fetched(tmp_path, "select 1 as a, 2 as a", address=f"sqlite:///{shop}")


def test_a_query_that_never_answers_is_stopped(core: Core, shop: Path, tmp_path: Path) -> None:
    for options in (of(core), {"address": f"sqlite:///{shop}"}):
        with pytest.raises(SourceUnavailable, match="no rows within 1 seconds"):
            fetched(tmp_path, SILENT, timeout=1, **options)
    row = core.owner.execute(
        "select count(*) from pg_stat_activity where application_name = 'loanbook source'"
        " and state = 'active'"
    ).fetchone()
    assert row == (0,)


def test_a_query_that_never_ends_is_stopped(core: Core, shop: Path, tmp_path: Path) -> None:
    for options in (of(core), {"address": f"sqlite:///{shop}"}):
        with pytest.raises(SourceUnavailable, match=r"after 1 seconds|no rows within"):
            fetched(tmp_path, ENDLESS, longest=1, **options)


def test_a_server_that_says_nothing(core: Core, tmp_path: Path) -> None:
    core.wire.silent.set()
    with pytest.raises(SourceUnavailable):
        fetched(tmp_path, "select 1", timeout=2, **of(core))


def test_a_cut_connection_starts_again_without_a_double_row(core: Core, tmp_path: Path) -> None:
    query = "select i, repeat('x', 50) as t from generate_series(1, 50000) as i"
    core.wire.budgets = [1_000_000]
    with pytest.raises(SourceUnavailable):
        fetched(tmp_path, query, **of(core))
    assert (tmp_path / "part").stat().st_size > 0
    rows = fetched(tmp_path, query, **of(core))
    assert [row[0] for row in rows[1:]] == [str(n) for n in range(1, 50_001)]


def test_a_part_of_before_is_not_written_into(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "part").write_text("old", "utf-8")
    (tmp_path / "kept").hardlink_to(tmp_path / "part")
    fetched(tmp_path, "select 1 as a", address=f"sqlite:///{shop}")
    assert (tmp_path / "kept").read_text("utf-8") == "old"


def test_wrong_credentials(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORE_PASSWORD", "wrong one")
    with pytest.raises(SourceDenied) as denied:
        fetched(tmp_path, "select 1 as a", **of(core))
    assert "wrong one" not in f"{denied.value}{denied.value!r}"
    (tmp_path / "password").write_text("right one\n", "utf-8")
    options = of(core, password_env=None, password_file="password")
    assert fetched(tmp_path, "select 1 as a", **options) == [["a"], ["1"]]
    core.owner.execute("create table secret (a int)")
    with pytest.raises(SourceDenied, match="permission denied"):
        fetched(tmp_path, "select * from secret", **options)


def test_a_server_that_is_down(core: Core, tmp_path: Path) -> None:
    core.wire.close()
    with pytest.raises(SourceUnavailable):
        asked.offered(database.make, where(tmp_path, of(core)))


@pytest.mark.parametrize("query", ["selekt 1", "select * from nowhere", "select 1/0 as a"])
def test_a_query_that_is_wrong(core: Core, tmp_path: Path, query: str) -> None:
    with pytest.raises(SourceError, match="its query"):
        fetched(tmp_path, query, **of(core))


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_memory_does_not_grow_with_the_rows(
    core: Core, shop: Path, tmp_path: Path, soak: bool, kind: str
) -> None:
    options = of(core) if kind == "postgresql" else {"address": f"sqlite:///{shop}"}
    peaks = []
    for rows in (10_000, 1_000_000 if soak else 50_000):
        query = f"{NUMBERS} limit {rows}"
        with closing(database.make(where(tmp_path, {"query": query, **options}))) as transport:
            tracemalloc.start()
            transport.fetch(OFFER, tmp_path / "part")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        with (tmp_path / "part").open("rb") as file:
            assert sum(1 for _ in file) == rows + 1
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"address": None}, "address"),
        ({"address": "nonsense"}, "address"),
        ({"address": "nosuch://host/x"}, "address"),
        ({"address": "oracle://host/x"}, "address"),
        ({"address": "postgresql+psycopg://u:secret@host/x"}, "address"),
        ({"address": "postgresql+psycopg://host/x?password=secret"}, "address"),
        ({"query": None}, "query"),
        ({"query": None, "queries": "nowhere"}, "queries"),
        ({"queries": "both"}, "query"),
        ({"name": "../x.csv"}, "name"),
        ({"name": "x.txt"}, "name"),
        ({"password": "secret"}, "password"),
        ({"password_env": "NOT_SET"}, "password_env"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    tmp_path: Path, options: dict[str, object], key: str
) -> None:
    given: dict[str, object] = {"address": "sqlite:///x.db", "query": "select 1"}
    with pytest.raises(BadSetting, match=rf"sources\.partner\.database\.{key}\b") as refused:
        database.make(where(tmp_path, given | options))
    assert "secret" not in str(refused.value)
