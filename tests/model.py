"""The load in plain Python: what a book must hold after each file, worked out the slow way.

It knows one source, no contacts and no clocks; everything is kept in dictionaries and judged anew
after each file. Lines are dictionaries of text, as they stand in files.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Text = dict[str, str]
MONEY = ("loan_amount", "due_amount", "amount_paid")
DENIAL = ("status", "denied_reason", "denied_at")
EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 -- wall time
FIRST_OF_OURS = 1_000_000_000
TOO_MUCH = Decimal(10**12)

WHOLES = {"user_id", "loan_id", "batch"}
AMOUNTS = {"credit_limit", "interest_rate", "loan_amount", "tax", "due_amount", "amount_paid"}
INSTANTS = {"created_at", "due_at", "paid_at", "denied_at"}
KEYS = {"clients": "user_id", "loans": "loan_id"}


@dataclass
class Row:
    """A row of the mart."""

    values: dict[str, Any]
    version: int = 1


@dataclass
class Refused:
    """A line in quarantine."""

    kind: str
    batch: int
    line_no: int
    key: int | None
    rules: frozenset[str]
    state: str = "open"


@dataclass
class Line:
    """A line that has been read."""

    number: int
    values: dict[str, Any]
    faults: list[str]
    fate: str = ""

    def amounts(self) -> dict[str, Decimal]:
        """One line, and its readable amounts."""
        found = {name: self.values.get(name) for name in MONEY}
        return {"lines": Decimal(1)} | {n: v for n, v in found.items() if v is not None}


@dataclass
class Done:
    """What became of a batch."""

    outcome: str
    totals: dict[str, Counter[str]] = field(default_factory=dict)
    audit: Counter[tuple[str, str, int]] = field(default_factory=Counter)


@dataclass
class Model:
    """A book."""

    clients: dict[int, Row] = field(default_factory=dict)
    amended: set[int] = field(default_factory=set)
    bases: dict[int, dict[str, Any]] = field(default_factory=dict)
    loans: dict[int, Row] = field(default_factory=dict)
    payments: dict[int, list[tuple[str, Decimal, date | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    quarantine: list[Refused] = field(default_factory=list)
    events: set[tuple[str, int]] = field(default_factory=set)
    gone: set[tuple[str, int]] = field(default_factory=set)
    limits: dict[int, list[tuple[date, Decimal]]] = field(default_factory=lambda: defaultdict(list))

    # What officers and files do

    def amend(self, user_id: int, **changed: Any) -> None:  # noqa: ANN401 -- any column
        """An officer amends a client; what stays as it is leaves no trace."""
        row = self.clients[user_id]
        if all(row.values[name] == value for name, value in changed.items()):
            return
        self.bases.setdefault(user_id, dict(row.values))
        self.amended.add(user_id)
        self.limits[user_id].append((date.max, row.values["credit_limit"]))
        row.values |= changed
        row.version += 1

    def load_clients(
        self,
        batch: int,
        texts: Sequence[Mapping[str, str]],
        day: date,
        *,
        full: bool,
        allowed: bool,
        waiting: Iterable[Mapping[str, str]],
    ) -> Done:
        """A file of clients; `waiting` are the lines of loans that are staged."""
        lines = self._read("clients", texts, client_faults)
        judge_repeats("clients", lines)
        if done := self._keep_refused("clients", batch, lines):
            return done
        gone = self._gone("clients", lines, full=full)
        named = {whole(line["user_id"]) for line in waiting} | {
            loan.values["user_id"] for loan in self.loans.values()
        }
        deleted = {key for key in gone if key not in self.amended and key not in named}
        if not allowed and len(deleted) * 100 > len(self.clients):
            return Done("refused")
        done = Done("accepted")
        for line in fresh(lines):
            self._merge(line, day, done)
        for key in [k for k, base in self.bases.items() if self.clients[k].values == base]:
            del self.bases[key]
        for key in deleted:
            del self.clients[key]
            done.audit["clients", "D", key] += 1
        self._note_gone("clients", lines, gone - deleted, deleted)
        self._finish("clients", batch, lines, done)
        return done

    def load_loans(
        self, batch: int, texts: Sequence[Mapping[str, str]], day: date, *, full: bool
    ) -> Done:
        """A file of loans."""
        lines = self._read("loans", texts, loan_faults)
        for line in lines:
            client = line.values.get("user_id")
            if client is not None and client not in self.clients:
                line.faults.append("loans_client_fkey")
                line.fate = "quarantined"
        judge_repeats("loans", lines)
        for line in lines:
            known, client = self.loans.get(line.values["loan_id"]), line.values["user_id"]
            if known and client is not None and known.values["user_id"] != client:
                line.faults.append("loans_user_id_immutable")
                line.fate = "quarantined"
        if done := self._keep_refused("loans", batch, lines):
            return done
        done = Done("accepted")
        before = self._exempt()
        for line in fresh(lines):
            self._write_loan(line, day)
        after = self._exempt()
        changed = {line.values["loan_id"]: line.fate for line in lines if line.fate in WRITTEN}
        for key, fate in changed.items():
            done.audit["loans", "I" if fate == "inserted" else "U", key] += 1
        for key in (before ^ after) - set(changed):
            self.loans[key].version += 1
            done.audit["loans", "U", key] += 1
        self._note_gone("loans", lines, self._gone("loans", lines, full=full), set())
        self._finish("loans", batch, lines, done)
        return done

    # What stands in the book

    def findings(self) -> set[tuple[str, int]]:
        """Rule and subject of all that is to be told."""
        exempt = {("loans_second_open", key) for key in self._exempt()}
        judged = {(rule, key) for key, row in self.loans.items() for rule in self._broken(row)}
        return judged | exempt | self.events | self.gone

    def exempt(self) -> set[int]:
        """Open loans beside an older one."""
        return self._exempt()

    # The steps

    def _read(
        self,
        kind: str,
        texts: Sequence[Mapping[str, str]],
        judge: Any,  # noqa: ANN401 -- one of the functions below
    ) -> list[Line]:
        lines = []
        for number, text in enumerate(texts, 2):
            values, faults = read(kind, text)
            broken = [f for f in judge(values) if f.replace("_missing", "_malformed") not in faults]
            line = Line(number, values, faults + broken)
            line.fate = "quarantined" if line.faults else ""
            lines.append(line)
        return lines

    def _keep_refused(self, kind: str, batch: int, lines: list[Line]) -> Done | None:
        """Keep what is refused; if it is too much the file is refused as a whole."""
        refused = [line for line in lines if line.fate == "quarantined"]
        self.quarantine += [
            Refused(kind, batch, line.number, line.values.get(KEYS[kind]), frozenset(line.faults))
            for line in refused
        ]
        too_many = len(refused) >= 20 and len(refused) * 20 > len(lines)
        return Done("refused") if too_many else None

    def _gone(self, kind: str, lines: list[Line], *, full: bool) -> set[int]:
        named = {line.values.get(KEYS[kind]) for line in lines}
        if not full or None in named:
            return set()
        rows = self.clients if kind == "clients" else self.loans
        return {key for key in rows if key not in named}

    def _note_gone(self, kind: str, lines: list[Line], gone: set[int], deleted: set[int]) -> None:
        rule = f"{kind}_gone"
        back = {line.values[KEYS[kind]] for line in lines if line.fate != "quarantined"}
        self.gone = {
            (r, key)
            for r, key in self.gone
            if r != rule or (key not in deleted and (key in gone or key not in back))
        } | {(rule, key) for key in gone}
        if kind == "clients":
            self.events = {
                (r, key)
                for r, key in self.events
                if r != "clients_amendment_overruled" or key not in deleted
            }

    def _merge(self, line: Line, day: date, done: Done) -> None:
        key, file = line.values["user_id"], line.values
        row = self.clients.get(key)
        if row is None:
            self.clients[key] = Row(dict(file))
            self.amended.discard(key)
            line.fate = "inserted"
            done.audit["clients", "I", key] += 1
            return
        base = self.bases.get(key)
        merged = dict(file)
        if base is not None:
            units = [DENIAL, *((name,) for name in file if name not in DENIAL)]
            for unit in units:
                was, here, says = ([rows[n] for n in unit] for rows in (base, row.values, file))
                if says == was:
                    merged |= dict(zip(unit, here, strict=True))
                elif here not in (was, says):
                    self.events.add(("clients_amendment_overruled", key))
            self.bases[key] = dict(file)
        if merged == row.values:
            line.fate = "unchanged"
            return
        self.limits[key].append((day, row.values["credit_limit"]))
        row.values = merged
        row.version += 1
        line.fate = "updated"
        done.audit["clients", "U", key] += 1

    def _write_loan(self, line: Line, day: date) -> None:
        key, file = line.values["loan_id"], line.values
        row = self.loans.get(key)
        if row is None:
            rate, implied = first_rate(file, self.clients[file["user_id"]].values["interest_rate"])
            self.loans[key] = Row(file | {"rate": rate, "implied": implied})
            if file["amount_paid"]:
                paid_on = file["paid_at"].date() if file["paid_at"] else None
                self.payments[key].append(("opening", file["amount_paid"], paid_on))
            line.fate = "inserted"
            return
        if all(row.values[name] == value for name, value in file.items()):
            line.fate = "unchanged"
            return
        more = file["amount_paid"] - row.values["amount_paid"]
        if more > 0:
            first_paid = file["paid_at"] and not row.values["paid_at"]
            when = file["paid_at"].date() if first_paid else day - timedelta(days=1)
            self.payments[key].append(("payment", more, when))
        elif more < 0:
            self.payments[key].append(("correction", more, day - timedelta(days=1)))
            self.events.add(("loans_amount_lowered", key))
        row.values |= file
        row.version += 1
        line.fate = "updated"

    def _exempt(self) -> set[int]:
        by_client = defaultdict(list)
        for key, row in self.loans.items():
            if row.values["status"] == "ongoing":
                by_client[row.values["user_id"]].append((row.values["created_at"], key))
        return {key for loans in by_client.values() for _, key in sorted(loans)[1:]}

    def _finish(self, kind: str, batch: int, lines: list[Line], done: Done) -> None:
        keys = {line.values[KEYS[kind]] for line in lines if line.fate in {*WRITTEN, "unchanged"}}
        for refused in self.quarantine:
            if refused.kind == kind and refused.batch != batch and refused.key in keys:
                refused.state = "superseded"
        for measure in ("lines", *MONEY) if kind == "loans" else ("lines",):
            total: Counter[str] = Counter()
            for line in lines:
                if measure in line.amounts():
                    total[line.fate] += line.amounts()[measure]  # type: ignore[assignment]
            done.totals[measure] = total

    def _broken(self, row: Row) -> Iterable[str]:
        loan, client = row.values, self.clients[row.values["user_id"]]
        days = (loan["due_at"].date() - loan["created_at"].date()).days
        rate = loan["rate"]
        if (
            loan["implied"]
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
        if client.version == 1:
            return current
        issued = loan["created_at"].date()
        known = self.limits[loan["user_id"]]
        later = ([was for day, was in known if day > issued + timedelta(days=d)] for d in (0, 1))
        return max((found[0] if found else current) for found in later)


WRITTEN = {"inserted", "updated"}


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
                line.faults.append(f"{kind}_contradicting_repeat")
                line.fate = "quarantined"
        else:
            for line in same[1:]:
                line.fate = "collapsed"


# Reading a line


def read(kind: str, text: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Its values, blank where they cannot be read, and what is wrong with those."""
    values: dict[str, Any] = {}
    faults = []
    for name, raw in text.items():
        value = value_of(name, raw)
        values[name] = value
        if raw and value is None:
            faults.append(f"{kind}_{name}_malformed")
    return values, faults


