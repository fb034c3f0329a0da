"""Files of every make are taken in, or refused by name; each line keeps its number."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cast import (
    ANA,
    ANA_OPEN,
    CLIENTS,
    CONTACTS,
    DAVI,
    DAY,
    HEADERS,
    LOANS,
    NEXT,
    Client,
    Contact,
    Line,
    broken,
    csv_text,
)

from loanbook.errors import UnknownPath

if TYPE_CHECKING:
    from tests.desk import Desk

TEXT = csv_text("clients", CLIENTS)


def refusal(desk: Desk, content: str | bytes) -> str:
    """The sentence with which a file is refused; nothing is left of it."""
    (done,) = desk.stage(desk.write("odd.csv", content))
    assert (done.outcome, done.batch_id) == ("refused", None)
    assert desk.app.rows("select from api.batches") == []
    assert done.problem is not None
    assert "odd.csv" in done.problem
    return done.problem


def arrived(desk: Desk, content: str | bytes, name: str = "clients.csv") -> None:
    """The file holds the cast's clients, whatever it looks like."""
    loaded = desk.load(desk.write(name, content))
    assert loaded.fates("clients") == {"inserted": 5}
    found = [desk.client(client.user_id) for client in CLIENTS]
    assert [{name: row[name] for name in HEADERS["clients"]} for row in found] == [
        vars(client) for client in CLIENTS
    ]


# One sentence names the file and what is wrong with it.


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(desk: Desk, content: bytes) -> None:
    assert "it is empty" in refusal(desk, content)


@pytest.mark.parametrize(
    "header", ["a,b,c", "user_id", "x;user_id;y", "{json: 1}", "%PDF-1.4", '"' * 3]
)
def test_a_header_that_is_nobodys_is_refused(desk: Desk, header: str) -> None:
    sentence = refusal(desk, f"{header}\n1,2,3\n")
    assert "neither that of clients, loans nor contacts" in sentence
    assert header in sentence


@pytest.mark.parametrize("kind", ["clients", "loans"])
def test_a_missing_required_column_is_named(desk: Desk, kind: str) -> None:
    for missing in HEADERS[kind]:
        columns = [name for name in HEADERS[kind] if name != missing]
        sentence = refusal(desk, csv_text(kind, [], columns=columns))
        assert f"it looks like {kind} but lacks the required column {missing};" in sentence


def test_two_missing_columns_are_both_named(desk: Desk) -> None:
    columns = [name for name in HEADERS["loans"] if name not in {"tax", "due_at"}]
    sentence = refusal(desk, csv_text("loans", LOANS, columns=columns))
    assert "lacks the required columns due_at, tax;" in sentence


@pytest.mark.parametrize("missing", ["name", "email"])
def test_contacts_need_name_and_email_only(desk: Desk, missing: str) -> None:
    columns = [name for name in HEADERS["contacts"] if name != missing]
    sentence = refusal(desk, csv_text("contacts", CONTACTS, columns=columns))
    assert f"lacks the required column {missing};" in sentence


def test_a_column_named_twice_is_refused(desk: Desk) -> None:
    columns = [*HEADERS["clients"], "batch"]
    sentence = refusal(desk, csv_text("clients", CLIENTS, columns=columns))
    assert "names column batch more than once" in sentence


def test_a_gzip_file_that_ends_too_early_is_refused(desk: Desk) -> None:
    assert "cannot be read" in refusal(desk, gzip.compress(TEXT.encode())[:-12])


def test_a_file_in_utf_16_is_refused(desk: Desk) -> None:
    assert "neither that of" in refusal(desk, TEXT.encode("utf-16"))


def test_an_unknown_folder_stops_before_anything_is_staged(desk: Desk) -> None:
    known = desk.write("clients.csv", TEXT)
    with pytest.raises(UnknownPath, match="nowhere"):
        desk.stage(known, Path("nowhere/at/all"))
    assert desk.app.rows("select from api.batches") == []


def test_one_file_s_refusal_does_not_stop_the_others(desk: Desk) -> None:
    odd, good = desk.write("a.csv", "a,b\n"), desk.write("clients.csv", TEXT)
    assert desk.load(odd, good).outcomes == {"a.csv": "refused", "clients.csv": "accepted"}


# Whatever program wrote them.


def test_a_header_alone_is_a_batch_of_no_lines(desk: Desk) -> None:
    loaded = desk.load(clients=[], contacts=[], loans=[])
    assert set(loaded.outcomes.values()) == {"accepted"}
    assert [done.totals[0].in_file for done in loaded.promoted] == [0, 0, 0]
    assert desk.ailments() == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_understood(desk: Desk, delimiter: str) -> None:
    arrived(desk, csv_text("clients", CLIENTS, delimiter=delimiter))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_understood(desk: Desk, end: str) -> None:
    arrived(desk, csv_text("clients", CLIENTS, end=end))


