"""The demo's files, read back and judged by code that shares nothing with their generator."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loanbook import demo
from loanbook.demo import published
from loanbook.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, str]

TERM = timedelta(days=90)
CENT = Decimal("0.01")
WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
MONEY = r"(0|[1-9]\d*)\.(\d|\d[1-9])"
LAYOUTS = {
    "clients": {
        "user_id": r"[1-9]\d*",
        "created_at": WHEN,
        "status": "approved|denied",
        "batch": "[1-4]",
        "credit_limit": r"[1-9]\d*",
        "interest_rate": "20|30|70|90",
        "denied_reason": "|defaulter|criminal_profile|money_loundry|acccount_take_over",
        "denied_at": f"|{WHEN}",
    },
    "loans": {
        "user_id": r"[1-9]\d*",
        "loan_id": r"[1-9]\d*",
        "created_at": WHEN,
        "due_at": WHEN,
        "paid_at": f"|{WHEN}",
        "status": "paid|ongoing|default",
        "loan_amount": r"[1-9]\d*",
        "tax": MONEY,
        "due_amount": MONEY,
        "amount_paid": MONEY,
    },
    "contacts": {
        "user_id": r"[1-9]\d*",
        "name": r"[A-ZÀ-Ý][\w']+( (da|de|do|dos))?( [A-ZÀ-Ý][\w']+){2}",
        "email": r"|[a-z]+\.[a-z]+\.\d+@example\.(com|org|net)",
        "tax_id": r"9\d{10}",
        "locale": "pt-BR|en",
        "phone": r"\+55[1-9]09\d{8}",
        "opted_out_at": f"|{WHEN}",
    },
}


@dataclass
class Book:
    """Three files as they were read."""

    as_of: datetime
    clients: dict[int, Row]
    loans: dict[int, Row]
    contacts: dict[int, Row]


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def table(file: Path, kind: str, key: str) -> dict[int, Row]:
    raw = file.read_bytes()
    assert raw.endswith(b"\n")
    assert not set(b'\r"\0') & set(raw)
    with file.open(encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream)
        header = next(lines)
        assert header == list(LAYOUTS[kind])
        line = re.compile(",".join(f"({pattern})" for pattern in LAYOUTS[kind].values()))
        rows: dict[int, Row] = {}
        for fields in lines:
            assert line.fullmatch(",".join(fields)), fields
            row = dict(zip(header, fields, strict=True))
            rows[int(row[key])] = row
    assert list(rows) == list(range(1, raw.count(b"\n")))
    return rows


def read(folder: Path, day: int = 0) -> Book:
    return Book(
        as_of=datetime(2024, 1, 25) + timedelta(days=day),  # noqa: DTZ001 (the files have no zone)
        clients=table(folder / "clients.csv", "clients", "user_id"),
        loans=table(folder / "loans.csv", "loans", "loan_id"),
        contacts=table(folder / "contacts.csv", "contacts", "user_id"),
    )


def made(folder: Path, scale: float, seed: int = 1, day: int = 0) -> Book:
    written = demo.write(folder, scale=scale, seed=seed, day=day)
    book = read(folder, day)
    assert written.as_of == book.as_of.date()
    assert (written.clients, written.loans) == (len(book.clients), len(book.loans))
    assert written.contacts == len(book.contacts)
    return book


def broken_rules(book: Book) -> Counter[str]:
    """How often each rule is broken; nothing at all in a sound book."""
    broken: Counter[str] = Counter()
    broken.update(rule for row in book.clients.values() for rule in broken_by_client(row, book))
    by_client: dict[int, list[Row]] = defaultdict(list)
    for loan in book.loans.values():
        client = book.clients[int(loan["user_id"])]
        broken.update(broken_by_loan(loan, client, book.as_of))
        by_client[int(loan["user_id"])].append(loan)
    for user_id, loans in by_client.items():
        broken.update(broken_by_sequence(loans, book.clients[user_id]))
    starts = [loan["created_at"] for loan in book.loans.values()]
    broken["loan ids in order of issue"] += starts != sorted(starts)
    return +broken


def broken_by_client(row: Row, book: Book) -> Iterator[str]:
    created_at, denied = when(row["created_at"]), row["status"] == "denied"
    if created_at >= book.as_of:
        yield "client from the future"
    if bool(row["denied_at"]) != denied or bool(row["denied_reason"]) != denied:
        yield "denial incomplete"
    if denied and not created_at < when(row["denied_at"]) < book.as_of:
        yield "denied at a wrong moment"
    if int(row["credit_limit"]) not in range(500, 100_001, 250):
        yield "limit"


def broken_by_loan(loan: Row, client: Row, as_of: datetime) -> Iterator[str]:
    created_at, due_at = when(loan["created_at"]), when(loan["due_at"])
    if not when(client["created_at"]) < created_at < as_of:
        yield "issued at a wrong moment"
    if due_at - created_at != TERM:
        yield "term"
    if not 250 <= int(loan["loan_amount"]) <= int(client["credit_limit"]):
        yield "amount"
    amount, rate = Decimal(loan["loan_amount"]), Decimal(client["interest_rate"])
    tax, due = amount * Decimal("0.01118"), amount * (Decimal("1.01118") + rate / 400)
    if Decimal(loan["tax"]) != tax.quantize(CENT, ROUND_HALF_UP):
        yield "tax"
    if Decimal(loan["due_amount"]) != due.quantize(CENT, ROUND_HALF_UP):
        yield "due amount"
    paid, whole = Decimal(loan["amount_paid"]), Decimal(loan["due_amount"])
    if (paid == whole) != (loan["status"] == "paid") or paid > whole:
        yield "paid amount"
    yield from broken_by_outcome(loan, as_of)


def broken_by_outcome(loan: Row, as_of: datetime) -> Iterator[str]:
    created_at, due_at, status = when(loan["created_at"]), when(loan["due_at"]), loan["status"]
    if bool(loan["paid_at"]) != (status == "paid"):
        yield "paid without a moment"
    if status not in {"paid", "default" if due_at < as_of else "ongoing"}:
        yield "status"
    if status == "paid":
        taken = when(loan["paid_at"]) - created_at
        if taken % timedelta(days=1) or not timedelta(0) <= taken <= TERM:
            yield "paid late or at another time of day"
        if when(loan["paid_at"]) >= as_of:
            yield "paid in the future"
        if as_of.date() == published.BUSINESS_DATE and due_at >= as_of:
            yield "repaid before day 0"


def broken_by_sequence(loans: list[Row], client: Row) -> Iterator[str]:
    for earlier, later in pairwise(loans):
        if earlier["status"] != "paid" or earlier["paid_at"] > later["created_at"]:
            yield "two open loans"
    if client["status"] == "denied" and loans[-1]["created_at"] >= client["denied_at"]:
        yield "loan after denial"
    defaults = [loan for loan in loans if loan["status"] == "default"]
    if len(defaults) != (client["denied_reason"] == "defaulter"):
        yield "default without denial"
    if defaults and defaults[0]["due_at"] != client["denied_at"]:
        yield "denied at another moment than due"


def check_digits(nine: str) -> str:
    """The two digits that complete a CPF, as the tax authority defines them."""
    for _ in range(2):
        total = sum(int(digit) * weight for weight, digit in enumerate(reversed(nine), start=2))
        nine += str(0 if total % 11 < 2 else 11 - total % 11)
    return nine[-2:]


def test_scale_1_repeats_the_published_figures(tmp_path: Path) -> None:
    book = made(tmp_path, 1.0, seed=20)
    months: dict[str, Counter[str]] = defaultdict(Counter)
    for loan in book.loans.values():
        month, amount = months[loan["created_at"][:7]], int(loan["loan_amount"])
        month.update({"loans": 1, f"{loan['status']}_loans": 1})
        month.update({"principal": amount, f"{loan['status']}_principal": amount})
    for known in published.MONTHS:
        found = months.pop(f"{known.year}-{known.month:02}")
        for column in published.Month.__slots__[2:]:
            assert found[column] == getattr(known, column), (known, column)
    assert not months
    reasons = Counter(row["denied_reason"] for row in book.clients.values())
    assert reasons == {
        "": 71_659,
        "defaulter": 12_341,
        "criminal_profile": 2_034,
        "money_loundry": 1_986,
        "acccount_take_over": 1_980,
    }
    taken = Counter(loan["user_id"] for loan in book.loans.values())
    assert len(taken) == 70_959
    assert sum(loans > 1 for loans in taken.values()) == 45_057
    assert max(taken.values()) == 8
    batches = Counter(row["batch"] for row in book.clients.values())
    assert batches == {"1": 58_410, "2": 22_600, "3": 5_440, "4": 3_550}
    rates = Counter(
        book.clients[int(loan["user_id"])]["interest_rate"] for loan in book.loans.values()
    )
    assert all(36_500 < rates[rate] < 39_000 for rate in ("20", "30", "70", "90"))
    assert not broken_rules(book)


def test_published_months_add_up_to_the_published_totals() -> None:
    def total(column: str) -> int:
        return sum(getattr(month, column) for month in published.MONTHS)

    assert (total("loans"), total("principal")) == (150_708, 3_798_969_919)
    assert (total("paid_loans"), total("default_loans")) == (89_595, 12_341)
    assert total("ongoing_loans") == 48_772
    assert (total("default_principal"), total("ongoing_principal")) == (309_509_023, 1_234_146_012)
    assert total("paid_principal") + 309_509_023 + 1_234_146_012 == 3_798_969_919


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scale=st.floats(0.001, 0.015), seed=st.integers(-(2**70), 2**70), day=st.integers(0, 60))
def test_no_rule_is_broken_at_any_scale_seed_and_day(
    tmp_path: Path, scale: float, seed: int, day: int
) -> None:
    assert not broken_rules(made(tmp_path, scale, seed, day))


@pytest.mark.parametrize(("scale", "clients", "loans"), [(0.001, 90, 151), (0.02, 1_800, 3_014)])
def test_counts_and_principal_follow_the_scale(
    tmp_path: Path, scale: float, clients: int, loans: int
) -> None:
    book = made(tmp_path, scale, seed=3)
    assert (len(book.clients), len(book.loans)) == (clients, loans)
    lent = sum(int(loan["loan_amount"]) for loan in book.loans.values())
    assert lent == pytest.approx(3_798_969_919 * scale, rel=0.02)
    statuses = Counter(loan["status"] for loan in book.loans.values())
    assert statuses["default"] == round(12_341 * scale)
    assert statuses["ongoing"] == pytest.approx(48_772 * scale, abs=2)


def test_an_integer_scale_multiplies_every_month(tmp_path: Path) -> None:
    demo.write(tmp_path, scale=2.0)
    counts: Counter[str] = Counter()
    with (tmp_path / "loans.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            counts[row["created_at"][:7]] += int(row["loan_amount"])
    assert list(counts.values()) == [2 * month.principal for month in published.MONTHS]


def test_contacts_are_unique_and_their_tax_ids_valid(tmp_path: Path) -> None:
    assert check_digits("529982247") == "25"
    book = made(tmp_path, 0.05, day=30)
    people = list(book.contacts.values())
    assert list(book.contacts) == list(book.clients)
    assert all(check_digits(row["tax_id"][:9]) == row["tax_id"][9:] for row in people)
    assert len({row["tax_id"] for row in people}) == len(people)
    emails = [row["email"] for row in people if row["email"]]
    assert len(set(emails)) == len(emails)
    assert 0.95 < len(emails) / len(people) < 1
    assert 0.9 < sum(row["locale"] == "pt-BR" for row in people) / len(people) < 1
    assert any("'" in row["name"] for row in people)
    assert any(not row["name"].isascii() for row in people)
    opted_out = [row for row in people if row["opted_out_at"]]
    assert 0 < len(opted_out) / len(people) < 0.05
    for row in opted_out:
        client = book.clients[int(row["user_id"])]
        assert when(client["created_at"]) < when(row["opted_out_at"]) < book.as_of


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    def texts(name: str, seed: int) -> list[bytes]:
        written = demo.write(tmp_path / name, scale=0.01, seed=seed, day=3)
        return [file.read_bytes() for file in written.files]

    first = texts("first", 5)
    assert texts("second", 5) == first
    assert all(one != other for one, other in zip(texts("third", 6), first, strict=True))


def test_progress_rises_to_one(tmp_path: Path) -> None:
    told: list[float] = []
    demo.write(tmp_path, scale=0.5, progress=told.append)
    assert told == sorted(told)
    assert len(told) > 10
    assert told[-1] == 1.0


def test_an_interrupted_write_leaves_the_former_files(tmp_path: Path) -> None:
    written = demo.write(tmp_path, scale=0.01)
    before = {file: file.read_bytes() for file in written.files}

    def interrupt(share: float) -> None:
        if share > 0.9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.write(tmp_path, scale=0.01, day=1, progress=interrupt)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("wrong", [{"scale": 0.0}, {"scale": 101.0}, {"day": -1}, {"day": 1_001}])
def test_a_number_out_of_range_is_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be from"):
        demo.write(tmp_path, **wrong)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_without_numpy_the_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("loanbook.demo.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingExtra, match=r"numpy.*loanbook\[demo\]"):
        demo.write(tmp_path)


def test_importing_the_room_does_not_import_numpy() -> None:
    code = "import sys, loanbook.demo; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_day_0_is_the_published_business_date(tmp_path: Path) -> None:
    assert demo.write(tmp_path, scale=0.001).as_of == date(2024, 1, 25)
