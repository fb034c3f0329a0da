"""COPY is too kind to some values; here each is refused by its own rule, on its own line."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA, ANA_OPEN, CLIENTS, DAVI, EVA_PAID, Client, Contact, broken, csv_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cast import Line
    from tests.desk import Desk

INSTANTS = [
    "now",
    "today",
    "infinity",
    "-infinity",
    "epoch",
    "allballs",
    "05/06/2024",
    "2024-05-06",
    "2024-05-06 10:00",
    "2024-05-06T10:00:00",
    "2024-05-06 10:00:00+05",
    "2024-05-06 10:00:00Z",
    "2024-05-06 10:00:00.5",
    "2024-05-06 10:00:00 BC",
    "2024-02-30 00:00:00",
    "2023-02-29 00:00:00",
    "2024-13-01 00:00:00",
    "2024-01-01 24:00:00",
    "2016-12-31 23:59:60",
    "2024-01-01 12:60:00",
    "0000-01-01 00:00:00",
    "20240506 100000",
    "5 May 2024",
    "yesterday",
    "2024-05-06  10:00:00",
    "\u0662\u0660\u0662\u0664-01-01 00:00:00",
    "1706140800",
    "x",
    "'2024-01-01 00:00:00'",
    "{}",
]
WHOLES = [
    "0x1F",
    "1_000",
    "0b11",
    "0o17",
    "1e3",
    "1.0",
    "1,0",
    "+1",
    "- 1",
    "one",
    "\u0661",
    "1 2",
    "99999999999999999999",
    "--1",
    "NaN",
    "'1'",
]
AMOUNTS = [
    "NaN",
    "nan",
    "Infinity",
    "-inf",
    "1e308",
    "1e3",
    "1E-2",
    "0x1F",
    "1_000.00",
    "1,000.00",
    "1000,00",
    "R$ 100",
    "$1",
    "100.",
    ".5",
    "+100",
    "100-",
    "(100)",
    "1 000",
    "ten",
    "\u0661\u0662",
    "1.2.3",
    "9" * 30,
    "0." + "1" * 30,
    "--1",
]


def refused(desk: Desk, kind: str, lines: Sequence[Line]) -> dict[int, list[str]]:
    """Load lines of a kind after the cast's clients; what was refused, by line number."""
    if kind != "clients":
        desk.load(clients=CLIENTS)
    done = desk.load(desk.write(f"{kind}.csv", csv_text(kind, lines)))
    assert done.outcomes == {f"{kind}.csv": "accepted"}
    assert desk.ailments() == []
    return desk.refused_lines(kind)


@pytest.mark.parametrize("value", INSTANTS)
def test_an_instant_that_is_none_is_refused_alone(desk: Desk, value: str) -> None:
    lines: list[Line] = [ANA, broken(Client(8), created_at=value), DAVI]
    assert refused(desk, "clients", lines) == {3: ["clients_created_at_malformed"]}
    assert desk.keys("clients") == {1, 4}


@pytest.mark.parametrize("value", WHOLES)
def test_a_whole_number_that_is_none_is_refused_alone(desk: Desk, value: str) -> None:
    lines: list[Line] = [
        ANA,
        broken(Client(8), batch=value),
        DAVI,
        broken(Client(9), user_id=value),
    ]
    assert refused(desk, "clients", lines) == {
        3: ["clients_batch_malformed"],
        5: ["clients_user_id_malformed"],
    }
    assert desk.keys("clients") == {1, 4}


@pytest.mark.parametrize("value", AMOUNTS)
def test_an_amount_that_is_none_is_refused_alone(desk: Desk, value: str) -> None:
    lines: list[Line] = [broken(ANA_OPEN, tax=value), EVA_PAID]
    assert refused(desk, "loans", lines) == {2: ["loans_tax_malformed"]}
    assert desk.keys("loans") == {5}


