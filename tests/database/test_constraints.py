"""What one row makes impossible is refused by a named rule, whoever asks; the edges are allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loanbook.errors import DataRefused, Refused

if TYPE_CHECKING:
    from tests.houses import Rolled

STOCK = """
insert into dm.clients
(user_id, created_at, status, batch, credit_limit, interest_rate, owner, source_key)
values (1, '2023-01-10', 'approved', 1, 500, 20, 'main', 'one'),
    (2, '2023-01-10', 'approved', 1, 500, 20, 'main', 'two');
insert into dm.contacts (user_id, name, owner) values (1, 'Ana', 'main');
insert into ops.findings (rule, subject, subject_id, detail)
values ('loans_second_open', 'loan', 3, '');
insert into dm.loans (loan_id, user_id, created_at, due_at, paid_at, status, loan_amount, tax,
    due_amount, amount_paid, interest_rate, owner, source_key)
values (1, 1, '2023-01-10', '2023-04-10', '2023-02-02', 'paid', 100, 1.12, 106.12, 106.12, 20,
        'main', 'one'),
    (2, 1, '2023-05-10', '2023-08-08', null, 'ongoing', 100, 1.12, 106.12, 0, 20, 'main', 'two');
insert into dm.payments (loan_id, kind, amount, effective_on, owner, idempotency_key)
values (1, 'payment', 106.12, '2023-02-02', 'main', 'k1');
"""
CLIENT = {
    "user_id": "3",
    "created_at": "'2023-01-10'",
    "status": "'approved'",
    "batch": "1",
    "credit_limit": "500",
    "interest_rate": "20",
    "owner": "'main'",
}
CONTACT = {"user_id": "2", "owner": "'main'"}
LOAN = {
    "loan_id": "3",
    "user_id": "2",
    "created_at": "'2023-01-10'",
    "due_at": "'2023-04-10'",
    "status": "'ongoing'",
    "loan_amount": "100",
    "tax": "1.12",
    "due_amount": "106.12",
    "amount_paid": "0",
    "owner": "'main'",
}
PAYMENT = {
    "loan_id": "2",
    "kind": "'payment'",
    "amount": "1",
    "effective_on": "'2023-05-05'",
    "owner": "'main'",
}
PRODUCT = {
    "product_id": "2",
    "name": "'short'",
    "validity": "'[2023-01-01,2024-01-01)'",
    "term_days": "30",
    "tax_fixed_percent": "0.38",
    "tax_daily_percent": "0.0082",
}
# What stands on a loan that was made here.
TERMS = {
    "product_version": "(select min(product_version) from dm.products)",
    "term_days": "90",
    "tax_fixed_percent": "0.38",
    "tax_daily_percent": "0.0082",
    "day_count": "360",
    "interest_rate": "20",
}
OWN = TERMS | {"loan_id": "1000000000", "owner": "'loanbook'"}
PAID = {"status": "'paid'", "paid_at": "'2023-02-02'"}
ROWS = {
    "clients": CLIENT,
    "contacts": CONTACT,
    "loans": LOAN,
    "payments": PAYMENT,
    "products": PRODUCT,
}

GENERATED = {"payments": "payment_id", "products": "product_version"}

# Constraint or unique index, and rows (by their table's name in it) that it must refuse.
FORBIDDEN: list[tuple[str, dict[str, str]]] = [
    ("clients_pkey", {"user_id": "1"}),
    ("clients_user_id_owner", {"user_id": "0"}),
    ("clients_user_id_owner", {"user_id": "-1"}),
    ("clients_user_id_owner", {"user_id": "1000000000"}),
    ("clients_user_id_owner", {"owner": "'loanbook'"}),
    ("clients_created_at_range", {"created_at": "'1899-12-31 23:59:59'"}),
    ("clients_created_at_range", {"created_at": "'2200-01-01'"}),
    ("clients_created_at_range", {"created_at": "'infinity'"}),
    ("clients_created_at_range", {"created_at": "'-infinity'"}),
    ("clients_status_known", {"status": "'open'"}),
    ("clients_batch_positive", {"batch": "0"}),
    ("clients_credit_limit_valid", {"credit_limit": "-0.01"}),
    ("clients_credit_limit_valid", {"credit_limit": "'nan'"}),
    ("clients_interest_rate_valid", {"interest_rate": "-0.0001"}),
    ("clients_interest_rate_valid", {"interest_rate": "10000.0001"}),
    ("clients_interest_rate_valid", {"interest_rate": "'nan'"}),
    ("clients_denied_reason_short", {"denied_reason": "''"}),
    ("clients_denied_reason_short", {"status": "'denied'", "denied_at": "'2024-01-01'",
                                     "denied_reason": "repeat('x', 201)"}),
    ("clients_denied_at_range", {"status": "'denied'", "denied_at": "'1899-12-31'"}),
    ("clients_denied_at_range", {"status": "'denied'", "denied_at": "'infinity'"}),
    ("clients_denial_dated", {"status": "'denied'", "denied_reason": "'fraud'"}),
    ("clients_approved_undenied", {"denied_at": "'2024-01-01'"}),
    ("clients_approved_undenied", {"denied_reason": "'fraud'"}),
    ("clients_version_positive", {"version": "0"}),
    ("clients_source_key_once", {"source_key": "'one'"}),
    ("contacts_pkey", {"user_id": "1"}),
    ("contacts_client_fkey", {"user_id": "77"}),
    ("contacts_name_short", {"name": "''"}),
    ("contacts_name_short", {"name": "repeat('x', 201)"}),
    ("contacts_email_short", {"email": "repeat('x', 321)"}),
    ("contacts_tax_id_short", {"tax_id": "repeat('x', 41)"}),
    ("contacts_locale_short", {"locale": "repeat('x', 41)"}),
    ("contacts_phone_short", {"phone": "repeat('x', 41)"}),
    ("contacts_opted_out_at_range", {"opted_out_at": "'1899-12-31'"}),
    ("contacts_opted_out_at_range", {"opted_out_at": "'infinity'"}),
    ("contacts_version_positive", {"version": "0"}),
    ("loans_pkey", {"loan_id": "1"}),
    ("loans_client_fkey", {"user_id": "77"}),
    ("loans_loan_id_owner", {"loan_id": "0"}),
    ("loans_loan_id_owner", {"loan_id": "1000000000"}),
    ("loans_loan_id_owner", {"owner": "'loanbook'"}),
    ("loans_created_at_range", {"created_at": "'1899-12-31'"}),
    ("loans_due_at_range", {"due_at": "'2200-01-01'"}),
    ("loans_due_after_created", {"due_at": "'2023-01-10'"}),
    ("loans_paid_at_range", PAID | {"paid_at": "'2200-01-01'"}),
    ("loans_paid_not_before_created", PAID | {"paid_at": "'2023-01-09 23:59:59'"}),
    ("loans_paid_has_date", {"status": "'paid'"}),
    ("loans_unpaid_has_no_date", {"paid_at": "'2023-02-02'"}),
    ("loans_unpaid_has_no_date", PAID | {"status": "'default'"}),
    ("loans_status_known", {"status": "'open'"}),
    ("loans_loan_amount_positive", {"loan_amount": "0"}),
    ("loans_loan_amount_positive", {"loan_amount": "'nan'"}),
    ("loans_tax_valid", {"tax": "-0.01"}),
    ("loans_tax_valid", {"tax": "'nan'"}),
    ("loans_due_amount_positive", {"due_amount": "0"}),
    ("loans_due_amount_positive", {"due_amount": "'nan'"}),
    ("loans_amount_paid_valid", {"amount_paid": "-0.01"}),
    ("loans_amount_paid_valid", {"amount_paid": "'nan'"}),
    ("loans_interest_rate_valid", {"interest_rate": "-1"}),
    ("loans_interest_rate_valid", {"interest_rate": "'nan'"}),
    ("loans_version_positive", {"version": "0"}),
    ("loans_one_open_per_client", {"user_id": "1"}),
    ("loans_exempt_is_ongoing", PAID | {
        "exempt_from": "(select max(finding_id) from ops.findings)"}),
    ("loans_exempt_from_fkey", {"exempt_from": "77"}),
    ("loans_source_key_once", {"source_key": "'one'"}),
    ("loans_product_version_fkey", OWN | {"product_version": "77"}),
    ("loans_term_days_valid", OWN | {"term_days": "0"}),
    ("loans_term_days_valid", OWN | {"term_days": "3651"}),
    ("loans_tax_fixed_valid", OWN | {"tax_fixed_percent": "-0.01"}),
    ("loans_tax_fixed_valid", OWN | {"tax_fixed_percent": "'nan'"}),
    ("loans_tax_daily_valid", OWN | {"tax_daily_percent": "-0.01"}),
    ("loans_tax_daily_valid", OWN | {"tax_daily_percent": "'nan'"}),
    ("loans_day_count_known", OWN | {"day_count": "252"}),
    ("loans_own_has_terms", {"loan_id": "1000000000", "owner": "'loanbook'"}),
    ("loans_terms_stand_together", TERMS),  # of a source's loan they are not known
    ("loans_terms_stand_together", OWN | {"term_days": "null"}),
    ("loans_terms_stand_together", OWN | {"interest_rate": "null"}),
    ("loans_classified_after_due", OWN | {"classified_on": "'2023-04-10'"}),
    ("products_pkey", {"product_version": "(select min(product_version) from dm.products)"}),
    ("products_product_id_positive", {"product_id": "0"}),
    ("products_name_short", {"name": "''"}),
    ("products_validity_begins", {"validity": "'empty'"}),
    ("products_validity_begins", {"validity": "'(,2024-01-01)'"}),
    ("products_term_days_valid", {"term_days": "0"}),
    ("products_tax_fixed_valid", {"tax_fixed_percent": "100.000001"}),
    ("products_tax_fixed_valid", {"tax_fixed_percent": "'nan'"}),
    ("products_tax_daily_valid", {"tax_daily_percent": "-0.000001"}),
    ("products_tax_daily_valid", {"tax_daily_percent": "'nan'"}),
    ("products_day_count_known", {"day_count": "252"}),
    ("products_rounding_known", {"rounding": "'down'"}),
    ("products_grace_days_valid", {"grace_days": "-1"}),
    ("products_minimum_amount_valid", {"minimum_amount": "0"}),
    ("products_minimum_amount_valid", {"minimum_amount": "'nan'"}),
    ("products_maximum_amount_valid", {"maximum_amount": "-1"}),
    ("products_maximum_amount_valid", {"maximum_amount": "'nan'"}),
    ("products_amounts_in_order", {"minimum_amount": "2", "maximum_amount": "1.99"}),
    ("products_one_version_a_day", {"product_id": "1"}),
    ("payments_pkey", {"payment_id": "(select max(payment_id) from dm.payments)"}),
    ("payments_loan_fkey", {"loan_id": "77"}),
    ("payments_kind_known", {"kind": "'gift'"}),
    ("payments_amount_not_zero", {"amount": "0"}),
    ("payments_amount_not_zero", {"amount": "'nan'"}),
    ("payments_sign_fits_kind", {"amount": "-1"}),
    ("payments_sign_fits_kind", {"kind": "'correction'"}),
    ("payments_sign_fits_kind", {"kind": "'opening'", "amount": "-1"}),
    ("payments_sign_fits_kind", {"kind": "'reversal'",
                                 "reverses_id": "(select max(payment_id) from dm.payments)"}),
    ("payments_reversal_names_payment", {"kind": "'reversal'", "amount": "-1"}),
    ("payments_reversal_names_payment", {
        "reverses_id": "(select max(payment_id) from dm.payments)"}),
    ("payments_reverses_fkey", {"kind": "'reversal'", "amount": "-1", "reverses_id": "77"}),
    ("payments_only_opening_undated", {"effective_on": "null"}),
    ("payments_idempotency_key_once", {"idempotency_key": "'k1'"}),
]  # fmt: skip
# Where several rules say no PostgreSQL names the first; these need more than one row to be seen.
ELSEWHERE = {"payments_reversed_once"}
# Two rules forbid the same; either may speak.
ALSO = {
    "payments_amount_not_zero": "payments_sign_fits_kind",
    "clients_denied_reason_short": "clients_approved_undenied",
}

ALLOWED: list[tuple[str, dict[str, str]]] = [
    ("clients", {}),
    ("clients", {"user_id": "999999999"}),
    ("clients", {"user_id": "1000000000", "owner": "'loanbook'"}),
    ("clients", {"status": "'denied'", "denied_at": "'2024-01-01'"}),  # without a reason
    ("clients", {"status": "'denied'", "denied_at": "'2020-01-01'"}),  # before the registration
    ("clients", {"credit_limit": "0", "interest_rate": "0"}),
    ("clients", {"credit_limit": "999999999999.99", "interest_rate": "10000"}),
    ("clients", {"created_at": "'1900-01-01'"}),
    ("clients", {"created_at": "'2199-12-31 23:59:59'"}),
    ("clients", {"owner": "'second'", "source_key": "'one'"}),
    ("contacts", {}),
    ("contacts", {"name": "repeat('é', 200)", "email": "repeat('x', 320)"}),
    ("loans", {}),
    ("loans", PAID | {"paid_at": "'2023-01-10'"}),  # paid on the spot
    ("loans", PAID | {"user_id": "1"}),
    ("loans", PAID | {"amount_paid": "0"}),
    ("loans", {"amount_paid": "99999"}),
    ("loans", {"user_id": "1", "exempt_from": "(select max(finding_id) from ops.findings)"}),
    ("loans", {"interest_rate": "null", "rate_is_implied": "true"}),
    ("loans", {"status": "'default'"}),
    ("loans", {"status": "'cancelled'"}),
    ("loans", {"status": "'written_off'"}),
    ("loans", OWN),
    ("loans", OWN | {"status": "'default'", "classified_on": "'2023-04-11'"}),
    ("products", {}),
    ("products", {"minimum_amount": "1", "maximum_amount": "1", "grace_days": "3650"}),
    ("products", {"validity": "'[2023-01-01,)'"}),
    ("payments", {}),
    ("payments", {"kind": "'opening'", "effective_on": "null"}),
    ("payments", {"kind": "'correction'", "amount": "-0.01"}),
    ("payments", {"kind": "'reversal'", "amount": "-1",
                  "reverses_id": "(select max(payment_id) from dm.payments)"}),
]  # fmt: skip


@pytest.fixture
def stocked(book: Rolled) -> Rolled:
    """Two clients, a contact, two loans and a payment."""
    book.owner.run(STOCK)
    return book


def insertion(table: str, changed: dict[str, str]) -> str:
    """An insert of the table's usual row, changed."""
    row = ROWS[table] | changed
    overriding = " overriding system value" if GENERATED.get(table) in row else ""
    names, values = ", ".join(row), ", ".join(row.values())
    return f"insert into dm.{table} ({names}){overriding} values ({values})"  # noqa: S608


