"""Who was anonymised is found nowhere: in no table, no history and no file of the workspace."""

from __future__ import annotations

import gzip
import json
import subprocess
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.cast import ANA, CLIENTS, CONTACTS, DAY, LOANS, NEXT, THIRD, Contact, broken, csv_text
from tests.houses import NEWEST
from tests.shops import Shop

from loanbook import clients, contacts, loans
from loanbook.database.server import binaries
from loanbook.errors import NotFound, Refused
from loanbook.mart import quarantine
from loanbook.runs import forgetting, retry
from loanbook.staging.erasure import Erasure, erase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.desk import Desk
    from tests.houses import Houses

    from loanbook.staging.batches import Staged

ANA_S, *OTHERS = CONTACTS
NAME, EMAIL, TAX_ID, PHONE = "Ana Alves", "ana@example.com", "390.533.447-05", "5550-0101"
DIGITS = "1" * 5000  # more than Python turns into a number
SECRETS = (NAME, EMAIL, TAX_ID, PHONE, "Almeida", "private@example.com", "12ABC34501DE35")


def traces(desk: Desk, houses: Houses) -> set[str]:
    """What of Ana can still be read in a dump of the database or in a file of the workspace."""
    dump = subprocess.run(
        [str(binaries(NEWEST) / "pg_dump"), "--dbname", houses.conninfo(desk.name)],
        capture_output=True,
        check=True,
    ).stdout
    assert b"bruno@example.com" in dump
    texts = [dump]
    for path in desk.settings.home.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            texts += [path.name.encode(), gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw]
    return {one for one in SECRETS for text in texts if one.encode() in text}


def told(desk: Desk) -> tuple[object, ...]:
    """Loans, money and totals of a book."""
    return tuple(
        desk.owner.rows(query)
        for query in (
            "select * from dm.loans order by loan_id",
            "select * from dm.payments order by payment_id",
            "select * from ops.batch_totals order by batch_id, measure",
            "select user_id, status, credit_limit, version from dm.clients order by user_id",
        )
    )


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """Ana is known in every way: by files, amendments, refused lines and the history."""
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    contacts.amend(desk.app, 1, reason="x", email="private@example.com")
    contacts.amend(desk.app, 1, reason="x", tax_id="12.ABC.345/01DE-35")
    bad = broken(ANA_S, opted_out_at="never", name="Ana Almeida")
    desk.load(contacts=[*OTHERS, bad], day=NEXT)
    split = desk.write(
        "more.csv", f"user_id,name,email\n1,{NAME},{EMAIL},x\nx,{NAME},{EMAIL}\n", NEXT
    )
    desk.load(split)
    packed = csv_text("contacts", [*CONTACTS, Contact(4, "Davi Dias")]).encode()
    desk.load(desk.write("packed.csv.gz", gzip.compress(packed, mtime=0), THIRD), day=THIRD)
    return desk


def forget(desk: Desk, user_id: int = 1) -> forgetting.Anonymised:
    return forgetting.anonymise(desk.app, desk.settings, user_id, "request 7")


def test_of_an_anonymised_client_nothing_personal_is_left(stocked: Desk, houses: Houses) -> None:
    assert traces(stocked, houses) >= {NAME, EMAIL, TAX_ID, PHONE, "private@example.com"}
    before = told(stocked)
    done = forget(stocked)
    assert traces(stocked, houses) == set()
    assert told(stocked) == before
    assert stocked.ailments() == []
    assert done.owed == LOANS[1].due_amount - LOANS[1].amount_paid
    names = {name.rsplit("-", 1)[-1] for name in done.files}
    assert names == {"contacts.csv", "packed.csv.gz", "more.csv"}
    # Everybody else is as before.
    assert stocked.contact(2)["email"] == "bruno@example.com"
    assert loans.get(stocked.app, 2) is not None