def test_mixed_line_ends_are_understood(desk: Desk) -> None:
    lines = TEXT.splitlines()
    ends = ["\r\n", "\n", "\r", "\r\n", "\n", ""]
    arrived(desk, "".join(map("".join, zip(lines, ends, strict=True))))


def test_columns_in_another_order_are_understood(desk: Desk) -> None:
    arrived(desk, csv_text("clients", CLIENTS, columns=reversed(HEADERS["clients"])))


def test_column_names_may_have_capitals_and_blanks(desk: Desk) -> None:
    header, _, lines = TEXT.partition("\n")
    arrived(desk, header.upper().replace(",", " , ") + "\n" + lines)


def test_a_byte_order_mark_is_understood(desk: Desk) -> None:
    arrived(desk, b"\xef\xbb\xbf" + TEXT.encode())


def test_gzip_even_under_another_name_is_understood(desk: Desk) -> None:
    arrived(desk, gzip.compress(TEXT.encode()))


def test_gzip_with_a_byte_order_mark_within_is_understood(desk: Desk) -> None:
    arrived(desk, gzip.compress(b"\xef\xbb\xbf" + TEXT.encode()), "clients.csv.gz")


def test_the_final_newline_may_be_missing(desk: Desk) -> None:
    arrived(desk, TEXT.rstrip("\n"))


def test_blank_lines_are_passed_over(desk: Desk) -> None:
    arrived(desk, TEXT.replace("\n", "\n\n") + "\n\n")


def test_everything_may_be_quoted(desk: Desk) -> None:
    quoted = ('"' + line.replace(",", '","') + '"\n' for line in TEXT.splitlines())
    arrived(desk, "".join(quoted))


def test_blanks_around_numbers_and_times_do_not_matter(desk: Desk) -> None:
    text = TEXT.replace("1,2023-01-10 08:30:00,", " 1 , 2023-01-10 08:30:00 ,")
    assert text != TEXT
    arrived(desk, text)


def test_extra_columns_are_left_to_the_archive(desk: Desk) -> None:
    columns = ["remark", *HEADERS["clients"], "", "score"]
    lines = [broken(client, remark='a "good" one, too', score="9") for client in CLIENTS]
    arrived(desk, csv_text("clients", lines, columns=columns))


def test_zeros_in_front_and_behind_do_not_matter(desk: Desk) -> None:
    lines = [broken(c, user_id=f"00{c.user_id}", interest_rate=f"{c.interest_rate}.000000")
             for c in CLIENTS]  # fmt: skip
    arrived(desk, csv_text("clients", lines))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("name", ["João Müñoz", "Ægir Ødegård", "é", "naïve; café"])
def test_names_arrive_in_utf_8_and_latin_1(desk: Desk, encoding: str, name: str) -> None:
    text = csv_text("contacts", [Contact(1, name, "a@example.com")])
    desk.load(desk.write("contacts.csv", text.encode(encoding)), clients=[ANA])
    assert desk.contact(1)["name"] == name


def test_latin_1_is_found_however_late_it_shows(desk: Desk) -> None:
    many = [Client(number) for number in range(10, 40_000)]
    contacts = [Contact(number, "A" * 60, "a@example.com") for number in range(10, 30_000)]
    contacts.append(Contact(30_001, "José", "j@example.com"))
    text = csv_text("contacts", contacts).encode("latin-1")
    assert len(text) > 1 << 21
    desk.load(desk.write("contacts.csv", text), clients=many)
    assert desk.contact(30_001)["name"] == "José"
    assert desk.refused_lines("contacts") == {}


def test_utf_8_that_is_cut_by_the_end_of_a_block_stays_utf_8(desk: Desk) -> None:
    clients = [Client(number) for number in range(10, 30_010)]
    contacts = [Contact(c.user_id, "é" * (c.user_id % 7) + "€", "a@example.com")
                for c in clients]  # fmt: skip
    desk.load(clients=clients, contacts=contacts)
    found = desk.app.rows("select user_id, name from api.contacts")
    assert {row["user_id"]: row["name"] for row in found} == {
        contact.user_id: contact.name for contact in contacts
    }