# The shape betrays neither of these two to the fast path: it must not depend on the company.
@pytest.mark.parametrize("value", ["2024-01-01 24:00:00", "2016-12-31 23:59:60"])
@pytest.mark.parametrize("company", ["2024-02-30 00:00:00", None])
def test_a_line_s_fate_does_not_depend_on_the_others(
    desk: Desk, value: str, company: str | None
) -> None:
    lines: list[Line] = [broken(Client(8), created_at=value)]
    if company:
        lines.append(broken(Client(9), created_at=company))
    assert 2 in refused(desk, "clients", lines)
    assert desk.keys("clients") == set()


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("user_id", "", "clients_user_id_missing"),
        ("user_id", "0", "clients_user_id_owner"),
        ("user_id", "-5", "clients_user_id_owner"),
        ("user_id", "1000000000", "clients_user_id_owner"),
        ("user_id", "9223372036854775807", "clients_user_id_owner"),
        ("user_id", "9223372036854775808", "clients_user_id_malformed"),
        ("created_at", "", "clients_created_at_missing"),
        ("created_at", "1899-12-31 23:59:59", "clients_created_at_range"),
        ("created_at", "2200-01-01 00:00:00", "clients_created_at_range"),
        ("status", "", "clients_status_missing"),
        ("status", "Approved", "clients_status_known"),
        ("status", "approved ", "clients_status_known"),
        ("status", " ", "clients_status_known"),
        ("batch", "", "clients_batch_missing"),
        ("batch", "0", "clients_batch_positive"),
        ("batch", "-1", "clients_batch_positive"),
        ("batch", "2147483648", "clients_batch_malformed"),
        ("credit_limit", "", "clients_credit_limit_missing"),
        ("credit_limit", "-0.01", "clients_credit_limit_valid"),
        ("credit_limit", "1000000000000", "clients_credit_limit_valid"),
        ("credit_limit", "12.345", "clients_credit_limit_two_decimals"),
        ("credit_limit", "100.005", "clients_credit_limit_two_decimals"),
        ("interest_rate", "", "clients_interest_rate_missing"),
        ("interest_rate", "-1", "clients_interest_rate_valid"),
        ("interest_rate", "10000.0001", "clients_interest_rate_valid"),
        ("interest_rate", "20.00001", "clients_interest_rate_four_decimals"),
        ("denied_reason", "fraud", "clients_approved_undenied"),
        ("denied_at", "2024-01-01 00:00:00", "clients_approved_undenied"),
    ],
)
def test_each_rule_of_a_client_refuses_its_line(
    desk: Desk, column: str, value: str, rule: str
) -> None:
    lines: list[Line] = [ANA, broken(Client(8), **{column: value}), DAVI]
    assert refused(desk, "clients", lines) == {3: [rule]}
    assert desk.keys("clients") == {1, 4}


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"denied_at": ""}, "clients_denial_dated"),
        ({"denied_at": "1899-01-01 00:00:00"}, "clients_denied_at_range"),
        ({"denied_at": "2200-01-01 00:00:00"}, "clients_denied_at_range"),
        ({"denied_reason": "x" * 201}, "clients_denied_reason_short"),
    ],
)
def test_each_rule_of_a_denied_client_refuses_its_line(
    desk: Desk, changed: dict[str, str], rule: str
) -> None:
    denied = broken(Client(8), status="denied", denied_at="2024-01-01 00:00:00")
    assert refused(desk, "clients", [ANA, denied | changed]) == {3: [rule]}


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("loan_id", "", "loans_loan_id_missing"),
        ("loan_id", "0", "loans_loan_id_owner"),
        ("loan_id", "1000000000", "loans_loan_id_owner"),
        ("loan_id", "1.0", "loans_loan_id_malformed"),
        ("user_id", "", "loans_user_id_missing"),
        ("user_id", "77", "loans_client_fkey"),
        ("user_id", "x", "loans_user_id_malformed"),
        ("created_at", "", "loans_created_at_missing"),
        ("created_at", "0001-01-01 00:00:00", "loans_created_at_range"),
        ("created_at", "x", "loans_created_at_malformed"),
        ("due_at", "", "loans_due_at_missing"),
        ("due_at", "2200-01-01 00:00:00", "loans_due_at_range"),
        ("due_at", "2023-12-01 20:45:10", "loans_due_after_created"),
        ("due_at", "x", "loans_due_at_malformed"),
        ("paid_at", "2023-12-02 00:00:00", "loans_unpaid_has_no_date"),
        ("paid_at", "x", "loans_paid_at_malformed"),
        ("status", "", "loans_status_missing"),
        ("status", "open", "loans_status_known"),
        ("status", "paid", "loans_paid_has_date"),
        ("loan_amount", "", "loans_loan_amount_missing"),
        ("loan_amount", "0", "loans_loan_amount_positive"),
        ("loan_amount", "-5", "loans_loan_amount_positive"),
        ("loan_amount", "1000000000000", "loans_loan_amount_positive"),
        ("loan_amount", "12.345", "loans_loan_amount_two_decimals"),
        ("loan_amount", "x", "loans_loan_amount_malformed"),
        ("tax", "", "loans_tax_missing"),
        ("tax", "-0.01", "loans_tax_valid"),
        ("tax", "1000000000000", "loans_tax_valid"),
        ("tax", "0.001", "loans_tax_two_decimals"),
        ("due_amount", "", "loans_due_amount_missing"),
        ("due_amount", "0.00", "loans_due_amount_positive"),
        ("due_amount", "99999999999999999999", "loans_due_amount_positive"),
        ("due_amount", "12.345", "loans_due_amount_two_decimals"),
        ("due_amount", "x", "loans_due_amount_malformed"),
        ("amount_paid", "", "loans_amount_paid_missing"),
        ("amount_paid", "-1", "loans_amount_paid_valid"),
        ("amount_paid", "1000000000000", "loans_amount_paid_valid"),
        ("amount_paid", "0.005", "loans_amount_paid_two_decimals"),
        ("amount_paid", "x", "loans_amount_paid_malformed"),
    ],
)
def test_each_rule_of_a_loan_refuses_its_line(
    desk: Desk, column: str, value: str, rule: str
) -> None:
    lines: list[Line] = [EVA_PAID, broken(ANA_OPEN, **{column: value})]
    assert refused(desk, "loans", lines) == {3: [rule]}
    assert desk.keys("loans") == {5}


