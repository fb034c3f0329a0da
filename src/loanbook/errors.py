"""Everything Loanbook may refuse or fail at, as one tree.

The docstring of a class is its message: the facts given to the class are filled in where it
names them, so that a person reads one sentence that says what happened and what to do.
A door (command line, web) maps a class to an exit code or a status; nothing here knows doors.

    LoanbookError
    ├── UsageError                 the request itself cannot be understood
    │   ├── UnknownPath
    │   ├── BadSetting
    │   ├── BadDate
    │   ├── BadWeek
    │   └── UnknownQuestion
    ├── DatabaseError              the server, not the book
    │   ├── Unreachable
    │   ├── Crowded
    │   ├── TooOld
    │   ├── NotInstalled
    │   ├── RightMissing
    │   ├── InstallBlocked
    │   ├── MigrationChanged
    │   ├── ServerFailed
    │   ├── ServerInUse
    │   ├── OtherMajorVersion
    │   ├── ConnectionLost
    │   ├── DiskFull
    │   ├── Contended
    │   ├── TookTooLong
    │   ├── DataRefused
    │   ├── ToolMissing
    │   ├── ToolFailed
    │   ├── MayNotCreate
    │   ├── BookInUse
    │   └── UpkeepBusy
    ├── Refused                    a rule of the book says no
    │   ├── NotFound
    │   ├── StaleVersion
    │   ├── KeyReused
    │   └── SourceOwned
    ├── FileRefused                a file cannot be taken as it is
    │   ├── EmptyFile
    │   ├── UnknownHeader
    │   ├── MissingColumn
    │   ├── RepeatedColumn
    │   ├── Unreadable
    │   ├── BeyondBounds
    │   └── TwoFullFiles
    ├── SourceError                a source does not give what it should
    │   ├── SourceUnavailable
    │   ├── SourceDenied
    │   ├── SourceUntrusted
    │   │   └── SourceStrays
    │   ├── OfferGone
    │   ├── UnknownSource
    │   └── FormatRefused
    ├── BatchRefused
    ├── RunClaimed
    ├── NoSuchRun
    ├── NothingToResume
    ├── DayStopped
    ├── DayUnsound
    ├── NoBusinessDate
    ├── NobodyToTell
    ├── BeyondBook
    ├── ArchiveUnwritable
    ├── LakeError                  a snapshot cannot be written or trusted
    │   ├── NoSnapshot
    │   ├── UnfinishedSnapshot
    │   ├── DamagedSnapshot
    │   └── LakeUnwritable
    ├── ReportUnwritable
    ├── LetterError                a letter cannot be written, or its link is not ours
    │   ├── LetterUnwritable
    │   ├── LetterTextUnusable
    │   ├── LetterKeysUnusable
    │   └── OptOutRefused
    ├── BackupError                a backup cannot be made, trusted or put back
    │   ├── BackupExists
    │   ├── BackupUnreadable
    │   ├── BackupNewer
    │   ├── CopyDiffers
    │   └── BookHoldsRows
    ├── CarrierError               letters cannot travel by the chosen way
    │   ├── CarrierUnavailable
    │   └── SessionLost
    └── MissingExtra
"""

from __future__ import annotations

import inspect
from typing import Any


class LoanbookError(Exception):
    """Loanbook could not do what was asked."""

    def __init__(self, **facts: object) -> None:
        super().__init__()
        self.facts = facts

    def __str__(self) -> str:
        return " ".join(inspect.cleandoc(type(self).__doc__ or "").split()).format(**self.facts)


class UsageError(LoanbookError):
    """{problem}"""


class UnknownPath(UsageError):
    """There is no file or folder {path}; name one that exists."""


class BadSetting(UsageError):
    """The setting {key} in {file} is not usable: {problem}."""


class BadDate(UsageError):
    """{value} is not a date; write it as YYYY-MM-DD."""


class BadWeek(UsageError):
    """{value} is not a week; write it as YYYY-Www, like 2024-W03."""


class UnknownQuestion(UsageError):
    """There is no question {name}: {hint}"""


class DatabaseError(LoanbookError):
    """The database reported: {problem}"""


class Unreachable(DatabaseError):
    """No PostgreSQL answers at {place} ({problem}); check that it runs and that DATABASE_URL
    is right.
    """


class Crowded(DatabaseError):
    """The database at {place} lets nobody else in just now ({problem}); nothing was done: run the
    same command again when others have left, or allow more connections there.
    """


