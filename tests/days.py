"""Days of the demo portfolio, one after another, on a desk of their own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from tests.desk import Desk

from loanbook import demo
from loanbook.settings import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.houses import Houses

SCALE = 0.005
FIRST = date(2024, 1, 25)
FULL = '[sources.main]\nfull = ["clients"]\n[runs]\nreport = false\n'
CLIENTS = """
select user_id, created_at, status, batch, credit_limit, interest_rate, denied_reason, denied_at,
    owner
from api.clients order by user_id
"""
LOANS = """
select loan_id, user_id, created_at, due_at, paid_at, status, loan_amount, tax, due_amount,
    amount_paid, interest_rate, exempt_from is null as is_regular, owner
from api.loans order by loan_id
"""
CONTACTS = """
select user_id, name, email, tax_id, locale, phone, opted_out_at
from api.contacts order by user_id
"""


@contextmanager
def place(houses: Houses, home: Path) -> Iterator[Desk]:
    """A desk of its own whose clients files are full."""
    name = houses.copy()
    with Desk.at(houses, name, home) as made:
        (home / "loanbook.toml").write_text(FULL, "utf-8")
        main = Source("main", frozenset({"clients"}))
        made.settings = replace(made.settings, sources={"main": main})
        yield made
    houses.drop(name)


def deliver(desk: Desk, day: int) -> date:
    """The files of a day into input_data: its date."""
    return demo.write(desk.settings.input_data, scale=SCALE, seed=1, day=day).as_of