def refusal(book: Rolled, statement: str) -> str:
    """The name of the rule that refuses a statement."""
    with pytest.raises(Refused) as refused, book.owner.transaction():
        book.owner.run(statement)  # type: ignore[arg-type, unused-ignore]
    return refused.value.rule


@pytest.mark.parametrize(("rule", "changed"), FORBIDDEN)
def test_a_row_that_cannot_be_is_refused_by_name(
    stocked: Rolled, rule: str, changed: dict[str, str]
) -> None:
    table = rule.split("_", maxsplit=1)[0]
    assert refusal(stocked, insertion(table, changed)) in {rule, ALSO.get(rule)}


@pytest.mark.parametrize(("table", "changed"), ALLOWED)
def test_a_row_at_the_edge_is_allowed(stocked: Rolled, table: str, changed: dict[str, str]) -> None:
    stocked.owner.run(insertion(table, changed))  # type: ignore[arg-type, unused-ignore]


def test_every_constraint_of_the_mart_is_tried(book: Rolled) -> None:
    found = book.owner.rows(
        "select conname as name from pg_constraint"
        " where connamespace = 'dm'::regnamespace and contype <> 'n'"
        " union select i.indexrelid::regclass::text from pg_index as i"
        " inner join pg_class as c on c.oid = i.indrelid"
        " where i.indisunique and c.relnamespace = 'dm'::regnamespace"
    )
    names = {row["name"].removeprefix("dm.") for row in found}
    assert names == {rule for rule, _ in FORBIDDEN} | ELSEWHERE


