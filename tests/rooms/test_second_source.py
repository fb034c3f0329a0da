"""A second source beside the first: whose id is whose, and what happens where both claim one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.cast import (
    ANA,
    CENT,
    CLIENTS,
    CONTACTS,
    DAVI,
    DAY,
    EVA,
    LOANS,
    NEXT,
    THIRD,
    csv_text,
    lent,
)
from tests.shops import PLACE, Shop

from loanbook.mart import checks
from loanbook.runs import retry

if TYPE_CHECKING:
    from datetime import date

    from tests.desk import Desk

MAPPED = 'ids = "mapped"\nrange = [500_000_001, 500_000_010]\n'
LAYOUTS = """
[sources.shop.layouts.clients]
kind = "clients"
files = "clients*"
[sources.shop.layouts.clients.columns]
user_id = "key"
created_at = "since"
credit_limit = "limit"
[sources.shop.layouts.clients.constants]
status = "approved"
batch = 1
interest_rate = 20
denied_reason = ""
denied_at = ""
[sources.shop.layouts.contacts]
kind = "contacts"
files = "contacts*"
columns = { user_id = "key", name = "name", email = "mail" }
"""


def conflicts(desk: Desk) -> dict[str, str]:
    rows = desk.app.rows(
        "select rule || ' ' || subject_id as what, detail from api.findings"
        " where rule like '%%two_sources' and state = 'open'"
    )
    return {row["what"]: row["detail"] for row in rows}


def test_two_sources_that_claim_one_id_are_a_finding_until_they_do_not(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    shop = Shop(desk)
    other = replace(EVA, credit_limit=Decimal(1))
    new = replace(EVA, user_id=6)
    shop.put("clients.csv", csv_text("clients", [other, new]))
    shop.put(
        "loans.csv", csv_text("loans", [lent(5, new, "2023-10-10"), lent(9, new, "2023-11-11")])
    )
    shop.collect()
    shop.load()
    assert conflicts(desk) == {
        "clients_two_sources 5": "shop delivers it too",
        "loans_two_sources 5": "shop delivers it too",
    }
    assert desk.client(5)["credit_limit"] == EVA.credit_limit  # the owner's word stands
    assert (desk.client(5)["owner"], desk.client(6)["owner"]) == ("main", "shop")
    assert desk.loan(9)["owner"] == "shop"
    number = desk.app.value("select quarantine_id from api.quarantine where kind = 'clients'")
    desk.app.value("select api.dismiss_quarantined(%(number)s, 'theirs')", number=number)
    assert conflicts(desk) == {"loans_two_sources 5": "shop delivers it too"}
    assert all(check.ok for check in checks.check(desk.app, 1))


def told(desk: Desk) -> list[tuple[str, int, str]]:
    """All that was ever told of two sources, oldest first."""
    rows = desk.app.rows(
        "select rule, subject_id, state from api.findings"
        " where rule like '%%two_sources' order by finding_id"
    )
    return [(row["rule"], row["subject_id"], row["state"]) for row in rows]


def dismiss(desk: Desk) -> None:
    """A person says of all lines in quarantine that nothing is to come of them."""
    for row in desk.app.rows("select quarantine_id from api.quarantine where state = 'open'"):
        desk.app.value(
            "select api.dismiss_quarantined(%(number)s, 'theirs')", number=row["quarantine_id"]
        )


@pytest.mark.parametrize("same_bytes", [True, False])
def test_a_conflict_that_stays_is_one_finding_until_a_person_ends_it(
    same_bytes: bool, desk: Desk
) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    line = lent(5, EVA, "2023-10-10", 300)

    def deliver(day: date, batch: int) -> None:
        desk.load(
            clients=[replace(EVA, batch=batch)],
            loans=[replace(line, amount_paid=CENT * batch)],
            source="shop",
            day=day,
            again=True,
        )

    conflict = [("clients_two_sources", 5), ("loans_two_sources", 5)]
    deliver(DAY, 7)
    assert told(desk) == [(*one, "open") for one in conflict]
    deliver(NEXT, 7 if same_bytes else 8)
    assert told(desk) == [(*one, "open") for one in conflict]
    dismiss(desk)
    assert told(desk) == [(*one, "closed") for one in conflict]
    deliver(THIRD, 7)
    assert told(desk) == [(*one, state) for state in ("closed", "open") for one in conflict]
    assert desk.ailments() == []


def test_a_conflict_outlasts_the_next_files_of_the_owner(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    desk.load(clients=[replace(EVA, batch=7)], loans=[replace(LOANS[4], tax=CENT)], source="shop")
    found = told(desk)
    assert found == [("clients_two_sources", 5, "open"), ("loans_two_sources", 5, "open")]
    paid = replace(LOANS[1], amount_paid=CENT)
    desk.load(clients=[replace(EVA, batch=8)], loans=[paid, LOANS[4]], day=NEXT)
    assert told(desk) == found
    assert desk.ailments() == []


def test_a_line_of_another_source_that_is_bad_besides_is_told_both(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    loans = [replace(LOANS[4], tax=Decimal(-1)), LOANS[0], replace(LOANS[0], tax=CENT)]
    twice = [ANA, replace(ANA, batch=9)]
    long = replace(CONTACTS[0], name="A" * 201)
    done = desk.load(clients=twice, contacts=[long], loans=loans, source="shop")
    both = ["clients_contradicting_repeat", "clients_other_owner"]
    assert desk.refused_lines("clients") == {2: both, 3: both}
    assert desk.refused_lines("contacts") == {2: ["contacts_name_short", "contacts_other_owner"]}
    assert desk.refused_lines("loans") == {
        2: ["loans_tax_valid", "loans_other_owner"],
        3: ["loans_contradicting_repeat", "loans_other_owner"],
        4: ["loans_contradicting_repeat", "loans_other_owner"],
    }
    assert done.fates("loans") == {"quarantined": 3}
    assert set(conflicts(desk)) == {
        "clients_two_sources 1", "loans_two_sources 1", "loans_two_sources 5",
    }  # fmt: skip
    assert desk.ailments() == []


def test_a_refused_file_that_comes_again_tells_its_conflicts_once(desk: Desk) -> None:
    many = [lent(number, EVA, "2023-10-10", paid="2023-10-11") for number in range(10, 40)]
    desk.load(clients=CLIENTS, loans=many)
    for day in (DAY, NEXT, THIRD):
        assert desk.load(loans=many, source="shop", day=day).outcomes == {"loans.csv": "refused"}
        assert told(desk) == [("loans_two_sources", line.loan_id, "open") for line in many]


def test_a_retry_that_helps_nobody_leaves_the_conflict_open(desk: Desk) -> None:
    desk.load(clients=CLIENTS, loans=LOANS)
    desk.load(loans=[lent(5, EVA, "2023-10-10", 300)], source="shop")
    for _ in range(2):
        retry.retry(desk.app, desk.settings)
        assert told(desk) == [("loans_two_sources", 5, "open")]


def test_any_keys_are_mapped_to_ids_of_the_range(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    shop = Shop(desk, MAPPED + LAYOUTS)
    shop.put("clients.csv", "key,since,limit\nA-1,2023-01-01,10\nB/2,2023-01-01,20\n")
    shop.put("contacts.csv", "key,name,mail\nB/2,Bia,b@example.com\n")
    shop.collect()
    shop.load()
    assert desk.keys("clients") == {1, 2, 3, 4, 5, 500_000_001, 500_000_002}
    assert desk.contact(500_000_002)["name"] == "Bia"
    shop.put("clients.csv", "key,since,limit\nC,2023-01-01,30\nB/2,2023-01-01,25\n")
    shop.collect(NEXT)
    shop.load(NEXT)
    assert desk.client(500_000_002)["credit_limit"] == 25
    assert desk.client(500_000_003)["credit_limit"] == 30
    keys = desk.app.rows("select kind, key, id from api.source_keys order by id")
    assert [(row["kind"], row["key"], row["id"] - 500_000_000) for row in keys] == [
        ("clients", "A-1", 1), ("clients", "B/2", 2), ("clients", "C", 3),
    ]  # fmt: skip


def test_a_range_that_is_used_up_refuses_the_file(desk: Desk) -> None:
    shop = Shop(desk, MAPPED + LAYOUTS)
    lines = "".join(f"K{n},2023-01-01,10\n" for n in range(11))
    shop.put("clients.csv", f"key,since,limit\n{lines}")
    assert shop.collect().refused == 1
    assert "has no id left" in shop.findings()["source_file_refused"]
    assert desk.app.rows("select 1 from api.source_keys") == []


def test_ids_outside_of_a_declared_range_are_quarantined(desk: Desk) -> None:
    shop = Shop(desk, "range = [4, 5]\n")
    digits = "1" * 5000  # more than Python turns into a number
    lines = csv_text("clients", [DAVI, EVA, ANA])
    shop.put("clients.csv", lines + lines.splitlines()[3].replace("1", digits, 1) + "\n")
    shop.collect()
    shop.load()
    assert desk.keys("clients") == {4, 5}
    malformed = ["clients_user_id_malformed"]
    assert desk.refused_lines("clients") == {4: malformed, 5: malformed}
    first, second = desk.app.rows("select raw from api.quarantine order by line_no")
    assert first["raw"].startswith("?1 is outside the range of shop,")
    assert second["raw"].startswith(f"?{digits} is outside the range of shop,")


def test_two_full_sources_delete_only_their_own_clients(desk: Desk) -> None:
    both = '[sources.main]\nfull = ["clients"]\n' + PLACE + 'full = ["clients"]\n'
    shop = Shop(desk, text=both)
    desk.load(clients=[ANA, DAVI], source=desk.settings.sources["main"])
    shop.put("clients.csv", csv_text("clients", [replace(EVA, user_id=n) for n in range(100, 302)]))
    shop.collect()
    shop.load()
    shop.put("clients.csv", csv_text("clients", [replace(EVA, user_id=n) for n in range(100, 301)]))
    shop.collect(NEXT)
    shop.load(NEXT)
    assert desk.keys("clients") == {1, 4, *range(100, 301)}


def test_two_full_files_of_one_day_stop_no_later_one(desk: Desk) -> None:
    shop = Shop(desk, 'full = ["clients"]\n')
    shop.put("a.csv", csv_text("clients", [ANA]))
    shop.put("b.csv", csv_text("clients", [DAVI]))
    shop.collect()
    staged, _ = shop.load()
    assert [one.outcome for one in staged] == ["refused", "refused"]
    assert shop.states() == {"a.csv": "refused", "b.csv": "refused"}
    assert "source_file_refused" in shop.findings()
    shop.put("c-2024-01-27.csv", csv_text("clients", [EVA]))
    shop.collect(THIRD)
    staged, _ = shop.load(THIRD)
    assert [one.outcome for one in staged] == ["staged"]
    aside = desk.settings.inbox / "shop" / "refused"
    assert len(list(aside.iterdir())) == 2


@pytest.mark.parametrize("number", [1, 2])
def test_a_person_says_whose_it_is_by_the_range(number: int, desk: Desk) -> None:
    shop = Shop(desk, f"range = [{number}, {number}]\n")
    shop.put("clients.csv", csv_text("clients", CLIENTS))
    shop.collect(DAY)
    shop.load()
    assert desk.keys("clients") == {number}
