"""Whatever lies in the inbox, nothing crashes, and each line and each file is accounted for."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import pytest
from tests.cast import ANA, CLIENTS, DAVI, EVA, HEADERS, Client, Contact, broken, csv_text
from tests.shops import PLACE, Shop

from loanbook.runs import forgetting, retry
from loanbook.settings import Files
from loanbook.staging import arrivals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.cast import Line
    from tests.desk import Desk, Loaded

HEADER, *_ = csv_text("clients", []).splitlines()
MEGABYTE = 1 << 20
GOOD: tuple[Line, ...] = (ANA, DAVI)


def line_of(line: Line, kind: str = "clients") -> str:
    """A line as it stands in a file."""
    return csv_text(kind, [line]).splitlines()[1]


def text_of(*lines: str | bytes) -> bytes:
    """A file of clients of these lines."""
    return b"".join((x if isinstance(x, bytes) else x.encode()) + b"\n" for x in (HEADER, *lines))


def counted(desk: Desk, loaded: Loaded, lines: int, kind: str = "clients") -> dict[int, list[str]]:
    """All lines of a file are in the mart, collapsed or in quarantine; which, and why."""
    [staged] = loaded.staged
    assert (staged.outcome, staged.lines) == ("staged", lines)
    fates = loaded.fates(kind)
    refused = desk.refused_lines(kind)
    assert sum(fates.values()) == lines
    assert fates.get("quarantined", 0) == len(refused)
    assert desk.ailments() == []
    return refused


def refusals(desk: Desk, *paths: Path) -> dict[str, str]:
    """The sentence with which each file is refused; nothing of it is in the book."""
    done = desk.stage(*paths)
    assert {one.outcome for one in done} == {"refused"}
    assert desk.app.value("select count(*) from api.batches") == 0
    told = {one.file: str(one.problem) for one in done}
    for name, sentence in told.items():
        assert sentence.startswith(f"The file {name} was refused: ")
        assert sentence.endswith(".")
    return told


@contextmanager
def as_somebody(desk: Desk) -> Iterator[None]:
    """Whoever runs the tests, files are opened with the rights of nobody."""
    folders = [desk.settings.archive, desk.settings.input_data]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
    if os.geteuid() != 0:
        yield
        return
    outer = [folder for folder in desk.settings.home.parents if not _is_open(folder)]
    modes = [(folder, folder.stat().st_mode) for folder in outer]
    for folder in outer:
        folder.chmod(0o755)
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)
        for folder, mode in modes:
            folder.chmod(mode)


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o001)


# One line is at fault, and costs itself.


def test_a_file_with_one_line_of_each_fault_is_counted_to_the_last(desk: Desk) -> None:
    far = "x" * (Files().line_bytes + 1)
    faults = {
        HEADER: "clients_user_id_malformed",
        line_of(broken(Client(11), created_at="now")): "clients_created_at_malformed",
        line_of(broken(Client(12), created_at="2024-02-30 00:00:00")): (
            "clients_created_at_malformed"
        ),
        line_of(broken(Client(13), created_at="0001-01-01 00:00:00")): "clients_created_at_range",
        line_of(broken(Client(14), created_at="2024-05-06 10:00:00+05")): (
            "clients_created_at_malformed"
        ),
        line_of(broken(Client(15), batch="0x1F")): "clients_batch_malformed",
        line_of(broken(Client(16), batch="1_000")): "clients_batch_malformed",
        line_of(broken(Client(17), credit_limit="NaN")): "clients_credit_limit_malformed",
        line_of(broken(Client(18), credit_limit="1e308")): "clients_credit_limit_malformed",
        line_of(broken(Client(19), credit_limit="12.345")): "clients_credit_limit_two_decimals",
        line_of(Client(20)) + ",more": "line_columns",
        line_of(Client(21)).rpartition(",")[0]: "line_columns",
        line_of(Client(22)).replace("approved", '"approved'): "line_quotes",
        line_of(Client(23)).replace("approved", "a\0b"): "line_characters",
        line_of(broken(Client(24), denied_reason=far)): "line_length",
    }  # fmt: skip
    more = [line_of(EVA), line_of(EVA)]
    content = text_of(line_of(ANA), *faults, line_of(DAVI), *more)
    loaded = desk.load(desk.write("clients.csv", content))
    refused = counted(desk, loaded, len(faults) + 4)
    for number, rule in enumerate(faults.values(), 3):
        assert rule in refused[number]
    assert len(refused) == len(faults)
    assert loaded.fates("clients") == {
        "inserted": 3, "collapsed": 1, "quarantined": len(faults),
    }  # fmt: skip
    assert desk.keys("clients") == {1, 4, 5}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_of_ten_megabytes_costs_itself(desk: Desk, end: str) -> None:
    lines = [line_of(ANA), line_of(Client(8)) + "x" * 10 * MEGABYTE, line_of(DAVI)]
    content = end.join([HEADER, *lines, "9" * 3 * MEGABYTE + ',"', line_of(EVA)])
    refused = counted(desk, desk.load(desk.write("clients.csv", content)), 5)
    assert refused == {3: ["line_length"], 5: ["line_length"]}
    assert desk.keys("clients") == {1, 4, 5}
    [kept, _] = desk.app.rows("select reasons, raw from api.quarantine order by line_no")
    assert "longer than longest_line in loanbook.toml allows" in kept["reasons"][0]
    assert len(kept["raw"]) == Files().line_bytes + 1
    tried = retry.retry(desk.app, desk.settings)  # only mending helps
    assert (tried.lines, tried.left) == (0, 2)
    again = content.replace(line_of(DAVI), line_of(replace(DAVI, batch=7)))
    assert counted_again(desk, again) == {"updated": 1, "unchanged": 2, "quarantined": 2}


def counted_again(desk: Desk, content: str) -> dict[str, int]:
    """What becomes of the lines of a later file."""
    loaded = desk.load(desk.write("later.csv", content))
    assert desk.ailments() == []
    return {name: int(count) for name, count in loaded.fates("clients").items()}


def test_of_a_line_that_is_too_long_nothing_of_a_person_is_left_in_its_tail(desk: Desk) -> None:
    far = "x" * 2 * MEGABYTE + "Ana Alves"
    contacts = [Contact(1, "Ana Alves", "ana@example.com"), Contact(4, far), Contact(5, "Eva")]
    desk.load(clients=CLIENTS, contacts=contacts)
    odd = desk.write("odd.csv", f"a,b\n1,{far}\n2,Ana Alves\n3,c\n{far}")
    assert desk.stage(odd)[0].outcome == "refused"
    forgetting.anonymise(desk.app, desk.settings, 1, "asked for")
    left = {path.name: path.read_bytes() for path in desk.settings.archive.iterdir()}
    left |= {path.name: path.read_bytes() for path in odd.parent.iterdir()}
    assert not [name for name, content in left.items() if b"Ana Alves" in content]
    [kept] = [content for name, content in left.items() if name == "contacts.csv"]
    numbered = kept.splitlines()
    assert (len(numbered), numbered[3][:5]) == (4, b"5,Eva")
    assert len(numbered[2]) == Files().line_bytes + 1
    assert left["odd.csv"] == b"a,b\n\n\n3,c\n"


@pytest.mark.parametrize(
    ("odd", "rest"),
    [(b"\xff", "João"), (b"\xed\xa0\x80", "Ana"), (b"\xed\xb0\x80\xed\xa0\xbd", "é"),
     (b"\xc3", "é"), (b"\xf0\x9f\x98", "é"), (b"\xc0\xaf", "éé")],
)  # fmt: skip
def test_broken_characters_cost_their_line_and_no_other_name(
    desk: Desk, odd: bytes, rest: str
) -> None:
    names = [Contact(n, rest, "a@example.com") for n in (1, 4, 5)]
    content = csv_text("contacts", names).encode().replace(b"4,", b"4,x" + odd, 1)
    desk.load(clients=CLIENTS)
    refused = counted(desk, desk.load(desk.write("contacts.csv", content)), 3, "contacts")
    assert refused == {3: ["line_characters"]}
    assert [desk.contact(n)["name"] for n in (1, 5)] == [rest, rest]
    raw = desk.app.value("select raw from api.quarantine")
    assert all(f"\\x{byte:02x}" in raw for byte in odd)


def test_broken_characters_within_quotation_marks_cost_their_record(desk: Desk) -> None:
    """Such a record still ends where its marks close, on another line or never."""
    good = csv_text("contacts", [Contact(1, "João Conceição", "a@example.com")]).encode()
    odd = b'4,"x\xff",b@example.com,,,,\n5,"x\xff\ny, ""z""",c@example.com,,,,\n'
    end = csv_text("contacts", [Contact(6, "Inês", "d@example.com")]).encode().split(b"\n", 1)[1]
    desk.load(clients=[*CLIENTS, Client(6)])
    path = desk.write("contacts.csv", good + odd + end + b'4,"x\xff,e@example.com,,,,\n')
    refused = counted(desk, desk.load(path), 5, "contacts")
    assert refused == {number: ["line_characters"] for number in (3, 4, 7)}
    assert [desk.contact(n)["name"] for n in (1, 6)] == ["João Conceição", "Inês"]