@pytest.mark.parametrize(
    "name",
    [
        'Ana "Nina" Alves',
        "Alves, Ana; \tand Co.",
        "Ana\nAlves",
        "Ana\r\nAlves",
        "two\n\nlines\n",
        "\\.",
        "a\n\\.\nb",
        "\\N",
        "NULL",
        '"',
        " Ana ",
        "'; drop table dm.clients; --",
        "{a,b}",
        "\U0001f600 \u200f\u202e",
    ],
)
def test_odd_names_arrive_as_they_are(desk: Desk, name: str) -> None:
    contacts = [Contact(1, name, "a@example.com"), Contact(4, "Davi", "d@example.com")]
    desk.load(clients=[ANA, DAVI], contacts=contacts)
    # Line ends within a field are one kind, like those between lines.
    assert desk.contact(1)["name"] == name.replace("\r\n", "\n")
    assert desk.contact(4)["name"] == "Davi"


# The header is line 1; a record has the number of its first line.


def test_blank_and_quoted_lines_are_counted(desk: Desk) -> None:
    good, bad = Contact(1, "Ana\nAlves\n", "a@example.com"), Contact(77, "Nobody")
    text = csv_text("contacts", [good, bad, bad]).replace("77", "\n\n77", 1)
    desk.load(desk.write("contacts.csv", text), clients=[ANA])
    # 1 header, 2 to 4 Ana, 5 and 6 blank, 7 and 8 nobody
    assert desk.refused_lines("contacts") == {
        7: ["contacts_client_fkey"],
        8: ["contacts_client_fkey"],
    }


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_numbers_do_not_depend_on_line_ends(desk: Desk, end: str) -> None:
    bad = broken(ANA, created_at="now")
    lines: list[Line] = [Client(2), bad, Client(3), bad]
    desk.load(desk.write("clients.csv", csv_text("clients", lines, end=end)))
    assert list(desk.refused_lines("clients")) == [3, 5]


def test_a_quotation_mark_that_is_never_closed_costs_one_line(desk: Desk) -> None:
    text = csv_text("contacts", CONTACTS).replace("Ana Alves", '"Ana Alves')
    loaded = desk.load(desk.write("contacts.csv", text), clients=CLIENTS)
    assert loaded.fates("contacts") == {"inserted": 3, "quarantined": 1}
    assert desk.refused_lines("contacts") == {2: ["line_quotes"]}


def test_line_numbers_hold_beyond_the_first_block(desk: Desk) -> None:
    lines: list[Line] = [Client(n) for n in range(1, 20_000)]
    for place in (4_321, 9_999, 19_876):
        lines[place] = broken(lines[place], batch="x")
    desk.load(clients=lines)
    assert list(desk.refused_lines("clients")) == [4_323, 10_001, 19_878]


# The same bytes of the same source are taken once.


def test_the_same_file_again_is_no_work(desk: Desk) -> None:
    first = desk.load(clients=CLIENTS).batch("clients")
    (again,) = desk.stage(desk.write("renamed.csv", TEXT))
    assert (again.outcome, again.batch_id) == ("known", first.batch_id)
    assert desk.promote() == []


def test_a_waiting_file_is_known_too(desk: Desk) -> None:
    path = desk.write("clients.csv", TEXT)
    (first,), (second,) = desk.stage(path), desk.stage(path)
    assert (second.outcome, second.batch_id) == ("known", first.batch_id)