def test_a_payment_is_reversed_once(stocked: Rolled) -> None:
    reversal = {
        "kind": "'reversal'",
        "amount": "-1",
        "reverses_id": "(select min(payment_id) from dm.payments)",
    }
    stocked.owner.run(insertion("payments", reversal))  # type: ignore[arg-type, unused-ignore]
    assert refusal(stocked, insertion("payments", reversal)) == "payments_reversed_once"


@pytest.mark.parametrize("table", ROWS)
def test_required_columns_are_required(stocked: Rolled, table: str) -> None:
    required = stocked.owner.rows(
        "select attname from pg_attribute where attrelid = %(table)s::regclass and attnum > 0"
        " and attnotnull and attgenerated = '' and attidentity = ''",
        table=f"dm.{table}",
    )
    names = {row["attname"] for row in required}
    assert set(ROWS[table]) - {"effective_on"} <= names
    for name in names:
        with pytest.raises(Refused, match=f'"{name}"'), stocked.owner.transaction():
            stocked.owner.run(insertion(table, {name: "null"}))  # type: ignore[arg-type, unused-ignore]


def test_money_that_no_column_holds_is_refused(stocked: Rolled) -> None:
    with pytest.raises(DataRefused, match="overflow"), stocked.owner.transaction():
        stocked.owner.run(insertion("clients", {"credit_limit": "1e12"}))  # type: ignore[arg-type, unused-ignore]


def test_days_follow_their_instants(stocked: Rolled) -> None:
    stocked.owner.run("update dm.loans set created_at = '2023-01-11 23:59:59' where loan_id = 1")
    found = stocked.app.row("select issued_on, due_on, paid_on from api.loans where loan_id = 1")
    assert found is not None
    assert [str(day) for day in found.values()] == ["2023-01-11", "2023-04-10", "2023-02-02"]


@pytest.mark.parametrize("schema", ["dm", "ops", "stage", "audit"])
def test_constraints_have_names_that_tell_what_they_guard(book: Rolled, schema: str) -> None:
    generated = book.owner.rows(
        "select conrelid::regclass as place, conname from pg_constraint"
        " where connamespace = %(schema)s::regnamespace and contype <> 'n'"
        " and conname ~ '(_check[0-9]*|_key[0-9]*|_excl[0-9]*|[a-z]_id_fkey[0-9]*)$'",
        schema=schema,
    )
    assert generated == []