class TooOld(DatabaseError):
    """The server at {place} is PostgreSQL {version}; Loanbook needs 16 or newer."""


class NotInstalled(DatabaseError):
    """The database at {place} holds no book of this release; run `loanbook install` first."""


class RightMissing(DatabaseError):
    """The role of this connection may not do that ({problem}); `loanbook install` gives each role
    its rights.
    """


class InstallBlocked(DatabaseError):
    """The upgrade would have to drop something that an object outside Loanbook depends on:
    {problem}; drop or move that object, then install again.
    """


class MigrationChanged(DatabaseError):
    """The migration {name} differs from what this database once took; migrations are never
    changed, so install the release that the database knows.
    """


class ServerFailed(DatabaseError):
    """The embedded PostgreSQL in {place} could not {action}: {problem}"""


class ServerInUse(DatabaseError):
    """The embedded PostgreSQL in {place} is still used by {users}; end that first."""


class OtherMajorVersion(DatabaseError):
    """The workspace {place} was made by PostgreSQL {found}, but PostgreSQL {wanted} was asked
    for; set LOANBOOK_POSTGRES={found}, or move it to {wanted} by `loanbook upgrade`.
    """


class ConnectionLost(DatabaseError):
    """The connection to the database was lost in mid-work ({problem}); nothing was half done:
    run the same command again.
    """


class DiskFull(DatabaseError):
    """The disk of the database is full ({problem}); nothing was half done: make room there, then
    run the same command again.
    """


class Contended(DatabaseError):
    """Others were changing the same rows all the while ({problem}); nothing was done: run the same
    command again.
    """


class TookTooLong(DatabaseError):
    """It took too long and was given up ({problem}); run the same command again, or allow more time
    by step_timeout in loanbook.toml.
    """


class DataRefused(DatabaseError):
    """The database cannot hold a value: {problem}"""


class ToolMissing(DatabaseError):
    """No {tool} for PostgreSQL {version} is here; install the client programs of that version."""


class ToolFailed(DatabaseError):
    """{tool} could not do its work ({problem}); nothing was changed."""


class MayNotCreate(DatabaseError):
    """The role at {place} may not create databases, which this needs: grant createdb."""


class BookInUse(DatabaseError):
    """Others are connected to {place}; nothing was changed; end their sessions first."""


class UpkeepBusy(DatabaseError):
    """Another process is making or restoring a backup of {place}; wait for it to end."""


class Refused(LoanbookError):
    """{sentence}"""

    @property
    def rule(self) -> str:
        """The name of the constraint or rule that refused."""
        return str(self.facts.get("rule", ""))


class NotFound(Refused):
    """{sentence}"""


class StaleVersion(Refused):
    """{sentence}"""


class KeyReused(Refused):
    """{sentence}"""


class SourceOwned(Refused):
    """{sentence}"""


class FileRefused(LoanbookError):
    """The file {file} was refused: {problem}."""


class EmptyFile(FileRefused):
    """The file {file} was refused: it is empty; even a file without rows needs its header."""


class UnknownHeader(FileRefused):
    """The file {file} was refused: its header ({header}) is neither that of clients, loans nor
    contacts.
    """


class MissingColumn(FileRefused):
    """The file {file} was refused: it looks like {kind} but lacks the required {columns};
    add what is missing to its header and rows, then stage it again.
    """


class RepeatedColumn(FileRefused):
    """The file {file} was refused: its header names {columns} more than once."""


class Unreadable(FileRefused):
    """The file {file} was refused: it cannot be read ({problem})."""


class BeyondBounds(FileRefused):
    """The file {file} was refused: {problem}; if it is meant to be so, raise that key of [files] in
    loanbook.toml.
    """


class TwoFullFiles(FileRefused):
    """The file {file} was refused: {other} is a full file of {kind} for the same day
    ({business_date}) too, and only one of them can be the whole truth; remove one.
    """


class SourceError(LoanbookError):
    """Source {source}: {problem}."""


class SourceUnavailable(SourceError):
    """Source {source} cannot be reached now: {problem}. What is missing is fetched next time."""


class SourceDenied(SourceError):
    """Source {source} does not let us in: {problem}. Look at the user and at where the password or
    key is read from.
    """


class SourceUntrusted(SourceError):
    """Source {source} cannot prove who it is, so nothing was sent to it: {problem}."""


