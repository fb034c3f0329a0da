"""What the procedures refuse, by name and before any column could round it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from tests.cast import CLIENTS, NEXT, broken

from loanbook.errors import LoanbookError, NotFound, Refused, StaleVersion

if TYPE_CHECKING:
    from tests.desk import Desk
    from tests.houses import Rolled

    from loanbook.database.connection import Row

CLIENT = """
insert into dm.clients (user_id, created_at, status, batch, credit_limit, interest_rate, owner)
values (1, '2023-01-10', 'approved', 1, 500, 20, 'main')
"""
DENIED = """
insert into dm.clients
(user_id, created_at, status, batch, credit_limit, interest_rate, denied_at, owner)
values (2, '2023-01-10', 'denied', 1, 500, 20, '2024-01-01', 'main')
"""
REGISTER = """
select api.register_client(
    %(limit)s::numeric, %(rate)s::numeric, %(batch)s::integer, %(created_at)s::timestamp
)
"""
AMEND = """
select api.amend_client(
    %(key)s, %(reason)s, %(limit)s::numeric, %(rate)s::numeric, %(batch)s::integer, %(version)s
)
"""
UPSERT = """
select * from api.upsert_client(
    %(key)s, %(limit)s::numeric, %(rate)s::numeric, %(batch)s::integer, %(reason)s, %(version)s
)
"""
OPEN = """
select * from api.open_batch(
    %(source)s, %(kind)s, 'x.csv', %(digest)s, '2024-01-25', false, array['user_id', 'batch'],
    %(delimiter)s, null, %(again)s, %(retry)s
)
"""
DEFAULTS: dict[str, Any] = {
    "limit": None, "rate": None, "batch": None, "created_at": None, "key": 1, "reason": "a visit",
    "version": None, "source": "main", "kind": "clients", "digest": "0" * 64, "delimiter": ",",
    "again": False, "retry": False,
}  # fmt: skip
TERMS = {"limit": 500, "rate": 20, "batch": 1}


@pytest.fixture
def stocked(book: Rolled) -> Rolled:
    """An approved and a denied client of a file."""
    book.owner.run(CLIENT + ";" + DENIED)
    return book


def ask(book: Rolled, query: LiteralString, **values: object) -> Row:
    """What the application gets for a call."""
    row = book.app.row(query, **(DEFAULTS | values))
    assert row is not None
    return row


def refusal(book: Rolled, query: LiteralString, **values: object) -> Refused:
    """The refusal that the application gets for a call, which leaves nothing behind."""
    with pytest.raises(Refused) as refused, book.app.transaction():
        ask(book, query, **values)
    return refused.value


WRONG_TERMS = [
    ("limit", "100.005", "clients_credit_limit_two_decimals"),
    ("limit", "NaN", "clients_credit_limit_valid"),
    ("limit", "Infinity", "clients_credit_limit_valid"),
    ("limit", "-Infinity", "clients_credit_limit_valid"),
    ("limit", "1e12", "clients_credit_limit_valid"),
    ("limit", "999999999999.995", "clients_credit_limit_two_decimals"),
    ("limit", "-0.01", "clients_credit_limit_valid"),
    ("rate", "NaN", "clients_interest_rate_valid"),
    ("rate", "-1", "clients_interest_rate_valid"),
    ("rate", "10000.0001", "clients_interest_rate_valid"),
    ("rate", "20.00005", "clients_interest_rate_four_decimals"),
    ("batch", "0", "clients_batch_positive"),
    ("batch", "-7", "clients_batch_positive"),
]


@pytest.mark.parametrize(("term", "value", "rule"), WRONG_TERMS)
@pytest.mark.parametrize("query", [REGISTER, AMEND, UPSERT], ids=["register", "amend", "upsert"])
def test_wrong_terms_are_refused_by_name(
    stocked: Rolled, query: LiteralString, term: str, value: str, rule: str
) -> None:
    before = stocked.app.rows("select * from api.clients")
    assert refusal(stocked, query, **TERMS | {term: value}).rule == rule
    assert stocked.app.rows("select * from api.clients") == before


@pytest.mark.parametrize("term", TERMS)
def test_registering_needs_every_term(book: Rolled, term: str) -> None:
    names = {"limit": "credit_limit", "rate": "interest_rate", "batch": "batch"}
    refused = refusal(book, REGISTER, **TERMS | {term: None})
    assert refused.rule == f"clients_{names[term]}_missing"


@pytest.mark.parametrize("instant", ["infinity", "-infinity", "1899-12-31", "2200-01-01"])
def test_registering_needs_a_time_within_range(book: Rolled, instant: str) -> None:
    assert refusal(book, REGISTER, **TERMS, created_at=instant).rule == "clients_created_at_range"


def test_a_refusal_says_all_that_is_wrong(book: Rolled) -> None:
    refused = refusal(book, REGISTER, limit="-1", rate="NaN", batch=None)
    assert str(refused) == (
        "batch is missing. credit_limit must not be negative and must stay below 1000000000000."
        " interest_rate must lie between 0 and 10000 percent per year."
    )


def test_the_edges_of_terms_are_allowed(book: Rolled) -> None:
    for terms in (
        {"limit": "0", "rate": "0", "batch": 1},
        {"limit": "999999999999.99", "rate": "10000", "batch": 2147483647},
        {"limit": "100.10000", "rate": "20.50000", "batch": 1},
    ):
        ask(book, REGISTER, **terms)
    found = book.app.rows("select credit_limit, interest_rate from api.clients order by user_id")
    assert [tuple(row.values()) for row in found] == [
        (0, 0), (Decimal("999999999999.99"), 10_000), (Decimal("100.10"), Decimal("20.5")),
    ]  # fmt: skip


@pytest.mark.parametrize("reason", [None, "", " ", "\t\n"])
def test_an_amendment_needs_a_reason(stocked: Rolled, reason: str | None) -> None:
    assert refusal(stocked, AMEND, reason=reason, batch=2).rule == "amendment_has_reason"


@pytest.mark.parametrize("query", [AMEND, UPSERT], ids=["amend", "upsert"])
def test_who_is_not_there_cannot_be_amended(stocked: Rolled, query: LiteralString) -> None:
    refused = refusal(stocked, query, **TERMS | {"key": 77})
    assert isinstance(refused, NotFound)
    assert refused.rule == "client_exists"


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_version_than_the_one_seen_is_refused(stocked: Rolled, version: int) -> None:
    refused = refusal(stocked, AMEND, batch=2, version=version)
    assert isinstance(refused, StaleVersion)
    assert refused.rule == "clients_version_current"
    assert f"You saw version {version}, but version 1 stands" in str(refused)


def test_a_stale_amendment_is_told_who_changed_what(stocked: Rolled) -> None:
    ask(stocked, AMEND, batch=2, limit=600)
    refused = refusal(stocked, AMEND, batch=3, version=1)
    assert ": tester changed batch: 1 -> 2, credit_limit: 500.00 -> 600.00 at " in str(refused)


def test_an_amendment_that_changes_nothing_writes_nothing(stocked: Rolled) -> None:
    before = stocked.owner.value("select count(*) from audit.statements")
    assert ask(stocked, AMEND, batch=1, limit="500.000")["amend_client"] == 1
    assert ask(stocked, AMEND)["amend_client"] == 1
    assert stocked.owner.value("select count(*) from audit.statements") == before
    assert stocked.owner.value("select count(*) from stage.clients_base") == 0
    assert stocked.app.value("select amended_at from api.clients where user_id = 1") is None


def test_a_denied_client_s_terms_may_be_amended(stocked: Rolled) -> None:
    assert ask(stocked, AMEND, key=2, limit=700)["amend_client"] == 2
    found = stocked.app.row("select status, credit_limit from api.clients where user_id = 2")
    assert found == {"status": "denied", "credit_limit": 700}


def test_what_the_source_said_is_kept_at_the_first_amendment_only(stocked: Rolled) -> None:
    ask(stocked, AMEND, limit=600)
    ask(stocked, AMEND, limit=700)
    kept = stocked.owner.rows("select user_id, credit_limit from stage.clients_base")
    assert kept == [{"user_id": 1, "credit_limit": 500}]


def test_of_our_own_clients_no_source_said_anything(book: Rolled) -> None:
    key = ask(book, REGISTER, **TERMS)["register_client"]
    ask(book, AMEND, key=key, limit=600)
    assert book.owner.value("select count(*) from stage.clients_base") == 0


def test_an_upsert_says_what_it_did(stocked: Rolled) -> None:
    new = ask(stocked, UPSERT, **TERMS, key=None)
    assert (new["user_id"] >= 1_000_000_000, new["version"], new["action"]) == (
        True, 1, "registered",
    )  # fmt: skip
    assert ask(stocked, UPSERT, limit=600) == {"user_id": 1, "version": 2, "action": "amended"}
    assert ask(stocked, UPSERT, limit=600) == {"user_id": 1, "version": 2, "action": "unchanged"}


@pytest.mark.parametrize("actor", ["a\nb", "\x07", "x" * 101])
@pytest.mark.parametrize("query", [REGISTER, AMEND, OPEN], ids=["register", "amend", "open"])
def test_an_actor_that_is_no_name_is_refused(
    stocked: Rolled, query: LiteralString, actor: str
) -> None:
    stocked.app.value("select set_config('loanbook.actor', %(actor)s, true)", actor=actor)
    with pytest.raises(Refused) as refused:
        ask(stocked, query, **TERMS)
    assert refused.value.rule == "actor_is_a_name"


# Batches


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "Main"},
        {"source": ""},
        {"source": "x" * 41},
        {"kind": "payments"},
        {"digest": "abc"},
        {"digest": "0" * 63 + "G"},
        {"delimiter": ""},
        {"delimiter": ",,"},
        {"source": None},
        {"kind": None},
    ],
)
def test_a_batch_needs_a_source_a_kind_and_a_digest(book: Rolled, wrong: dict[str, Any]) -> None:
    with pytest.raises(LoanbookError), book.app.transaction():
        ask(book, OPEN, **wrong)
    assert book.app.rows("select from api.batches") == []


def test_a_batch_takes_lines_until_it_is_sealed_with_their_count(book: Rolled) -> None:
    batch = ask(book, OPEN)["batch_id"]
    table = f"stage.clients_{batch}"
    insert = f"insert into {table} (line_no, user_id, batch) values (2, 1, 1)"  # noqa: S608
    book.app.run(insert)
    seal: LiteralString = "select api.seal_batch(%(batch)s, %(lines)s)"
    assert refusal(book, seal, batch=batch, lines=2).rule == "stage_holds_every_line"
    ask(book, seal, batch=batch, lines=1)
    assert refusal(book, seal, batch=batch, lines=1).rule == "batch_is_being_staged"
    with pytest.raises(LoanbookError, match="permission denied"), book.app.transaction():
        book.app.run(insert)
    assert refusal(book, seal, batch=77, lines=0).rule == "batch_is_being_staged"


def test_only_a_sealed_batch_of_the_right_kind_can_be_loaded(book: Rolled) -> None:
    batch = ask(book, OPEN)["batch_id"]
    load: LiteralString = "select state from api.load_clients(%(batch)s)"
    assert refusal(book, load, batch=batch).rule == "batch_is_staged"
    ask(book, "select api.seal_batch(%(batch)s, 0)", batch=batch)
    for other in ("contacts", "loans"):
        query = f"select api.load_{other}(%(batch)s)"
        assert refusal(book, query, batch=batch).rule == "batch_has_this_kind"
    assert ask(book, load, batch=batch) == {"state": "accepted"}
    assert refusal(book, load, batch=batch).rule == "batch_is_staged"
    missing = refusal(book, load, batch=77)
    assert isinstance(missing, NotFound)
    assert missing.rule == "batch_exists"


def test_a_known_digest_is_named_and_opens_nothing(book: Rolled) -> None:
    batch = ask(book, OPEN)["batch_id"]
    ask(book, "select api.seal_batch(%(batch)s, 0)", batch=batch)
    assert ask(book, OPEN) == {"batch_id": None, "known_batch": batch}
    assert ask(book, OPEN, kind="loans")["known_batch"] is None
    assert ask(book, OPEN, source="second")["known_batch"] is None
    assert ask(book, OPEN, digest="1" * 64)["known_batch"] is None
    again = ask(book, OPEN, again=True)["batch_id"]
    assert again not in {batch, None}
    assert book.app.value("select state from api.batches where batch_id = %(b)s", b=batch) == (
        "refused"
    )


def test_the_text_of_a_refused_line_is_set_once(book: Rolled) -> None:
    batch = ask(book, OPEN)["batch_id"]
    book.app.run(
        f"insert into stage.clients_{batch} (line_no, set_aside, faults, user_id)"  # noqa: S608
        " values (2, 'quarantined', array['clients_batch_malformed'], 7)"
    )
    ask(book, "select api.seal_batch(%(batch)s, 1)", batch=batch)
    attach: LiteralString = "select api.attach_raw(%(batch)s, array[2, 3], array['7,x', 'no']) as n"
    assert book.app.value("select raw from api.quarantine") == "7,"
    assert ask(book, attach, batch=batch) == {"n": 1}
    assert book.app.value("select raw from api.quarantine") == "7,x"


def test_only_an_accepted_retry_closes_lines(book: Rolled) -> None:
    close: LiteralString = "select api.close_retried(array[1], %(batch)s) as n"
    batch = ask(book, OPEN, retry=True)["batch_id"]
    assert refusal(book, close, batch=batch).rule == "retry_is_accepted"
    plain = ask(book, OPEN, digest="1" * 64)["batch_id"]
    for number in (batch, plain):
        ask(book, "select api.seal_batch(%(batch)s, 0)", batch=number)
        ask(book, "select api.load_clients(%(batch)s)", batch=number)
    assert ask(book, close, batch=batch) == {"n": 0}
    assert refusal(book, close, batch=plain).rule == "retry_is_accepted"


# The book's day and its findings


def test_the_book_never_goes_back(book: Rolled) -> None:
    advance: LiteralString = "select api.advance_book(%(day)s::date)"
    for day in ("2024-01-25", "2024-01-25", "2024-01-26"):
        ask(book, advance, day=day)
    assert refusal(book, advance, day="2024-01-25").rule == "book_never_goes_back"
    earlier: LiteralString = "select api.refuse_earlier_day(%(day)s::date)"
    assert refusal(book, earlier, day="2024-01-25").rule == "book_never_goes_back"
    ask(book, earlier, day="2024-01-26")
    assert str(book.app.value("select business_date from api.book")) == "2024-01-26"


def test_a_finding_is_accepted_with_a_reason(book: Rolled) -> None:
    accept: LiteralString = "select api.accept_finding(%(finding)s, %(reason)s)"
    book.owner.run(
        "insert into ops.findings (rule, subject, subject_id, detail, state, closed_at)"
        " values ('clients_gone', 'client', 1, '', 'open', null),"
        " ('clients_gone', 'client', 2, '', 'closed', now())"
    )
    numbers = book.app.rows("select finding_id from api.findings order by finding_id")
    one, other = [row["finding_id"] for row in numbers]
    for reason in (None, "", "  "):
        assert refusal(book, accept, finding=one, reason=reason).rule == "acceptance_has_reason"
    for finding in (other, 10**9):
        refused = refusal(book, accept, finding=finding, reason="x")
        assert isinstance(refused, NotFound)
        assert refused.rule == "finding_is_open"
    ask(book, accept, finding=one, reason="agreed")
    found = book.app.row("select state, accepted_by, reason from api.findings where subject_id = 1")
    assert found == {"state": "accepted", "accepted_by": "tester", "reason": "agreed"}


def test_a_refused_line_is_dismissed_with_a_reason(desk: Desk) -> None:
    desk.load(clients=[broken(CLIENTS[0], batch="x"), broken(CLIENTS[1], batch="y")])
    dismiss: LiteralString = "select api.dismiss_quarantined(%(line)s, %(reason)s)"
    for line, reason, rule in (
        (1, " ", "dismissal_has_reason"),
        (99, "x", "quarantined_line_is_open"),
    ):
        with pytest.raises(Refused) as refused:
            desk.app.rows(dismiss, line=line, reason=reason)
        assert refused.value.rule == rule
    with desk.app.transaction():
        desk.app.rows(dismiss, line=1, reason="a test line")
    with pytest.raises(NotFound):
        desk.app.rows(dismiss, line=1, reason="once more")
    found = desk.app.rows(
        "select state, dismissed_by, dismissal from api.quarantine order by quarantine_id"
    )
    assert found == [
        {"state": "dismissed", "dismissed_by": "tester", "dismissal": "a test line"},
        {"state": "open", "dismissed_by": None, "dismissal": None},
    ]
    # A later file that brings its key leaves it as the person left it.
    desk.load(clients=CLIENTS, day=NEXT)
    states = desk.app.rows("select state from api.quarantine order by quarantine_id")
    assert [row["state"] for row in states] == ["dismissed", "superseded"]
    assert desk.ailments() == []


def test_an_unknown_check_is_no_way_to_other_views(book: Rolled) -> None:
    run: LiteralString = "select * from api.run_check(%(name)s)"
    for name in ("nothing", "x; drop view api.clients", '"', ""):
        refused = refusal(book, run, name=name)
        assert isinstance(refused, NotFound)


# The arithmetic of a contract


@pytest.mark.parametrize(
    ("amount", "rate", "days", "due"),
    [
        ("1000", "20", 90, "1061.18"),
        ("250", "20", 90, "265.30"),  # 265.295: half a cent up
        ("100000", "90", 90, "123618.00"),
        ("0.01", "20", 90, "0.01"),
        ("1000", "0", 1, "1003.88"),
    ],
)
def test_a_contract_explains_its_amount_within_a_cent(
    book: Rolled, amount: str, rate: str, days: int, due: str
) -> None:
    explains: LiteralString = "select dm.rate_explains(%(a)s, %(r)s, %(d)s, %(due)s) as it"
    for cents, told in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        exact = Decimal(due) + Decimal(cents) / 100
        found = book.owner.value(explains, a=Decimal(amount), r=Decimal(rate), d=days, due=exact)
        assert found is told, exact
    told_due = book.owner.value(
        "select round(dm.contract_due(%(a)s, %(r)s, %(d)s), 2)",
        a=Decimal(amount), r=Decimal(rate), d=days,
    )  # fmt: skip
    assert told_due == Decimal(due)


@pytest.mark.parametrize(("amount", "tax"), [("1000", "11.18"), ("250", "2.80"), ("0.01", "0")])
def test_the_tax_fits_within_a_cent(book: Rolled, amount: str, tax: str) -> None:
    fits: LiteralString = "select dm.tax_fits(%(amount)s, 90, %(tax)s)"
    for cents, told in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        exact = Decimal(tax) + Decimal(cents) / 100
        assert book.owner.value(fits, amount=Decimal(amount), tax=exact) is told
