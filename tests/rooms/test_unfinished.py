"""Files half made: swept away when their maker is dead, left alone while it lives."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cast import CLIENTS, CONTACTS, LOANS, csv_text

from loanbook.runs import forgetting
from loanbook.staging.unfinished import ARRIVING, ERASING, sweep, unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.desk import Desk

MAKER = """
import sys
from pathlib import Path
from loanbook.staging.unfinished import unfinished
with unfinished(Path(sys.argv[1]), sys.argv[2]) as made:
    made.file.write(b"half")
    made.file.flush()
    print(made.path.name, flush=True)
    sys.stdin.read()
    made.becomes(made.path.with_name("whole"))
"""


@contextmanager
def maker(folder: Path, prefix: str = ARRIVING) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that is making a file, until it is told that no more comes."""
    with subprocess.Popen(
        [sys.executable, "-c", MAKER, str(folder), prefix],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process, folder / process.stdout.readline().strip()
        finally:
            process.kill()


def leave_half(folder: Path, prefix: str = ARRIVING) -> Path:
    """A killed process leaves what it was making."""
    with maker(folder, prefix) as (process, path):
        process.kill()
        process.wait()
    assert path.read_bytes() == b"half"
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("prefix", [ARRIVING, ERASING])
def test_what_a_process_is_making_stays_until_it_is_killed(tmp_path: Path, prefix: str) -> None:
    with maker(tmp_path, prefix) as (process, path):
        sweep(tmp_path)
        assert path.read_bytes() == b"half"
        process.kill()
        process.wait()
        assert path.exists()
        sweep(tmp_path)
        assert names(tmp_path) == set()


def test_what_a_process_goes_on_making_becomes_whole(tmp_path: Path) -> None:
    with maker(tmp_path) as (process, _):
        sweep(tmp_path)
        process.communicate("")
        assert process.returncode == 0
    sweep(tmp_path)
    assert names(tmp_path) == {"whole"}


def test_many_are_made_while_others_sweep(tmp_path: Path, soak: bool) -> None:
    """A sweep may meet a file between its making and its lock."""
    done = threading.Event()

    def sweeps() -> None:
        while not done.is_set():
            sweep(tmp_path)

    sweepers = [threading.Thread(target=sweeps) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    wanted = {str(number) for number in range(20_000 if soak else 500)}
    try:
        for name in wanted:
            with unfinished(tmp_path, ARRIVING) as made:
                made.file.write(name.encode())
                made.becomes(tmp_path / name)
    finally:
        done.set()
        for sweeper in sweepers:
            sweeper.join()
    assert {path.name: path.read_text("ascii") for path in tmp_path.iterdir()} == {
        name: name for name in wanted
    }


def test_a_name_outlives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the bytes are flushed, and the folder when it holds the name."""
    flushed: list[tuple[str, set[str]]] = []
    flush = os.fsync

    def noted(handle: int) -> None:
        flushed.append((str(Path(f"/proc/self/fd/{handle}").readlink()), names(tmp_path)))
        flush(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with unfinished(tmp_path, ARRIVING) as made:
        made.file.write(b"all of it")
        made.becomes(tmp_path / "whole")
    assert flushed == [(str(made.path), {made.path.name}), (str(tmp_path), {"whole"})]


def test_what_is_given_no_name_goes_at_once(tmp_path: Path) -> None:
    with unfinished(tmp_path, ERASING) as made:
        assert made.path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == set()
    with pytest.raises(ZeroDivisionError), unfinished(tmp_path, ERASING) as made:
        made.path.write_bytes(bytes([1 // 0]))
    assert names(tmp_path) == set()


def test_only_files_that_are_made_here_are_swept(tmp_path: Path) -> None:
    beyond = tmp_path / "beyond"
    beyond.write_bytes(b"of somebody")
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / ".arriving-a_link").symlink_to(beyond)
    (folder / ".arriving-dangling").symlink_to("nowhere")
    (folder / ".arriving-folder").mkdir()
    os.mkfifo(folder / ".arriving-pipe")
    for name in (".arriving-file.csv", ".arriving-", "0123-.arriving-x", ".arriving", "arriving-x"):
        (folder / name).write_bytes(b"x")
    before = names(folder)
    leave_half(folder)
    sweep(folder)
    assert names(folder) == before
    assert beyond.read_bytes() == b"of somebody"
    sweep(tmp_path / "nowhere")
    sweep(beyond)


def test_a_link_to_the_folder_is_followed_as_by_whoever_writes_there(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "archive").symlink_to("disk")
    leave_half(tmp_path / "archive")
    sweep(tmp_path / "archive")
    assert names(tmp_path / "disk") == set()


def test_without_locks_files_are_made_and_none_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = leave_half(tmp_path)

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with unfinished(tmp_path, ARRIVING) as made:
        sweep(tmp_path)
        made.file.write(b"all of it")
        made.becomes(tmp_path / "whole")
    assert names(tmp_path) == {left.name, "whole"}
    assert (tmp_path / "whole").read_bytes() == b"all of it"


def test_the_next_stage_clears_the_archive(desk: Desk) -> None:
    desk.load(clients=CLIENTS)
    archive = desk.settings.archive
    left = {leave_half(archive), leave_half(archive, ERASING)}
    with maker(archive) as (_, made):
        [done] = desk.stage(desk.write("clients.csv", csv_text("clients", CLIENTS[:2])))
        assert done.outcome == "staged"
        assert made.exists()
        assert not any(path.exists() for path in left)


def test_what_a_killed_erasure_left_beside_files_goes_with_the_next(desk: Desk) -> None:
    desk.load(clients=CLIENTS, contacts=CONTACTS, loans=LOANS)
    folder = desk.write("more.csv", csv_text("contacts", CONTACTS)).parent
    left = [leave_half(place, ERASING) for place in (folder, folder.parent, desk.settings.archive)]
    forgetting.anonymise(desk.app, desk.settings, 1, "request 7")
    assert not any(path.exists() for path in left)
