"""Which carriers there are: files, SMTP, and those that other packages bring.

A package brings one by an entry point of the group `loanbook.carriers`: its name is what
`mail.carrier` in loanbook.toml says, and it leads to a function that makes the carrier of settings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import cast

from loanbook.errors import BadSetting
from loanbook.outbox.files import Files
from loanbook.outbox.letter import Carrier
from loanbook.outbox.smtp import Smtp
from loanbook.settings import Settings

GROUP = "loanbook.carriers"

Maker = Callable[[Settings], Carrier]


def carrier(settings: Settings, environ: Mapping[str, str] = os.environ) -> Carrier:
    """The carrier that loanbook.toml names.

    Args:
        settings: of the workspace.
        environ: where the password of SMTP may stand.

    Raises:
        BadSetting: there is none of that name, or a setting of it cannot be used.
    """
    name = settings.letters.mail.carrier
    if name == Files.name:
        return Files(settings.outbox)
    if name == Smtp.name:
        return Smtp.of(settings, environ)
    return _plugged_in(name, settings)


def names() -> tuple[str, ...]:
    """The carriers that can be named here."""
    return (Files.name, Smtp.name, *sorted(entry_points(group=GROUP).names))


def _plugged_in(name: str, settings: Settings) -> Carrier:
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        problem = f"there is no carrier {name} here, only {', '.join(names())}"
        raise BadSetting(key="mail.carrier", file=settings.toml, problem=problem)
    try:
        make = cast("Maker", found[0].load())
    except (ImportError, AttributeError) as error:
        problem = f"the carrier {name} cannot be loaded: {error}"
        raise BadSetting(key="mail.carrier", file=settings.toml, problem=problem) from error
    return make(settings)
