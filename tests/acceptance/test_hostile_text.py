"""Text that is meant to do something ends as text, wherever it is shown or exported."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
import tomllib
import unicodedata
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import openpyxl
import pytest
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from tests.cast import DAY, HEADERS, Client, Contact, Line, broken, csv_text, lent
from tests.letters import html, lender, letter, read, text
from tests.program import FOREIGN, Program

from loanbook.bootstrap import open_book
from loanbook.cli import app
from loanbook.errors import LetterUnwritable
from loanbook.inert import on_screen, out_of_sheet
from loanbook.portfolio import catalogue, engines, formats, pages, report
from loanbook.portfolio.answers import Answer
from loanbook.reminders import notices
from loanbook.reminders.render import renderer
from loanbook.sql.headers import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = (
    "=cmd|' /C calc'!A1", '+1;=HYPERLINK("http://example.com")', "-2+3", "@SUM(1)", "\t=1+1",
    "\r=1+1", "a\n=1+1", "\uff1d1+1", "'=1", "'; drop table dm.clients; --", "$(touch gone)`id`&|;",
    "\x1b[2J\x1b]0;owned\x07", "\x9b31m\x85", "\u202egnp.\u2066exe", "\u200bzero\u00ad", "\x7f\x08",
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "{{ 7*7 }}{% x %}",
    "%s%n%(x)s{0}{file}", "[red]x[/red][/]", "\\x1b[2J", "a\nBcc: all@example.com", "\u2028\ue000",
    "\\.", "\\N", "\U0001f600\U000e0041",
)  # fmt: skip
SHORT = [text[:40] for text in TEXTS]
STEERING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
FORMULAS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
FILE = "\x1b]0;x\x07\u202e'; drop=cmd <b>[red].csv"
DAYS = ("--as-of", str(DAY))


@dataclass(frozen=True)
class Said:
    """What a command wrote, and how it ended."""

    out: str
    err: str
    code: int


@dataclass(frozen=True)
class House:
    """A workspace with the hostile cast, and the program on it, within this process."""

    home: Path

    def say(self, *arguments: object, code: int | None = 0) -> Said:
        """Run a command."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            ended = app.run(["--home", str(self.home), *map(str, arguments)])
        said = Said(_written(out), _written(err), ended)
        assert code is None or said.code == code, said
        return said

    def json(self, *arguments: object, code: int | None = 0) -> Any:  # noqa: ANN401
        """What a command answers as JSON, which is plain ASCII."""
        out = self.say(*arguments, "--json", code=code).out
        assert out.isascii()
        assert out.replace("\n", "").isprintable()
        return json.loads(out)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def inert(text: str) -> bool:
    """Nothing in it steers a terminal; lines end as lines do."""
    return not any(unicodedata.category(char) in STEERING for char in text if char != "\n")


def as_kept(text: str) -> str:
    """A text as the book keeps it: line ends within it are of one kind."""
    return text.replace("\r", "\n")


def people() -> dict[str, list[Line]]:
    """Each of the texts in each field that holds text, in good lines and in refused ones."""
    found: dict[str, list[Line]] = {kind: [] for kind in HEADERS}
    for number, (words, short) in enumerate(zip(TEXTS, SHORT, strict=True), 1):
        client, contact = Client(number), Contact(number, words, words, short, short, short)
        denied = {"status": "denied", "denied_at": "2024-01-10 12:00:00"}
        loan = lent(number, client, "2023-12-01")
        found["clients"] += [
            broken(client, denied_reason=words, **denied),
            broken(Client(1_000 + number), status=words, denied_reason=words),
        ]
        found["contacts"] += [contact, broken(contact, user_id=str(5_000 + number))]
        found["loans"] += [
            loan,
            broken(loan, loan_id=str(1_000 + number), status=words, tax=words),
        ]
    # So many sound lines that a twentieth is not refused.
    for number in range(7_000, 7_600):
        found["clients"].append(Client(number))
        found["contacts"].append(Contact(number, "N", f"n{number}@example.com"))
        found["loans"].append(lent(number, Client(number), "2023-12-01"))
    return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("home")
    with Program.at(home), pytest.MonkeyPatch.context() as environ:
        for name in FOREIGN:
            environ.delenv(name, raising=False)
        folder = home / "input_data"
        folder.mkdir()
        for kind, lines in people().items():
            columns = [*HEADERS[kind], "=1+1;\x1b[2J\x00"]
            content = csv_text(kind, lines, columns=columns, end="\r\n")
            (folder / f"{kind}{FILE}").write_text(content, "utf-8", newline="")
        (folder / f"odd{FILE}").write_text("\x1b[2J<b>\x00,=1\n", "utf-8")
        made = House(home)
        with (home / "loanbook.toml").open("a") as settings:
            settings.write('[payee]\nname = "L"\nsender = "a@example.com"\n')
        yield made


