"""Sources: half files, replaced ones, archives that lie, workbooks that hide something."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from tests.cast import CLIENTS, CONTACTS, DAY, NEXT, csv_text
from tests.foreign import delivered, ndjson, xlsx, zipped
from tests.shops import PLACE, Shop

from loanbook.errors import SourceUnavailable
from loanbook.sources.collect import Wish, collect
from loanbook.sources.folder import Folder
from loanbook.sources.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.desk import Desk

    from loanbook.sources.contract import Offer

CSV = csv_text("clients", CLIENTS)


@pytest.mark.parametrize("form", ["csv.gz", "csv.zst", "zip", "xlsx", "parquet", "ndjson"])
def test_half_a_file_is_refused_and_kept_and_the_whole_one_is_taken(form: str, desk: Desk) -> None:
    shop = Shop(desk)
    path = delivered(form, shop.folder, "clients", CLIENTS)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    done = shop.collect()
    assert (done.taken, done.refused) == (0, 1)
    assert path.name in shop.findings()["source_file_refused"]
    [kept] = (desk.settings.originals / "shop").iterdir()
    assert kept.read_bytes() == whole[: len(whole) // 2]
    assert shop.collect().refused == 0  # the same half is not looked into again
    assert "source_file_refused" in shop.findings()
    path.write_bytes(whole)
    assert shop.collect().taken == 1
    shop.load()
    assert desk.keys("clients") == {1, 2, 3, 4, 5}
    assert shop.findings() == {}


def test_a_file_is_taken_when_its_marker_lies_beside_it(desk: Desk) -> None:
    shop = Shop(desk, 'marker = "{name}.done"\n')
    shop.put("clients.csv", CSV[: len(CSV) // 2])
    assert shop.collect().offered == 0
    shop.put("clients.csv", CSV)
    shop.put("clients.csv.done", "")
    assert shop.collect().taken == 1
    assert shop.states() == {"clients.csv": "taken"}


def test_a_file_that_still_grows_is_left_alone(desk: Desk) -> None:
    shop = Shop(desk, text=PLACE.replace("settle = 0", "settle = 60"))
    path = shop.put("clients.csv", CSV[:-20])

    def write_on(_: float) -> None:
        path.write_text(CSV)

    growing = Wish(DAY, DAY, write_on)
    done = collect(desk.app, desk.settings, shop.source, growing)
    assert (done.taken, done.moving) == (0, 1)
    assert shop.collect().taken == 1


def test_a_file_that_is_replaced_while_it_is_copied_is_taken_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(desk)
    path = shop.put("clients.csv", CSV)
    fetch = Folder.fetch

    def replaced(self: Folder, offer: Offer, to: Path) -> None:
        path.write_text(CSV.replace("approved", "APPROVED"))
        fetch(self, offer, to)

    monkeypatch.setattr(Folder, "fetch", replaced)
    done = shop.collect()
    assert (done.taken, done.moving) == (0, 1)
    monkeypatch.undo()
    path.write_text(CSV)
    assert shop.collect().taken == 1


def test_a_file_replaced_under_the_same_name_is_taken_again(desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("clients.csv", CSV)
    shop.collect()
    shop.put("clients.csv", csv_text("clients", CLIENTS[:3]))
    assert shop.collect().taken == 1
    assert shop.ready == ["2024-01-25.clients.csv"]  # the first never came to the stage
    shop.load()
    assert desk.keys("clients") == {1, 2, 3}
    shop.put("clients.csv", CSV)
    assert shop.collect(NEXT).taken == 1  # what was there, went and came back is news
    assert shop.collect(NEXT).taken == 0


def test_what_came_and_went_and_came_back_is_in_the_book_again(desk: Desk) -> None:
    shop = Shop(desk)
    ready, kept = shop.path("2024-01-25.clients.csv"), b""
    for text in (CSV, CSV.replace(",10000,", ",12000,"), CSV):
        shop.put("clients.csv", text)
        assert shop.collect().taken == 1
        kept = ready.read_bytes()
        shop.load()
        most = desk.app.value("select max(credit_limit) from api.clients")
        assert most == (10_000 if text == CSV else 12_000)
    assert len(desk.app.rows("select from api.batches where state = 'accepted'")) == 3
    # Whoever died before the file was cleared away finds it there, and knows it.
    ready.write_bytes(kept)
    shop.load()
    assert shop.ready == []
    assert len(desk.app.rows("select from api.batches")) == 3


def test_the_same_bytes_under_another_name_are_known(desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("clients.csv", CSV)
    shop.collect()
    shop.put("clients (1).csv", CSV)
    done = shop.collect()
    assert (done.taken, done.known) == (0, 1)
    assert shop.states() == {"clients.csv": "taken", "clients (1).csv": "known"}


def test_a_bomb_is_refused_before_it_fills_the_disk(desk: Desk) -> None:
    shop = Shop(desk, "largest = 1\n")
    zeros = b"0" * (64 << 20)
    shop.put("bomb.zip", zipped({"clients.csv": zeros}))
    shop.put("bomb.csv.gz", gzip.compress(zeros))
    done = shop.collect()
    assert (done.refused, done.taken) == (2, 0)
    assert "more than 1 MB" in shop.findings()["source_file_refused"]
    assert [p for p in desk.settings.inbox.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("name", ["../../clients.csv", "/etc/clients.csv", "C:\\clients.csv"])
def test_a_name_that_leads_out_of_an_archive_is_refused(name: str, desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("a.zip", zipped({name: CSV.encode()}))
    assert shop.collect().refused == 1
    assert "leads out of it" in shop.findings()["source_file_refused"]
    assert not (desk.settings.home / "clients.csv").exists()


def test_an_archive_within_an_archive_and_an_empty_one_are_refused(desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("inner.zip", zipped({"b.zip": zipped({"clients.csv": CSV.encode()})}))
    shop.put("none.zip", zipped({}))
    shop.put("many.zip", zipped({f"{n}.csv": b"x" for n in range(1_001)}))
    assert shop.collect().refused == 3


def test_an_archive_behind_a_password_is_refused(desk: Desk) -> None:
    shop = Shop(desk)
    content = bytearray(zipped({"clients.csv": CSV.encode()}))
    content[content.index(b"PK\x03\x04") + 6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    shop.put("a.zip", bytes(content))
    assert shop.collect().refused == 1
    assert "password" in shop.findings()["source_file_refused"]


def test_a_workbook_behind_a_password_is_refused(desk: Desk) -> None:
    shop = Shop(desk)
    sealed = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx(csv.reader(CSV.splitlines())))).encrypt("a secret", sealed)
    shop.put("clients.xlsx", sealed.getvalue())
    assert shop.collect().refused == 1
    assert "needs a password" in shop.findings()["source_file_refused"]


def test_names_of_strangers_lead_nowhere(desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("a b/ção\u202e; rm -rf.csv", CSV)
    (shop.folder / "out.csv").symlink_to(desk.settings.toml)
    os.mkfifo(shop.folder / "pipe.csv")
    (shop.folder / "folder.csv").mkdir()
    done = shop.collect()
    assert (done.offered, done.taken) == (0, 0)  # a name that cannot be printed is none
    shop.put("a b/ção; rm -rf.csv", CSV)
    assert shop.collect().taken == 1
    [ready] = shop.ready
    assert ready.startswith("2024-01-25.")
    assert set(ready) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")


def test_merged_cells_formulas_and_numbers_that_are_dates(desk: Desk) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Nr", "Seen", "Limit", "Rate"])
    page.append([1, 45316.5, 1000, "=10+10"])
    page.append([2, 45317, 1000, 20])
    page.merge_cells("C2:C3")
    out = io.BytesIO()
    book.save(out)
    shop = Shop(desk, SHEET)
    shop.put("clients.xlsx", out.getvalue())
    done = shop.collect()
    told = "; ".join(done.problems)
    assert "1 merged cells" in told
    assert "formulas without a value, such as D2" in told
    shop.load()
    assert (desk.client(2)["created_at"].isoformat(), desk.client(2)["credit_limit"]) == (
        "2024-01-26T00:00:00", 1000,
    )  # fmt: skip
    assert desk.refused_lines("clients") == {2: ["clients_interest_rate_missing"]}


SHEET = """
[sources.shop.layouts.clients]
kind = "clients"
dates = ["excel"]
[sources.shop.layouts.clients.columns]
user_id = "Nr"
created_at = "Seen"
credit_limit = "Limit"
interest_rate = "Rate"
[sources.shop.layouts.clients.constants]
batch = 1
status = "approved"
denied_reason = ""
denied_at = ""
"""


def test_a_formula_gives_what_excel_computed_last(desk: Desk) -> None:
    shop = Shop(desk, SHEET)
    content = xlsx([["Nr", "Seen", "Limit", "Rate"], [1, 45316.5, 1000, "=10+10"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            new.writestr(
                item, data.replace(b"<v></v>", b"<v>20</v>").replace(b"<v />", b"<v>20</v>")
            )
    shop.put("clients.xlsx", out.getvalue())
    assert any("what Excel last computed" in one for one in shop.collect().problems)
    shop.load()
    assert desk.client(1)["interest_rate"] == 20


def test_a_sheet_that_claims_billions_of_cells_is_refused(desk: Desk) -> None:
    shop = Shop(desk)
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["user_id"])
    page["XFD1048576"] = 1
    out = io.BytesIO()
    book.save(out)
    shop.put("clients.xlsx", out.getvalue())
    assert shop.collect().refused == 1
    assert "spans 1048576 rows of 16384 columns" in shop.findings()["source_file_refused"]


def test_parquet_of_other_types(desk: Desk, tmp_path: Path) -> None:
    import duckdb  # noqa: PLC0415

    shop = Shop(desk)
    values = (
        "select '7' as user_id, timestamptz '2023-01-10 11:30:00+00' as created_at,"
        " 'approved' as status, 1.0::double as batch, 1000.10::float as credit_limit,"
        " 0.1::double + 0.2 as interest_rate, null as denied_reason, null as denied_at"
    )
    with duckdb.connect() as made:
        made.sql(values).write_parquet(str(shop.folder / "clients.parquet"))
        made.sql(f"select *, [1, 2] as more from ({values})").write_parquet(  # noqa: S608
            str(shop.folder / "nested.parquet")
        )
    done = shop.collect()
    assert (done.taken, done.refused) == (1, 1)
    assert "column more holds" in shop.findings()["source_file_refused"]
    shop.load()
    client = desk.client(7)
    assert client["created_at"].isoformat() == "2023-01-10T08:30:00"  # the lender's wall time
    assert (str(client["credit_limit"]), str(client["interest_rate"])) == ("1000.10", "0.3000")
    del tmp_path


def test_json_with_objects_in_it(desk: Desk) -> None:
    shop = Shop(desk, NESTED)
    desk.load(clients=CLIENTS, day=DAY)
    shop.put(
        "people.ndjson",
        '{"id": 1, "person": {"name": "Ana", "mail": {"at": "ana@example.com"}}, "tags": [1, 2]}\n'
        '{"id": 2, "person": null}\n\n'
        '{"id": 3, "person": {"name": "C", "mail": {"at": "c@example.com"}}, "late": true}\n',
    )
    shop.collect()
    shop.load()
    assert desk.contact(1)["email"] == "ana@example.com"
    assert desk.contact(2)["name"] is None


NESTED = """
[sources.shop.layouts.people]
kind = "contacts"
[sources.shop.layouts.people.columns]
user_id = "id"
name = "person.name"
email = "person.mail.at"
"""


@pytest.mark.parametrize(
    "content", [b"[1, 2]\n", b"{\n", b'{"a": 1} {"b": 2}\n', b'{"a": ' + b"[" * 100_000, b"{}\n"]
)
def test_what_is_no_ndjson_is_refused(content: bytes, desk: Desk) -> None:
    shop = Shop(desk, 'format = "ndjson"\n')
    shop.put("clients.ndjson", content)
    assert shop.collect().refused == 1


def test_lines_with_too_many_or_too_few_fields_are_quarantined(desk: Desk) -> None:
    shop = Shop(desk, LOANS_BY_OTHERS)
    desk.load(clients=CLIENTS)
    good = "1;1;1000;1;x\n"
    shop.put("loans.csv", f"a;b;c;d;e\n{good}2;2;2\n3;3;3;3;3;3;3;3;3;3;3\n\n4;1;1000;1;x\n")
    done = shop.collect()
    assert done.rows == 4
    shop.load()
    assert desk.keys("loans") == {1, 4}
    assert desk.refused_lines("loans") == {3: ["line_columns"], 4: ["line_columns"]}


LOANS_BY_OTHERS = """
[sources.shop.layouts.loans]
kind = "loans"
[sources.shop.layouts.loans.columns]
loan_id = "a"
user_id = "b"
loan_amount = "c"
tax = "d"
[sources.shop.layouts.loans.constants]
created_at = "2023-10-01 10:00:00"
due_at = "2023-12-30 10:00:00"
paid_at = ""
status = "default"
due_amount = "1100"
amount_paid = "0"
"""


def test_what_cannot_be_translated_stands_in_quarantine_as_it_was(desk: Desk) -> None:
    shop = Shop(desk, CODED)
    shop.put(
        "clients.csv",
        "Nr;Since;State;Limit\n1;31/12/2022;A;1.000,50\n2;2022/12/31;A;1,5\n3;01/01/2023;Z;1.5\n",
    )
    shop.collect()
    shop.load()
    assert str(desk.client(1)["credit_limit"]) == "1000.50"
    assert set(desk.refused_lines("clients")) == {3, 4}
    raw = [row["raw"] for row in desk.app.rows("select raw from api.quarantine order by line_no")]
    assert "?2022/12/31" in raw[0]
    assert ("?Z" in raw[1], "?1.5" in raw[1]) == (True, True)


CODED = """
[sources.shop.layouts.clients]
kind = "clients"
decimal = ","
dates = ["%d/%m/%Y"]
[sources.shop.layouts.clients.columns]
user_id = "NR"
created_at = "since"
status = "State"
credit_limit = "Limit"
[sources.shop.layouts.clients.constants]
batch = 1
interest_rate = 20
denied_reason = ""
denied_at = ""
[sources.shop.layouts.clients.codes.status]
A = "approved"
"""


def test_killed_before_it_is_remembered_a_file_is_taken_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(desk)
    shop.put("clients.csv", CSV)
    shop.put("contacts.ndjson", ndjson(CONTACTS))

    class Killed(BaseException):
        """As kill -9 would."""

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(Memory, "note", killed)
    with pytest.raises(Killed):
        shop.collect()
    monkeypatch.undo()
    assert shop.ready == ["2024-01-25.clients.csv"]
    assert shop.collect().taken == 2
    staged, _ = shop.load()
    assert [one.outcome for one in staged] == ["staged", "staged"]
    assert shop.ready == []
    assert [p for p in desk.settings.inbox.rglob("*") if p.is_file()] == []


def test_a_listing_of_ten_thousand_files_is_asked_about_in_one_go(desk: Desk) -> None:
    shop = Shop(desk, 'files = "clients*.csv"\n')
    for number in range(10_000):
        (shop.folder / f"other{number}.csv").touch()
    shop.put("clients.csv", CSV)
    done = shop.collect()
    assert (done.offered, done.taken) == (1, 1)


def test_a_folder_that_is_gone_is_an_outage_that_ends(desk: Desk) -> None:
    shop = Shop(desk)
    shop.put("clients.csv", CSV)
    shop.folder.rename(shop.folder.with_name("away"))
    with pytest.raises(SourceUnavailable, match="cannot be reached now"):
        shop.collect()
    assert "source_unreachable" in shop.findings()
    shop.folder.with_name("away").rename(shop.folder)
    assert shop.collect().taken == 1
    assert shop.findings() == {}


def test_what_is_expected_and_does_not_come_is_told_until_it_does(desk: Desk) -> None:
    shop = Shop(desk, 'expected_by = "07:30"\n')
    done = shop.collect()  # of a day of 2024: it is later than that now
    assert (done.late, shop.findings()) == (
        True, {"source_late": "nothing for 2024-01-25 by 07:30"},
    )  # fmt: skip
    shop.put("clients.csv", CSV)
    assert (shop.collect().late, shop.findings()) == (False, {})


@pytest.mark.parametrize(
    ("setting", "name", "day"),
    [
        ("", "clients.csv", DAY),
        ("", "clients-2024-01-24.csv", DAY - timedelta(1)),
        ("", "2024-01-24/clients.csv", DAY - timedelta(1)),
        ("", "clients-2024-13-24.csv", DAY),
        ('dated = "%d%m%Y"\n', "CLI_24012024.csv", DAY - timedelta(1)),
        ('dated = "%y%m%d"\n', "clients.240124.csv", DAY - timedelta(1)),
        ('dated = "%d%m%Y"\n', "clients-2024-01-24.csv", DAY),
    ],
)
def test_the_business_date_stands_in_the_name(
    setting: str, name: str, day: object, desk: Desk
) -> None:
    shop = Shop(desk, setting)
    shop.put(name, CSV)
    shop.collect()
    shop.load()
    found = desk.app.rows("select business_date from api.batches")
    assert [row["business_date"] for row in found] == [day]


def test_windows_text_and_utf_16_are_understood(desk: Desk) -> None:
    shop = Shop(desk, NAMES)
    desk.load(clients=CLIENTS)
    shop.put("a.csv", "Nr;Nome\n1;Conceição\n".encode("cp1252"))
    shop.put("b.csv", "Nr;Nome\n2;João “Zé”\n".encode("utf-16"))
    shop.put("c.csv", "\ufeffNr;Nome\n3;Luíza\n".encode())
    assert shop.collect().taken == 3
    shop.load()
    assert [desk.contact(n)["name"] for n in (1, 2, 3)] == ["Conceição", "João “Zé”", "Luíza"]


NAMES = """
[sources.shop.layouts.people]
kind = "contacts"
columns = { user_id = "Nr", name = "Nome" }
constants = { email = "" }
"""
