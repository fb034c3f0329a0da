"""What all tests share: a real PostgreSQL, books on it, and workspaces.

One embedded server for each test process (or the one that DATABASE_URL names), on it a template
database in which install ran once. `book` is one transaction on a copy, rolled back afterwards;
`desk` is a copy of its own, for whatever commits.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

# Test modules are no package; their helpers are found from the root of the checkout.
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.desk import Desk
from tests.houses import Houses, Rolled

from loanbook.database import server

if TYPE_CHECKING:
    from collections.abc import Iterator

SOAK = os.environ.get("LOANBOOK_SOAK") == "1"
_SLOW = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)

settings.register_profile(
    "test",
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    # A failure is reported at once; the soak takes its time to make it small.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=_SLOW,
)
# Where a property has a full count of its own, its test says so.
settings.register_profile(
    "soak", max_examples=1_000, deadline=None, database=None, suppress_health_check=_SLOW
)
settings.load_profile("soak" if SOAK else "test")


@pytest.fixture(scope="session")
def soak() -> bool:
    """Whether the full counts are asked for."""
    return SOAK


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    """The server on which this test process makes its databases."""
    given = os.environ.get("DATABASE_URL")
    if given:
        with Houses.on(given, None) as houses:
            yield houses
        return
    major = int(os.environ.get("LOANBOOK_POSTGRES") or "18")
    with (
        server.acquire(tmp_path_factory.mktemp("server"), major) as lease,
        Houses.on(lease.owner, lease.app) as houses,
    ):
        houses.hurry()
        yield houses


@pytest.fixture(scope="session")
def shared(houses: Houses) -> Iterator[str]:
    name = houses.copy()
    yield name
    houses.drop(name)


@pytest.fixture
def book(houses: Houses, shared: str) -> Iterator[Rolled]:
    """An empty book in one transaction: as its owner and as the application; then rolled back."""
    with houses.driver(shared) as driven, Rolled.within(driven) as rolled:
        yield rolled


@pytest.fixture
def desk(houses: Houses, tmp_path: Path) -> Iterator[Desk]:
    """An empty book and workspace of its own, with all that takes files in."""
    name = houses.copy()
    with Desk.at(houses, name, tmp_path / "home") as made:
        yield made
    houses.drop(name)


@pytest.fixture
def bare(houses: Houses) -> Iterator[str]:
    """The name of an empty database in which nothing was ever installed."""
    name = houses.make()
    yield name
    houses.drop(name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only full counts are for."""
    if SOAK:
        return
    left_out = [item for item in items if item.get_closest_marker("soak")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