def test_that_it_was_done_is_told_by_the_history(stocked: Desk) -> None:
    forget(stocked)
    last = contacts.history(stocked.app, 1)[-1]
    assert (last.operation, last.actor, last.reason) == ("update", "tester", "request 7")
    kept = stocked.owner.row("select user_id, actor, reason from ops.erasures")
    assert kept == {"user_id": 1, "actor": "tester", "reason": "request 7"}
    held = contacts.export(stocked.app, 1)
    assert held["anonymised_at"] is not None
    assert not any(secret in json.dumps(held, default=str) for secret in SECRETS)
    assert len(held["loans"]) == 2


def test_archived_files_are_as_the_book_remembers_them(stocked: Desk) -> None:
    forget(stocked)
    batches = stocked.app.rows("select archived_as, digest from api.batches")
    for batch in batches:
        archived = stocked.settings.archive / batch["archived_as"]
        assert archived.is_file()
        assert archived.name.startswith(batch["digest"][:16])
    kept = {batch["archived_as"] for batch in batches}
    assert {path.name for path in stocked.settings.archive.iterdir()} == kept
    # What lies in input_data is known, and nothing of it is loaded again.
    again = stocked.stage(stocked.settings.input_data)
    assert {one.outcome for one in again} == {"known"}


@pytest.mark.parametrize("again", [False, True], ids=["compared", "whole"])
def test_no_later_file_brings_the_person_back(stocked: Desk, houses: Houses, again: bool) -> None:
    forget(stocked)
    lines = [replace(ANA_S, name="Ana Almeida"), *OTHERS, Contact(4, "Davi D.")]
    loaded = stocked.load(contacts=lines, day=THIRD, again=again)
    assert loaded.fates("contacts") == {"unchanged": 4, "updated": 1}
    assert stocked.contact(1)["name"] is None
    (stocked.settings.input_data / THIRD.isoformat() / "contacts.csv").unlink()
    assert traces(stocked, houses) == set()
    assert stocked.ailments() == []


def test_the_same_file_again_is_known(stocked: Desk, houses: Houses) -> None:
    text = csv_text("contacts", [*CONTACTS, Contact(4, "Davi Dias")], end="\r\n")
    latin = stocked.write("latin.csv", text.replace("Dias", "Días").encode("latin-1"), THIRD)
    [first] = stocked.stage(latin)
    stocked.promote()
    original = latin.read_bytes()
    forget(stocked)
    latin.write_bytes(original)
    [second] = stocked.stage(latin)
    assert (second.outcome, second.batch_id) == ("known", first.batch_id)
    latin.unlink()
    assert traces(stocked, houses) == set()
    assert stocked.contact(4)["name"] == "Davi Días"


def test_a_batch_that_waits_is_cleared_too(stocked: Desk, houses: Houses) -> None:
    stocked.stage(stocked.write("late.csv", csv_text("contacts", CONTACTS), THIRD), again=True)
    forget(stocked)
    assert traces(stocked, houses) == set()
    [done] = stocked.promote()
    assert done.outcome == "accepted"
    assert stocked.contact(1)["email"] is None
    assert stocked.ailments() == []


def test_refused_lines_of_the_person_can_be_tried_and_bring_nothing(
    stocked: Desk, houses: Houses
) -> None:
    forget(stocked)
    stocked.load(contacts=[broken(ANA_S, opted_out_at="never"), *OTHERS], day=THIRD)
    assert [line.key for line in quarantine.listed(stocked.app)] == [None, None]
    done = retry.retry(stocked.app, stocked.settings)
    assert {batch.outcome for batch in done.batches} <= {"accepted"}
    for path in (stocked.settings.input_data / THIRD.isoformat()).iterdir():
        path.unlink()
    assert traces(stocked, houses) == set()
    assert stocked.ailments() == []


def test_anonymising_again_changes_nothing_but_completes_what_was_missed(
    stocked: Desk, houses: Houses
) -> None:
    first = forget(stocked)
    version = stocked.contact(1)["version"]
    stray = stocked.settings.archive / "stray-contacts.csv"
    stray.write_text(csv_text("contacts", CONTACTS))
    again = forget(stocked)
    assert (again.erased_at, again.files) == (first.erased_at, ("stray-contacts.csv",))
    assert stocked.contact(1)["version"] == version
    assert traces(stocked, houses) == set()