@pytest.fixture(scope="module")
def told(house: House) -> Said:
    """What the run that took all of it said, with its log."""
    return house.say("run", *DAYS, "--log-json", code=1)  # one file is refused


def test_the_book_keeps_each_text_as_it_came(house: House, told: Said) -> None:
    with open_book(house.home) as book:
        contacts = book.rows("select * from api.contacts where user_id < 1000 order by user_id")
        clients = book.rows("select * from api.clients where user_id < 1000 order by user_id")
        assert book.value("select count(*) from api.clients") == len(TEXTS) + 600
    assert [row["denied_reason"] for row in clients] == [*map(as_kept, TEXTS)]
    for name, texts in {"name": TEXTS, "email": TEXTS, "tax_id": SHORT, "phone": SHORT}.items():
        assert [row[name] for row in contacts] == [*map(as_kept, texts)]
    batches = house.json("batches", "list")["batches"]
    assert {one["file"] for one in batches} == {f"{kind}{FILE}" for kind in HEADERS}
    assert told.code == 1


def test_logs_are_lines_of_plain_ascii(house: House, told: Said) -> None:
    assert told.err.isascii()
    assert told.err.replace("\n", "").isprintable()
    logged = [json.loads(line) for line in told.err.splitlines()]
    assert any("odd" in str(one.get("error")) for one in logged)
    assert inert(told.out)
    again = house.say("runs", "retry", *DAYS[1:], code=1)  # as lines of text
    assert inert(again.out + again.err)
    assert f"The file {on_screen(f'odd{FILE}')} was refused" in again.out
    log = (house.home / "server" / "server.log").read_text("utf-8", "replace")
    assert inert(log.replace("\t", ""))


COMMANDS = (
    ("batches", "list"), ("batches", "show", 1), ("batches", "show", 2), ("batches", "show", 3),
    ("quarantine", "list"), ("findings", "list"), ("loans", "find"),
    ("clients", "find", "--status", "denied"), ("clients", "find", "--name", "zero"),
    ("runs", "list"), ("runs", "show"), ("status",), ("check",), ("sources", "list"),
    ("reminders", "due", *DAYS), ("outbox", "list"),
)  # fmt: skip
OF_EACH = (
    ("clients", "show"), ("clients", "history"), ("contacts", "show"), ("contacts", "history"),
)  # fmt: skip


def test_no_command_steers_a_terminal(house: House, told: Said, soak: bool) -> None:
    assert told.out
    commands: list[tuple[object, ...]] = [*COMMANDS]
    some = range(1, len(TEXTS) + 1) if soak else (12, 14)
    commands += [(*command, number) for number in some for command in OF_EACH]
    lines = house.json("quarantine", "list")["lines"]
    assert len(lines) == 3 * len(TEXTS)
    commands += [("quarantine", "show", one["quarantine_id"]) for one in lines[:: len(lines) // 5]]
    for command in commands:
        said = house.say(*command, code=None)
        assert inert(said.out + said.err), command
        assert said.code in {0, 1}
        assert "not made for" not in said.err, said
        house.json(*command, code=None)
    shown = house.say("contacts", "show", 12).out
    assert "\\x1b[2J\\x1b]0;owned\\x07" in shown
    assert house.json("contacts", "show", 12)["name"] == TEXTS[11]


def test_what_is_asked_with_hostile_words_is_answered_harmlessly(
    house: House, told: Said, soak: bool
) -> None:
    assert told.out
    for words in TEXTS if soak else TEXTS[11:15]:
        if words.startswith("-"):
            continue  # an option
        for command in (
            ("clients", "find", "--name"),
            ("clients", "find", "--email"),
            ("stage",),
            ("ask",),
            ("sources", "sniff"),
            ("loans", "find", "--owner"),
            ("findings", "list", "--rule"),
        ):
            said = house.say(*command, words, code=None)
            assert inert(said.out + said.err), (command, said)
            assert "not made for" not in said.err, (command, said)
    failed = house.say("stage", "/dev/null\x1b[2J", "--debug", code=2)
    assert "Traceback" in failed.err
    assert inert(failed.err)


def cells(text: str, mark: str) -> list[str]:
    """The cells that a spreadsheet sees that parts columns by a mark."""
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark)
            for cell in row]  # fmt: skip


