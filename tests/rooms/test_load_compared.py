"""A month of files, each compared with the one before, makes the book that whole files make."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.cast import DAY, Client, Loan, csv_text, lent
from tests.desk import Desk

from loanbook.settings import Source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.houses import Houses

DAYS = 12
SOURCE = Source("main", frozenset({"clients"}))
BOOK = (
    "select to_jsonb(c) - 'amended_at' as row from dm.clients as c",
    "select to_jsonb(l) - 'exempt_from' as row from dm.loans as l",
    (
        "select to_jsonb(p) - '{payment_id,recorded_at,transaction_id}'::text[] as row"
        " from dm.payments as p"
    ),
    (
        "select jsonb_build_object('rule', rule, 'id', subject_id, 'state', state) as row"
        " from ops.findings"
    ),
    "select to_jsonb(t) - 'carried' as row from ops.batch_totals as t",
    (
        "select jsonb_build_object('line', line_no, 'rules', rules, 'state', state) as row"
        " from ops.quarantine"
    ),
)


def month(seed: int) -> list[tuple[list[Client], list[Loan]]]:
    """Files of some days: clients come, go and change; loans are taken, paid, broken."""
    dice = random.Random(seed)
    clients = {n: Client(n) for n in range(1, 300)}
    loans = {n: lent(n, clients[n], "2023-12-01", 1000) for n in range(1, 200)}
    days = []
    for day in range(DAYS):
        for n in dice.sample(sorted(clients), 4):
            limit = Decimal(dice.randrange(10, 90) * 1000)
            clients[n] = replace(clients[n], credit_limit=limit)
        if dice.random() < 0.5:
            clients.pop(dice.choice([n for n in clients if n not in loans]))
        fresh = 1000 + day
        clients[fresh] = Client(fresh)
        loans[fresh] = lent(fresh, clients[fresh], "2023-12-15", 500)
        for n in dice.sample(sorted(loans), 5):
            paid = loans[n].due_amount * dice.randrange(0, 3) / 4
            loans[n] = replace(loans[n], amount_paid=paid.quantize(Decimal("0.01")))
        broken = replace(loans[2], status=dice.choice(["lost", "ongoing"]))
        stray = replace(loans[3], user_id=fresh + dice.choice([0, 1]), loan_id=5000)
        book = {**loans, 2: broken, 5000: stray}
        days.append(([clients[n] for n in sorted(clients)], [book[n] for n in sorted(book)]))
    return days


def kept(desk: Desk) -> list[list[str]]:
    return [sorted(str(row["row"]) for row in desk.owner.rows(query)) for query in BOOK]


def test_compared_files_make_the_book_of_whole_files(houses: Houses, tmp_path: Path) -> None:
    names = houses.copy(), houses.copy()
    with (
        Desk.at(houses, names[0], tmp_path / "compared") as compared,
        Desk.at(houses, names[1], tmp_path / "whole") as whole,
    ):
        for number, (clients, loans) in enumerate(month(seed=7)):
            day = DAY + timedelta(days=number)
            for desk, again in ((compared, False), (whole, True)):
                for kind, rows in (("clients", clients), ("loans", loans)):
                    file = desk.write(f"{kind}.csv", csv_text(kind, rows), day)
                    desk.load(file, day=day, source=SOURCE, again=again)
            assert kept(compared) == kept(whole)
        assert compared.ailments() == whole.ailments() == []
        carried = compared.owner.value("select count(*) from ops.batches where carried > 0")
        assert carried == 2 * (DAYS - 1)
    for name in names:
        houses.drop(name)