def test_a_file_that_was_refused_loses_what_is_known_of_the_person(
    stocked: Desk, houses: Houses
) -> None:
    strange = stocked.write("strange.csv", f"who,what\nx,{NAME} {EMAIL}\ny,nobody\n", DAY)
    assert stocked.stage(strange)[0].outcome == "refused"
    forget(stocked)
    assert strange.read_text() == "who,what\n\ny,nobody\n"
    assert traces(stocked, houses) == set()


def test_a_first_name_takes_no_line_from_others_who_bear_it(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=[Contact(1, "Maria", "maria@example.com")])
    broken_lines = "x,Maria Souza,souza@example.com\ny,Ana,maria@example.com\n"
    desk.load(desk.write("more.csv", f"user_id,name,email\n{broken_lines}", NEXT))
    forget(desk)
    kept = [line.raw for line in quarantine.listed(desk.app)]
    assert kept == ["x,Maria Souza,souza@example.com", ",,"]


def test_further_columns_of_other_files_go_too(stocked: Desk, houses: Houses) -> None:
    header, *rows = csv_text("clients", [ANA, *CLIENTS[1:]]).splitlines()
    text = "\n".join(
        [header + ",nick", *(f"{row},{NAME if i == 0 else 'b'}" for i, row in enumerate(rows))]
    )
    stocked.load(stocked.write("nicks.csv", text + "\n", THIRD), day=THIRD)
    forget(stocked)
    assert traces(stocked, houses) == set()
    assert stocked.ailments() == []


def test_the_anonymised_are_filled_by_nobody(stocked: Desk) -> None:
    forget(stocked)
    forget(stocked, 4)
    acts: list[Callable[[], object]] = [
        lambda: contacts.amend(stocked.app, 1, reason="x", name="Ana"),
        lambda: contacts.register(stocked.app, 4, name="Davi"),
    ]
    for act in acts:
        with pytest.raises(Refused, match="was anonymised on") as refused:
            act()
        assert refused.value.rule == "contact_not_erased"
    # The client itself is operated as before.
    clients.deny(stocked.app, 1, "asked_to_leave")
    assert clients.get(stocked.app, 1).status == "denied"


def test_whoever_is_gone_can_still_be_anonymised(stocked: Desk, houses: Houses) -> None:
    stocked.load(clients=[*CLIENTS, replace(ANA, user_id=9)], day=THIRD, full=True)
    stocked.load(contacts=[*CONTACTS, Contact(9, NAME)], day=THIRD)
    stocked.load(clients=CLIENTS, day=THIRD, full=True, allow_deletions=True, again=True)
    assert 9 not in stocked.keys("clients")
    forget(stocked)
    forget(stocked, 9)
    assert traces(stocked, houses) == set()
    stocked.load(clients=[*CLIENTS, replace(ANA, user_id=9)], day=THIRD, full=True, again=True)
    path = stocked.write("more.csv", csv_text("contacts", [*CONTACTS, Contact(9, NAME)]), THIRD)
    stocked.load(path, day=THIRD)
    assert stocked.keys("contacts") == {1, 2, 3, 4, 5}
    with pytest.raises(NotFound):
        forget(stocked, 77)


def test_a_file_that_comes_in_meanwhile_is_refused(stocked: Desk, houses: Houses) -> None:
    path = stocked.write("late.csv", csv_text("contacts", [*CONTACTS, Contact(4)]), THIRD)
    staged: list[Staged] = []
    with houses.app(stocked.name) as officer:
        coming = threading.Thread(target=lambda: staged.extend(stocked.stage(path)))
        with officer.transaction():
            contacts.erase(officer, 1, "request 7")
            coming.start()
            waits_for_a_lock(stocked)
        coming.join()
    [late] = staged
    assert late.outcome == "refused"
    assert "a client was anonymised while it came in; stage it again" in str(late.problem)
    assert [
        one for one in stocked.settings.archive.iterdir() if one.name.endswith("late.csv")
    ] == []
    assert stocked.stage(path)[0].outcome == "staged"


