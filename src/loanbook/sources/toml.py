"""A proposal as a person edits it: tables of loanbook.toml, with what is unsure beside its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import tomlkit

from loanbook.inert import on_screen
from loanbook.sources.sniff import Proposal


def written(proposals: Sequence[Proposal], source: str, place: str, pattern: str) -> str:
    """The tables of a source.

    Args:
        proposals: how its files are read.
        source: its name.
        place: the folder in which they lie.
        pattern: of their names.
    """
    lines = [f"[sources.{source}]", f"folder = {_text(place)}", f"files = {_text(pattern)}"]
    if any(one.ids == "mapped" for one in proposals):
        lines += [
            'ids = "mapped"  # their keys are no numbers',
            "range = [500_000_001, 600_000_000]  # ids that may be given to them",
        ]
    kinds = sorted({one.kind for one in proposals})
    shown = ", ".join(_text(kind) for kind in kinds)
    lines.append(f"# full = [{shown}]  # if each file holds all there is, not only what changed")
    taken: set[str] = set()
    for one in proposals:
        if not one.is_ours or len(proposals) > 1:
            name = one.kind if one.kind not in taken else f"{one.kind}-{len(taken) + 1}"
            taken.add(name)
            lines += ["", *_layout(one, f"sources.{source}.layouts.{name}")]
    return "\n".join(lines) + "\n"


def _layout(one: Proposal, key: str) -> Iterator[str]:
    unsure: dict[str, list[str]] = {}
    for ours, why in one.unsure:
        unsure.setdefault(ours, []).append(why)
    yield f"[{key}]"
    yield f"kind = {_text(one.kind)}"
    yield f"format = {_text(one.format)}"
    yield from (f"# note: {on_screen(note)}" for note in one.notes)
    yield from (f"# unsure: {on_screen(why)}" for why in unsure.get("", []))
    if one.decimal != ".":
        yield f"decimal = {_text(one.decimal)}"
    if one.dates:
        yield f"dates = [{', '.join(map(_text, one.dates))}]"
    if one.reading:
        yield from _table(f"{key}.reading", one.reading, {})
    yield from _table(f"{key}.columns", one.columns, unsure)
    if one.left:
        yield f"# not read: {on_screen(', '.join(one.left))}"
    yield from _table(f"{key}.constants", one.constants, unsure)
    yield from _table(f"{key}.units", one.units, unsure if not one.columns else {})
    for ours, codes in one.codes.items():
        yield from _table(f"{key}.codes.{ours}", codes, {})


def _table(
    key: str, values: Mapping[str, object], unsure: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    if not values:
        return
    yield ""
    yield f"[{key}]"
    for name, value in values.items():
        yield from (f"# unsure: {on_screen(why)}" for why in unsure.get(name, ()))
        yield f"{_key(name)} = {_text(value) if isinstance(value, str) else value}"


def _text(value: object) -> str:
    """A text of TOML on one line, in which what steers a terminal is an escape of TOML."""
    written = tomlkit.item(str(value)).as_string()
    if written.isprintable():
        return written
    return "".join(char if char.isprintable() else _escaped(char) for char in written)


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"  # noqa: PLR2004


def _key(name: str) -> str:
    plain = name.replace("_", "").replace("-", "")
    return name if plain.isascii() and plain.isalnum() else _text(name)
