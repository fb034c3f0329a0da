"""A desk: a book of its own, a workspace, and all that takes files in, in one call."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cast import DAY, Line, csv_text

from loanbook.runs import steps
from loanbook.settings import Runs, Settings, Source
from loanbook.staging.batches import Request, Staged, stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from tests.houses import Houses

    from loanbook.database.connection import Database, Row
    from loanbook.mart import Promoted

FATES = ("inserted", "updated", "unchanged", "collapsed", "quarantined")
CHECKS = (
    "batch_identities",
    "due_is_created_plus_term",
    "every_broken_rule_has_a_finding",
    "every_row_is_audited",
    "letters_follow_events",
    "letters_once_a_day",
    "loans_stand_under_their_product",
    "no_orphans",
    "one_own_open_loan",
    "one_regular_open_loan",
    "own_contracts_follow_terms",
    "own_loans_follow_movements",
    "payments_match_amount_paid",
    "products_do_not_overlap",
    "quarantine_is_counted",
    "steps_told_once",
    "told_steps_have_letters",
    "versions_match_history",
)


@dataclass(frozen=True)
class Loaded:
    """What became of some files."""

    staged: list[Staged]
    promoted: list[Promoted]

    def batch(self, kind: str) -> Promoted:
        """The only batch of a kind."""
        (found,) = (done for done in self.promoted if done.kind == kind)
        return found

    def fates(self, kind: str, measure: str = "lines") -> dict[str, Decimal]:
        """What became of the lines (or of a sum), without what is nothing."""
        (total,) = (t for t in self.batch(kind).totals if t.measure == measure)
        found = {fate: getattr(total, fate) for fate in FATES}
        assert sum(found.values()) == total.in_file
        return {fate: amount for fate, amount in found.items() if amount}

    @property
    def outcomes(self) -> dict[str, str]:
        """What became of each file: of its batch, or already when it was to be staged."""
        found = {one.file: one.outcome for one in self.staged}
        return found | {done.file: done.outcome for done in self.promoted}


class Desk:
    """A book and a workspace.

    Attributes:
        owner: the book as its owner.
        app: the book as the application.
        settings: the workspace.
        name: name of the database.
    """

    def __init__(self, owner: Database, app: Database, home: Path, name: str) -> None:
        self.owner = owner
        self.app = app
        self.settings = Settings(home=home, runs=Runs(report=False))  # pictures take 8 s
        self.name = name

    @classmethod
    @contextmanager
    def at(cls, houses: Houses, name: str, home: Path) -> Iterator[Desk]:
        """A desk at a database."""
        home.mkdir(parents=True)
        with ExitStack() as stack:
            yield cls(
                stack.enter_context(houses.owner(name)),
                stack.enter_context(houses.app(name)),
                home,
                name,
            )

    def write(self, name: str, content: str | bytes, day: date = DAY) -> Path:
        """A file in the folder of a day."""
        path = self.settings.input_data / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def stage(
        self,
        *paths: Path,
        day: date = DAY,
        source: str | Source = "main",
        full: bool = False,
        again: bool = False,
        retry: bool = False,
    ) -> list[Staged]:
        """Stage files."""
        deliverer = source if isinstance(source, Source) else Source(source)
        request = Request(day, deliverer, full=full, again=again, is_retry=retry)
        return stage(self.app, self.settings, paths, request)

    def promote(self, *, allow_deletions: bool = False) -> list[Promoted]:
        """Move what is staged into the mart, refused lines with their text from the archive."""
        return steps.promote(self.app, self.settings, allow_deletions=allow_deletions)

    def load(
        self,
        *paths: Path,
        clients: Iterable[Line] | None = None,
        contacts: Iterable[Line] | None = None,
        loans: Iterable[Line] | None = None,
        day: date = DAY,
        source: str | Source = "main",
        full: bool = False,
        again: bool = False,
        retry: bool = False,
        allow_deletions: bool = False,
    ) -> Loaded:
        """Write, stage and promote: files, or what stands in clients.csv, loans.csv, …."""
        given = {"clients": clients, "contacts": contacts, "loans": loans}
        written = [
            self.write(f"{kind}.csv", csv_text(kind, lines), day)
            for kind, lines in given.items()
            if lines is not None
        ]
        staged = self.stage(
            *paths, *written, day=day, source=source, full=full, again=again, retry=retry
        )
        return Loaded(staged, self.promote(allow_deletions=allow_deletions))

    def refused_lines(self, kind: str) -> dict[int, list[str]]:
        """Line number and rules of all open lines in quarantine, of one kind of file."""
        found = self.app.rows(
            "select line_no, rules from api.quarantine where kind = %(kind)s and state = 'open'"
            " order by batch_id, line_no",
            kind=kind,
        )
        return {row["line_no"]: row["rules"] for row in found}

    def findings(self, *states: str) -> set[tuple[str, int]]:
        """Rule and subject of all findings that are open, or in one of these states."""
        found = self.app.rows(
            "select rule, subject_id from api.findings where state = any(%(states)s)",
            states=list(states or ("open",)),
        )
        return {(row["rule"], row["subject_id"]) for row in found}

    def client(self, user_id: int) -> Row:
        """A client of the mart."""
        found = self.app.row("select * from api.clients where user_id = %(key)s", key=user_id)
        assert found is not None
        return found

    def contact(self, user_id: int) -> Row:
        """A contact of the mart."""
        found = self.app.row("select * from api.contacts where user_id = %(key)s", key=user_id)
        assert found is not None
        return found

    def loan(self, loan_id: int) -> Row:
        """A loan of the mart."""
        found = self.app.row("select * from api.loans where loan_id = %(key)s", key=loan_id)
        assert found is not None
        return found

    def keys(self, table: str) -> set[int]:
        """All keys of clients, contacts or loans."""
        queries = {
            "clients": "select user_id from api.clients",
            "contacts": "select user_id from api.contacts",
            "loans": "select loan_id from api.loans",
        }
        return {next(iter(row.values())) for row in self.app.rows(queries[table])}

    def payments(self, loan_id: int) -> list[tuple[str, Decimal, date | None]]:
        """Kind, amount and effective date of a loan's payments, in order."""
        found = self.app.rows(
            "select kind, amount, effective_on from api.payments where loan_id = %(key)s"
            " order by payment_id",
            key=loan_id,
        )
        return [(row["kind"], row["amount"], row["effective_on"]) for row in found]

    def changes(self, batch_id: int) -> list[tuple[str, str, int]]:
        """What a batch did by the audit: relation, operation and key, in order."""
        found = self.owner.rows(
            "select t.relation, h.operation, h.key from audit.statements as t"
            " inner join audit.changes as h on h.statement_id = t.statement_id"
            " where t.batch_id = %(batch)s order by h.statement_id, h.key",
            batch=batch_id,
        )
        return [(row["relation"], row["operation"], row["key"]) for row in found]

    def ailments(self) -> list[Row]:
        """What the checks find; a healthy book has none."""
        return ailments(self.app)


def ailments(book: Database) -> list[Row]:
    """What the checks of a book find, each with the name of its check."""
    found: list[Row] = []
    for check in CHECKS:
        rows = book.rows(f"select * from api.check_{check}")  # noqa: S608 -- names of our own
        found += [{"check": check, **row} for row in rows]
    return found
