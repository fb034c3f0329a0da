"""Which transports and formats there are: those built in, and plug-ins by entry point."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

from loanbook.errors import BadSetting, MissingExtra, SourceError
from loanbook.sources.contract import FORMATS, TRANSPORTS

if TYPE_CHECKING:
    from loanbook.settings.sources import Where
    from loanbook.sources.contract import Format, FormatMaker, Maker, Transport

# Loaded when used: help and commands about other things must not wait for them.
_TRANSPORTS = {
    "bucket": "loanbook.sources.transports.bucket:make",
    "database": "loanbook.sources.transports.database:make",
    "folder": "loanbook.sources.folder:folder",
    "sftp": "loanbook.sources.transports.sftp:make",
    "url": "loanbook.sources.transports.url:make",
}
_FORMATS = {
    "csv": "loanbook.sources.delimited:Delimited",
    "ndjson": "loanbook.sources.ndjson:NDJSON",
    "parquet": "loanbook.sources.parquet:Parquet",
    "xlsx": "loanbook.sources.workbook:Workbook",
}


def transport(where: Where) -> Transport:
    """The transport that a source's settings name.

    Raises:
        BadSetting: there is none of that name, or it cannot use its settings.
        MissingExtra: a library is not installed.
    """
    made = _found(where.kind, _TRANSPORTS, TRANSPORTS)
    if made is None:
        problem = (
            f"there is no such key and no such place; places are {_names(_TRANSPORTS, TRANSPORTS)}"
        )
        raise BadSetting(key=where.key, file=where.file, problem=problem)
    return cast("Maker", made)(where)


def format_of(name: str, options: Mapping[str, object], source: str) -> Format:
    """The format of a name.

    Raises:
        SourceError: there is none, or it does not know an option.
        MissingExtra: a library is not installed.
    """
    made = _found(name, _FORMATS, FORMATS)
    if made is None:
        problem = f"there is no format {name}, but {_names(_FORMATS, FORMATS)}"
        raise SourceError(source=source, problem=problem)
    try:
        return cast("FormatMaker", made)(options)
    except ValueError as error:
        raise SourceError(source=source, problem=f"format {name}: {error}") from error


def _found(name: str, own: Mapping[str, str], group: str) -> Any:  # noqa: ANN401 -- a maker of either
    if name in own:
        module, _, attribute = own[name].partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("loanbook"):
                raise
            raise MissingExtra(package=error.name, extra="sources") from error
    found = {point.name: point for point in entry_points(group=group)}
    return found[name].load() if name in found else None


def _names(own: Mapping[str, str], group: str) -> str:
    return ", ".join(sorted({*own, *(point.name for point in entry_points(group=group))}))
