"""Random small books over several days: the load agrees with its model in plain Python.

After each day's files the mart, quarantine, findings, merge bases, totals and checks are compared,
at the end of each story the history of every row. One book serves all stories, emptied between.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests import ledger, stories
from tests.cast import DAY, HEADERS
from tests.desk import FATES, Desk
from tests.model import Change, Done, File, Model

from loanbook.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.houses import Houses
    from tests.stories import Act, Delivery, Step

SOAK = os.environ.get("LOANBOOK_SOAK") == "1"
STORIES = (10_000 if SOAK else 80) // stories.FILES
A_BOOK_SERVES = 100  # stories; then its catalogues have swollen by the tables that came and went
TOLD = ("+5511912345678", "+5511987654321")
# Refusals that no single file of one source can meet, or that only a person's word can.
OTHER = {
    "clients_other_owner", "contacts_other_owner", "loans_other_owner", "loans_one_open_per_client",
    "contacts_email_shape", "contacts_locale_known", "contacts_name_printable",
    "contacts_phone_shape", "contacts_tax_id_shape",
    "clients_contradicting_repeat", "contacts_contradicting_repeat", "loans_contradicting_repeat",
    "loans_user_id_immutable",
    "line_length",  # of a megabyte: tests/rooms/test_hostile_files.py
}  # fmt: skip
HISTORY = """
select k.relation, k.key, h.operation, h.batch_id, h.changes
from unnest(%(relations)s::text [], %(keys)s::bigint []) as k (relation, key)
cross join lateral api.history(k.relation, k.key) as h
order by h.statement_id
"""
TOTALS = """
select measure, in_file, coalesce(inserted, 0) as inserted, coalesce(updated, 0) as updated,
    coalesce(unchanged, 0) as unchanged, coalesce(collapsed, 0) as collapsed,
    coalesce(quarantined, 0) as quarantined, unreadable
