"""Runs the notebook from its text and keeps its outputs: `make notebook`.

The text portfolio_review.py is what is edited; portfolio_review.ipynb is it with outputs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import jupytext
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

HERE = Path(__file__).parent
TEXT = HERE / "portfolio_review.py"
NOTEBOOK = TEXT.with_suffix(".ipynb")
_PATIENCE = 600  # seconds for one cell


def executed(lake: Path) -> Any:  # noqa: ANN401 -- a notebook of nbformat, which has no types
    """The notebook, run on a snapshot; a cell that fails stops it."""
    notebook = jupytext.read(TEXT)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    os.environ["LOANBOOK_LAKE"] = str(lake.absolute())
    with tempfile.TemporaryDirectory() as folder:
        # By a socket in a folder of ours: nobody else on this machine talks to the kernel.
        kernel = KernelManager(
            kernel_name="python3", transport="ipc", ip=str(Path(folder) / "kernel")
        )
        try:
            NotebookClient(
                notebook,
                km=kernel,
                timeout=_PATIENCE,
                resources={"metadata": {"path": str(HERE)}},
                record_timing=False,
            ).execute(cleanup_kc=True)
        finally:
            if kernel.has_kernel:
                kernel.shutdown_kernel(now=True)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def main(lake: Path) -> None:
    """Write the notebook."""
    jupytext.write(executed(lake), NOTEBOOK, fmt="ipynb")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