@pytest.mark.parametrize(
    ("paid_at", "rule"),
    [
        ("2023-09-09 09:09:08", "loans_paid_not_before_created"),
        ("2200-01-01 00:00:00", "loans_paid_at_range"),
    ],
)
def test_each_rule_of_a_paid_loan_refuses_its_line(desk: Desk, paid_at: str, rule: str) -> None:
    lines: list[Line] = [ANA_OPEN, broken(EVA_PAID, paid_at=paid_at)]
    assert refused(desk, "loans", lines) == {3: [rule]}


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("user_id", "", "contacts_user_id_missing"),
        ("user_id", "x", "contacts_user_id_malformed"),
        ("user_id", "77", "contacts_client_fkey"),
        ("name", "x" * 201, "contacts_name_short"),
        ("email", "x" * 321, "contacts_email_short"),
        ("tax_id", "x" * 41, "contacts_tax_id_short"),
        ("locale", "x" * 41, "contacts_locale_short"),
        ("phone", "x" * 41, "contacts_phone_short"),
        ("opted_out_at", "yes", "contacts_opted_out_at_malformed"),
        ("opted_out_at", "1899-12-31 00:00:00", "contacts_opted_out_at_range"),
        ("opted_out_at", "2200-01-01 00:00:00", "contacts_opted_out_at_range"),
    ],
)
def test_each_rule_of_a_contact_refuses_its_line(
    desk: Desk, column: str, value: str, rule: str
) -> None:
    good, odd = Contact(1, "Ana", "ana@example.com"), Contact(2, "Bruno", "bruno@example.com")
    assert refused(desk, "contacts", [good, broken(odd, **{column: value})]) == {3: [rule]}
    assert desk.keys("contacts") == {1}


def test_a_contact_s_id_out_of_range_has_no_client_either(desk: Desk) -> None:
    lines: list[Line] = [broken(Contact(1), user_id="0"), broken(Contact(1), user_id="1000000000")]
    rules = ["contacts_user_id_range", "contacts_client_fkey"]
    assert refused(desk, "contacts", lines) == {2: rules, 3: rules}


