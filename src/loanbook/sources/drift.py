"""Drift: a file that differs from the ones before it, in its columns or in how much there is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

MISSING, NEW = "source_columns_missing", "source_columns_new"
EMPTY, COUNT = "source_column_empty", "source_count_unusual"
RULES = (MISSING, NEW, EMPTY, COUNT)
ENOUGH = 5  # files from which on one knows what is usual
FEW = 20  # rows in which a column may be blank by chance
FAR = 3  # times as many or as few rows as usual


@dataclass(frozen=True, slots=True)
class Profile:
    """What the files of a stream are like.

    Attributes:
        columns: of the last one, in order; none if there was none.
        filled: those that held any value in it.
        row_counts: of the latest files.
    """

    columns: Sequence[str] = ()
    filled: Sequence[str] = ()
    row_counts: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What is different.

    Attributes:
        rule: its name.
        detail: the fact, without data of rows.
    """

    rule: str
    detail: str


def missing(columns: Sequence[str], profile: Profile, lost: Sequence[str]) -> Drift:
    """Columns that the layout reads are not there: renamed, if others came in their stead."""
    came = [name for name in columns if name not in profile.columns] if profile.columns else []
    detail = f"missing: {_list(lost)}"
    if came and len(came) == len(lost):
        detail += f"; perhaps they are now called {_list(came)}"
    elif came:
        detail += f"; new: {_list(came)}"
    return Drift(MISSING, detail)


def new(columns: Sequence[str], profile: Profile) -> list[Drift]:
    """Columns that the file before did not have; nothing is read from them."""
    came = [name for name in columns if name not in profile.columns]
    return [Drift(NEW, f"new: {_list(came)}")] if came and profile.columns else []


def emptied(filled: Collection[str], watched: Collection[str], profile: Profile) -> list[str]:
    """Columns to watch that held values in the file before and hold none in this one."""
    return [name for name in profile.filled if name in watched and name not in filled]


def empty(names: Sequence[str]) -> Drift:
    """Such columns, as a finding."""
    return Drift(EMPTY, f"no value any more in: {_list(names)}")


def unusual(row_count: int, profile: Profile) -> list[Drift]:
    """A count that is far from that of the files before."""
    if len(profile.row_counts) < ENOUGH:
        return []
    usual = median(profile.row_counts)
    if usual / FAR <= row_count <= usual * FAR:
        return []
    return [Drift(COUNT, f"{row_count} rows, where {usual:.0f} are usual")]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
