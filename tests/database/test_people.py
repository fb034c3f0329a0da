"""Clients denied and reinstated, contacts registered and amended: what the procedures refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from loanbook.errors import NotFound, Refused, StaleVersion

if TYPE_CHECKING:
    from tests.houses import Rolled

    from loanbook.database.connection import Row

STOCK = """
insert into dm.clients
(user_id, created_at, status, batch, credit_limit, interest_rate, denied_reason, denied_at, owner)
values
(1, '2023-01-10 08:00', 'approved', 1, 500, 20, null, null, 'main'),
(2, '2023-01-10', 'denied', 1, 500, 20, 'defaulter', '2024-01-01', 'main'),
(3, '2023-01-10', 'approved', 2, 500, 20, null, null, 'main');
insert into dm.contacts (user_id, name, email, tax_id, phone, owner)
values (1, 'Ana Alves', 'ana@example.com', '390.533.447-05', '(11) 98765-4321', 'main'),
(2, 'Bruno Braga', 'bruno@example.com', null, null, 'main');
update ops.book set business_date = '2024-01-25';
"""
LOAN = """
insert into dm.loans (loan_id, user_id, created_at, due_at, status, loan_amount, tax, due_amount,
    amount_paid, interest_rate, owner)
values (4, %(client)s, %(issued)s::timestamp, %(issued)s::timestamp + interval '90 days',
    %(status)s, 700, 7.83, 742.83, %(paid)s, 20, 'main')
