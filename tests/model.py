"""The load in plain Python: what a book must hold after each file and each act of an officer.

Worked out the slow way: everything is kept in dictionaries and judged anew each time. It knows one
source and no clocks. Written from the rules (docs/reference/rules.md) and from what is said of the
load (docs/explanation/load.md); what lines say is in tests/reading.py.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tests import ledger
from tests.cast import HEADERS
from tests.reading import FIRST_OF_OURS, Written, read, records, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Values = dict[str, Any]
MONEY = ("loan_amount", "due_amount", "amount_paid")
DENIAL = ("status", "denied_reason", "denied_at")
REACHED_BY = ("name", "email", "tax_id", "locale", "phone")
KEYS = {"clients": "user_id", "contacts": "user_id", "loans": "loan_id"}
WRITTEN = {"inserted", "updated"}
ADDRESS = re.compile(r"[^@\s\x00-\x1f]+@([^@.\s\x00-\x1f]+\.)+[^@.\s\x00-\x1f]+")


@dataclass
class Row:
    """A row of the mart."""

    values: Values
    version: int = 1


@dataclass(frozen=True)
class Change:
    """What the history tells of a row: the columns that differ, with values before and after.

    The batch is None where an officer acted.
    """

    operation: str
    batch: int | None
    columns: dict[str, tuple[Any, Any]]


@dataclass
class Refused:
    """A line in quarantine."""

    kind: str
    batch: int
    line_no: int
    key: int | None
    rules: tuple[str, ...]
    raw: str
    state: str = "open"


@dataclass
class Line:
    """A line that has been read."""

    number: int
    raw: str
    values: Values
    faults: list[str]
    fate: str = ""

    def refuse(self, rule: str) -> None:
        """It breaks one more rule."""
        self.faults.append(rule)
        self.fate = "quarantined"

    def amounts(self) -> dict[str, Decimal]:
        """One line, and its readable amounts."""
        found = {name: self.values.get(name) for name in MONEY}
        return {"lines": Decimal(1)} | {n: v for n, v in found.items() if v is not None}


@dataclass(frozen=True)
class File:
    """A file that is being loaded."""

    kind: str
    batch: int
    day: date
    lines: Sequence[Written]
    columns: tuple[str, ...]
    full: bool

    def same_as(self, other: File) -> bool:
        """Whether both hold the same bytes."""
        mine, theirs = ([line.text for line in one.lines] for one in (self, other))
        return (self.kind, self.columns, mine) == (other.kind, other.columns, theirs)


@dataclass
class Done:
    """What became of a batch."""

    outcome: str
    totals: dict[str, Counter[str]] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)


@dataclass
class Model:
    """A book."""

    clients: dict[int, Row] = field(default_factory=dict)
    contacts: dict[int, Row] = field(default_factory=dict)
    loans: dict[int, Row] = field(default_factory=dict)
    own: dict[int, ledger.Loan] = field(default_factory=dict)
    files: dict[int, File] = field(default_factory=dict)
    amended: set[tuple[str, int]] = field(default_factory=set)
    bases: dict[str, dict[int, Values]] = field(
        default_factory=lambda: {"clients": {}, "contacts": {}}
    )
    payments: dict[int, list[tuple[str, Decimal, date | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    quarantine: list[Refused] = field(default_factory=list)
    events: set[tuple[str, int]] = field(default_factory=set)
    gone: set[tuple[str, int]] = field(default_factory=set)
    limits: dict[int, list[tuple[date, Decimal]]] = field(default_factory=lambda: defaultdict(list))
    history: dict[tuple[str, int], list[Change]] = field(default_factory=lambda: defaultdict(list))

    # What files do

    def load_clients(self, file: File, waiting: Iterable[Written], *, allowed: bool) -> Done:
        """A file of clients; `waiting` are the lines of loans that are staged."""
        lines = self._read(file)
        judge_repeats("clients", lines)
        if done := self._keep_refused(file, lines):
            return done
        gone = self._gone(file, lines)
        named = {whole(w.fields["user_id"].strip(), 2**63) for w in waiting if w.fields} | {
            loan.values["user_id"] for loan in self.loans.values()
        }
        deleted = {
            key for key in gone - named if not {("clients", key), ("contacts", key)} & self.amended
        }
        if not allowed and len(deleted) * 100 > len(self.clients):
            return Done("refused")
        for line in fresh(lines):
            self._merge(file, line, self._merged_client)
        self._drop_bases("clients")
        for key in deleted:
            self.limits[key].append((file.day, self.clients[key].values["credit_limit"]))
            self._delete("contacts", key, file.batch)
            self._delete("clients", key, file.batch)
            self.events -= {(f"{kind}_amendment_overruled", key) for kind in self.bases}
        self._note_gone("clients", lines, gone - deleted, deleted)
        return self._finish(file, lines)

    def load_contacts(self, file: File) -> Done:
        """A file of contacts."""
        lines = self._read(file)
        self._judge_clients("contacts", lines)
        judge_repeats("contacts", lines)
        if done := self._keep_refused(file, lines):
            return done
        for line in fresh(lines):
            self._merge(file, line, self._merged_contact)
        self._drop_bases("contacts")
        return self._finish(file, lines)

    def load_loans(self, file: File) -> Done:
        """A file of loans."""
        lines = self._read(file)
        self._judge_clients("loans", lines)
        judge_repeats("loans", lines)
        for line in lines:
            known = self.loans.get(line.values["loan_id"])
            borrower = line.values["user_id"]
            if line.values["loan_id"] in self.own:
                line.refuse("loans_other_owner")
            elif (
                known
                and borrower not in (None, known.values["user_id"])
                and line.fate != "collapsed"
            ):
                line.refuse("loans_user_id_immutable")
        if done := self._keep_refused(file, lines):
            return done
        with self._loans_written(file.batch):
            for line in fresh(lines):
                self._write_loan(line, file.day)
        self._note_gone("loans", lines, self._gone(file, lines), set())
        return self._finish(file, lines)

    # What officers do: each act answers with the rule that refuses it, or None

    def amend(self, kind: str, key: int, **changed: Any) -> None:  # noqa: ANN401 -- any column
        """An officer amends a client or a contact; what stays as it is leaves no trace."""
        row = self._rows(kind)[key]
        merged = row.values | changed
        if merged == row.values:
            return
        self.bases[kind].setdefault(key, dict(row.values))
        self.amended.add((kind, key))
        self._put(kind, key, merged, None)

    def register_contact(self, key: int, **said: str) -> None:
        """An officer says how a client is reached, of whom the source has said nothing yet."""
        blank: Values = dict.fromkeys(HEADERS["contacts"]) | {"user_id": key}
        self.amended.add(("contacts", key))
        self.bases["contacts"].setdefault(key, blank)
        self._put("contacts", key, blank | said, None)

    def deny(self, key: int, reason: str, day: date) -> None:
        """An officer denies a client."""
        since = max(datetime.combine(day, time()), self.clients[key].values["created_at"])
        self.amend("clients", key, status="denied", denied_reason=reason, denied_at=since)

    def reinstate(self, key: int) -> str | None:
        """An officer takes a denial back."""
        owed = [
            loan
            for loan in self._loans_of(key, "default", "written_off")
            if loan["amount_paid"] < loan["due_amount"]
        ]
        if owed and self.clients[key].values["status"] == "denied":
            return "client_owes_no_defaulted_loan"
        self.amend("clients", key, status="approved", denied_reason=None, denied_at=None)
        return None

    def judge_opening(self, key: int, amount: Decimal) -> str | None:
        """May this client take a loan of ours?"""
        client = self.clients[key].values
        verdicts = {
            "client_is_approved": client["status"] == "denied",
            "client_has_no_default": self._loans_of(key, "default"),
            "loans_one_open_per_client": self._loans_of(key, "ongoing"),
            "loan_within_credit_limit": amount > client["credit_limit"],
        }
        return next((rule for rule, broken in verdicts.items() if broken), None)

    def opened(self, loan_id: int, key: int, amount: Decimal, day: date) -> None:
        """It may, and does."""
        client = self.clients[key].values
        rate = client["interest_rate"]
        borrower = ledger.Client(key, client["credit_limit"], rate, client["created_at"].date())
        due = ledger.cents(amount * (Decimal("1.01118") + rate / 400))
        tax = ledger.cents(amount * Decimal("0.01118"))
        self.own[loan_id] = ledger.Loan(loan_id, borrower, amount, day, tax, due)
        self._settle(loan_id)

    def judge_reversal(self, loan_id: int, amount: Decimal) -> str | None:
        """May so much be taken back?"""
        loan = self.own[loan_id]
        opens = loan.status == "paid" and loan.paid - amount < loan.due_amount
        if opens and self._loans_of(loan.client.user_id, "ongoing"):
            return "reversal_opens_second_loan"
        return None

    def moved(self, loan_id: int, movement: ledger.Movement) -> None:
        """A payment on a loan of ours, or its reversal."""
        self.own[loan_id].movements.append(movement)
        kind = "payment" if movement.reverses is None else "reversal"
        self.payments[loan_id].append((kind, movement.amount, movement.on))
        self._settle(loan_id)

    def _settle(self, loan_id: int) -> None:
        """A loan of ours is what its movements make of it."""
        loan = self.own[loan_id]
        created = max(
            datetime.combine(loan.issued, time()),
            self.clients[loan.client.user_id].values["created_at"],
        )
        paid = loan.paid_on and max(datetime.combine(loan.paid_on, time()), created)
        values = {
            "user_id": loan.client.user_id, "loan_id": loan_id, "created_at": created,
            "due_at": created + timedelta(days=ledger.TERM), "paid_at": paid,
            "status": loan.status, "loan_amount": loan.amount, "tax": loan.tax,
            "due_amount": loan.due_amount, "amount_paid": loan.paid,
            "interest_rate": loan.client.rate, "rate_is_implied": False,
        }  # fmt: skip
        with self._loans_written(None):
            self.loans.setdefault(loan_id, Row({})).values |= values

    def _loans_of(self, key: int, *statuses: str) -> list[Values]:
        """A client's loans of some statuses."""
        return [
            row.values
            for row in self.loans.values()
            if row.values["user_id"] == key and row.values["status"] in statuses
        ]

    # What stands in the book

    def findings(self) -> set[tuple[str, int]]:
        """Rule and subject of all that is to be told."""
        exempt = {("loans_second_open", key) for key in self.exempt()}
        judged = {(rule, key) for key, row in self.loans.items() for rule in self._broken(key, row)}
        unreachable = {
            ("contacts_email_malformed", key)
            for key, row in self.contacts.items()
            if row.values["email"] and not ADDRESS.fullmatch(row.values["email"])
        }
        claimed = {
            (f"{line.kind}_two_sources", line.key)
            for line in self.quarantine
            if line.state == "open" and f"{line.kind}_other_owner" in line.rules and line.key
        }
        return judged | exempt | unreachable | claimed | self.events | self.gone

    def exempt(self) -> set[int]:
        """Open loans beside an older one."""
        by_client = defaultdict(list)
        for key, row in self.loans.items():
            if row.values["status"] == "ongoing":
                by_client[row.values["user_id"]].append((row.values["created_at"], key))
        return {key for loans in by_client.values() for _, key in sorted(loans)[1:]}

    def changed_by(self, batch: int) -> Counter[tuple[str, str, int]]:
        """Relation, operation and key of what a batch wrote."""
        return Counter(
            (relation, change.operation, key)
            for (relation, key), changes in self.history.items()
            for change in changes
            if change.batch == batch
        )

    # The steps of a load

    def _rows(self, kind: str) -> dict[int, Row]:
        return {"clients": self.clients, "contacts": self.contacts, "loans": self.loans}[kind]

    def _read(self, file: File) -> list[Line]:
        """Its lines; where the same file came before, this batch answers for what that refused."""
        for refused in self.quarantine:
            if self.files[refused.batch].same_as(file) and refused.batch != file.batch:
                refused.state = "superseded"
        self.files[file.batch] = file
        lines = []
        for number, record in records(file.lines):
            values, faults = read(file.kind, record)
            fate = "quarantined" if faults else ""
            lines.append(Line(number, record.text, values, faults, fate))
        return lines

    def _judge_clients(self, kind: str, lines: list[Line]) -> None:
        """Whose client nobody knows."""
        for line in lines:
            client = line.values["user_id"]
            if client is not None and client not in self.clients:
                line.refuse(f"{kind}_client_fkey")

    def _keep_refused(self, file: File, lines: list[Line]) -> Done | None:
        """Keep what is refused; if it is too much the file is refused as a whole."""
        refused = [line for line in lines if line.fate == "quarantined"]
        self.quarantine += [
            Refused(
                file.kind, file.batch, line.number, line.values[KEYS[file.kind]],
                tuple(sorted(line.faults)), line.raw,
            )
            for line in refused
        ]  # fmt: skip
        too_many = len(refused) >= 20 and len(refused) * 20 > len(lines)
        return Done("refused") if too_many else None

    def _gone(self, file: File, lines: list[Line]) -> set[int]:
        """Rows of the source that a full file does not name; nobody, if a line names nobody."""
        named = {line.values[KEYS[file.kind]] for line in lines}
        if not file.full or None in named:
            return set()
        return {key for key in self._rows(file.kind) if key not in named and key < FIRST_OF_OURS}

    def _note_gone(self, kind: str, lines: list[Line], gone: set[int], deleted: set[int]) -> None:
        rule = f"{kind}_gone"
        back = {line.values[KEYS[kind]] for line in lines if line.fate != "quarantined"}
        self.gone = {
            (r, key)
            for r, key in self.gone
            if r != rule or (key not in deleted and (key in gone or key not in back))
        } | {(rule, key) for key in gone}

    def _merge(self, file: File, line: Line, merged: Any) -> None:  # noqa: ANN401 -- one of two
        """A line of a client or a contact: new, or what the three-way merge makes of it."""
        kind, key = file.kind, line.values["user_id"]
        row = self._rows(kind).get(key)
        if row is None:
            self._put(kind, key, line.values, file.batch)
            self.amended.discard((kind, key))
            line.fate = "inserted"
            return
        base = self.bases[kind].get(key)
        after = merged(row.values, base, line.values, file.columns)
        if base is not None:
            base |= {name: line.values[name] for name in file.columns}
        if after == row.values:
            line.fate = "unchanged"
            return
        self._put(kind, key, after, file.batch, file.day)
        line.fate = "updated"

    def _merged_client(
        self, here: Values, base: Values | None, said: Values, _: tuple[str, ...]
    ) -> Values:
        """Status and denial move as one unit."""
        units = [DENIAL, *((name,) for name in said if name not in DENIAL)]
        return self._merged("clients", here, base, said, units)

    def _merged_contact(
        self, here: Values, base: Values | None, said: Values, columns: tuple[str, ...]
    ) -> Values:
        """Columns that the file lacks are left alone; a file never undoes an opt-out."""
        units = [(name,) for name in REACHED_BY if name in columns]
        merged = self._merged("contacts", here, base, said, units)
        if "opted_out_at" in columns and (
            base is None or said["opted_out_at"] != base["opted_out_at"]
        ):
            merged["opted_out_at"] = here["opted_out_at"] or said["opted_out_at"]
        return merged

    def _merged(
        self,
        kind: str,
        here: Values,
        base: Values | None,
        said: Values,
        units: Iterable[tuple[str, ...]],
    ) -> Values:
        """What the source changed is taken from the file; what it did not, stays as it is here."""
        merged = dict(here)
        for unit in units:
            stands, says = ([row[name] for name in unit] for row in (here, said))
            was = None if base is None else [base[name] for name in unit]
            if says == was:
                continue
            merged |= dict(zip(unit, says, strict=True))
            if was is not None and stands not in (was, says):
                self.events.add((f"{kind}_amendment_overruled", said["user_id"]))
        return merged

    def _drop_bases(self, kind: str) -> None:
        """What the source said last has served where source and book agree again."""
        rows = self._rows(kind)
        for key, base in [*self.bases[kind].items()]:
            here = rows[key].values
            same = {name for name in base if here[name] == base[name]}
            # A wish to be left alone that was said here too is agreement enough.
            if here.get("opted_out_at") or base.get("opted_out_at") is None:
                same.add("opted_out_at")
            if same >= set(base):
                del self.bases[kind][key]

    def _write_loan(self, line: Line, day: date) -> None:
        key, said = line.values["loan_id"], line.values
        row = self.loans.get(key)
        if row is None:
            rate, implied = first_rate(said, self.clients[said["user_id"]].values["interest_rate"])
            self.loans[key] = Row(said | {"interest_rate": rate, "rate_is_implied": implied})
            if said["amount_paid"]:
                paid_on = said["paid_at"].date() if said["paid_at"] else None
                self.payments[key].append(("opening", said["amount_paid"], paid_on))
            line.fate = "inserted"
            return
        if all(row.values[name] == value for name, value in said.items()):
            line.fate = "unchanged"
            return
        more = said["amount_paid"] - row.values["amount_paid"]
        if more > 0:
            first_paid = said["paid_at"] and not row.values["paid_at"]
            when = said["paid_at"].date() if first_paid else day - timedelta(days=1)
            self.payments[key].append(("payment", more, when))
        elif more < 0:
            self.payments[key].append(("correction", more, day - timedelta(days=1)))
            self.events.add(("loans_amount_lowered", key))
        row.values = row.values | said
        line.fate = "updated"

    def _finish(self, file: File, lines: list[Line]) -> Done:
        """Lines of the past are answered; all that came in is accounted for."""
        key_of = KEYS[file.kind]
        keys = {line.values[key_of] for line in lines if line.fate in {*WRITTEN, "unchanged"}}
        for refused in self.quarantine:
            if refused.kind == file.kind and refused.batch != file.batch and refused.key in keys:
                refused.state = "superseded"
        done = Done("accepted")
        for measure in ("lines", *MONEY) if file.kind == "loans" else ("lines",):
            total: Counter[str] = Counter()
            for line in lines:
                if measure in line.amounts():
                    total[line.fate] += line.amounts()[measure]  # type: ignore[assignment]
            done.totals[measure] = total
            done.unreadable[measure] = sum(measure not in line.amounts() for line in lines)
        return done

    # Writing, with its history

    def _put(
        self, kind: str, key: int, values: Values, batch: int | None, day: date = date.max
    ) -> None:
        """A client or a contact is written; from which day on its limit was another is noted."""
        rows = self._rows(kind)
        before = rows.get(key)
        if before is None:
            rows[key] = Row(dict(values))
        else:
            rows[key] = Row(dict(values), before.version + 1)
            if kind == "clients":
                self.limits[key].append((day, before.values["credit_limit"]))
        self._note(kind, key, before.values if before else {}, values, batch)

    def _delete(self, kind: str, key: int, batch: int) -> None:
        row = self._rows(kind).pop(key, None)
        if row is not None:
            self._note(kind, key, row.values, {}, batch)

    @contextmanager
    def _loans_written(self, batch: int | None) -> Iterator[None]:
        """Whatever loan differs afterwards, also by being exempt, is a version further."""
        before = self._loan_images()
        yield
        for key, after in self._loan_images().items():
            was = before.get(key, {})
            if was and was != after:
                self.loans[key].version += 1
            if was != after:
                self._note("loans", key, was, after, batch)

    def _loan_images(self) -> dict[int, Values]:
        exempt = self.exempt()
        return {
            key: row.values | {"exempt_from": True if key in exempt else None}
            for key, row in self.loans.items()
        }

    def _note(self, kind: str, key: int, before: Values, after: Values, batch: int | None) -> None:
        operation = "U" if before and after else "I" if after else "D"
        differing = {
            name: (before.get(name), after.get(name))
            for name in before | after
            if before.get(name) != after.get(name)
        }
        self.history[kind, key].append(Change(operation, batch, differing))

    # Business rules

    def _broken(self, key: int, row: Row) -> Iterable[str]:
        """Rules that a loan of the source breaks though it is kept."""
        if key >= FIRST_OF_OURS:
            return
        loan, client = row.values, self.clients[row.values["user_id"]]
        days = (loan["due_at"].date() - loan["created_at"].date()).days
        rate = loan["interest_rate"]
        if (
            loan["rate_is_implied"]
            or not explains(loan["loan_amount"], rate, days, loan["due_amount"])
            or not near(loan["loan_amount"] * tax_share(days), loan["tax"])
        ):
            yield "loans_contract_differs"
        if loan["due_at"] - loan["created_at"] != timedelta(days=90):
            yield "loans_term_not_90_days"
        if loan["amount_paid"] > loan["due_amount"]:
            yield "loans_overpaid"
        if loan["status"] == "paid":
            if loan["amount_paid"] < loan["due_amount"]:
                yield "loans_paid_short"
            if loan["paid_at"] > loan["due_at"]:
                yield "loans_paid_late"
        if loan["loan_amount"] > self._limit_at(client, loan):
            yield "loans_above_limit"
        if client.values["denied_at"] and loan["created_at"] > client.values["denied_at"]:
            yield "loans_after_denial"

    def _limit_at(self, client: Row, loan: Mapping[str, Any]) -> Decimal:
        current: Decimal = client.values["credit_limit"]
        issued = loan["created_at"].date()
        known = self.limits[loan["user_id"]]
        later = ([was for day, was in known if day > issued + timedelta(days=d)] for d in (0, 1))
        return max((found[0] if found else current) for found in later)


