"""A load that lacks something says so in one sentence, half-does nothing, and is done again."""

from __future__ import annotations

import random
import re
import resource
import subprocess
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.acceptance.test_killed_loads import (
    RESTART,
    assert_made_whole,
    assert_told,
    killed,
    told,
    undisturbed,
)
from tests.crew import held
from tests.days import CLIENTS
from tests.loads import Ended, Load, Yard

from loanbook.errors import ConnectionLost, Crowded, DiskFull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loanbook.database.connection import Database

ROOM = 400  # MB of a disk that holds a small book
LEFT = (0, 256, 2048)  # KB of it that are left
SMALL = 20_000  # bytes: one of the files is larger
FULL = re.compile(
    r"Error: The disk of the database is full \(.+\); nothing was half done: make room there, then"
    r" run the same command again\."
)
# A server that cannot write its log dies, and starts again as soon as there is room.
NO_ROOM = re.compile(
    f"{FULL.pattern}|Error: The connection to the database was lost .* run the same command again"
)
SOON = 60.0  # seconds that a command may take on a machine that has much else to do
TINY = 1 << 16  # bytes: what the server writes ahead is longer
# More than there is room for, all of it written ahead: the server dies, and needs some to recover.
SPEAK_AT_LENGTH = """
do $$
begin
    for i in 1..500 loop
        perform pg_logical_emit_message(true, 'test', repeat('x', 1000000));
        commit;
    end loop;
end
$$
"""
AMEND = "select api.amend_client(%(key)s, 'a visit', %(limit)s, null, null, null)"


class Scene:
    """A yard and what its days come to when nothing disturbs them."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.whole, self.lengths = undisturbed(yard)

    def fails(self, *words: str, day: int = 1, largest: int | None = None) -> None:
        """The load of a day ends with one sentence that has all these words in it."""
        ended = self.yard.load(day, largest=largest).ends()
        errors = [line for line in ended.said.splitlines() if line.startswith("Error: ")]
        assert (ended.code, len(errors)) == (1, 1), ended
        assert "Traceback" not in ended.said
        for word in words:
            assert word in errors[0]

    def is_made_whole(self, day: int = 1) -> None:
        """The next load ends well and like one that was left alone."""
        assert_made_whole(self.yard, day, self.whole[day])


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Yard.at(tmp_path_factory.mktemp("scarce")) as yard:
        yield Scene(yard)


@pytest.fixture
def scene(quiet: Scene) -> Scene:
    """The eve of the second day."""
    quiet.yard.put_back(1)
    return quiet


# No room


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """The folder of a server in `tmp_path`, as a disk of its own if that is allowed here."""
    folder = tmp_path / "home" / "server"
    folder.mkdir(parents=True, mode=0o700)
    options = f"size={ROOM}m,mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)],  # noqa: S607
        capture_output=True, check=False,
    )  # fmt: skip
    yield None if done.returncode else folder
    if not done.returncode:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


@contextmanager
def full_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """So many KB are left on a disk, no more."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
    size = filler.stat().st_size
    with filler.open("r+b") as file:
        file.truncate(max(size - kilobytes * 1024, 0))
    yield
    filler.unlink()


@contextmanager
def short_files(yard: Yard, kilobytes: int) -> Iterator[None]:
    """Sessions that begin now may write no file beyond so many KB."""
    pid = yard.server_pid()
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    limit = (kilobytes + 8) * 1024
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, before[1]))
    yield
    with suppress(FileNotFoundError, ProcessLookupError):  # it has died, and is started anew
        if yard.server_pid() == pid:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("way", ["disk", "limit"])
def test_a_server_without_room_takes_the_load_later(
    small_disk: Path | None,
    tmp_path: Path,
    way: str,
    record_property: Callable[[str, object], None],
) -> None:
    """Where no disk may be mounted, both ways are limits to the size of files."""
    by_disk = way == "disk" and small_disk is not None
    with Yard.at(tmp_path, days=1) as yard:
        whole = whole_first_day(yard)
        refused = 0
        for kilobytes in LEFT:
            yard.put_back(0)
            with (
                full_disk(small_disk, kilobytes)
                if by_disk and small_disk
                else short_files(yard, kilobytes)
            ):
                ended = yard.load(0).ends()
            assert ended.code in {0, 1}, ended
            errors = [line for line in ended.said.splitlines() if line.startswith("Error: ")]
            assert len(errors) == ended.code, ended
            assert all(NO_ROOM.search(error) for error in errors), ended
            refused += ended.code
            assert_made_whole(yard, 0, whole)
        assert refused
        record_property(f"refused of {len(LEFT)} by {'disk' if by_disk else 'limit'}", refused)


@pytest.mark.parametrize("kilobytes", [0, 2048])
def test_a_server_that_finds_no_room_to_recover_is_not_started_for_ever(
    small_disk: Path | None, tmp_path: Path, kilobytes: int
) -> None:
    """Where no disk may be mounted, the files of those who start the server may not grow."""
    with Yard.at(tmp_path, days=1) as yard:
        whole = whole_first_day(yard)
        yard.put_back(0)
        with yard.owner():
            pass  # the file that a first session writes is there
        with full_disk(small_disk, kilobytes) if small_disk else short_files(yard, kilobytes):
            with pytest.raises((ConnectionLost, DiskFull)), yard.owner() as owner:
                owner.run(SPEAK_AT_LENGTH)
            for _ in range(2):
                ended = soon(yard.start(("status",), largest=None if small_disk else TINY))
                assert ended.code == 1, ended
                assert FULL.fullmatch(ended.said.strip()), ended
        assert_made_whole(yard, 0, whole)


