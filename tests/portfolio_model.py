"""Every question in plain Python: worked out row by row, the slow way, from dictionaries.

Shares nothing with the SQL but the definitions; amounts are Decimal, rates are floats.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = dict[str, Any]
ZERO = Decimal(0)
GONE = ("default", "written_off")


@dataclass
class Book:
    """The rows of a small book, as schema report has them."""

    clients: list[Row] = field(default_factory=list)
    loans: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)


@dataclass
class Loan:
    """A loan as it stood on the day asked."""

    user_id: int
    batch: int
    limit: Decimal
    issued: date
    due: date
    paid: date | None
    status: str
    rate: Decimal | None
    amount: Decimal
    tax: Decimal
    due_amount: Decimal
    received: Decimal
    money: list[tuple[date | None, Decimal]]
    past_due: int

    @property
    def balance(self) -> Decimal:
        """What is owed."""
        return self.due_amount - self.received

    @property
    def net(self) -> Decimal:
        """What it earned after tax."""
        return self.received - self.amount - self.tax

    @property
    def lost(self) -> Decimal:
        """Principal that did not come back."""
        return max(self.amount - self.received, ZERO) if self.status in GONE else ZERO


class Model:
    """Answers for one day.

    Attributes:
        loans: as they stood.
        clients: that were known, with whether they were approved.
    """

    def __init__(self, book: Book, as_of: date) -> None:
        self.as_of = as_of
        self.book = book
        midnight = datetime.combine(as_of, datetime.min.time())
        self.batches = {c["user_id"]: c for c in book.clients}
        self.clients = [
            (c["user_id"], c["batch"], c["status"] != "denied" or c["denied_at"] >= midnight)
            for c in book.clients
            if c["created_at"] < midnight
        ]
        self.loans = [
            self._standing(loan, book)
            for loan in book.loans
            if loan["created_at"] < midnight and loan["status"] != "cancelled"
        ]

    def _standing(self, loan: Row, book: Book) -> Loan:
        due, client = loan["due_at"].date(), self.batches[loan["user_id"]]
        paid = loan["paid_at"].date() if loan["paid_at"] else None
        money = [
            (p["effective_on"], p["amount"])
            for p in book.payments
            if p["loan_id"] == loan["loan_id"]
            and (p["effective_on"] is None or p["effective_on"] < self.as_of)
        ]
        status = "ongoing"
        if loan["status"] == "paid" and paid is not None and paid < self.as_of:
            status = "paid"
        elif loan["status"] in GONE and due < self.as_of:
            status = loan["status"]
        return Loan(
            user_id=loan["user_id"],
            batch=client["batch"],
            limit=client["credit_limit"],
            issued=loan["created_at"].date(),
            due=due,
            paid=paid if status == "paid" else None,
            status=status,
            rate=loan["interest_rate"],
            amount=loan["loan_amount"],
            tax=loan["tax"],
            due_amount=loan["due_amount"],
            received=sum((amount for _, amount in money), ZERO),
            money=money,
            past_due=(self.as_of - due).days,
        )

    def answer(self, name: str) -> list[Row]:
        """The rows of a question."""
        made: Callable[[], list[Row]] = getattr(self, name)
        return made()

    def is_over(self, month: date) -> bool:
        """Whether a month had ended on the day asked."""
        return following(month) <= self.as_of

    def issuance_by_month(self) -> list[Row]:
        """Loans by month of issue."""
        rows = []
        for month in calendar(first(one.issued) for one in self.loans):
            mine = [one for one in self.loans if first(one.issued) == month]
            row: Row = {"month": month, "loans": len(mine), "principal": total(mine)}
            row["mean_loan_amount"] = rate(total(mine), len(mine))
            for word, statuses in {
                "paid": ("paid",),
                "default": GONE,
                "ongoing": ("ongoing",),
            }.items():
                some = [one for one in mine if one.status in statuses]
                row |= {f"{word}_loans": len(some), f"{word}_principal": total(some)}
            rows.append(row | {"is_open": not self.is_over(month)})
        for measure in ("loans", "principal"):
            for place, row in enumerate(sorted(rows, key=lambda r: (-r[measure], r["month"])), 1):
                row[f"rank_by_{measure}"] = place
        return rows

    def adherence_by_batch(self) -> list[Row]:
        """Borrowers by batch."""
        loans_of: dict[int, int] = defaultdict(int)
        for one in self.loans:
            loans_of[one.user_id] += 1
        rows = []
        for batch in sorted({batch for _, batch, _ in self.clients}):
            mine = [(user, ok) for user, b, ok in self.clients if b == batch]
            good = [user for user, ok in mine if ok]
            took = [user for user, _ in mine if loans_of[user]]
            fine = [user for user in good if loans_of[user]]
            rows.append({
                "batch": batch, "clients": len(mine), "approved_clients": len(good),
                "borrowers": len(took), "approved_borrowers": len(fine),
                "adherence": rate(len(took), len(mine)),
                "adherence_of_approved": rate(len(fine), len(good)),
                "borrowers_to_approved": rate(len(took), len(good)),
                "repeat_borrowers": sum(loans_of[user] > 1 for user, _ in mine),
                "loans": sum(loans_of[user] for user, _ in mine),
            })  # fmt: skip
        for place, row in enumerate(sorted(rows, key=lambda r: (-r["adherence"], r["batch"])), 1):
            row["rank"] = place
        return rows

    def default_by_interest_rate(self) -> list[Row]:
        """Defaults by rate."""
        rates = sorted({one.rate for one in self.loans}, key=lambda r: (r is None, r or ZERO))
        rows = []
        for value in rates:
            mine = [one for one in self.loans if one.rate == value]
            gone = [one for one in mine if one.status in GONE]
            row: Row = {"interest_rate": value} | defaults(mine)
            row["paid_loans"] = sum(one.status == "paid" for one in mine)
            rows.append(row | {"default_principal": total(gone)})
        return rows

    def default_by_month_and_batch(self) -> list[Row]:
        """Defaults by month of issue and batch."""
        batches = sorted({one.batch for one in self.loans})
        return [
            {"month": month, "batch": batch}
            | defaults([o for o in self.loans if first(o.issued) == month and o.batch == batch])
            for month in calendar(first(one.issued) for one in self.loans)
            for batch in batches
        ]

    def client_ranking(self) -> list[Row]:
        """The best and the worst."""
        closed = [one for one in self.loans if one.status != "ongoing"]
        gain, lent = sum(float(one.net) for one in closed), float(total(closed))
        per_day = gain / (90 * lent) if gain > 0 else 0.0
        rows: list[Row] = []
        for user in sorted({one.user_id for one in closed}):
            mine = [one for one in closed if one.user_id == user]
            days = [(one.paid - one.issued).days for one in mine if one.paid]
            early = per_day * sum(
                float(one.amount) * max((one.due - one.paid).days, 0) for one in mine if one.paid
            )
            net = sum((one.net for one in mine), ZERO)
            rows.append({
                "user_id": user, "score": float(net) + early, "net_gain": net,
                "early_value": early, "closed_loans": len(mine), "paid_loans": len(days),
                "default_loans": len(mine) - len(days), "principal": total(mine),
                "amount_paid": sum((one.received for one in mine), ZERO),
                "lost_principal": sum((one.lost for one in mine), ZERO),
                "mean_days_to_pay": rate(sum(days), len(days)),
                "net_yield": rate(net, total(mine)),
            })  # fmt: skip
        best = sorted(rows, key=lambda r: (-round(r["score"], 6), r["user_id"]))[:10]
        worst = sorted(rows, key=lambda r: (round(r["score"], 6), r["user_id"]))[:10]
        return [
            {"list": word, "place": place, **row, "ranked_clients": len(rows)}
            for word, chosen in (("best", best), ("worst", worst))
            for place, row in enumerate(chosen, 1)
        ]

    def profitability_timeline(self) -> list[Row]:
        """Gains of the closed book."""
        closed = [one for one in self.loans if one.status != "ongoing"]
        rows = []
        for basis in ("issue", "cash"):
            under = self.loans if basis == "issue" else closed
            running = ZERO
            for month in calendar(counted_in(one, basis) for one in under):
                mine = [one for one in closed if counted_in(one, basis) == month]
                still = [
                    one for one in under if one.status == "ongoing" and first(one.issued) == month
                ]
                received = sum((one.received for one in mine), ZERO)
                lent, tax = total(mine), sum((one.tax for one in mine), ZERO)
                running += received - lent - tax
                rows.append({
                    "basis": basis, "month": month, "closed_loans": len(mine),
                    "default_loans": sum(one.status in GONE for one in mine),
                    "principal": lent, "amount_paid": received,
                    "lost_principal": sum((one.lost for one in mine), ZERO),
                    "gross_gain": received - lent, "tax": tax, "net_gain": received - lent - tax,
                    "cumulative_net_gain": running, "gross_yield": rate(received - lent, lent),
                    "net_yield": rate(received - lent - tax, lent),
                    "net_yield_per_year": rate(400 * (received - lent - tax), lent),
                    "open_loans": len(still), "is_open": bool(still) or not self.is_over(month),
                })  # fmt: skip
        return rows

    def portfolio_at_risk(self) -> list[Row]:
        """Arrears by age."""
        owed = [o for o in self.loans if o.status in {"ongoing", "default"} and o.balance > 0]
        whole = sum((one.balance for one in owed), ZERO)
        rows = []
        for words, par, low, high in (
            ("not past due", None, None, 0),
            ("1 to 30 days", "PAR 1", 1, 30),
            ("31 to 60 days", "PAR 30", 31, 60),
            ("61 to 90 days", "PAR 60", 61, 90),
            ("over 90 days", "PAR 90", 91, None),
        ):
            older = [one for one in owed if low is None or one.past_due >= low]
            mine = [one for one in older if high is None or one.past_due <= high]
            balance = sum((one.balance for one in mine), ZERO)
            risk = sum((one.balance for one in older), ZERO) if par else None
            open_ones = sum(one.status == "ongoing" for one in mine)
            rows.append({
                "arrears": words, "days_from": low or 0, "days_to": high, "loans": len(mine),
                "ongoing_loans": open_ones, "default_loans": len(mine) - open_ones,
                "principal": total(mine), "balance": balance,
                "balance_share": rate(balance, whole), "total_balance": whole, "par": par,
                "at_risk_balance": risk,
                "at_risk_share": None if risk is None else rate(risk, whole),
            })  # fmt: skip
        return rows

    def seasons(self) -> list[Row]:
        """Each month of issue by age."""
        rows = []
        for month in sorted({first(one.issued) for one in self.loans}):
            mine = [one for one in self.loans if first(one.issued) == month]
            for age in range(10, 101, 10):
                seen = [one for one in mine if one.issued + timedelta(age) < self.as_of]
                back = [o for o in seen if o.paid and (o.paid - o.issued).days <= age]
                gone = [o for o in seen if o.status in GONE and (o.due - o.issued).days < age]
                if seen:
                    rows.append({
                        "month": month, "age_days": age, "loans": len(mine),
                        "observed_loans": len(seen), "repaid_loans": len(back),
                        "default_loans": len(gone), "repaid_share": rate(len(back), len(seen)),
                        "default_rate": rate(len(gone), len(seen)),
                        "is_open": len(seen) < len(mine),
                    })  # fmt: skip
        return rows

    def collections_by_month(self) -> list[Row]:
        """Cash against due."""
        cash: dict[date | None, Decimal] = defaultdict(Decimal)
        for one in self.loans:
            for day, amount in one.money:
                cash[day and first(day)] += amount
        fallen = [one for one in self.loans if one.past_due > 0]
        rows: list[Row] = []
        received, asked = ZERO, ZERO
        for month in calendar({*(m for m in cash if m), *(first(one.due) for one in fallen)}):
            mine = [one for one in fallen if first(one.due) == month]
            due = sum((one.due_amount for one in mine), ZERO)
            got = sum((one.received for one in mine), ZERO)
            received, asked = received + cash[month], asked + due
            rows.append({
                "month": month, "amount_received": cash[month], "due_loans": len(mine),
                "due_amount": due, "collected_amount": got, "collection_rate": rate(got, due),
                "cumulative_received": received, "cumulative_due": asked,
                "is_undated": False, "is_open": not self.is_over(month),
            })  # fmt: skip
        if None in cash:
            rows.append({
                "month": None, "amount_received": cash[None], "due_loans": 0, "due_amount": ZERO,
                "collected_amount": ZERO, "collection_rate": None, "cumulative_received": None,
                "cumulative_due": None, "is_undated": True, "is_open": False,
            })  # fmt: skip
        return rows

    def concentration(self) -> list[Row]:
        """Exposure by tops and deciles."""
        owed: dict[int, list[Loan]] = defaultdict(list)
        for one in self.loans:
            if one.status == "ongoing" and one.balance > 0:
                owed[one.user_id].append(one)
        exposure = {user: sum((o.balance for o in mine), ZERO) for user, mine in owed.items()}
        ordered = sorted(owed, key=lambda user: (-exposure[user], user))
        whole, small, more = sum(exposure.values(), ZERO), *divmod(len(ordered), 10)
        groups = [("top", 10, ordered[:10]), ("top", 100, ordered[:100])]
        begin = 0
        for number in range(1, 11):
            end = begin + small + (number <= more)
            groups.append(("decile", number, ordered[begin:end]))
            begin = end
        rows, running = [], ZERO
        for kind, size, users in groups:
            if not users:
                continue
            sums = [exposure[user] for user in users]
            running += sum(sums) if kind == "decile" else 0
            lent = total(one for user in users for one in owed[user])
            limits = sum((owed[user][0].limit for user in users), ZERO)
            rows.append({
                "segment": f"{kind} {size}", "kind": kind, "clients": len(users),
                "exposure": sum(sums), "smallest_exposure": min(sums),
                "largest_exposure": max(sums), "exposure_share": rate(sum(sums), whole),
                "cumulative_share": rate(running if kind == "decile" else sum(sums), whole),
                "total_exposure": whole, "principal": lent, "credit_limit": limits,
                "limit_use": rate(lent, limits),
            })  # fmt: skip
        return rows

    def book_at_a_glance(self) -> list[Row]:
        """The whole book."""
        loans = self.loans
        closed = [one for one in loans if one.status != "ongoing"]
        gone = [one for one in loans if one.status in GONE]
        still = [one for one in loans if one.status == "ongoing"]
        owed = [o for o in loans if o.status in {"ongoing", "default"} and o.balance > 0]
        risk = sum((one.balance for one in owed if one.past_due > 30), ZERO)
        balance = sum((one.balance for one in owed), ZERO)
        lent, received = total(closed), sum((one.received for one in closed), ZERO)
        tax = sum((one.tax for one in closed), ZERO)
        return [{
            "as_of": self.as_of, "clients": len(self.clients),
            "approved_clients": sum(ok for *_, ok in self.clients),
            "borrowers": len({one.user_id for one in loans}), "loans": len(loans),
            "matured_loans": len(closed), "paid_loans": len(closed) - len(gone),
            "default_loans": len(gone), "ongoing_loans": len(still),
            "first_issued_on": min((one.issued for one in loans), default=None),
            "last_issued_on": max((one.issued for one in loans), default=None),
            "principal": total(loans), "default_principal": total(gone),
            "ongoing_principal": total(still), "default_rate": rate(len(gone), len(loans)),
            "matured_default_rate": rate(len(gone), len(closed)), "closed_principal": lent,
            "closed_amount_paid": received, "gross_gain": received - lent, "tax": tax,
            "net_gain": received - lent - tax, "gross_yield": rate(received - lent, lent),
            "net_yield": rate(received - lent - tax, lent), "owed_balance": balance,
            "at_risk_balance": risk, "par_30": rate(risk, balance),
        }]  # fmt: skip

    def roll_rates(self) -> list[Row]:
        """What became within a month of the loans that were owed."""
        before = Model(self.book, month_before(self.as_of))
        moves: defaultdict[tuple[Age, Age], list[tuple[Decimal, Decimal]]] = defaultdict(list)
        for loan in self.book.loans:
            then, now = before._standing(loan, self.book), self._standing(loan, self.book)
            if (
                then.issued < before.as_of
                and loan["status"] != "cancelled"
                and then.status not in {"paid", "written_off"}
                and then.balance > 0
            ):
                became, left = outcome(now)
                moves[age(then.past_due), became].append((then.balance, left))
        whole: defaultdict[Age, int] = defaultdict(int)
        for (was, _), loans in moves.items():
            whole[was] += len(loans)
        last = 10**9  # where what has no age comes
        ordered = sorted(moves.items(), key=lambda move: (
            move[0][0][0], last if move[0][1][0] is None else move[0][1][0], move[0][1][1]
        ))  # fmt: skip
        return [
            {
                "day_before": before.as_of,
                "arrears_before": was[1],
                "days_before": was[0],
                "became": became[1],
                "days_after": became[0],
                "loans": len(loans),
                "loans_before": whole[was],
                "roll_rate": rate(len(loans), whole[was]),
                "balance_before": sum((then for then, _ in loans), ZERO),
                "balance_after": sum((left for _, left in loans), ZERO),
            }
            for (was, became), loans in ordered
        ]


Age = tuple[int | None, str]  # first day past due, and how it is called
AGES: tuple[tuple[int, str], ...] = (
    (91, "over 90 days"),
    (61, "61 to 90 days"),
    (31, "31 to 60 days"),
    (1, "1 to 30 days"),
)


def age(past_due: int) -> Age:
    """How late a loan is."""
    return next((one for one in AGES if past_due >= one[0]), (0, "not past due"))


def outcome(now: Loan) -> tuple[Age, Decimal]:
    """What a loan has become, and what is left of it."""
    if now.status == "written_off":
        return (None, "written off"), ZERO
    if now.status == "paid" or now.balance <= 0:
        return (None, "paid"), ZERO
    return age(now.past_due), now.balance


def month_before(day: date) -> date:
    """The same day of the month before, or its last."""
    last = first(day) - timedelta(1)
    return last.replace(day=min(day.day, last.day))


def defaults(mine: list[Loan]) -> Row:
    """What the questions about defaults say of some loans."""
    closed = sum(one.status != "ongoing" for one in mine)
    gone = sum(one.status in GONE for one in mine)
    return {
        "loans": len(mine), "matured_loans": closed, "default_loans": gone,
        "ongoing_loans": len(mine) - closed, "default_rate": rate(gone, len(mine)),
        "matured_default_rate": rate(gone, closed), "principal": total(mine),
        "is_open": closed < len(mine),
    }  # fmt: skip


def total(loans: Iterable[Loan]) -> Decimal:
    """Principal lent."""
    return sum((one.amount for one in loans), ZERO)


def rate(part: Decimal | int, whole: Decimal | int) -> float | None:
    """A quotient; None of nothing."""
    return float(part) / float(whole) if whole else None


def first(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def following(month: date) -> date:
    """The month after."""
    return first(month + timedelta(31))


def counted_in(one: Loan, basis: str) -> date:
    """The month in which a loan counts."""
    return first(one.issued if basis == "issue" else one.paid or one.due)


def calendar(months: Iterable[date]) -> list[date]:
    """All months from the first to the last."""
    known = set(months)
    found = [min(known)] if known else []
    while found and found[-1] < max(known):
        found.append(following(found[-1]))
    return found