def test_ten_thousand_columns_are_too_many_and_a_thousand_are_not(desk: Desk) -> None:
    for count, fits in ((10_000, False), (1_000, True)):
        columns = [*HEADERS["clients"], *(f"c{n}" for n in range(count - 8))]
        path = desk.write("clients.csv", csv_text("clients", GOOD, columns=columns))
        if fits:
            assert counted(desk, desk.load(path), 2) == {}
            continue
        [sentence] = refusals(desk, path).values()
        assert "names 10000 columns, more than the 1000 that `most_columns` allows" in sentence
        assert "raise that key of [files] in loanbook.toml" in sentence


# The whole file is at fault, and is kept.


def test_what_is_no_text_is_refused_and_kept(desk: Desk) -> None:
    noise = random.Random(7).randbytes(300_000)
    whole = gzip.compress(text_of(*map(line_of, CLIENTS)))
    contents = {
        "noise.csv": noise,
        "noise.csv.gz": gzip.compress(noise),
        "nul.csv": b"\0" * 100_000,
        "half.csv.gz": whole[:-12],
        "damaged.csv.gz": whole[:40] + b"\xff\xff\xff" + whole[43:],
        "two.csv.gz": whole + b"not packed",
        "header.csv": HEADER.encode() + b",x\0\x1b[2J,x\0\x1b[2J\n",
        "wide.csv": b"user_id," * 200_000,
        "surrogate.csv": b"\xed\xa0\x80,\xff\n1,2\n",
    }
    told = refusals(desk, *(desk.write(name, content) for name, content in contents.items()))
    assert told.keys() == contents.keys()
    assert all(sentence.isprintable() for sentence in told.values()), told
    assert "longer than 1024 KB, which `longest_line` allows" in told["wide.csv"]
    kept = {path.read_bytes() for path in desk.settings.archive.iterdir()}
    assert kept == set(contents.values())


