"""Every rule has a name that stands for one thing everywhere, and a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from loanbook import sql
from loanbook.columns import COLUMNS, REQUIRED, Shape
from loanbook.sources import collect, drift

if TYPE_CHECKING:
    from tests.houses import Rolled

    from loanbook.database.connection import Row

# Rules that refuse a request, not a line: the sentence stands where they are raised.
OF_REQUESTS = re.compile(r"ops\.refuse\(\s*'(\w+)'")
NAMED = re.compile(r"'((?:clients|contacts|loans|line)_[a-z0-9_]+)'")
# Constraints of the mart that no line of a file can break: the load gives these columns values.
NOT_BY_FILES = {
    "clients_pkey", "clients_source_key_once", "clients_version_positive",
    "contacts_pkey", "contacts_version_positive",
    "loans_pkey", "loans_source_key_once", "loans_version_positive", "loans_interest_rate_valid",
    "loans_exempt_from_fkey", "loans_exempt_is_ongoing", "loans_product_version_fkey",
    "loans_term_days_valid", "loans_tax_fixed_valid", "loans_tax_daily_valid",
    "loans_day_count_known", "loans_own_has_terms", "loans_terms_stand_together",
    "loans_classified_after_due",
}  # fmt: skip


def rules(book: Rolled) -> dict[str, Row]:
    """All rules by name."""
    return {row["rule"]: row for row in book.app.rows("select * from api.rules")}


def procedures() -> dict[str, str]:
    """The text of all procedures, without comments."""
    return {
        name: re.sub(r"--.*", "", sql.text(name))
        for folder in ("procedures", "views")
        for name in sql.names(folder)
    }


def test_every_rule_that_a_procedure_names_is_known(book: Rolled) -> None:
    known = set(rules(book))
    other = {name for text in procedures().values() for name in OF_REQUESTS.findall(text)}
    no_rules = {"clients_base", "contacts_base", "line_no", "loans_loan_amount"}
    unknown = {
        (place, name)
        for place, text in procedures().items()
        for name in NAMED.findall(text)
        if name not in known | other | no_rules
    }
    assert unknown == set()


def test_every_rule_is_named_by_the_program(book: Rolled) -> None:
    text = "\n".join(procedures().values())
    # Some names are put together of the kind of file and what is wrong.
    put_together = (
        {
            f"{name}_{what}"
            for name in ("payments_amount", "products_limit")
            for what in ("positive", "two_decimals", "missing")
        }
        | {f"{kind}_{name}_malformed" for kind, columns in COLUMNS.items() for name in columns}
        | {f"{kind}_{what}" for kind in COLUMNS for what in ("contradicting_repeat", "client_fkey")}
    )
    of_lines = {"line_columns", "line_characters", "line_length", "line_quotes"}
    # Constraints that speak for themselves: what breaks them is refused where it is written.
    of_tables = {
        row["name"]
        for row in book.owner.rows(
            "select conname as name from pg_constraint where conrelid = 'dm.products'::regclass"
            " union select tgname from pg_trigger where tgrelid = 'dm.products'::regclass"
        )
    }
    of_sources = {*drift.RULES, collect.UNREACHABLE, collect.LATE, collect.FILE_REFUSED}
    of_sources |= {f"{kind}_two_sources" for kind in ("clients", "loans")}
    idle = {
        rule
        for rule in rules(book)
        if rule not in put_together | of_lines | of_tables | of_sources and rule not in text
    }
    assert idle == set()


def test_every_constraint_that_a_line_can_break_is_a_rule(book: Rolled) -> None:
    found = book.owner.rows(
        "select conname as name from pg_constraint where contype in ('c', 'f', 'u', 'p')"
        " and conrelid in ('dm.clients'::regclass, 'dm.contacts'::regclass, 'dm.loans'::regclass)"
    )
    constraints = {row["name"] for row in found}
    refusals = {rule for rule, row in rules(book).items() if row["nature"] == "refusal"}
    assert constraints - NOT_BY_FILES - refusals == set()
    assert NOT_BY_FILES & refusals == set()


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_column_can_be_called_malformed_or_missing(book: Rolled, kind: str) -> None:
    known = set(rules(book))
    for name, shape in COLUMNS[kind].items():
        assert (f"{kind}_{name}_malformed" in known) == (shape is not Shape.TEXT) or (
            f"{kind}_{name}" == "contacts_email"  # of an address there is a finding
        )
    blank = {"denied_reason", "denied_at", "paid_at", "name", "email"}
    for name in REQUIRED[kind] - blank:
        assert f"{kind}_{name}_missing" in known


def test_every_rule_says_itself_in_a_sentence(book: Rolled) -> None:
    for rule, row in rules(book).items():
        assert re.fullmatch(r"\S.*[.]", row["sentence"]), rule
        assert row["nature"] in {"refusal", "state", "event"}


@pytest.mark.parametrize("kind", ["client", "contact", "loan"])
def test_what_is_a_finding_is_no_refusal(book: Rolled, kind: str) -> None:
    findings = {rule for rule, row in rules(book).items() if row["nature"] != "refusal"}
    faults = procedures()[f"procedures/load_{kind}s.sql"].partition("$$;")[0]
    assert findings & set(NAMED.findall(faults)) == set()