def soon(load: Load) -> Ended:
    """The end of a command that does not hang."""
    hangs = load.runs(SOON)
    load.process.kill()
    assert not hangs
    return load.ends()


def whole_first_day(yard: Yard) -> dict[str, Any]:
    yard.put_back(0)
    assert yard.load(0).ends().code == 0
    return told(yard)


def test_a_workspace_without_room_takes_the_load_later(scene: Scene) -> None:
    scene.fails("The archive", "cannot be written", "no file is taken in", largest=SMALL)
    with scene.yard.owner() as owner:
        assert owner.value("select count(*) from api.batches where state <> 'accepted'") == 0
    assert not list((scene.yard.home / "archive").glob(".arriving*"))
    scene.is_made_whole()


# No way in, no time


def test_a_database_that_lets_nobody_in_is_asked_later(scene: Scene) -> None:
    with scene.yard.owner("postgres") as owner:
        owner.run("alter database loanbook connection limit 0")
        try:
            scene.fails("lets nobody else in", "run the same command again when others have left")
        finally:
            owner.run("alter database loanbook connection limit -1")
    scene.is_made_whole()


def test_a_server_whose_places_are_all_taken_is_asked_later(scene: Scene) -> None:
    with ExitStack() as others:
        with pytest.raises(Crowded):
            fill(scene.yard, others)
        scene.fails("lets nobody else in", "run the same command again when others have left")
    scene.is_made_whole()


def fill(yard: Yard, others: ExitStack) -> None:
    """Others come in as long as they are let in."""
    while True:
        others.enter_context(yard.app())


@pytest.fixture
def with_limit(scene: Scene) -> Iterator[Callable[[str], None]]:
    """The application's sessions from now on have a setting, until the test ends."""

    def settle(statement: Any) -> None:  # noqa: ANN401 -- a text of the test's own
        with scene.yard.owner("postgres") as owner:
            owner.run(statement)

    yield settle
    settle("alter role loanbook_app reset all")


@pytest.mark.parametrize("milliseconds", [1, 15, 40])
def test_a_statement_that_took_too_long_is_given_up_whole(
    scene: Scene, with_limit: Callable[[str], None], milliseconds: int
) -> None:
    with_limit(f"alter role loanbook_app set statement_timeout = {milliseconds}")
    ended = scene.yard.load(1).ends()
    assert ended.code in {0, 1}
    assert ended.code == 0 or "It took too long and was given up" in ended.said
    assert milliseconds > 1 or ended.code == 1
    with_limit("alter role loanbook_app reset all")
    scene.is_made_whole()


@pytest.mark.parametrize("kind", ["clients", "contacts", "loans"])
def test_a_lock_that_was_not_given_in_time_is_waited_for_later(
    scene: Scene, with_limit: Callable[[str], None], kind: str
) -> None:
    with_limit("alter role loanbook_app set lock_timeout = 50")
    with scene.yard.owner() as owner, held(owner, LOCKS[kind]):
        scene.fails("Others were changing the same rows", "run the same command again")
    with_limit("alter role loanbook_app reset all")
    scene.is_made_whole()


LOCKS: dict[str, Any] = {
    kind: f"lock table dm.{kind} in access exclusive mode"
    for kind in ("clients", "contacts", "loans")
}


# Somebody else is at it


def test_a_server_that_is_restarted_takes_the_load_again(
    quiet: Scene, soak: bool, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(13)
    met = 0
    for round_ in range(100 if soak else 3):
        day = round_ % 2
        quiet.yard.put_back(day)
        moment = chance.uniform(0.2, 1) * quiet.lengths[day]
        phase, ended = killed(quiet.yard, day, RESTART, moment)
        met += phase is not None
        assert_told(ended)
        quiet.is_made_whole(day)
    assert met
    record_property("restarts", met)


def test_two_loads_at_once_take_each_file_once_and_both_end_well(quiet: Scene, soak: bool) -> None:
    for round_ in range(50 if soak else 2):
        day = round_ % 2
        quiet.yard.put_back(day)
        loads = [quiet.yard.load(day), quiet.yard.load(day)]
        both = [load.ends() for load in loads]
        assert [ended.code for ended in both] == [0, 0], both
        quiet.is_made_whole(day)


def test_amendments_beside_a_load_are_not_lost(scene: Scene) -> None:
    load = scene.yard.load(1)
    amended: dict[int, int] = {}
    keys = steady(scene)
    over = threading.Event()

    def amend() -> None:
        with scene.yard.app("officer") as officer:
            for place, key in enumerate(keys):
                if over.is_set() and amended:
                    break
                with officer.transaction():
                    officer.value(AMEND, key=key, limit=50_000 + place)
                amended[key] = 50_000 + place

    officer = threading.Thread(target=amend)
    officer.start()
    ended = load.ends()
    over.set()
    officer.join()
    assert ended.code == 0, ended
    expected = [
        row | {"credit_limit": amended.get(row["user_id"], row["credit_limit"])}
        for row in scene.whole[1]["clients"]
    ]
    with scene.yard.owner() as owner:
        assert owner.rows(CLIENTS) == expected
        assert amendments(owner) == len(amended)
    left = told(scene.yard)
    for name in ("loans", "contacts", "payments", "batches", "quarantine"):
        assert left[name] == scene.whole[1][name], name


def steady(scene: Scene) -> list[int]:
    """The clients of whom the second day says what the first had said, and no limit of ours."""
    first, second = ({r["user_id"]: r for r in whole["clients"]} for whole in scene.whole)
    return [key for key, row in first.items() if second.get(key) == row]


def amendments(owner: Database) -> int:
    return int(owner.value("select count(*) from audit.statements where actor = 'officer'"))