from ops.batch_totals where batch_id = %(batch)s
"""
PAYMENTS = "select loan_id, kind, amount, effective_on from api.payments order by payment_id"


class Twin:
    """A book and its model, side by side."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.model = Model()
        self.taken: set[tuple[str, str]] = set()
        self.told: dict[int, list[ledger.Movement]] = {}
        self.day = DAY

    def live(self, number: int, step: Step) -> None:
        """A day; then both hold the same."""
        self.day = DAY + timedelta(days=number)
        for act in step.acts:
            self.act(act)
        batches: dict[str, int] = {}
        for file in step.files:
            path = self.desk.write(f"{file.kind}.csv", file.text, self.day)
            (staged,) = self.desk.stage(path, full=file.full, again=file.again)
            known = (file.kind, file.text) in self.taken and not file.again
            assert staged.outcome == ("known" if known else "staged")
            if not known:
                assert staged.batch_id is not None
                batches[file.kind] = staged.batch_id
        promoted = {done.kind: done for done in self.desk.promote(allow_deletions=step.allowed)}
        assert set(promoted) == set(batches)
        for file in step.files:
            if file.kind in batches:
                expected = self.load(file, batches, step)
                assert (file.kind, promoted[file.kind].outcome) == (file.kind, expected.outcome)
                self.compare_batch(batches[file.kind], expected)
                if expected.outcome == "accepted":
                    self.taken.add((file.kind, file.text))
        self.compare()

    def load(self, file: Delivery, batches: dict[str, int], step: Step) -> Done:
        """The model takes the same file."""
        given = File(
            file.kind, batches[file.kind], self.day, file.lines, file.columns, full=file.full
        )
        if file.kind == "loans":
            return self.model.load_loans(given)
        if file.kind == "contacts":
            return self.model.load_contacts(given)
        waiting = [
            line
            for other in step.files
            if other.kind == "loans" and "loans" in batches
            for line in other.lines
        ]
        return self.model.load_clients(given, waiting, allowed=step.allowed)

    # What officers do

    def act(self, act: Act) -> None:
        """An act, on a client or a loan that there is; else nothing happens."""
        about = self.model.own if act.name in {"pay", "reverse"} else self.model.clients
        if about:
            getattr(self, act.name)(sorted(about)[act.which % len(about)], act.choice)

    def both(self, verdict: str | None, query: Any, **values: object) -> Any:  # noqa: ANN401
        """The book acts; if the model refuses, so does the book, by the same rule."""
        if verdict is None:
            with self.desk.app.transaction():
                return self.desk.app.row(query, **values)
        with pytest.raises(Refused) as refused, self.desk.app.transaction():
            self.desk.app.row(query, **values)
        assert refused.value.rule == verdict
        return None

    def amend_client(self, key: int, choice: int) -> None:
        """One field of a client."""
        column, value = (
            ("credit_limit", Decimal(1)), ("credit_limit", Decimal(5000)),
            ("interest_rate", Decimal(20)), ("interest_rate", Decimal("99.5")),
            ("batch", 2), ("batch", 3),
        )[choice]  # fmt: skip
        self.model.amend("clients", key, **{column: value})
        self.both(
            None,
            "select api.amend_client(%(key)s, 'a visit', %(credit_limit)s, %(interest_rate)s,"
            " %(batch)s)",
            **{"key": key, "credit_limit": None, "interest_rate": None, "batch": None}
            | {column: value},
        )

    def deny(self, key: int, choice: int) -> None:
        """From this day on, or from one that lies back."""
        day = self.day - timedelta(days=choice * 30)
        self.model.deny(key, "fraud", day)
        self.both(None, "select api.deny_client(%(key)s, 'fraud', %(day)s)", key=key, day=day)

    def reinstate(self, key: int, _: int) -> None:
        """If nothing stands against it."""
        verdict = self.model.reinstate(key)
        self.both(verdict, "select api.reinstate_client(%(key)s, 'talked')", key=key)

    def say_contact(self, key: int, choice: int) -> None:
        """How a client is reached: for the first time, or one field of it anew."""
        name, value = (
            ("name", "Ana"), ("name", "Maria"), ("email", "a@example.com"),
            ("email", "new@example.com"), ("phone", TOLD[0]), ("phone", TOLD[1]),
        )[choice]  # fmt: skip
        said = {"key": key, "name": None, "email": None, "phone": None} | {name: value}
        if key in self.model.contacts:
            self.model.amend("contacts", key, **{name: value})
            query = (
                "select * from api.amend_contact(%(key)s, 'a call', p_name => %(name)s,"
                " p_email => %(email)s, p_phone => %(phone)s)"
            )
        else:
            self.model.register_contact(key, **{name: value})
            query = (
                "select * from api.register_contact(%(key)s, p_name => %(name)s,"
                " p_email => %(email)s, p_phone => %(phone)s)"
            )
        self.both(None, query, **said)

    def opt_out(self, key: int, _: int) -> None:
        """A client wants no letters; when, is the clock's to say."""
        if key in self.model.contacts:
            self.both(None, "select api.opt_out(%(key)s, 'asked')", key=key)
            at = self.desk.contact(key)["opted_out_at"]
            before = self.model.contacts[key].values["opted_out_at"]
            assert at == before if before else at is not None
            self.model.amend("contacts", key, opted_out_at=at)

    def opt_in(self, key: int, _: int) -> None:
        """And then does again."""
        if key in self.model.contacts:
            self.model.amend("contacts", key, opted_out_at=None)
            self.both(
                None,
                "select * from api.amend_contact(%(key)s, 'asked', p_opted_out => false)",
                key=key,
            )

    def open_loan(self, key: int, choice: int) -> None:
        """A loan of ours, today or some time ago."""
        amount = (Decimal(500), Decimal(900), Decimal(3000))[choice % 3]
        day = self.day - timedelta(days=60 * (choice // 3))
        found = self.both(
            self.model.judge_opening(key, amount),
            "select api.open_loan(%(key)s, %(amount)s, %(day)s) as loan_id",
            key=key, amount=amount, day=day,
        )  # fmt: skip
        if found:
            self.model.opened(found["loan_id"], key, amount, day)

    def pay(self, loan_id: int, choice: int) -> None:
        """All that is owed on a loan of ours, or a part."""
        loan = self.model.own[loan_id]
        owed = loan.due_amount - loan.paid
        amount = owed if choice % 2 else min(owed, Decimal("100.25"))
        if not owed:
            return
        day = max(loan.issued, self.day - timedelta(days=choice))
        found = self.both(
            None,
            "select payment_id from api.post_payment(%(loan)s, %(amount)s, %(day)s)",
            loan=loan_id, amount=amount, day=day,
        )  # fmt: skip
        self.model.moved(loan_id, ledger.Movement(found["payment_id"], amount, day))

    def reverse(self, loan_id: int, choice: int) -> None:
        """A payment that was not taken back yet."""
        moved = self.model.own[loan_id].movements
        gone_back = {one.reverses for one in moved}
        standing = [m for m in moved if m.reverses is None and m.payment_id not in gone_back]
        if not standing:
            return
        paid = standing[choice % len(standing)]
        found = self.both(
            self.model.judge_reversal(loan_id, paid.amount),
            "select payment_id from api.reverse_payment(%(payment)s, 'bounced', %(day)s)",
            payment=paid.payment_id, day=self.day,
        )  # fmt: skip
        if found:
            back = ledger.Movement(found["payment_id"], -paid.amount, self.day, paid.payment_id)
            self.model.moved(loan_id, back)

    # What both must agree on

    def compare_batch(self, batch: int, expected: Done) -> None:
        """What became of each line and of each sum of money, and which rows were written."""
        totals = {row.pop("measure"): row for row in self.desk.owner.rows(TOTALS, batch=batch)}
        assert Counter(self.desk.changes(batch)) == self.model.changed_by(batch)
        if expected.outcome == "refused":
            assert not any(row[fate] for row in totals.values() for fate in FATES)
            return
        assert totals == {
            measure: {fate: fates[fate] for fate in FATES}
            | {"in_file": sum(fates.values()), "unreadable": expected.unreadable[measure]}
            for measure, fates in expected.totals.items()
        }

    def compare(self) -> None:
        """Clients, contacts, loans, payments, quarantine, findings, merge bases and checks."""
        desk, book = self.desk, self.model
        assert {
            row["user_id"]: picked(row, *HEADERS["clients"], "version")
            for row in desk.app.rows("select * from api.clients")
        } == {key: row.values | {"version": row.version} for key, row in book.clients.items()}
        assert {
            row["user_id"]: picked(row, *HEADERS["contacts"], "version")
            for row in desk.app.rows("select * from api.contacts")
        } == {key: row.values | {"version": row.version} for key, row in book.contacts.items()}
        exempt = book.exempt()
        assert {
            row["loan_id"]: picked(
                row, *HEADERS["loans"], "interest_rate", "rate_is_implied", "version"
            )
            | {"exempt": row["exempt_from"] is not None}
            for row in desk.app.rows("select * from api.loans")
        } == {
            key: row.values | {"version": row.version, "exempt": key in exempt}
            for key, row in book.loans.items()
        }
        moved: dict[int, list[tuple[Any, ...]]] = {}
        for loan_id, *payment in map(dict.values, desk.app.rows(PAYMENTS)):
            moved.setdefault(loan_id, []).append(tuple(payment))
        assert moved == {key: found for key, found in book.payments.items() if found}
        assert {
            (q["batch_id"], q["line_no"]): (
                q["key"], tuple(sorted(q["rules"])), q["raw"], q["state"]
            )
            for q in desk.app.rows("select * from api.quarantine")
        } == {
            (q.batch, q.line_no): (q.key, q.rules, q.raw.replace("\0", "\\x00"), q.state)
            for q in book.quarantine
        }  # fmt: skip
        assert desk.findings() == book.findings()
        for table, kind in (("clients_base", "clients"), ("contacts_base", "contacts")):
            bases = desk.owner.rows(f"select * from stage.{table}")  # noqa: S608 -- one of two
            assert {row["user_id"]: row for row in bases} == book.bases[kind]
        assert desk.ailments() == []

    def compare_history(self) -> None:
        """Of every row that ever was: who changed it, a batch or an officer, from what to what."""
        asked = list(self.model.history)
        found: dict[tuple[str, int], list[Change]] = {}
        rows = self.desk.app.rows(
            HISTORY, relations=[relation for relation, _ in asked], keys=[key for _, key in asked]
        )
        for row in rows:
            told = told_changes(row["relation"], row["changes"])
            change = Change(row["operation"][0].upper(), row["batch_id"], told)
            found.setdefault((row["relation"], row["key"]), []).append(change)
        assert found == {
            of: [Change(c.operation, c.batch, as_told(c.columns)) for c in changes]
            for of, changes in self.model.history.items()
        }


TOLD_OF = {kind: set(names) for kind, names in HEADERS.items()}
TOLD_OF["loans"] |= {"interest_rate", "rate_is_implied", "exempt_from"}


def told_changes(relation: str, changes: dict[str, list[Any]]) -> dict[str, tuple[Any, Any]]:
    """The history's word on the columns that the model knows."""

    def plain(name: str, value: object) -> object:
        """By which finding a loan is exempt, the model does not know."""
        return True if name == "exempt_from" and value is not None else value

    return {
        name: (plain(name, before), plain(name, after))
        for name, (before, after) in changes.items()
        if name in TOLD_OF[relation]
    }


def as_told(columns: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """The model's word, as JSON has it."""

    def plain(value: object) -> object:
        if isinstance(value, Decimal):
            return json.loads(str(value))
        return value.isoformat() if isinstance(value, datetime) else value

    return {name: (plain(before), plain(after)) for name, (before, after) in columns.items()}


def picked(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """Some columns of a row."""
    return {name: row[name] for name in names}


class Books:
    """An empty book for each story, at little cost."""

    def __init__(self, houses: Houses, folders: Iterator[Path]) -> None:
        self._houses = houses
        self._folders = folders
        self._standing = ExitStack()
        self._stories = 0
        self._desk: Desk

    def empty(self) -> Desk:
        """The same book as before, emptied; now and then a new one."""
        if self._stories % A_BOOK_SERVES == 0:
            self.close()
            name = self._houses.copy()
            self._standing.callback(self._houses.drop, name)
            made = Desk.at(self._houses, name, next(self._folders) / "home")
            self._desk = self._standing.enter_context(made)
        else:
            self._houses.clear(self._desk.name)
        self._stories += 1
        return self._desk

    def close(self) -> None:
        """Take down the last book."""
        self._standing.close()


@pytest.fixture(scope="module")
def books(houses: Houses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """Books for all stories."""
    made = Books(houses, (tmp_path_factory.mktemp("stories") for _ in count()))
    yield made
    made.close()


def test_the_load_agrees_with_its_model(
    books: Books, record_property: Callable[[str, object], None]
) -> None:
    counted: Counter[str] = Counter()
    rules: Counter[str] = Counter()

    @settings(
        max_examples=STORIES,
        phases=(Phase.explicit, Phase.generate, *([Phase.shrink] if SOAK else [])),
        suppress_health_check=list(HealthCheck),
    )
    @given(story=stories.stories())
    def tell(story: list[Step]) -> None:
        twin = Twin(books.empty())
        for number, step in enumerate(story):
            twin.live(number, step)
            counted["files"] += len(step.files)
            counted["acts"] += len(step.acts)
        twin.compare_history()
        counted["stories"] += 1
        counted["lines in quarantine"] += len(twin.model.quarantine)
        rules.update(rule for line in twin.model.quarantine for rule in line.rules)
        rules.update(rule for rule, _ in twin.model.findings())

    tell()
    for what, number in counted.items():
        record_property(what, number)
    record_property("rules met", len(rules))
    assert counted["files"] >= STORIES * stories.FILES


def test_every_broken_sort_of_line_is_refused_with_its_reasons(books: Books) -> None:
    twin = Twin(books.empty())
    sound = [{"user_id": str(key)} | stories.SOUND["clients"] for key in stories.KEYS["clients"]]
    first = [stories.written(HEADERS["clients"], line) for line in sound]
    for number, (kind, lines) in enumerate(
        [("clients", first), *((kind, stories.spoilt(kind)) for kind in stories.KINDS)]
    ):
        file = stories.Delivery(kind, HEADERS[kind], lines, full=False, again=False)
        twin.live(number, stories.Step([], [file], allowed=False))
    met = {rule for line in twin.model.quarantine for rule in line.rules}
    told = twin.desk.app.rows("select rule from api.rules where nature = 'refusal'")
    of_lines = {
        row["rule"] for row in told if row["rule"].split("_")[0] in {*stories.KINDS, "line"}
    }
    assert of_lines - OTHER - met == set()