def waits_for_a_lock(desk: Desk) -> None:
    """Return once some session of this database waits for another's lock."""
    while not desk.owner.value(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    ):
        pass


def test_nothing_happens_if_a_file_cannot_be_rewritten(
    stocked: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, __: Erasure) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(forgetting, "erase", full)
    before = sorted(path.name for path in stocked.settings.archive.iterdir())
    with pytest.raises(OSError, match="No space"):
        forget(stocked)
    assert stocked.contact(1)["name"] == NAME
    monkeypatch.undo()
    assert forget(stocked).files
    assert set(before) & {path.name for path in stocked.settings.archive.iterdir()} < set(before)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("user_id,name,email\n1,A,a@b.co\n2,B,b@b.co\n", "user_id,name,email\n1,,\n2,B,b@b.co\n"),
        ("user_id;name;email\n1;A;\n", "user_id;name;email\n1;;\n"),
        ("name,user_id,email,shoe\nA,01,x,43\n", "name,user_id,email,shoe\n,01,,\n"),
        ('user_id,name,email\n1,"A\nB",x\n2,C,\n', "user_id,name,email\n1,,\n\n2,C,\n"),
        ("user_id,name,email\n\n\n1,A,x\n", "user_id,name,email\n\n\n1,,\n"),
        ('user_id,name,email\n1,"A,x\n2,B,\n', "user_id,name,email\n1,,\n2,B,\n"),
        ("quarantine_id,reasons,user_id,name,email\n7,bad,1,A,x\n",
         "quarantine_id,reasons,user_id,name,email\n7,,1,,\n"),
        ("user_id,name,email\n1,A,x,y,z\n", "user_id,name,email\n1,,,,\n"),
        (f"user_id,name,email\n1,A,x\n{DIGITS},A,x\n", f"user_id,name,email\n1,,\n{DIGITS},A,x\n"),
        ('user_id,name,email\n"1","A\udcff,\nB",x\n2,é,x\n', "user_id,name,email\n1,,\n\n2,é,x\n"),
    ],
)  # fmt: skip
def test_a_line_keeps_its_key_and_its_number(tmp_path: Path, text: str, left: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, "utf-8", "surrogateescape")
    assert erase(path, Erasure({1}))
    assert path.read_text("utf-8", "surrogateescape") == left
    assert not erase(path, Erasure({1}))
    assert not erase(path, Erasure({3}, ["Zoe Zimmer"]))
    assert path.read_text("utf-8", "surrogateescape") == left


def test_files_of_others_and_keys_that_tell_of_the_person_go_too(
    desk: Desk, houses: Houses
) -> None:
    mapped = 'ids = "mapped"\nrange = [1, 9]\nlayouts.people = { kind = "contacts", columns = '
    shop = Shop(desk, mapped + '{ user_id = "id", name = "n", email = "m" }, constants = {} }\n')
    desk.load(clients=CLIENTS, source="shop")
    people = f"id;n;m;more\n{TAX_ID};{NAME};{EMAIL};{PHONE}\nb;Bruno;bruno@example.com;\n"
    shop.put("people.csv", people)
    shop.collect()
    shop.load()
    assert desk.contact(1)["name"] == NAME
    shop.put("people.csv", people + "c;Clara;clara@example.com;\n")
    shop.collect(NEXT)
    shop.put("people.csv", "")  # what the source itself holds is not ours to change
    done = forgetting.anonymise(desk.app, desk.settings, 1, "asked for it")
    assert any(name.endswith("people.csv") for name in done.files)
    assert traces(desk, houses) == set()
    shop.load(NEXT)
    shop.put("people.csv", people + "e;Eva;eva@example.com;\n")
    assert shop.collect(THIRD).taken == 1
    shop.load(THIRD)
    assert (desk.contact(1)["name"], desk.contact(4)["name"]) == (None, "Eva")
    shop.put("people.csv", "")
    assert traces(desk, houses) == set()