def fresh(lines: list[Line]) -> list[Line]:
    """The lines that go on to the mart."""
    return [line for line in lines if not line.fate]


def judge_repeats(kind: str, lines: list[Line]) -> None:
    """Identical repeats collapse into the first; contradicting ones are all refused."""
    by_key = defaultdict(list)
    for line in fresh(lines):
        by_key[line.values[KEYS[kind]]].append(line)
    for same in by_key.values():
        if any(line.values != same[0].values for line in same):
            for line in same:
                line.refuse(f"{kind}_contradicting_repeat")
        else:
            for line in same[1:]:
                line.fate = "collapsed"


# The contract


def tax_share(days: int) -> Decimal:
    """IOF as a share of the principal."""
    return Decimal("0.0038") + Decimal("0.000082") * days


def near(exact: Decimal, written: Decimal) -> bool:
    """Whether an amount is what was to be paid, within a cent after rounding."""
    return abs(exact.quantize(Decimal("0.01"), ROUND_HALF_UP) - written) <= Decimal("0.01")


def explains(amount: Decimal, rate: Decimal | None, days: int, due: Decimal) -> bool:
    """Whether a rate makes an amount due out of a principal."""
    if rate is None:
        return False
    return near(amount * (1 + tax_share(days) + rate * days / 36_000), due)


def first_rate(loan: Mapping[str, Any], of_client: Decimal) -> tuple[Decimal | None, bool]:
    """A new loan's rate, and whether it was implied by its amounts."""
    days = (loan["due_at"].date() - loan["created_at"].date()).days
    amount, due = loan["loan_amount"], loan["due_amount"]
    if explains(amount, of_client, days, due):
        return of_client, False
    if days > 0:
        exact = (due / amount - 1 - tax_share(days)) * 36_000 / days
        for decimals in range(5):
            rate = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
            if 0 <= rate <= 10_000 and explains(amount, rate, days, due):
                return rate, True
    return None, True