def test_odd_names_of_columns_are_remembered_legibly(desk: Desk) -> None:
    columns = [*HEADERS["clients"], "n\0l", "\x1b]0;x\x07", "=cmd|' /c calc'!A1"]
    path = desk.write("clients.csv", csv_text("clients", GOOD, columns=columns))
    assert counted(desk, desk.load(path), 2) == {}
    assert desk.app.value("select columns from api.batches")[-3:] == [
        "n\\x00l", "\\x1b]0;x\\x07", "=cmd|' /c calc'!a1",
    ]  # fmt: skip
    shop = Shop(desk)
    shop.put("clients.csv", csv_text("clients", [EVA], columns=columns))
    assert shop.collect().taken == 1
    [staged], _ = shop.load()
    assert (staged.outcome, staged.lines) == ("staged", 1)
    lone = r'{"user_id": 1, "name": "\ud800", "email": "a\u0000", "n\u0000l": "x", "\ud800": "y"}'
    shop.put(
        "contacts.ndjson", lone + '\n{"user_id": 4, "name": "Davi", "email": "", "z": "\\u0000"}'
    )
    assert shop.collect().taken == 1
    [staged], _ = shop.load()
    assert (staged.outcome, staged.lines, staged.quarantined) == ("staged", 2, 1)
    assert desk.refused_lines("contacts") == {2: ["line_characters"]}
    assert desk.contact(4)["name"] == "Davi"