class SourceStrays(SourceUntrusted):
    """Source {source} leads to where nobody asked for, so nothing was fetched there: {problem}."""


class OfferGone(SourceError):
    """{name} of source {source} is gone, or changed while it was fetched: {problem}."""


class UnknownSource(SourceError):
    """There is no source {source}; loanbook.toml has {known}."""


class FormatRefused(SourceError):
    """{file} cannot be read as {format}: {problem}."""


class BatchRefused(LoanbookError):
    """Batch {batch_id} ({file}) was refused whole and the mart is untouched: {problem}"""


class RunClaimed(LoanbookError):
    """{who} is doing the run{day}; wait for its end with --wait, or look at it with
    `loanbook runs show`.
    """


class NoSuchRun(LoanbookError):
    """There was no run{day}; `loanbook runs list` shows which there were."""


class NothingToResume(LoanbookError):
    """There is nothing to go on with: the latest day that was begun is done."""


class DayStopped(LoanbookError):
    """It was asked to stop before {step}; what is done stays done, and the next attempt goes on."""


class DayUnsound(LoanbookError):
    """The run of {day} failed: {problem}"""


class NoBusinessDate(LoanbookError):
    """The book has no business date yet, because no run was accepted; do `loanbook run`, or name
    the day with --as-of.
    """


class NobodyToTell(LoanbookError):
    """Nobody is named as reader of the weekly summary; write summary = ["name@your.domain"] into
    the table [team] of loanbook.toml.
    """


class BeyondBook(LoanbookError):
    """The book stands at {business_date} and knows nothing of {as_of}; a snapshot is of that day or
    an earlier one.
    """


class ArchiveUnwritable(LoanbookError):
    """The archive {place} cannot be written ({problem}); without a copy no file is taken in."""


class LakeError(LoanbookError):
    """The lake {place} cannot be used: {problem}"""


class NoSnapshot(LakeError):
    """There is no snapshot {wanted} in {place}; `loanbook snapshot` writes one."""


class UnfinishedSnapshot(LakeError):
    """The snapshot of {as_of} in {place} is half-written: it has no manifest, which comes last;
    run `loanbook snapshot --as-of {as_of}` again.
    """


class DamagedSnapshot(LakeError):
    """The snapshot of {as_of} in {place} cannot be trusted: {problem}; run
    `loanbook snapshot --as-of {as_of}` again.
    """


class LakeUnwritable(LakeError):
    """The lake {place} cannot be written ({problem})."""


class ReportUnwritable(LoanbookError):
    """The report cannot be written into {place} ({problem}); name another folder with --output."""


class LetterError(LoanbookError):
    """A letter could not be written."""


class LetterUnwritable(LetterError):
    """Letter {letter_id} cannot be written: {problem}."""


class LetterTextUnusable(LetterError):
    """The text {name} of letters cannot be used: {problem}."""


class LetterKeysUnusable(LetterError):
    """The keys of links in letters cannot be used ({place}): {problem}."""


class OptOutRefused(LetterError):
    """The link was not made here, or is not whole; open it from the letter once more."""


class BackupError(LoanbookError):
    """The backup {file} cannot be used: {problem}."""


class BackupExists(BackupError):
    """There is a file {file} already; a backup overwrites nothing, so name another one."""


class BackupUnreadable(BackupError):
    """The file {file} is no whole backup of Loanbook: {problem}."""


class BackupNewer(BackupError):
    """The backup {file} was made by {made_by}, which is newer than what is here ({here})."""


class CopyDiffers(BackupError):
    """The copy of the book is not equal to the book, so it is not used: {problem}."""


class BookHoldsRows(BackupError):
    """The book at {place} holds {rows} rows; restore into another workspace with --home, or say
    --overwrite to lose them.
    """


class CarrierError(LoanbookError):
    """Letters cannot travel by {carrier}: {problem}."""


class CarrierUnavailable(CarrierError):
    """Letters cannot travel by {carrier} now ({problem}); those not yet sent wait in the queue."""


class SessionLost(CarrierError):
    """The session with {carrier} is lost ({problem})."""

    @property
    def fate(self) -> Any:  # noqa: ANN401 -- of a floor above: outbox.letter.Fate
        """What became of the message that was being sent."""
        return self.facts["fate"]


class MissingExtra(LoanbookError):
    """This needs the package {package}; install it with `pip install loanbook[{extra}]`."""
