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
    "docs/howto/back-up-and-restore.md": "loanbook demo --scale 0.001; loanbook run",
    "docs/howto/upgrade.md": "loanbook demo --scale 0.001; loanbook run",
    "docs/howto/deploy.md": "loanbook demo --scale 0.001; loanbook run",
    "README.md": "loanbook demo --if-missing; loanbook run",
    "docs/tutorial.md": "",
    "docs/tutorial-lending.md": "",
    "docs/howto/clients-and-contacts.md": "loanbook demo --scale 0.01; loanbook run",
    "docs/howto/personal-data.md": "loanbook demo --scale 0.01; loanbook run",
    "docs/howto/make-the-report.md": "loanbook demo --scale 0.01; loanbook run",
    "docs/howto/ask-questions.md": "loanbook demo --scale 0.01; loanbook run",
    "docs/howto/letters.md": "loanbook demo --scale 0.001; loanbook run",
    "docs/howto/connect-bi.md": "loanbook demo --scale 0.01; loanbook run",
    "docs/howto/recover.md": "loanbook demo --scale 0.001",
    "docs/howto/run-daily.md": "loanbook demo --scale 0.001",
    "docs/howto/send-letters.md": "loanbook demo --scale 0.001; loanbook run",
    "docs/howto/weekly-summary.md": "loanbook demo --scale 0.001; loanbook run",
    "docs/howto/connect-a-source.md": (
        f"mkdir -p docs workspace; cp -r {ROOT}/docs/examples docs/examples"
    ),
    "docs/howto/bring-in-files.md": (
        "loanbook demo --scale 0.001; echo 'user_id,name,email' > workspace/input_data/x.csv; "
        "echo '999999,Nobody,n@example.com' >> workspace/input_data/x.csv; "
        "echo '999998,No One,o@example.com' >> workspace/input_data/x.csv"
    ),
}


# On the other pages a day does without its pictures, which take longer than all else.
WITH_REPORT = ("docs/howto/run-daily.md",)
HOMES = ("workspace", "tutorial", "counter")


@pytest.mark.parametrize("page", STORIES)
def test_the_commands_of_a_page_work(page: str, tmp_path: Path) -> None:
    for home in HOMES if page not in WITH_REPORT else ():
        (tmp_path / home).mkdir()
        (tmp_path / home / "loanbook.toml").write_text("[runs]\nreport = false\n", "utf-8")
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


MART = """
copy (select to_jsonb(c) - 'owner' from api.clients as c order by user_id) to stdout;
copy (select to_jsonb(k) - 'owner' from api.contacts as k order by user_id) to stdout;
copy (select to_jsonb(l) - 'owner' from api.loans as l order by loan_id) to stdout;
copy (select loan_id, kind, amount, effective_on from api.payments order by 1, 2, 3, 4) to stdout;
"""


def test_the_foreign_book_of_the_page_gives_the_mart_of_the_plain_one(tmp_path: Path) -> None:
    page = "docs/howto/connect-a-source.md"
    script = f"""
    mkdir plain workspace
    printf '[runs]\\nreport = false\\n' | tee plain/loanbook.toml > workspace/loanbook.toml
    loanbook demo --home plain --scale 0.001
    loanbook run --home plain
    {STORIES[page]}
    """
    dumps = f"""
    cat > mart.sql <<'END'
    {MART}
END
    loanbook psql --home plain -- -f "$PWD/mart.sql" > plain.txt
    loanbook psql --home workspace -- -f "$PWD/mart.sql" > foreign.txt
    """
    done = run(f"{script}\n{commands(page)}\n{dumps}", tmp_path)
    assert done.returncode == 0, done.stderr
    plain, foreign = ((tmp_path / name).read_bytes() for name in ("plain.txt", "foreign.txt"))
    assert plain.count(b"\n") > 300
    assert foreign == plain