def test_a_line_names_all_its_reasons_once(desk: Desk) -> None:
    line = broken(
        Client(8), user_id="", created_at="now", batch="0", credit_limit="NaN",
        interest_rate="-1", denied_at="2024-02-30 00:00:00", denied_reason="why",
    )  # fmt: skip
    assert refused(desk, "clients", [ANA, line]) == {
        3: [
            "clients_created_at_malformed",
            "clients_credit_limit_malformed",
            "clients_denied_at_malformed",
            "clients_user_id_missing",
            "clients_batch_positive",
            "clients_interest_rate_valid",
            "clients_approved_undenied",
        ]
    }
    shown = desk.app.row("select reasons from api.quarantine")
    assert shown is not None
    assert shown["reasons"][0] == "created_at is not a date and time written YYYY-MM-DD HH:MM:SS."
    assert shown["reasons"][-1] == "An approved client has neither denied_at nor denied_reason."


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"8,2023-01-10 08:30:00,approved,1,100,20,\n", "line_columns"),
        (b"8,2023-01-10 08:30:00,approved,1,100,20,,,\n", "line_columns"),
        (b"8\n", "line_columns"),
        (b"8,2023-01-10 08:30:00,approved,1,100,20,a,b,\n", "line_columns"),
        (b" \n", "line_columns"),
        (b'8,"2023-01-10 08:30:00,approved,1,100,20,,\n', "line_quotes"),
        (b'8,2023-01-10 08:30:00,approved,1,100,20,"a"b,\n', "line_quotes"),
        (b"8,2023-01-10 08:30:00,approved,1,100,20,a\0b,\n", "line_characters"),
    ],
)
def test_a_line_that_cannot_be_split_is_refused_for_that_alone(
    desk: Desk, line: bytes, rule: str
) -> None:
    good = csv_text("clients", [ANA]).encode()
    last = csv_text("clients", [DAVI]).encode().partition(b"\n")[2]
    done = desk.load(desk.write("clients.csv", good + line + last))
    assert done.fates("clients") == {"inserted": 2, "quarantined": 1}
    assert desk.refused_lines("clients") == {3: [rule]}
    raw = desk.app.value("select raw from api.quarantine")
    assert raw == line.rstrip(b"\n").replace(b"\0", b"\\x00").decode()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("27385.1", "27385.10"),
        ("100", "100.00"),
        ("100.10000", "100.10"),
        ("00100.10", "100.10"),
        ("999999999999.99", "999999999999.99"),
        ("0", "0.00"),
        ("-0", "0.00"),
        ("0.0000000001000", None),
    ],
)
def test_amounts_may_drop_or_add_zeros(desk: Desk, text: str, amount: str | None) -> None:
    found = refused(desk, "clients", [broken(ANA, credit_limit=text)])
    if amount is None:
        assert found == {2: ["clients_credit_limit_two_decimals"]}
    else:
        assert found == {}
        assert desk.client(1)["credit_limit"] == Decimal(amount)


@pytest.mark.parametrize(
    "instant", ["1900-01-01 00:00:00", "2024-02-29 23:59:59", "2199-12-31 23:59:59"]
)
def test_the_edges_of_time_are_within(desk: Desk, instant: str) -> None:
    assert refused(desk, "clients", [broken(ANA, created_at=instant)]) == {}
    assert str(desk.client(1)["created_at"]) == instant


def test_odd_spellings_of_reasons_are_kept(desk: Desk) -> None:
    reasons = ["acccount_take_over", "money_loundry", "criminal_profile", "defaulter", "x" * 200]
    lines: list[Line] = [
        broken(Client(n), status="denied", denied_reason=reason, denied_at="2023-05-05 05:05:05")
        for n, reason in enumerate(reasons, 1)
    ]
    assert refused(desk, "clients", lines) == {}
    assert [desk.client(n)["denied_reason"] for n in range(1, 6)] == reasons