returning loan_id
"""
DENY = "select api.deny_client(%(key)s, %(code)s, %(on)s, %(reason)s, %(version)s)"
REINSTATE = "select api.reinstate_client(%(key)s, %(reason)s, %(version)s)"
REGISTER = """
select * from api.register_contact(
    %(key)s, %(name)s, %(email)s, %(tax_id)s, %(phone)s, %(locale)s, %(reason)s, %(duplicates)s
)
"""
AMEND = """
select * from api.amend_contact(
    %(key)s, %(reason)s, %(name)s, %(email)s, %(tax_id)s, %(phone)s, %(locale)s, %(opted_out)s,
    %(version)s, %(duplicates)s
)
"""
ANONYMISE = "select * from api.anonymise_client(%(key)s, %(reason)s)"
DEFAULTS: dict[str, Any] = {
    "key": 1, "code": "criminal_profile", "on": None, "reason": "a visit", "version": None,
    "name": None, "email": None, "tax_id": None, "phone": None, "locale": None,
    "opted_out": None, "duplicates": "warn",
}  # fmt: skip


@pytest.fixture
def stocked(book: Rolled) -> Rolled:
    """Two approved clients and a denied one, two of them with contacts."""
    book.owner.run(STOCK)
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


def denial(book: Rolled, key: int) -> tuple[str, str | None, str | None, int]:
    row = book.app.row(
        "select status, denied_reason, denied_at::text, version from api.clients"
        " where user_id = %(key)s",
        key=key,
    )
    assert row is not None
    return (row["status"], row["denied_reason"], row["denied_at"], row["version"])


def test_a_denial_moves_status_reason_and_time_as_one(stocked: Rolled) -> None:
    ask(stocked, DENY, on="2024-01-20")
    assert denial(stocked, 1) == ("denied", "criminal_profile", "2024-01-20 00:00:00", 2)
    ask(stocked, DENY)  # the same again
    assert denial(stocked, 1) == ("denied", "criminal_profile", "2024-01-20 00:00:00", 2)
    ask(stocked, DENY, code="account_take_over")
    assert denial(stocked, 1) == ("denied", "account_take_over", "2024-01-20 00:00:00", 3)
    ask(stocked, REINSTATE)
    assert denial(stocked, 1) == ("approved", None, None, 4)
    ask(stocked, REINSTATE)
    assert denial(stocked, 1)[3] == 4


def test_without_a_day_a_denial_counts_from_the_business_date(stocked: Rolled) -> None:
    ask(stocked, DENY)
    assert denial(stocked, 1)[2] == "2024-01-25 00:00:00"


def test_on_the_day_of_registration_a_denial_counts_from_then(stocked: Rolled) -> None:
    ask(stocked, DENY, on="2023-01-10")
    assert denial(stocked, 1)[2] == "2023-01-10 08:00:00"


def test_the_code_of_a_denial_and_the_reason_in_the_history_are_two(stocked: Rolled) -> None:
    ask(stocked, DENY, reason="told by the bank")
    ask(stocked, DENY, key=3, reason=None)
    told = stocked.owner.rows("select reason from audit.statements where reason is not null")
    assert [row["reason"] for row in told] == ["told by the bank", "criminal_profile"]


@pytest.mark.parametrize(
    ("query", "wrong", "rule"),
    [
        (DENY, {"code": None}, "denial_has_reason"),
        (DENY, {"code": " \t"}, "denial_has_reason"),
        (DENY, {"code": "a\nb"}, "denial_reason_printable"),
        (DENY, {"code": "x" * 201}, "clients_denied_reason_short"),
        (DENY, {"on": "2023-01-09"}, "denial_not_before_registration"),
        (DENY, {"on": "2190-01-01"}, "day_not_in_future"),
        (DENY, {"on": "1800-01-01"}, "day_in_range"),
        (REINSTATE, {"reason": " "}, "reinstatement_has_reason"),
        (REINSTATE, {"reason": None}, "reinstatement_has_reason"),
        (AMEND, {"reason": "", "name": "Ana"}, "amendment_has_reason"),
        (ANONYMISE, {"reason": "\n"}, "anonymisation_has_reason"),
    ],
)
def test_acts_are_refused_by_name(
    stocked: Rolled, query: LiteralString, wrong: dict[str, Any], rule: str
) -> None:
    before = stocked.app.rows("select * from api.clients order by user_id")
    assert refusal(stocked, query, **wrong).rule == rule
    assert stocked.app.rows("select * from api.clients order by user_id") == before


@pytest.mark.parametrize("query", [DENY, REINSTATE, REGISTER, AMEND, ANONYMISE])
def test_who_is_not_there_is_not_found(stocked: Rolled, query: LiteralString) -> None:
    refused = refusal(stocked, query, key=77, name="Ana")
    assert isinstance(refused, NotFound)
    assert (refused.rule, str(refused)) == ("client_exists", "There is no client 77.")


@pytest.mark.parametrize(("query", "key"), [(DENY, 1), (REINSTATE, 2)])
def test_whoever_saw_an_older_version_is_told_what_changed(
    stocked: Rolled, query: LiteralString, key: int
) -> None:
    change = "select api.amend_client(%(key)s, 'more', 600.5, null, 3)"
    stocked.app.value(change, key=key)
    refused = refusal(stocked, query, key=key, version=1)
    assert isinstance(refused, StaleVersion)
    assert refused.rule == "clients_version_current"
    assert "You saw version 1, but version 2 stands: tester changed" in str(refused)
    assert "batch: 1 -> 3, credit_limit: 500.00 -> 600.50 at 20" in str(refused)


def test_only_the_latest_changes_are_told(stocked: Rolled) -> None:
    for limit in range(600, 608):
        stocked.app.value("select api.amend_client(1, 'more', %(limit)s)", limit=limit)
    told = str(refusal(stocked, DENY, version=1))
    assert told.count("tester changed") == 5
    assert "605.00 -> 606.00" in told
    assert told.index("603.00 -> 604.00") < told.index("606.00 -> 607.00")


@pytest.mark.parametrize("status", ["default", "written_off"])
def test_who_owes_a_defaulted_loan_is_not_reinstated(stocked: Rolled, status: str) -> None:
    stocked.owner.value(LOAN, client=2, issued="2023-05-01", status=status, paid="120")
    refused = refusal(stocked, REINSTATE, key=2)
    assert refused.rule == "client_owes_no_defaulted_loan"
    assert str(refused) == (
        "Client 2 has a defaulted loan (4, due 2023-07-30, R$ 622,83 to pay);"
        " it must be paid first."
    )
    stocked.owner.run("update dm.loans set amount_paid = due_amount, version = version + 1")
    ask(stocked, REINSTATE, key=2)
    assert denial(stocked, 2)[0] == "approved"


def test_a_denial_dated_back_is_told_of_the_loans_behind_it(stocked: Rolled) -> None:
    stocked.owner.value(LOAN, client=1, issued="2024-01-10", status="ongoing", paid="0")
    ask(stocked, DENY, on="2024-01-05")
    found = (
        "select rule, state from api.findings where subject_id = 4 and rule = 'loans_after_denial'"
    )
    assert stocked.app.rows(found) == [{"rule": "loans_after_denial", "state": "open"}]
    assert stocked.app.rows("select * from api.check_every_broken_rule_has_a_finding") == []
    ask(stocked, REINSTATE)
    assert [row["state"] for row in stocked.app.rows(found)] == ["closed"]


WRONG = [
    ("name", " ", "contacts_name_printable"),
    ("name", "Ana\nLima", "contacts_name_printable"),
    ("name", "Ana\x1b[2J", "contacts_name_printable"),
    ("name", "Ana\x7f", "contacts_name_printable"),
    ("name", "Ana\u202eamiL", "contacts_name_printable"),
    ("name", "Ana\u2028Lima", "contacts_name_printable"),
    ("name", "x" * 201, "contacts_name_short"),
    ("email", "nobody", "contacts_email_shape"),
    ("email", "a@b", "contacts_email_shape"),
    ("email", "a@example.com\nBcc: b@example.com", "contacts_email_shape"),
    ("email", "a@b@example.com", "contacts_email_shape"),
    ("email", "a@" + "b" * 250 + ".com", "contacts_email_shape"),
    ("tax_id", "167.272.300-01", "contacts_tax_id_shape"),
    ("tax_id", "1234567890", "contacts_tax_id_shape"),
    ("tax_id", "12abc34501de35", "contacts_tax_id_shape"),
    ("phone", "11 98765-4321", "contacts_phone_shape"),
    ("phone", "+0511987654321", "contacts_phone_shape"),
    ("locale", "fr", "contacts_locale_known"),
]


@pytest.mark.parametrize(("field", "value", "rule"), WRONG)
@pytest.mark.parametrize(("query", "key"), [(REGISTER, 3), (AMEND, 1)], ids=["register", "amend"])
def test_what_a_person_says_of_a_contact_has_a_shape(
    stocked: Rolled, query: LiteralString, key: int, field: str, value: str, rule: str
) -> None:
    values = {"name": "Ana Lima"} | {field: value}
    refused = refusal(stocked, query, key=key, **values)
    assert refused.rule == rule
    assert value not in str(refused) or value in {" ", "fr"}


def test_sql_in_a_name_is_a_name(stocked: Rolled) -> None:
    name = "Robert'); drop table dm.clients; --"
    ask(stocked, AMEND, name=name)
    assert stocked.app.value("select name from api.contacts where user_id = 1") == name
    assert stocked.app.value("select count(*) from api.find_clients(%(n)s)", n=name) == 1
    assert (
        stocked.app.value("select count(*) from api.find_clients(%(n)s)", n="'; drop \\ | & !") == 0
    )


def test_a_contact_is_registered_once(stocked: Rolled) -> None:
    made = ask(stocked, REGISTER, key=3, name="Clara", email="clara@example.com")
    assert made == {"version": 1, "duplicates": []}
    refused = refusal(stocked, REGISTER, key=3, name="Clara")
    assert refused.rule == "contact_is_new"
    assert refusal(stocked, REGISTER, key=3).rule == "contact_says_something"


def test_a_contact_is_amended_field_by_field(stocked: Rolled) -> None:
    assert ask(stocked, AMEND, email="ana@example.org", phone="")["version"] == 2
    row = stocked.app.row(
        "select name, email, tax_id, phone, version from api.contacts where user_id = 1"
    )
    assert row == {
        "name": "Ana Alves", "email": "ana@example.org", "tax_id": "390.533.447-05",
        "phone": None, "version": 2,
    }  # fmt: skip
    assert ask(stocked, AMEND, email="ana@example.org")["version"] == 2
    # What a file said once may be said again, whatever its shape.
    assert ask(stocked, AMEND, tax_id="390.533.447-05")["version"] == 2
    refused = refusal(stocked, AMEND, key=3, name="Clara")
    assert isinstance(refused, NotFound)
    assert refused.rule == "contact_exists"


def test_an_opt_out_is_set_and_taken_back_by_a_person(stocked: Rolled) -> None:
    asked = "select opted_out_at is not null from api.contacts where user_id = 1"
    ask(stocked, AMEND, opted_out=True)
    assert stocked.app.value(asked)
    assert ask(stocked, AMEND, opted_out=True)["version"] == 2
    ask(stocked, AMEND, opted_out=False)
    assert not stocked.app.value(asked)


def test_a_stale_amendment_of_a_contact_is_told_columns_and_no_values(stocked: Rolled) -> None:
    ask(stocked, AMEND, email="ana@example.org", name="Ana Lima")
    refused = refusal(stocked, AMEND, phone="+5511987654321", version=1)
    assert isinstance(refused, StaleVersion)
    assert refused.rule == "contacts_version_current"
    assert "version 2 stands: tester changed email, name at " in str(refused)
    assert "Lima" not in str(refused)
    assert "@" not in str(refused)


SHARED = [
    ("email", "ANA@example.com"),
    ("tax_id", "39053344705"),
    ("phone", "+5511987654321"),
]


@pytest.mark.parametrize(("field", "value"), SHARED)
def test_what_another_client_has_is_told_by_its_number_only(
    stocked: Rolled, field: str, value: str
) -> None:
    found = [{"field": field, "user_id": 1}]
    assert ask(stocked, REGISTER, key=3, **{field: value})["duplicates"] == found
    assert ask(stocked, AMEND, key=2, **{field: value})["duplicates"][0] == found[0]
    # Only what differs is compared: what was said in spite of the warning stands.
    again = ask(stocked, AMEND, key=2, duplicates="refuse", **{field: value})
    assert again == {"version": 2, "duplicates": []}


@pytest.mark.parametrize(("field", "value"), SHARED)
def test_duplicates_may_be_refused(stocked: Rolled, field: str, value: str) -> None:
    refused = refusal(stocked, REGISTER, key=3, duplicates="refuse", **{field: value})
    assert refused.rule == "contact_known_once"
    assert str(refused).startswith("Client 1 has the same ")
    assert stocked.app.value("select count(*) from api.contacts where user_id = 3") == 0
    wrong = refusal(stocked, REGISTER, key=3, duplicates="perhaps", **{field: value})
    assert wrong.rule == "duplicates_warn_or_refuse"


def test_the_same_contact_is_no_duplicate_of_itself(stocked: Rolled) -> None:
    assert ask(stocked, AMEND, email="Ana@Example.com", duplicates="refuse")["duplicates"] == []


def test_only_who_anonymises_may_note_another_digest(stocked: Rolled) -> None:
    refused = refusal(stocked, "select api.note_erased_file('x', 'y', 'z')")
    assert refused.rule == "somebody_is_being_erased"


@pytest.mark.parametrize(
    "query",
    [
        "select from dm.contacts as k where ops.name_words(k.name) @@ ops.name_query('an')",
        "select from dm.contacts as k where ops.email_key(k.email) = ops.email_key('x')",
        "select from dm.contacts as k where ops.tax_id_key(k.tax_id) = ops.tax_id_key('1')",
        "select from dm.contacts as k where ops.phone_key(k.phone) = ops.phone_key('1')",
    ],
)
def test_search_reads_an_index(stocked: Rolled, query: LiteralString) -> None:
    stocked.owner.run("set local enable_seqscan = off")
    stocked.owner.run("set local enable_sort = off")
    plan = "\n".join(str(row["QUERY PLAN"]) for row in stocked.owner.rows("explain " + query))
    assert "Index Cond: " in plan
