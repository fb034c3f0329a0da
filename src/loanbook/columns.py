"""The columns of each kind of file, as files, stage and mart name them."""

from __future__ import annotations

from enum import Enum


class Shape(Enum):
    """How a column is written in a file."""

    WHOLE = "whole"  # digits
    AMOUNT = "amount"  # digits with a decimal point, perhaps a sign
    INSTANT = "instant"  # YYYY-MM-DD HH:MM:SS, the lender's wall time
    TEXT = "text"


LONGEST_KEY = 19  # digits; no client and no loan has a longer one

_W, _A, _I, _T = Shape.WHOLE, Shape.AMOUNT, Shape.INSTANT, Shape.TEXT

# Each kind's columns as they are named in files, stage and mart.
COLUMNS: dict[str, dict[str, Shape]] = {
    "clients": {
        "user_id": _W,
        "created_at": _I,
        "status": _T,
        "batch": _W,
        "credit_limit": _A,
        "interest_rate": _A,
        "denied_reason": _T,
        "denied_at": _I,
    },
    "contacts": {
        "user_id": _W,
        "name": _T,
        "email": _T,
        "tax_id": _T,
        "locale": _T,
        "phone": _T,
        "opted_out_at": _I,
    },
    "loans": {
        "user_id": _W,
        "loan_id": _W,
        "created_at": _I,
        "due_at": _I,
        "paid_at": _I,
        "status": _T,
        "loan_amount": _A,
        "tax": _A,
        "due_amount": _A,
        "amount_paid": _A,
    },
}
REQUIRED: dict[str, frozenset[str]] = {
    "clients": frozenset(COLUMNS["clients"]),
    "contacts": frozenset({"user_id", "name", "email"}),
    "loans": frozenset(COLUMNS["loans"]),
}
# In these a blank tells something, too: not paid, not denied, no wish to be left alone.
MAY_BE_BLANK = frozenset({"denied_reason", "denied_at", "paid_at", "opted_out_at"})
