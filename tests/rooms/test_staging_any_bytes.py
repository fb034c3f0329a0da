"""Whatever bytes a file holds, each line is in the mart or in quarantine, with its number."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING
from unittest import mock

from hypothesis import example, given
from hypothesis import strategies as st
from tests.cast import ANA, DAVI, HEADERS, Contact, csv_text
from tests.desk import Desk

from loanbook.staging import lines
from loanbook.staging.lines import blocks, split

if TYPE_CHECKING:
    import pytest
    from tests.houses import Houses

HEADER = b"user_id,name,email\n"
SCRAPS = st.sampled_from(
    [b'"', b'""', b",", b";", b"\n", b"\r\n", b"\r", b"a", b"\xe9", "é".encode(), b"\0", b" ", b"1",
     b'1,"a', b'b",c\n', b"2,b,c\n", b'"\n', b"\\.", b"\n\\.\n", b"\x1a", b"\xff\xfe",
     b"\xe9" + "éé".encode()]
)  # fmt: skip
MESS = st.lists(SCRAPS, max_size=40).map(b"".join)
FIELD = st.text(st.sampled_from('ab"é,;\n \t\\.'), max_size=6)


def numbered(content: bytes, size: int, encoding: str = "utf-8") -> list[tuple[int, bytes]]:
    """Line number and bytes of all records, read in blocks of this size."""
    with mock.patch.object(lines, "BLOCK", size):
        found = blocks(io.BytesIO(content), encoding, ",", 1 << 20)
        return [pair for block in found for pair in zip(block.numbers, block.records, strict=True)]


@given(mess=MESS, size=st.integers(1, 9))
@example(mess=b'"a\xe9\nb",1,2\n3', size=4)
def test_what_is_read_does_not_depend_on_where_a_block_ends(mess: bytes, size: int) -> None:
    text = HEADER + mess
    assert numbered(text, size) == numbered(text, 1 << 20)


@given(mess=MESS, is_broken=st.booleans())
@example(mess=b'"\xe9', is_broken=True)
def test_no_line_is_lost_and_none_is_read_twice(mess: bytes, is_broken: bool) -> None:
    text = HEADER + (mess if is_broken else mess.decode("latin-1").encode())
    found = numbered(text, 1 << 20)
    plain = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    expected = {number: line for number, line in enumerate(plain, 1) if line and number > 1}
    spread = {
        number + offset: line
        for number, record in found
        for offset, line in enumerate(record.split(b"\n"))
        if line
    }
    assert spread == expected
    assert [number for number, _ in found] == sorted({number for number, _ in found})


@given(
    rows=st.lists(st.tuples(FIELD, FIELD, FIELD).filter(any), max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_wrote_is_read_back(rows: list[tuple[str, str, str]], end: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(["user_id", "name", "email"])
    starts = []
    for row in rows:
        starts.append(1 + out.getvalue().count("\n"))
        writer.writerow(row)
    found = numbered(out.getvalue().encode(), 5)
    assert [tuple(split(record, ",")) for _, record in found] == rows
    assert [number for number, _ in found] == starts


@given(mess=MESS, again=st.booleans())
@example(mess=b'"\xe9\xc3\xa9', again=False)
@example(mess=b'5,"Jo\xe9o",x@example.com\n6,"\xc3\xa9\nb\xe9","\xc3\xa9"\n', again=True)
def test_every_line_of_any_file_is_accounted_for(
    houses: Houses, tmp_path_factory: pytest.TempPathFactory, mess: bytes, again: bool
) -> None:
    name = houses.copy()
    try:
        with Desk.at(houses, name, tmp_path_factory.mktemp("mess") / "home") as desk:
            contacts = [Contact(4, "Davi", "davi@example.com")]
            first = csv_text("contacts", contacts, columns=HEADERS["contacts"][:3])
            desk.load(desk.write("contacts.csv", first), clients=[ANA, DAVI])
            content = first.encode() + mess
            loaded = desk.load(desk.write("more.csv", content), again=again)
            if not mess:
                return
            (staged,) = loaded.staged
            assert staged.outcome == "staged"
            total = loaded.batch("contacts")
            refused = desk.app.rows("select line_no, raw from api.quarantine order by line_no")
            if total.outcome == "accepted":
                fates = loaded.fates("contacts")
                assert sum(fates.values()) == staged.lines
                assert fates.get("quarantined", 0) == len(refused)
            held = numbered(content, 1 << 20, encoding_of(content))
            assert len(held) == staged.lines
            texts = {
                number: record.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
                for number, record in held
            }
            assert {row["line_no"]: row["raw"] for row in refused} == {
                row["line_no"]: texts[row["line_no"]] for row in refused
            }
            assert desk.ailments() == []
    finally:
        houses.drop(name)


def encoding_of(content: bytes) -> str:
    """UTF-8 unless more of it is none than is; where nothing is, Latin-1."""
    odd = [char for char in content.decode("utf-8", "surrogateescape") if char > "\x7f"]
    broken = sum("\udc80" <= char <= "\udcff" for char in odd)
    return "utf-8" if not broken or len(odd) > broken <= len(odd) - broken else "latin-1"
