"""A layout is proposed for a foreign file, with all that the proposal is unsure of."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.columns import COLUMNS, MAY_BE_BLANK, REQUIRED, Shape
from loanbook.settings.files import Files
from loanbook.sources import registry, words
from loanbook.sources.guesses import Guess, guess
from loanbook.sources.layouts import own
from loanbook.sources.packing import Unpacked, unpacked
from loanbook.sources.ready import named
from loanbook.sources.shapes import format_by

if TYPE_CHECKING:
    from loanbook.sources.contract import Batch

LEAST_LIKE = 0.62  # likeness of names from which on a column is proposed
SURE = 0.95
MOST_HEADERS = 10  # rows that are tried as the one with the names


@dataclass(slots=True)
class Proposal:
    """A layout that may be right.

    Attributes:
        kind: clients, contacts or loans.
        format: of the file.
        reading: options of the format.
        decimal: what stands before decimals.
        dates: how dates look.
        columns: ours → theirs.
        constants: ours → what is to stand there.
        codes: ours → theirs → our words; blank where nobody knows.
        units: ours → unit.
        ids: "same" or "mapped".
        unsure: ours, or blank for the file: what a person should look at.
        left: columns of theirs that are not read.
        notes: what the format says of the file.
        is_ours: the file is written as ours are and needs no layout.
    """

    kind: str
    format: str
    reading: dict[str, object] = field(default_factory=dict)
    decimal: str = "."
    dates: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    ids: str = "same"
    unsure: list[tuple[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_ours: bool = False


def sniff(path: Path, kind: str | None = None) -> list[Proposal]:
    """Propose how a file is to be read: one proposal for each sheet or file in it.

    Args:
        path: the file.
        kind: what it holds; by default what its columns look most like.

    Raises:
        FormatRefused: it cannot be read.
        MissingExtra: a library is not installed.
    """
    found = []
    with (
        tempfile.TemporaryDirectory(prefix="loanbook-sniff-") as folder,
        unpacked(path, path.name, Path(folder), Files()) as files,
    ):
        for file in files:
            with named(file.name):
                found += _of_file(file, kind)
    return found


def _of_file(file: Unpacked, kind: str | None) -> list[Proposal]:
    form = format_by(file.path, file.name)
    sheets = _sheets(file.path) if form == "xlsx" else [""]
    found = []
    for sheet in sheets:
        reading: dict[str, object] = {"sheet": sheet} if len(sheets) > 1 else {}
        batch = _best(file, form, reading)
        if batch is None:
            continue
        proposal = _propose(batch, form, kind)
        proposal.reading = reading
        found.append(proposal)
    return found


def _sheets(path: Path) -> list[str]:
    calamine = importlib.import_module("python_calamine")
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            return list(book.sheet_names)
    except calamine.CalamineError:
        return [""]  # the format says what is wrong with it


def _best(file: Unpacked, form: str, reading: dict[str, object]) -> Batch | None:
    """The first rows under the line of names that looks most like one; sets where that stands."""
    best: tuple[float, int, Batch] | None = None
    tried = range(1, MOST_HEADERS + 1) if form in {"csv", "xlsx"} else (0,)
    for header in tried:
        options = {**reading, "header": header} if header else dict(reading)
        try:
            batch = next(registry.format_of(form, options, "sniff").rows(file.path))
        except Exception:
            if header <= 1:
                raise
            break
        score = max(sum(one[0] for one in _pairs(_guesses(batch), kind)) for kind in COLUMNS)
        if best is None or score > best[0]:
            best = (score, header, batch)
    if best is None or not best[2].columns:
        return None
    if best[1] > 1:
        reading["header"] = best[1]
    return best[2]


def _guesses(batch: Batch) -> list[Guess]:
    width = len(batch.columns)
    rows = [row for row in batch.rows if len(row) == width]
    values = list(zip(*rows, strict=True)) or [()] * width
    return [guess(name, column) for name, column in zip(batch.columns, values, strict=True) if name]


def _pairs(guesses: Sequence[Guess], kind: str) -> list[tuple[float, str, Guess]]:
    """Which of theirs is which of ours: the likest first, each used once."""
    scored = [
        (_likeness(ours, kind, one), ours, place)
        for place, one in enumerate(guesses)
        for ours in COLUMNS[kind]
    ]
    scored.sort(key=lambda found: (-found[0], found[2]))
    pairs: dict[str, tuple[float, str, Guess]] = {}
    used: set[int] = set()
    for score, ours, place in scored:
        if score >= LEAST_LIKE and ours not in pairs and place not in used:
            pairs[ours] = (score, ours, guesses[place])
            used.add(place)
    return list(pairs.values())


def _likeness(ours: str, kind: str, one: Guess) -> float:
    """How much a column looks like one of ours, from 0 to 1."""
    shape = COLUMNS[kind][ours]
    key = ours in {"user_id", "loan_id"}
    if shape not in one.shapes and not (key and Shape.TEXT in one.shapes):
        return 0.0
    name = words.told(one.name)
    if name == words.told(ours):
        return 1.0
    best = 0.0
    for place, known in enumerate(words.COLUMNS[kind][ours]):
        sure = 0.99 - 0.01 * place
        if name == known:
            return sure
        if set(known.split()) <= set(name.split()):
            best = max(best, (sure - 0.1) * (0.8 + 0.2 * len(known) / len(name)))
        best = max(best, 0.9 * SequenceMatcher(None, name, known).ratio() ** 2)
    return best


def _propose(batch: Batch, form: str, kind: str | None) -> Proposal:
    guesses = _guesses(batch)
    ours = own(batch.columns)
    found = kind or max(COLUMNS, key=lambda one: _fit(_pairs(guesses, one), one))
    proposal = Proposal(found, form, notes=list(batch.notes))
    proposal.is_ours = ours is not None and ours.name == found
    pairs = _pairs(guesses, found)
    for score, name, one in sorted(pairs, key=lambda pair: list(COLUMNS[found]).index(pair[1])):
        _take(proposal, score, name, one)
    used = {one.name for _, _, one in pairs}
    proposal.left = [one.name for one in guesses if one.name not in used]
    _complete(proposal)
    if proposal.dates and not all(one.is_day_sure for _, _, one in pairs):
        proposal.unsure.append(("", "no date tells whether the day or the month comes first"))
    return proposal


def _fit(pairs: Sequence[tuple[float, str, Guess]], kind: str) -> float:
    """How well a kind fits: what was found of what it needs."""
    found = {ours for _, ours, _ in pairs}
    return sum(score for score, _, _ in pairs) - len(REQUIRED[kind] - found - MAY_BE_BLANK)


def _take(proposal: Proposal, score: float, ours: str, one: Guess) -> None:
    proposal.columns[ours] = one.name
    if score < SURE and words.told(one.name) != words.told(ours):
        proposal.unsure.append((ours, f"{one.name} is only a guess"))
    shape = COLUMNS[proposal.kind][ours]
    if shape is Shape.AMOUNT:
        _take_amount(proposal, ours, one)
    elif shape is Shape.INSTANT and one.form and one.form not in proposal.dates:
        proposal.dates.append(one.form)
    elif shape is Shape.WHOLE and Shape.WHOLE not in one.shapes and ours != "batch":
        proposal.ids = "mapped"
    known = words.CODES.get((proposal.kind, ours))
    if known is not None and one.codes:
        _take_codes(proposal, ours, one, known)


def _take_amount(proposal: Proposal, ours: str, one: Guess) -> None:
    if one.decimal == ",":
        proposal.decimal = ","
    is_rate = ours == "interest_rate"
    if set(words.told(one.name).split()) & set(words.CENTS):
        proposal.units[ours] = "cents"
    elif is_rate and one.median is not None and 0 < one.median < 1:
        proposal.units[ours] = "fraction"
        proposal.unsure.append((ours, f"about {one.median}: a part of 1, or percent already?"))
    elif is_rate:
        proposal.unsure.append((ours, "is it percent per year?"))
    elif one.is_whole and one.median is not None and one.median >= 100_000:  # noqa: PLR2004
        proposal.unsure.append((ours, f'about {one.median}: cents? then units = "cents"'))


def _take_codes(
    proposal: Proposal, ours: str, one: Guess, known: dict[str, tuple[str, ...]]
) -> None:
    if set(one.codes) <= set(known):
        return
    table = {}
    for code in one.codes:
        told = words.told(code)
        word = next((w for w, others in known.items() if told == w or told in others), "")
        table[code] = word or (code if ours == "denied_reason" else "")
        if not word:
            proposal.unsure.append((ours, f"what does {code} mean: {', '.join(known)}?"))
        elif len(told) == 1:
            proposal.unsure.append((ours, f"{code} is taken for {word}"))
    proposal.codes[ours] = table


def _complete(proposal: Proposal) -> None:
    """Columns that nobody delivers get a constant."""
    for ours in COLUMNS[proposal.kind]:
        if ours in proposal.columns or ours not in REQUIRED[proposal.kind]:
            continue
        proposal.constants[ours] = "1" if ours == "batch" else ""
        why = "no column looks like it" + (
            "" if ours in MAY_BE_BLANK else "; name it under columns"
        )
        proposal.unsure.append((ours, why))
