"""Passwords and keys: read from the environment or a file, never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from loanbook.errors import BadSetting
from loanbook.settings.sources import Where

LONGEST_TOLD = 200  # characters of a stranger's sentence
VEIL = "***"


class Secret:
    """A text that is not shown: neither by str, nor by repr, nor within a dataclass."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def __repr__(self) -> str:
        return f"Secret({VEIL})"

    def __bool__(self) -> bool:
        return bool(self._text)

    def reveal(self) -> str:
        """The text, for whoever has to send it."""
        return self._text


def secret(
    where: Where, name: str, env: str, file: str, environ: Mapping[str, str] = os.environ
) -> Secret:
    """A secret from where the settings say; blank if they say nothing.

    Args:
        where: of the source.
        name: what the secret is; the keys are NAME_env and NAME_file.
        env: the variable that holds it, or blank.
        file: the file that holds it alone, within the workspace or absolute, or blank.
        environ: the environment.

    Raises:
        BadSetting: both are named, or what is named is not there.
    """
    if env and file:
        problem = f"it is read from {name}_file already; name one of the two"
        raise BadSetting(key=f"{where.key}.{name}_env", file=where.file, problem=problem)
    if env:
        if not environ.get(env):
            problem = f"the environment has no variable {env}, or it is blank"
            raise BadSetting(key=f"{where.key}.{name}_env", file=where.file, problem=problem)
        return Secret(environ[env])
    if file:
        return Secret(_content(where, f"{name}_file", file))
    return Secret()


def readable(where: Where, key: str, file: str) -> Path | None:
    """A file that a setting names, within the workspace or absolute; None for a blank one.

    Raises:
        BadSetting: it cannot be read.
    """
    if not file:
        return None
    path = where.home / file
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        problem = f"{file} cannot be read ({error.strerror})"
        raise BadSetting(key=f"{where.key}.{key}", file=where.file, problem=problem) from error


def told(error: object, *hidden: Secret) -> str:
    """What a stranger's error says: one short line, without secrets and control characters."""
    text = str(error)
    for one in hidden:
        if one:
            for form in {one.reveal(), quote(one.reveal()), quote(one.reveal(), safe="")}:
                text = text.replace(form, VEIL)
    shown = "".join(c if c.isprintable() else " " for c in text.strip().split("\n")[0])
    shown = " ".join(shown.split()).rstrip(" .")
    if len(shown) > LONGEST_TOLD:
        shown = shown[:LONGEST_TOLD] + "…"
    return shown or type(error).__name__


def _content(where: Where, key: str, file: str) -> str:
    path = readable(where, key, file)
    text = path.read_text("utf-8").strip("\r\n") if path else ""
    if not text:
        problem = f"{file} is empty"
        raise BadSetting(key=f"{where.key}.{key}", file=where.file, problem=problem)
    return text
