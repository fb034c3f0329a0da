"""The demo's deliveries of later days: each continues the one of the day before."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from loanbook import demo

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, str]
Rows = dict[int, Row]

KEYS = {"clients": "user_id", "loans": "loan_id", "contacts": "user_id"}
LASTING = {
    "clients": ("created_at", "batch"),
    "loans": ("user_id", "created_at", "due_at", "loan_amount", "tax", "due_amount"),
    "contacts": ("name", "tax_id", "locale"),
}


def delivered(folder: Path, day: int, scale: float, seed: int = 4) -> dict[str, Rows]:
    written = demo.write(folder, scale=scale, seed=seed, day=day)
    found: dict[str, Rows] = {}
    for kind, file in zip(("clients", "loans", "contacts"), written.files, strict=True):
        with file.open(encoding="utf-8", newline="") as stream:
            found[kind] = {int(row[KEYS[kind]]): row for row in csv.DictReader(stream)}
    return found


def in_day(text: str, day: int) -> bool:
    start = datetime(2024, 1, 24) + timedelta(days=day)  # noqa: DTZ001 (the files have no zone)
    return start <= datetime.fromisoformat(text) < start + timedelta(days=1)


def check_loan(old: Row, new: Row, day: int) -> None:
    if old["status"] != "ongoing":
        assert new["status"] == old["status"]
        assert new["paid_at"] == old["paid_at"]
    elif new["status"] == "paid":
        assert in_day(new["paid_at"], day)
    elif new["status"] == "default":
        assert in_day(new["due_at"], day)
    assert float(new["amount_paid"]) >= float(old["amount_paid"])


def check_client(old: Row, new: Row, day: int, *, borrowed: bool) -> None:
    denial = ("status", "denied_reason", "denied_at")
    if old["status"] == "denied":
        assert old == new
    elif [old[column] for column in denial] != [new[column] for column in denial]:
        assert new["status"] == "denied"
        assert in_day(new["denied_at"], day)
    if borrowed:
        assert new["interest_rate"] == old["interest_rate"]
        assert int(new["credit_limit"]) >= int(old["credit_limit"])


def check_contact(old: Row, new: Row, day: int) -> None:
    assert bool(new["email"]) == bool(old["email"])
    if old["opted_out_at"] != new["opted_out_at"]:
        assert not old["opted_out_at"]
        assert in_day(new["opted_out_at"], day)


def check_continues(old: dict[str, Rows], new: dict[str, Rows], day: int) -> None:
    borrowers = {int(loan["user_id"]) for loan in old["loans"].values()}
    for kind in KEYS:
        assert list(new[kind])[: len(old[kind])] == list(old[kind])
        for key, row in old[kind].items():
            after = new[kind][key]
            assert all(row[column] == after[column] for column in LASTING[kind])
            if kind == "loans":
                check_loan(row, after, day)
            elif kind == "clients":
                check_client(row, after, day, borrowed=key in borrowers)
            else:
                check_contact(row, after, day)
    for kind in ("clients", "loans"):
        fresh = [row for key, row in new[kind].items() if key not in old[kind]]
        assert all(in_day(row["created_at"], day) for row in fresh)


def test_each_day_continues_the_day_before(tmp_path: Path) -> None:
    before = delivered(tmp_path, 0, 0.01)
    for day in range(1, 31):
        after = delivered(tmp_path, day, 0.01)
        check_continues(before, after, day)
        before = after


@pytest.mark.parametrize("day", [60, 91, 120])
def test_a_far_day_continues_the_day_before(tmp_path: Path, day: int) -> None:
    check_continues(delivered(tmp_path, day - 1, 0.02), delivered(tmp_path, day, 0.02), day)


def test_the_second_day_changes_what_a_second_day_should(tmp_path: Path) -> None:
    old, new = delivered(tmp_path, 0, 0.5), delivered(tmp_path, 1, 0.5)

    def share(kind: str, *, added: bool) -> float:
        if added:
            return (len(new[kind]) - len(old[kind])) / len(old[kind])
        return sum(new[kind][key] != row for key, row in old[kind].items()) / len(old[kind])

    assert share("clients", added=True) == pytest.approx(0.01)
    assert share("loans", added=True) == pytest.approx(0.01, rel=0.01)
    assert share("contacts", added=True) == pytest.approx(0.01)
    assert share("clients", added=False) == pytest.approx(0.01, rel=0.2)
    assert share("loans", added=False) == pytest.approx(0.03, rel=0.1)
    assert share("contacts", added=False) == pytest.approx(0.003, rel=0.3)
    moves = {
        (row["status"], new["loans"][key]["status"])
        for key, row in old["loans"].items()
        if new["loans"][key] != row
    }
    assert moves == {("ongoing", "ongoing"), ("ongoing", "paid"), ("ongoing", "default")}
    changed = {
        column
        for key, row in old["clients"].items()
        for column in row
        if new["clients"][key][column] != row[column]
    }
    assert changed == {"status", "credit_limit", "interest_rate", "denied_reason", "denied_at"}
