"""Which format a file has, by its first bytes."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from loanbook.sources.packing import ZIP

PARQUET = b"PAR1"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xlsx",
    ".parquet": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson",
}  # fmt: skip


def format_by(path: Path, name: str) -> str:
    """The name of a format: by the content, else by the name's suffix; CSV if nothing tells.

    Args:
        path: the file, unpacked.
        name: what it is called.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(PARQUET):
        return "parquet"
    if head.startswith((ZIP, OLD_EXCEL)):
        return "xlsx"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return "ndjson"
    return _SUFFIXES.get(PurePosixPath(name).suffix.lower(), "csv")
