"""The documents: commands are run, reference pages regenerated, links followed."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A script as a reader types it, with the program on the path."""
    wrapper = folder / "bin" / "loanbook"
    if not wrapper.exists():
        wrapper.parent.mkdir(parents=True)
        wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m loanbook "$@"\n')
        wrapper.chmod(0o755)
    left_out = {"LOANBOOK_HOME", "DATABASE_URL"}
    environ = {key: value for key, value in os.environ.items() if key not in left_out}
    environ["PATH"] = f"{wrapper.parent}:{environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 -- the reader's shell
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def commands(page: str) -> str:
    """The shell commands of a page; `make` is the test run itself."""
    lines = "".join(BLOCK.findall((ROOT / page).read_text("utf-8"))).splitlines()
    kept = [line.replace(".venv/bin/", "") for line in lines if not line.startswith("make ")]
    return "\n".join(kept)


STORIES = {
    "README.md": "loanbook demo --if-missing; loanbook run",
    "docs/tutorial.md": "",
    "docs/howto/bring-in-files.md": (
        "loanbook demo --scale 0.001; echo 'user_id,name,email' > workspace/input_data/x.csv; "
        "echo '999999,Nobody,n@example.com' >> workspace/input_data/x.csv"
    ),
}


@pytest.mark.parametrize("page", STORIES)
def test_the_commands_of_a_page_work(page: str, tmp_path: Path) -> None:
    done = run(f"{STORIES[page]}\n{commands(page)}\nloanbook check", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout


def test_every_page_with_commands_is_run() -> None:
    with_commands = {
        str(page.relative_to(ROOT)) for page in PAGES if BLOCK.search(page.read_text("utf-8"))
    }
    assert with_commands == set(STORIES)


def test_links_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_reference_pages_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, text in generate.pages().items():
        kept = (ROOT / "docs" / "reference" / name).read_text("utf-8")
        assert text == kept, f"run `make docs`: {name} is out of date"
