"""What a test asks of a transport: its offers, and what one of them comes to."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from loanbook.settings.sources import Where

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loanbook.sources.contract import Maker, Offer


def where(kind: str, home: Path, options: Mapping[str, object], files: str = "*") -> Where:
    """What loanbook.toml says of the source partner; options that are None are not there."""
    return Where(
        source="partner",
        kind=kind,
        options={key: value for key, value in options.items() if value is not None},
        key=f"sources.partner.{kind}",
        file=home / "loanbook.toml",
        home=home,
        files=files,
    )


def offered(make: Maker, place: Where) -> list[Offer]:
    """All that a source offers now."""
    with closing(make(place)) as transport:
        return list(transport.offers())


def fetched(make: Maker, place: Where, offer: Offer) -> bytes:
    """The content of an offer, fetched into the file `part` of the workspace, as it lies there."""
    with closing(make(place)) as transport:
        transport.fetch(offer, place.home / "part")
    return (place.home / "part").read_bytes()
