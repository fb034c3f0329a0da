"""What the database reports becomes one of Loanbook's own errors, in this one place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from loanbook import sql
from loanbook.database.shortage import NO_ROOM
from loanbook.errors import (
    ConnectionLost,
    Contended,
    Crowded,
    DatabaseError,
    DataRefused,
    DiskFull,
    KeyReused,
    LoanbookError,
    NotFound,
    NotInstalled,
    Refused,
    RightMissing,
    SourceOwned,
    StaleVersion,
    TookTooLong,
    Unreachable,
)

_OWN = {
    "LB403": SourceOwned,
    "LB404": NotFound,
    "LB409": StaleVersion,
    "LB410": KeyReused,
}
_MEANINGS: tuple[tuple[tuple[type[psycopg.Error], ...], type[DatabaseError]], ...] = (
    ((pg.DeadlockDetected, pg.SerializationFailure, pg.LockNotAvailable), Contended),
    ((pg.QueryCanceled,), TookTooLong),
    ((pg.DiskFull,), DiskFull),
    ((pg.InsufficientPrivilege,), RightMissing),
)
TAKEN = re.compile("too many (?:clients|connections)|connection slots are reserved")
_ABSENT = (pg.UndefinedTable, pg.UndefinedFunction, pg.InvalidSchemaName, pg.UndefinedColumn)


def translate(error: psycopg.Error, place: str) -> LoanbookError:
    """The error of ours that says what the driver's error means.

    Args:
        error: what the driver raised.
        place: the server, for the message; holds no password.
    """
    sentence = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    rule = error.diag.constraint_name or ""
    state = error.sqlstate or ""
    if state.startswith("LB"):
        return _OWN.get(state, Refused)(sentence=sentence, rule=rule)
    if isinstance(error, psycopg.IntegrityError):
        told = sql.rules().get(rule) or f"The rule {rule} forbids this: {sentence}."
        return Refused(sentence=told, rule=rule)
    if isinstance(error, _ABSENT):
        return NotInstalled(place=place)
    return _failure(error, state)(problem=sentence)


def _failure(error: psycopg.Error, state: str) -> type[DatabaseError]:
    """What went wrong beside the book: each class tells of a problem."""
    for kinds, meaning in _MEANINGS:
        if isinstance(error, kinds):
            return meaning
    if NO_ROOM.search(str(error)):
        return DiskFull
    if isinstance(error, psycopg.DataError):
        return DataRefused
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and (
        not state or state.startswith(("08", "57P"))
    ):
        return ConnectionLost
    return DatabaseError


def not_let_in(problem: str) -> type[DatabaseError]:
    """What it means that no session began: libpq tells no code of that, only words."""
    if TAKEN.search(problem):
        return Crowded
    return DiskFull if NO_ROOM.search(problem) else Unreachable


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Let no error of the driver leave this room."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, place) from error