def test_a_line_end_within_a_value_of_a_source_does_not_end_its_line(desk: Desk) -> None:
    shop = Shop(desk)
    desk.load(clients=CLIENTS)
    rows = (
        '{"user_id": 1, "name": "two\\rlines", "email": "a"}',
        '{"user_id": 4, "name": "two\\r\\nlines", "email": "\\r"}',
    )
    shop.put("contacts.ndjson", "\n".join(rows))
    shop.collect()
    [staged], _ = shop.load()
    assert (staged.lines, staged.quarantined) == (2, 0)
    assert [desk.contact(n)["name"] for n in (1, 4)] == ["two\nlines", "two\nlines"]


def test_a_source_of_others_has_the_same_bounds(desk: Desk) -> None:
    shop = Shop(desk, OTHERS)
    shop.put("long.csv", "Nr;Nome\n1;" + "x" * 2 * MEGABYTE + "\n")
    shop.put("wide.csv", "Nr;Nome;" + ";".join(f"c{n}" for n in range(2_000)) + "\n1;Ana\n")
    shop.put("ours.csv", csv_text("contacts", [Contact(1, "x" * 2 * MEGABYTE), Contact(4, "D")]))
    done = shop.collect()
    assert (done.taken, done.refused) == (0, 3)
    told = "\n".join(done.problems)
    assert "a line is longer than 1024 KB, which `longest_line` allows" in told
    assert "it has 2002 columns, more than 1000, which `most_columns` allows" in told
    # What is written as ours is, is for the load to judge, line by line.
    shop.configure('[sources.shop]\nfolder = "shop"\nsettle = 0\nfiles = "ours.csv"\n')
    desk.load(clients=CLIENTS)
    assert shop.collect().taken == 1
    shop.load()
    assert desk.refused_lines("contacts") == {2: ["line_length"]}
    # A bound that is raised lets in what it kept out.
    shop.configure("[files]\nlongest_line = 4096\nmost_columns = 5000\n" + PLACE + OTHERS)
    assert (shop.collect().taken, shop.collect().taken) == (2, 0)


OTHERS = """
[sources.shop.layouts.people]
kind = "contacts"
columns = { user_id = "Nr", name = "Nome" }
constants = { email = "" }
"""


def test_a_bomb_is_refused_by_its_size_and_by_its_ratio(desk: Desk) -> None:
    packed = gzip.compress(HEADER.encode() + b"\n" + b"0" * (17 * MEGABYTE))
    path = desk.write("clients.csv.gz", packed)
    [sentence] = refusals(desk, path).values()
    assert "it unpacks to more than 200 times its size, which `ratio` allows" in sentence
    desk.settings = replace(desk.settings, files=Files(largest=1, ratio=1_000_000))
    [sentence] = refusals(desk, path).values()
    assert "it unpacks to more than 1 MB, which `largest` allows" in sentence
    desk.settings = replace(desk.settings, files=Files(ratio=1_000_000))
    assert counted(desk, desk.load(path), 1) == {2: ["line_length"]}


# What is no file, or not yet one, or not to be read by us.


def test_what_only_looks_like_a_file_is_refused_at_once(desk: Desk) -> None:
    folder = desk.write("good.txt", "a").parent
    (folder / "good.txt").unlink()
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as made:
        before = os.open(".", os.O_RDONLY)
        os.chdir(folder)  # the name of a socket is short
        try:
            made.bind("socket.csv")
        finally:
            os.fchdir(before)
            os.close(before)
    (folder / "nothing.csv").symlink_to(folder / "gone.csv")
    (folder / "device.csv").symlink_to("/dev/zero")
    told = refusals(desk, folder)
    assert {name: sentence.partition("refused: ")[2] for name, sentence in told.items()} == {
        "folder.csv": "it is a folder, not a file.",
        "pipe.csv": "it is a pipe, not a file.",
        "socket.csv": "it is a socket, not a file.",
        "nothing.csv": "it cannot be read (No such file or directory).",
        "device.csv": "it is a link that leads out of its folder; put the file itself there.",
    }
    [sentence] = refusals(desk, folder / "pipe.csv").values()  # named by itself
    assert "it is a pipe" in sentence


