"""What a line of a file says and which rules it breaks by itself, in plain Python.

Written from the rules of the book (docs/reference/rules.md); the load's model uses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from tests.cast import HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Text = dict[str, str]
EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 -- wall time
FIRST_OF_OURS = 1_000_000_000
TOO_MUCH = Decimal(10**12)

WHOLES = {"user_id": 2**63, "loan_id": 2**63, "batch": 2**31}  # and what they stay below
AMOUNTS = {"credit_limit", "interest_rate", "loan_amount", "tax", "due_amount", "amount_paid"}
INSTANTS = {"created_at", "due_at", "paid_at", "denied_at", "opted_out_at"}
LENGTHS = {"name": 200, "email": 320, "tax_id": 40, "locale": 40, "phone": 40, "denied_reason": 200}


@dataclass(frozen=True)
class Written:
    """A record as it stands in a file.

    Attributes:
        text: its characters, perhaps of several lines; a blank line is none at all.
        fields: what its columns hold; None where it cannot be taken apart.
        fault: why it cannot be.
    """

    text: str
    fields: Text | None = field(default=None, repr=False)
    fault: str = ""


def records(lines: Sequence[Written]) -> Iterator[tuple[int, Written]]:
    """The records of a file, each with the number of the line on which it begins."""
    number = 2  # after the header
    for line in lines:
        if line.text:
            yield number, line
        number += line.text.count("\n") + 1


def read(kind: str, line: Written) -> tuple[dict[str, Any], list[str]]:
    """Its values, blank where they cannot be read, and all that is wrong with it, said once."""
    values: dict[str, Any] = dict.fromkeys(HEADERS[kind])
    if line.fields is None:
        return values, [line.fault]
    malformed = []
    for name, raw in line.fields.items():
        values[name] = value_of(name, raw)
        if values[name] is None and (raw if name in LENGTHS else raw.strip()):
            malformed.append(name)
    unread = [f"{kind}_{name}_malformed" for name in malformed]
    unsaid = {f"{kind}_{name}_missing" for name in malformed}
    return values, unread + [rule for rule in JUDGES[kind](values) if rule not in unsaid]


def value_of(name: str, raw: str) -> Any:  # noqa: ANN401 -- columns are of several kinds
    """What a field says; None if it is blank or cannot be read."""
    if name in WHOLES:
        return whole(raw.strip(), WHOLES[name])
    if name in AMOUNTS:
        raw = raw.strip()
        return Decimal(raw) if re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", raw) else None
    if name in INSTANTS:
        return instant(raw.strip())
    return raw or None


def whole(raw: str, below: int) -> int | None:
    """A whole number in plain digits."""
    value = int(raw) if re.fullmatch("-?[0-9]+", raw) else None
    return value if value is not None and abs(value) < below else None


def instant(raw: str) -> datetime | None:
    """A time of the calendar."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", raw, re.ASCII):
        return None
    try:
        return datetime.fromisoformat(raw)
    except ValueError:
        return None


# Rules of single lines


def client_faults(c: Mapping[str, Any]) -> list[str]:
    """What is wrong with a client."""
    rate = c["interest_rate"]
    found = [
        *missing("clients", c, "user_id", "created_at", "status", "batch", "credit_limit",
                 "interest_rate"),
        *out_of_range("clients", c, "created_at", "denied_at"),
        *amount_faults("clients", c, credit_limit="valid"),
        *too_long("clients", c, "denied_reason"),
    ]  # fmt: skip
    if c["user_id"] is not None and not 0 < c["user_id"] < FIRST_OF_OURS:
        found.append("clients_user_id_owner")
    if c["status"] not in {None, "approved", "denied"}:
        found.append("clients_status_known")
    if c["batch"] is not None and c["batch"] <= 0:
        found.append("clients_batch_positive")
    if rate is not None and not 0 <= rate <= 10_000:
        found.append("clients_interest_rate_valid")
    elif rate is not None and rate != rate.quantize(Decimal("0.0001"), ROUND_HALF_EVEN):
        found.append("clients_interest_rate_four_decimals")
    if c["status"] == "denied" and c["denied_at"] is None:
        found.append("clients_denial_dated")
    if c["status"] == "approved" and (c["denied_at"] or c["denied_reason"]):
        found.append("clients_approved_undenied")
    return found


def contact_faults(k: Mapping[str, Any]) -> list[str]:
    """What is wrong with a contact: very little, for files are taken as they are."""
    found = [
        *missing("contacts", k, "user_id"),
        *out_of_range("contacts", k, "opted_out_at"),
        *too_long("contacts", k, "name", "email", "tax_id", "locale", "phone"),
    ]
    if k["user_id"] is not None and not 0 < k["user_id"] < FIRST_OF_OURS:
        found.append("contacts_user_id_range")
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
    if s["due_at"] and s["due_at"] >= LATEST:
        found.append("loans_due_at_range")
    elif s["due_at"] and s["created_at"] and s["due_at"] <= s["created_at"]:
        found.append("loans_due_after_created")
    if s["status"] not in {None, "ongoing", "paid", "default", "cancelled", "written_off"}:
        found.append("loans_status_known")
    if s["status"] == "paid" and s["paid_at"] is None:
        found.append("loans_paid_has_date")
    if s["status"] not in {None, "paid"} and s["paid_at"]:
        found.append("loans_unpaid_has_no_date")
    if s["paid_at"] and s["created_at"] and s["paid_at"] < s["created_at"]:
        found.append("loans_paid_not_before_created")
    elif s["paid_at"] and s["paid_at"] >= LATEST:
        found.append("loans_paid_at_range")
    return found


JUDGES = {"clients": client_faults, "contacts": contact_faults, "loans": loan_faults}


def missing(kind: str, values: Mapping[str, Any], *names: str) -> list[str]:
    """Required fields that are blank."""
    return [f"{kind}_{name}_missing" for name in names if values[name] is None]


def too_long(kind: str, values: Mapping[str, Any], *names: str) -> list[str]:
    """Texts of more characters than a column holds."""
    return [f"{kind}_{name}_short" for name in names if len(values[name] or "") > LENGTHS[name]]


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