def value_of(name: str, raw: str) -> Any:  # noqa: ANN401 -- columns are of several kinds
    """What a field says; None if it is blank or cannot be read."""
    if name in WHOLES:
        return whole(raw)
    if name in AMOUNTS:
        return Decimal(raw) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", raw) else None
    if name in INSTANTS:
        return instant(raw)
    return raw or None


def whole(raw: str) -> int | None:
    """A whole number."""
    return int(raw) if re.fullmatch("-?[0-9]{1,18}", raw) else None


def instant(raw: str) -> datetime | None:
    """A time of the calendar."""
    try:
        return datetime.strptime(raw, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- wall time
    except ValueError:
        return None


# Rules of single lines


def client_faults(c: Mapping[str, Any]) -> list[str]:
    """What is wrong with a client."""
    found = [
        *missing("clients", c, "user_id", "created_at", "status", "batch", "credit_limit",
                 "interest_rate"),
        *out_of_range("clients", c, "created_at", "denied_at"),
        *amount_faults("clients", c, credit_limit="valid"),
    ]  # fmt: skip
    if c["user_id"] is not None and not 0 < c["user_id"] < FIRST_OF_OURS:
        found.append("clients_user_id_owner")
    if c["status"] not in {None, "approved", "denied"}:
        found.append("clients_status_known")
    if c["batch"] is not None and c["batch"] <= 0:
        found.append("clients_batch_positive")
    if c["interest_rate"] is not None and not 0 <= c["interest_rate"] <= 10_000:
        found.append("clients_interest_rate_valid")
    if c["status"] == "denied" and c["denied_at"] is None:
        found.append("clients_denial_dated")
    if c["status"] == "approved" and (c["denied_at"] or c["denied_reason"]):
        found.append("clients_approved_undenied")
    return found


def loan_faults(s: Mapping[str, Any]) -> list[str]:
    """What is wrong with a loan."""
    found = [
        *missing("loans", s, "loan_id", "user_id", "created_at", "due_at", "status", "loan_amount",
                 "tax", "due_amount", "amount_paid"),
        *out_of_range("loans", s, "created_at"),
        *amount_faults("loans", s, loan_amount="positive", tax="valid", due_amount="positive",
                       amount_paid="valid"),
    ]  # fmt: skip
    if s["loan_id"] is not None and not 0 < s["loan_id"] < FIRST_OF_OURS:
        found.append("loans_loan_id_owner")
    if s["due_at"] and s["created_at"] and s["due_at"] <= s["created_at"]:
        found.append("loans_due_after_created")
    if s["status"] not in {None, "ongoing", "paid", "default", "cancelled", "written_off"}:
        found.append("loans_status_known")
    if s["status"] == "paid" and s["paid_at"] is None:
        found.append("loans_paid_has_date")
    if s["status"] not in {None, "paid"} and s["paid_at"]:
        found.append("loans_unpaid_has_no_date")
    if s["paid_at"] and s["created_at"] and s["paid_at"] < s["created_at"]:
        found.append("loans_paid_not_before_created")
    return found


def missing(kind: str, values: Mapping[str, Any], *names: str) -> list[str]:
    """Required fields that are blank."""
    return [f"{kind}_{name}_missing" for name in names if values[name] is None]


def out_of_range(kind: str, values: Mapping[str, Any], *names: str) -> list[str]:
    """Times beyond the years in use."""
    return [
        f"{kind}_{name}_range"
        for name in names
        if values[name] is not None and not EARLIEST <= values[name] < LATEST
    ]


def amount_faults(kind: str, values: Mapping[str, Any], **rules: str) -> list[str]:
    """Amounts that no column may hold."""
    found = []
    for name, rule in rules.items():
        value = values[name]
        if value is None:
            continue
        if value < 0 or value >= TOO_MUCH or (rule == "positive" and value == 0):
            found.append(f"{kind}_{name}_{rule}")
        elif value != value.quantize(Decimal("0.01"), ROUND_HALF_EVEN):
            found.append(f"{kind}_{name}_two_decimals")
    return found


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