def test_a_link_leads_nowhere_out_of_the_inbox(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "others.csv"
    secret.write_text(csv_text("clients", GOOD), "utf-8")
    folder = desk.settings.input_data / "2024-01-25"
    folder.mkdir(parents=True)
    (folder / "link.csv").symlink_to(secret)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "theirs.csv").write_text(csv_text("clients", GOOD), "utf-8")
    (desk.settings.input_data / "2024-01-26").symlink_to(elsewhere)
    handed = tmp_path / "handed"
    handed.mkdir()
    (handed / "link2.csv").symlink_to("../others.csv")
    for named in (desk.settings.input_data, folder / "link.csv", handed):
        for sentence in refusals(desk, named).values():
            assert "a link that leads out of its folder" in sentence
    assert not desk.settings.archive.exists()
    # Within the folder, and to a file that a person names, links are followed.
    (folder / "real.csv").write_text(csv_text("clients", GOOD), "utf-8")
    (folder / "link.csv").unlink()
    (folder / "link.csv").symlink_to("real.csv")
    (tmp_path / "mine.csv").symlink_to(secret)
    assert {one.outcome for one in desk.stage(folder)} == {"staged", "known"}
    assert [one.outcome for one in desk.stage(tmp_path / "mine.csv")] == ["known"]


def test_without_permission_a_file_is_refused_and_the_others_are_taken(desk: Desk) -> None:
    closed = desk.write("closed.csv", csv_text("clients", [EVA]))
    opened = desk.write("open.csv", csv_text("clients", GOOD))
    closed.chmod(0)
    with as_somebody(desk):
        done = {one.file: one for one in desk.stage(opened.parent)}
    assert done["open.csv"].outcome == "staged"
    assert done["closed.csv"].problem == (
        "The file closed.csv was refused: it cannot be read (Permission denied)."
    )