def test_again_forces_a_known_file(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    assert desk.load(clients=CLIENTS, again=True).fates("clients") == {"unchanged": 5}


def test_another_source_s_same_file_is_another_file(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    assert desk.load(clients=CLIENTS, source="second").outcomes == {"clients.csv": "accepted"}


def test_a_refused_file_may_come_again(desk: Desk) -> None:
    lines = [broken(Client(number), batch="x") for number in range(1, 31)]
    assert desk.load(clients=lines).outcomes == {"clients.csv": "refused"}
    assert desk.load(clients=lines).outcomes == {"clients.csv": "refused"}
    assert desk.app.value("select count(*) from api.batches") == 2


def test_gzip_and_plain_are_different_bytes(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    packed = desk.write("clients.csv.gz", gzip.compress(TEXT.encode()))
    assert desk.load(packed).fates("clients") == {"unchanged": 5}


# Business date, then clients, contacts, loans, then name.


def test_a_folder_is_taken_in_order(desk: Desk) -> None:
    desk.write("b-clients.csv", csv_text("clients", [DAVI]))
    desk.write("c-clients.csv", csv_text("clients", [ANA]))
    desk.write("a-loans.csv", csv_text("loans", [ANA_OPEN]))
    desk.write("a-contacts.csv", csv_text("contacts", CONTACTS[:1]))
    desk.write("a-clients.csv", csv_text("clients", [replace(ANA, batch=9)]), NEXT)
    desk.write(".hidden.csv", TEXT)
    desk.write("notes.md", "not a delivery")
    loaded = desk.load(desk.settings.input_data)
    assert [done.file for done in loaded.promoted] == [
        "b-clients.csv", "c-clients.csv", "a-contacts.csv", "a-loans.csv", "a-clients.csv",
    ]  # fmt: skip
    assert set(loaded.outcomes.values()) == {"accepted"}
    assert desk.client(1)["batch"] == 9


def test_the_day_is_in_the_name_or_the_folder_s_or_else_given(desk: Desk) -> None:
    plain = desk.settings.input_data / "clients.csv"
    in_folder = desk.write("clients.csv", csv_text("clients", [DAVI]), NEXT)
    in_name = desk.write("clients_2024-02-29.csv", csv_text("clients", [ANA]), NEXT)
    no_date = desk.write("clients-2024-02-30.csv", csv_text("clients", [Client(9)]), NEXT)
    plain.write_text(csv_text("clients", [Client(8)]), "utf-8")
    desk.load(plain, in_folder, in_name, no_date, day=date(2023, 5, 5))
    found = desk.app.rows("select file_name, business_date from api.batches")
    assert sorted((row["file_name"], row["business_date"]) for row in found) == [
        ("clients-2024-02-30.csv", NEXT),
        ("clients.csv", date(2023, 5, 5)),
        ("clients.csv", NEXT),
        ("clients_2024-02-29.csv", date(2024, 2, 29)),
    ]


def test_two_full_files_of_one_kind_and_day_are_both_refused(desk: Desk) -> None:
    one, other = desk.write("one.csv", TEXT), desk.write("other.csv", TEXT + "\n")
    loans = desk.write("loans.csv", csv_text("loans", []))
    done = {staged.file: staged for staged in desk.stage(one, other, loans, full=True)}
    assert {name: staged.outcome for name, staged in done.items()} == {
        "one.csv": "refused", "other.csv": "refused", "loans.csv": "staged",
    }  # fmt: skip
    assert "other.csv is a full file of clients for the same day" in str(done["one.csv"].problem)


def test_full_files_of_two_days_are_no_contradiction(desk: Desk) -> None:
    desk.write("clients.csv", TEXT)
    desk.write("clients.csv", csv_text("clients", [*CLIENTS, Client(6)]), NEXT)
    loaded = desk.load(desk.settings.input_data, full=True)
    assert [done.outcome for done in loaded.promoted] == ["accepted", "accepted"]
    assert desk.keys("clients") == {1, 2, 3, 4, 5, 6}


def test_twins_of_one_day_do_not_refuse_their_namesake_of_another(desk: Desk) -> None:
    desk.write("clients.csv", TEXT)
    desk.write("twin.csv", TEXT + "\n")
    desk.write("clients.csv", csv_text("clients", [*CLIENTS, Client(6)]), NEXT)
    staged = desk.stage(desk.settings.input_data, full=True)
    assert sorted((one.file, one.outcome) for one in staged) == [
        ("clients.csv", "refused"), ("clients.csv", "staged"), ("twin.csv", "refused"),
    ]  # fmt: skip


# The input stays where it is; what came is kept byte for byte.


def test_the_archive_keeps_every_byte(desk: Desk) -> None:
    content = (
        b"\xef\xbb\xbf"
        + csv_text(
            "clients",
            [broken(c, extra="\u00e9") for c in CLIENTS],
            columns=[*HEADERS["clients"], "extra"],
        ).encode()
    )
    path = desk.write("clients.csv", content)
    desk.load(path)
    assert path.read_bytes() == content
    batch = desk.app.row("select digest, archived_as from api.batches")
    assert batch is not None
    assert (desk.settings.archive / batch["archived_as"]).read_bytes() == content
    assert batch["digest"] == hashlib.sha256(content).hexdigest()


def test_the_archive_holds_nothing_else(desk: Desk) -> None:
    desk.load(desk.write("odd.csv", "a,b\n"), clients=CLIENTS)
    names = {path.name.split("-", 1)[1] for path in desk.settings.archive.iterdir()}
    assert names == {"odd.csv", "clients.csv"}


def test_the_batch_knows_what_came(desk: Desk) -> None:
    columns = ["extra", *reversed(HEADERS["clients"])]
    text = csv_text("clients", CLIENTS, columns=columns, delimiter=";")
    desk.stage(desk.write("clients.csv", text), full=True, source="second")
    assert desk.app.rows(
        "select source, kind, business_date, is_full, is_retry, columns, delimiter, state,"
        " actor, lines from api.batches"
    ) == [
        {
            "source": "second", "kind": "clients", "business_date": DAY, "is_full": True,
            "is_retry": False, "columns": columns, "delimiter": ";", "state": "staged",
            "actor": "tester", "lines": 5,
        }
    ]  # fmt: skip
