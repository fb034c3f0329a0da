"""Passwords and keys: out of the environment or a file, never out of loanbook.toml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from loanbook.errors import BadSetting

if TYPE_CHECKING:
    from loanbook.settings.sources import Where


def secret(
    where: Where, name: str, env: str, file: str, environ: Mapping[str, str] = os.environ
) -> str | None:
    """A secret of a source, from where its settings say that it is; None if they say nothing.

    Args:
        where: the place of the source, for messages and relative paths.
        name: of the secret, such as "password": messages name its keys password_env, password_file.
        env: name of a variable of the environment, or blank.
        file: a file, from the workspace on, or blank; blanks around what it holds do not count.
        environ: the environment.

    Raises:
        BadSetting: the variable is not set, or the file cannot be read; never shows a secret.
    """
    if env:
        found = environ.get(env)
        if found is None:
            problem = f"the environment has no variable {env}"
            raise BadSetting(key=f"{where.key}.{name}_env", file=where.file, problem=problem)
        return found
    if not file:
        return None
    path = Path(file) if Path(file).is_absolute() else where.home / file
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        problem = f"{file} cannot be read: {reason}"
        raise BadSetting(
            key=f"{where.key}.{name}_file", file=where.file, problem=problem
        ) from error