@pytest.mark.parametrize("kind", HEADERS)
def test_an_export_computes_nothing_and_brings_all_back(
    house: House, told: Said, kind: str
) -> None:
    assert told.out
    made = house.say("quarantine", "export", "--kind", kind).out
    # Commas are the file's own; a spreadsheet set for semicolons sees other cells, and rows.
    lines = made.replace("\r", "\n").split("\n")
    for cell in [*cells(made, ","), *(part for line in lines for part in line.split(";"))]:
        assert not cell.lstrip('"').startswith(FORMULAS) or is_number(cell), cell
    [header, *rows] = csv.reader(io.StringIO(made, newline=""))
    column = {"clients": "denied_reason", "contacts": "name", "loans": "tax"}[kind]
    found = [out_of_sheet(dict(zip(header, row, strict=True))[column]) for row in rows]
    assert found == [*map(as_kept, TEXTS)]


def is_number(cell: str) -> bool:
    try:
        return bool(float(cell))
    except ValueError:
        return False


def test_what_is_mended_comes_in_as_it_was(house: House, told: Said, tmp_path: Path) -> None:
    assert told.out
    made = house.say("quarantine", "export", "--kind", "contacts").out
    [header, *rows] = csv.reader(io.StringIO(made, newline=""))
    place = header.index("user_id")
    file = tmp_path / "mended.csv"
    with file.open("w", encoding="utf-8", newline="") as to:
        writer = csv.writer(to)
        writer.writerow(header)
        # They are those of clients who have a plain contact so far.
        writer.writerows([*row[:place], str(2_000 + int(row[place])), *row[place + 1 :]]
                         for row in rows)  # fmt: skip
    house.say("stage", file, *DAYS)
    house.say("promote")
    with open_book(house.home) as book:
        found = book.rows(
            "select name, phone from api.contacts where user_id between 7001 and 7027"
            " order by user_id"
        )
    assert [row["name"] for row in found] == [*map(as_kept, TEXTS)]
    assert [row["phone"] for row in found] == [*map(as_kept, SHORT)]


