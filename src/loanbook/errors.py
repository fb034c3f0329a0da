"""Everything Loanbook may refuse or fail at, as one tree.

The docstring of a class is its message: the facts given to the class are filled in where it
names them, so that a person reads one sentence that says what happened and what to do.
A door (command line, web) maps a class to an exit code or a status; nothing here knows doors.

    LoanbookError
    ├── UsageError                 the request itself cannot be understood
    │   ├── UnknownPath
    │   ├── BadSetting
    │   └── BadDate
    ├── DatabaseError              the server, not the book
    │   ├── Unreachable
    │   ├── TooOld
    │   ├── NotInstalled
    │   ├── InstallBlocked
    │   ├── MigrationChanged
    │   ├── ServerFailed
    │   ├── ServerInUse
    │   ├── OtherMajorVersion
    │   ├── ConnectionLost
    │   └── DataRefused
    ├── Refused                    a rule of the book says no
    │   ├── NotFound
    │   └── StaleVersion
    ├── FileRefused                a file cannot be taken as it is
    │   ├── EmptyFile
    │   ├── UnknownHeader
    │   ├── MissingColumn
    │   ├── RepeatedColumn
    │   ├── Unreadable
    │   └── TwoFullFiles
    ├── BatchRefused
    └── MissingExtra
"""

from __future__ import annotations

import inspect


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


class DatabaseError(LoanbookError):
    """The database reported: {problem}"""


class Unreachable(DatabaseError):
    """No PostgreSQL answers at {place} ({problem}); check that it runs and that DATABASE_URL
    is right.
    """


class TooOld(DatabaseError):
    """The server at {place} is PostgreSQL {version}; Loanbook needs 16 or newer."""


class NotInstalled(DatabaseError):
    """The database at {place} holds no book of this release; run `loanbook install` first."""


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
    for; set LOANBOOK_POSTGRES={found} or use another workspace.
    """


class ConnectionLost(DatabaseError):
    """The connection to the database was lost in mid-work ({problem}); nothing was half done:
    run the same command again.
    """


class DataRefused(DatabaseError):
    """The database cannot hold a value: {problem}"""


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


class TwoFullFiles(FileRefused):
    """The file {file} was refused: {other} is a full file of {kind} for the same day
    ({business_date}) too, and only one of them can be the whole truth; remove one.
    """


class BatchRefused(LoanbookError):
    """Batch {batch_id} ({file}) was refused whole and the mart is untouched: {problem}"""


class MissingExtra(LoanbookError):
    """This needs the package {package}; install it with `pip install loanbook[{extra}]`."""
