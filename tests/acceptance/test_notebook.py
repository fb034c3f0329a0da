"""The notebook: it runs from a small snapshot without a database, and is what its text says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupytext
import pytest
from tests.program import Program

from loanbook.portfolio import catalogue

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
TEXT = ROOT / "notebooks" / "portfolio_review.py"
KEPT = ROOT / "notebooks" / "portfolio_review.ipynb"
LARGEST = 1_500_000  # bytes that a repository page still shows


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute", ROOT / "notebooks" / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(cells: list[dict[str, Any]], kind: str) -> list[str]:
    """All that cells display of one kind."""
    return [
        "".join(output["data"][kind])
        for cell in cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


@pytest.fixture(scope="module")
def kept() -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(KEPT.read_text("utf-8"))["cells"]
    return cells


def test_the_notebook_runs_from_a_small_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Program.at(tmp_path / "home") as loanbook:
        loanbook("demo", "--scale", "0.01")
        loanbook("run")
        loanbook("snapshot")
    # The server has stopped; whoever still asked it would be refused.
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/none")
    monkeypatch.setenv("LOANBOOK_LAKE", "set by the notebook's runner")
    cells = loaded().executed(tmp_path / "home" / "lake").cells
    assert len(shown(cells, "image/png")) == len(catalogue.catalogue())
    kinds = {output["output_type"] for cell in cells for output in cell.get("outputs", [])}
    assert kinds == {"display_data"}


def test_the_notebook_is_its_text_with_outputs(kept: list[dict[str, Any]]) -> None:
    text = jupytext.read(TEXT).cells
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in kept] == [
        (cell.cell_type, cell.source) for cell in text
    ], "run `make notebook`"


def test_the_notebook_reads_well_on_a_repository_page(kept: list[dict[str, Any]]) -> None:
    assert KEPT.stat().st_size < LARGEST
    assert len(shown(kept, "image/png")) == len(catalogue.catalogue())
    said = "\n".join(shown(kept, "text/markdown"))
    # Two bare currency signs would make a formula of what stands between them.
    assert said.count("$") == said.count("\\$") > 0
    # The demo at scale 1 has the published figures.
    assert "12.1 % of the loans of closed seasons defaulted" in said
    assert "150,708 loans" in said
