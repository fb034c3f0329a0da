"""Random small books over several days: the load agrees with its model in plain Python."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from tests import model
from tests.cast import DAY, HEADERS, csv_text
from tests.desk import FATES, Desk
from tests.model import Model, Text

if TYPE_CHECKING:
    import pytest
    from hypothesis.strategies import DrawFn
    from tests.houses import Houses

CLIENTS, LOANS = range(1, 7), range(1, 9)
KINDS = ("clients", "loans")
FLOOD = 20
STATUS = (
    {"status": "approved", "denied_reason": "", "denied_at": ""},
    {"status": "denied", "denied_reason": "defaulter", "denied_at": "2023-09-01 00:00:00"},
    {"status": "denied", "denied_reason": "", "denied_at": "2023-12-24 18:00:00"},
)
SPOIL = {
    "clients": {
        "user_id": ("", "x", "0", "1000000000"),
        "created_at": ("now", "2024-02-30 00:00:00", "1899-01-01 00:00:00", "2024-01-01 24:00:00"),
        "status": ("", "lost"),
        "batch": ("0", "1.5", "0x1F"),
        "credit_limit": ("-1", "10.005", "NaN", "1000000000000"),
        "interest_rate": ("", "-0.1", "10001"),
        "denied_at": ("infinity", "2023-01-01 00:00:00"),
    },
    "loans": {
        "user_id": ("", "77", "x", "2"),
        "loan_id": ("", "1_0", "0"),
        "created_at": ("", "05/06/2024", "2024-06-01 00:00:00"),
        "due_at": ("", "2023-02-29 10:00:00"),
        "paid_at": ("today", "2020-01-01 00:00:00"),
        "status": ("paid", "ongoing", "open"),
        "loan_amount": ("0", "1e3", "12.345"),
        "tax": ("", "-1"),
        "due_amount": ("NaN", "0"),
        "amount_paid": ("", "-0.01", "0.001"),
    },
}


@dataclass(frozen=True)
class Delivery:
    """A file."""

    lines: list[Text]
    full: bool
    again: bool


@dataclass(frozen=True)
class Step:
    """A day: what officers amend before its files come, and the files."""

    amendments: list[tuple[int, str, str]]
    files: dict[str, Delivery]
    allowed: bool


@dataclass
class Source:
    """What the source delivered last, by key."""

    clients: dict[int, Text] = field(default_factory=dict)
    loans: dict[int, Text] = field(default_factory=dict)


@st.composite
def client(draw: DrawFn, key: int) -> Text:
    """A line of a client, most often sound."""
    return {
        "user_id": str(key),
        "created_at": "2023-01-10 08:30:00",
        "batch": draw(st.sampled_from("12")),
        "credit_limit": draw(st.sampled_from(["1000", "2000.50", "5000.00"])),
        "interest_rate": draw(st.sampled_from(["20", "35.5"])),
        **draw(st.sampled_from(STATUS)),
    }


@st.composite
def loan(draw: DrawFn, key: int) -> Text:
    """A line of a loan, most often in accord with its contract."""
    created = model.instant(
        draw(st.sampled_from(["2023-06-01 10:00:00", "2023-12-01 20:45:10", "2024-01-24 23:59:59"]))
    )
    assert created is not None
    amount = Decimal(draw(st.sampled_from(["500", "1500", "4000.25"])))
    rate = Decimal(draw(st.sampled_from(["20", "35.5", "21.7"])))
    cents = draw(st.sampled_from([0, 0, 0, 1, -2]))
    days = draw(st.sampled_from([90, 90, 90, 89, 1]))
    due = (amount * (1 + model.tax_share(90) + rate / 400)).quantize(Decimal("0.01")) + (
        Decimal(cents) / 100
    )
    status, after, paid = draw(
        st.sampled_from([
            ("ongoing", None, Decimal(0)),
            ("ongoing", None, Decimal("100.25")),
            ("default", None, Decimal("100.25")),
            ("default", None, Decimal(7)),
            ("paid", timedelta(days=5), due),
            ("paid", timedelta(0), due - 1),
            ("paid", timedelta(days=90, seconds=1), due + 1),
        ])
    )  # fmt: skip
    return {
        "user_id": str(key % len(CLIENTS) + 1),
        "loan_id": str(key),
        "created_at": str(created),
        "due_at": str(created + timedelta(days=days)),
        "paid_at": str(created + after) if after is not None else "",
        "status": status,
        "loan_amount": str(amount),
        "tax": str((amount * model.tax_share(90)).quantize(Decimal("0.01"))),
        "due_amount": str(due),
        "amount_paid": str(paid),
    }


@st.composite
def delivery(draw: DrawFn, kind: str, before: dict[int, Text]) -> Delivery:
    """A file like the one before, with some lines changed, gone, new, repeated or broken."""
    make = client if kind == "clients" else loan
    for key in CLIENTS if kind == "clients" else LOANS:
        fate = draw(st.sampled_from(["as before"] * 5 + ["anew"] * 2 + ["gone"]))
        if fate == "anew":
            before[key] = draw(make(key))
        elif fate == "gone":
            before.pop(key, None)
    lines: list[Text] = [dict(before[key]) for key in sorted(before)]
    if not draw(st.booleans()):
        for place in draw(st.lists(st.integers(0, max(0, len(lines) - 1)), max_size=3)):
            if lines:
                column = draw(st.sampled_from(sorted(SPOIL[kind])))
                lines[place][column] = draw(st.sampled_from(SPOIL[kind][column]))
        lines += [
            dict(draw(st.sampled_from(lines))) for _ in range(draw(st.integers(0, 2))) if lines
        ]
        if draw(st.booleans()):
            lines = draw(st.permutations(lines))
        if draw(st.integers(0, 9)) == 0:
            lines += [draw(make(1)) | {"status": "?"} for _ in range(FLOOD)]
    again = draw(st.sampled_from([False, False, True]))
    return Delivery(lines, full=draw(st.booleans()), again=again)


@st.composite
def stories(draw: DrawFn) -> list[Step]:
    """Some days in the life of a book."""
    source = Source()
    days = []
    for _ in range(draw(st.integers(2, 4))):
        amendments = draw(
            st.lists(
                st.tuples(
                    st.sampled_from(CLIENTS),
                    st.sampled_from(["credit_limit", "interest_rate", "batch"]),
                    st.sampled_from(["1", "20", "5000"]),
                ),
                max_size=2,
            )
        )
        files = {"clients": draw(delivery("clients", source.clients))}
        if draw(st.integers(0, 4)):
            files["loans"] = draw(delivery("loans", source.loans))
        days.append(Step(amendments, files, allowed=draw(st.booleans())))
    return days


class Twin:
    """A book and its model, side by side."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.model = Model()
        self.taken: set[tuple[str, str]] = set()

    def amend(self, user_id: int, column: str, text: str) -> None:
        """An officer amends a client, if there is one."""
        if user_id not in self.model.clients:
            return
        value = model.value_of(column, text)
        self.model.amend(user_id, **{column: value})
        with self.desk.app.transaction():
            self.desk.app.value(
                "select api.amend_client(%(key)s, 'a visit', %(limit)s, %(rate)s, %(batch)s)",
                key=user_id,
                limit=value if column == "credit_limit" else None,
                rate=value if column == "interest_rate" else None,
                batch=value if column == "batch" else None,
            )

    def live(self, number: int, step: Step) -> None:
        """A day; then both hold the same."""
        day = DAY + timedelta(days=number)
        for amendment in step.amendments:
            self.amend(*amendment)
        batches: dict[str, int] = {}
        for kind, file in step.files.items():
            text = csv_text(kind, file.lines, columns=HEADERS[kind])
            path = self.desk.write(f"{kind}.csv", text, day)
            (staged,) = self.desk.stage(path, full=file.full, again=file.again)
            known = (kind, text) in self.taken and not file.again
            assert staged.outcome == ("known" if known else "staged")
            if not known:
                assert staged.batch_id is not None
                batches[kind] = staged.batch_id
        promoted = {done.kind: done for done in self.desk.promote(allow_deletions=step.allowed)}
        assert set(promoted) == set(batches)
        for kind, batch in batches.items():
            expected = self.load(kind, batch, step, day, with_loans="loans" in batches)
            assert (kind, promoted[kind].outcome) == (kind, expected.outcome)
            assert {
                t.measure: Counter({f: getattr(t, f) for f in FATES if getattr(t, f)})
                for t in promoted[kind].totals
            } == {m: Counter({f: n for f, n in t.items() if n}) for m, t in expected.totals.items()}
            assert Counter(self.desk.changes(batch)) == expected.audit
            if expected.outcome == "accepted":
                file = step.files[kind]
                self.taken.add((kind, csv_text(kind, file.lines, columns=HEADERS[kind])))
        self.compare()

    def load(self, kind: str, batch: int, step: Step, day: date, *, with_loans: bool) -> model.Done:
        """The model takes the same file."""
        file = step.files[kind]
        if kind == "loans":
            return self.model.load_loans(batch, file.lines, day, full=file.full)
        waiting = step.files["loans"].lines if with_loans else []
        return self.model.load_clients(
            batch, file.lines, day, full=file.full, allowed=step.allowed, waiting=waiting
        )

    def compare(self) -> None:
        """Clients, loans, payments, quarantine, findings, merge bases and checks."""
        desk, book = self.desk, self.model
        assert {
            row["user_id"]: picked(row, *HEADERS["clients"], "version")
            for row in desk.app.rows("select * from api.clients")
        } == {key: row.values | {"version": row.version} for key, row in book.clients.items()}
        exempt = book.exempt()
        assert {
            row["loan_id"]: picked(row, *HEADERS["loans"], "version")
            | {
                "rate": row["interest_rate"],
                "implied": row["rate_is_implied"],
                "exempt": row["exempt_from"] is not None,
            }
            for row in desk.app.rows("select * from api.loans")
        } == {
            key: row.values | {"version": row.version, "exempt": key in exempt}
            for key, row in book.loans.items()
        }
        for key in book.loans:
            assert desk.payments(key) == book.payments[key]
        found = desk.app.rows(
            "select kind, batch_id, line_no, key, rules, state from api.quarantine"
        )
        assert {
            (q["batch_id"], q["line_no"]): (q["key"], set(q["rules"]), q["state"]) for q in found
        } == {(q.batch, q.line_no): (q.key, set(q.rules), q.state) for q in book.quarantine}
        assert desk.findings() == book.findings()
        bases = desk.owner.rows("select * from stage.clients_base")
        assert {row["user_id"]: row for row in bases} == book.bases
        assert desk.ailments() == []


def picked(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """Some columns of a row."""
    return {name: row[name] for name in names}


@given(story=stories())
def test_the_load_agrees_with_its_model(
    houses: Houses, tmp_path_factory: pytest.TempPathFactory, story: list[Step]
) -> None:
    name = houses.copy()
    try:
        with Desk.at(houses, name, tmp_path_factory.mktemp("story") / "home") as desk:
            twin = Twin(desk)
            for number, step in enumerate(story):
                twin.live(number, step)
    finally:
        houses.drop(name)
