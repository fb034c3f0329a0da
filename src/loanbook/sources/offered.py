"""Which offers of a source are wanted, whole, and for which day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from loanbook.settings.sources import Taking
from loanbook.sources.contract import Offer, Transport
from loanbook.sources.notation import shape_of

_ISO = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")


def wanted(offers: Iterable[Offer], taking: Taking) -> list[Offer]:
    """The offers that the source's pattern names, and whose marker lies beside them."""
    found = list(offers)
    fitting = [offer for offer in found if _fits(offer.name, taking.files)]
    if not taking.marker:
        return fitting
    names = {offer.name for offer in found}
    return [
        offer
        for offer in fitting
        if _marker(offer.name, taking) in names and not _is_marker(offer.name, taking)
    ]


def settled(
    offers: Sequence[Offer],
    transport: Transport,
    taking: Taking,
    now: datetime,
    sleep: Callable[[float], None],
) -> list[Offer]:
    """The offers that nobody is still writing to: those just changed are looked at twice.

    Args:
        offers: wanted ones.
        transport: their source.
        taking: how they are taken.
        now: the time, to tell what has just changed.
        sleep: waits for seconds.
    """
    if taking.marker or not taking.settle:
        return list(offers)
    while_ago = now - timedelta(seconds=taking.settle)
    fresh = {o.name: o for o in offers if o.changed_at is not None and o.changed_at > while_ago}
    if not fresh:
        return list(offers)
    sleep(taking.settle)
    again = {offer.name: offer for offer in transport.offers() if offer.name in fresh}
    moving = {
        name
        for name, before in fresh.items()
        if name not in again or (again[name].mark, again[name].size) != (before.mark, before.size)
    }
    return [offer for offer in offers if offer.name not in moving]


def business_date(name: str, taking: Taking, undated: date) -> date:
    """The day that a name bears: as its source writes it, or as 2024-01-25; or the given one."""
    if taking.dated:
        for found in shape_of(taking.dated).finditer(name):
            parts = {part: int(text) for part, text in found.groupdict().items() if text}
            day = _date(parts.get("Y") or 2000 + parts.get("y", 0), parts["m"], parts["d"])
            if day is not None:
                return day
        return undated
    inner = PurePosixPath(name)
    for part in (inner.name, *reversed(inner.parent.parts)):
        for text in _ISO.findall(part):
            day = _date(*(int(number) for number in text.split("-")))
            if day is not None:
                return day
    return undated


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(PurePosixPath(name).name, pattern)


def _marker(name: str, taking: Taking) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(taking.marker.replace("{name}", path.name)))


def _is_marker(name: str, taking: Taking) -> bool:
    pattern = taking.marker.replace("{name}", "*")
    return fnmatchcase(PurePosixPath(name).name, pattern)
