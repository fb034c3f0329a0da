"""Names that outlive a power cut: a folder is flushed where it can be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loanbook.durable import flush_names


def test_a_folder_is_flushed_and_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[Path] = []
    held = len(list(Path("/proc/self/fd").iterdir()))
    flush = os.fsync

    def noted(handle: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{handle}").readlink())
        flush(handle)

    monkeypatch.setattr(os, "fsync", noted)
    flush_names(tmp_path)
    assert flushed == [tmp_path]
    assert len(list(Path("/proc/self/fd").iterdir())) == held


def test_a_file_system_that_knows_no_such_thing_is_left_alone() -> None:
    handle = os.open("/proc", os.O_RDONLY)
    with pytest.raises(OSError, match="Invalid argument"):
        os.fsync(handle)
    os.close(handle)
    flush_names(Path("/proc"))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        flush_names(tmp_path / "nowhere")