@pytest.mark.parametrize("change", ["grows", "shrinks", "is overwritten"])
def test_a_file_that_changes_while_it_is_read_is_refused_and_taken_when_whole(
    desk: Desk, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = csv_text("clients", GOOD)
    path = desk.write("clients.csv", text)

    def write_on() -> None:
        if change == "grows":
            with path.open("a") as writer:
                writer.write(line_of(EVA))
        elif change == "shrinks":
            os.truncate(path, 70)
        else:
            with path.open("r+") as writer:
                writer.write(text.replace("approved", "overseen"))

    with meanwhile(write_on, monkeypatch):
        [sentence] = refusals(desk, path).values()
    assert sentence.endswith(
        "it was written to while it was read; take it in again when it is whole."
    )
    assert not any(desk.settings.archive.iterdir())
    path.write_text(text, "utf-8")
    assert desk.load(path).fates("clients") == {"inserted": 2}


def test_a_file_that_is_replaced_while_it_is_read_is_the_one_that_was_opened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.write("clients.csv", csv_text("clients", GOOD))
    other = desk.write("other.txt", csv_text("clients", [EVA]))
    with meanwhile(lambda: other.replace(path), monkeypatch):
        assert desk.load(path).fates("clients") == {"inserted": 2}
    assert desk.load(path).fates("clients") == {"inserted": 1}


@contextmanager
def meanwhile(do: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something happens when the first bytes of a file were read, and others were not."""
    digest = hashlib.sha256

    class Reading:
        """Computes what SHA-256 does."""

        def __init__(self) -> None:
            self._found = digest()
            self._is_begun = False
            self.hexdigest = self._found.hexdigest

        def update(self, chunk: bytes) -> None:
            if not self._is_begun:
                self._is_begun = True
                do()
            self._found.update(chunk)

    with monkeypatch.context() as patched:
        patched.setattr(arrivals, "CHUNK", 64)
        # Unbuffered, so that the file system is asked for each chunk.
        patched.setattr(os, "fdopen", partial(_unbuffered, os.fdopen))
        patched.setattr(hashlib, "sha256", Reading)
        yield


def _unbuffered(fdopen: Callable[..., BinaryIO], handle: int, mode: str) -> BinaryIO:
    return fdopen(handle, mode, buffering=0)


def test_names_are_names_and_nothing_else(desk: Desk) -> None:
    names: list[str | bytes] = [
        " a b .csv", "new\nline.csv", "tab\there.csv", "\x1b[31mred.csv", "\u202egnp.csv",
        b"\xff\xfe.csv", "-rf.csv", "'; drop table dm.clients; --.csv", "{file} %s %(x)s.csv",
        "$(touch gone) `id`;&|.csv", "=cmd|' .csv", "a..csv", "x..\\..\\x.csv", "n" * 251 + ".csv",
        "é" * 120 + ".csv", "[bold]x[-].csv",
    ]  # fmt: skip
    folder = desk.settings.input_data / "2024-01-25"
    folder.mkdir(parents=True)
    for number, name in enumerate(names, 1):
        with open(os.path.join(os.fsencode(folder), os.fsencode(name)), "wb") as file:  # noqa: PTH118, PTH123
            file.write(csv_text("clients", [Client(number)]).encode())
    loaded = desk.load(folder)
    assert {one.outcome for one in loaded.promoted} == {"accepted"}
    assert desk.keys("clients") == set(range(1, len(names) + 1))
    texts = {n if isinstance(n, str) else "\\xff\\xfe.csv" for n in names}
    assert {one.file for one in loaded.staged} == texts
    archived = {path.name for path in desk.settings.archive.iterdir()}
    assert archived == {
        row["archived_as"] for row in desk.app.rows("select archived_as from api.batches")
    }
    assert all(len(os.fsencode(name)) <= 255 for name in archived)
    # Whoever is anonymised goes out of them, too, and what lies beside them is left alone.
    os.mkfifo(folder / "pipe.csv")
    assert forgetting.anonymise(desk.app, desk.settings, 1, "asked for").files == ()


# Memory does not grow with what comes.

MEASURED = """
import resource, sys
from pathlib import Path
from loanbook.settings import Files
from loanbook.staging.arrivals import look, opened
from loanbook.staging.layouts import recognise
from loanbook.staging.lines import blocks
from loanbook.staging.rows import RowMaker
path, bounds = Path(sys.argv[1]), Files(ratio=1_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
header, encoding = look(path, path.name, bounds)
layout = recognise(header, path.name)
maker = RowMaker(layout, bounds.line_bytes, exact=False)
with opened(path) as stream:
    for block in blocks(stream, encoding, layout.delimiter, bounds.line_bytes):
        for _ in maker.rows(block):
            pass
print(maker.lines, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _one_line(size: int) -> Iterator[bytes]:
    """A file without an end of a line."""
    yield HEADER.encode() + b"\n"
    yield from (b"7" * MEGABYTE for _ in range(size))


def _free_text(size: int) -> Iterator[bytes]:
    """Long texts, each of a shape of its own."""
    yield HEADER.encode() + b"\n"
    for number in range(size * 2):
        reason = "-".join("x" * (number % 97 + n % 89) for n in range(9_000))[: MEGABYTE // 2]
        yield line_of(broken(Client(number + 1), denied_reason=reason)).encode() + b"\n"


def _open_quotes(size: int) -> Iterator[bytes]:
    """Each line opens a quotation mark that none closes."""
    yield HEADER.encode() + b"\n"
    for _ in range(size):
        yield (b'7,"' + b"x" * 1_000 + b"\n") * 100


@pytest.mark.parametrize(
    ("content", "small", "full", "lines"),
    [(_one_line, 96, 4_096, 1), (_free_text, 24, 600, 2), (_open_quotes, 20, 2_000, 100)],
)
def test_memory_stays_bounded(
    tmp_path: Path, soak: bool, content: object, small: int, full: int, lines: int
) -> None:
    size = full if soak else small
    path = tmp_path / "clients.csv.gz"
    parts: Iterable[bytes] = content(size)  # type: ignore[operator]
    with gzip.open(path, "wb", compresslevel=1) as to:
        to.writelines(parts)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True
    )
    counted, kilobytes = map(int, done.stdout.split())
    assert counted == (1 if lines == 1 else size * lines)
    assert kilobytes < 96 << 10