def test_a_clients_own_data_is_whole_and_plain(house: House, told: Said, tmp_path: Path) -> None:
    assert told.out
    for number in (1, 12, 14, 17, 24):
        out = house.say("clients", "export", number).out
        assert out.isascii()
        assert out.replace("\n", "").isprintable()
        assert json.loads(out)["contact"]["name"] == as_kept(TEXTS[number - 1])
    file = tmp_path / "one.json"
    house.say("clients", "export", 16, file)
    assert inert(file.read_text("utf-8"))


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a browser would act on."""
        self.tags.add(tag)
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}


def test_a_letter_greets_and_does_nothing_else(tmp_path: Path) -> None:
    write = renderer(lender(tmp_path))
    plain = write(letter())
    known = Page(html(plain))
    refused = []
    for name in TEXTS:
        try:
            message = write(replace(letter(), name=name))
        except LetterUnwritable as error:
            refused.append((name, str(error)))
            continue
        assert inert(text(message).replace("\ue000", ""))  # a character without a shape
        page = Page(html(message))
        assert (page.tags, page.handlers) == (known.tags, known.handlers)
        assert read(message).keys() == read(plain).keys()
        assert read(message)["Subject"] == read(plain)["Subject"]
    assert {words for words in TEXTS if "\x1b" in words or "\n" in words} <= {n for n, _ in refused}
    assert all(inert(sentence) for _, sentence in refused)
    assert len(refused) < len(TEXTS) / 2


def test_a_notice_tells_of_a_hostile_file_in_plain_words(tmp_path: Path) -> None:
    about = {
        "what": notices.DAY_FAILED, "day": str(DAY), "parts": [], "since": "2024-01-25T10:00:00Z",
        "reasons": [f"The file {FILE} was refused.", *TEXTS],
    }  # fmt: skip
    written = notices.writer(lender(tmp_path))(replace(letter(), about=about))
    assert inert(written.subject + written.text + written.html)
    assert FILE[:1] not in written.text
    assert not Page(written.html).handlers
    assert {"script", "img"}.isdisjoint(Page(written.html).tags)


def test_a_proposal_of_settings_holds_no_tables_of_strangers(house: House, tmp_path: Path) -> None:
    names = ["user_id", "name", "email", 'x"]\n[mail]\nway = "smtp"\n', *TEXTS]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([names, ["1", "Ana", "a@example.com", *TEXTS]])
    file = tmp_path / "odd\x1b[2J\u202e\x85.csv"
    file.write_text(out.getvalue(), "utf-8", newline="")
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append([name for name in names if not ILLEGAL_CHARACTERS_RE.search(name)])
    page.append(["1", "Ana", "a@example.com"])
    book.save(tmp_path / "odd.xlsx")
    for path in (file, tmp_path / "odd.xlsx"):
        said = house.say("sources", "sniff", path, "--name", "odd")
        assert inert(said.out + said.err)
        found = tomllib.loads(said.out)
        assert (set(found), set(found["sources"])) == ({"sources"}, {"odd"})
        assert {"folder", "files", "layouts"} >= set(found["sources"]["odd"])
        assert found == tomllib.loads(
            house.json("sources", "sniff", path, "--name", "odd")["settings"]
        )


def answer() -> Answer:
    """An answer in whose words strangers had a hand."""
    question = catalogue.catalogue()[0]
    columns = (Column("label", "text", "label", "Words."), Column("n", "bigint", "count", "Rows."))
    rows = tuple({"label": words, "n": -number} for number, words in enumerate(TEXTS))
    return Answer(question, DAY, columns, rows, None, ())


def test_an_answer_is_inert_as_csv_and_as_it_is_as_parquet(tmp_path: Path) -> None:
    out = io.StringIO(newline="")
    formats.write_csv(answer(), out)
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1:]
    assert [row[1] for row in rows] == [str(-number) for number in range(len(TEXTS))]
    assert not any(row[0].startswith(FORMULAS) for row in rows)
    assert [out_of_sheet(row[0]) for row in rows] == [*TEXTS]
    file = tmp_path / "answer.parquet"
    with file.open("wb") as to:
        formats.write_parquet(answer(), to)
    found = duckdb.read_parquet(str(file)).fetchall()
    assert [row[0] for row in found] == [*TEXTS]


def test_a_snapshot_holds_each_text_as_the_book_does(house: House, told: Said) -> None:
    assert told.out
    made = house.json("snapshot", *DAYS)
    [file] = [one["file"] for one in made["parts"] if one["table"] == "clients"]
    paths = sorted((house.home / "lake").rglob(Path(file).name))
    found = duckdb.read_parquet(str(paths[0])).project("user_id, denied_reason").fetchall()
    assert {key: words for key, words in found if key < 1_000} == {
        number: as_kept(words) for number, words in enumerate(TEXTS, 1)
    }


def test_no_picture_or_page_repeats_a_strangers_text(house: House, told: Said) -> None:
    assert told.out
    with open_book(house.home) as book, engines.of_book(book, DAY) as engine:
        asked = report.ask_all(engine)
    words = [str(value) for one in asked for row in one.rows for value in row.values()]
    assert not any(one in word for one in TEXTS if len(one) > 5 for word in words)
    for name in ("client_ranking", "default_by_month_and_batch"):
        said = house.say("ask", name, "--format", "csv", *DAYS)
        assert inert(said.out.replace("\r\n", "\n"))
    page = pages.render("picture.html", title=TEXTS[16], text=TEXTS[17], spec="{}", bundle="",
                        boot="", scripts=[])  # fmt: skip
    assert Page(page).tags >= {"html", "script"}
    assert "img" not in Page(page).tags
    assert "alert(1)</script>" not in page


@pytest.mark.parametrize(
    "command",
    [("quarantine", "export", "--kind", "contacts"), ("contacts", "show", "12"), ("run", *DAYS)],
)
def test_a_terminal_is_steered_by_the_program_alone(
    house: House, told: Said, command: tuple[str, ...]
) -> None:
    assert told.out
    main, side = pty.openpty()
    arguments = [sys.executable, "-m", "loanbook", "--home", str(house.home), *command]
    environ = dict(os.environ, TERM="xterm", COLUMNS="200")
    with subprocess.Popen(arguments, stdout=side, stderr=side, stdin=side, env=environ) as process:
        os.close(side)
        seen = b""
        with suppress(OSError):  # the other side is closed
            while chunk := os.read(main, 65_536):
                seen += chunk
    os.close(main)
    assert process.returncode in {0, 1}
    shown = seen.decode()
    assert "Traceback" not in shown
    for harmful in ("\x1b]0;", "\x1b[2J", "\x9b", "\x85", "\u202e", "\u2066", "\x07", "\x08\x08"):
        assert harmful not in shown
