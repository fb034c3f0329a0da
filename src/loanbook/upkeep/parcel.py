"""A backup as a file: a tar archive of a manifest, the settings and the dump.

manifest.json    what the book held, and the digest of the dump
loanbook.toml    settings of the workspace, if it had any
book.dump        for pg_restore, should nothing else be at hand
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loanbook.database import locks
from loanbook.errors import BackupExists, BackupUnreadable
from loanbook.upkeep.inventory import Inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST, TOML, DUMP = "manifest.json", "loanbook.toml", "book.dump"
LOCK = "lock"
FORMAT = 1
ATTEMPT = ".loanbook-backup-"  # how the folder of an unfinished backup begins


@dataclass(frozen=True, slots=True)
class Archived:
    """A copy in the archive folder.

    Attributes:
        name: its name there.
        digest: SHA-256 of its bytes.
    """

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    Attributes:
        release: of Loanbook.
        made_at: by the clock of the database.
        digest: SHA-256 of the dump.
        inventory: what the book held.
        archive: the copies of files that the book counts on.
    """

    release: str
    made_at: str
    digest: str
    inventory: Inventory
    archive: tuple[Archived, ...]


@contextmanager
def attempt(beside: Path) -> Iterator[Path]:
    """A private folder beside a file to be; it vanishes, and so do those of killed processes."""
    beside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in beside.parent.glob(f"{ATTEMPT}*"):
        _remove_if_dead(left)
    folder = Path(tempfile.mkdtemp(prefix=ATTEMPT, dir=beside.parent))
    lock = locks.shared(folder / LOCK)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def pack(folder: Path, manifest: Manifest, toml: Path, target: Path) -> None:
    """Make a parcel of the dump in a folder; the target appears whole, by one step.

    Raises:
        BackupExists: the target is there already.
    """
    told = {"format": FORMAT, **asdict(manifest)}
    (folder / MANIFEST).write_text(json.dumps(told, indent=1), "utf-8")
    made = folder / "parcel"
    with (
        os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        tarfile.open(fileobj=file, mode="w") as tar,
    ):
        tar.add(folder / MANIFEST, MANIFEST)
        if toml.is_file():
            tar.add(toml, TOML)
        tar.add(folder / DUMP, DUMP)
        tar.close()
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, target)  # unlike a rename it replaces nothing
    except FileExistsError as error:
        raise BackupExists(file=target) from error
    _sync(target.parent)


def unpack(file: Path, folder: Path) -> Manifest:
    """Take a parcel apart into a folder, once its dump is known to be whole.

    Raises:
        BackupUnreadable: it is no backup, or not a whole one.
    """
    try:
        with tarfile.open(file, mode="r:") as tar:
            for name in (MANIFEST, TOML, DUMP):
                with suppress(KeyError):
                    _extract(tar, name, folder)
        told = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest = _manifest(told, file)
        whole = digest_of(folder / DUMP) == manifest.digest
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise BackupUnreadable(file=file, problem=str(error) or "it ends too early") from error
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        problem = "it does not exist" if missing == file.name else f"it lacks {missing}"
        raise BackupUnreadable(file=file, problem=problem) from error
    if not whole:
        raise BackupUnreadable(file=file, problem="its dump is damaged")
    return manifest


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(told: dict[str, Any], file: Path) -> Manifest:
    if told.pop("format") != FORMAT:
        raise BackupUnreadable(file=file, problem="a newer release of Loanbook made it")
    told["inventory"] = Inventory.from_json(told["inventory"])
    told["archive"] = tuple(Archived(**one) for one in told["archive"])
    return Manifest(**told)


def _extract(tar: tarfile.TarFile, name: str, folder: Path) -> None:
    content = tar.extractfile(name)
    if content is None:
        raise KeyError(name)
    with content, (folder / name).open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)


def _remove_if_dead(folder: Path) -> None:
    with suppress(FileNotFoundError):
        lock = locks.exclusive_now(folder / LOCK)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
